/// The time part of a WHERE clause, taken out of it. Both ends included, nil = open.
struct TimeRange {
  var min: Int64?
  var max: Int64?

  mutating func intersect(_ other: TimeRange) {
    if let low = other.min { min = Swift.max(min ?? low, low) }
    if let high = other.max { max = Swift.min(max ?? high, high) }
  }
}

/// Splits WHERE into the time range and the rest. As InfluxDB does it, times narrow the range wherever they stand,
/// within an OR too.
struct ConditionSplitter {
  let now: Int64
  let zone: TimeZone

  func split(_ condition: Expression?) throws -> (TimeRange, Expression?) {
    guard let condition else { return (TimeRange(), nil) }
    switch condition {
    case .parenthesis(let inner):
      let (range, rest) = try split(inner)
      return (range, rest.map { .parenthesis($0) })
    case .binary(let symbol, let left, let right) where symbol == .and || symbol == .or:
      var (range, leftRest) = try split(left)
      let (rightRange, rightRest) = try split(right)
      range.intersect(rightRange)
      if let leftRest, let rightRest { return (range, .binary(symbol, leftRest, rightRest)) }
      return (range, leftRest ?? rightRest)
    case .binary(let symbol, let left, let right) where symbol.isComparison:
      if Self.isTime(left.bare) { return (try range(symbol, right), nil) }
      if Self.isTime(right.bare) { return (try range(Self.mirrored(symbol), left), nil) }
      return (TimeRange(), condition)
    case .boolean: return (TimeRange(), condition)
    default: throw InfluxQLError("invalid condition expression: \(condition.text)")
    }
  }

  private static func isTime(_ expression: Expression) -> Bool {
    if case .reference(let name, _) = expression { name.lowercased() == "time" } else { false }
  }

  private static func mirrored(_ symbol: Expression.Operator) -> Expression.Operator {
    switch symbol {
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    default: symbol
    }
  }

  private func range(_ symbol: Expression.Operator, _ side: Expression) throws -> TimeRange {
    let time: Int64
    switch try value(side) {
    case .time(let value), .duration(let value): time = value
    case .number(let value):
      guard let whole = Int64(exactly: value.rounded(.towardZero)) else { throw incompatible(side) }
      time = whole
    }
    switch symbol {
    case .greater: return TimeRange(min: time == .max ? time : time + 1)
    case .greaterOrEqual: return TimeRange(min: time)
    case .less: return TimeRange(max: time == .min ? time : time - 1)
    case .lessOrEqual: return TimeRange(max: time)
    case .equal: return TimeRange(min: time, max: time)
    default: throw InfluxQLError("invalid time comparison operator: \(symbol.rawValue)")
    }
  }

  private enum Constant {
    case time(Int64)
    case duration(Int64)
    case number(Double)
  }

  private func value(_ expression: Expression) throws -> Constant {
    switch expression {
    case .integer(let value): return .duration(value)
    case .number(let value): return .number(value)
    case .duration(let value): return .duration(value)
    case .parenthesis(let inner): return try value(inner)
    case .string(let text):
      guard let time = InfluxTime.parse(text, zone: zone) else { throw incompatible(expression) }
      return .time(time)
    case .call("now", let arguments) where arguments.isEmpty: return .time(now)
    case .binary(let symbol, let left, let right):
      guard let a = try? value(left), let b = try? value(right) else { throw incompatible(expression) }
      switch (symbol, a, b) {
      case (.add, .time(let a), .duration(let b)), (.add, .duration(let a), .time(let b)):
        return .time(a.addingClamped(b))
      case (.subtract, .time(let a), .duration(let b)): return .time(a.addingClamped(0 &- b))
      case (.add, .duration(let a), .duration(let b)): return .duration(a.addingClamped(b))
      case (.subtract, .duration(let a), .duration(let b)): return .duration(a.addingClamped(0 &- b))
      case (.multiply, .duration(let a), .duration(let b)):
        let (product, isOver) = a.multipliedReportingOverflow(by: b)
        if !isOver { return .duration(product) }
      case (.divide, .duration(let a), .duration(let b)) where b != 0: return .duration(a / b)
      default: break
      }
      throw incompatible(expression)
    default: throw incompatible(expression)
    }
  }

  /// InfluxDB names the Go type of the operand.
  private func incompatible(_ expression: Expression) -> InfluxQLError {
    let type =
      switch expression {
      case .string: "StringLiteral"
      case .reference: "VarRef"
      case .call: "Call"
      case .boolean: "BooleanLiteral"
      case .number: "NumberLiteral"
      default: "BinaryExpr"
      }
    return InfluxQLError("invalid operation: time and *influxql.\(type) are not compatible")
  }
}

extension Int64 {
  /// Stays at the end of the range instead of overflowing.
  func addingClamped(_ other: Int64) -> Int64 {
    let (sum, isOver) = addingReportingOverflow(other)
    return isOver ? (other > 0 ? .max : .min) : sum
  }
}
