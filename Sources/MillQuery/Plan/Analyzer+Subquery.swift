import MillBase
import MillColumns

/// The sub-queries of one clause: each becomes a join that adds columns to the clause's input.
struct Subqueries {
  /// Columns that the clause's input has.
  let base: Int
  var joins: [(join: Join, plan: Plan)] = []
  /// Columns that the joins add.
  var width = 0
}

/// Sub-queries as values and conditions: `(SELECT …)`, EXISTS, IN.
extension Analyzer {
  /// Runs the body where neither aggregates nor sub-queries nor the columns of a query around are known.
  mutating func isolated<Result>(_ body: (inout Analyzer) throws -> Result) rethrows -> Result {
    let saved = (aggregates, subqueries, outerScope, windows)
    (aggregates, subqueries, outerScope, windows) = (nil, nil, nil, nil)
    defer { (aggregates, subqueries, outerScope, windows) = saved }
    return try body(&self)
  }

  /// The plan with its sub-queries' columns behind its own.
  func attach(_ subqueries: Subqueries?, to plan: Plan, at position: SourcePosition) -> Plan {
    (subqueries?.joins ?? []).reduce(plan) { .join($1.join, position, $0, $1.plan) }
  }

  private mutating func append(
    _ join: Join, _ plan: Plan, column: Int, _ type: DataType, at position: SourcePosition
  ) -> Expression {
    let index = subqueries!.base + subqueries!.width + column
    subqueries!.joins.append((join, plan))
    subqueries!.width += join.kind == .mark ? 1 : plan.schema.count
    return Expression(.column(index), type, position)
  }

  private func checkPlace(at position: SourcePosition) throws {
    guard subqueries != nil else {
      throw error(
        "a sub-query can't stand here", at: position,
        wayOut: "it can in the select list, WHERE and HAVING; else join it")
    }
  }

  /// Columns that the plan has when the next sub-query is joined.
  private var leftCount: Int { subqueries!.base + subqueries!.width }

  // MARK: Kinds

  mutating func scalarQuery(_ query: Query, _ scope: Scope, at position: SourcePosition) throws -> Expression {
    try checkPlace(at: position)
    if let inner = try correlated(query, scope) { return try scalar(inner, at: position) }
    let plan = try isolated { try $0.plan(query) }
    let single = try singleValue(plan, [], at: position)
    return append(
      Join(kind: .inner, keys: [], condition: nil), single, column: 0, plan.schema.columns[0].type, at: position)
  }

  mutating func existsQuery(_ query: Query, _ scope: Scope, at position: SourcePosition) throws -> Expression {
    try checkPlace(at: position)
    var join = Join(kind: .mark, keys: [], condition: nil)
    guard let inner = try correlated(query, scope) else {
      let plan = try isolated { try $0.plan(query) }
      return append(join, plan, column: 0, .boolean, at: position)
    }
    let (plan, predicates) = projected(inner, [], Schema([]), behind: leftCount, at: position)
    for predicate in predicates { join.add(predicate, leftCount, position) }
    return append(join, plan, column: 0, .boolean, at: position)
  }

