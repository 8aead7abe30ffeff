/// Runs a SELECT: sources, groups, rows, answer.
struct SelectRun {
  /// Rows that one statement may read. InfluxDB calls its limit max-select-point.
  static let rowsMax = 20_000_000

  let reader: SourceReader

  /// - Parameters:
  ///   - parent: the query around a sub-query.
  ///   - moreDimensions: tags that the query around it groups by.
  func run(
    _ statement: SelectStatement, parent: SelectPlan? = nil, moreDimensions: [String] = []
  ) throws -> (SelectPlan, [ResultSeries]) {
    let plan = try SelectPlan(statement, now: reader.now, parent: parent)
    var named = statement.dimensions.compactMap { dimension -> String? in
      if case .reference(let name, _) = dimension.bare { name } else { nil }
    }
    for name in moreDimensions where !named.contains(name) { named.append(name) }
    let measurements = try reader.measurements(statement.sources, for: plan, dimensions: named)
    let types = measurements.reduce(into: [String: FieldType]()) { types, measurement in
      for (name, field) in measurement.fields { types[name] = types[name] ?? field.type }
    }
    let tagKeys = measurements.reduce(into: Set<String>()) { $0.formUnion($1.tagKeys) }
    let dimensions = self.dimensions(statement, named, tagKeys)
    let hasWildcard = statement.dimensions.contains { dimension in
      switch dimension.bare {
      case .wildcard, .regex: true
      default: false
      }
    }
    let expansion = FieldExpansion(
      types: types, tagKeys: tagKeys, hasDimensionWildcard: hasWildcard, dimensions: dimensions)
    let fields = expansion.expand(plan.fields)
    if fields.isEmpty { return (plan, []) }
    for field in fields { try checkTypes(field.expression, types) }
    let columns = FieldExpansion.columnNames(fields, time: plan.timeName)
    var answer: [ResultSeries] = []
    var rowsLeft = Self.rowsMax
    for measurement in measurements {
      answer += try run(plan, fields.map(\.expression), columns, measurement, dimensions, &rowsLeft)
    }
    return (plan, plan.isAscending ? answer : answer.reversed())
  }

  /// Tag keys to group by, sorted.
  private func dimensions(_ statement: SelectStatement, _ named: [String], _ tagKeys: Set<String>) -> [String] {
    var keys = Set(named)
    for dimension in statement.dimensions {
      switch dimension.bare {
      case .wildcard: keys.formUnion(tagKeys)
      case .regex(let pattern): keys.formUnion(tagKeys.filter { pattern.matches($0) })
      default: break
      }
    }
    return keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  // MARK: Types

  private func checkTypes(_ expression: Expression, _ types: [String: FieldType]) throws {
    switch expression {
    case .call(let name, let arguments):
      if case .reference(let field, _)? = arguments.first, let type = types[field],
        let function = Function(rawValue: name), !function.expands(type)
      {
        let kind = function == .top || function == .bottom ? "call" : name
        throw InfluxQLError("unsupported \(kind) iterator type: *query.\(type.name)InterruptIterator")
      }
      for argument in arguments { try checkTypes(argument, types) }
    case .parenthesis(let inner): try checkTypes(inner, types)
    case .binary(_, let left, let right):
      try checkTypes(left, types)
      try checkTypes(right, types)
      guard let a = type(left, types), let b = type(right, types), a != b,
        a == "string" || b == "string" || a == "boolean" || b == "boolean"
      else { return }
      throw InfluxQLError("type error: \(typed(expression, types)): incompatible types: \(a) and \(b)")
    default: break
    }
  }

  private func type(_ expression: Expression, _ types: [String: FieldType]) -> String? {
    switch expression.bare {
    case .reference(let name, let cast): cast ?? types[name]?.name
    case .integer: "integer"
    case .number: "float"
    case .string: "string"
    case .boolean: "boolean"
    default: nil
    }
  }

  private func typed(_ expression: Expression, _ types: [String: FieldType]) -> String {
    switch expression {
    case .reference(let name, let cast):
      Expression.reference(name, cast: cast ?? types[name]?.name).text
    case .binary(let symbol, let left, let right): "\(typed(left, types)) \(symbol.rawValue) \(typed(right, types))"
    case .parenthesis(let inner): "(\(typed(inner, types)))"
    default: expression.text
    }
  }

  // MARK: Groups

  private func run(
    _ plan: SelectPlan, _ expressions: [Expression], _ columns: [String], _ measurement: InputMeasurement,
    _ dimensions: [String], _ rowsLeft: inout Int
  ) throws -> [ResultSeries] {
    var groups: [[String]: [InputSeries]] = [:]
    for series in measurement.series {
      let decision = Evaluation.decide(
        plan.condition, tag: { series.tag($0) ?? "" }, isField: { measurement.fields[$0] != nil })
      if decision == false { continue }
      groups[dimensions.map { series.tag($0) ?? "" }, default: []].append(series)
    }
    var keys = groups.keys.sorted { $0.lexicographicallyPrecedes($1) { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    let statement = plan.statement
    if statement.seriesOffset > 0 { keys.removeFirst(min(statement.seriesOffset, keys.count)) }
    if statement.seriesLimit > 0, keys.count > statement.seriesLimit {
      keys.removeLast(keys.count - statement.seriesLimit)
    }
    return try keys.compactMap { key in
      let rows = try RowLoader(plan: plan, expressions: expressions, measurement: measurement)
        .load(groups[key]!, &rowsLeft)
      let selected = Set(expressions.flatMap(\.references))
      let isField = rows.columns.map { measurement.fields[$0] != nil && selected.contains($0) }
      var (times, cells) = try GroupRun(plan: plan, expressions: expressions, rows: rows, isField: isField).run()
      Self.limit(statement, &times, &cells)
      if times.isEmpty { return nil }
      let tags = zip(dimensions, key).map { SeriesInfo.Tag(key: $0, value: $1) }
      return ResultSeries(
        name: measurement.name, tags: dimensions.isEmpty ? nil : tags, columns: columns, times: times, rows: cells)
    }
  }

  private static func limit(_ statement: SelectStatement, _ times: inout [Int64], _ rows: inout [[FieldValue]]) {
    if statement.offset > 0 {
      times.removeFirst(min(statement.offset, times.count))
      rows.removeFirst(min(statement.offset, rows.count))
    }
    if statement.limit > 0, times.count > statement.limit {
      times.removeLast(times.count - statement.limit)
      rows.removeLast(rows.count - statement.limit)
    }
  }
}
