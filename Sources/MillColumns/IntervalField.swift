/// A field of an interval type. Year and month make up one kind of interval, the others the other.
public enum IntervalField: Int, Sendable, Hashable, Comparable {
  case year, month, day, hour, minute, second

  public static func < (a: IntervalField, b: IntervalField) -> Bool { a.rawValue < b.rawValue }

  public var isYearMonth: Bool { self <= .month }

  /// `YEAR`
  public var name: String { "\(self)".uppercased() }

  /// How many months, or microseconds, it is.
  public var unit: Int64 {
    switch self {
    case .year: 12
    case .month: 1
    case .day: 86_400_000_000
    case .hour: 3_600_000_000
    case .minute: 60_000_000
    case .second: 1_000_000
    }
  }
}

extension DataType {
  /// The interval type with these fields, both of one kind.
  public static func interval(_ from: IntervalField, _ to: IntervalField) -> DataType {
    from.isYearMonth ? .yearMonthInterval(from: from, to: to) : .dayTimeInterval(from: from, to: to)
  }

  /// The first and the last field of an interval type.
  public var intervalFields: (from: IntervalField, to: IntervalField)? {
    switch self {
    case .yearMonthInterval(let from, let to), .dayTimeInterval(let from, let to): (from, to)
    default: nil
    }
  }
}
