/// A SELECT that has been checked: time range, interval and dimensions resolved, rules of InfluxQL verified
/// (influxdata/influxdb, query/compile.go).
struct SelectPlan {
  var statement: SelectStatement
  var range: TimeRange
  var condition: Expression?
  var interval = SelectStatement.Interval()
  /// The interval is that of the query around this one.
  var inheritsInterval = false
  var zone: TimeZone
  var fill: SelectStatement.Fill
  var isAscending: Bool
  /// The column name of the time.
  var timeName = "time"
  /// Without `time` among them.
  var fields: [SelectStatement.Field] = []
  private(set) var calls: [Expression] = []
  private var hasReferences = false
  private(set) var onlySelectors = true
  private var hasDistinct = false
  private var topBottom: String?

  var isRaw: Bool { calls.isEmpty }
  /// One selector, whose point decides the time and the other columns.
  var isSingleSelector: Bool { calls.count == 1 && onlySelectors }

  /// - Parameter parent: the query around a sub-query.
  init(_ statement: SelectStatement, now: Int64, parent: SelectPlan? = nil) throws {
    self.statement = statement
    zone = statement.zone ?? parent?.zone ?? .utc
    (range, condition) = try ConditionSplitter(now: now, zone: zone).split(statement.condition)
    try Self.validate(condition: condition)
    fill = statement.fill
    isAscending = statement.isAscending
    interval = try Self.interval(statement, now: now, zone: zone)
    if interval.isSet, range.max == nil { range.max = now }
    if let parent {
      if statement.hasOrder, isAscending != parent.isAscending {
        throw InfluxQLError("subqueries must be ordered in the same direction as the query itself")
      }
      isAscending = parent.isAscending
      range.intersect(parent.range)
      if interval.isSet, case .null = fill { fill = .none }
      if parent.interval.isSet, !interval.isSet {
        interval = parent.interval
        inheritsInterval = true
      }
    }
    for field in statement.fields {
      if case .reference("time", _) = field.expression {
        if let alias = field.alias { timeName = alias }
        continue
      }
      var field = field
      if case .distinct(let name) = field.expression { field.expression = .call("distinct", [.reference(name)]) }
      fields.append(field)
      try compile(field.expression)
    }
    try validate()
  }

  // MARK: Dimensions

  private static func interval(
    _ statement: SelectStatement, now: Int64, zone: TimeZone
  ) throws -> SelectStatement.Interval {
    var interval = SelectStatement.Interval()
    for dimension in statement.dimensions {
      switch dimension.bare {
      case .reference(let name, _):
        if name.lowercased() == "time" {
          throw InfluxQLError("time() is a function and expects at least one argument")
        }
      case .call(let name, let arguments):
        guard name == "time" else { throw InfluxQLError("only time() calls allowed in dimensions") }
        guard (1...2).contains(arguments.count) else { throw InfluxQLError("time dimension expected 1 or 2 arguments") }
        guard case .duration(let duration) = arguments[0].bare else {
          throw InfluxQLError("time dimension must have duration argument")
        }
        guard !interval.isSet else { throw InfluxQLError("multiple time dimensions not allowed") }
        guard duration > 0 else { throw InfluxQLError("time dimension must have a positive duration") }
        interval.duration = duration
        if arguments.count == 2 { interval.offset = try offset(arguments[1].bare, duration, now: now, zone: zone) }
      case .wildcard, .regex: break
      default: throw InfluxQLError("only time and tag dimensions allowed")
      }
    }
    return interval
  }

  private static func offset(_ argument: Expression, _ duration: Int64, now: Int64, zone: TimeZone) throws -> Int64 {
    switch argument {
    case .duration(let offset): return offset % duration
    case .call("now", _): return now % duration
    case .string(let text):
      if let time = InfluxTime.parse(text, zone: zone) { return time % duration }
    default: break
    }
    throw InfluxQLError("time dimension offset must be duration or now()")
  }

  /// The start of the window that holds the time.
  func window(_ time: Int64) -> Int64 {
    guard interval.isSet else { return range.min ?? 0 }
    let shifted = time.addingClamped(0 &- interval.offset)
    func start(_ zoneOffset: Int64) -> Int64 {
      var rest = shifted.addingClamped(zoneOffset) % interval.duration
      if rest < 0 { rest += interval.duration }
      return shifted.addingClamped(0 &- rest)
    }
    let zoneOffset = zone.offsetNanoseconds(at: shifted)
    var begin = start(zoneOffset)
    let beginOffset = zone.offsetNanoseconds(at: begin)
    // The window began before the clocks were put forward or back: local midnight stays local midnight.
    if beginOffset != zoneOffset {
      let moved = begin.addingClamped(zoneOffset - beginOffset)
      if moved <= shifted { begin = moved }
    }
    return begin.addingClamped(interval.offset)
  }

  /// The window after (or, descending, before) the one that begins at `start`.
  func nextWindow(_ start: Int64) -> Int64 {
    if isAscending {
      // An hour more than a window reaches into the next one on the day the clocks go back, too.
      let next = start.addingClamped(interval.duration)
      let found = window(next)
      return found > start ? found : window(next.addingClamped(3_600_000_000_000))
    }
    return window(start.addingClamped(-1))
  }

