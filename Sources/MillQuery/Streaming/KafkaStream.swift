import MillBase
import MillLog

/// One Kafka source of a streaming query: knows where it begins, what there is, and when something is new.
struct KafkaStream: Sendable {
  let name: String
  let kafka: KafkaSource
  let log: any RecordLog

  /// As Spark describes it: `KafkaV2[Subscribe[pop]]`.
  var description: String {
    switch kafka.subscription {
    case .topics(let topics): "KafkaV2[Subscribe[\(topics.joined(separator: ", "))]]"
    case .partitions: "KafkaV2[Assign[\(kafka.subscription)]]"
    }
  }

  private var topics: [String] {
    switch kafka.subscription {
    case .topics(let topics): topics
    case .partitions(let map): map.keys.sorted()
    }
  }

  /// - Throws: `.notFound`, retriable, for a topic that does not exist (yet).
  func partitions() throws -> [TopicPartition] {
    try topics.flatMap { topic in
      if case .partitions(let map) = kafka.subscription {
        return map[topic]!.sorted().map { TopicPartition(topic, $0) }
      }
      guard let found = try log.topic(topic) else {
        throw MillError(
          .notFound, "the topic \(topic) does not exist on \(kafka.bootstrapServers)",
          wayOut: "create it; the query waits for it", isRetriable: true)
      }
      return (0..<Int32(found.partitions)).map { TopicPartition(topic, $0) }
    }
  }

  /// Where a new query begins.
  func initialOffsets() throws -> KafkaOffsets {
    try offsets(partitions(), kafka.startingOffsets ?? .latest, option: "startingOffsets")
  }

  /// What an option says of the partitions, in numbers.
  func offsets(
    _ partitions: [TopicPartition], _ wanted: KafkaSource.StartingOffsets, option: String
  ) throws -> KafkaOffsets {
    var result = KafkaOffsets()
    for partition in partitions {
      let (start, end) = try log.offsets(partition)
      switch wanted {
      case .earliest: result.next[partition] = start
      case .latest: result.next[partition] = end
      case .timestamp(let milliseconds):
        result.next[partition] = try log.offset(partition, atOrAfter: milliseconds) ?? end
      case .exact(let map):
        guard let wanted = map[partition.topic]?[partition.partition] else {
          throw MillError(
            .configuration, "\(option) says nothing about the partition \(partition)",
            wayOut: "name every partition of \(partition.topic), with -2 for earliest and -1 for latest")
        }
        result.next[partition] = wanted == -2 ? start : wanted == -1 ? end : wanted
      }
    }
    return result
  }

  /// What there is now. Partitions that are new since `known` begin at the earliest offset, which is added there.
  ///
  /// - Throws: data loss, when offsets went back or a known partition is gone (unless failOnDataLoss is false).
  func latestOffsets(_ known: inout KafkaOffsets) throws -> KafkaOffsets {
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

  /// Waits until a record comes after these offsets, at most so long.
  func waitForData(after offsets: KafkaOffsets, atMost wait: Duration) throws {
    guard offsets.next.count == 1, let (partition, offset) = offsets.next.first else {
      // A long poll watches one partition; several are looked at by turns.
      Signal().wait(min(wait, Self.pollInterval))
      return
    }
    _ = try log.read(partition, from: offset, maxBytes: 1, wait: wait)
  }

  /// How often several partitions are looked at.
  static let pollInterval: Duration = .milliseconds(20)

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
}
