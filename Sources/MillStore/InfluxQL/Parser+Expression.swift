extension Parser {
  /// Operators bind as InfluxQL says: OR, AND, comparisons, + - | ^, * / % &.
  mutating func expression(above precedence: Int = 0) throws -> Expression {
    var left = try unary()
    while let symbol = try peekOperator(), symbol.precedence > precedence {
      _ = try next()
      if symbol == .matches || symbol == .notMatches {
        guard let pattern = try takeRegex() else {
          let token = try next()
          throw unexpected(token, "regex")
        }
        left = .binary(symbol, left, .regex(pattern))
      } else {
        left = .binary(symbol, left, try nested { try $0.expression(above: symbol.precedence) })
      }
    }
    return left
  }

  private mutating func peekOperator() throws -> Expression.Operator? {
    let token = try peek()
    switch token.kind {
    case .symbol: return Expression.Operator(rawValue: token.text)
    case .keyword where token.text == "AND" || token.text == "OR": return Expression.Operator(rawValue: token.text)
    default: return nil
    }
  }

  private mutating func unary() throws -> Expression {
    if try takeSymbol("(") {
      return try nested { parser in
        let inner = try parser.expression()
        try parser.expectSymbol(")")
        return .parenthesis(inner)
      }
    }
    let token = try next()
    switch token.kind {
    case .identifier:
      if try takeSymbol("(") { return try call(token.text) }
      return .reference(try path(token.text), cast: try cast())
    case .string: return .string(token.text)
    case .integer:
      if let value = Int64(token.text) { return .integer(value) }
      return .number(Double(token.text) ?? .infinity)
    case .number: return .number(Double(token.text) ?? 0)
    case .duration: return .duration(token.value)
    case .parameter: return try parameter(token)
    case .keyword where token.text == "TRUE" || token.text == "FALSE": return .boolean(token.text == "TRUE")
    case .keyword where token.text == "DISTINCT":
      if try takeSymbol("(") { return try call("distinct") }
      return .distinct(try identifier())
    case .symbol where token.text == "*": return .wildcard(kind: try cast())
    case .symbol where token.text == "-" || token.text == "+":
      let operand = try nested { try $0.unary() }
      if token.text == "+" { return operand }
      switch operand {
      case .integer(let value): return .integer(0 &- value)
      case .number(let value): return .number(-value)
      case .duration(let value): return .duration(0 &- value)
      case .reference, .call, .parenthesis: return .binary(.multiply, .integer(-1), operand)
      default: throw unexpected(token, "identifier", "number", "duration", "(")
      }
    default: throw unexpected(token, "identifier", "string", "number", "bool")
    }
  }

  /// `a.b` is one name.
  private mutating func path(_ first: String) throws -> String {
    var name = first
    while try takeSymbol(".") { name += "." + (try identifier()) }
    return name
  }

  private mutating func cast() throws -> String? {
    guard try takeSymbol("::") else { return nil }
    let token = try next()
    let name = token.text.lowercased()
    guard ["float", "integer", "unsigned", "string", "boolean", "field", "tag"].contains(name) else {
      throw unexpected(token, "float", "integer", "unsigned", "string", "boolean", "field", "tag")
    }
    return name
  }

  private mutating func call(_ name: String) throws -> Expression {
    try nested { parser in
      var arguments: [Expression] = []
      if try !parser.takeSymbol(")") {
        repeat {
          if let pattern = try parser.takeRegex() {
            arguments.append(.regex(pattern))
          } else {
            arguments.append(try parser.expression())
          }
        } while try parser.takeSymbol(",")
        try parser.expectSymbol(")")
      }
      return .call(name.lowercased(), arguments)
    }
  }
}