  // MARK: Rules

  private static func validate(condition: Expression?) throws {
    guard let condition else { return }
    switch condition {
    case .binary(_, let left, let right):
      try validate(condition: left)
      try validate(condition: right)
    case .parenthesis(let inner): try validate(condition: inner)
    case .call: throw InfluxQLError("invalid function call in condition: \(condition.text)")
    default: break
    }
  }

  private mutating func compile(_ expression: Expression, isWithinBinary: Bool = false) throws {
    switch expression {
    case .reference: hasReferences = true
    case .wildcard:
      if isWithinBinary { throw InfluxQLError("unable to use wildcard in a binary expression") }
      hasReferences = true
    case .regex:
      if isWithinBinary { throw InfluxQLError("unable to use regex in a binary expression") }
      hasReferences = true
    case .call(let name, let arguments): try compile(call: name, arguments, isNested: false, isWithinBinary)
    case .distinct(let name): try compile(.call("distinct", [.reference(name)]))
    case .parenthesis(let inner): try compile(inner, isWithinBinary: isWithinBinary)
    case .binary(_, let left, let right):
      if left.isLiteral, right.isLiteral {
        throw InfluxQLError("cannot perform a binary expression on two literals")
      }
      if !left.isLiteral { try compile(left, isWithinBinary: true) }
      if !right.isLiteral { try compile(right, isWithinBinary: true) }
    default: throw InfluxQLError("field must contain at least one variable")
    }
  }

  private mutating func compile(
    call name: String, _ arguments: [Expression], isNested: Bool, _ isWithinBinary: Bool
  ) throws {
    if !isNested { calls.append(.call(name, arguments)) }
    guard let function = Function(rawValue: name) else { throw InfluxQLError("undefined function \(name)()") }
    try function.checkArguments(arguments)
    if !function.isSelector { onlySelectors = false }
    switch function {
    case .distinct:
      guard case .reference? = arguments.first else { throw InfluxQLError("expected field argument in distinct()") }
      if !isNested { hasDistinct = true }
    case .top, .bottom:
      if let topBottom {
        throw InfluxQLError("selector function \(topBottom)() cannot be combined with other functions")
      }
      try function.checkTopBottom(arguments, limit: statement.limit)
      topBottom = name
    case .count where arguments[0].isDistinct: break
    case _ where function.isTransformation:
      if case .call(let inner, let innerArguments) = arguments[0] {
        guard interval.isSet else { throw InfluxQLError("\(name) aggregate requires a GROUP BY interval") }
        // The inner call counts too, as in InfluxDB; distinct may stand here.
        if inner == "distinct" {
          try compile(call: inner, innerArguments, isNested: true, isWithinBinary)
        } else {
          try compile(call: inner, innerArguments, isNested: false, isWithinBinary)
        }
      } else {
        if interval.isSet, !inheritsInterval {
          throw InfluxQLError("aggregate function required inside the call to \(name)")
        }
        try checkSymbol(name, arguments[0], isWithinBinary)
      }
    default: try checkSymbol(name, arguments[0], isWithinBinary)
    }
  }

  private mutating func checkSymbol(_ name: String, _ argument: Expression, _ isWithinBinary: Bool) throws {
    switch argument {
    case .reference: break
    case .wildcard:
      if isWithinBinary { throw InfluxQLError("unsupported expression with wildcard: \(name)()") }
      onlySelectors = false
    case .regex:
      if isWithinBinary { throw InfluxQLError("unsupported expression with regex field: \(name)()") }
      onlySelectors = false
    default: throw InfluxQLError("expected field argument in \(name)()")
    }
  }

  private func validate() throws {
    if fields.isEmpty { throw InfluxQLError("at least 1 non-time field must be queried") }
    if calls.count > 1, let topBottom {
      throw InfluxQLError("selector function \(topBottom)() cannot be combined with other functions")
    }
    if calls.isEmpty {
      switch fill {
      case .none where !inheritsInterval && statement.hasFill:
        throw InfluxQLError("fill(none) must be used with a function")
      case .linear: throw InfluxQLError("fill(linear) must be used with a function")
      default: break
      }
      if interval.isSet, !inheritsInterval {
        throw InfluxQLError("GROUP BY requires at least one aggregate function")
      }
    }
    if hasDistinct, calls.count != 1 || hasReferences {
      throw InfluxQLError("aggregate function distinct() cannot be combined with other functions or fields")
    }
    if hasReferences {
      if !onlySelectors { throw InfluxQLError("mixing aggregate and non-aggregate queries is not supported") }
      if calls.count > 1 {
        throw InfluxQLError("mixing multiple selector functions with tags or fields is not supported")
      }
    }
  }
}

extension Expression {
  /// `distinct(f)` as an argument.
  var isDistinct: Bool {
    switch self {
    case .distinct, .call("distinct", _): true
    default: false
    }
  }
}
