import MillArchive
import MillBase
import MillLog

/// Appends events to topics (Flume's Kafka sink), each once: see ``AppendLedger``.
final class KafkaSink: EventSink, @unchecked Sendable {
  // @unchecked: everything that changes is touched by the sink's own thread only.

  /// How long the number of a topic's partitions is believed.
  static let topicAgeMax: UInt64 = 30_000_000_000

  private let feed: SinkFeed
  private let settings: KafkaSinkSettings
  private let openLog: () throws -> any RecordLog
  private let statePath: String
  private var ledger: AppendLedger
  private var partitioner = Partitioner()
  private var topics: [String: (partitions: Int, asked: UInt64)] = [:]
  private var connected: (any RecordLog)?
  private var graveyard: Graveyard

  /// - Parameters:
  ///   - stateDirectory: where the ledger is kept.
  ///   - openLog: gives the log that `kafka.bootstrap.servers` names; called until it does.
  init(
    feed: SinkFeed, settings: KafkaSinkSettings, stateDirectory: String, openLog: @escaping () throws -> any RecordLog
  ) throws {
    self.feed = feed
    self.settings = settings
    self.openLog = openLog
    statePath = "\(stateDirectory)/\(feed.agent)-\(feed.name).ledger.json"
    ledger = try AppendLedger(path: statePath)
    graveyard = Graveyard(feed: feed, directory: "\(stateDirectory)/dead-letters")
  }

  func start(abandon: Signal) throws {
    let retry = retry(abandon)
    let isFinal: (MillError) -> Bool = { $0.code == .configuration || $0.code == .corrupt }
    _ = try retry("connecting to \(settings.bootstrapServers)", isFinal: isFinal) {
      let log = try connected ?? openLog()
      connected = log
      try ledger.look(into: log)
      feed.counters["ConnectionCreatedCount"].add()
    }
  }

  func run(stop: Signal, abandon: Signal) throws {
    guard let log = connected else { return }
    while let events = feed.take(
      max: settings.batchSize, linger: settings.linger, stop: stop, abandon: abandon)
    {
      if !events.isEmpty {
        guard try append(events, to: log, abandon: abandon) else { return }
        feed.channel.commit(events)
        feed.counters["EventDrainSuccessCount"].add(events.count)
        Delivery.acknowledge(events)
        partitioner.nextBatch()
      }
      advance()
    }
    advance(force: true)
  }

  /// An old ledger does no harm, so a full disk does not stop the sink here.
  private func advance(force: Bool = false) {
    do { try ledger.advance(force: force) } catch {
      Log.warning("agent", "\(feed.agent): sink \(feed.name): \(error)")
    }
  }

  private func retry(_ abandon: Signal) -> Retry {
    Retry(who: "\(feed.agent): sink \(feed.name)", abandon: abandon, counters: feed.counters)
  }

  // MARK: Appending

  private typealias Item = (record: Record, event: Event)

  /// False when `abandon` was set first.
  private func append(_ events: [Event], to log: any RecordLog, abandon: Signal) throws -> Bool {
    var order: [TopicPartition] = []
    var groups: [TopicPartition: [Item]] = [:]
    for event in events {
      let origin = event.origin.map { "\(feed.agent)/\(feed.channel.name)/\($0.text)" }
      if let origin, ledger.isPresent(origin) {
        feed.counters["EventsSkippedCount"].add()
        continue
      }
      let record = makeRecord(of: event, origin: origin)
      // The inner nil: the event is a dead letter and goes nowhere.
      let chosen: TopicPartition?? = try retry(abandon)("asking for the topic") {
        do { return try choosePartition(for: event, key: record.key, log) } catch let error as MillError
          where Self.isFinal(error)
        {
          try graveyard.put(record, error, log: log)
          return nil
        }
      }
      guard let chosen else { return false }
      guard let target = chosen else { continue }
      if groups[target] == nil { order.append(target) }
      groups[target, default: []].append((record, event))
    }
    for target in order {
      guard try append(groups[target]!, to: target, log, abandon: abandon) else { return false }
    }
    return true
  }

