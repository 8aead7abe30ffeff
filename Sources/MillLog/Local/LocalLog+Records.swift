import MillBase

extension LocalLog {
  /// Appends the records in one write: as one record batch, or as several when one would be larger than
  /// `max.message.bytes`. A kill in the middle of the call may leave a first part of several batches.
  public func append(_ records: [Record], to topicPartition: TopicPartition, codec: Codec) throws -> Int64 {
    let partition = try partition(topicPartition)
    if records.isEmpty { return partition.offsets.end }
    let configuration = partition.state.withLock { $0.configuration }
    if configuration.compacts, records.contains(where: { $0.key == nil }) { throw StoredRecords.noKey(topicPartition) }
    var bytes: [UInt8] = []
    var headers: [BatchHeader] = []
    let now = Clock.nowMilliseconds()
    for group in Self.groups(of: records, sizeMax: configuration.maxMessageBytes) {
      let batch = try BatchEncoder.encode(
        records[group], codec: configuration.codec ?? codec, now: now, logAppendTime: configuration.isLogAppendTime)
      guard batch.count <= configuration.maxMessageBytes else {
        throw Self.tooLarge(batch.count, configuration.maxMessageBytes, "record \(group.lowerBound)", topicPartition)
      }
      headers.append(batch.withUnsafeBytes { BatchHeader($0)! })
      if bytes.isEmpty { bytes = batch } else { bytes += batch }
    }
    let base = try partition.append(&bytes, &headers)
    notifyAppend(topicPartition)
    return base
  }

  /// Neighbours that fit a batch together, uncompressed. A record that is too large by itself stands alone.
  private static func groups(of records: [Record], sizeMax: Int) -> [Range<Int>] {
    var groups: [Range<Int>] = []
    var start = 0
    var size = BatchHeader.size
    for (index, record) in records.enumerated() {
      let more = BatchEncoder.sizeMax(record)
      if index > start, size + more > sizeMax {
        groups.append(start..<index)
        start = index
        size = BatchHeader.size
      }
      size += more
    }
    groups.append(start..<records.count)
    return groups
  }

  private static func tooLarge(_ size: Int, _ limit: Int, _ what: String, _ at: TopicPartition) -> MillError {
    MillError(
      .limit, "\(what) makes a batch of \(size) bytes, above the limit of \(limit)", at: .init(key: at.description),
      wayOut: "raise the topic's max.message.bytes")
  }

  /// Appends a batch that a producer made, after judging it. Only its base offset and leader epoch change, unless the
  /// topic's `compression.type` or `message.timestamp.type` ask for more.
  ///
  /// - Returns: the offset of its first record; the time that the log gave its records, or −1.
  /// - Throws: `.corrupt`, `.badInput`, `.limit`, `.notFound`, `.outOfOrderSequence`, `.invalidProducerEpoch`.
  public func appendStored(
    _ batch: [UInt8], to topicPartition: TopicPartition
  ) throws -> (baseOffset: Int64, appendTime: Int64) {
    let partition = try partition(topicPartition)
    let configuration = partition.state.withLock { $0.configuration }
    guard batch.count <= configuration.maxMessageBytes else {
      throw Self.tooLarge(batch.count, configuration.maxMessageBytes, "the request", topicPartition)
    }
    var bytes = batch
    let (header, body) = try BatchCheck.check(bytes)
    if configuration.compacts { try StoredRecords.requireKeys(bytes, header, topicPartition) }
    let appendTime = configuration.isLogAppendTime ? Clock.nowMilliseconds() : -1
    if let codec = configuration.codec, codec != header.codec {
      bytes = try BatchCheck.repack(bytes, body, codec)
    }
    if appendTime >= 0 { BatchCheck.stamp(&bytes, appendTime) }
    var headers = [bytes.withUnsafeBytes { BatchHeader($0)! }]
    let base = try partition.append(&bytes, &headers)
    notifyAppend(topicPartition)
    return (base, appendTime)
  }

  /// Reads what is committed: records of aborted transactions are passed over, the first open one ends it.
  public func read(
    _ topicPartition: TopicPartition, from offset: Int64, maxBytes: Int, wait: Duration
  ) throws -> RecordBatch {
    let partition = try partition(topicPartition)
    let deadline = ContinuousClock.now + wait
    var batch = try partition.read(from: offset, maxBytes: maxBytes)
    while batch.isEmpty, ContinuousClock.now < deadline {
      // Damage and control records are passed over; only the end is waited at.
      partition.wait(for: batch.nextOffset, atMost: deadline - ContinuousClock.now)
      batch = try partition.read(from: batch.nextOffset, maxBytes: maxBytes)
    }
    return batch
  }

  public func waitForRecords(after offsets: [TopicPartition: Int64], atMost wait: Duration) throws {
    let signal = Signal()
    let listener = onAppend { if offsets[$0] != nil { signal.set() } }
    defer { removeAppendListener(listener) }
    // The listener is there first, so that no record falls between.
    for (partition, offset) in offsets where try self.offsets(partition).end > offset { return }
    signal.wait(wait)
  }

  /// Batches as they are stored, without waiting.
  ///
  /// - Parameter committed: end at the last stable offset, and say which transactions were aborted.
  /// - Throws: as ``read(_:from:maxBytes:wait:)``.
  public func readStored(
    _ topicPartition: TopicPartition, from offset: Int64, maxBytes: Int, committed: Bool = false
  ) throws -> StoredBatches {
    try partition(topicPartition).readStored(from: offset, maxBytes: maxBytes, committed: committed)
  }

  /// Start and last stable offset: as far as ``read(_:from:maxBytes:wait:)`` goes.
  public func offsets(_ topicPartition: TopicPartition) throws -> (start: Int64, end: Int64) {
    try partition(topicPartition).state.withLock { ($0.startOffset, $0.stableOffset) }
  }

  public func offset(_ topicPartition: TopicPartition, atOrAfter timestamp: Int64) throws -> Int64? {
    try partition(topicPartition).offset(atOrAfter: timestamp)?.offset
  }

  /// The same with the record's own timestamp, as the Kafka protocol wants it.
  ///
  /// - Parameter committed: false counts records of open and aborted transactions too.
  public func offsetAndTimestamp(
    _ topicPartition: TopicPartition, atOrAfter timestamp: Int64, committed: Bool
  ) throws -> (offset: Int64, timestamp: Int64)? {
    try partition(topicPartition).offset(atOrAfter: timestamp, committed: committed)
  }

  /// The record with the greatest timestamp; nil when the partition is empty.
  ///
  /// - Parameter committed: false counts records of open and aborted transactions too.
  public func newestRecord(
    _ topicPartition: TopicPartition, committed: Bool
  ) throws -> (offset: Int64, timestamp: Int64)? {
    try partition(topicPartition).newest(committed: committed)
  }

  /// Stored bytes from the batch that holds `offset` to the end: what a fetch could get.
  ///
  /// - Throws: as ``read(_:from:maxBytes:wait:)``.
  public func bytesAvailable(_ topicPartition: TopicPartition, from offset: Int64) throws -> Int64 {
    try partition(topicPartition).bytesAvailable(from: offset)
  }
}
