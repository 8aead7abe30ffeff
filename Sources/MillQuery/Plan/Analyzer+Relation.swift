import MillBase
import MillColumns

/// FROM: views, sub-queries, VALUES, table functions, LATERAL.
extension Analyzer {
  mutating func relation(_ relation: Relation?) throws -> (Plan, Scope) {
    switch relation {
    case nil: return (.oneRow, Scope(Schema([]), qualifier: nil))
    case .view(let name, let alias, let position):
      let plan = try view(name, at: position)
      return (plan, Scope(plan.schema, qualifier: alias ?? name.lastPart))
    case .subquery(let query, let alias, let columns, let position):
      let plan = try rename(plan(query), columns, at: position)
      return (plan, Scope(plan.schema, qualifier: alias))
    case .values(let rows, let alias, let columns, let position):
      let plan = try rename(values(rows, at: position), columns, at: position)
      return (plan, Scope(plan.schema, qualifier: alias))
    case .join(let kind, let left, let right, let condition, let position):
      let first = try self.relation(left)
      if case .lateral(let inner) = right { return try lateral(kind, first, inner, condition, at: position) }
      return try join(kind, first, self.relation(right), condition, at: position)
    case .function(let name, let arguments, let alias, let columns, let position):
      return try tableFunction(name, arguments, alias, columns, at: position)
    case .lateral(let inner): return try self.relation(inner)
    case .stream(let inner, let position):
      let (plan, scope) = try self.relation(inner)
      guard let stream = plan.asStream else {
        throw error(
          "STREAM wants a view over a topic, files or rate: nothing comes to what this one reads", at: position)
      }
      return (stream, scope)
    case .watermarked(let inner, let clause): return try watermarked(self.relation(inner), clause)
    case .deduplicated(let inner, let clause): return try deduplicated(self.relation(inner), clause)
    }
  }

  /// The plan of a view, or of a table that the catalog has.
  func view(_ name: String, at position: SourcePosition) throws -> Plan {
    switch views[name.lowercased()] {
    case .source(let source): return .scan(source)
    case .query(let inner): return inner
    case nil: break
    }
    do {
      if let table = try catalog?.table(name) { return .scan(try withPartitions(table, at: position)) }
    } catch let problem as MillError where problem.code == .configuration && problem.place?.line == nil {
      throw error(problem.message, at: position, wayOut: problem.wayOut)
    }
    throw unknownView(name, at: position)
  }

  func unknownView(_ name: String, at position: SourcePosition) -> MillError {
    let known = views.keys.sorted() + (catalog?.tableNames ?? [])
    let nearest = Nearest.name(to: name, among: known)
    return error(
      "the view \(name) does not exist", at: position,
      wayOut: nearest.map { "did you mean \($0)?" }
        ?? (known.isEmpty
          ? "create it first with CREATE TEMPORARY VIEW" : "known are: \(known.joined(separator: ", "))"))
  }

  private mutating func values(_ rows: [[Syntax]], at position: SourcePosition) throws -> Plan {
    let nothing = Scope(Schema([]), qualifier: nil)
    let plans = try rows.map { row in
      guard row.count == rows[0].count else {
        throw error("the rows of VALUES have \(rows[0].count) and \(row.count) columns", at: row[0].position)
      }
      let values = try row.map { try expression($0, nothing) }
      let schema = Schema(values.enumerated().map { .init("col\($0.offset + 1)", $0.element.type) })
      return Plan.project(values, schema, .oneRow)
    }
    return plans.count == 1 ? plans[0] : try union(plans, "VALUES", at: position)
  }

  // MARK: Table functions, LATERAL

