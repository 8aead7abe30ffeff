/// The log at one moment, for the chain's page.
public struct LogSnapshot: Sendable {
  public struct Partition: Sendable {
    public var topicPartition: TopicPartition
    public var startOffset: Int64
    /// The offset that the next record will get.
    public var endOffset: Int64
    public var bytesOnDisk: Int64
    public var segments: Int
  }

  /// How far a consumer group is behind, in a partition that it has committed.
  public struct Lag: Sendable {
    public var group: String
    public var topicPartition: TopicPartition
    public var committed: Int64
    /// Records not yet committed.
    public var lag: Int64
  }

  /// Sorted by topic and partition.
  public var partitions: [Partition]
  /// Sorted by group, topic and partition.
  public var lags: [Lag]
}

extension LocalLog {
  public func snapshot() -> LogSnapshot {
    let partitions = allPartitions.map { partition in
      partition.state.withLock { state in
        LogSnapshot.Partition(
          topicPartition: partition.topicPartition, startOffset: state.startOffset, endOffset: state.endOffset,
          bytesOnDisk: state.segments.reduce(0) { $0 + $1.size }, segments: state.segments.count)
      }
    }.sorted { $0.topicPartition < $1.topicPartition }
    let ends = Dictionary(uniqueKeysWithValues: partitions.map { ($0.topicPartition, $0.endOffset) })
    let lags = offsetStore.groups.flatMap { group, offsets in
      offsets.map { topicPartition, commit in
        LogSnapshot.Lag(
          group: group, topicPartition: topicPartition, committed: commit.offset,
          lag: max(0, (ends[topicPartition] ?? commit.offset) - commit.offset))
      }
    }.sorted { ($0.group, $0.topicPartition) < ($1.group, $1.topicPartition) }
    return LogSnapshot(partitions: partitions, lags: lags)
  }
}