  /// As in Spark the answer is never unknown: a null on either side makes both IN and NOT IN false.
  mutating func inQuery(
    _ value: Syntax, _ query: Query, negated: Bool, _ scope: Scope, _ aliases: LateralAliases,
    at position: SourcePosition
  ) throws -> Expression {
    try checkPlace(at: position)
    var wanted: [Expression] = []
    if case .call("struct", let items) = value.kind {
      for item in items { wanted.append(try expression(item, scope, aliases)) }
    } else {
      wanted = [try expression(value, scope, aliases)]
    }
    var join = Join(kind: .mark, keys: [], condition: nil)
    let plan: Plan
    let columns: Schema
    if let inner = try correlated(query, scope) {
      let list = try isolated { analyzer in try analyzer.selectList(inner.select, inner.plan, inner.scope) }
      columns = list.schema
      let (projected, predicates) = projected(inner, list.entries, columns, behind: leftCount, at: position)
      plan = projected
      for predicate in predicates { join.add(predicate, leftCount, position) }
    } else {
      plan = try isolated { try $0.plan(query) }
      columns = plan.schema
    }
    guard columns.count == wanted.count else {
      throw error(
        "IN compares \(wanted.count) value\(wanted.count == 1 ? "" : "s") with \(columns.count) columns", at: position)
    }
    let call = FunctionCall(name: "IN", arguments: [], position: position, ansi: ansi, file: file)
    var test: Expression?
    for (index, left) in wanted.enumerated() {
      let right = Expression(.column(leftCount + index), columns.columns[index].type, position)
      let same = try FunctionLibrary.comparison("=", left, right, call)
      test = test.map { Expression(.and($0, same), .boolean, position) } ?? same
    }
    // One value against a whole column: by its key. Nulls on either side make the answer unknown.
    if join.keys.isEmpty, join.condition == nil, let key = test!.joinKey(leftCount), wanted.count == 1 {
      join.keys = [key]
    } else {
      join.test = test
    }
    join.countsUnknown = negated
    let found = append(join, plan, column: 0, .boolean, at: position)
    return negated ? FunctionLibrary.not(found, position) : found
  }

  // MARK: Correlation

  /// A sub-query whose WHERE names columns of the query around it.
  struct Correlated {
    var select: Select
    /// FROM, filtered by what names no outer column.
    var plan: Plan
    var scope: Scope
    /// The rest of WHERE, with ``Expression/Node/outer(_:)`` for the outer columns.
    var predicates: [Expression]
  }

  /// nil when the sub-query stands on its own.
  mutating func correlated(_ query: Query, _ scope: Scope) throws -> Correlated? {
    guard case .select(let select) = query.body, let filter = select.filter else { return nil }
    let known = views
    defer { views = known }
    return try isolated { analyzer in
      try analyzer.define(query.with)
      var (plan, inner) = try analyzer.relation(select.from)
      for lateral in select.lateralViews { try analyzer.apply(lateral, &plan, &inner) }
      analyzer.outerScope = scope
      analyzer.subqueries = Subqueries(base: plan.schema.count)
      let condition = try analyzer.condition(filter, "WHERE", inner)
      plan = analyzer.attach(analyzer.subqueries, to: plan, at: select.position)
      let predicates = condition.conjuncts.filter(\.hasOuter)
      if predicates.isEmpty { return nil }
      let own = condition.conjuncts.filter { !$0.hasOuter }
      if let first = own.first {
        let all = own.dropFirst().reduce(first) { Expression(.and($0, $1), .boolean, filter.position) }
        plan = .filter(all, plan)
      }
      if case .none = select.grouping {
      } else {
        throw analyzer.error(
          "a sub-query that names columns of the query around it can't have GROUP BY", at: select.position,
          wayOut: "join it instead")
      }
      return Correlated(select: select, plan: plan, scope: inner, predicates: predicates)
    }
  }

  /// The inner plan cut to some values and what the predicates read; the predicates over the joined columns, of which
  /// the outer side has the first `count`.
  func projected(
    _ inner: Correlated, _ values: [Expression], _ schema: Schema, behind count: Int, at position: SourcePosition
  ) -> (Plan, [Expression]) {
    var columns = values
    var names = schema.columns
    var places: [Int: Int] = [:]
    for index in inner.predicates.reduce(into: Set<Int>(), { $0.formUnion($1.used.columns) }).sorted() {
      places[index] = columns.count
      columns.append(Expression(.column(index), inner.plan.schema.columns[index].type, position))
      names.append(inner.plan.schema.columns[index])
    }
    let predicates = inner.predicates.map { $0.joined { count + places[$0]! } }
    return (.project(columns, Schema(names), inner.plan), predicates)
  }

