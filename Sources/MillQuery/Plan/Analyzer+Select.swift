import MillBase
import MillColumns

/// SELECT with GROUP BY, HAVING, DISTINCT, ORDER BY and LIMIT.
extension Analyzer {
  mutating func plan(_ select: Select, order: [OrderItem]) throws -> Plan {
    let outer = (aggregates, subqueries, outerScope, allowsGrouping, windows, namedWindows)
    defer { (aggregates, subqueries, outerScope, allowsGrouping, windows, namedWindows) = outer }
    (aggregates, subqueries, outerScope, allowsGrouping, windows) = (nil, nil, nil, false, nil)
    namedWindows = select.windows
    var (plan, scope) = try relation(select.from)
    for lateral in select.lateralViews { try apply(lateral, &plan, &scope) }
    if let filter = select.filter {
      let count = plan.schema.count
      subqueries = Subqueries(base: count)
      let condition = try condition(filter, "WHERE", scope)
      plan = .filter(condition, attach(subqueries, to: plan, at: filter.position))
      // What the sub-queries have added is known to the condition only.
      if plan.schema.count > count { plan = first(count, of: plan, at: filter.position) }
    }
    try applyWindow(of: select, order, &plan, &scope)

    // Calls are collected while the select list is read; whether there are any is known afterwards.
    aggregates = []
    subqueries = Subqueries(base: plan.schema.count)
    if case .sets = select.grouping { allowsGrouping = true }
    windows = []
    var list = try selectList(select, plan, scope)
    var aliases = list.aliases
    aliases.comeFirst = true
    let inList = windows
    windows = nil
    let having = try select.having.map { try condition($0, "HAVING", scope, aliases) }
    windows = inList
    var sortKeys: [SortKey] = []
    if !select.isDistinct {
      for item in order { sortKeys.append(try sortKey(item, scope, list, aliases)) }
    }
    let (calls, queries) = (aggregates!, subqueries!)
    var overs = windows!
    (aggregates, subqueries, windows) = (nil, nil, nil)
    if let generator = list.generator, isGrouped(select, calls) || !queries.joins.isEmpty || !overs.isEmpty {
      throw error(
        "a generator can't stand beside GROUP BY, aggregate functions, window functions or sub-queries",
        at: generator.input.position,
        wayOut: "put it in a sub-query")
    }
    let columnCount = list.schema.count
    // What ORDER BY needs besides the select list becomes a column that goes away afterwards.
    for index in sortKeys.indices {
      let number = list.index(of: sortKeys[index].expression)
      sortKeys[index].expression.node = .column(number)
    }
    if isGrouped(select, calls) {
      plan = try grouped(select, &list, &overs, having, calls, queries, plan, scope, columnCount)
    } else if let having {
      throw error(
        "HAVING without GROUP BY and without aggregate functions", at: having.position,
        wayOut: "write WHERE, or add GROUP BY")
    } else {
      plan = attach(queries, to: plan, at: select.position)
    }
    if !overs.isEmpty {
      let first = plan.schema.count
      plan = .window(overs, plan)
      list.rewrite { expression in
        expression.rewritten { part in
          guard case .window(let number) = part.node else { return nil }
          return Expression(.column(first + number), part.type, part.position)
        }
      }
    }
    plan = list.plan(over: plan)
    if select.isDistinct { plan = try distinct(plan, at: select.position) }
    if select.isDistinct { return try sorted(plan, by: order) }
    if sortKeys.isEmpty { return plan }
    plan = .sort(sortKeys, order[0].expression.position, plan)
    return columnCount == plan.schema.count ? plan : first(columnCount, of: plan, at: select.position)
  }

