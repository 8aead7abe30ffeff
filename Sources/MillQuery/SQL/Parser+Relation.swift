import MillBase

/// FROM, GROUP BY, ORDER BY and LIMIT.
extension Parser {
  /// Relations with their joins, from left to right.
  mutating func joinedRelations() throws -> Relation {
    var left = try relation()
    while true {
      let start = position
      if accept(sign: ",") {
        left = .join(.inner, left, try relation(), .none, position: start)
        continue
      }
      guard let kind = try joinKind() else { return left }
      let right = try relation()
      var condition = JoinCondition.none
      if accept(word: "ON") {
        condition = .on(try expression())
      } else if accept(word: "USING") {
        try expect(sign: "(")
        condition = .using(try bareColumnNames())
      }
      left = .join(kind, left, right, condition, position: start)
    }
  }

  /// nil when no join begins here.
  private mutating func joinKind() throws -> JoinKind? {
    if accept(word: "JOIN") || accept(words: "INNER", "JOIN") || accept(words: "CROSS", "JOIN") { return .inner }
    if accept(words: "LEFT", "OUTER", "JOIN") || accept(words: "LEFT", "JOIN") { return .left }
    if accept(words: "LEFT", "SEMI", "JOIN") || accept(words: "SEMI", "JOIN") { return .semi }
    if accept(words: "LEFT", "ANTI", "JOIN") || accept(words: "ANTI", "JOIN") { return .anti }
    for word in ["RIGHT", "FULL", "NATURAL"] where peek(word: word) { throw unsupported("\(word) JOIN") }
    for word in ["INNER", "CROSS", "LEFT", "SEMI", "ANTI"] where peek(word: word) {
      advance()
      throw unexpected("JOIN")
    }
    return nil
  }

  private mutating func relation() throws -> Relation {
    let start = position
    if accept(sign: "(") {
      let inner = try query()
      try expect(sign: ")")
      let (alias, columns) = try relationAlias(withColumns: true)
      return .subquery(inner, alias: alias, columns: columns, position: start)
    }
    if peek(word: "VALUES") {
      advance()
      var rows: [[Syntax]] = []
      repeat {
        let row = try expression()
        // (1, 2) is read as struct(1, 2).
        if case .call("struct", let items) = row.kind { rows.append(items) } else { rows.append([row]) }
      } while accept(sign: ",")
      let (alias, columns) = try relationAlias(withColumns: true)
      return .values(rows, alias: alias, columns: columns, position: start)
    }
    var viewName = try name("a view's name or a sub-query in brackets")
    if peek(sign: "(") { throw unsupported("the table function \(viewName)", at: start) }
    while accept(sign: ".") { viewName += "." + (try name("the rest of the view's name")) }
    return .view(name: viewName, alias: try relationAlias(withColumns: false).0, position: start)
  }

  private mutating func relationAlias(withColumns: Bool) throws -> (String?, [String]) {
    let alias = accept(word: "AS") ? try name("an alias") : try implicitAlias()
    guard withColumns, alias != nil, accept(sign: "(") else { return (alias, []) }
    return (alias, try bareColumnNames())
  }

  mutating func grouping() throws -> Grouping {
    guard accept(words: "GROUP", "BY") else {
      if peek(word: "GROUP") {
        advance()
        throw unexpected("BY")
      }
      return .none
    }
    if accept(word: "ALL") { return .all }
    if peek(oneOf: ["ROLLUP", "CUBE"]), ahead(1).kind == .sign("(") {
      throw unsupported("GROUP BY \(token.text.uppercased())")
    }
    if peek(word: "GROUPING"), peek(word: "SETS", ahead: 1) { throw unsupported("GROUPING SETS") }
    var keys: [Syntax] = []
    repeat { keys.append(try expression()) } while accept(sign: ",")
    if peek(word: "WITH") || peek(word: "GROUPING") { throw unsupported("GROUP BY … \(token.text.uppercased())") }
    return .expressions(keys)
  }

  /// ORDER BY, LIMIT, OFFSET.
  mutating func organization(_ query: inout Query) throws {
    for word in ["INTERSECT", "EXCEPT", "MINUS", "SORT", "CLUSTER", "DISTRIBUTE", "WINDOW"] where peek(word: word) {
      throw unsupported(word == "SORT" ? "SORT BY" : word)
    }
    if accept(words: "ORDER", "BY") {
      repeat { query.order.append(try orderItem()) } while accept(sign: ",")
    } else if peek(word: "ORDER") {
      advance()
      throw unexpected("BY")
    }
    if accept(word: "LIMIT"), !accept(word: "ALL") { query.limit = try expression() }
    if accept(word: "OFFSET") { query.offset = try expression() }
  }

  private mutating func orderItem() throws -> OrderItem {
    let expression = try expression()
    let isDescending = accept(word: "DESC")
    if !isDescending { _ = accept(word: "ASC") }
    var item = OrderItem(expression: expression, isDescending: isDescending, nullsFirst: !isDescending)
    if accept(word: "NULLS") {
      if accept(word: "FIRST") {
        item.nullsFirst = true
      } else if accept(word: "LAST") {
        item.nullsFirst = false
      } else {
        throw unexpected("FIRST or LAST")
      }
    }
    return item
  }
}
