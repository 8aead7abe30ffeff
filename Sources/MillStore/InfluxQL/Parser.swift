/// Reads InfluxQL (InfluxDB 1.x, "Influx Query Language reference"), with InfluxDB's error messages.
struct Parser {
  /// Sub-queries and parentheses within each other.
  static let depthMax = 50

  private var lexer: Lexer
  private let parameters: [String: Expression]
  var depth = 0

  /// - Parameter parameters: what `$name` stands for.
  init(_ text: String, parameters: [String: Expression] = [:]) {
    lexer = Lexer(text)
    self.parameters = parameters
  }

  // MARK: Tokens

  mutating func next() throws -> Token { try lexer.next() }

  mutating func peek() throws -> Token {
    let before = lexer.position
    let token = try lexer.next()
    lexer.go(to: before)
    return token
  }

  mutating func takeRegex() throws -> Pattern? { try lexer.regex().map { try Pattern($0.text) } }

  mutating func takeKeyword(_ word: String) throws -> Bool {
    if try peek().isKeyword(word) {
      _ = try next()
      return true
    }
    return false
  }

  mutating func takeSymbol(_ symbol: String) throws -> Bool {
    if try peek().isSymbol(symbol) {
      _ = try next()
      return true
    }
    return false
  }

  func unexpected(_ token: Token, _ expected: String...) -> InfluxQLError {
    InfluxQLError(
      "found \(token.kind == .parameter ? "$" : "")\(token.text), expected \(expected.joined(separator: ", ")) at line \(token.line + 1), "
        + "char \(token.character + 1)")
  }

  mutating func expectKeyword(_ words: String...) throws {
    for word in words {
      let token = try next()
      guard token.isKeyword(word) else { throw unexpected(token, word) }
    }
  }

  mutating func expectSymbol(_ symbol: String) throws {
    let token = try next()
    guard token.isSymbol(symbol) else { throw unexpected(token, symbol) }
  }

  mutating func identifier() throws -> String {
    let token = try next()
    guard token.kind == .identifier else { throw unexpected(token, "identifier") }
    return token.text
  }

  /// `LIMIT n` and its like; 0 when the keyword is not there.
  mutating func count(after keyword: String) throws -> Int {
    guard try takeKeyword(keyword) else { return 0 }
    let token = try next()
    guard token.kind == .integer, let value = Int(token.text) else { throw unexpected(token, "integer") }
    return value
  }

  mutating func duration() throws -> Int64 {
    let token = try next()
    if token.isKeyword("INF") { return 0 }
    guard token.kind == .duration else { throw unexpected(token, "duration") }
    return token.value
  }

  func parameter(_ token: Token) throws -> Expression {
    guard let value = parameters[token.text] else { throw InfluxQLError("missing parameter: \(token.text)") }
    return value
  }

  mutating func nested<Result>(_ body: (inout Parser) throws -> Result) throws -> Result {
    guard depth < Self.depthMax else { throw InfluxQLError("more than \(Self.depthMax) levels of nesting") }
    depth += 1
    defer { depth -= 1 }
    return try body(&self)
  }

  // MARK: Statements

  /// All statements, separated by semicolons.
  mutating func query() throws -> [(statement: Statement, text: String)] {
    var statements: [(Statement, String)] = []
    var mayBegin = true
    while true {
      let token = try peek()
      if token.kind == .end { return statements }
      if token.isSymbol(";") {
        _ = try next()
        mayBegin = true
      } else {
        guard mayBegin else { throw unexpected(token, ";") }
        let start = lexer.position
        let statement = try self.statement()
        statements.append((statement, lexer.text(from: start)))
        mayBegin = false
      }
    }
  }

  private mutating func statement() throws -> Statement {
    let token = try next()
    switch token.kind == .keyword ? token.text : "" {
    case "SELECT": return .select(try select())
    case "SHOW": return try show()
    case "CREATE": return try create()
    case "DROP": return try drop()
    case "ALTER": return try alter()
    case "DELETE":
      let (sources, condition) = try sourcesAndCondition("FROM", "WHERE")
      return .delete(sources: sources, condition: condition)
    case "EXPLAIN", "GRANT", "REVOKE", "SET", "KILL":
      throw InfluxQLError("\(token.text) is not supported by the built-in store")
    default:
      throw unexpected(
        token, "SELECT", "DELETE", "SHOW", "CREATE", "DROP", "EXPLAIN", "GRANT", "REVOKE", "ALTER", "SET", "KILL")
    }
  }

