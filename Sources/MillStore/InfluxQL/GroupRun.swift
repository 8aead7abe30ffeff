/// Runs a SELECT over the rows of one group: one measurement, one set of tag values.
struct GroupRun {
  /// Windows of one group. InfluxDB calls its limit max-select-buckets.
  static let windowsMax = 1_000_000

  let plan: SelectPlan
  /// Wildcards are expanded.
  let expressions: [Expression]
  /// All rows of the group that meet the condition, in the order of the query, with the extra intervals before (or,
  /// descending, after) the range that transformations need.
  let rows: RowTable
  /// Which columns are fields: a raw row without any of them is left out.
  let isField: [Bool]

  /// Times and cells of the answer; as many cells a row as `expressions`, plus those that top() names.
  func run() throws -> (times: [Int64], rows: [[FieldValue]]) {
    if plan.isRaw { return raw() }
    let streams = try expressions.map { $0.calls.isEmpty ? nil : try stream($0, extra: 0) }
    if plan.isSingleSelector { return selected(streams) }
    return joined(streams.map { $0 ?? [] })
  }

  // MARK: Rows

  private func raw() -> ([Int64], [[FieldValue]]) {
    var times: [Int64] = []
    var answer: [[FieldValue]] = []
    for row in 0..<rows.count {
      let hasField = rows.columns.indices.contains { isField[$0] && !rows[row, $0].isNull }
      guard hasField, contains(rows.times[row], extra: 0) else { continue }
      times.append(rows.times[row])
      answer.append(expressions.map { expression in Evaluation.value(expression) { rows.value(row, $0) } })
    }
    return (times, answer)
  }

  /// One selector: the other columns come from the point that it picked.
  private func selected(_ streams: [[StreamPoint]?]) -> ([Int64], [[FieldValue]]) {
    guard let points = streams.compactMap({ $0 }).first else { return ([], []) }
    let answer = points.indices.map { index in
      expressions.indices.flatMap { column -> [FieldValue] in
        if let stream = streams[column] {
          let extras = topReferences(expressions[column]).map { name in
            points[index].row.map { rows.value($0, name) } ?? .null
          }
          return [index < stream.count ? stream[index].value : .null] + extras
        }
        return [points[index].row.map { row in Evaluation.value(expressions[column]) { rows.value(row, $0) } } ?? .null]
      }
    }
    return (points.map(\.time), answer)
  }

  /// The tags and fields that top() and bottom() show beside the value.
  private func topReferences(_ expression: Expression) -> [String] {
    guard case .call(let name, let arguments) = expression, name == "top" || name == "bottom" else { return [] }
    return arguments.dropFirst().dropLast().flatMap(\.references)
  }

  /// Columns side by side: values of one time in one row.
  private func joined(_ streams: [[StreamPoint]]) -> ([Int64], [[FieldValue]]) {
    var heads = Array(repeating: 0, count: streams.count)
    var times: [Int64] = []
    var answer: [[FieldValue]] = []
    while true {
      var time: Int64?
      for (index, stream) in streams.enumerated() where heads[index] < stream.count {
        let candidate = stream[heads[index]].time
        if time == nil || (plan.isAscending ? candidate < time! : candidate > time!) { time = candidate }
      }
      guard let time else { return (times, answer) }
      var row: [FieldValue] = []
      for (index, stream) in streams.enumerated() {
        if heads[index] < stream.count, stream[heads[index]].time == time {
          row.append(stream[heads[index]].value)
          heads[index] += 1
        } else {
          row.append(.null)
        }
      }
      times.append(time)
      answer.append(row)
    }
  }

  // MARK: Streams

  /// The time range with so many intervals more at the side where the query begins.
  private func bounds(extra: Int) -> (min: Int64, max: Int64) {
    let more = plan.interval.duration.multipliedReportingOverflow(by: Int64(extra)).partialValue
    var low = plan.range.min ?? InfluxTime.min
    var high = plan.range.max ?? InfluxTime.max
    if plan.isAscending, plan.range.min != nil { low = low.addingClamped(0 &- more) }
    if !plan.isAscending { high = high.addingClamped(more) }
    return (low, high)
  }

  private func contains(_ time: Int64, extra: Int) -> Bool {
    let (low, high) = bounds(extra: extra)
    return time >= low && time <= high
  }

  private func stream(_ expression: Expression, extra: Int) throws -> [StreamPoint] {
    switch expression {
    case .parenthesis(let inner): return try stream(inner, extra: extra)
    case .call(let name, let arguments):
      guard let function = Function(rawValue: name) else { throw InfluxQLError("undefined function \(name)()") }
      if function.isTransformation { return try transformed(function, arguments, extra: extra) }
      return try aggregated(function, arguments, extra: extra)
    case .distinct(let name): return try aggregated(.distinct, [.reference(name)], extra: extra)
    case .binary(let symbol, let left, let right):
      if left.isLiteral {
        let constant = Evaluation.value(left) { _ in .null }
        return try stream(right, extra: extra).map { point in
          var point = point
          point.value = point.value.isNull ? .null : Evaluation.binary(symbol, constant, point.value)
          return point
        }
      }
      if right.isLiteral {
        let constant = Evaluation.value(right) { _ in .null }
        return try stream(left, extra: extra).map { point in
          var point = point
          point.value = point.value.isNull ? .null : Evaluation.binary(symbol, point.value, constant)
          return point
        }
      }
      return combined(symbol, try stream(left, extra: extra), try stream(right, extra: extra))
    default: throw InfluxQLError("mixing aggregate and non-aggregate queries is not supported")
    }
  }

