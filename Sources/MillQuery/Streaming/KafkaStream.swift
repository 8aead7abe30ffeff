import MillBase
import MillLog
import Synchronization

/// One Kafka source of a streaming query: knows where it begins, what there is, and when something is new.
final class KafkaStream: StreamSource {
  /// Where the checkpoint keeps its first offsets.
  struct Memory: Sendable {
    let checkpoint: Checkpoint
    let index: Int
  }
  private struct State {
    /// Where an AvailableNow run ends.
    var target: KafkaOffsets?
    var ignoresLimits = false
    /// What a pattern has found, and the steady time until which that holds.
    var found: [TopicPartition] = []
    var foundUntil: UInt64 = 0
    /// When the last micro-batch was taken, in steady milliseconds; for minOffsetsPerTrigger.
    var lastTaken: Int64?
  }

  let name: String
  let kafka: KafkaSource
  let log: any RecordLog
  private let memory: Memory?
  private let state = Mutex(State())

  /// - Parameter memory: nil for a batch, which begins anew every time.
  init(name: String, kafka: KafkaSource, log: any RecordLog, memory: Memory? = nil) {
    self.name = name
    self.kafka = kafka
    self.log = log
    self.memory = memory
  }

  var description: String {
    switch kafka.subscription {
    case .topics(let topics): "KafkaV2[Subscribe[\(topics.joined(separator: ", "))]]"
    case .pattern(let pattern): "KafkaV2[SubscribePattern[\(pattern)]]"
    case .partitions: "KafkaV2[Assign[\(kafka.subscription)]]"
    }
  }

  /// How often several partitions are looked at.
  let pollInterval: Duration = .milliseconds(20)

  /// - Throws: `.notFound`, retriable, for a topic that does not exist (yet).
  func partitions() throws -> [TopicPartition] {
    switch kafka.subscription {
    case .partitions(let map):
      return map.keys.sorted().flatMap { topic in map[topic]!.sorted().map { TopicPartition(topic, $0) } }
    case .pattern(let pattern): return try matching(pattern)
    case .topics(let topics):
      return try topics.flatMap { topic in
        guard let found = try log.topic(topic) else {
          throw MillError(
            .notFound, "the topic \(topic) does not exist on \(kafka.bootstrapServers)",
            wayOut: "create it; the query waits for it", isRetriable: true)
        }
        return (0..<Int32(found.partitions)).map { TopicPartition(topic, $0) }
      }
    }
  }

  /// How often topics are looked for that fit a pattern: asking a server for all its topics is no small thing.
  private static let patternInterval: UInt64 = 1_000_000_000

  private func matching(_ pattern: String) throws -> [TopicPartition] {
    let now = Clock.steadyNanoseconds()
    if let known = state.withLock({ $0.foundUntil > now ? $0.found : nil }) { return known }
    let regex = try KafkaSource.regex(pattern)
    let topics = try log.topics().filter { topic in
      !KafkaSource.internalTopics.contains(topic.name) && topic.name.wholeMatch(of: regex) != nil
    }
    let found = topics.flatMap { topic in (0..<Int32(topic.partitions)).map { TopicPartition(topic.name, $0) } }
    state.withLock { state in
      state.found = found
      state.foundUntil = now + Self.patternInterval
    }
    return found
  }

  // MARK: Where to begin

  func initialOffset() throws -> SourceOffset {
    if let memory, let json = try memory.checkpoint.initialOffsets(memory.index) { return try offset(json) }
    let offsets = try offsets(partitions(), kafka.startingOffsets ?? .latest, option: "startingOffsets")
    if let memory { try memory.checkpoint.writeInitialOffsets(memory.index, offsets.json) }
    return .kafka(offsets)
  }

