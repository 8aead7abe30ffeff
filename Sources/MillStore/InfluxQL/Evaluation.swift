import Glibc

/// Evaluates expressions over one row: arithmetic and conditions.
enum Evaluation {
  /// - Parameter lookup: the value of a field or tag.
  static func value(_ expression: Expression, _ lookup: (String) -> FieldValue) -> FieldValue {
    switch expression {
    case .reference(let name, let cast): converted(lookup(name), to: cast)
    case .parenthesis(let inner): value(inner, lookup)
    case .number(let number): .float(number)
    case .integer(let integer): .integer(integer)
    case .string(let text): .string(text)
    case .boolean(let flag): .boolean(flag)
    case .duration(let nanoseconds): .integer(nanoseconds)
    case .binary(let symbol, let left, let right):
      if case .regex(let pattern) = right {
        matches(symbol, value(left, lookup), pattern)
      } else {
        binary(symbol, value(left, lookup), value(right, lookup))
      }
    default: .null
    }
  }

  private static func matches(_ symbol: Expression.Operator, _ left: FieldValue, _ pattern: Pattern) -> FieldValue {
    guard case .string(let text) = left else { return .boolean(false) }
    return .boolean(pattern.matches(text) == (symbol == .matches))
  }

  private static func converted(_ value: FieldValue, to type: String?) -> FieldValue {
    switch (type, value) {
    case ("integer", .float(let number)): .integer(Int64(number.rounded(.towardZero).clamped))
    case ("float", .integer(let integer)): .float(Double(integer))
    case ("float", .float), ("integer", .integer), ("string", .string), ("boolean", .boolean): value
    case (nil, _), ("field", _), ("tag", _): value
    default: .null
    }
  }

  static func binary(_ symbol: Expression.Operator, _ left: FieldValue, _ right: FieldValue) -> FieldValue {
    switch (left, right) {
    case (.boolean(let a), .boolean(let b)):
      switch symbol {
      case .and, .bitAnd: return .boolean(a && b)
      case .or, .bitOr: return .boolean(a || b)
      case .equal: return .boolean(a == b)
      case .notEqual, .bitXor: return .boolean(a != b)
      default: return .null
      }
    case (.integer(let a), .integer(let b)): return integers(symbol, a, b)
    case (.string(let a), .string(let b)):
      switch symbol {
      case .equal: return .boolean(a == b)
      case .notEqual: return .boolean(a != b)
      default: return symbol.isComparison ? .boolean(false) : .null
      }
    default:
      if let a = left.number, let b = right.number { return floats(symbol, a, b) }
      // What can't be compared is not equal, and not unequal either.
      return symbol.isComparison ? .boolean(false) : .null
    }
  }

  private static func integers(_ symbol: Expression.Operator, _ a: Int64, _ b: Int64) -> FieldValue {
    switch symbol {
    case .equal: .boolean(a == b)
    case .notEqual: .boolean(a != b)
    case .less: .boolean(a < b)
    case .lessOrEqual: .boolean(a <= b)
    case .greater: .boolean(a > b)
    case .greaterOrEqual: .boolean(a >= b)
    case .add: .integer(a &+ b)
    case .subtract: .integer(a &- b)
    case .multiply: .integer(a &* b)
    // InfluxQL divides integers as floats, and by zero gives zero.
    case .divide: .float(b == 0 ? 0 : Double(a) / Double(b))
    case .modulo: .integer(b == 0 || b == -1 ? 0 : a % b)
    case .bitAnd: .integer(a & b)
    case .bitOr: .integer(a | b)
    case .bitXor: .integer(a ^ b)
    default: .null
    }
  }

  private static func floats(_ symbol: Expression.Operator, _ a: Double, _ b: Double) -> FieldValue {
    switch symbol {
    case .equal: .boolean(a == b)
    case .notEqual: .boolean(a != b)
    case .less: .boolean(a < b)
    case .lessOrEqual: .boolean(a <= b)
    case .greater: .boolean(a > b)
    case .greaterOrEqual: .boolean(a >= b)
    case .add: .float(a + b)
    case .subtract: .float(a - b)
    case .multiply: .float(a * b)
    case .divide: .float(b == 0 ? 0 : a / b)
    case .modulo: .float(fmod(a, b))
    default: .null
    }
  }

  // MARK: Conditions

  /// True or false when the tags alone decide; nil when fields have to be looked at.
  ///
  /// - Parameters:
  ///   - isField: whether the name is a field of the measurement.
  static func decide(_ condition: Expression?, tag: (String) -> String, isField: (String) -> Bool) -> Bool? {
    guard let condition else { return true }
    switch condition {
    case .parenthesis(let inner): return decide(inner, tag: tag, isField: isField)
    case .boolean(let flag): return flag
    case .binary(.and, let left, let right):
      let (a, b) = (decide(left, tag: tag, isField: isField), decide(right, tag: tag, isField: isField))
      if a == false || b == false { return false }
      return a == true && b == true ? true : nil
    case .binary(.or, let left, let right):
      let (a, b) = (decide(left, tag: tag, isField: isField), decide(right, tag: tag, isField: isField))
      if a == true || b == true { return true }
      return a == false && b == false ? false : nil
    default:
      if condition.references.contains(where: isField) { return nil }
      return holds(condition) { .string(tag($0)) }
    }
  }

  static func holds(_ condition: Expression, _ lookup: (String) -> FieldValue) -> Bool {
    value(condition, lookup) == .boolean(true)
  }
}

extension Double {
  /// Within what Int64 can hold.
  fileprivate var clamped: Double { Swift.min(Swift.max(self, -0x1p63), 0x1.fffffffffffffp62) }
}
