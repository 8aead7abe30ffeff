import MillBase

/// Batches as they are stored, for the Kafka server: whole ones only.
public struct StoredBatches: Sendable {
  public var bytes: [UInt8]
  /// Where the next read has to begin.
  public var nextOffset: Int64
  /// Whose records among them don't count; only known when committed ones were asked for.
  public var aborted: [AbortedTransaction] = []
}

extension PartitionLog {
  /// A stretch of a segment that holds the offset.
  private struct Stretch {
    var segment: Segment
    /// Size of the segment as published.
    var limit: Int64
    var position: Int64
    var header: BatchHeader
  }

  /// Records from `offset` on; empty at the end, or when all that was read was aborted.
  ///
  /// - Parameter committed: end at the last stable offset, and pass over what was aborted; else all records count.
  func read(from offset: Int64, maxBytes: Int, committed: Bool = true) throws -> RecordBatch {
    let (found, end) = try locate(offset)
    guard let found else { return RecordBatch(topicPartition: topicPartition, nextOffset: end) }
    let stable = committed ? stable : (end: end, transactions: TransactionIndex())
    if offset >= stable.end { return RecordBatch(topicPartition: topicPartition, nextOffset: offset) }
    let bytes = try chunk(found, maxBytes)
    var result = RecordBatch(topicPartition: topicPartition, nextOffset: offset)
    try decode(bytes, found, stable, from: offset, into: &result)
    if result.nextOffset == offset {
      // The batch at the front is damaged, which is noted now: reading goes on behind it.
      return try read(from: offset, maxBytes: maxBytes, committed: committed)
    }
    counters.readRecords.add(result.count)
    counters.readBytes.add(bytes.count)
    return result
  }

  /// Stored batches, the first of which holds `offset`; at least one, when there is one, even above `maxBytes`.
  ///
  /// - Parameter committed: end at the last stable offset, and say which transactions were aborted.
  func readStored(from offset: Int64, maxBytes: Int, committed: Bool = false) throws -> StoredBatches {
    let (found, end) = try locate(offset)
    guard let found else { return StoredBatches(bytes: [], nextOffset: end) }
    let stable = stable
    let limit = committed ? stable.end : end
    if max(offset, found.header.baseOffset) >= limit { return StoredBatches(bytes: [], nextOffset: offset) }
    var bytes = try chunk(found, maxBytes)
    let (verified, verifiedFrom) = found.segment.state.withLock { ($0.verified, $0.verifiedFrom) }
    var next = offset
    var records = 0
    let count = try bytes.withUnsafeBytes { raw in
      var position = 0
      var expected = found.header.baseOffset
      while let header = try batch(raw, at: position, found, expected: expected), header.baseOffset < limit {
        let stored = found.position + Int64(position)
        if stored >= verified, stored < verifiedFrom {
          guard try isSound(header, raw, at: position, found, expected) else { break }
          found.segment.state.withLock { state in
            if state.verified >= stored { state.verified = max(state.verified, stored + Int64(header.size)) }
          }
        }
        position += header.size
        records += Int(header.recordsCount)
        expected = header.lastOffset + 1
        next = expected
      }
      return position
    }
    if count == 0 { return try readStored(from: offset, maxBytes: maxBytes, committed: committed) }
    bytes.removeLast(bytes.count - count)
    counters.readRecords.add(records)
    counters.readBytes.add(count)
    let aborted = committed ? stable.transactions.aborted(in: offset..<max(offset, next)) : []
    return StoredBatches(bytes: bytes, nextOffset: next, aborted: aborted)
  }

  /// The first record whose timestamp is at or after the time.
  func offset(atOrAfter timestamp: Int64, committed: Bool = true) throws -> (offset: Int64, timestamp: Int64)? {
    let (segments, start, end) = state.withLock {
      ($0.segments, $0.startOffset, committed ? $0.stableOffset : $0.highWatermark)
    }
    for segment in segments where try segment.maxTimestamp() >= timestamp {
      let relative = try segment.withIndex { $0.offset(before: timestamp) }
      var offset = max(start, segment.baseOffset + relative)
      while offset < min(end, segment.nextOffset) {
        let found = try read(from: offset, maxBytes: 64 << 10, committed: committed)
        if let slot = found.slots.first(where: { $0.timestamp >= timestamp }) { return (slot.offset, slot.timestamp) }
        offset = found.nextOffset
      }
    }
    return nil
  }

  /// The first record with the greatest timestamp.
  func newest(committed: Bool) throws -> (offset: Int64, timestamp: Int64)? {
    let segments = state.withLock { $0.segments }
    guard let newest = try segments.map({ try $0.maxTimestamp() }).max(), newest >= 0 else { return nil }
    return try offset(atOrAfter: newest, committed: committed)
  }

  func bytesAvailable(from offset: Int64) throws -> Int64 {
    guard let found = try locate(offset).0 else { return 0 }
    let later = state.withLock { state in
      state.segments.reduce(0) { $0 + ($1.baseOffset > found.segment.baseOffset ? $1.size : 0) }
    }
    return found.limit - found.position + later
  }

  // MARK: Steps