  func offset(_ json: JSONValue) throws -> SourceOffset {
    guard let offsets = try? KafkaOffsets(json: json) else {
      throw SourceChanged(text: "the checkpoint holds \(json.text()), which are no Kafka offsets")
    }
    let others: Set<String>
    let mine: String
    switch kafka.subscription {
    case .topics(let names):
      others = offsets.topics.subtracting(names)
      mine = names.joined(separator: ", ")
    case .partitions(let map):
      others = offsets.topics.subtracting(map.keys)
      mine = map.keys.sorted().joined(separator: ", ")
    case .pattern(let pattern):
      let regex = try KafkaSource.regex(pattern)
      others = offsets.topics.filter { $0.wholeMatch(of: regex) == nil }
      mine = "those of the pattern \(pattern)"
    }
    if !others.isEmpty {
      throw SourceChanged(
        text: "the checkpoint belongs to the topic \(others.sorted().joined(separator: ", ")), the query reads \(mine)")
    }
    return .kafka(offsets)
  }

  /// What an option says of the partitions, in numbers.
  func offsets(
    _ partitions: [TopicPartition], _ wanted: KafkaSource.StartingOffsets, option: String
  ) throws -> KafkaOffsets {
    var result = KafkaOffsets()
    for partition in partitions {
      let (start, end) = try log.offsets(partition)
      func given(_ map: [String: [Int32: Int64]], _ how: String) throws -> Int64 {
        guard let wanted = map[partition.topic]?[partition.partition] else {
          throw MillError(
            .configuration, "\(option) says nothing about the partition \(partition)",
            wayOut: "name every partition of \(partition.topic)\(how)")
        }
        return wanted
      }
      switch wanted {
      case .earliest: result.next[partition] = start
      case .latest: result.next[partition] = end
      case .timestamp(let milliseconds):
        result.next[partition] = try offset(partition, at: milliseconds, end: end, option: option)
      case .timestamps(let map):
        let milliseconds = try given(map, ", with milliseconds since 1970")
        result.next[partition] = try offset(partition, at: milliseconds, end: end, option: option)
      case .exact(let map):
        let wanted = try given(map, ", with -2 for earliest and -1 for latest")
        result.next[partition] = wanted == -2 ? start : wanted == -1 ? end : wanted
      }
    }
    return result
  }

  /// The first offset at or after a time. A query ends at the latest one when there is none, and begins there only with
  /// startingOffsetsByTimestampStrategy latest.
  private func offset(
    _ partition: TopicPartition, at milliseconds: Int64, end: Int64, option: String
  ) throws -> Int64 {
    if let offset = try log.offset(partition, atOrAfter: milliseconds) { return offset }
    if option.hasPrefix("ending") || kafka.startsAtLatestWithoutMatch { return end }
    throw MillError(
      .configuration,
      "No offset matched from request of topic-partition \(partition) and timestamp \(milliseconds)",
      wayOut: "give an earlier time, or set startingOffsetsByTimestampStrategy to latest")
  }

  // MARK: What there is

  /// What there is now. Partitions that are new since `known` begin at the earliest offset, which is added there.
  ///
  /// - Throws: data loss, when offsets went back or a known partition is gone (unless failOnDataLoss is false).
  private func latestOffsets(_ known: inout KafkaOffsets) throws -> KafkaOffsets {
    let before = known
    do { return try currentOffsets(&known) } catch let error as MillError where error.code == .notFound {
      // A topic that a pattern had found may be gone since.
      guard state.withLock({ $0.foundUntil > 0 }) else { throw error }
      state.withLock { $0.foundUntil = 0 }
      known = before
      return try currentOffsets(&known)
    }
  }

  private func currentOffsets(_ known: inout KafkaOffsets) throws -> KafkaOffsets {
    var result = KafkaOffsets()
    let partitions = try partitions()
    let present = Set(partitions)
    for gone in known.next.keys.sorted() where !present.contains(gone) {
      try lost("the partition \(gone) is gone")
      known.next[gone] = nil
    }
    for partition in partitions {
      let (start, end) = try log.offsets(partition)
      if let at = known.next[partition] {
        if at > end {
          try lost("the offset of \(partition) went back from \(at) to \(end)")
          known.next[partition] = start
        }
      } else {
        if start > 0 { try lost("the new partition \(partition) begins at \(start), not at 0") }
        known.next[partition] = start
      }
      result.next[partition] = max(end, known.next[partition]!)
    }
    return result
  }

