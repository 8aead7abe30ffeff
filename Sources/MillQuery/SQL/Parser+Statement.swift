import MillBase
import MillColumns

extension Parser {
  mutating func statement() throws -> Statement {
    let start = position
    if accept(word: "CREATE") { return try create(at: start) }
    if accept(word: "SET") { return try set(at: start) }
    if beginsQuery || peek(sign: "(") || peek(word: "VALUES") || peek(word: "TABLE") || peek(word: "FROM") {
      return Statement(kind: .query(try query()), position: start)
    }
    if let statement = try sessionStatement() { return statement }
    for word in ["INSERT", "CACHE", "USE"]
    where peek(word: word) {
      throw unsupported("\(word) as a statement")
    }
    throw unexpected("SELECT, WITH, CREATE TEMPORARY VIEW or SET")
  }

  private mutating func create(at start: SourcePosition) throws -> Statement {
    let replaces = accept(words: "OR", "REPLACE")
    guard accept(word: "TEMPORARY") || accept(word: "TEMP") else {
      throw error(
        "only temporary views can be created here", wayOut: "write CREATE TEMPORARY VIEW name USING kafka OPTIONS (…)")
    }
    try expect(word: "VIEW")
    let viewName = try name("the view's name")
    if accept(word: "USING") {
      let format = try name("a source format (kafka, json, text, csv, rate)")
      let options = peek(word: "OPTIONS") ? try options() : []
      return Statement(
        kind: .createSource(name: viewName, format: format, schema: nil, options: options, replaces: replaces),
        position: start)
    }
    if accept(sign: "(") {
      // Columns with types belong to a source, bare names to a view of a query.
      let mark = index
      if let columns = try? bareColumnNames(), peek(word: "AS") {
        advance()
        return Statement(
          kind: .createView(name: viewName, columns: columns, try query(), replaces: replaces), position: start)
      }
      index = mark
      let schema = try schemaColumns(until: ")")
      try expect(sign: ")")
      try expect(word: "USING")
      let format = try name("a source format (kafka, json, text, csv, rate)")
      let options = peek(word: "OPTIONS") ? try options() : []
      return Statement(
        kind: .createSource(name: viewName, format: format, schema: schema, options: options, replaces: replaces),
        position: start)
    }
    guard accept(word: "AS") else { throw unexpected("USING or AS") }
    return Statement(
      kind: .createView(name: viewName, columns: [], try query(), replaces: replaces), position: start)
  }

  mutating func bareColumnNames() throws -> [String] {
    var names = [try name("a column name")]
    while accept(sign: ",") { names.append(try name("a column name")) }
    try expect(sign: ")")
    return names
  }

  /// `OPTIONS (kafka.bootstrap.servers 'host:9092', subscribe 'pop', "a" = 'b')`
  private mutating func options() throws -> [Statement.Option] {
    try expect(word: "OPTIONS")
    try expect(sign: "(")
    var options: [Statement.Option] = []
    if accept(sign: ")") { return options }
    repeat {
      let start = position
      let key = try optionKey()
      _ = accept(sign: "=")
      options.append(.init(key: key, value: try optionValue(), position: start))
    } while accept(sign: ",")
    try expect(sign: ")")
    return options
  }

  private mutating func optionKey() throws -> String {
    if case .string(let text) = token.kind {
      advance()
      return text
    }
    var key = try name("an option's name")
    while accept(sign: ".") { key += "." + (try name("the rest of the option's name")) }
    return key
  }

  private mutating func optionValue() throws -> String {
    switch token.kind {
    case .string(let text):
      advance()
      return text
    case .number(let digits):
      advance()
      return digits
    case .word(let word) where ["TRUE", "FALSE"].contains(word.uppercased()):
      advance()
      return word.lowercased()
    case .sign("-"):
      advance()
      guard case .number(let digits) = token.kind else { throw unexpected("a number") }
      advance()
      return "-" + digits
    default: throw unexpected("the option's value, as a text in quotes")
    }
  }

  private mutating func set(at start: SourcePosition) throws -> Statement {
    if accept(words: "TIME", "ZONE") {
      if accept(word: "LOCAL") { throw unsupported("SET TIME ZONE LOCAL", at: start) }
      let zone = try string("a time zone in quotes, like 'Europe/Berlin'")
      return Statement(kind: .set(key: "spark.sql.session.timeZone", value: zone), position: start)
    }
    let key = try optionKey()
    try expect(sign: "=")
    // Spark takes the rest of the line as it is; names, numbers and texts are what makes sense.
    let value: String
    if case .string = token.kind {
      value = try string("a value")
    } else {
      var text = ""
      while token.kind != .end, !peek(sign: ";") {
        text += token.text
        advance()
      }
      value = text
    }
    return Statement(kind: .set(key: key, value: value), position: start)
  }

  // MARK: Queries

  mutating func query() throws -> Query {
    try nested { parser in try parser.queryBody() }
  }

  private mutating func queryBody() throws -> Query {
    let start = position
    var with: [Query.Named] = []
    if accept(word: "WITH") {
      if peek(word: "RECURSIVE") { throw unsupported("WITH RECURSIVE") }
      repeat {
        let start = position
        let viewName = try name("a name for the sub-query")
        var columns: [String] = []
        if accept(sign: "(") { columns = try bareColumnNames() }
        _ = accept(word: "AS")
        try expect(sign: "(")
        let inner = try query()
        try expect(sign: ")")
        with.append(.init(name: viewName, columns: columns, query: inner, position: start))
      } while accept(sign: ",")
    }
    var query = Query(with: with, body: try unions(), position: start)
    try organization(&query)
    return query
  }

