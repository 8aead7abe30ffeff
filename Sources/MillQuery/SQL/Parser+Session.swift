import MillBase

/// Statements that ask about a session, or change it: EXPLAIN, SHOW, DESCRIBE, DROP VIEW.
extension Parser {
  /// nil when none of them begins here.
  mutating func sessionStatement() throws -> Statement? {
    let start = position
    if accept(word: "EXPLAIN") {
      // Spark's modes show the same plan in other forms; there is one form here.
      for mode in ["EXTENDED", "FORMATTED", "CODEGEN", "COST"] where accept(word: mode) { break }
      return Statement(kind: .explain(try query()), position: start)
    }
    if accept(word: "SHOW") {
      let word = token.text.uppercased()
      if ["TABLES", "VIEWS"].contains(word) {
        advance()
        return Statement(kind: .showTables(viewsOnly: word == "VIEWS"), position: start)
      }
      if accept(word: "COLUMNS") {
        guard accept(word: "IN") || accept(word: "FROM") else { throw unexpected("IN or FROM") }
        return Statement(kind: .showColumns(try qualifiedName(), at: start), position: start)
      }
      throw unexpected("TABLES, VIEWS or COLUMNS IN")
    }
    if accept(word: "DESCRIBE") || accept(word: "DESC") {
      if accept(word: "QUERY") || peek(word: "SELECT") || peek(word: "WITH") {
        return Statement(kind: .describeQuery(try query()), position: start)
      }
      _ = accept(word: "TABLE")
      _ = accept(word: "EXTENDED")
      let place = position
      return Statement(kind: .describe(try qualifiedName(), at: place), position: start)
    }
    if accept(word: "DROP") {
      guard accept(word: "VIEW") else { throw unsupported("DROP of anything but a view", at: start) }
      let ifExists = accept(words: "IF", "EXISTS")
      return Statement(kind: .dropView(try qualifiedName(), ifExists: ifExists), position: start)
    }
    return nil
  }

  private mutating func qualifiedName() throws -> String {
    var text = try name("a view's or table's name")
    while accept(sign: ".") { text += "." + (try name("the rest of the name")) }
    return text
  }
}
