/// Reads big-endian integers and varints from memory that others wrote: never past the end, nil instead.
///
/// Holds a bare pointer for speed: it must not outlive the `withUnsafeBytes` it was made in.
struct ByteReader {
  let base: UnsafeRawPointer
  let end: Int
  var position: Int

  /// Reads `bytes` from `position` up to (not including) `end`.
  init(_ bytes: UnsafeRawBufferPointer, from position: Int = 0, to end: Int? = nil) {
    let last = end ?? bytes.count
    precondition(position >= 0 && position <= last && last <= bytes.count, "reader outside its buffer")
    // An empty buffer may have no address; nothing is read from it then.
    base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
    self.end = last
    self.position = position
  }

  var remaining: Int { end - position }

  mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer? {
    guard remaining >= MemoryLayout<Integer>.size else { return nil }
    defer { position += MemoryLayout<Integer>.size }
    return Integer(bigEndian: base.loadUnaligned(fromByteOffset: position, as: Integer.self))
  }

  /// Zig-zag varint of at most ten bytes.
  @inline(__always)
  mutating func varint() -> Int64? {
    guard position < end else { return nil }
    let first = base.load(fromByteOffset: position, as: UInt8.self)
    if first < 0x80 {
      position += 1
      return Int64(first >> 1) ^ -Int64(first & 1)
    }
    return longVarint()
  }

  private mutating func longVarint() -> Int64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end, shift < 64 {
      let byte = base.load(fromByteOffset: position, as: UInt8.self)
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
      shift += 7
    }
    return nil
  }

  /// Moves on by so many bytes; false when there are not so many.
  @inline(__always)
  mutating func skip(_ count: Int) -> Bool {
    guard count >= 0, count <= remaining else { return false }
    position += count
    return true
  }
}
