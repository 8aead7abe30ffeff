import MillBase

/// Walking from batch to batch, past damage.
extension Segment {
  enum Step {
    case batch(BatchHeader)
    /// No batch can begin here; the next one does at `resume` (or the segment ends there).
    case damage(resume: Int64, reason: String)
    case end
  }

  /// Looks at the batch that should begin at `position`.
  ///
  /// - Parameters:
  ///   - limit: the size of the segment as published.
  ///   - expected: the offset after the batch before.
  func step(at position: Int64, limit: Int64, expected: Int64) throws -> Step {
    if position >= limit { return .end }
    if let resume = state.withLock({ $0.damage[position] }) { return .damage(resume: resume, reason: "known") }
    guard let header = try header(at: position) else {
      return try damaged(at: position, limit: limit, expected: expected, "\(limit - position) bytes are no batch")
    }
    if let flaw = try flaw(of: header, at: position, limit: limit, expected: expected) {
      return try damaged(at: position, limit: limit, expected: expected, flaw)
    }
    return .batch(header)
  }

  private func damaged(at position: Int64, limit: Int64, expected: Int64, _ reason: String) throws -> Step {
    .damage(resume: try noteDamage(at: position, limit: limit, expected: expected, reason), reason: reason)
  }

  func header(at position: Int64) throws -> BatchHeader? {
    try withUnsafeTemporaryAllocation(byteCount: BatchHeader.size, alignment: 8) { buffer in
      let count = try file.read(into: buffer, at: position)
      return count == BatchHeader.size ? BatchHeader(UnsafeRawBufferPointer(buffer)) : nil
    }
  }

  /// What the CRC does not cover has to make sense by its neighbours.
  func flaw(of header: BatchHeader, at position: Int64, limit: Int64, expected: Int64) throws -> String? {
    if let flaw = header.flaw { return flaw }
    if Int64(header.size) > limit - position { return "a batch of \(header.size) bytes breaks off" }
    if header.baseOffset == expected { return nil }
    if header.baseOffset < expected { return "offset \(header.baseOffset) where \(expected) is due" }
    // Compaction leaves gaps; a flipped bit makes one too, and then the next batch does not fit.
    if let next = try self.header(at: position + Int64(header.size)), next.flaw == nil,
      next.baseOffset <= header.lastOffset
    {
      return "offset \(header.baseOffset) where \(expected) is due"
    }
    // Nor may it reach into the next segment, where one is known.
    let nextOffset = nextOffset
    if nextOffset > baseOffset, header.lastOffset >= nextOffset {
      return "offset \(header.baseOffset) where \(expected) is due"
    }
    if header.lastOffset - baseOffset > Int64(Int32.max) { return "offset \(header.baseOffset)" }
    return nil
  }

  /// Writes damage down, once, and finds where reading can go on.
  func noteDamage(at position: Int64, limit: Int64, expected: Int64, _ reason: String) throws -> Int64 {
    if let known = state.withLock({ $0.damage[position] }) { return known }
    let resume = try search(after: position, limit: limit, expected: expected)
    state.withLock { $0.damage[position] = resume }
    Metrics.shared.counter("millrace_log_damaged_batches_total", help: "Damaged stretches found in segments").add()
    Log.error(
      "log",
      "\(path): damaged from byte \(position) to \(resume), offset \(expected) on: \(reason); reading goes on behind it"
    )
    return resume
  }

  /// The next position where a whole batch with a right CRC begins; `limit` when there is none.
  func search(after position: Int64, limit: Int64, expected: Int64) throws -> Int64 {
    let window = 256 << 10
    var start = position + 1
    while limit - start >= Int64(BatchHeader.size) {
      let bytes = try file.read(count: Int(min(Int64(window), limit - start)), at: start)
      let found: Int64? = try bytes.withUnsafeBytes { raw in
        for index in 0..<max(0, raw.count - BatchHeader.size + 1) where raw[index + BatchHeader.magicPosition] == 2 {
          guard let header = BatchHeader(raw, at: index), header.flaw == nil, header.baseOffset >= expected,
            header.baseOffset - baseOffset <= Int64(Int32.max), Int64(header.size) <= limit - start - Int64(index)
          else { continue }
          if try hasRightCRC(header, at: start + Int64(index)) { return start + Int64(index) }
        }
        return nil
      }
      if let found { return found }
      start += Int64(max(1, bytes.count - BatchHeader.size + 1))
    }
    return limit
  }

  func hasRightCRC(_ header: BatchHeader, at position: Int64) throws -> Bool {
    let covered = header.size - BatchHeader.crcStart
    let bytes = try file.read(count: covered, at: position + Int64(BatchHeader.crcStart))
    return bytes.count == covered && bytes.withUnsafeBytes { CRC32C.checksum($0) } == header.crc
  }

  /// Where to begin looking: behind the last batch before the offset on which the index and the file agree.
  private func start(before relativeOffset: Int64, limit: Int64) throws -> (position: Int64, expected: Int64) {
    var bound = relativeOffset
    while let entry = try withIndex({ $0.entry(before: bound) }) {
      let last = baseOffset + Int64(entry.relativeOffset)
      if entry.position >= 0, let header = try header(at: Int64(entry.position)), header.flaw == nil,
        header.lastOffset == last
      {
        let end = Int64(entry.position) + Int64(header.size)
        if end == limit { return (end, last + 1) }
        if let next = try self.header(at: end), next.flaw == nil, next.baseOffset > last { return (end, last + 1) }
      }
      bound = Int64(entry.relativeOffset)
    }
    return (0, baseOffset)
  }

  /// The first batch that ends at or after the offset; nil when this segment has none.
  func find(_ offset: Int64, limit: Int64) throws -> (position: Int64, header: BatchHeader)? {
    var (position, expected) = try start(before: offset - baseOffset, limit: limit)
    while true {
      switch try step(at: position, limit: limit, expected: expected) {
      case .end: return nil
      case .damage(let resume, _): position = resume
      case .batch(let header):
        if header.lastOffset >= offset { return (position, header) }
        position += Int64(header.size)
        expected = header.lastOffset + 1
      }
    }
  }
}
