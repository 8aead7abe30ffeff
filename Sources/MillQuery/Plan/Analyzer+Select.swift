import MillBase
import MillColumns

/// SELECT with GROUP BY, HAVING, DISTINCT, ORDER BY and LIMIT.
extension Analyzer {
  mutating func plan(_ select: Select, order: [OrderItem]) throws -> Plan {
    let outer = aggregates
    defer { aggregates = outer }
    aggregates = nil
    var (plan, scope) = try relation(select.from)
    for lateral in select.lateralViews { try apply(lateral, &plan, &scope) }
    if let filter = select.filter { plan = .filter(try condition(filter, "WHERE", scope), plan) }

    // Calls are collected while the select list is read; whether there are any is known afterwards.
    aggregates = []
    var list = try selectList(select, plan, scope)
    var aliases = list.aliases
    aliases.comeFirst = true
    let having = try select.having.map { try condition($0, "HAVING", scope, aliases) }
    var sortKeys: [SortKey] = []
    if !select.isDistinct {
      for item in order { sortKeys.append(try sortKey(item, scope, list, aliases)) }
    }
    let calls = aggregates!
    aggregates = nil
    let columnCount = list.schema.count
    // What ORDER BY needs besides the select list becomes a column that goes away afterwards.
    for index in sortKeys.indices {
      let number = list.index(of: sortKeys[index].expression)
      sortKeys[index].expression.node = .column(number)
    }
    if isGrouped(select, calls) {
      if let generator = list.generator {
        throw error(
          "a generator can't stand beside GROUP BY or aggregate functions", at: generator.input.position,
          wayOut: "put it in a sub-query")
      }
      let keys = try groupKeys(select, list, columnCount, scope)
      var columns = keys.map { Schema.Column("", $0.type) }
      for (index, key) in keys.enumerated() { columns[index].name = name(of: key, plan) ?? "key\(index + 1)" }
      columns += calls.map { .init($0.name, $0.type) }
      func grouped(_ expression: Expression) throws -> Expression {
        try self.grouped(expression, keys, plan.schema)
      }
      try list.rewrite(grouped)
      let condition = try having.map(grouped)
      plan = .aggregate(keys, calls, Schema(columns), plan)
      if let condition { plan = .filter(condition, plan) }
    } else if let having {
      throw error(
        "HAVING without GROUP BY and without aggregate functions", at: having.position,
        wayOut: "write WHERE, or add GROUP BY")
    }
    plan = list.plan(over: plan)
    if select.isDistinct { plan = try distinct(plan, at: select.position) }
    if select.isDistinct { return try sorted(plan, by: order) }
    if sortKeys.isEmpty { return plan }
    plan = .sort(sortKeys, order[0].expression.position, plan)
    return columnCount == plan.schema.count ? plan : first(columnCount, of: plan, at: select.position)
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

  private mutating func selectList(_ select: Select, _ input: Plan, _ scope: Scope) throws -> SelectList {
    var list = SelectList(inputCount: input.schema.count)
    for item in select.items {
      let position = item.expression.position
      if case .star(let parts) = item.expression.kind {
        for (expression, name) in try star(parts, scope, at: position) { list.add(expression, name) }
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
      list.add(expression, item.aliases.first ?? SyntaxName.of(item.expression))
    }
    return list
  }

  // MARK: GROUP BY

  private mutating func groupKeys(
    _ select: Select, _ list: SelectList, _ columnCount: Int, _ scope: Scope
  ) throws -> [Expression] {
    var keys: [Expression] = []
    func add(_ key: Expression, at position: SourcePosition) throws {
      if key.hasAggregate {
        throw error(
          "GROUP BY can't contain an aggregate function", at: position, wayOut: "aggregate in a sub-query first")
      }
      if key.type.containsMap { throw error("GROUP BY \(key.type.sql) is not supported yet", at: position) }
      if !keys.contains(where: { $0.isSame(as: key) }) { keys.append(key) }
    }
    switch select.grouping {
    case .none: break
    case .all:
      for item in list.entries.prefix(columnCount) where !item.hasAggregate { try add(item, at: item.position) }
    case .expressions(let items):
      for item in items {
        if let number = ordinal(item) {
          guard (1...columnCount).contains(number) else {
            throw error(
              "GROUP BY position \(number) is not in the select list (1 to \(columnCount))", at: item.position)
          }
          try add(list.entries[number - 1], at: item.position)
        } else {
          try add(try expression(item, scope, list.aliases), at: item.position)
        }
      }
    }
    return keys
  }

  private func ordinal(_ syntax: Syntax) -> Int? {
    if case .literal(.integer(let number)) = syntax.kind { Int(number) } else { nil }
  }

  /// An expression over the input → the same over the aggregation's columns.
  private func grouped(_ expression: Expression, _ keys: [Expression], _ input: Schema) throws -> Expression {
    try expression.rewritten { part in
      var copy = part
      if let index = keys.firstIndex(where: { $0.isSame(as: part) }) {
        copy.node = .column(index)
        return copy
      }
      switch part.node {
      case .aggregate(let number):
        copy.node = .column(keys.count + number)
        return copy
      case .column(let index):
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
    // No aggregate within an aggregate.
    aggregates = nil
    defer { if aggregates == nil { aggregates = outer } }
    for argument in arguments {
      if case .star(let parts) = argument.kind, call.name == "count" {
        if parts.isEmpty, !modifiers.isDistinct, arguments.count == 1 { continue }
        call.arguments += try star(parts, scope, at: argument.position).map(\.0)
      } else {
        call.arguments.append(try expression(argument, scope))
      }
    }
    if arguments.isEmpty { throw error("\(name) wants an argument", at: position) }
    var result = try AggregateLibrary.build(&call, modifiers)
    result.filter = try modifiers.filter.map { try condition($0, "FILTER", scope) }
    let same = outer.firstIndex { other in
      other.name == result.name && other.isDistinct == result.isDistinct && other.type == result.type
        && other.arguments.count == result.arguments.count
        && zip(other.arguments, result.arguments).allSatisfy { $0.isSame(as: $1) }
        // first and last differ by what they do with nulls.
        && other.filter == nil && result.filter == nil
        && !["first", "last", "any_v"].contains { other.name.hasPrefix($0) }
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

  func limited(_ plan: Plan, _ query: Query) throws -> Plan {
    func number(_ syntax: Syntax?, _ clause: String) throws -> Int? {
      guard let syntax else { return nil }
      switch syntax.kind {
      case .literal(.integer(let number)) where number >= 0: return Int(number)
      case .literal(.integer(let number)):
        throw error("\(clause) must be 0 or more, not \(number)", at: syntax.position)
      default: throw error("\(clause) wants a whole number", at: syntax.position)
      }
    }
    let (limit, offset) = (try number(query.limit, "LIMIT"), try number(query.offset, "OFFSET"))
    guard let position = query.limit?.position ?? query.offset?.position else { return plan }
    return .limit(limit, offset: offset ?? 0, position, plan)
  }
}

extension Expression {
  var hasAggregate: Bool { if case .aggregate = node { true } else { children.contains { $0.hasAggregate } } }
}
