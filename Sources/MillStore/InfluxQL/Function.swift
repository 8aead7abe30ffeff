/// The functions of InfluxQL that this store knows.
enum Function: String {
  case count, sum, mean, median, mode, spread, stddev, integral
  case min, max, first, last, percentile
  case distinct, top, bottom
  case derivative
  case nonNegativeDerivative = "non_negative_derivative"
  case difference
  case nonNegativeDifference = "non_negative_difference"
  case movingAverage = "moving_average"
  case cumulativeSum = "cumulative_sum"
  case elapsed

  /// Picks points instead of computing something new.
  var isSelector: Bool {
    switch self {
    case .min, .max, .first, .last, .percentile, .top, .bottom: true
    default: false
    }
  }

  /// Works on a sequence of points, which may come from another function.
  var isTransformation: Bool {
    switch self {
    case .derivative, .nonNegativeDerivative, .difference, .nonNegativeDifference, .movingAverage, .cumulativeSum,
      .elapsed:
      true
    default: false
    }
  }

  /// Does `f(*)` take fields of this type?
  func expands(_ type: FieldType) -> Bool {
    switch type {
    case .float, .integer, .unsigned: true
    case .boolean: [.count, .first, .last, .distinct, .elapsed, .mode, .min, .max].contains(self)
    case .string: [.count, .first, .last, .distinct, .elapsed, .mode].contains(self)
    }
  }

  // MARK: Arguments

  private var arity: ClosedRange<Int> {
    switch self {
    case .percentile, .movingAverage: 2...2
    case .derivative, .nonNegativeDerivative, .elapsed, .integral: 1...2
    case .top, .bottom: 2...Int.max
    default: 1...1
    }
  }

  func checkArguments(_ arguments: [Expression]) throws {
    if self == .distinct, arguments.count != 1 {
      throw InfluxQLError(
        arguments.isEmpty
          ? "distinct function requires at least one argument" : "distinct function can only have one argument")
    }
    guard arity.contains(arguments.count) else {
      let expected =
        switch arity {
        case 1...2: "at least 1 but no more than 2"
        case 2...Int.max: "at least 2"
        default: "\(arity.lowerBound)"
        }
      throw InfluxQLError(
        "invalid number of arguments for \(rawValue), expected \(expected), got \(arguments.count)")
    }
    switch self {
    case .percentile:
      switch arguments[1] {
      case .integer, .number: break
      default: throw InfluxQLError("expected float argument in percentile()")
      }
    case .movingAverage:
      guard case .integer(let count) = arguments[1] else {
        throw InfluxQLError("second argument for moving_average must be an integer, got \(arguments[1].goType)")
      }
      if count <= 1 { throw InfluxQLError("moving_average window must be greater than 1, got \(count)") }
    case .derivative, .nonNegativeDerivative, .elapsed, .integral:
      guard arguments.count == 2 else { break }
      guard case .duration(let unit) = arguments[1] else {
        throw InfluxQLError(
          self == .integral
            ? "second argument must be a duration"
            : "second argument to \(rawValue) must be a duration, got \(arguments[1].goType)")
      }
      if unit <= 0 { throw InfluxQLError("duration argument must be positive, got \(unit)ns") }
    default: break
    }
  }

  func checkTopBottom(_ arguments: [Expression], limit: Int) throws {
    guard case .integer(let count)? = arguments.last else {
      throw InfluxQLError("expected integer as last argument in \(rawValue)(), found \(arguments.last?.text ?? "")")
    }
    if count <= 0 { throw InfluxQLError("limit (\(count)) in \(rawValue) function must be at least 1") }
    if limit > 0, count > limit {
      throw InfluxQLError(
        "limit (\(count)) in \(rawValue) function can not be larger than the LIMIT (\(limit)) in the select statement")
    }
    guard case .reference = arguments[0] else {
      throw InfluxQLError("expected first argument to be a field in \(rawValue)(), found \(arguments[0].text)")
    }
    for argument in arguments.dropFirst().dropLast() {
      guard case .reference = argument else {
        throw InfluxQLError("only fields or tags are allowed in \(rawValue)(), found \(argument.text)")
      }
    }
  }
}

extension Expression {
  /// InfluxDB's error messages name its Go types.
  var goType: String {
    switch self {
    case .reference: "*influxql.VarRef"
    case .call: "*influxql.Call"
    case .binary: "*influxql.BinaryExpr"
    case .parenthesis: "*influxql.ParenExpr"
    case .number: "*influxql.NumberLiteral"
    case .integer: "*influxql.IntegerLiteral"
    case .string: "*influxql.StringLiteral"
    case .boolean: "*influxql.BooleanLiteral"
    case .duration: "*influxql.DurationLiteral"
    case .regex: "*influxql.RegexLiteral"
    case .wildcard: "*influxql.Wildcard"
    case .distinct: "*influxql.Distinct"
    }
  }
}
