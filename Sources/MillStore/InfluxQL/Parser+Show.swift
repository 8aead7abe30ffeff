extension Parser {
  /// What follows SHOW.
  mutating func show() throws -> Statement {
    let token = try next()
    switch token.kind == .keyword ? token.text : "" {
    case "DATABASES": return .showDatabases
    case "MEASUREMENTS":
      var clauses = ShowClauses(database: try on())
      if try takeKeyword("WITH") {
        try expectKeyword("MEASUREMENT")
        let symbol = try next()
        switch symbol.kind == .symbol ? symbol.text : "" {
        case "=": clauses.sources = [.measurement(database: nil, policy: nil, name: try identifier())]
        case "=~":
          guard let pattern = try takeRegex() else { throw unexpected(try next(), "regex") }
          clauses.sources = [.pattern(database: nil, policy: nil, pattern)]
        default: throw unexpected(symbol, "=", "=~")
        }
      }
      return .showMeasurements(try conditionAndLimits(clauses))
    case "RETENTION":
      try expectKeyword("POLICIES")
      return .showRetentionPolicies(database: try on())
    case "TAG":
      let what = try next()
      if what.isKeyword("KEYS") { return .showTagKeys(try allClauses()) }
      guard what.isKeyword("VALUES") else { throw unexpected(what, "KEY", "KEYS", "VALUES") }
      var clauses = ShowClauses(database: try on())
      if try takeKeyword("FROM") { clauses.sources = try sources() }
      try expectKeyword("WITH", "KEY")
      let key = try tagKeyChoice()
      return .showTagValues(try conditionAndLimits(clauses), key: key)
    case "FIELD":
      try expectKeyword("KEYS")
      return .showFieldKeys(try allClauses())
    case "SERIES": return .showSeries(try allClauses())
    case "USERS": return .showNothing(columns: ["user", "admin"])
    case "QUERIES": return .showNothing(columns: ["qid", "query", "database", "duration", "status"])
    case "CONTINUOUS":
      try expectKeyword("QUERIES")
      return .showNothing(columns: [])
    case "SUBSCRIPTIONS", "SHARDS", "STATS", "DIAGNOSTICS": return .showNothing(columns: [])
    default:
      throw unexpected(
        token, "CONTINUOUS", "DATABASES", "DIAGNOSTICS", "FIELD", "GRANTS", "MEASUREMENT", "MEASUREMENTS", "QUERIES",
        "RETENTION", "SERIES", "SHARD", "SHARDS", "STATS", "SUBSCRIPTIONS", "TAG", "USERS")
    }
  }

  private mutating func on() throws -> String? { try takeKeyword("ON") ? try identifier() : nil }

  private mutating func allClauses() throws -> ShowClauses {
    var clauses = ShowClauses(database: try on())
    if try takeKeyword("FROM") { clauses.sources = try sources() }
    return try conditionAndLimits(clauses)
  }

  private mutating func conditionAndLimits(_ before: ShowClauses) throws -> ShowClauses {
    var clauses = before
    clauses.condition = try condition()
    if try takeKeyword("ORDER") {
      try expectKeyword("BY")
      _ = try next()
      if try !takeKeyword("ASC") { _ = try takeKeyword("DESC") }
    }
    clauses.limit = try count(after: "LIMIT")
    clauses.offset = try count(after: "OFFSET")
    return clauses
  }

  private mutating func tagKeyChoice() throws -> TagKeyChoice {
    let symbol = try next()
    if symbol.isKeyword("IN") {
      try expectSymbol("(")
      var keys = [try identifier()]
      while try takeSymbol(",") { keys.append(try identifier()) }
      try expectSymbol(")")
      return .keys(keys, isNegated: false)
    }
    switch symbol.kind == .symbol ? symbol.text : "" {
    case "=", "!=": return .keys([try identifier()], isNegated: symbol.text == "!=")
    case "=~", "!~":
      guard let pattern = try takeRegex() else { throw unexpected(try next(), "regex") }
      return .pattern(pattern, isNegated: symbol.text == "!~")
    default: throw unexpected(symbol, "IN", "=", "<>", "!=", "=~", "!~")
    }
  }
}