  /// UNION, EXCEPT and MINUS, from left to right; INTERSECT binds tighter.
  private mutating func unions() throws -> Query.Body {
    var left = try intersections()
    while true {
      let start = position
      let operation: SetOperation
      if accept(word: "UNION") {
        operation = .union
      } else if accept(word: "EXCEPT") || accept(word: "MINUS") {
        operation = .except
      } else {
        return left
      }
      let isAll = acceptAll()
      left = .set(operation, left, try intersections(), isAll: isAll, position: start)
    }
  }

  private mutating func intersections() throws -> Query.Body {
    var left = try body()
    while peek(word: "INTERSECT") {
      let start = position
      advance()
      let isAll = acceptAll()
      left = .set(.intersect, left, try body(), isAll: isAll, position: start)
    }
    return left
  }

  /// ALL or DISTINCT, which is meant when none is there.
  private mutating func acceptAll() -> Bool {
    if accept(word: "ALL") { return true }
    _ = accept(word: "DISTINCT")
    return false
  }

  var beginsQuery: Bool { peek(word: "SELECT") || peek(word: "WITH") }

  private mutating func body() throws -> Query.Body {
    if accept(sign: "(") {
      let inner = try query()
      try expect(sign: ")")
      return .nested(inner)
    }
    let start = position
    if peek(word: "VALUES") {
      let (rows, alias, columns) = try values()
      return .values(rows, alias: alias, columns: columns, position: start)
    }
    if accept(word: "TABLE") {
      let star = SelectItem(expression: Syntax(kind: .star([]), position: start), aliases: [])
      return .select(Select(items: [star], from: try joinedRelations(), lateralViews: [], position: start))
    }
    return .select(try select())
  }

  private mutating func select() throws -> Select {
    let start = position
    // FROM may come first.
    var from = accept(word: "FROM") ? try joinedRelations() : nil
    try expect(word: "SELECT")
    let isDistinct = accept(word: "DISTINCT")
    if peek(word: "ALL") { advance() }
    var items: [SelectItem] = []
    repeat { items.append(try selectItem()) } while accept(sign: ",")
    if from == nil, accept(word: "FROM") { from = try joinedRelations() }
    var laterals: [LateralView] = []
    while peek(word: "LATERAL") { laterals.append(try lateralView()) }
    if peek(word: "PIVOT") || peek(word: "UNPIVOT") || peek(word: "TABLESAMPLE") {
      throw unsupported(token.text.uppercased())
    }
    let filter = accept(word: "WHERE") ? try expression() : nil
    let grouping = try grouping()
    let having = accept(word: "HAVING") ? try expression() : nil
    return Select(
      isDistinct: isDistinct, items: items, from: from, lateralViews: laterals, filter: filter, grouping: grouping,
      having: having, windows: try windowClause(), position: start)
  }

  private mutating func selectItem() throws -> SelectItem {
    let expression = try expression()
    if accept(word: "AS") {
      if accept(sign: "(") {
        var names = [try name("an alias")]
        while accept(sign: ",") { names.append(try name("an alias")) }
        try expect(sign: ")")
        return SelectItem(expression: expression, aliases: names)
      }
      return SelectItem(expression: expression, aliases: [try name("an alias")])
    }
    if let alias = try implicitAlias() { return SelectItem(expression: expression, aliases: [alias]) }
    return SelectItem(expression: expression, aliases: [])
  }

  /// An alias without AS: a name that does not begin the next clause.
  mutating func implicitAlias() throws -> String? {
    switch token.kind {
    case .quotedName: return try name("an alias")
    case .word where !peek(oneOf: Self.wordsAfterItem): return try name("an alias")
    default: return nil
    }
  }

  private static let wordsAfterItem: Set<String> = [
    "FROM", "SELECT", "WHERE", "GROUP", "HAVING", "ORDER", "SORT", "CLUSTER", "DISTRIBUTE", "LIMIT", "OFFSET", "UNION",
    "EXCEPT",
    "INTERSECT", "MINUS", "LATERAL", "JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "FULL", "NATURAL", "SEMI", "ANTI", "ON",
    "USING", "WINDOW", "PIVOT", "UNPIVOT", "TABLESAMPLE", "AS", "AND", "OR", "NOT", "IN", "IS", "LIKE", "RLIKE",
    "BETWEEN", "DIV", "WHEN", "THEN", "ELSE", "END", "ASC", "DESC", "NULLS",
  ]

  /// `LATERAL VIEW [OUTER] explode(x) [t] [[AS] c, …]`
  private mutating func lateralView() throws -> LateralView {
    let start = position
    try expect(word: "LATERAL")
    guard accept(word: "VIEW") else { throw unexpected("VIEW") }
    let isOuter = accept(word: "OUTER")
    let generatorStart = position
    let function = try name("a generator, like explode(…)")
    try expect(sign: "(")
    var arguments: [Syntax] = []
    if !peek(sign: ")") {
      repeat { arguments.append(try expression()) } while accept(sign: ",")
    }
    try expect(sign: ")")
    let viewName = try implicitAlias() ?? ""
    var aliases: [String] = []
    if accept(word: "AS") {
      repeat { aliases.append(try name("a column's name")) } while accept(sign: ",")
    } else if let first = try implicitAlias() {
      aliases.append(first)
      while accept(sign: ",") { aliases.append(try name("a column's name")) }
    }
    return LateralView(
      generator: Syntax(kind: .call(function, arguments), position: generatorStart), isOuter: isOuter,
      viewName: viewName, aliases: aliases, position: start)
  }
}