  /// A scalar sub-query with its groups by the columns that it compares with outer ones.
  private mutating func scalar(_ inner: Correlated, at position: SourcePosition) throws -> Expression {
    let outerCount = leftCount
    let keys = try inner.predicates.map { predicate in
      guard let key = predicate.joined({ outerCount + $0 }).joinKey(outerCount) else {
        throw error(
          "a sub-query's value can depend on columns around it by = only", at: predicate.position,
          wayOut: "write inner column = outer column, or join it")
      }
      return key
    }
    let groups = keys.map(\.right)
    var outerKeys = keys
    let (plan, value, empty): (Plan, Expression, Expression?)
    let list: SelectList
    let calls: [AggregateCall]
    (list, calls) = try isolated { analyzer in
      analyzer.aggregates = []
      let list = try analyzer.selectList(inner.select, inner.plan, inner.scope)
      return (list, analyzer.aggregates!)
    }
    guard list.schema.count == 1 else {
      throw error("a sub-query as a value has one column, not \(list.schema.count)", at: position)
    }
    let type = list.schema.columns[0].type
    if calls.isEmpty {
      let row = Plan.project(
        groups + [list.entries[0]], Schema((groups + [list.entries[0]]).map { .init("", $0.type) }), inner.plan)
      plan = try singleValue(row, groups.map(\.type), at: position)
      (value, empty) = (Expression(.column(groups.count), type, position), nil)
    } else {
      let columns = groups.map { Schema.Column("", $0.type) } + calls.map { .init($0.name, $0.type) }
      plan = .aggregate(groups, calls, Schema(columns), inner.plan)
      value = try grouped(list.entries[0], GroupKeys(keys: groups), inner.plan.schema)
      empty = list.entries[0].rewritten { part in
        guard case .aggregate(let number) = part.node else { return nil }
        return .constant(calls[number].emptyValue, part.type, position)
      }
    }
    // Keys, the value, and a mark that says whether there was a group.
    let picks = groups.enumerated().map { Expression(.column($0.offset), $0.element.type, position) }
    let marked = picks + [value, .constant(.boolean(true), .boolean, position)]
    let right = Plan.project(marked, Schema(marked.map { .init("", $0.type) }), plan)
    for index in outerKeys.indices { outerKeys[index].right = picks[index] }
    let result = append(
      Join(kind: .left, keys: outerKeys, condition: nil), right, column: groups.count, type, at: position)
    guard let empty, case .column(let index) = result.node else { return result }
    let isMissing = FunctionLibrary.isNull(Expression(.column(index + 1), .boolean, position), position)
    return Expression(.branches([(isMissing, empty)], otherwise: result), type, position)
  }

  /// One row for every key; a second one is an error, none gives null.
  private func singleValue(_ plan: Plan, _ keys: [DataType], at position: SourcePosition) throws -> Plan {
    guard plan.schema.count == keys.count + 1 else {
      throw error("a sub-query as a value has one column, not \(plan.schema.count)", at: position)
    }
    let type = plan.schema.columns[keys.count].type
    let call = AggregateCall(
      name: "single_value", arguments: [Expression(.column(keys.count), type, position)], filter: nil,
      isDistinct: false, type: type, position: position, make: { SingleValueAccumulator(type) })
    let groups = keys.enumerated().map { Expression(.column($0.offset), $0.element, position) }
    return .aggregate(groups, [call], plan.schema, plan)
  }
}

extension Expression {
  var hasOuter: Bool {
    if case .outer = node { return true }
    return children.contains { $0.hasOuter }
  }

  /// Outer columns become the left side's, inner ones get their numbers behind them.
  fileprivate func joined(_ number: (Int) -> Int) -> Expression {
    rewritten { part in
      var copy = part
      switch part.node {
      case .outer(let index): copy.node = .column(index)
      case .column(let index): copy.node = .column(number(index))
      default: return nil
      }
      return copy
    }
  }
}

extension AggregateCall {
  /// What it gives for no rows.
  fileprivate var emptyValue: Value {
    switch name {
    case "count", "count_if", "approx_count_distinct", "regr_count": .integer(0)
    case "collect_list", "collect_set", "array_agg": .array([])
    default: .null
    }
  }
}
