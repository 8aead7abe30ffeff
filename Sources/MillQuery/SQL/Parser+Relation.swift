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
      let isNatural = accept(word: "NATURAL")
      guard let kind = try joinKind() else {
        if isNatural { throw unexpected("JOIN") }
        return left
      }
      let right = try relation()
      var condition = isNatural ? JoinCondition.natural : .none
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
    if accept(words: "RIGHT", "OUTER", "JOIN") || accept(words: "RIGHT", "JOIN") { return .right }
    if accept(words: "FULL", "OUTER", "JOIN") || accept(words: "FULL", "JOIN") { return .full }
    for word in ["INNER", "CROSS", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI"] where peek(word: word) {
      advance()
      throw unexpected("JOIN")
    }
    return nil
  }

  private mutating func relation() throws -> Relation {
    let start = position
    if peek(word: "LATERAL"), !peek(word: "VIEW", ahead: 1) {
      advance()
      return .lateral(try relation())
    }
    if accept(sign: "(") {
      let inner = try query()
      try expect(sign: ")")
      let clauses = try streamClauses()
      let (alias, columns) = try relationAlias(withColumns: true)
      return clauses.around(.subquery(inner, alias: alias, columns: columns, position: start))
    }
    if peek(word: "VALUES") {
      let (rows, alias, columns) = try values()
      return .values(rows, alias: alias, columns: columns, position: start)
    }
    if let stream = try stream(at: start) { return stream }
    var viewName = try name("a view's name or a sub-query in brackets")
    if accept(sign: "(") {
      var arguments: [Syntax] = []
      if !peek(sign: ")") {
        repeat { arguments.append(try expression()) } while accept(sign: ",")
      }
      try expect(sign: ")")
      let (alias, columns) = try relationAlias(withColumns: true)
      return .function(viewName, arguments, alias: alias, columns: columns, position: start)
    }
    while accept(sign: ".") { viewName += "." + (try name("the rest of the view's name")) }
    return try viewRelation(viewName, at: start)
  }

  /// `STREAM view`, `STREAM(view)` (Spark's SqlBaseParser.g4, streamRelationPrimary); nil for a view called `stream`.
  private mutating func stream(at start: SourcePosition) throws -> Relation? {
    guard peek(word: "STREAM") else { return nil }
    let isInBrackets = ahead(1).kind == .sign("(")
    if !isInBrackets {
      switch ahead(1).kind {
      case .word, .quotedName: break
      default: return nil
      }
      // A view called `stream` may have an alias only after AS.
      let after: Set = [
        "AS", "WHERE", "GROUP", "HAVING", "ON", "USING", "JOIN", "ORDER", "SORT", "LIMIT", "OFFSET", "UNION",
        "EXCEPT", "MINUS", "INTERSECT", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL", "SEMI", "ANTI", "LATERAL",
        "WINDOW", "WATERMARK", "DEDUPLICATE", "CLUSTER", "DISTRIBUTE",
      ]
      if peek(oneOf: after, ahead: 1) { return nil }
    }
    advance()
    if isInBrackets { advance() }
    let position = position
    var viewName = try name("a view's name")
    while accept(sign: ".") { viewName += "." + (try name("the rest of the view's name")) }
    if isInBrackets { try expect(sign: ")") }
    let clauses = try streamClauses()
    let view = Relation.view(name: viewName, alias: try relationAlias(withColumns: false).0, position: position)
    return clauses.around(.stream(view, position: start))
  }

  private mutating func viewRelation(_ name: String, at start: SourcePosition) throws -> Relation {
    let clauses = try streamClauses()
    return clauses.around(.view(name: name, alias: try relationAlias(withColumns: false).0, position: start))
  }

  /// `VALUES (1, 'a'), (2, 'b') AS t(x, y)`
  mutating func values() throws -> (rows: [[Syntax]], alias: String?, columns: [String]) {
    try expect(word: "VALUES")
    var rows: [[Syntax]] = []
    repeat {
      let row = try expression()
      // (1, 2) is read as struct(1, 2).
      if case .call("struct", let items) = row.kind { rows.append(items) } else { rows.append([row]) }
    } while accept(sign: ",")
    let (alias, columns) = try relationAlias(withColumns: true)
    return (rows, alias, columns)
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
    var keys: [Syntax] = []
    // Every element gives some sets of keys; they are combined with each other.
    var sets: [[Syntax]] = [[]]
    var hasSets = false
    repeat {
      if let element = try groupingElement() {
        hasSets = true
        sets = sets.flatMap { set in element.map { set + $0 } }
      } else {
        let key = try expression()
        keys.append(key)
        sets = sets.map { $0 + [key] }
      }
    } while accept(sign: ",")
    if accept(words: "WITH", "ROLLUP") { return .sets(Self.rollup(keys.map { [$0] })) }
    if accept(words: "WITH", "CUBE") { return .sets(Self.cube(keys.map { [$0] })) }
    if !hasSets, let element = try groupingElement() { return .sets(element) }
    return hasSets ? .sets(sets) : .expressions(keys)
  }

  /// `ROLLUP (a, b)`, `CUBE (a, b)`, `GROUPING SETS ((a, b), a, ())`: their sets of keys; nil when none begins here.
  private mutating func groupingElement() throws -> [[Syntax]]? {
    let isRollup = peek(word: "ROLLUP")
    if isRollup || peek(word: "CUBE"), ahead(1).kind == .sign("(") {
      advance()
      let parts = try keyLists()
      guard parts.count <= 12 else { throw error("more than 12 keys in \(isRollup ? "ROLLUP" : "CUBE")") }
      return isRollup ? Self.rollup(parts) : Self.cube(parts)
    }
    guard accept(words: "GROUPING", "SETS") else { return nil }
    return try keyLists()
  }

  /// `(a, (b, c), ())`
  private mutating func keyLists() throws -> [[Syntax]] {
    try expect(sign: "(")
    var lists: [[Syntax]] = []
    repeat {
      if peek(sign: "("), ahead(1).kind == .sign(")") {
        advance()
        advance()
        lists.append([])
        continue
      }
      let key = try expression()
      if case .call("struct", let items) = key.kind { lists.append(items) } else { lists.append([key]) }
    } while accept(sign: ",")
    try expect(sign: ")")
    return lists
  }

  private static func rollup(_ parts: [[Syntax]]) -> [[Syntax]] {
    (0...parts.count).reversed().map { Array(parts.prefix($0).joined()) }
  }

  private static func cube(_ parts: [[Syntax]]) -> [[Syntax]] {
    (0..<(1 << parts.count)).reversed().map { bits in
      Array(parts.enumerated().filter { bits >> (parts.count - 1 - $0.offset) & 1 == 1 }.map(\.element).joined())
    }
  }

  /// ORDER BY, LIMIT, OFFSET.
  mutating func organization(_ query: inout Query) throws {
    for word in ["CLUSTER", "DISTRIBUTE"] where peek(word: word) { throw unsupported(word) }
    if accept(words: "ORDER", "BY") || accept(words: "SORT", "BY") {
      repeat { query.order.append(try orderItem()) } while accept(sign: ",")
    } else if peek(word: "ORDER") {
      advance()
      throw unexpected("BY")
    }
    if accept(word: "LIMIT"), !accept(word: "ALL") { query.limit = try expression() }
    if accept(word: "OFFSET") { query.offset = try expression() }
  }

  mutating func orderItem() throws -> OrderItem {
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
