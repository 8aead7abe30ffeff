extension Parser {
  /// What follows SELECT.
  mutating func select() throws -> SelectStatement {
    var statement = SelectStatement()
    repeat { statement.fields.append(try field()) } while try takeSymbol(",")
    if try peek().isKeyword("INTO") { throw InfluxQLError("INTO is not supported by the built-in store") }
    try expectKeyword("FROM")
    statement.sources = try sources(allowsQueries: true)
    statement.condition = try condition()
    if try takeKeyword("GROUP") {
      try expectKeyword("BY")
      repeat { statement.dimensions.append(try dimension()) } while try takeSymbol(",")
    }
    let fill = try peek()
    if fill.kind == .identifier, fill.text.lowercased() == "fill" {
      _ = try next()
      statement.fill = try self.fill()
      statement.hasFill = true
    }
    if try takeKeyword("ORDER") {
      try expectKeyword("BY")
      try order(&statement)
    }
    statement.limit = try count(after: "LIMIT")
    statement.offset = try count(after: "OFFSET")
    statement.seriesLimit = try count(after: "SLIMIT")
    statement.seriesOffset = try count(after: "SOFFSET")
    let zone = try peek()
    if zone.kind == .identifier, zone.text.lowercased() == "tz" {
      _ = try next()
      try expectSymbol("(")
      let name = try next()
      guard name.kind == .string else { throw unexpected(name, "string") }
      statement.zone = try TimeZone(named: name.text)
      try expectSymbol(")")
    }
    return statement
  }

  private mutating func field() throws -> SelectStatement.Field {
    if let pattern = try takeRegex() { return .init(expression: .regex(pattern), alias: nil) }
    if try takeKeyword("DISTINCT") {
      let isCall = try takeSymbol("(")
      let name = try identifier()
      if isCall { try expectSymbol(")") }
      return .init(
        expression: isCall ? .call("distinct", [.reference(name)]) : .distinct(name),
        alias: try takeKeyword("AS") ? try identifier() : nil)
    }
    let expression = try expression()
    return .init(expression: expression, alias: try takeKeyword("AS") ? try identifier() : nil)
  }

  private mutating func dimension() throws -> Expression {
    if let pattern = try takeRegex() { return .regex(pattern) }
    return try expression()
  }

  private mutating func fill() throws -> SelectStatement.Fill {
    try expectSymbol("(")
    let token = try next()
    defer { _ = try? takeSymbol(")") }
    switch token.kind {
    case .identifier where token.text == "null": return .null
    case .identifier where token.text == "none": return .none
    case .identifier where token.text == "previous": return .previous
    case .identifier where token.text == "linear": return .linear
    case .integer, .number:
      if let value = Double(token.text) { return .number(value) }
    case .symbol where token.text == "-":
      let number = try next()
      if number.kind == .integer || number.kind == .number, let value = Double(number.text) { return .number(-value) }
    default: break
    }
    throw InfluxQLError("expected number argument in fill()")
  }

  private mutating func order(_ statement: inout SelectStatement) throws {
    statement.hasOrder = true
    let token = try next()
    if token.isKeyword("ASC") || token.isKeyword("DESC") {
      statement.isAscending = token.isKeyword("ASC")
      return
    }
    guard token.kind == .identifier else { throw unexpected(token, "identifier", "ASC", "DESC") }
    guard token.text == "time" else { throw InfluxQLError("only ORDER BY time supported at this time") }
    if try takeKeyword("DESC") {
      statement.isAscending = false
    } else {
      _ = try takeKeyword("ASC")
    }
    if try peek().isSymbol(",") { throw InfluxQLError("only ORDER BY time supported at this time") }
  }
}
