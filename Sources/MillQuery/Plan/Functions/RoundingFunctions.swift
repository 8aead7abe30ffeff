import MillColumns

extension FunctionLibrary {
  static let roundingFunctions: [FunctionDefinition] = [
    FunctionDefinition("round", arity: 1...2) { call in try round(&call, halfEven: false) },
    FunctionDefinition("bround", arity: 1...2) { call in try round(&call, halfEven: true) },
    FunctionDefinition("ceil", "ceiling", arity: 1...2) { call in try toWhole(&call, .up) },
    FunctionDefinition("floor", arity: 1...2) { call in try toWhole(&call, .down) },
  ]

  private static func round(_ call: inout FunctionCall, halfEven: Bool) throws -> Expression {
    if call.type(0) == .string || call.type(0) == .null { try call.cast(0, to: .double) }
    var digits = 0
    if call.count == 2 {
      guard case .integer(let value)? = call.arguments[1].constantValue else {
        throw call.mismatch(1, wants: "a whole number that is the same for all rows")
      }
      digits = Int(clamping: value)
    }
    let input = call.type(0)
    let wanted = digits
    let divide = halfEven ? Decimal128.divideHalfEven : Decimal128.divideHalfUp
    switch input {
    case .decimal(let precision, let scale):
      let whole = precision - scale + 1
      let type: DataType =
        digits < 0
        ? .decimalBounded(max(whole, -digits + 1), 0) : .decimalBounded(whole + min(scale, digits), min(scale, digits))
      return call.result(type) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].fixed(Int128.self), to: type) { value in
          if wanted >= scale { return value }
          guard scale - wanted <= 38 else { return 0 }
          let rounded = divide(value, Decimal128.powers[scale - wanted])
          return wanted < 0 ? rounded * Decimal128.powers[-wanted] : rounded
        }
      }
    case .float, .double:
      return call.result(input) { vectors, evaluation in
        let (column, mask) = vectors[0].compact
        return try evaluation.build(vectors, to: input) { row, out in
          let row = row & mask
          if column.isNull(row) { return out.appendNull() }
          let isFloat = input == .float
          let value = isFloat ? Double(column.fixed(row, as: Float.self)) : column.fixed(row, as: Double.self)
          let result = rounded(value, text: column.text(row)!, digits: wanted, divide)
          if isFloat { out.append(fixed: Float(result)) } else { out.append(fixed: result) }
        }
      }
    default:
      guard input.isIntegral else { throw call.mismatch(0, wants: "a number") }
      if digits >= 0 { return call.arguments[0] }
      var wide = call
      wide.arguments = [try call.cast(call.arguments[0], to: .decimal(precision: 20, scale: 0))]
      let rounded = wide.result(.decimal(precision: 38, scale: 0)) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].fixed(Int128.self), to: .decimal(precision: 38, scale: 0)) { value in
          wanted < -37 ? 0 : divide(value, Decimal128.powers[-wanted]) * Decimal128.powers[-wanted]
        }
      }
      return try call.cast(rounded, to: input)
    }
  }

  /// By the shortest decimal digits, as Java's BigDecimal(Double.toString(x)) does: 0.125 → 0.13, 2.675 → 2.68.
  private static func rounded(
    _ value: Double, text: String, digits: Int, _ divide: (Int128, Int128) -> Int128
  ) -> Double {
    guard value.isFinite, digits <= 30, value.magnitude < 1e18 else { return value }
    // A double has at most 17 significant digits; 18 whole ones and 17 behind the point fit 38.
    let scale = 17
    let exact = Array(text.utf8).withUnsafeBufferPointer { DecimalText.parse($0, precision: 38, scale: scale) }
    guard let exact, digits < scale else { return value }
    if scale - digits > 38 { return 0 }
    let result = divide(exact, Decimal128.powers[scale - digits])
    return digits < 0
      ? Decimal128.double(result * Decimal128.powers[-digits], scale: 0) : Decimal128.double(result, scale: digits)
  }

  private static func toWhole(_ call: inout FunctionCall, _ rule: FloatingPointRoundingRule) throws -> Expression {
    if call.count == 2 { return try toDigits(&call, rule) }
    if call.type(0).isIntegral { return try call.cast(call.arguments[0], to: .long) }
    if case .decimal(let precision, let scale) = call.type(0) {
      if scale == 0 { return call.arguments[0] }
      let type = DataType.decimalBounded(precision - scale + 1, 0)
      return call.result(type) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].fixed(Int128.self), to: type) { value in
          let (quotient, remainder) = value.quotientAndRemainder(dividingBy: Decimal128.powers[scale])
          if remainder == 0 { return quotient }
          return rule == .up ? (value > 0 ? quotient + 1 : quotient) : (value < 0 ? quotient - 1 : quotient)
        }
      }
    }
    try call.cast(0, to: .double)
    return call.result(.long) { vectors, evaluation in
      try evaluation.map(vectors[0], vectors[0].fixed(Double.self), to: .long) { value in
        value.isNaN ? 0 : Int64(exactly: value.rounded(rule)) ?? (value < 0 ? .min : .max)
      }
    }
  }

  /// ceil and floor with a number of digits: everything is a decimal first.
  private static func toDigits(_ call: inout FunctionCall, _ rule: FloatingPointRoundingRule) throws -> Expression {
    guard case .integer(let value)? = call.arguments[1].constantValue, call.arguments[1].type.isIntegral else {
      throw call.mismatch(1, wants: "a whole number that is the same for all rows")
    }
    let digits = Int(clamping: value)
    call.arguments.removeLast()
    switch call.type(0) {
    case .null: try call.cast(0, to: .decimal(precision: 38, scale: 18))
    case .float: try call.cast(0, to: .decimal(precision: 14, scale: 7))
    case .double, .string: try call.cast(0, to: .decimal(precision: 30, scale: 15))
    default: break
    }
    guard let (precision, scale) = call.type(0).asDecimal else { throw call.mismatch(0, wants: "a number") }
    try call.cast(0, to: .decimal(precision: precision, scale: scale))
    let whole = precision - scale + 1
    let type: DataType =
      digits < 0
      ? .decimalBounded(max(whole, 1 - max(digits, -38)), 0)
      : .decimalBounded(whole + min(scale, digits), min(scale, digits))
    return call.result(type) { vectors, evaluation in
      try evaluation.map(vectors[0], vectors[0].fixed(Int128.self), to: type) { value in
        if digits >= scale { return value }
        guard scale - digits <= 38 else { return 0 }
        let (whole, rest) = value.quotientAndRemainder(dividingBy: Decimal128.powers[scale - digits])
        let step: Int128 = rule == .up && rest > 0 ? 1 : rule == .down && rest < 0 ? -1 : 0
        return (whole + step) * (digits < 0 ? Decimal128.powers[-digits] : 1)
      }
    }
  }
}