  /// The aggregation over the input, with the sub-queries and HAVING above it; the list is rewritten to its columns.
  private mutating func grouped(
    _ select: Select, _ list: inout SelectList, _ overs: inout [WindowCall], _ having: Expression?,
    _ calls: [AggregateCall],
    _ queries: Subqueries, _ input: Plan, _ scope: Scope, _ columnCount: Int
  ) throws -> Plan {
    var groups = try groupKeys(select, list, columnCount, scope)
    var (plan, keys) = (input, groups.keys)
    if groups.sets != nil { (plan, keys) = try expanded(groups, input, at: select.position) }
    groups.subqueries = (queries.base, keys.count + calls.count)
    var columns = keys.map { Schema.Column("", $0.type) }
    for index in keys.indices {
      columns[index].name = index < groups.keys.count ? name(of: groups.keys[index], input) ?? "key\(index + 1)" : ""
    }
    columns += calls.map { .init($0.name, $0.type) }
    try list.rewrite { try grouped($0, groups, input.schema) }
    let condition = try having.map { try grouped($0, groups, input.schema) }
    for index in overs.indices {
      try overs[index].rewrite { try grouped($0, groups, input.schema) }
    }
    plan = .aggregate(keys, calls, Schema(columns), plan)
    for (join, right) in queries.joins {
      var join = join
      for index in join.keys.indices {
        join.keys[index].left = try grouped(join.keys[index].left, groups, input.schema)
      }
      guard join.condition == nil, join.test == nil else {
        throw error(
          "beside GROUP BY a sub-query can be compared by = only", at: select.position, wayOut: "join it instead")
      }
      plan = .join(join, select.position, plan, right)
    }
    return condition.map { .filter($0, plan) } ?? plan
  }

  private func first(_ count: Int, of plan: Plan, at position: SourcePosition) -> Plan {
    let columns = Array(plan.schema.columns.prefix(count))
    let picks = columns.enumerated().map { Expression(.column($0.offset), $0.element.type, position) }
    return .project(picks, Schema(columns), plan)
  }

  private func isGrouped(_ select: Select, _ calls: [AggregateCall]) -> Bool {
    if case .none = select.grouping { return !calls.isEmpty }
    return true
  }

  private func name(of key: Expression, _ input: Plan) -> String? {
    if case .column(let index) = key.node { input.schema.columns[index].name } else { nil }
  }

  // MARK: The select list

  mutating func selectList(_ select: Select, _ input: Plan, _ scope: Scope) throws -> SelectList {
    var list = SelectList(inputCount: input.schema.count)
    for item in select.items {
      let position = item.expression.position
      if case .star(let parts) = item.expression.kind {
        for (expression, name) in try star(parts, scope, at: position) { list.add(expression, name) }
        continue
      }
      if case .starExcept(let parts, let without) = item.expression.kind {
        let all = try star(parts, scope, at: position)
        for name in without where !all.contains(where: { $0.1.lowercased() == name.lowercased() }) {
          let nearest = Nearest.name(to: name, among: all.map(\.1))
          throw error(
            "EXCEPT: the column \(name) can't be found", at: position, wayOut: nearest.map { "did you mean \($0)?" })
        }
        let left = all.filter { item in !without.contains { $0.lowercased() == item.1.lowercased() } }
        for (expression, name) in left { list.add(expression, name) }
        continue
      }
      if case .call(let name, let arguments) = item.expression.kind,
        case (let generator, var generated)? = try self.generator(name, arguments, scope, at: position)
      {
        guard list.generator == nil else {
          throw error(
            "only one generator is allowed in a select list", at: position, wayOut: "use LATERAL VIEW for the others")
        }
        try label(&generated, item.aliases, at: position)
        list.add(generator, generated, at: position)
        continue
      }
      guard item.aliases.count <= 1 else {
        throw error("several aliases are for generators only", at: position)
      }
      let expression = try self.expression(item.expression, scope, list.aliases)
      list.add(expression, item.aliases.first ?? SyntaxName.of(item.expression, scope))
    }
    return list
  }

  // MARK: GROUP BY

  private mutating func groupKeys(
    _ select: Select, _ list: SelectList, _ columnCount: Int, _ scope: Scope
  ) throws -> GroupKeys {
    var groups = GroupKeys(keys: [])
    switch select.grouping {
    case .none: break
    case .all:
      for item in list.entries.prefix(columnCount) where !item.hasAggregate {
        try add(item, to: &groups, at: item.position)
      }
    case .expressions(let items):
      for item in items { try add(groupKey(item, list, columnCount, scope), to: &groups, at: item.position) }
    case .sets(let sets):
      groups.sets = []
      for set in sets {
        var numbers: [Int] = []
        for item in set {
          let key = try groupKey(item, list, columnCount, scope)
          numbers.append(try add(key, to: &groups, at: item.position))
        }
        groups.sets!.append(numbers)
      }
    }
    return groups
  }

