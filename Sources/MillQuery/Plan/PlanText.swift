import MillColumns

extension Plan {
  /// The plan as an indented tree, for EXPLAIN, logs and tests.
  func text(indent: Int = 0) -> String {
    let lead = String(repeating: "  ", count: indent)
    switch self {
    case .oneRow: return lead + "OneRow\n"
    case .scan(let source):
      let what =
        switch source.kind {
        case .kafka(let kafka): "kafka \(kafka.subscription)"
        case .files(let files): "\(files.isStreaming ? "stream of " : "")\(files.format.rawValue) \(files.path)"
        case .rate(let rate): rate.description
        case .table(let table): table.description
        }
      let names = source.schema.columns.map { DataType.quoted($0.name) }
      return lead + "Scan \(source.name) [\(what)] (\(names.joined(separator: ", ")))\n"
    case .project(let expressions, let schema, let input):
      let names = zip(expressions, schema.columns).map { "\($0.0.text(input.schema)) AS \(DataType.quoted($0.1.name))" }
      return lead + "Project [\(names.joined(separator: ", "))]\n" + input.text(indent: indent + 1)
    case .filter(let condition, let input):
      return lead + "Filter \(condition.text(input.schema))\n" + input.text(indent: indent + 1)
    case .generate(let generator, _, let input):
      let name = (generator.hasPosition ? "pos" : "") + (generator.inlinesFields ? "inline" : "explode")
      let call = "\(name)\(generator.isOuter ? "_outer" : "")(\(generator.input.text(input.schema)))"
      return lead + "Generate \(call)\n" + input.text(indent: indent + 1)
    case .rows(let name, _): return lead + "Rows \(name)\n"
    case .aggregate(let keys, let calls, _, let input):
      let groups = keys.map { $0.text(input.schema) }.joined(separator: ", ")
      let functions = calls.map { $0.text(input.schema) }.joined(separator: ", ")
      return lead + "Aggregate [\(groups)], [\(functions)]\n" + input.text(indent: indent + 1)
    case .window(let calls, let input):
      let list = calls.map { call in
        let keys = call.partition.map { $0.text(input.schema) }.joined(separator: ", ")
        let order = call.order.map { $0.expression.text(input.schema) + ($0.isDescending ? " DESC" : "") }
        let arguments = call.arguments.map { $0.text(input.schema) }.joined(separator: ", ")
        return "\(call.name)(\(arguments)) OVER ([\(keys)], [\(order.joined(separator: ", "))])"
      }
      return lead + "Window [\(list.joined(separator: ", "))]\n" + input.text(indent: indent + 1)
    case .sort(let keys, _, let input):
      let list = keys.map { key in
        key.expression.text(input.schema) + (key.isDescending ? " DESC" : " ASC")
          + (key.nullsFirst ? " NULLS FIRST" : " NULLS LAST")
      }
      return lead + "Sort [\(list.joined(separator: ", "))]\n" + input.text(indent: indent + 1)
    case .limit(let count, let offset, _, let input):
      let parts = [count.map { "\($0)" }, offset > 0 ? "offset \(offset)" : nil].compactMap(\.self)
      return lead + "Limit \(parts.joined(separator: " "))\n" + input.text(indent: indent + 1)
    case .join(let join, _, let left, let right):
      let keys = join.keys.map { "\($0.left.text(left.schema)) = \($0.right.text(right.schema))" }
      let both = Schema(left.schema.columns + right.schema.columns)
      let rest = [join.condition, join.test].compactMap { $0?.text(both) }
      return lead + "Join \(join.kind.rawValue) [\((keys + rest).joined(separator: ", "))]\n"
        + left.text(indent: indent + 1) + right.text(indent: indent + 1)
    case .watermark(let watermark, let input):
      let name = DataType.quoted(input.schema.columns[watermark.column].name)
      let length = Value.integer(watermark.delayMilliseconds * 1000)
      let delay = Column(.dayTimeInterval(from: .day, to: .second), [length]).text(0)!
      return lead + "EventTimeWatermark \(name), \(delay)\n" + input.text(indent: indent + 1)
    case .deduplicate(let deduplication, _, let input):
      let names = deduplication.columns.map { DataType.quoted(input.schema.columns[$0].name) }
      let what = deduplication.isWithinWatermark ? "DeduplicateWithinWatermark" : "Deduplicate"
      return lead + "\(what) [\(names.joined(separator: ", "))]\n" + input.text(indent: indent + 1)
    case .unionAll(let inputs):
      return lead + "UnionAll\n" + inputs.map { $0.text(indent: indent + 1) }.joined()
    }
  }
}

extension AggregateCall {
  func text(_ input: Schema) -> String {
    let list = arguments.map { $0.text(input) }.joined(separator: ", ")
    let only = filter.map { " FILTER (WHERE \($0.text(input)))" } ?? ""
    return "\(name)(\(isDistinct ? "DISTINCT " : "")\(arguments.isEmpty ? "1" : list))\(only)"
  }
}

extension Expression {
  /// The expression with the names of its input's columns.
  func text(_ input: Schema) -> String {
    func list(_ expressions: [Expression]) -> String { expressions.map { $0.text(input) }.joined(separator: ", ") }
    switch node {
    case .constant(let column): return column.literal(0)
    case .column(let index): return DataType.quoted(input.columns[index].name)
    case .field(let base, let index), .elementFields(let base, let index):
      return "\(base.text(input)).\(DataType.quoted(base.type.fields!.columns[index].name))"
    case .cast(let base, let mode):
      return "\(mode == .attempt ? "TRY_CAST" : "CAST")(\(base.text(input)) AS \(type.sql))"
    case .and(let a, let b): return "(\(a.text(input)) AND \(b.text(input)))"
    case .or(let a, let b): return "(\(a.text(input)) OR \(b.text(input)))"
    case .branches(let cases, let otherwise):
      let whens = cases.map { " WHEN \($0.when.text(input)) THEN \($0.then.text(input))" }.joined()
      return "CASE\(whens)\(otherwise.map { " ELSE " + $0.text(input) } ?? "") END"
    case .coalesce(let choices): return "coalesce(\(list(choices)))"
    case .call(let kernel, let arguments) where FunctionCall.clockNames.contains(kernel.name):
      return arguments[0].text(input)
    case .call(let kernel, let arguments): return "\(kernel.name)(\(list(arguments)))"
    case .window(let number): return "window \(number)"
    case .outer(let index): return "outer \(index)"
    case .variable(let number): return "x\(number)"
    case .higherOrder(let function, let arguments, let bodies):
      let lambdas = zip(function.variables, bodies).map { variables, body in
        "(\(variables.map { "x\($0)" }.joined(separator: ", "))) -> \(body.text(input))"
      }
      return "\(function.name)(\((arguments.map { $0.text(input) } + lambdas).joined(separator: ", ")))"
    case .aggregate(let number): return "aggregate \(number)"
    case .fromJSON(let base, let json): return "from_json(\(base.text(input)), \(json.schema.sql))"
    }
  }
}

extension DataType {
  /// The fields of a struct, or of the structs in an array.
  var fields: Schema? {
    switch self {
    case .struct(let schema): schema
    case .array(.struct(let schema)): schema
    default: nil
    }
  }
}

extension Column {
  /// The value of a row as a literal, for plans and error messages.
  func literal(_ row: Int) -> String {
    guard let text = text(row) else { return "NULL" }
    return switch type {
    case .string: "'\(text)'"
    case .date: "DATE '\(text)'"
    case .timestamp: "TIMESTAMP '\(text)'"
    default: text
    }
  }
}
