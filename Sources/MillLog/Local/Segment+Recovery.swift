import MillBase

extension Segment {
  /// Goes through the whole segment, checks every CRC, and builds the index anew.
  ///
  /// In the last segment of a partition a tail that is no batch is cut off: it was being written when the process or
  /// the machine stopped. Damage before a sound batch stays where it is and is passed over by readers.
  ///
  /// - Returns: the offset after the last record.
  @discardableResult
  func recover(isLast: Bool, noting: ((BatchHeader, UnsafeRawBufferPointer) -> Void)?) throws -> Int64 {
    let limit = size
    var index = SparseIndex()
    var expected = baseOffset
    var position: Int64 = 0
    var damages: [Int64: Int64] = [:]
    try scan(limit: limit) { at, header, bytes in
      var flaw = try flaw(of: header, at: at, limit: limit, expected: expected)
      if flaw == nil, CRC32C.checksum(bytes) != header.crc { flaw = "wrong CRC" }
      guard flaw == nil else { return try resume(at, limit, expected, isLast, flaw!, &damages) }
      index.add(
        relativeLastOffset: Int32(header.lastOffset - baseOffset), position: Int32(at), size: header.size,
        maxTimestamp: header.maxTimestamp, interval: 4096)
      expected = header.lastOffset + 1
      noting?(header, bytes)
      return at + Int64(header.size)
    } unreadable: { at in
      try resume(at, limit, expected, isLast, "\(limit - at) bytes are no batch", &damages)
    } done: {
      position = $0
    }
    let end = isLast ? try cutTail(damages, limit: limit) : position
    state.withLock { state in
      state.index = index
      state.size = end
      state.synced = min(state.synced, end)
      state.verified = end
      state.damage = damages.filter { $0.key < end }
      if isLast { state.nextOffset = expected }
    }
    return expected
  }

  /// The offset after the last record, of a segment that was closed in order: only what follows the last index entry
  /// is looked at. Falls back to ``recover(isLast:noting:)``.
  func endOfSealed() throws -> Int64 {
    let entry = try withIndex { $0.entry(before: .max) }
    var position = entry.map { Int64($0.position) } ?? 0
    var next = baseOffset
    let limit = size
    while position < limit {
      guard case .batch(let header) = try step(at: position, limit: limit, expected: next) else {
        return try recover(isLast: true, noting: nil)
      }
      position += Int64(header.size)
      next = header.lastOffset + 1
    }
    state.withLock { $0.nextOffset = next }
    return next
  }

  private func resume(
    _ at: Int64, _ limit: Int64, _ expected: Int64, _ isLast: Bool, _ reason: String, _ damages: inout [Int64: Int64]
  ) throws -> Int64 {
    let next = try search(after: at, limit: limit, expected: expected)
    damages[at] = next
    if next == limit, isLast {
      Log.warning("log", "\(path): cut off at byte \(at) of \(limit), offset \(expected) on: \(reason)")
    } else {
      _ = try noteDamage(at: at, limit: limit, expected: expected, reason)
    }
    return next
  }

  /// Where the file ends when damage reaches its end, cut to there.
  private func cutTail(_ damages: [Int64: Int64], limit: Int64) throws -> Int64 {
    guard let start = damages.first(where: { $0.value == limit })?.key else { return limit }
    try setAside(from: start, to: limit)
    try file.truncate(to: start)
    try file.sync()
    return start
  }

  /// A whole batch with a wrong CRC may have been acknowledged: its bytes are kept beside the segment.
  private func setAside(from start: Int64, to limit: Int64) throws {
    let bytes = try file.read(count: Int(limit - start), at: start)
    let isWhole = bytes.withUnsafeBytes { raw in
      BatchHeader(raw).map { $0.flaw == nil && $0.size <= raw.count } ?? false
    }
    guard isWhole else { return }
    let aside = "\(path).\(start).damaged"
    try Files.writeAtomically(bytes, to: aside)
    Log.error("log", "\(path): a damaged batch at the end was moved to \(aside)")
  }

  /// Reads the segment in large pieces and hands over batch after batch.
  private func scan(
    limit: Int64, _ visit: (Int64, BatchHeader, UnsafeRawBufferPointer) throws -> Int64,
    unreadable: (Int64) throws -> Int64, done: (Int64) -> Void
  ) throws {
    let window = 1 << 20
    var position: Int64 = 0
    var buffer: [UInt8] = []
    var bufferStart: Int64 = 0
    while position < limit {
      // At least the header, then the whole batch, has to be in the buffer.
      func fill(_ count: Int) throws {
        let offset = position - bufferStart
        if offset >= 0, offset + Int64(count) <= Int64(buffer.count) { return }
        bufferStart = position
        buffer = try file.read(count: Int(min(Int64(max(window, count)), limit - position)), at: position)
      }
      try fill(BatchHeader.size)
      let header = buffer.withUnsafeBytes { BatchHeader($0, at: Int(position - bufferStart)) }
      guard let header, header.flaw == nil, Int64(header.size) <= limit - position else {
        position = try unreadable(position)
        continue
      }
      try fill(header.size)
      let start = Int(position - bufferStart)
      position = try buffer.withUnsafeBytes { raw in
        let covered = raw[(start + BatchHeader.crcStart)..<(start + header.size)]
        return try visit(position, header, UnsafeRawBufferPointer(rebasing: covered))
      }
    }
    done(position)
  }
}
