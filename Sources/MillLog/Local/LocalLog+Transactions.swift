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

  /// The end that counts records of open transactions too: Kafka's high watermark.
  public func highWatermark(_ topicPartition: TopicPartition) throws -> Int64 {
    try partition(topicPartition).offsets.end
  }
}
