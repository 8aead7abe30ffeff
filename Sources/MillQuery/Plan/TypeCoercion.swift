import MillColumns

/// Which type both sides of an operation become, by Spark's rules (AnsiTypeCoercion and TypeCoercion).
struct TypeCoercion {
  let ansi: Bool

  /// The type for values that come from several places: branches, arrays, IN, UNION. nil: there is none.
  func common(_ a: DataType, _ b: DataType) -> DataType? {
    if a == b || b == .null { return a }
    if a == .null { return b }
    switch (a, b) {
    case (.date, .timestamp), (.timestamp, .date): return .timestamp
    case (.yearMonthInterval(let from, let to), .yearMonthInterval(let from2, let to2)),
      (.dayTimeInterval(let from, let to), .dayTimeInterval(let from2, let to2)):
      return .interval(min(from, from2), max(to, to2))
    case (.string, let other), (let other, .string):
      guard other.isAtomic else { return nil }
      if ansi { return ansiWithText(other) }
      return other == .binary || other == .boolean ? nil : .string
    case (.array(let x), .array(let y)): return common(x, y).map { .array($0) }
    case (.map(let xk, let xv), .map(let yk, let yv)):
      guard let key = common(xk, yk), let value = common(xv, yv) else { return nil }
      return .map(key: key, value: value)
    case (.struct(let x), .struct(let y)):
      guard x.count == y.count else { return nil }
      var columns: [Schema.Column] = []
      for (left, right) in zip(x.columns, y.columns) {
        guard left.name.lowercased() == right.name.lowercased(), let type = common(left.type, right.type) else {
          return nil
        }
        columns.append(.init(left.name, type))
      }
      return .struct(Schema(columns))
    default: return numeric(a, b)
    }
  }

  func common(_ types: [DataType]) -> DataType? {
    var result = DataType.null
    // With ANSI off Spark looks at texts first, so that the order of the choices does not matter.
    for type in ansi ? types : types.filter({ $0 == .string }) + types.filter({ $0 != .string }) {
      guard let next = common(result, type) else { return nil }
      result = next
    }
    return result
  }

  /// Text beside another type becomes that type, whole numbers as BIGINT, numbers with a fraction as DOUBLE.
  private func ansiWithText(_ other: DataType) -> DataType {
    if other.isIntegral { return .long }
    if other.isFloating || other.isDecimal { return .double }
    return other
  }

  /// The type for an element and its array: as ``common(_:_:)``, but a number is never made wider than both are, and text is
  /// no other type (TypeCoercion.findTightestCommonType).
  func tightest(_ a: DataType, _ b: DataType) -> DataType? {
    if a == b { return a }
    if a.isNumeric, b.isNumeric {
      guard a.isDecimal || b.isDecimal else {
        return Self.precedence[max(Self.precedence.firstIndex(of: a)!, Self.precedence.firstIndex(of: b)!)]
      }
      // A decimal that holds the whole number.
      let (decimal, whole) = a.isDecimal ? (a, b) : (b, a)
      guard whole.isIntegral, let x = decimal.asDecimal, let y = whole.asDecimal, x.precision - x.scale >= y.precision
      else { return nil }
      return decimal
    }
    return a == .string || b == .string ? (a == .null || b == .null ? .string : nil) : common(a, b)
  }

  private static let precedence: [DataType] = [.byte, .short, .integer, .long, .float, .double]

  func numeric(_ a: DataType, _ b: DataType) -> DataType? {
    guard a.isNumeric, b.isNumeric else { return nil }
    if a.isDecimal || b.isDecimal {
      if a.isFloating || b.isFloating { return .double }
      let (x, y) = (a.asDecimal!, b.asDecimal!)
      let scale = max(x.scale, y.scale)
      // Whole digits before those of a fraction.
      let precision = max(x.precision - x.scale, y.precision - y.scale) + scale
      return .decimalBounded(precision, precision > 38 ? max(0, scale - (precision - 38)) : scale)
    }
    let wider = max(Self.precedence.firstIndex(of: a)!, Self.precedence.firstIndex(of: b)!)
    let result = Self.precedence[wider]
    if ansi, result == .float, a.isIntegral || b.isIntegral { return .double }
    return result
  }

  /// For = <=> < > and the like.
  func comparison(_ a: DataType, _ b: DataType) -> DataType? {
    if a == b || a.hasShape(of: b) { return a }
    if ansi { return common(a, b) }
    switch (a, b) {
    case (.null, let other), (let other, .null): return other
    case (.string, let other), (let other, .string):
      guard other.isAtomic else { return nil }
      return other.isDecimal ? .double : other
    case (.boolean, let other) where other.isNumeric, (let other, .boolean) where other.isNumeric: return other
    default: return common(a, b)
    }
  }

  /// For + − * / % div: the type that texts and nulls become beside `other`.
  func operand(_ type: DataType, beside other: DataType) -> DataType {
    switch type {
    case .null: other == .string || other == .null ? .double : other
    case .string: ansi && other.isIntegral ? .long : .double
    default: type
    }
  }
}

extension DataType {
  /// Is it the other type but for the names of fields?
  func hasShape(of other: DataType) -> Bool {
    switch (self, other) {
    case (.array(let a), .array(let b)): a.hasShape(of: b)
    case (.map(let ak, let av), .map(let bk, let bv)): ak.hasShape(of: bk) && av.hasShape(of: bv)
    case (.struct(let a), .struct(let b)):
      a.count == b.count && zip(a.columns, b.columns).allSatisfy { $0.type.hasShape(of: $1.type) }
    default: self == other
    }
  }

  /// The decimal cut to 38 digits, when it has more.
  static func decimalBounded(_ precision: Int, _ scale: Int) -> DataType {
    .decimal(precision: min(precision, 38), scale: min(scale, 38))
  }
}
