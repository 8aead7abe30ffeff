import MillBase
import MillColumns

/// FROM: views, sub-queries, VALUES, joins.
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
      return try join(kind, self.relation(left), self.relation(right), condition, at: position)
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
      if let table = try catalog?.table(name) { return .scan(table) }
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

  private mutating func join(
    _ kind: JoinKind, _ left: (plan: Plan, scope: Scope), _ right: (plan: Plan, scope: Scope),
    _ condition: JoinCondition, at position: SourcePosition
  ) throws -> (Plan, Scope) {
    var both = left.scope
    both.entries += right.scope.entries
    let leftCount = left.scope.entries.count
    var join = Join(kind: kind, keys: [], condition: nil)
    switch condition {
    case .none: break
    case .on(let syntax):
      let condition = try self.condition(syntax, "ON", both)
      for part in condition.conjuncts {
        if let key = part.joinKey(leftCount) {
          join.keys.append(key)
        } else {
          join.condition = join.condition.map { Expression(.and($0, part), .boolean, position) } ?? part
        }
      }
    case .using(let names):
      var hidden: Set<Int> = []
      var shared: [Int] = []
      for name in names {
        func column(_ side: Scope, _ which: String) throws -> Int {
          let found = side.indices(of: name)
          if found.count == 1 { return found[0] }
          let nearest = Nearest.name(to: name, among: side.names)
          throw error(
            "USING: the column \(name) \(found.isEmpty ? "can't be found" : "is ambiguous") on the \(which) side",
            at: position, wayOut: found.isEmpty ? nearest.map { "did you mean \(DataType.quoted($0))?" } : nil)
        }
        let (l, r) = (try column(left.scope, "left"), try column(right.scope, "right"))
        let call = FunctionCall(name: "USING", arguments: [], position: position, ansi: ansi, file: file)
        let same = try FunctionLibrary.comparison(
          "=", Expression(.column(l), both.entries[l].type, position),
          Expression(.column(leftCount + r), both.entries[leftCount + r].type, position), call)
        join.keys.append(same.joinKey(leftCount)!)
        shared.append(l)
        hidden.insert(leftCount + r)
      }
      guard kind == .inner || kind == .left else { break }
      // The shared columns first, once, as in Spark.
      let order =
        shared + both.entries.indices.filter { !shared.contains($0) && !hidden.contains($0) } + hidden.sorted()
      let plan = Plan.join(join, position, left.plan, right.plan)
      let columns = plan.schema.columns
      both.entries = order.map { index in
        var entry = both.entries[index]
        entry.isHidden = entry.isHidden || hidden.contains(index)
        return entry
      }
      let picks = order.map { Expression(.column($0), columns[$0].type, position) }
      return (.project(picks, Schema(order.map { columns[$0] }), plan), both)
    }
    let plan = Plan.join(join, position, left.plan, right.plan)
    return (plan, kind == .semi || kind == .anti ? left.scope : both)
  }

  /// A condition of WHERE, HAVING or ON.
  mutating func condition(
    _ syntax: Syntax, _ clause: String, _ scope: Scope, _ aliases: LateralAliases = LateralAliases()
  ) throws -> Expression {
    let condition = try expression(syntax, scope, aliases)
    if condition.type == .boolean { return condition }
    guard condition.type == .string || condition.type == .null else {
      throw error("\(clause) wants BOOLEAN, not \(condition.type.sql)", at: condition.position)
    }
    return Expression(.cast(condition, ansi ? .ansi : .legacy), .boolean, condition.position)
  }
}

extension Expression {
  /// The parts that AND joins.
  fileprivate var conjuncts: [Expression] {
    if case .and(let a, let b) = node { a.conjuncts + b.conjuncts } else { [self] }
  }

  /// An equality with one side over each input.
  fileprivate func joinKey(_ leftCount: Int) -> Join.Key? {
    guard case .call(let kernel, let sides) = node, kernel.name == "=" || kernel.name == "<=>" else { return nil }
    let used = sides.map(\.columnsUsed)
    guard used.allSatisfy({ !$0.isEmpty }) else { return nil }
    func isLeft(_ index: Int) -> Bool { index < leftCount }
    let isNullSafe = kernel.name == "<=>"
    func right(_ side: Expression) -> Expression { side.renumbered { $0 - leftCount } }
    if used[0].allSatisfy(isLeft), !used[1].contains(where: isLeft) {
      return .init(left: sides[0], right: right(sides[1]), isNullSafe: isNullSafe)
    }
    if used[1].allSatisfy(isLeft), !used[0].contains(where: isLeft) {
      return .init(left: sides[1], right: right(sides[0]), isNullSafe: isNullSafe)
    }
    return nil
  }

  private var columnsUsed: Set<Int> {
    if case .column(let index) = node { return [index] }
    return children.reduce(into: []) { $0.formUnion($1.columnsUsed) }
  }
}

extension String {
  /// `pop` of `topic.pop`: what qualifies a table's columns.
  fileprivate var lastPart: String { split(separator: ".").last.map(String.init) ?? self }
}
