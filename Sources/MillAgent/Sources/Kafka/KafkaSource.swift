import MillBase
import MillLog

/// Reads topics for a consumer group (Flume's Kafka source).
///
/// The group's offset is committed when the events have arrived at the end of their way; Flume commits when they are
/// in the channel, and loses what a memory channel holds when it dies. The header `timestamp` is the record's own
/// time, so that a record read twice goes the same way twice (Flume: the time of receipt).
final class KafkaSource: EventSource, @unchecked Sendable {
  // @unchecked: everything that changes is touched by the source's own thread, and by finish() after that has ended.

  /// Bytes of one read.
  static let readBytesMax = 1 << 20
  /// How long a read waits when no partition has anything; also the longest wait for a stop.
  static let readWait = Duration.milliseconds(200)
  /// How often topics are looked up again, for new ones and new partitions (Kafka: metadata.max.age.ms is 5 minutes).
  static let topicsInterval: UInt64 = 5_000_000_000

  private struct Mark: Sendable {
    var topicPartition: TopicPartition
    var next: Int64
  }

  private let agent: String
  private let name: String
  private let settings: KafkaSourceSettings
  private let processor: ChannelProcessor
  private let counters: Counters
  private let openLog: () throws -> any RecordLog
  private let tracker = DeliveryTracker<Mark>()
  private var connected: (any RecordLog)?
  /// The next offset to read, by partition.
  private var positions: [TopicPartition: Int64] = [:]
  private var asked: UInt64 = 0
  private var missing: Set<String> = []
  /// The topics were looked up once: what appears later is new, and read from its beginning.
  private var hasLooked = false
  /// Arrived and not committed yet.
  private var toCommit: [TopicPartition: Int64] = [:]
  private var unsettled: [Delivery] = []

  init(
    agent: String, name: String, settings: KafkaSourceSettings, processor: ChannelProcessor, counters: Counters,
    openLog: @escaping () throws -> any RecordLog
  ) {
    self.agent = agent
    self.name = name
    self.settings = settings
    self.processor = processor
    self.counters = counters
    self.openLog = openLog
  }

  func start() throws {}

  func run(stop: Signal, abandon: Signal) {
    var backoff = Backoff(first: settings.backoffFirst, max: settings.backoffLongest)
    var failures = 0
    while !stop.isSet {
      do {
        let log = try connected ?? openLog()
        connected = log
        try lookUpTopics(log)
        try readRound(log, stop: stop, abandon: abandon)
        try commit(log)
        backoff.succeeded()
        failures = 0
      } catch {
        counters["EventReadFail"].add()
        if failures % Retry.logEvery == 0 { Log.warning("agent", "\(agent): source \(name): \(error); it tries again") }
        failures += 1
        stop.wait(backoff.next())
      }
    }
    readToTheEnd(abandon: abandon)
  }

  /// What the topics held when the stop came still goes on its way, so that an orderly end leaves nothing behind.
  private func readToTheEnd(abandon: Signal) {
    guard let connected else { return }
    do {
      for topicPartition in positions.keys.sorted() {
        let end = try connected.offsets(topicPartition).end
        while let position = positions[topicPartition], position < end, !abandon.isSet {
          _ = try read(topicPartition, connected, wait: .zero, stop: abandon, abandon: abandon)
          if positions[topicPartition] == position { break }
        }
      }
    } catch {
      Log.warning("agent", "\(agent): source \(name): \(error); the rest is read at the next start")
    }
  }

  func finish() {
    guard let connected else { return }
    do { try commit(connected) } catch {
      Log.warning("agent", "\(agent): source \(name): \(error); the records are read again next time")
    }
  }

  // MARK: Topics and offsets

  private func lookUpTopics(_ log: any RecordLog) throws {
    let now = Clock.steadyNanoseconds()
    guard positions.isEmpty || now - asked > Self.topicsInterval else { return }
    var found: [TopicDescription] = []
    if let pattern = settings.topicsPattern {
      found = try log.topics().filter { pattern.matchesWhole($0.name) }
    } else {
      for topic in settings.topics {
        if let description = try log.topic(topic) {
          found.append(description)
          missing.remove(topic)
        } else if missing.insert(topic).inserted {
          Log.info("agent", "\(agent): source \(name) waits for the topic \(topic), which does not exist yet")
        }
      }
    }
    let new = found.flatMap { topic in (0..<Int32(topic.partitions)).map { TopicPartition(topic.name, $0) } }
      .filter { positions[$0] == nil }
    defer {
      hasLooked = true
      asked = now
    }
    guard !new.isEmpty else { return }
    let committed = try log.committed(group: settings.group, new)
    var started: [TopicPartition: Int64] = [:]
    for topicPartition in new {
      if let offset = committed[topicPartition] {
        positions[topicPartition] = offset
      } else if hasLooked {
        // Kafka's consumer would begin at the end here too, and miss what came before it noticed the topic.
        started[topicPartition] = try log.offsets(topicPartition).start
      } else {
        started[topicPartition] = try resetOffset(topicPartition, log, why: "group '\(settings.group)' has no offset")
      }
    }
    // Written down at once: a crash before the first commit must not move a start at the end further on.
    if !started.isEmpty {
      try log.commit(group: settings.group, started)
      positions.merge(started) { _, new in new }
    }
  }

