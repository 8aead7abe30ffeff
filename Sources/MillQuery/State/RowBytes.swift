import MillColumns

/// Rows as bytes, as the state keeps them: a byte that says whether there is a value, then the value. Whole numbers are
/// zigzag varints (a small count takes two bytes), timestamps have 8 bytes always, so that the state's event time lies
/// at a fixed place.
enum RowBytes {
  /// - Parameter isKey: values that Spark's groups take for equal get the same bytes: NaN is NaN, −0.0 is 0.0.
  static func append(_ column: Column, _ row: Int, isKey: Bool = false, to bytes: inout [UInt8]) {
    if column.isNull(row) { return bytes.append(0) }
    bytes.append(1)
    switch column.type {
    case .null: break
    case .boolean: bytes.append(column.fixed(row, as: UInt8.self))
    case .byte: append(Int64(column.fixed(row, as: Int8.self)), to: &bytes)
    case .short: append(Int64(column.fixed(row, as: Int16.self)), to: &bytes)
    case .integer, .date, .yearMonthInterval: append(Int64(column.fixed(row, as: Int32.self)), to: &bytes)
    case .long, .dayTimeInterval: append(column.fixed(row, as: Int64.self), to: &bytes)
    case .timestamp: append(fixed: column.fixed(row, as: Int64.self), to: &bytes)
    case .decimal: append(column.fixed(row, as: Int128.self), to: &bytes)
    case .float:
      let value = column.fixed(row, as: Float.self)
      append(fixed: isKey ? (value.isNaN ? Float.nan : value + 0).bitPattern : value.bitPattern, to: &bytes)
    case .double:
      let value = column.fixed(row, as: Double.self)
      append(fixed: isKey ? (value.isNaN ? Double.nan : value + 0).bitPattern : value.bitPattern, to: &bytes)
    case .string, .binary:
      column.withBytes(row) { text in
        append(unsigned: UInt64(text.count), to: &bytes)
        bytes.append(contentsOf: text)
      }
    case .array, .map:
      let elements = column.offset(row)..<column.offset(row + 1)
      append(unsigned: UInt64(elements.count), to: &bytes)
      for element in elements { for child in column.children { append(child, element, isKey: isKey, to: &bytes) } }
    case .struct: for child in column.children { append(child, row, isKey: isKey, to: &bytes) }
    }
  }

  // MARK: Numbers

  private static func append<T: FixedWidthInteger & SignedInteger>(_ value: T, to bytes: inout [UInt8])
  where T.Magnitude: FixedWidthInteger {
    append(unsigned: T.Magnitude(truncatingIfNeeded: value << 1 ^ value >> (T.bitWidth - 1)), to: &bytes)
  }

  static func append<T: FixedWidthInteger & UnsignedInteger>(unsigned value: T, to bytes: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private static func append<T: FixedWidthInteger>(fixed value: T, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}

/// Reads what ``RowBytes`` wrote, value by value.
struct RowReader {
  private var at: UnsafeRawPointer

  init(_ bytes: UnsafeRawBufferPointer) { at = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)! }

  mutating func read(into builder: inout ColumnBuilder) {
    guard byte() == 1 else { return builder.appendNull() }
    switch builder.type {
    case .null: builder.appendNull()
    case .boolean: builder.append(fixed: byte())
    case .byte: builder.append(fixed: Int8(truncatingIfNeeded: long()))
    case .short: builder.append(fixed: Int16(truncatingIfNeeded: long()))
    case .integer, .date, .yearMonthInterval: builder.append(fixed: Int32(truncatingIfNeeded: long()))
    case .long, .dayTimeInterval: builder.append(fixed: long())
    case .timestamp: builder.append(fixed: fixed(Int64.self))
    case .decimal:
      let zigzag = unsigned(UInt128.self)
      builder.append(fixed: Int128(truncatingIfNeeded: zigzag >> 1) ^ -Int128(truncatingIfNeeded: zigzag & 1))
    case .float: builder.append(fixed: Float(bitPattern: fixed(UInt32.self)))
    case .double: builder.append(fixed: Double(bitPattern: fixed(UInt64.self)))
    case .string, .binary:
      let count = Int(unsigned(UInt64.self))
      builder.append(bytes: UnsafeRawBufferPointer(start: at, count: count))
      at += count
    case .array, .map:
      let children = builder.children
      for _ in 0..<unsigned(UInt64.self) { for child in children { read(into: &child.builder) } }
      builder.closeRow()
    case .struct:
      for child in builder.children { read(into: &child.builder) }
      builder.closeRow()
    }
  }

  private mutating func byte() -> UInt8 {
    defer { at += 1 }
    return at.load(as: UInt8.self)
  }

  private mutating func fixed<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> T {
    defer { at += MemoryLayout<T>.size }
    return T(littleEndian: at.loadUnaligned(as: T.self))
  }

  private mutating func long() -> Int64 {
    let zigzag = unsigned(UInt64.self)
    return Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
  }

  mutating func unsigned<T: FixedWidthInteger & UnsignedInteger>(_: T.Type) -> T {
    var (value, shift): (T, T) = (0, 0)
    while true {
      let next = byte()
      value |= T(next & 0x7F) << shift
      if next < 0x80 { return value }
      shift += 7
    }
  }
}
