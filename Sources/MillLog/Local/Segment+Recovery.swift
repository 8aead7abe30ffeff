import MillBase

extension Segment {
  /// What to do where a segment's bytes are no batch, or not the next one.
  struct Cutting {
    /// Nothing is appended after: a tail that is no batch was being written when the process or the machine stopped.
    var isLast: Bool
    /// Offsets from here on may never have come to the disk: the first of them that is missing ends the segment.
    /// `.max` = not known, or all of them did.
    var unflushed: Int64 = .max
  }

  /// Builds the index anew from the batches; damage stays where it is.
  func rebuildIndex() throws { _ = try recover(Cutting(isLast: false), noting: nil) }

  /// Goes through the segment, checks every CRC, and builds the index.
  ///
  /// Damage before a sound batch stays where it is and is passed over by readers, unless it is among what was not
  /// flushed: that is cut off there, and so is a tail that is no batch. What might have been acknowledged of it is kept
  /// beside the segment.
  ///
  /// - Parameter checkpoint: where to begin; its index has been restored.
  /// - Returns: the offset after the last record.
  func recover(
    _ cutting: Cutting, from checkpoint: RecoveryCheckpoint? = nil,
    noting: ((BatchHeader, UnsafeRawBufferPointer) -> Void)?
  ) throws -> Int64 {
    let limit = size
    let start = checkpoint?.position ?? 0
    var index = state.withLock { checkpoint == nil ? nil : $0.index } ?? SparseIndex()
    var expected = checkpoint?.offset ?? baseOffset
    var lastBatch = checkpoint?.lastBatch
    var damages: [Int64: Int64] = [:]
    var cut: Int64?
    func resume(_ at: Int64, _ reason: String) throws -> Int64 {
      let next = try expected < cutting.unflushed ? self.end(ofDamageAt: at, limit, expected, cutting) : limit
      guard next == limit, cutting.isLast || cutting.unflushed < .max else {
        damages[at] = next
        return try noteDamage(at: at, limit: limit, expected: expected, reason)
      }
      Log.warning("log", "\(path): cut off at byte \(at) of \(limit), offset \(expected) on: \(reason)")
      cut = at
      return limit
    }
    try scan(from: start, limit: limit) { at, header, bytes in
      var flaw = try flaw(of: header, at: at, limit: limit, expected: expected)
      if flaw == nil, CRC32C.checksum(bytes) != header.crc { flaw = "wrong CRC" }
      if flaw == nil, header.baseOffset > max(expected, cutting.unflushed) {
        flaw = "offset \(header.baseOffset) where \(expected) is due"
      }
      if let flaw { return try resume(at, flaw) }
      index.add(
        relativeLastOffset: Int32(header.lastOffset - baseOffset), position: Int32(at), size: header.size,
        maxTimestamp: header.maxTimestamp, interval: 4096)
      expected = header.lastOffset + 1
      lastBatch = at
      noting?(header, bytes)
      return at + Int64(header.size)
    } unreadable: { at in
      try resume(at, "\(limit - at) bytes are no batch")
    }
    if let cut {
      try setAside(from: cut, to: limit, expected: expected)
      try file.truncate(to: cut)
      try file.sync()
    }
    let end = cut ?? limit
    state.withLock { state in
      state.index = index
      state.size = end
      state.synced = min(state.synced, end)
      state.verifiedFrom = start
      state.lastBatch = lastBatch
      state.damage = damages
      if cutting.isLast { state.nextOffset = expected }
    }
    return expected
  }

  /// The offset after the last record, of a segment that was closed in order: only what follows the last index entry
  /// is looked at. Falls back to a look at everything.
  func endOfSealed() throws -> Int64 {
    let entry = try withIndex { $0.entry(before: .max) }
    var position = entry.map { Int64($0.position) } ?? 0
    var next = baseOffset
    var lastBatch: Int64?
    let limit = size
    while position < limit {
      guard case .batch(let header) = try step(at: position, limit: limit, expected: next) else {
        return try recover(Cutting(isLast: true), noting: nil)
      }
      lastBatch = position
      position += Int64(header.size)
      next = header.lastOffset + 1
    }
    state.withLock { state in
      state.nextOffset = next
      state.lastBatch = lastBatch
    }
    return next
  }

  /// Where reading can go on; not at a batch that is not the next one after what was flushed.
  private func end(ofDamageAt at: Int64, _ limit: Int64, _ expected: Int64, _ cutting: Cutting) throws -> Int64 {
    let next = try search(after: at, limit: limit, expected: expected)
    if next < limit, let header = try header(at: next), header.baseOffset > cutting.unflushed { return limit }
    return next
  }

  /// A whole batch, be its CRC right or wrong, may have been acknowledged: its bytes and what follows are kept beside
  /// the segment.
  private func setAside(from start: Int64, to limit: Int64, expected: Int64) throws {
    let isWhole = try header(at: start).map { $0.flaw == nil && Int64($0.size) <= limit - start } ?? false
    guard try isWhole || search(after: start, limit: limit, expected: expected) < limit else { return }
    let aside = "\(path).\(start).damaged"
    let part = try File("\(path).\(start)\(Self.unfinishedAside)", .truncate)
    var position = start
    while position < limit {
      let piece = try file.read(count: Int(min(Self.window, limit - position)), at: position)
      if piece.isEmpty { break }
      try part.write(piece, at: position - start)
      position += Int64(piece.count)
    }
    try part.sync()
    try Files.rename(part.path, to: aside)
    try Files.syncDirectory(Files.split(path).directory)
    Log.error("log", "\(path): what was cut off was moved to \(aside)")
  }

  /// A kill in the middle leaves such a file; the segment is still whole then.
  static let unfinishedAside = ".damaged.part"

  private static let window: Int64 = 1 << 20

  /// Reads the segment in large pieces and hands over batch after batch.
  private func scan(
    from start: Int64, limit: Int64, _ visit: (Int64, BatchHeader, UnsafeRawBufferPointer) throws -> Int64,
    unreadable: (Int64) throws -> Int64
  ) throws {
    var position = start
    var buffer: [UInt8] = []
    var bufferStart = start
    while position < limit {
      // At least the header, then the whole batch, has to be in the buffer.
      func fill(_ count: Int) throws {
        let offset = position - bufferStart
        if offset >= 0, offset + Int64(count) <= Int64(buffer.count) { return }
        bufferStart = position
        buffer = try file.read(count: Int(min(max(Self.window, Int64(count)), limit - position)), at: position)
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
  }
}