  /// Trying again gives the same answer: the record is to blame.
  private static func isFinal(_ error: MillError) -> Bool {
    error.code == .badInput || error.code == .configuration || error.code == .limit
  }

  private func append(_ items: [Item], to target: TopicPartition, _ log: any RecordLog, abandon: Signal) throws -> Bool
  {
    var left = items
    var isFirst = true
    do {
      let done: Void? = try retry(abandon)("appending to \(target)", isFinal: Self.isFinal) {
        if !isFirst {
          // The try before may have arrived without its answer.
          let present = try ledger.origins(in: log, target)
          left.removeAll { item in item.record.origin.map(present.contains) ?? false }
        }
        try ledger.begin(target, log: log)
        isFirst = false
        if left.isEmpty { return }
        do {
          let base = try log.append(left.map(\.record), to: target, codec: settings.codec)
          ledger.appended(left.map(\.event), to: target, base: base)
        } catch let error as MillError where error.code == .notFound {
          topics[target.topic] = nil
          _ = try partitions(of: target.topic, log)
          throw error
        }
      }
      return done != nil
    } catch let error as MillError where Self.isFinal(error) {
      if left.count == 1 {
        return try retry(abandon)("keeping a dead letter") {
          try graveyard.put(left[0].record, error, log: log)
        } != nil
      }
      let half = left.count / 2
      return try append(Array(left[..<half]), to: target, log, abandon: abandon)
        && append(Array(left[half...]), to: target, log, abandon: abandon)
    }
  }

  // MARK: Records and their places

  private func makeRecord(of event: Event, origin: String?) -> Record {
    var record = Record(
      key: event.headers["key"].map { Array($0.utf8) },
      value: settings.usesFlumeEventFormat ? AvroEvent.encode(event) : event.body)
    if let origin { record.headers = [.init(AppendLedger.originHeader, origin)] }
    return record
  }

  private func choosePartition(for event: Event, key: [UInt8]?, _ log: any RecordLog) throws -> TopicPartition {
    var topic = settings.allowTopicOverride ? event.headers[settings.topicHeader] : nil
    if topic == nil { topic = try settings.topic.expand(headers: event.headers) }
    let count = try partitions(of: topic!, log)
    if let header = settings.partitionIDHeader, let text = event.headers[header] {
      guard let partition = Int(text), (0..<count).contains(partition) else {
        throw MillError(
          .badInput,
          "the header \(header) holds '\(text)', and the topic \(topic!) has the partitions 0 to \(count - 1)")
      }
      return TopicPartition(topic!, Int32(partition))
    }
    if let partition = settings.defaultPartition {
      guard partition < count else {
        throw MillError(
          .badInput, "defaultPartitionId is \(partition), and the topic \(topic!) has \(count) partitions")
      }
      return TopicPartition(topic!, Int32(partition))
    }
    return TopicPartition(topic!, partitioner.partition(key: key, topic: topic!, of: count))
  }

  /// The number of partitions; a missing topic is made with one, as a broker with its defaults does.
  private func partitions(of topic: String, _ log: any RecordLog) throws -> Int {
    let now = Clock.steadyNanoseconds()
    if let known = topics[topic], now - known.asked < Self.topicAgeMax { return known.partitions }
    var description = try log.topic(topic)
    if description == nil {
      do { try log.createTopic(topic, partitions: 1, configuration: [:]) } catch {
        // Someone else may have made it in between.
        guard try log.topic(topic) != nil else { throw error }
      }
      Log.info("agent", "\(feed.agent): sink \(feed.name) made the topic \(topic) with 1 partition")
      description = try log.topic(topic)
    }
    guard let description else { throw MillError(.notFound, "the topic \(topic) does not appear", isRetriable: true) }
    topics[topic] = (description.partitions, now)
    partitioner.know(topic, partitions: description.partitions)
    return description.partitions
  }
}

extension Record {
  fileprivate var origin: String? {
    headers.first { $0.key == AppendLedger.originHeader }?.value.map { String(decoding: $0, as: UTF8.self) }
  }
}