  /// `range(…)` and the generators.
  private mutating func tableFunction(
    _ name: String, _ arguments: [Syntax], _ alias: String?, _ columns: [String], at position: SourcePosition
  ) throws -> (Plan, Scope) {
    let nothing = Scope(Schema([]), qualifier: nil)
    if name.lowercased() == "range" {
      guard (1...4).contains(arguments.count) else {
        throw error("range takes 1 to 3 arguments, not \(arguments.count)", at: position)
      }
      var call = FunctionCall(name: "range", arguments: [], position: position, ansi: ansi, file: file)
      for argument in arguments.prefix(3) { call.arguments.append(try expression(argument, nothing)) }
      if call.count == 1 { call.arguments.insert(.constant(.integer(0), .long, position), at: 0) }
      for index in call.arguments.indices { try call.cast(index, to: .long) }
      var sequence = call
      let plan = Plan.generate(
        Generator(
          input: try FunctionLibrary.rangeValues(&sequence), isOuter: false, hasPosition: false,
          inlinesFields: false), Schema([.init("id", .long)]), .oneRow)
      let named = try rename(plan, columns, at: position)
      return (named, Scope(named.schema, qualifier: alias ?? name))
    }
    guard case (let generator, var made)? = try generator(name, arguments, nothing, at: position) else {
      let nearest = Nearest.name(to: name.lowercased(), among: ["range"] + FunctionLibrary.generators.sorted())
      throw error("there is no table function \(name)", at: position, wayOut: nearest.map { "did you mean \($0)?" })
    }
    try label(&made, columns, at: position)
    return (.generate(generator, Schema(made), .oneRow), Scope(Schema(made), qualifier: alias ?? name))
  }

  /// A generator or a sub-query over each row of the left side.
  private mutating func lateral(
    _ kind: JoinKind, _ left: (plan: Plan, scope: Scope), _ inner: Relation, _ condition: JoinCondition,
    at position: SourcePosition
  ) throws -> (Plan, Scope) {
    guard kind == .inner || kind == .left else {
      throw error("LATERAL stands at an inner or a left join", at: position)
    }
    var (plan, scope) = left
    switch inner {
    case .function(let name, let arguments, let alias, let columns, let place):
      guard case .none = condition else {
        throw error("LATERAL with a function takes no condition", at: position, wayOut: "write it into WHERE")
      }
      let view = LateralView(
        generator: Syntax(kind: .call(name, arguments), position: place), isOuter: kind == .left,
        viewName: alias ?? name, aliases: columns, position: place)
      try apply(view, &plan, &scope)
      return (plan, scope)
    case .subquery(let query, let alias, let names, let place):
      guard case .none = condition, let found = try correlated(query, scope) else {
        let right = try relation(inner)
        return try join(kind, left, right, condition, at: position)
      }
      let list = try isolated { analyzer in
        analyzer.aggregates = []
        let list = try analyzer.selectList(found.select, found.plan, found.scope)
        if let call = analyzer.aggregates?.first {
          throw analyzer.error(
            "LATERAL with the aggregate function \(call.name) is not supported yet", at: call.position)
        }
        return list
      }
      let count = plan.schema.count
      let made = names.isEmpty ? list.schema.columns : try labelled(list.schema.columns, names, at: place)
      let (right, predicates) = projected(found, list.entries, Schema(made), behind: count, at: position)
      var join = Join(kind: kind, keys: [], condition: nil)
      for predicate in predicates { join.add(predicate, count, position) }
      let columns = plan.schema.columns + made
      let picks = columns.enumerated().map { Expression(.column($0.offset), $0.element.type, position) }
      plan = .project(picks, Schema(columns), .join(join, position, plan, right))
      scope.entries += made.map { .init(qualifier: alias, name: $0.name, type: $0.type) }
      return (plan, scope)
    default: throw error("LATERAL stands before a sub-query or a function", at: position)
    }
  }

  private func labelled(
    _ columns: [Schema.Column], _ names: [String], at position: SourcePosition
  ) throws -> [Schema.Column] {
    guard columns.count == names.count else {
      throw error("\(names.count) names for \(columns.count) columns", at: position)
    }
    return zip(names, columns).map { .init($0, $1.type) }
  }
}

extension String {
  /// `pop` of `topic.pop`: what qualifies a table's columns.
  fileprivate var lastPart: String { split(separator: ".").last.map(String.init) ?? self }
}
