import MillColumns

/// Keys → numbers from 0 on, in the order of their first appearance: the groups of an aggregation, the keys of a join,
/// the values that DISTINCT has seen.
///
/// Keys are bytes in one piece of memory (``KeyBytes``), found by open addressing: no allocation for a row.
struct KeyTable {
  private var bytes: [UInt8] = []
  /// Where key `n` ends in `bytes`.
  private var ends: [Int] = []
  private var hashes: [UInt64] = []
  /// Key number + 1, or 0.
  private var slots = [Int32](repeating: 0, count: 16)

  var count: Int { ends.count }

  /// The key's number; nil when it is not there.
  func find(_ key: [UInt8]) -> Int? {
    let hash = Self.hash(key)
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      if hashes[number] == hash, isEqual(number, key) { return number }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// The key's number, and whether it is new.
  mutating func insert(_ key: [UInt8]) -> (number: Int, isNew: Bool) {
    if (count + 1) * 2 > slots.count { grow() }
    let hash = Self.hash(key)
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      if hashes[number] == hash, isEqual(number, key) { return (number, false) }
      slot = (slot + 1) & (slots.count - 1)
    }
    bytes += key
    ends.append(bytes.count)
    hashes.append(hash)
    slots[slot] = Int32(count)
    return (count - 1, true)
  }

  private func isEqual(_ number: Int, _ key: [UInt8]) -> Bool {
    let start = number == 0 ? 0 : ends[number - 1]
    guard ends[number] - start == key.count else { return false }
    for index in key.indices where bytes[start + index] != key[index] { return false }
    return true
  }

  private mutating func grow() {
    slots = [Int32](repeating: 0, count: slots.count * 2)
    for (number, hash) in hashes.enumerated() {
      var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(number + 1)
    }
  }

  private static func hash(_ key: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash ^ (hash >> 29)
  }
}

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
    case .float:
      let value = column.fixed(row, as: Float.self)
      append(value.isNaN ? Float.nan.bitPattern : value == 0 ? 0 : value.bitPattern, to: &key)
    case .double:
      let value = column.fixed(row, as: Double.self)
      append(value.isNaN ? Double.nan.bitPattern : value == 0 ? 0 : value.bitPattern, to: &key)
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
}
