import MillBase

extension LocalLog {
  public func commit(group: String, _ offsets: [TopicPartition: Int64]) throws {
    for topicPartition in offsets.keys { _ = try partition(topicPartition) }
    let now = Clock.nowMilliseconds()
    try commit(group: group, offsets.mapValues { CommittedOffset(offset: $0, timestamp: now) }, durable: true)
  }

  /// The Kafka server's commit, with the consumer's own note.
  ///
  /// - Parameter durable: wait for the disk; else a kill loses nothing, a power cut may lose the last second.
  public func commit(group: String, _ offsets: [TopicPartition: CommittedOffset], durable: Bool) throws {
    try offsetStore.commit(group: group, offsets.mapValues { $0 }, durable: durable)
  }

  public func committed(group: String, _ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    let all = offsetStore.committed(group: group)
    return Dictionary(uniqueKeysWithValues: partitions.compactMap { tp in all[tp].map { (tp, $0.offset) } })
  }

  /// Everything that the group has committed.
  public func committedOffsets(group: String) -> [TopicPartition: CommittedOffset] {
    offsetStore.committed(group: group)
  }

  /// Forgets some of what the group has committed.
  public func deleteOffsets(group: String, _ partitions: [TopicPartition]) throws {
    let gone = Dictionary(partitions.map { ($0, CommittedOffset?.none) }, uniquingKeysWith: { first, _ in first })
    try offsetStore.commit(group: group, gone, durable: true)
  }

  /// Groups with committed offsets, sorted.
  public func groups() -> [String] { offsetStore.groups.keys.sorted() }

  public func deleteGroup(_ group: String) throws { try offsetStore.forget(group: group) }
}
