/// One value of a column: convenient and slow. For tests, tables, constants and messages, not for the hot path.
public enum Value: Sendable, Hashable {
  case null
  case boolean(Bool)
  /// byte, short, integer and long; an interval's months or microseconds.
  case integer(Int64)
  case float(Float)
  case double(Double)
  case decimal(unscaled: Int128, scale: Int)
  case string(String)
  case binary([UInt8])
  /// Days since 1970-01-01.
  case date(Int32)
  /// Microseconds since 1970-01-01T00:00:00Z.
  case timestamp(Int64)
  case array([Value])
  case map([Entry])
  /// In the order of the schema.
  case `struct`([Value])

  public struct Entry: Sendable, Hashable {
    public var key: Value
    public var value: Value
    public init(_ key: Value, _ value: Value) {
      self.key = key
      self.value = value
    }
  }
}

extension Column {
  /// The value of a row. Strings that are not UTF-8 get U+FFFD in place of what is wrong.
  public func value(_ row: Int) -> Value {
    precondition(row >= 0 && row < count, "row \(row) of \(count)")
    if isNull(row) { return .null }
    switch type {
    case .null: return .null
    case .boolean: return .boolean(fixed(row, as: UInt8.self) != 0)
    case .byte: return .integer(Int64(fixed(row, as: Int8.self)))
    case .short: return .integer(Int64(fixed(row, as: Int16.self)))
    case .integer, .yearMonthInterval: return .integer(Int64(fixed(row, as: Int32.self)))
    case .long, .dayTimeInterval: return .integer(fixed(row, as: Int64.self))
    case .float: return .float(fixed(row, as: Float.self))
    case .double: return .double(fixed(row, as: Double.self))
    case .decimal(_, let scale): return .decimal(unscaled: fixed(row, as: Int128.self), scale: scale)
    case .string: return .string(withBytes(row) { String(decoding: $0, as: UTF8.self) })
    case .binary: return .binary(withBytes(row) { Array($0) })
    case .date: return .date(fixed(row, as: Int32.self))
    case .timestamp: return .timestamp(fixed(row, as: Int64.self))
    case .array: return .array((offset(row)..<offset(row + 1)).map { children[0].value($0) })
    case .map:
      return .map((offset(row)..<offset(row + 1)).map { .init(children[0].value($0), children[1].value($0)) })
    case .struct: return .struct(children.map { $0.value(row) })
    }
  }

  /// All values, for tests.
  public var allValues: [Value] { (0..<count).map { value($0) } }

  /// The same value in every row.
  public static func repeating(_ value: Value, type: DataType, count: Int) -> Column {
    var one = ColumnBuilder(type)
    one.append(value)
    return one.finish().take([Int32](repeating: 0, count: count))
  }

  /// A column from values.
  public convenience init(_ type: DataType, _ values: [Value]) {
    var builder = ColumnBuilder(type, capacity: values.count)
    for value in values { builder.append(value) }
    self.init(moving: builder.finish())
  }

  private convenience init(moving other: Column) {
    self.init(
      other.type, count: other.count, validity: other.validity, values: other.values, offsets: other.offsets,
      children: other.children)
  }
}