  private func resetOffset(_ topicPartition: TopicPartition, _ log: any RecordLog, why: String) throws -> Int64 {
    let (start, end) = try log.offsets(topicPartition)
    switch settings.reset {
    case .earliest: return start
    case .latest: return end
    case .none:
      throw MillError(
        .configuration, "\(topicPartition): \(why), and auto.offset.reset is none",
        wayOut: "commit an offset for the group, or set kafka.consumer.auto.offset.reset to earliest or latest")
    }
  }

  // MARK: Reading

  /// One read of every partition; waits on one of them when all have nothing.
  private func readRound(_ log: any RecordLog, stop: Signal, abandon: Signal) throws {
    guard !positions.isEmpty else {
      stop.wait(Self.readWait)
      return
    }
    var isIdle = true
    for topicPartition in positions.keys.sorted() {
      if stop.isSet { return }
      if try read(topicPartition, log, wait: .zero, stop: stop, abandon: abandon) > 0 { isIdle = false }
      try commit(log)
    }
    if isIdle, let any = positions.keys.randomElement() {
      _ = try read(any, log, wait: Self.readWait, stop: stop, abandon: abandon)
    }
  }

  private func read(
    _ topicPartition: TopicPartition, _ log: any RecordLog, wait: Duration, stop: Signal, abandon: Signal
  ) throws -> Int {
    let position = positions[topicPartition]!
    var batch: RecordBatch
    do {
      batch = try log.read(topicPartition, from: position, maxBytes: Self.readBytesMax, wait: wait)
    } catch let error as MillError where error.code == .offsetOutOfRange {
      let (start, end) = try log.offsets(topicPartition)
      let reset = try resetOffset(topicPartition, log, why: "offset \(position) is out of range")
      Log.error(
        "agent",
        "\(agent): source \(name): \(topicPartition) holds the offsets \(start) to \(end), not \(position), where group "
          + "'\(settings.group)' wants to go on; it goes on at \(reset)"
          + (reset > position ? ", and \(reset - position) records are missed" : ""))
      positions[topicPartition] = reset
      return 0
    }
    var index = 0
    while index < batch.count {
      let end = min(index + settings.batchSize, batch.count)
      let events = (index..<end).map { event(batch, $0) }
      let next = end == batch.count ? batch.nextOffset : batch.slots[end].offset
      let mark = Mark(topicPartition: topicPartition, next: next)
      guard processor.deliver(events, mark: mark, tracker: tracker, abandon: abandon) else { return index }
      positions[topicPartition] = next
      index = end
      if stop.isSet { break }
    }
    if batch.isEmpty { positions[topicPartition] = batch.nextOffset }
    return batch.count
  }

  private func event(_ batch: RecordBatch, _ index: Int) -> Event {
    let slot = batch.slots[index]
    let body = batch.value(index).map(Array.init) ?? []
    var event = Event(body: body)
    if settings.usesFlumeEventFormat {
      do { event = try AvroEvent.decode(body) } catch {
        // The bytes are kept as they are: dropping them would lose the record.
        counters["EventReadFail"].add()
        Log.error(
          "agent",
          "\(agent): source \(name): \(batch.topicPartition)@\(slot.offset): \(error); it is passed on as it is")
      }
    }
    func set(_ header: String, _ value: @autoclosure () -> String) {
      if event.headers[header] == nil { event.headers[header] = value() }
    }
    set("timestamp", String(slot.timestamp))
    if let header = settings.topicHeader { set(header, batch.topicPartition.topic) }
    set("partition", String(batch.topicPartition.partition))
    set("offset", String(slot.offset))
    if let key = batch.key(index) { set("key", String(decoding: key, as: UTF8.self)) }
    event.origin = Origin(
      source: name, place: .log(batch.topicPartition, offset: slot.offset, timestamp: slot.timestamp))
    return event
  }

  // MARK: Committing

  /// Commits what has arrived: in each partition up to the first record that has not.
  private func commit(_ log: any RecordLog) throws {
    for (delivery, mark) in tracker.takeArrived() {
      toCommit[mark.topicPartition] = mark.next
      unsettled.append(delivery)
    }
    if !toCommit.isEmpty {
      try log.commit(group: settings.group, toCommit)
      toCommit = [:]
    }
    for delivery in unsettled { delivery.settle() }
    unsettled = []
  }
}
