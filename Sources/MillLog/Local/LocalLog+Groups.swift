import MillBase

extension LocalLog {
  public func commit(group: String, _ offsets: [TopicPartition: Int64]) throws {
    for topicPartition in offsets.keys { _ = try partition(topicPartition) }
    readersInside.withLock { _ = $0.insert(group) }
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
    readersInside.withLock { _ = $0.insert(group) }
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

  /// All groups that anything is remembered of, sorted.
  public func rememberedGroups() -> [String] { offsetStore.names.sorted() }

  /// Writes down that a group got its first member, or lost its last one.
  public func note(group: String, _ presence: GroupPresence) throws { try offsetStore.note(group: group, presence) }

  /// Forgets those of the group's offsets that nobody has used for so long (Kafka's `offsets.retention.minutes`).
  /// Groups that read inside this process are in use as long as it runs.
  ///
  /// - Parameters:
  ///   - retention: milliseconds, from the commit on, and from when the group's last member left.
  ///   - now: milliseconds since 1970.
  ///   - isInUse: true for a partition whose offset stays.
  /// - Returns: the partitions whose offsets went.
  public func expireOffsets(
    group: String, retention: Int64, now: Int64, isInUse: (TopicPartition) -> Bool
  ) throws -> [TopicPartition] {
    if readersInside.withLock({ $0.contains(group) }) { return [] }
    return try offsetStore.expire(group: group, retention: retention, now: now, isInUse: isInUse)
  }

  public func deleteGroup(_ group: String) throws { try offsetStore.forget(group: group) }
}
