import MillBase
import MillColumns

/// Window functions: `f(…) OVER (…)`.
extension Analyzer {
  mutating func window(
    _ syntax: Syntax, _ spec: WindowSpec, _ scope: Scope, _ aliases: LateralAliases, at position: SourcePosition
  ) throws -> Expression {
    guard let outer = windows else {
      throw error(
        "a window function can't stand here", at: position,
        wayOut: "it can in the select list and ORDER BY; for WHERE put it in a sub-query")
    }
    // No window function within another.
    windows = nil
    defer { if windows == nil { windows = outer } }
    let spec = try resolved(spec, at: position)
    var call = WindowCall(
      name: "", function: .rowNumber, arguments: [], filter: nil, partition: [], order: [], frame: .partition,
      type: .integer, position: position)
    for key in spec.partition { call.partition.append(try expression(key, scope, aliases)) }
    for item in spec.order {
      let key = try expression(item.expression, scope, aliases)
      if key.type.containsMap { throw error("ORDER BY: \(key.type.sql) has no order", at: item.expression.position) }
      call.order.append(
        SortKey(expression: key, isDescending: item.isDescending, nullsFirst: item.nullsFirst))
    }
    let (name, arguments, modifiers): (String, [Syntax], AggregateModifiers)
    switch syntax.kind {
    case .call(let function, let values): (name, arguments, modifiers) = (function, values, AggregateModifiers())
    case .aggregate(let function, let values, let more): (name, arguments, modifiers) = (function, values, more)
    default: throw error("OVER stands behind a function", at: position)
    }
    if modifiers.isDistinct { throw error("\(name)(DISTINCT …) can't have OVER", at: position) }
    call.name = name.lowercased()
    call.frame = try frame(spec, call.order, at: position)
    for argument in arguments {
      if case .star([]) = argument.kind, call.name == "count" { continue }
      call.arguments.append(try expression(argument, scope, aliases))
    }
    call.filter = try modifiers.filter.map { try condition($0, "FILTER", scope, aliases) }
    try function(&call, modifiers)
    windows = outer + [call]
    return Expression(.window(outer.count), call.type, position)
  }

  private func resolved(_ spec: WindowSpec, at position: SourcePosition) throws -> WindowSpec {
    guard let base = spec.base else { return spec }
    guard let named = namedWindows[base.lowercased()] else {
      let nearest = Nearest.name(to: base, among: namedWindows.keys.sorted())
      throw error(
        "there is no window \(base)", at: position,
        wayOut: nearest.map { "did you mean \($0)?" } ?? "write WINDOW \(base) AS (…) after the select")
    }
    var whole = try resolved(named, at: position)
    if !spec.partition.isEmpty { whole.partition = spec.partition }
    if !spec.order.isEmpty { whole.order = spec.order }
    if spec.frame != nil { whole.frame = spec.frame }
    whole.base = nil
    return whole
  }

  // MARK: Functions

  private func function(_ call: inout WindowCall, _ modifiers: AggregateModifiers) throws {
    let (name, position) = (call.name, call.position)
    func needs(_ arity: ClosedRange<Int>) throws {
      guard !arity.contains(call.arguments.count) else { return }
      let wanted = arity.count == 1 ? "\(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
      throw error(
        "\(name) takes \(wanted) argument\(wanted == "1" ? "" : "s"), not \(call.arguments.count)", at: position)
    }
    func constant(_ index: Int, _ what: String) throws -> Int {
      guard call.arguments[index].type.isIntegral, case .integer(let value)? = try Self.constant(call.arguments[index])
      else { throw error("\(name) wants \(what)", at: position) }
      return Int(value)
    }
    if ["first", "first_value", "any_value", "last", "last_value"].contains(name) {
      try needs(1...2)
      var ignoresNulls = modifiers.ignoresNulls
      if call.arguments.count == 2 {
        ignoresNulls = try Self.constant(call.arguments.removeLast()) == .boolean(true)
      }
      call.type = call.arguments[0].type
      call.function = .nth(name.hasPrefix("last") ? -1 : 1, ignoresNulls: ignoresNulls)
      return
    }
    guard WindowCall.names.contains(name) else { return try aggregate(&call, modifiers) }
    if call.order.isEmpty, name != "nth_value" {
      throw error("\(name) wants ORDER BY in its window", at: position, wayOut: "write OVER (ORDER BY …)")
    }
    switch name {
    case "row_number": call.function = .rowNumber
    case "rank": call.function = .rank
    case "dense_rank": call.function = .denseRank
    case "percent_rank": (call.function, call.type) = (.percentRank, .double)
    case "cume_dist": (call.function, call.type) = (.cumulativeShare, .double)
    case "ntile":
      try needs(0...1)
      let parts = call.arguments.isEmpty ? 1 : try constant(0, "a number of parts above 0")
      guard parts > 0 else { throw error("ntile wants a number of parts above 0", at: position) }
      (call.function, call.arguments) = (.tile(parts), [])
      return
    case "nth_value":
      try needs(2...2)
      let number = try constant(1, "a place from 1 on")
      guard number > 0 else { throw error("nth_value wants a place from 1 on", at: position) }
      call.arguments.removeLast()
      call.type = call.arguments[0].type
      call.function = .nth(number, ignoresNulls: modifiers.ignoresNulls)
      return
    default:
      try needs(1...3)
      let distance = call.arguments.count > 1 ? try constant(1, "a constant number of rows") : 1
      call.type = call.arguments[0].type
      let other = call.arguments.count > 2 ? call.arguments[2] : .constant(.null, call.type, position)
      let plain = FunctionCall(name: name, arguments: [], position: position, ansi: ansi, file: file)
      call.arguments = [call.arguments[0], try plain.cast(other, to: call.type)]
      call.function = .shifted(name == "lag" ? -distance : distance, ignoresNulls: modifiers.ignoresNulls)
      return
    }
    try needs(0...0)
  }

