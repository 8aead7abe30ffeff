import MillBase
import MillColumns

/// Aggregate functions: argument and result types as in Spark 4, and the accumulator for each.
enum AggregateLibrary {
  static let names = Set([
    "count", "count_if", "sum", "avg", "mean", "min", "max", "first", "first_value", "any_value", "last", "last_value",
    "collect_list", "array_agg", "collect_set", "stddev", "std", "stddev_samp", "stddev_pop", "variance", "var_samp",
    "var_pop", "max_by", "min_by", "bool_and", "every", "bool_or", "some", "any", "try_sum", "try_avg",
  ]).union(statistics)

  /// - Parameter call: the arguments are analysed; none for count(*).
  static func build(_ call: inout FunctionCall, _ modifiers: AggregateModifiers) throws -> AggregateCall {
    let (ansi, name) = (call.ansi, call.name)
    func check(_ arity: ClosedRange<Int>) throws {
      guard !arity.contains(call.count) else { return }
      let wanted = arity.count == 1 ? "\(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
      throw call.error("\(name) takes \(wanted) argument\(wanted == "1" ? "" : "s"), not \(call.count)")
    }
    var isDistinct = modifiers.isDistinct
    if statistics.contains(name) {
      let built = try statistics(&call, modifiers)
      return AggregateCall(
        name: name, arguments: call.arguments, filter: nil, isDistinct: isDistinct, type: built.type,
        position: call.position, parameters: built.parameters, make: built.make)
    }
    var parameters = ""
    let type: DataType
    let make: @Sendable () -> any Accumulator
    switch name {
    case "count":
      if isDistinct, call.count == 0 { throw call.error("count(DISTINCT *) needs columns") }
      type = .long
      make = { CountAccumulator() }
    case "count_if", "bool_and", "every", "bool_or", "some", "any":
      try check(1...1)
      if call.type(0) == .null { try call.cast(0, to: .boolean) }
      guard call.type(0) == .boolean else { throw call.mismatch(0, wants: "BOOLEAN") }
      type = name == "count_if" ? .long : .boolean
      // false < true: "and" is the least, "or" the greatest.
      let isGreatest = name != "bool_and" && name != "every"
      if name == "count_if" {
        make = { CountAccumulator(onlyTrue: true) }
      } else {
        make = { Extremes.accumulator(isGreatest: isGreatest, .boolean) }
      }
    case "sum", "avg", "mean", "try_sum", "try_avg":
      try check(1...1)
      let isAverage = !name.hasSuffix("sum")
      let isTry = name.hasPrefix("try_")
      if let (summed, intervals) = intervals(&call, isAverage) {
        (type, make) = (summed, intervals)
        break
      }
      if isAverage {
        (type, make) = try average(&call, isTry: isTry)
        break
      }
      let input = try number(&call)
      if case .decimal(let precision, let scale) = input {
        type = .decimalBounded(precision + 10, scale)
      } else {
        type = input
      }
      make = { [type] in SumAccumulator(input, type, isAverage: false, ansi: ansi && !isTry, isTry: isTry) }
    case "stddev", "std", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop":
      try check(1...1)
      _ = try number(&call)
      try call.cast(0, to: .double)
      type = .double
      let (isSample, isRoot) = (!name.hasSuffix("_pop"), name.hasPrefix("std"))
      make = { MomentAccumulator(isSample: isSample, isRoot: isRoot) }
    case "min", "max", "min_by", "max_by":
      try check(name.hasSuffix("_by") ? 2...2 : 1...1)
      let types = call.arguments.map(\.type)
      guard isOrderable(types.last!) else { throw call.mismatch(types.count - 1, wants: "a type with an order") }
      type = types[0]
      let isGreatest = name.hasPrefix("max")
      make = {
        types.count == 1
          ? Extremes.accumulator(isGreatest: isGreatest, types[0])
          : PickAccumulator(isGreatest ? .greatest : .least, types)
      }
      isDistinct = false
    case "first", "first_value", "any_value", "last", "last_value":
      try check(1...2)
      var ignoresNulls = modifiers.ignoresNulls
      if call.count == 2 {
        guard case .boolean(let flag)? = call.arguments[1].constantValue else {
          throw call.mismatch(1, wants: "true or false")
        }
        ignoresNulls = flag
        call.arguments.removeLast()
      }
      type = call.type(0)
      parameters = ignoresNulls ? "ignore nulls" : ""
      let rule: PickAccumulator.Rule = name.hasPrefix("last") ? .last : .first
      make = { [type, ignoresNulls] in PickAccumulator(rule, [type], keepsNulls: !ignoresNulls) }
      isDistinct = false
    default:
      try check(1...1)
      let element = call.type(0)
      if name == "collect_set", element.containsMap { throw call.mismatch(0, wants: "a type without maps") }
      type = .array(element)
      make = { ListAccumulator(element) }
      if name == "collect_set" { isDistinct = true }
    }
    return AggregateCall(
      name: name, arguments: call.arguments, filter: nil, isDistinct: isDistinct, type: type, position: call.position,
      parameters: parameters, make: make)
  }

  /// sum and avg of intervals, which are counted in months or microseconds.
  private static func intervals(
    _ call: inout FunctionCall, _ isAverage: Bool
  ) -> (DataType, @Sendable () -> any Accumulator)? {
    guard let fields = call.type(0).intervalFields else { return nil }
    let whole: DataType = fields.from.isYearMonth ? .interval(.year, .month) : .interval(.day, .second)
    let type = isAverage ? whole : call.type(0)
    let number = DataType.decimal(precision: 28, scale: 0)
    call.arguments = [call.values(number) { .decimal(unscaled: Int128($0[0].whole), scale: 0) }]
    return (type, { SumAccumulator(number, type, isAverage: isAverage, ansi: true) })
  }

  /// Whole numbers become BIGINT, FLOAT and text DOUBLE; decimals stay.
  /// avg of a number.
  static func average(
    _ call: inout FunctionCall, isTry: Bool = false
  ) throws -> (type: DataType, make: @Sendable () -> any Accumulator) {
    let ansi = call.ansi && !isTry
    let input = try number(&call)
    var type = DataType.double
    if case .decimal(let precision, let scale) = input { type = .decimalBounded(precision + 4, scale + 4) }
    return (type, { [type] in SumAccumulator(input, type, isAverage: true, ansi: ansi, isTry: isTry) })
  }

  private static func number(_ call: inout FunctionCall) throws -> DataType {
    switch call.type(0) {
    case .byte, .short, .integer, .long: try call.cast(0, to: .long)
    case .float, .double, .string, .null: try call.cast(0, to: .double)
    case .decimal: break
    default: throw call.mismatch(0, wants: "a number")
    }
    return call.type(0)
  }

  private static func isOrderable(_ type: DataType) -> Bool { !type.containsMap }
}

extension DataType {
  /// Maps have no order, and can't be grouped by.
  var containsMap: Bool {
    switch self {
    case .map: true
    case .array(let element): element.containsMap
    case .struct(let schema): schema.columns.contains { $0.type.containsMap }
    default: false
    }
  }
}
