import MillBase
import MillLog

/// Where --reset-offsets moves one group.
struct OffsetReset {
  let group: String
  /// What it has committed, of all topics.
  let committed: [TopicPartition: Int64]
  let log: KafkaLog
  let output: ToolOutput

  /// - Parameter topics: nil = those that the group has offsets of, or those in the file.
  /// - Throws: `.notFound` for a topic or partition that is not there.
  func goals(
    _ target: GroupsArguments.Target, _ topics: [(name: String, partitions: [Int32])]?
  ) throws -> [TopicPartition: Int64] {
    var places = try topics.map { try Self.partitions(of: $0, log) }
    if case .file(let file) = target {
      let chosen = places.map(Set.init)
      places = file.partitions(of: group).filter { chosen?.contains($0) != false }
    }
    var goals: [TopicPartition: Int64] = [:]
    for place in places ?? committed.keys.sorted() { goals[place] = try goal(target, place) }
    return goals
  }

  /// - Throws: `.notFound`.
  static func partitions(
    of topics: [(name: String, partitions: [Int32])], _ log: KafkaLog
  ) throws -> [TopicPartition] {
    let sizes = try log.handle().topicSizes(timeout: log.requestTimeout)
    return try topics.flatMap { name, partitions in
      guard let size = sizes[name] else { throw MillError(.notFound, "there is no topic '\(name)'") }
      if let beyond = partitions.first(where: { $0 >= size }) {
        throw MillError(.notFound, "topic '\(name)' has partitions 0 to \(size - 1), not \(beyond)")
      }
      return (partitions.isEmpty ? Array(0..<Int32(size)) : partitions).map { TopicPartition(name, $0) }
    }
  }

  /// Always within what is there, as Kafka's tool does it.
  private func goal(_ target: GroupsArguments.Target, _ place: TopicPartition) throws -> Int64 {
    let (start, end) = try log.offsets(place)
    let wanted: Int64
    switch target {
    case .earliest: return start
    case .latest: return end
    case .time(let time): return try log.offset(place, atOrAfter: time) ?? end
    case .current: wanted = committed[place] ?? end
    case .offset(let offset): wanted = offset
    case .file(let file): wanted = file.offset(of: group, place) ?? end
    case .shift(let by):
      guard let committed = committed[place] else {
        throw MillError(
          .configuration, "Cannot shift offset for partition \(place) since there is no current committed offset",
          wayOut: "choose --to-offset, --to-earliest or --to-latest")
      }
      let (sum, overflow) = committed.addingReportingOverflow(by)
      wanted = overflow ? (by < 0 ? start : end) : sum
    }
    if wanted < start || wanted > end {
      output.err("Warning: offset \(wanted) of \(place) is not in \(start)...\(end); the nearest is taken.")
    }
    return min(max(wanted, start), end)
  }
}