  private mutating func groupKey(
    _ item: Syntax, _ list: SelectList, _ columnCount: Int, _ scope: Scope
  ) throws -> Expression {
    guard let number = ordinal(item) else { return try expression(item, scope, list.aliases) }
    guard (1...columnCount).contains(number) else {
      throw error("GROUP BY position \(number) is not in the select list (1 to \(columnCount))", at: item.position)
    }
    return list.entries[number - 1]
  }

  /// The key's number.
  @discardableResult
  private func add(_ key: Expression, to groups: inout GroupKeys, at position: SourcePosition) throws -> Int {
    if key.hasAggregate {
      throw error(
        "GROUP BY can't contain an aggregate function", at: position, wayOut: "aggregate in a sub-query first")
    }
    if key.type.containsMap { throw error("GROUP BY \(key.type.sql) is not supported yet", at: position) }
    if let found = groups.keys.firstIndex(where: { $0.isSame(as: key) }) { return found }
    groups.keys.append(key)
    return groups.keys.count - 1
  }

  private func ordinal(_ syntax: Syntax) -> Int? {
    if case .literal(.integer(let number)) = syntax.kind { Int(number) } else { nil }
  }

  /// An expression over the input → the same over the aggregation's columns.
  func grouped(_ expression: Expression, _ groups: GroupKeys, _ input: Schema) throws -> Expression {
    // The number of the grouping set stands behind the keys.
    let keyCount = groups.keys.count + (groups.sets == nil ? 0 : 1)
    return try expression.rewritten { part in
      var copy = part
      if let index = groups.keys.firstIndex(where: { $0.isSame(as: part) }) {
        copy.node = .column(index)
        return copy
      }
      switch part.node {
      case .aggregate(let number):
        copy.node = .column(keyCount + number)
        return copy
      case .call(let kernel, let arguments) where kernel.name == "grouping" || kernel.name == "grouping_id":
        return try grouping(kernel.name, arguments, groups, part.position)
      case .column(let index):
        if let (base, above) = groups.subqueries, index >= base {
          copy.node = .column(above + index - base)
          return copy
        }
        let name = DataType.quoted(input.columns[index].name)
        throw error(
          "the column \(name) is neither in GROUP BY nor inside an aggregate function", at: part.position,
          wayOut: "add it to GROUP BY, or write any_value(\(name))")
      default: return nil
      }
    }
  }

  mutating func aggregate(
    _ name: String, _ arguments: [Syntax], _ modifiers: AggregateModifiers, _ scope: Scope,
    at position: SourcePosition
  ) throws -> Expression {
    var call = FunctionCall(name: name.lowercased(), arguments: [], position: position, ansi: ansi, file: file)
    guard AggregateLibrary.names.contains(call.name) else {
      if FunctionLibrary.later.contains(call.name) {
        throw error("the function \(name) is not supported yet", at: position)
      }
      throw error("\(name) is no aggregate function: DISTINCT and FILTER are not possible", at: position)
    }
    guard let outer = aggregates else {
      throw error(
        "the aggregate function \(name) can't stand here", at: position,
        wayOut: "aggregate in a sub-query, or use HAVING")
    }
    // No aggregate within an aggregate, and no sub-query, which comes after it.
    let queries = subqueries
    (aggregates, subqueries) = (nil, nil)
    defer {
      if aggregates == nil { aggregates = outer }
      subqueries = queries
    }
    for argument in arguments {
      if case .star(let parts) = argument.kind, call.name == "count" {
        if parts.isEmpty, !modifiers.isDistinct, arguments.count == 1 { continue }
        call.arguments += try star(parts, scope, at: argument.position).map(\.0)
      } else {
        call.arguments.append(try expression(argument, scope))
      }
    }
    if arguments.isEmpty { throw error("\(name) wants an argument", at: position) }
    if let order = modifiers.within {
      call.within = SortKey(
        expression: try expression(order.expression, scope), isDescending: order.isDescending,
        nullsFirst: order.nullsFirst)
    }
    var result = try AggregateLibrary.build(&call, modifiers)
    result.filter = try modifiers.filter.map { try condition($0, "FILTER", scope) }
    let same = outer.firstIndex { other in
      other.name == result.name && other.isDistinct == result.isDistinct && other.type == result.type
        && other.arguments.count == result.arguments.count
        && zip(other.arguments, result.arguments).allSatisfy { $0.isSame(as: $1) }
        && other.filter == nil && result.filter == nil && other.parameters == result.parameters
    }
    aggregates = same == nil ? outer + [result] : outer
    return Expression(.aggregate(same ?? outer.count), result.type, position)
  }

