import Glibc
import MillColumns

/// + − * / % div, and what stands on one number.
enum Arithmetic: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case remainder = "%"
  case wholeDivide = "div"
  case positiveModulo = "pmod"

  var tryName: String {
    switch self {
    case .add: "try_add"
    case .subtract: "try_subtract"
    case .multiply: "try_multiply"
    default: "try_divide"
    }
  }

  static let divideByZero = Failure(
    "[DIVIDE_BY_ZERO] Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. If "
      + "necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error. SQLSTATE: 22012")

  static func overflow(_ type: DataType, hint: String? = nil) -> Failure {
    let name =
      switch type {
      case .byte: "byte"
      case .short: "short"
      case .integer: "integer"
      default: "long"
      }
    let advice = hint.map { " Use '\($0)' to tolerate overflow and return NULL instead." } ?? ""
    return Failure(
      "[ARITHMETIC_OVERFLOW] \(name) overflow.\(advice) If necessary set \"spark.sql.ansi.enabled\" to \"false\" to "
        + "bypass this error. SQLSTATE: 22003")
  }

  func expression(_ call: FunctionCall, mode: CastMode? = nil) throws -> Expression {
    let mode = mode ?? call.castMode
    var (left, right) = (call.arguments[0], call.arguments[1])
    let leftType = call.coercion.operand(left.type, beside: right.type)
    let rightType = call.coercion.operand(right.type, beside: left.type)
    let areTexts = left.type == .string && right.type == .string
    guard leftType.isNumeric, rightType.isNumeric, !(areTexts && call.ansi) else {
      throw call.error(
        "\(left.type.sql) \(rawValue) \(right.type.sql) is not possible", wayOut: "CAST both to a number")
    }
    left = try call.cast(left, to: leftType)
    right = try call.cast(right, to: rightType)
    if leftType.isDecimal || rightType.isDecimal, !leftType.isFloating, !rightType.isFloating {
      return try decimals(left, right, call, mode)
    }
    var wide = call.coercion.numeric(leftType, rightType)!
    if leftType.isDecimal || rightType.isDecimal || self == .divide { wide = .double }
    if self == .wholeDivide {
      guard wide.isIntegral else {
        throw call.error("div wants whole numbers or decimals, not \(left.type.sql) and \(right.type.sql)")
      }
      wide = .long
    }
    let type = wide
    let operation = self
    var typed = call
    typed.arguments = [try call.cast(left, to: type), try call.cast(right, to: type)]
    return typed.result(type) { vectors, evaluation in
      switch type {
      case .byte: try operation.whole(vectors, evaluation, type, mode, Int8.self)
      case .short: try operation.whole(vectors, evaluation, type, mode, Int16.self)
      case .integer: try operation.whole(vectors, evaluation, type, mode, Int32.self)
      case .long: try operation.whole(vectors, evaluation, type, mode, Int64.self)
      case .float: try operation.floating(vectors, evaluation, type, mode, Float.self)
      default: try operation.floating(vectors, evaluation, type, mode, Double.self)
      }
    }
  }

  private func whole<T: FixedWidthInteger & SignedInteger & Fixed>(
    _ vectors: [Vector], _ evaluation: Evaluation, _ type: DataType, _ mode: CastMode, _: T.Type
  ) throws -> Vector {
    try evaluation.map(vectors, vectors[0].fixed(T.self), vectors[1].fixed(T.self), to: type) { a, b -> T? in
      let (value, overflow): (T, Bool)
      switch self {
      case .add: (value, overflow) = a.addingReportingOverflow(b)
      case .subtract: (value, overflow) = a.subtractingReportingOverflow(b)
      case .multiply: (value, overflow) = a.multipliedReportingOverflow(by: b)
      case .divide, .wholeDivide, .remainder, .positiveModulo:
        if b == 0 {
          if mode == .ansi { throw Self.divideByZero }
          return nil
        }
        switch self {
        case .divide, .wholeDivide: (value, overflow) = a.dividedReportingOverflow(by: b)
        case .remainder: (value, overflow) = (b == -1 ? 0 : a % b, false)
        default:
          let rest = b == -1 ? 0 : a % b
          // Java adds bytes and shorts as INT.
          let sum = T.bitWidth < 32 ? T(truncatingIfNeeded: (Int(rest) + Int(b)) % Int(b)) : (rest &+ b) % b
          (value, overflow) = (rest < 0 ? sum : rest, false)
        }
      }
      if overflow, mode != .legacy {
        guard mode == .ansi else { return nil }
        if T.bitWidth < 32 {
          let suffix = T.bitWidth == 8 ? "Y" : "S"
          throw Failure(
            "[BINARY_ARITHMETIC_OVERFLOW] \(a)\(suffix) \(rawValue) \(b)\(suffix) caused overflow. Use `\(tryName)` to "
              + "ignore overflow problem and return NULL. SQLSTATE: 22003")
        }
        throw Self.overflow(type, hint: self == .wholeDivide ? nil : tryName)
      }
      return value
    }
  }

  private func floating<T: BinaryFloatingPoint & Fixed>(
    _ vectors: [Vector], _ evaluation: Evaluation, _ type: DataType, _ mode: CastMode, _: T.Type
  ) throws -> Vector {
    try evaluation.map(vectors, vectors[0].fixed(T.self), vectors[1].fixed(T.self), to: type) { a, b -> T? in
      switch self {
      case .add: return a + b
      case .subtract: return a - b
      case .multiply: return a * b
      default:
        if b == 0 {
          if mode == .ansi { throw Self.divideByZero }
          return nil
        }
        switch self {
        case .remainder: return a.truncatingRemainder(dividingBy: b)
        case .positiveModulo:
          let rest = a.truncatingRemainder(dividingBy: b)
          return rest < 0 ? (rest + b).truncatingRemainder(dividingBy: b) : rest
        default: return a / b
        }
      }
    }
  }

  private func decimals(
    _ left: Expression, _ right: Expression, _ call: FunctionCall, _ mode: CastMode
  ) throws -> Expression {
    // A whole-number literal is only as wide as its digits (DecimalPrecision's literal rule), but not a TINYINT.
    func width(_ expression: Expression) -> (precision: Int, scale: Int) {
      if case .integer(let value)? = expression.constantValue, expression.type.isIntegral, expression.type != .byte {
        return (Decimal128.digitCount(Int128(value)), 0)
      }
      return expression.type.asDecimal!
    }
    let (p1, s1) = width(left)
    let (p2, s2) = width(right)
    let type: DataType
    switch self {
    case .add, .subtract: type = .decimalAdjusted(max(s1, s2) + max(p1 - s1, p2 - s2) + 1, max(s1, s2))
    case .multiply: type = .decimalAdjusted(p1 + p2 + 1, s1 + s2)
    case .divide:
      let scale = max(6, s1 + p2 + 1)
      type = .decimalAdjusted(p1 - s1 + s2 + scale, scale)
    case .remainder, .positiveModulo: type = .decimalAdjusted(min(p1 - s1, p2 - s2) + max(s1, s2), max(s1, s2))
    case .wholeDivide: type = .long
    }
    var typed = call
    typed.arguments = [
      try call.cast(left, to: .decimal(precision: p1, scale: s1)),
      try call.cast(right, to: .decimal(precision: p2, scale: s2)),
    ]
    let operation = self
    if self == .wholeDivide {
      return typed.result(.long) { vectors, evaluation in
        try evaluation.map(vectors, vectors[0].fixed(Int128.self), vectors[1].fixed(Int128.self), to: .long) {
          a, b -> Int64? in
          if b == 0 {
            if mode == .ansi { throw Self.divideByZero }
            return nil
          }
          if let whole = Decimal128.quotient(a, s1, b, s2) { return Int64(truncatingIfNeeded: whole) }
          guard mode == .ansi else { return nil }
          throw Failure(
            "[NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION]  the result cannot be represented as Decimal(38, 0). If "
              + "necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error, and return NULL instead. "
              + "SQLSTATE: 22003")
        }
      }
    }
    guard case .decimal(let precision, let scale) = type else { preconditionFailure("\(type) is no decimal") }
    return typed.result(type) { vectors, evaluation in
      try evaluation.map(vectors, vectors[0].fixed(Int128.self), vectors[1].fixed(Int128.self), to: type) {
        a, b -> Int128? in
        if b == 0, operation == .divide || operation == .remainder || operation == .positiveModulo {
          if mode == .ansi { throw Self.divideByZero }
          return nil
        }
        if let value = operation.decimal(a, s1, b, s2, scale), Decimal128.fits(value, precision: precision) {
          return value
        }
        if mode == .ansi {
          throw Failure(
            "[NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION]  the result cannot be represented as Decimal(\(precision), "
              + "\(scale)). If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error, and return "
              + "NULL instead. SQLSTATE: 22003")
        }
        return nil
      }
    }
  }

  private func decimal(_ a: Int128, _ s1: Int, _ b: Int128, _ s2: Int, _ scale: Int) -> Int128? {
    switch self {
    case .multiply: return Decimal128.multiply(a, b, dropDigits: s1 + s2 - scale)
    case .divide: return Decimal128.divide(a, shift: scale + s2 - s1, by: b)
    default:
      let wide = max(s1, s2)
      if self == .add || self == .subtract {
        return Decimal128.add(a, s1, self == .add ? b : -b, s2, scale: scale)
      }
      guard let rest = Decimal128.remainder(a, s1, b, s2) else { return nil }
      if self == .remainder || rest >= 0 { return Decimal128.rescale(rest, from: wide, to: scale) }
      // A divisor that has no room at that scale is greater than the rest by far.
      guard let y = Decimal128.rescale(b, from: s2, to: wide) else {
        return b < 0 ? Decimal128.rescale(rest, from: wide, to: scale) : nil
      }
      let (sum, isOver) = rest.addingReportingOverflow(y)
      return isOver ? nil : Decimal128.rescale(sum % y, from: wide, to: scale)
    }
  }
}