  private func aggregate(_ call: inout WindowCall, _ modifiers: AggregateModifiers) throws {
    guard AggregateLibrary.names.contains(call.name) else {
      let known = AggregateLibrary.names.union(WindowCall.names)
      let nearest = Nearest.name(to: call.name, among: known.sorted())
      throw error(
        "\(call.name) is no window function", at: call.position, wayOut: nearest.map { "did you mean \($0)?" })
    }
    var plain = FunctionCall(
      name: call.name, arguments: call.arguments, position: call.position, ansi: ansi, file: file)
    let aggregate = try AggregateLibrary.build(&plain, modifiers)
    call.arguments = aggregate.arguments
    call.type = aggregate.type
    call.function = .aggregate(aggregate)
  }

  // MARK: Frames

  private mutating func frame(
    _ spec: WindowSpec, _ order: [SortKey], at position: SourcePosition
  ) throws -> WindowFrame {
    guard let frame = spec.frame else { return order.isEmpty ? .partition : .running }
    let isByDistance = !frame.isRows && (Self.isDistance(frame.start) || Self.isDistance(frame.end))
    if isByDistance, order.count != 1 {
      throw error("RANGE with a distance wants one key in ORDER BY, not \(order.count)", at: position)
    }
    let made = WindowFrame(
      start: try bound(frame.start, frame.isRows, order.first), end: try bound(frame.end, frame.isRows, order.first))
    if Self.isDistance(frame.start), Self.isDistance(frame.end), made.isReversed {
      throw error("the frame's lower bound is above its upper bound", at: position)
    }
    return made
  }

  private static func isDistance(_ bound: WindowSpec.Bound) -> Bool {
    switch bound {
    case .preceding, .following: true
    case .unbounded, .current: false
    }
  }

  private mutating func bound(
    _ bound: WindowSpec.Bound, _ isRows: Bool, _ key: SortKey?
  ) throws -> WindowFrame.Bound {
    switch bound {
    case .unbounded: return .unbounded
    case .current: return isRows ? .rows(0) : .peers
    case .preceding(let distance): return try by(distance, sign: -1, isRows, key)
    case .following(let distance): return try by(distance, sign: 1, isRows, key)
    }
  }

  private mutating func by(
    _ syntax: Syntax, sign: Int, _ isRows: Bool, _ key: SortKey?
  ) throws -> WindowFrame.Bound {
    let distance = try expression(syntax, Scope(Schema([]), qualifier: nil))
    func wrong(_ wanted: String) -> MillError { error("the distance must be \(wanted)", at: syntax.position) }
    if isRows {
      guard distance.type.isIntegral, case .integer(let value)? = try Self.constant(distance), value >= 0 else {
        throw wrong("a whole number of rows")
      }
      return .rows(sign * Int(value))
    }
    let type = key!.expression.type
    let call = FunctionCall(name: "RANGE", arguments: [], position: syntax.position, ansi: ansi, file: file)
    switch (type, distance.type) {
    case (.date, let number) where number.isIntegral:
      guard let value = try Self.constant(distance) else { throw wrong("a constant") }
      return .whole(Int128(sign * value.whole))
    case (.date, .dayTimeInterval):
      guard let value = try Self.constant(distance) else { throw wrong("a constant") }
      return .whole(Int128(sign) * Int128(value.whole) / Int128(Calendar.microsecondsPerDay))
    case (.date, .yearMonthInterval), (.timestamp, .yearMonthInterval):
      guard let value = try Self.constant(distance) else { throw wrong("a constant") }
      return .months(sign * value.whole, LocalTime(zone: zone))
    case (.timestamp, .dayTimeInterval):
      guard let value = try Self.constant(distance) else { throw wrong("a constant") }
      return .whole(Int128(sign) * Int128(value.whole))
    case (let key, let number) where key.isNumeric && number.isNumeric:
      guard let value = try Self.constant(call.cast(distance, to: key)) else { throw wrong("a constant") }
      switch value {
      case .integer(let value): return .whole(Int128(sign) * Int128(value))
      case .decimal(let unscaled, _): return .whole(Int128(sign) * unscaled)
      case .float(let value): return .floating(Double(sign) * Double(value))
      case .double(let value): return .floating(Double(sign) * value)
      default: throw wrong("a number")
      }
    default: throw wrong("of a kind that can be added to \(type.sql)")
    }
  }
}
