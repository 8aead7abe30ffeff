import MillColumns

/// A row's values as bytes that are equal when Spark calls the values equal: nulls are, NaN is, −0.0 is 0.0.
enum KeyBytes {
  static func append(_ column: Column, _ row: Int, to key: inout [UInt8]) {
    if column.isNull(row) { return key.append(0) }
    key.append(1)
    switch column.type {
    case .null: break
    case .boolean: key.append(column.fixed(row, as: UInt8.self))
    case .byte: append(column.fixed(row, as: Int8.self), to: &key)
    case .short: append(column.fixed(row, as: Int16.self), to: &key)
    case .integer, .date, .yearMonthInterval: append(column.fixed(row, as: Int32.self), to: &key)
    case .long, .timestamp, .dayTimeInterval: append(column.fixed(row, as: Int64.self), to: &key)
    case .decimal: append(column.fixed(row, as: Int128.self), to: &key)
    case .float: append(bits(column.fixed(row, as: Float.self)), to: &key)
    case .double: append(bits(column.fixed(row, as: Double.self)), to: &key)
    case .string, .binary:
      column.withBytes(row) { bytes in
        append(Int32(bytes.count), to: &key)
        key.append(contentsOf: bytes)
      }
    case .array, .map:
      let elements = column.offset(row)..<column.offset(row + 1)
      append(Int32(elements.count), to: &key)
      for element in elements { for child in column.children { append(child, element, to: &key) } }
    case .struct: for child in column.children { append(child, row, to: &key) }
    }
  }

  private static func append<T: BitwiseCopyable>(_ value: T, to key: inout [UInt8]) {
    withUnsafeBytes(of: value) { key.append(contentsOf: $0) }
  }

  @inline(__always)
  static func bits(_ value: Float) -> UInt32 { value.isNaN ? Float.nan.bitPattern : value == 0 ? 0 : value.bitPattern }

  @inline(__always)
  static func bits(_ value: Double) -> UInt64 {
    value.isNaN ? Double.nan.bitPattern : value == 0 ? 0 : value.bitPattern
  }

  /// - Returns: a number whose upper half is well mixed.
  @inline(__always)
  static func hash(_ key: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    let bytes = UnsafeRawPointer(key)
    var hash = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: count)
    var at = 0
    while count - at >= 8 {
      hash = mix(hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      at += 8
    }
    var rest: UInt64 = 0
    if count - at >= 4 {
      rest = UInt64(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
      rest |= UInt64(bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)) << 32
    } else {
      while at < count {
        rest = rest << 8 | UInt64(key[at])
        at += 1
      }
    }
    return mix(hash ^ rest)
  }

  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    let (high, low) = (value ^ 0xE703_7ED1_A0B4_28DB).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
    return high ^ low
  }

  @inline(__always)
  static func isEqual(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let (x, y) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    guard count >= 8 else {
      for index in 0..<count where a[index] != b[index] { return false }
      return true
    }
    var at = 0
    while at < count - 8 {
      if x.loadUnaligned(fromByteOffset: at, as: UInt64.self) != y.loadUnaligned(fromByteOffset: at, as: UInt64.self) {
        return false
      }
      at += 8
    }
    // The last word overlaps the one before.
    return x.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
      == y.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
  }

  @inline(__always)
  static func copy(_ from: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, _ count: Int) {
    let (x, y) = (UnsafeRawPointer(from), UnsafeMutableRawPointer(target))
    guard count >= 8 else {
      for index in 0..<count { target[index] = from[index] }
      return
    }
    var at = 0
    while at < count - 8 {
      y.storeBytes(of: x.loadUnaligned(fromByteOffset: at, as: UInt64.self), toByteOffset: at, as: UInt64.self)
      at += 8
    }
    y.storeBytes(
      of: x.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self), toByteOffset: count - 8, as: UInt64.self)
  }
}