  private func locate(_ offset: Int64) throws -> (Stretch?, end: Int64) {
    let (segments, limits, end) = try state.withLock { state in
      guard !state.isClosed else { throw LocalLog.closed }
      guard offset >= state.startOffset, offset <= state.endOffset else {
        throw MillError(
          .offsetOutOfRange, "offset \(offset) is not in \(state.startOffset)..<\(state.endOffset)",
          at: .init(key: topicPartition.description), wayOut: "read from the start or the end of what is there")
      }
      if offset >= state.highWatermark { return ([Segment](), [Int64](), offset) }
      let first = state.segments.partitioningIndex { $0.baseOffset > offset } - 1
      let rest = Array(state.segments[first...])
      return (rest, rest.map(\.size), state.highWatermark)
    }
    for (segment, limit) in zip(segments, limits) {
      if let (position, header) = try segment.find(max(offset, segment.baseOffset), limit: limit) {
        return (Stretch(segment: segment, limit: limit, position: position, header: header), end)
      }
    }
    return (nil, end)
  }

  private func chunk(_ found: Stretch, _ maxBytes: Int) throws -> [UInt8] {
    let count = min(found.limit - found.position, Int64(max(min(maxBytes, Int(Int32.max) / 2), found.header.size)))
    let bytes = try found.segment.file.read(count: Int(count), at: found.position)
    guard bytes.count == Int(count) else {
      throw MillError(
        .corrupt, "the file ends \(Int(count) - bytes.count) bytes early", at: .init(file: found.segment.path),
        wayOut: "another process may have cut it; stop the log and open it again")
    }
    return bytes
  }

  /// The batch at `position` of the chunk, when it is there as a whole and its header makes sense.
  private func batch(
    _ raw: UnsafeRawBufferPointer, at position: Int, _ found: Stretch, expected: Int64
  ) throws -> BatchHeader? {
    guard let header = BatchHeader(raw, at: position) else { return nil }
    let stored = found.position + Int64(position)
    // The cheap case first; the rest needs a look at the neighbours.
    if header.flaw == nil, header.baseOffset == expected {
      return header.size <= raw.count - position ? header : nil
    }
    guard try found.segment.flaw(of: header, at: stored, limit: found.limit, expected: expected) == nil else {
      return nil
    }
    return header.size <= raw.count - position ? header : nil
  }

  private func isSound(
    _ header: BatchHeader, _ raw: UnsafeRawBufferPointer, at position: Int, _ found: Stretch, _ expected: Int64
  ) throws -> Bool {
    let covered = raw[(position + BatchHeader.crcStart)..<(position + header.size)]
    if CRC32C.checksum(UnsafeRawBufferPointer(rebasing: covered)) == header.crc { return true }
    _ = try found.segment.noteDamage(
      at: found.position + Int64(position), limit: found.limit, expected: expected, "wrong CRC")
    return false
  }

  private func decode(
    _ bytes: [UInt8], _ found: Stretch, _ stable: (end: Int64, transactions: TransactionIndex), from offset: Int64,
    into result: inout RecordBatch
  ) throws {
    var unpacked: [UInt8] = []
    var isPacked = false
    try bytes.withUnsafeBytes { raw in
      var position = 0
      var expected = found.header.baseOffset
      while let header = try batch(raw, at: position, found, expected: expected) {
        if header.baseOffset >= stable.end {
          result.nextOffset = max(result.nextOffset, stable.end)
          break
        }
        guard try isSound(header, raw, at: position, found, expected) else { break }
        let firstSlot = result.slots.count
        do {
          // Plain records stay where they were read; unpacked ones come in a buffer behind it.
          if header.isControl || stable.transactions.isAborted(header) {
            // Markers of transactions are no records, and records of aborted ones never were.
          } else if header.codec == Codec.none {
            try BatchDecoder.index(
              raw, from: position + BatchHeader.size, to: position + header.size, header: header, offset: offset,
              into: &result.slots)
          } else {
            isPacked = true
            let start = unpacked.count
            let packed = raw[(position + BatchHeader.size)..<(position + header.size)]
            try Compression.decompress(UnsafeRawBufferPointer(rebasing: packed), header.codec!, into: &unpacked)
            try unpacked.withUnsafeBytes {
              try BatchDecoder.index($0, from: start, to: $0.count, header: header, offset: offset, into: &result.slots)
            }
            shift(&result.slots, from: firstSlot, by: bytes.count)
          }
        } catch {
          // Sound by its CRC, and yet not readable: written so by a producer that another server did not check.
          result.slots.removeLast(result.slots.count - firstSlot)
          _ = try found.segment.noteDamage(
            at: found.position + Int64(position), limit: found.limit, expected: expected, "\(error)")
          break
        }
        position += header.size
        expected = header.lastOffset + 1
        result.nextOffset = expected
        if unpacked.count > Compression.unpackedSizeMax / 2 { break }
      }
    }
    result.bytes = isPacked ? bytes + unpacked : bytes
  }

  private func shift(_ slots: inout [RecordBatch.Slot], from first: Int, by distance: Int) {
    for index in first..<slots.count {
      if slots[index].keyStart >= 0 { slots[index].keyStart += Int32(distance) }
      if slots[index].valueStart >= 0 { slots[index].valueStart += Int32(distance) }
      slots[index].headersStart += Int32(distance)
    }
  }
}
