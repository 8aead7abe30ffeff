/// A word of InfluxQL.
struct Token: Equatable {
  enum Kind: Equatable {
    case end
    case identifier
    /// In upper case.
    case keyword
    case string
    case number
    case integer
    /// Nanoseconds are in `value`.
    case duration
    case parameter
    case regex
    /// Operators and punctuation.
    case symbol
    case bad
    /// A string that does not end.
    case badString
  }
  var kind: Kind
  /// Contents without quotes; a keyword in upper case.
  var text: String
  /// Counted from 0.
  var line: Int
  var character: Int
  /// Of a duration: nanoseconds.
  var value: Int64 = 0

  func isKeyword(_ word: String) -> Bool { kind == .keyword && text == word }
  func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }

  static let keywords: Set<String> = [
    "ALL", "ALTER", "ANALYZE", "ANY", "AS", "ASC", "BEGIN", "BY", "CARDINALITY", "CREATE", "CONTINUOUS", "DATABASE",
    "DATABASES", "DEFAULT", "DELETE", "DESC", "DESTINATIONS", "DIAGNOSTICS", "DISTINCT", "DROP", "DURATION", "END",
    "EVERY", "EXACT", "EXPLAIN", "FIELD", "FOR", "FROM", "GRANT", "GRANTS", "GROUP", "GROUPS", "IN", "INF", "INSERT",
    "INTO", "KEY", "KEYS", "KILL", "LIMIT", "MEASUREMENT", "MEASUREMENTS", "NAME", "OFFSET", "ON", "ORDER",
    "PASSWORD", "POLICY", "POLICIES", "PRIVILEGES", "QUERIES", "QUERY", "READ", "REPLICATION", "RESAMPLE",
    "RETENTION", "REVOKE", "SELECT", "SERIES", "SET", "SHOW", "SHARD", "SHARDS", "SLIMIT", "SOFFSET", "STATS",
    "SUBSCRIPTION", "SUBSCRIPTIONS", "TAG", "TO", "USER", "USERS", "VALUES", "WHERE", "WITH", "WRITE", "AND", "OR",
    "TRUE", "FALSE",
  ]
}