  private func lost(_ what: String) throws {
    let error = DataLoss.error(what)
    if kafka.failOnDataLoss { throw error }
    Log.warning("query", error.message)
  }

  func freeze(after offset: SourceOffset, ignoresLimits: Bool) throws {
    guard case .kafka(var known) = offset else { preconditionFailure("offsets of another source") }
    let target = try latestOffsets(&known)
    state.withLock { state in
      state.target = target
      state.ignoresLimits = ignoresLimits
    }
  }

  func next(after offset: SourceOffset, mayRest: Bool = false) throws -> SourceStep {
    guard case .kafka(var start) = offset else { preconditionFailure("offsets of another source") }
    // Partitions that are new get their beginning in the position only when a micro-batch is made of them.
    let latest = try latestOffsets(&start)
    let end = state.withLock { state in
      var end = latest
      if let target = state.target {
        end.next = end.next.merging(target.next) { min($0, $1) }.filter { target.next[$0.key] != nil }
      }
      let waiting = start.count(until: end)
      if waiting > 0, state.target == nil, isTooLittle(waiting, &state) { return start }
      return start.limited(to: state.ignoresLimits ? nil : kafka.maxOffsetsPerTrigger, until: end)
    }
    return SourceStep(
      start: .kafka(start), end: .kafka(end), latest: .kafka(latest), hasData: start.count(until: end) > 0,
      behind: start.count(until: latest))
  }

  /// minOffsetsPerTrigger: is it worth waiting for more? Not longer than maxTriggerDelay since the last micro-batch
  /// (KafkaMicroBatchStream.delayBatch).
  private func isTooLittle(_ waiting: Int64, _ state: inout State) -> Bool {
    guard let least = kafka.minOffsetsPerTrigger else { return false }
    let now = Int64(Clock.steadyNanoseconds() / 1_000_000)
    if waiting < least, let last = state.lastTaken, now - last < kafka.maxTriggerDelayMilliseconds { return true }
    state.lastTaken = now
    return false
  }

  func waitForData(after offset: SourceOffset, _ stop: Signal) throws {
    guard case .kafka(let offsets) = offset, kafka.minOffsetsPerTrigger == nil else {
      stop.wait(pollInterval)
      return
    }
    try log.waitForRecords(after: offsets.next, atMost: .milliseconds(200))
  }

  // MARK: Reading

  func ranges(from start: SourceOffset, to end: SourceOffset) throws -> StreamRanges {
    guard case .kafka(let start) = start, case .kafka(let end) = end else {
      preconditionFailure("offsets of another source")
    }
    return StreamRanges(records: ranges(from: start, to: end))
  }

  func ranges(from start: KafkaOffsets, to end: KafkaOffsets) -> [RangeReader.Range] {
    end.next.keys.sorted().compactMap { partition in
      let last = end.next[partition]!
      // A partition that the batch before did not know began at its earliest offset, which offsets/N does not tell.
      let first = start.next[partition] ?? (try? log.offsets(partition).start) ?? 0
      guard last > first else { return nil }
      return .init(
        source: name, log: log, topicPartition: partition, start: first, end: last,
        failOnDataLoss: kafka.failOnDataLoss)
    }
  }

  /// How far the batch's end is behind what there was, over the partitions; texts, as in Spark.
  func metrics(end: SourceOffset, latest: SourceOffset?) -> JSONValue {
    guard case .kafka(let end) = end, case .kafka(let latest) = latest, !latest.next.isEmpty else {
      return .object([:])
    }
    let behind = latest.next.map { max(0, $0.value - (end.next[$0.key] ?? 0)) }
    let average = Double(behind.reduce(0, +)) / Double(behind.count)
    return .object([
      "avgOffsetsBehindLatest": .string("\(average)"), "maxOffsetsBehindLatest": .string("\(behind.max()!)"),
      "minOffsetsBehindLatest": .string("\(behind.min()!)"),
    ])
  }
}