  private mutating func create() throws -> Statement {
    let token = try next()
    if token.isKeyword("DATABASE") {
      let name = try identifier()
      var retention: Int64?
      if try takeKeyword("WITH") {
        let start = try peek()
        var isAny = false
        while true {
          if try takeKeyword("DURATION") {
            retention = try duration()
          } else if try takeKeyword("REPLICATION") {
            _ = try next()
          } else if try takeKeyword("SHARD") {
            try expectKeyword("DURATION")
            _ = try duration()
          } else if try takeKeyword("NAME") {
            _ = try identifier()
          } else if isAny {
            break
          } else {
            throw unexpected(start, "DURATION", "NAME", "REPLICATION", "SHARD")
          }
          isAny = true
        }
      }
      return .createDatabase(name, retention: retention)
    }
    if token.isKeyword("RETENTION") { return try retentionPolicy(isNew: true) }
    throw unexpected(token, "CONTINUOUS", "DATABASE", "USER", "RETENTION", "SUBSCRIPTION")
  }

  private mutating func alter() throws -> Statement {
    try expectKeyword("RETENTION")
    return try retentionPolicy(isNew: false)
  }

  private mutating func retentionPolicy(isNew: Bool) throws -> Statement {
    try expectKeyword("POLICY")
    let policy = try identifier()
    try expectKeyword("ON")
    let database = try identifier()
    var nanoseconds: Int64 = 0
    while true {
      if try takeKeyword("DURATION") {
        nanoseconds = try duration()
      } else if try takeKeyword("REPLICATION") {
        _ = try next()
      } else if try takeKeyword("SHARD") {
        try expectKeyword("DURATION")
        _ = try duration()
      } else if try !takeKeyword("DEFAULT") {
        return .setRetention(policy: policy, database: database, nanoseconds: nanoseconds, isNew: isNew)
      }
    }
  }

  private mutating func drop() throws -> Statement {
    let token = try next()
    if token.isKeyword("DATABASE") { return .dropDatabase(try identifier()) }
    if token.isKeyword("MEASUREMENT") { return .dropMeasurement(try identifier()) }
    if token.isKeyword("SERIES") {
      let (sources, condition) = try sourcesAndCondition("FROM", "WHERE")
      return .dropSeries(sources: sources, condition: condition)
    }
    throw unexpected(
      token, "CONTINUOUS", "DATABASE", "MEASUREMENT", "RETENTION", "SERIES", "SHARD", "SUBSCRIPTION", "USER")
  }

  private mutating func sourcesAndCondition(_ words: String...) throws -> ([Source], Expression?) {
    let token = try peek()
    let sources = try takeKeyword("FROM") ? try self.sources() : []
    let condition = try self.condition()
    if sources.isEmpty, condition == nil {
      throw InfluxQLError(
        "found \(token.text), expected \(words.joined(separator: ", ")) at line \(token.line + 1), "
          + "char \(token.character + 1)")
    }
    return (sources, condition)
  }

  // MARK: Clauses

  mutating func condition() throws -> Expression? {
    try takeKeyword("WHERE") ? try expression() : nil
  }

  /// What stands after FROM.
  mutating func sources(allowsQueries: Bool = false) throws -> [Source] {
    var sources = [try source(allowsQueries: allowsQueries)]
    while try takeSymbol(",") { sources.append(try source(allowsQueries: allowsQueries)) }
    return sources
  }

  /// `m`, `rp.m`, `db.rp.m`, `db..m`, with a regular expression for m, or a sub-query.
  private mutating func source(allowsQueries: Bool) throws -> Source {
    if let pattern = try takeRegex() { return .pattern(database: nil, policy: nil, pattern) }
    if allowsQueries, try takeSymbol("(") {
      return try nested { parser in
        try parser.expectKeyword("SELECT")
        let inner = try parser.select()
        try parser.expectSymbol(")")
        return .query(inner)
      }
    }
    var parts: [String] = [try identifier()]
    while try takeSymbol(".") {
      if try peek().isSymbol(".") {
        parts.append("")
        continue
      }
      if let pattern = try takeRegex() {
        let policy = parts.last.flatMap { $0.isEmpty ? nil : $0 }
        return .pattern(database: parts.count > 1 ? parts[0] : nil, policy: policy, pattern)
      }
      parts.append(try identifier())
    }
    guard parts.count <= 3 else { throw InfluxQLError("too many segments in \(parts.joined(separator: "."))") }
    let policy = parts.count > 1 && !parts[parts.count - 2].isEmpty ? parts[parts.count - 2] : nil
    return .measurement(database: parts.count == 3 ? parts[0] : nil, policy: policy, name: parts[parts.count - 1])
  }
}
