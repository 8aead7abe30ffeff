import Glibc
import MillColumns

/// Spark's order of values: null first, NaN last and equal to itself, −0.0 equal to 0.0, text by bytes.
enum Ordering {
  static func compare(_ a: Bytes, _ b: Bytes) -> Int {
    compare(UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b))
  }

  static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    let shorter = min(a.count, b.count)
    if shorter > 0 {
      let order = memcmp(a.baseAddress!, b.baseAddress!, shorter)
      if order != 0 { return Int(order) }
    }
    return a.count - b.count
  }

  static func compare(_ a: Column, _ i: Int, _ b: Column, _ j: Int) -> Int {
    switch (a.isNull(i), b.isNull(j)) {
    case (true, true): return 0
    case (true, false): return -1
    case (false, true): return 1
    default: break
    }
    switch a.type {
    case .null: return 0
    case .boolean: return order(a.fixed(i, as: UInt8.self), b.fixed(j, as: UInt8.self))
    case .byte: return order(a.fixed(i, as: Int8.self), b.fixed(j, as: Int8.self))
    case .short: return order(a.fixed(i, as: Int16.self), b.fixed(j, as: Int16.self))
    case .integer, .date, .yearMonthInterval: return order(a.fixed(i, as: Int32.self), b.fixed(j, as: Int32.self))
    case .long, .timestamp, .dayTimeInterval: return order(a.fixed(i, as: Int64.self), b.fixed(j, as: Int64.self))
    case .decimal: return order(a.fixed(i, as: Int128.self), b.fixed(j, as: Int128.self))
    case .float: return order(Double(a.fixed(i, as: Float.self)), Double(b.fixed(j, as: Float.self)))
    case .double: return order(a.fixed(i, as: Double.self), b.fixed(j, as: Double.self))
    case .string, .binary:
      return a.withBytes(i) { x in b.withBytes(j) { y in compare(x, y) } }
    case .array, .map:
      let (x, y) = (a.offset(i)..<a.offset(i + 1), b.offset(j)..<b.offset(j + 1))
      for (m, n) in zip(x, y) {
        for (left, right) in zip(a.children, b.children) {
          let order = compare(left, m, right, n)
          if order != 0 { return order }
        }
      }
      return x.count - y.count
    case .struct:
      for (left, right) in zip(a.children, b.children) {
        let order = compare(left, i, right, j)
        if order != 0 { return order }
      }
      return 0
    }
  }

  private static func order<T: Comparable>(_ a: T, _ b: T) -> Int { a < b ? -1 : a == b ? 0 : 1 }

  private static func order(_ a: Double, _ b: Double) -> Int {
    switch (a.isNaN, b.isNaN) {
    case (true, true): 0
    case (true, false): 1
    case (false, true): -1
    default: a < b ? -1 : a == b ? 0 : 1
    }
  }
}