  /// Two streams, time by time; a value that one side does not have comes from fill().
  private func combined(
    _ symbol: Expression.Operator, _ left: [StreamPoint], _ right: [StreamPoint]
  ) -> [StreamPoint] {
    let (times, pairs) = joined([left, right])
    var previous: [FieldValue] = [.null, .null]
    var result: [StreamPoint] = []
    for (time, pair) in zip(times, pairs) {
      var pair = pair
      switch plan.fill {
      case .number(let number):
        for side in 0...1 where pair[side].isNull { pair[side] = .float(number) }
      case .previous:
        for side in 0...1 where pair[side].isNull { pair[side] = previous[side] }
        previous = pair
      default: break
      }
      let isNull = pair[0].isNull || pair[1].isNull
      result.append(StreamPoint(time: time, value: isNull ? .null : Evaluation.binary(symbol, pair[0], pair[1])))
    }
    return result
  }

  private func transformed(_ function: Function, _ arguments: [Expression], extra: Int) throws -> [StreamPoint] {
    let more = function == .cumulativeSum ? 0 : 1
    let input: [StreamPoint]
    if case .reference(let name, _) = arguments[0] {
      input = points(name, extra: extra)
    } else {
      input = try stream(arguments[0], extra: extra + more)
    }
    let unit =
      Reduction.unit(arguments)
      ?? (function == .elapsed ? 1 : plan.interval.isSet ? plan.interval.duration : 1_000_000_000)
    return Transformation.apply(function, arguments, input, unit: unit, isAscending: plan.isAscending)
  }

  /// The values of a column that are there.
  private func points(_ name: String, extra: Int) -> [StreamPoint] {
    guard let column = rows.index(of: name), isField[column] else { return [] }
    let (low, high) = bounds(extra: extra)
    var result: [StreamPoint] = []
    for row in 0..<rows.count where rows.times[row] >= low && rows.times[row] <= high {
      let value = rows[row, column]
      if !value.isNull { result.append(StreamPoint(time: rows.times[row], value: value, row: row)) }
    }
    return result
  }

  private func aggregated(_ function: Function, _ arguments: [Expression], extra: Int) throws -> [StreamPoint] {
    guard let name = arguments[0].references.first else { return [] }
    let input = points(name, extra: extra)
    guard !input.isEmpty else { return [] }
    let isTop = function == .top || function == .bottom
    // A selector on its own keeps the time of its point, unless there are windows.
    let keepsTime = isTop || plan.isSingleSelector && !plan.interval.isSet
    var result: [StreamPoint] = []
    var index = 0
    while index < input.count {
      let start = plan.window(input[index].time)
      var end = index + 1
      if plan.interval.isSet {
        while end < input.count, plan.window(input[end].time) == start { end += 1 }
      } else {
        end = input.count
      }
      let window = Array(input[index..<end])
      var reduced =
        isTop ? top(function, arguments, window) : Reduction.reduce(function, arguments, window, start: start)
      if !keepsTime { for position in reduced.indices { reduced[position].time = start } }
      result += reduced
      index = end
    }
    if isTop, !plan.isAscending { result.reverse() }
    if !plan.interval.isSet || isTop { return result }
    return try filled(result, function, extra: extra)
  }

  private func top(_ function: Function, _ arguments: [Expression], _ points: [StreamPoint]) -> [StreamPoint] {
    guard case .integer(let count)? = arguments.last else { return [] }
    let names = arguments.dropFirst().dropLast().flatMap(\.references).filter { name in
      rows.index(of: name).map { !isField[$0] } ?? true
    }
    return Reduction.top(points, count: Int(clamping: count), isBottom: function == .bottom) { point in
      names.map { name in point.row.map { rows.value($0, name) } ?? .null }
    }
  }

  // MARK: Filling

  /// A point for every window of the range, as fill() says.
  private func filled(_ points: [StreamPoint], _ function: Function, extra: Int) throws -> [StreamPoint] {
    if case .none = plan.fill { return points }
    guard let first = points.first else { return [] }
    let (low, high) = bounds(extra: extra)
    let begin: Int64
    let end: Int64
    if plan.isAscending {
      begin = plan.range.min == nil ? first.time : plan.window(low)
      end = plan.window(high)
    } else {
      begin = plan.window(high)
      end = plan.range.min == nil ? points[points.count - 1].time : plan.window(low)
    }
    let windows = abs(Double(end) - Double(begin)) / Double(plan.interval.duration)
    guard windows < Double(Self.windowsMax) else {
      throw InfluxQLError("max-select-buckets limit exceeded: (\(Int(windows) + 1)/\(Self.windowsMax))")
    }
    var result: [StreamPoint] = []
    var next = 0
    var time = begin
    while plan.isAscending ? time <= end : time >= end {
      var isThere = false
      while next < points.count, points[next].time == time {
        result.append(points[next])
        next += 1
        isThere = true
      }
      if !isThere {
        result.append(StreamPoint(time: time, value: fillValue(function, points, next, result.last, time)))
      }
      time = plan.nextWindow(time)
    }
    return result
  }

  private func fillValue(
    _ function: Function, _ points: [StreamPoint], _ next: Int, _ last: StreamPoint?, _ time: Int64
  ) -> FieldValue {
    switch plan.fill {
    case .null: return function == .count ? .integer(0) : .null
    case .number(let number):
      if case .integer? = points.first?.value { return .integer(Int64(number)) }
      if case .float? = points.first?.value { return .float(number) }
      return .null
    case .previous: return last?.value ?? .null
    case .linear:
      guard next > 0, next < points.count, let a = points[next - 1].value.number, let b = points[next].value.number
      else { return .null }
      let (from, to) = (points[next - 1].time, points[next].time)
      let value = a + (b - a) * (Double(time - from) / Double(to - from))
      if case .integer = points[next].value { return .integer(Int64(value)) }
      return .float(value)
    case .none: return .null
    }
  }
}
