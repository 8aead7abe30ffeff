/// Which rows hold a value: bit `row & 7` of byte `row >> 3` is 1 (Arrow's validity bitmap).
public struct ValidityBuilder: ~Copyable {
  private var bits: BufferBuilder
  /// Rows so far.
  public private(set) var count = 0
  public private(set) var nullCount = 0

  public init(capacity: Int = 0) { bits = BufferBuilder(capacity: (capacity + 7) / 8) }

  public mutating func append(_ isValid: Bool) {
    if count & 7 == 0 { bits.append(UInt8(0)) }
    if isValid {
      bits.base.advanced(by: count >> 3).assumingMemoryBound(to: UInt8.self).pointee |= 1 << UInt8(count & 7)
    } else {
      nullCount += 1
    }
    count += 1
  }

  public mutating func append(_ isValid: Bool, times: Int) {
    for _ in 0..<times { append(isValid) }
  }

  /// nil when no row is null. The builder is empty afterwards.
  public mutating func take() -> Buffer? {
    defer {
      count = 0
      nullCount = 0
    }
    let buffer = bits.take()
    return nullCount == 0 ? nil : buffer
  }
}

/// Reading and combining validity bitmaps.
public enum Validity {
  @inlinable public static func isValid(_ bits: UnsafePointer<UInt8>, _ row: Int) -> Bool {
    bits[row >> 3] & (1 << UInt8(row & 7)) != 0
  }

  /// How many of the rows are null.
  public static func nullCount(_ bits: Buffer?, rows: Int) -> Int {
    guard let bits else { return 0 }
    let bytes = bits.pointer(UInt8.self)
    var valid = 0
    for byte in 0..<(rows >> 3) { valid += bytes[byte].nonzeroBitCount }
    if rows & 7 != 0 { valid += (bytes[rows >> 3] & ((1 << UInt8(rows & 7)) - 1)).nonzeroBitCount }
    return rows - valid
  }

  /// Rows that are valid in both; nil = all rows are valid.
  public static func and(_ first: Buffer?, _ second: Buffer?, rows: Int) -> Buffer? {
    guard let first else { return second }
    guard let second else { return first }
    let (a, b) = (first.pointer(UInt8.self), second.pointer(UInt8.self))
    var result = BufferBuilder(capacity: (rows + 7) / 8)
    for byte in 0..<(rows + 7) / 8 { result.append(a[byte] & b[byte]) }
    return result.take()
  }

  /// The bits of `count` rows from `start` on, beginning at bit 0 again.
  static func slice(_ bits: Buffer, from start: Int, count: Int) -> Buffer {
    let byteCount = (count + 7) / 8
    if start & 7 == 0 { return Buffer(bits, from: start >> 3, count: byteCount) }
    let bytes = bits.pointer(UInt8.self) + (start >> 3)
    let shift = UInt8(start & 7)
    var result = BufferBuilder(capacity: byteCount)
    // The byte after the last one may be read: buffers have slack.
    for byte in 0..<byteCount { result.append(bytes[byte] >> shift | bytes[byte + 1] << (8 - shift)) }
    return result.take()
  }
}
