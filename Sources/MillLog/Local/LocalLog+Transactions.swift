import MillBase

/// What a transaction coordinator needs of the log.
extension LocalLog {
  /// All transactional ids and where they stand.
  public var transactions: [String: TransactionState] { transactionStore.transactions }

  /// Writes down where a transactional id stands; nil forgets it. A kill after the return loses nothing.
  public func saveTransaction(_ id: String, _ state: TransactionState?) throws { try transactionStore.save(id, state) }

  /// Ends the producer's transaction in a partition; without an open one the marker changes nothing.
  ///
  /// - Throws: `.notFound`, `.system`.
  public func endTransaction(
    producerID: Int64, epoch: Int16, isCommit: Bool, in topicPartition: TopicPartition
  ) throws {
    let partition = try partition(topicPartition)
    let marker: TransactionMarker = isCommit ? .commit : .abort
    var batch = try marker.batch(producerID: producerID, epoch: epoch, now: Clock.nowMilliseconds())
    var headers = [batch.withUnsafeBytes { BatchHeader($0)! }]
    _ = try partition.append(&batch, &headers)
    notifyAppend(topicPartition)
  }

  /// True when one of the partitions is flushed with each append (flush.messages=1): who wants that of records wants it
  /// of their transactions.
  public func flushesEachAppend(_ partitions: Set<TopicPartition>) -> Bool {
    partitions.contains { partition in
      (try? self.partition(partition))?.state.withLock { $0.configuration.flushMessages == 1 } ?? false
    }
  }

  /// Blocks until what was appended to the partitions is on the disk. Deleted ones are passed over.
  public func flush(_ partitions: Set<TopicPartition>) throws {
    for partition in partitions.sorted() {
      try (try? self.partition(partition))?.flush()
    }
  }

  /// Blocks until what was saved of transactions is on the disk.
  public func flushTransactions() throws { try transactionStore.partition?.flush() }

  /// Every partition's producers with an open transaction, with the epoch of its records.
  public func openTransactions() -> [TopicPartition: [(producerID: Int64, epoch: Int16)]] {
    var open: [TopicPartition: [(producerID: Int64, epoch: Int16)]] = [:]
    for partition in allPartitions {
      let producers = partition.state.withLock { state in
        state.transactions.open.keys.sorted().map { ($0, state.producers.entries[$0]?.epoch ?? 0) }
      }
      if !producers.isEmpty { open[partition.topicPartition] = producers }
    }
    return open
  }

  /// The end that counts records of open transactions too: Kafka's high watermark.
  public func highWatermark(_ topicPartition: TopicPartition) throws -> Int64 {
    try partition(topicPartition).state.withLock { $0.highWatermark }
  }
}