extension FunctionLibrary {
  static let numberFunctions: [FunctionDefinition] = [
    FunctionDefinition("mod", arity: 2) { call in try Arithmetic.remainder.expression(call) },
    FunctionDefinition("pmod", arity: 2) { call in try Arithmetic.positiveModulo.expression(call) },
    FunctionDefinition("div", arity: 2) { call in try Arithmetic.wholeDivide.expression(call) },
    FunctionDefinition("try_add", arity: 2) { call in
      try TimeArithmetic.expression(call, mode: .attempt) ?? Arithmetic.add.expression(call, mode: .attempt)
    },
    FunctionDefinition("try_subtract", arity: 2) { call in
      try TimeArithmetic.expression(call, mode: .attempt) ?? Arithmetic.subtract.expression(call, mode: .attempt)
    },
    FunctionDefinition("try_multiply", arity: 2) { call in
      try TimeArithmetic.expression(call, mode: .attempt) ?? Arithmetic.multiply.expression(call, mode: .attempt)
    },
    FunctionDefinition("try_divide", arity: 2) { call in
      try TimeArithmetic.expression(call, mode: .attempt) ?? Arithmetic.divide.expression(call, mode: .attempt)
    },
    FunctionDefinition("positive", arity: 1) { call in
      if call.type(0) == .string { try call.cast(0, to: .double) }
      guard call.type(0).isNumeric || call.type(0).isInterval || call.type(0) == .null else {
        throw call.mismatch(0, wants: "a number")
      }
      // No literal any more: a decimal's digits beside it are those of the type.
      return call.result(call.type(0)) { vectors, _ in vectors[0] }
    },
    FunctionDefinition("negative", arity: 1) { call in
      try signed(&call) {
        $0 == Int64.min ? nil : -$0
      } floating: {
        -$0
      } decimal: {
        -$0
      }
    },
    FunctionDefinition("abs", arity: 1) { call in
      try signed(&call) {
        $0 == Int64.min ? nil : abs($0)
      } floating: {
        abs($0)
      } decimal: {
        abs($0)
      }
    },
    double("sqrt") { $0.squareRoot() }, double("cbrt") { cubeRoot($0) }, double("exp") { Glibc.exp($0) },
    double("expm1") { Glibc.expm1($0) },
    double("ln") { $0 <= 0 ? nil : Glibc.log($0) }, double("log10") { $0 <= 0 ? nil : Glibc.log10($0) },
    double("log2") { $0 <= 0 ? nil : Glibc.log2($0) }, double("log1p") { $0 <= -1 ? nil : Glibc.log1p($0) },
    double("sin") { Glibc.sin($0) }, double("cos") { Glibc.cos($0) }, double("tan") { Glibc.tan($0) },
    double("asin") { Glibc.asin($0) }, double("acos") { Glibc.acos($0) }, double("atan") { Glibc.atan($0) },
    double("sinh") { Glibc.sinh($0) }, double("cosh") { Glibc.cosh($0) }, double("tanh") { Glibc.tanh($0) },
    // As Java: one multiplication.
    double("degrees") { $0 * 57.29577951308232 }, double("radians") { $0 * 0.017453292519943295 },
    double("rint") { $0.rounded(.toNearestOrEven) },
    FunctionDefinition("sign", "signum", arity: 1) { call in
      if call.type(0).isInterval { return call.values(.double) { .double(Double($0[0].whole.signum())) } }
      return try double("sign") { $0.isNaN ? .nan : $0 == 0 ? 0 : $0 < 0 ? -1 : 1 }.build(&call)
    },
    doubles("pow") { Glibc.pow($0, $1) }, doubles("power") { Glibc.pow($0, $1) },
    doubles("atan2") { Glibc.atan2($0, $1) }, doubles("hypot") { Glibc.hypot($0, $1) },
    FunctionDefinition("log", arity: 1...2) { call in
      for index in call.arguments.indices { try call.cast(index, to: .double) }
      return call.result(.double) { vectors, evaluation in
        if vectors.count == 1 {
          return try evaluation.map(vectors[0], vectors[0].fixed(Double.self), to: .double) {
            $0 <= 0 ? nil : Glibc.log($0)
          }
        }
        return try evaluation.map(vectors, vectors[0].fixed(Double.self), vectors[1].fixed(Double.self), to: .double) {
          $0 <= 0 || $1 <= 0 ? nil : Glibc.log($1) / Glibc.log($0)
        }
      }
    },
    FunctionDefinition("pi", arity: 0) { call in .constant(.double(.pi), .double, call.position) },
    FunctionDefinition("e", arity: 0) { call in .constant(.double(M_E), .double, call.position) },
  ]

