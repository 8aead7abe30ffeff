/// A column type, with Spark SQL's names.
public indirect enum DataType: Sendable, Hashable {
  /// The type of a bare NULL.
  case null
  case boolean
  case byte
  case short
  case integer
  case long
  case float
  case double
  case decimal(precision: Int, scale: Int)
  case string
  case binary
  /// Days since 1970-01-01 (Int32).
  case date
  /// Microseconds since 1970-01-01T00:00:00Z (Int64).
  case timestamp
  /// Months (Int32), shown from the first to the last of these fields: year, month.
  case yearMonthInterval(from: IntervalField, to: IntervalField)
  /// Microseconds (Int64): day, hour, minute, second.
  case dayTimeInterval(from: IntervalField, to: IntervalField)
  case array(DataType)
  case map(key: DataType, value: DataType)
  case `struct`(Schema)
}

/// Named, typed columns in their order. Names may repeat (as in Spark) and are case sensitive.
public struct Schema: Sendable, Hashable {
  public struct Column: Sendable, Hashable {
    public var name: String
    public var type: DataType
    public init(_ name: String, _ type: DataType) {
      self.name = name
      self.type = type
    }
  }
  public var columns: [Column]
  public init(_ columns: [Column]) { self.columns = columns }
  public var count: Int { columns.count }
  public func index(of name: String) -> Int? { columns.firstIndex { $0.name == name } }
}