  // MARK: DISTINCT, ORDER BY, LIMIT

  func distinct(_ plan: Plan, at position: SourcePosition) throws -> Plan {
    let keys = try plan.schema.columns.enumerated().map { index, column in
      if column.type.containsMap {
        throw error("DISTINCT over \(column.type.sql) is not supported yet", at: position)
      }
      return Expression(.column(index), column.type, position)
    }
    return .aggregate(keys, [], plan.schema, plan)
  }

  /// ORDER BY over the columns of a finished plan: after UNION and DISTINCT.
  mutating func sorted(_ plan: Plan, by order: [OrderItem]) throws -> Plan {
    if order.isEmpty { return plan }
    let scope = Scope(plan.schema, qualifier: nil)
    var list = SelectList(inputCount: plan.schema.count)
    for (index, column) in plan.schema.columns.enumerated() {
      list.add(Expression(.column(index), column.type, order[0].expression.position), column.name)
    }
    let keys = try order.map { try sortKey($0, scope, list, LateralAliases()) }
    return .sort(keys, order[0].expression.position, plan)
  }

  private mutating func sortKey(
    _ item: OrderItem, _ scope: Scope, _ list: SelectList, _ aliases: LateralAliases
  ) throws -> SortKey {
    var expression: Expression
    if let number = ordinal(item.expression) {
      guard (1...list.schema.count).contains(number) else {
        throw error(
          "ORDER BY position \(number) is not in the select list (1 to \(list.schema.count))",
          at: item.expression.position)
      }
      expression = list.entries[number - 1]
    } else {
      expression = try self.expression(item.expression, scope, aliases)
    }
    if expression.type.containsMap {
      throw error("ORDER BY: \(expression.type.sql) has no order", at: item.expression.position)
    }
    expression.position = item.expression.position
    return SortKey(expression: expression, isDescending: item.isDescending, nullsFirst: item.nullsFirst)
  }

  mutating func limited(_ plan: Plan, _ query: Query) throws -> Plan {
    let (limit, offset) = (try wholeNumber(query.limit, "LIMIT"), try wholeNumber(query.offset, "OFFSET"))
    guard let position = query.limit?.position ?? query.offset?.position else { return plan }
    return .limit(limit, offset: offset ?? 0, position, plan)
  }

  /// A number, or an expression of numbers.
  private mutating func wholeNumber(_ syntax: Syntax?, _ clause: String) throws -> Int? {
    guard let syntax else { return nil }
    let nothing = Scope(Schema([]), qualifier: nil)
    let expression = try isolated { try $0.expression(syntax, nothing) }
    guard expression.type.isIntegral, let value = try Self.constant(expression), value != .null else {
      throw error("\(clause) wants a whole number", at: syntax.position)
    }
    guard value.whole >= 0 else {
      throw error("\(clause) must be 0 or more, not \(value.whole)", at: syntax.position)
    }
    return value.whole
  }

  /// The value of an expression that reads nothing; nil when it fails.
  static func constant(_ expression: Expression, _ time: LocalTime = LocalTime()) throws -> Value? {
    if let value = expression.constantValue { return value }
    guard expression.used.columns.isEmpty, expression.used.variables.isEmpty else { return nil }
    let frame = Frame(columns: [], count: 1, slot: { $0 })
    let lane = Lane(needs: [:], time: time)
    do {
      return try expression.evaluate(Evaluation(frame: frame, active: nil, lane: lane)).column.value(0)
    } catch is RowFailure { return nil }
  }
}

extension Expression {
  var hasAggregate: Bool { if case .aggregate = node { true } else { children.contains { $0.hasAggregate } } }
}
