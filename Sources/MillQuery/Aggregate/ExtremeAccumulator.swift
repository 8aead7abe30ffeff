import MillColumns

/// Values of fixed width in Spark's order (``Ordering``).
protocol Ordered: Fixed {
  static func isLess(_ a: Self, _ b: Self) -> Bool
}

extension Ordered where Self: FixedWidthInteger {
  @inline(__always) static func isLess(_ a: Self, _ b: Self) -> Bool { a < b }
}

extension Ordered where Self: BinaryFloatingPoint {
  /// NaN is the greatest.
  @inline(__always) static func isLess(_ a: Self, _ b: Self) -> Bool { a < b || (b.isNaN && !a.isNaN) }
}

extension UInt8: Ordered {}
extension Int8: Ordered {}
extension Int16: Ordered {}
extension Int32: Ordered {}
extension Int64: Ordered {}
extension Int128: Ordered {}
extension Float: Ordered {}
extension Double: Ordered {}

/// min, max, bool_and, bool_or of values of fixed width. Of equal ones the first stays (0.0 or −0.0).
///
/// The class is not generic: witnesses of generic classes are never specialised. The loops are.
///
/// @unchecked: one lane has it at a time.
final class ExtremeAccumulator: KeptAccumulator, @unchecked Sendable {
  private let type: DataType
  private let width: Int
  private let isGreatest: Bool
  /// A value of the type's width for every group.
  private var values = KeyMemory<UInt8>()
  /// 1 where there is a value.
  private var counts: [Int64] = []

  /// - Parameter type: has a width.
  init(_ type: DataType, width: Int, isGreatest: Bool) {
    self.type = type
    self.width = width
    self.isGreatest = isGreatest
  }

  func grow(to groups: Int) {
    let more = (groups - counts.count) * width
    if more <= 0 { return }
    values.reserve(more)
    (values.base + values.count).update(repeating: 0, count: more)
    values.advance(by: more)
    counts.grow(to: groups, 0)
  }

  func update(_ arguments: [Column], rows: [Int32], groups: [Int32]) {
    choose(from: arguments[0], rows: rows, groups: groups)
  }

  func merge(_ other: any Accumulator, groups: [Int32]) {
    let other = other as! ExtremeAccumulator
    choose(from: other.result(), rows: other.counts.indices.map { Int32($0) }, groups: groups)
  }

  private func choose(from column: Column, rows: [Int32], groups: [Int32]) {
    switch width {
    case 1 where type == .boolean: choose(UInt8.self, column, rows, groups)
    case 1: choose(Int8.self, column, rows, groups)
    case 2: choose(Int16.self, column, rows, groups)
    case 4 where type == .float: choose(Float.self, column, rows, groups)
    case 4: choose(Int32.self, column, rows, groups)
    case 8 where type == .double: choose(Double.self, column, rows, groups)
    case 8: choose(Int64.self, column, rows, groups)
    default: choose(Int128.self, column, rows, groups)
    }
  }

  @inline(__always)
  private func choose<T: Ordered>(_: T.Type, _ column: Column, _ rows: [Int32], _ groups: [Int32]) {
    let isGreatest = isGreatest
    let values = UnsafeMutableRawPointer(values.base).assumingMemoryBound(to: T.self)
    counts.withUnsafeMutableBufferPointer { counts in
      column.forEachValue(T.self, rows: rows, groups: groups) { value, group in
        let current = values[group]
        let wins = isGreatest ? T.isLess(current, value) : T.isLess(value, current)
        if wins || counts[group] == 0 {
          values[group] = value
          counts[group] = 1
        }
      }
    }
  }

  func result() -> Column {
    var validity = ValidityBuilder(capacity: counts.count)
    for count in counts { validity.append(count > 0) }
    let bytes = Buffer(copying: UnsafeRawBufferPointer(start: values.base, count: values.count))
    return Column(type, count: counts.count, validity: validity.take(), values: bytes)
  }

  /// As ``PickAccumulator`` has them.
  var bufferTypes: [DataType] { [type, .boolean] }
  func buffers() -> [Column] { [result(), Column(.boolean, counts.map { .boolean($0 > 0) })] }
  func merge(buffers: [Column], groups: [Int32]) {
    choose(from: buffers[0], rows: groups.indices.map { Int32($0) }, groups: groups)
  }
}

/// min and max for any type.
enum Extremes {
  static func accumulator(isGreatest: Bool, _ type: DataType) -> any Accumulator {
    if let width = type.width { return ExtremeAccumulator(type, width: width, isGreatest: isGreatest) }
    return PickAccumulator(isGreatest ? .greatest : .least, [type])
  }
}