  /// Glibc's may be off in the last digit (27 → 3.0000000000000004), Java's is not: one step of Newton's method.
  private static func cubeRoot(_ value: Double) -> Double {
    let root = Glibc.cbrt(value)
    return root.isFinite && root != 0 ? root - (root * root * root - value) / (3 * root * root) : root
  }

  private static func double(_ name: String, _ body: @escaping @Sendable (Double) -> Double?) -> FunctionDefinition {
    FunctionDefinition(name, arity: 1) { call in
      try call.cast(0, to: .double)
      return call.result(.double) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].fixed(Double.self), to: .double, body)
      }
    }
  }

  private static func doubles(
    _ name: String, _ body: @escaping @Sendable (Double, Double) -> Double
  ) -> FunctionDefinition {
    FunctionDefinition(name, arity: 2) { call in
      try call.cast(0, to: .double)
      try call.cast(1, to: .double)
      return call.result(.double) { vectors, evaluation in
        try evaluation.map(vectors, vectors[0].fixed(Double.self), vectors[1].fixed(Double.self), to: .double) {
          body($0, $1)
        }
      }
    }
  }

  /// abs and negative: the only value that has no counterpart is the smallest whole number.
  private static func signed(
    _ call: inout FunctionCall, whole: @escaping @Sendable (Int64) -> Int64?,
    floating: @escaping @Sendable (Double) -> Double, decimal: @escaping @Sendable (Int128) -> Int128
  ) throws -> Expression {
    if call.type(0) == .string || call.type(0) == .null { try call.cast(0, to: .double) }
    let type = call.type(0)
    guard type.isNumeric || type.isInterval else { throw call.mismatch(0, wants: "a number or an interval") }
    let ansi = call.ansi || type.isInterval
    return call.result(type) { vectors, evaluation in
      func narrow<T: FixedWidthInteger & SignedInteger & Fixed>(_: T.Type) throws -> Vector {
        try evaluation.map(vectors[0], vectors[0].fixed(T.self), to: type) { value in
          if let result = whole(Int64(value)).flatMap({ T(exactly: $0) }) { return result }
          if ansi { throw Arithmetic.overflow(type) }
          return value
        }
      }
      switch type {
      case .byte: return try narrow(Int8.self)
      case .short: return try narrow(Int16.self)
      case .integer, .yearMonthInterval: return try narrow(Int32.self)
      case .long, .dayTimeInterval: return try narrow(Int64.self)
      case .float:
        return try evaluation.map(vectors[0], vectors[0].fixed(Float.self), to: type) { Float(floating(Double($0))) }
      case .double: return try evaluation.map(vectors[0], vectors[0].fixed(Double.self), to: type) { floating($0) }
      default: return try evaluation.map(vectors[0], vectors[0].fixed(Int128.self), to: type) { decimal($0) }
      }
    }
  }
}
