import MillBase
import MillColumns

extension Parser {
  /// OR binds loosest, then AND, NOT, predicates, comparison, | ^ &, + - ||, * / % DIV, sign, postfix.
  mutating func expression() throws -> Syntax {
    try nested { parser in
      var left = try parser.conjunction()
      while parser.peek(word: "OR") {
        let position = parser.position
        parser.advance()
        left = Syntax(kind: .binary("OR", left, try parser.conjunction()), position: position)
      }
      return left
    }
  }

  private mutating func conjunction() throws -> Syntax {
    var left = try negation()
    while peek(word: "AND") {
      let position = position
      advance()
      left = Syntax(kind: .binary("AND", left, try negation()), position: position)
    }
    return left
  }

  private mutating func negation() throws -> Syntax {
    let position = position
    if accept(word: "NOT") || accept(sign: "!") {
      return Syntax(kind: .not(try nested { try $0.negation() }), position: position)
    }
    return try predicate()
  }

  private mutating func predicate() throws -> Syntax {
    var left = try comparison()
    while true {
      let position = position
      if accept(word: "IS") {
        let negated = accept(word: "NOT")
        if accept(word: "NULL") {
          left = Syntax(kind: .isNull(left, negated: negated), position: position)
        } else if accept(word: "TRUE") {
          left = Syntax(kind: .isBoolean(left, true, negated: negated), position: position)
        } else if accept(word: "FALSE") {
          left = Syntax(kind: .isBoolean(left, false, negated: negated), position: position)
        } else if accept(word: "UNKNOWN") {
          left = Syntax(kind: .isNull(left, negated: negated), position: position)
        } else if accept(words: "DISTINCT", "FROM") {
          let same = Syntax(kind: .binary("<=>", left, try comparison()), position: position)
          left = negated ? same : Syntax(kind: .not(same), position: position)
        } else {
          throw unexpected("NULL, TRUE, FALSE or DISTINCT FROM")
        }
        continue
      }
      let negated = peek(word: "NOT") && peek(oneOf: ["BETWEEN", "IN", "LIKE", "ILIKE", "RLIKE", "REGEXP"], ahead: 1)
      if negated { advance() }
      if accept(word: "BETWEEN") {
        let low = try comparison()
        try expect(word: "AND")
        left = Syntax(kind: .between(left, low, try comparison(), negated: negated), position: position)
      } else if accept(word: "IN") {
        try expect(sign: "(")
        if beginsQuery {
          left = Syntax(kind: .inQuery(left, try query(), negated: negated), position: position)
          try expect(sign: ")")
          continue
        }
        var choices = [try expression()]
        while accept(sign: ",") { choices.append(try expression()) }
        try expect(sign: ")")
        left = Syntax(kind: .oneOf(left, choices, negated: negated), position: position)
      } else if peek(word: "LIKE") || peek(word: "ILIKE") {
        let ignoresCase = peek(word: "ILIKE")
        advance()
        if peek(oneOf: ["ANY", "SOME", "ALL"]), ahead(1).kind == .sign("(") {
          left = try likeOneOf(left, ignoresCase: ignoresCase, negated: negated, at: position)
          continue
        }
        let pattern = try comparison()
        var escape: Character = "\\"
        if accept(word: "ESCAPE") {
          let text = try string("the escape character in quotes")
          guard text.count == 1 else { throw error("ESCAPE needs exactly one character") }
          escape = text.first!
        }
        left = Syntax(
          kind: .like(left, pattern, escape: escape, ignoresCase: ignoresCase, negated: negated), position: position)
      } else if accept(word: "RLIKE") || accept(word: "REGEXP") {
        left = Syntax(kind: .rlike(left, try comparison(), negated: negated), position: position)
      } else {
        return left
      }
    }
  }

  /// `LIKE ANY (…)`, `LIKE ALL (…)`, with NOT for each of the patterns.
  private mutating func likeOneOf(
    _ text: Syntax, ignoresCase: Bool, negated: Bool, at start: SourcePosition
  ) throws -> Syntax {
    let sign = peek(word: "ALL") ? "AND" : "OR"
    advance()
    advance()
    var result: Syntax?
    repeat {
      let pattern = try expression()
      let like = Syntax(
        kind: .like(text, pattern, escape: "\\", ignoresCase: ignoresCase, negated: negated), position: start)
      result = result.map { Syntax(kind: .binary(sign, $0, like), position: start) } ?? like
    } while accept(sign: ",")
    try expect(sign: ")")
    return result!
  }

  private static let comparisons: Set<String> = ["=", "==", "<=>", "<>", "!=", "<", "<=", ">", ">="]

  private mutating func comparison() throws -> Syntax {
    var left = try binary(level: 0)
    while case .sign(let sign) = token.kind, Self.comparisons.contains(sign) {
      let position = position
      advance()
      let name = sign == "==" ? "=" : sign == "!=" ? "<>" : sign
      left = Syntax(kind: .binary(name, left, try binary(level: 0)), position: position)
    }
    return left
  }

  /// An expression without comparisons and predicates.
  mutating func comparisonOperand() throws -> Syntax { try binary(level: 0) }

  private static let levels: [Set<String>] = [
    ["|"], ["^"], ["&"], ["<<", ">>", ">>>"], ["+", "-", "||"], ["*", "/", "%"],
  ]

  private mutating func binary(level: Int) throws -> Syntax {
    guard level < Self.levels.count else { return try unary() }
    var left = try binary(level: level + 1)
    while true {
      let position = position
      if case .sign(let sign) = token.kind, Self.levels[level].contains(sign) {
        advance()
        left = Syntax(kind: .binary(sign, left, try binary(level: level + 1)), position: position)
      } else if level == Self.levels.count - 1, peek(word: "DIV") {
        advance()
        left = Syntax(kind: .binary("DIV", left, try binary(level: level + 1)), position: position)
      } else {
        return left
      }
    }
  }

  private mutating func unary() throws -> Syntax {
    let position = position
    if accept(sign: "-") {
      if case .number(let digits) = token.kind {
        // One token in Spark too: otherwise -2147483648 and -9223372036854775808L could not be written.
        advance()
        return try postfix(Syntax(kind: .literal(try numberLiteral("-" + digits, at: position)), position: position))
      }
      return Syntax(kind: .negative(try nested { try $0.unary() }), position: position)
    }
    if accept(sign: "+") { return Syntax(kind: .call("positive", [try nested { try $0.unary() }]), position: position) }
    if accept(sign: "~") { return Syntax(kind: .call("~", [try nested { try $0.unary() }]), position: position) }
    return try postfix(try primary())
  }

  private mutating func postfix(_ base: Syntax) throws -> Syntax {
    var base = base
    while true {
      let position = position
      if accept(sign: ".") {
        if accept(sign: "*") {
          guard case .name(let parts) = base.kind else { throw error("only a name can stand before .*", at: position) }
          base.kind = .star(parts)
          return try except(base)
        }
        let part = try name("a field's name")
        if case .name(let parts) = base.kind {
          base.kind = .name(parts + [part])
        } else {
          base = Syntax(kind: .field(base, part), position: base.position)
        }
      } else if accept(sign: "[") {
        let index = try expression()
        try expect(sign: "]")
        base = Syntax(kind: .index(base, index), position: position)
      } else if accept(sign: "::") {
        base = Syntax(kind: .cast(base, try dataType(), isTry: false), position: position)
      } else {
        return base
      }
    }
  }

  /// `EXCEPT (a, b)` behind a star.
  private mutating func except(_ star: Syntax) throws -> Syntax {
    guard case .star(let parts) = star.kind, peek(word: "EXCEPT"), ahead(1).kind == .sign("("),
      !peek(oneOf: ["SELECT", "WITH", "VALUES", "TABLE", "FROM"], ahead: 2), ahead(2).kind != .sign("(")
    else { return star }
    advance()
    advance()
    return Syntax(kind: .starExcept(parts, try bareColumnNames()), position: star.position)
  }

  private func numberLiteral(_ digits: String, at position: SourcePosition) throws -> Literal {
    let negative = digits.hasPrefix("-")
    do {
      if let literal = try NumberLiteral.parse(digits) { return literal }
    } catch {
      throw self.error("the number \(error.text)", at: position)
    }
    throw error("\(negative ? "-" : "")\(digits) is no number", at: position)
  }

  private mutating func primary() throws -> Syntax {
    let position = position
    switch token.kind {
    case .number(let digits):
      advance()
      return Syntax(kind: .literal(try numberLiteral(digits, at: position)), position: position)
    case .string(var text):
      advance()
      // Adjacent texts are one, as in Spark.
      while case .string(let more) = token.kind {
        text += more
        advance()
      }
      return Syntax(kind: .literal(.string(text)), position: position)
    case .quotedName(let name):
      advance()
      return Syntax(kind: .name([name]), position: position)
    case .sign("("):
      advance()
      if beginsQuery {
        let inner = try query()
        try expect(sign: ")")
        return Syntax(kind: .scalarQuery(inner), position: position)
      }
      let inner = try expression()
      if peek(sign: ",") {
        var items = [inner]
        while accept(sign: ",") { items.append(try expression()) }
        try expect(sign: ")")
        return Syntax(kind: .call("struct", items), position: position)
      }
      try expect(sign: ")")
      // Brackets end a chain of names: (a).b is a field of a.
      if case .name = inner.kind, peek(sign: ".") {
        advance()
        return Syntax(kind: .field(inner, try name("a field's name")), position: position)
      }
      return inner
    case .sign("*"):
      advance()
      return try except(Syntax(kind: .star([]), position: position))
    case .word(let word): return try word.utf8.count > 24 ? nameOrCall(word) : keyword(word)
    default: throw unexpected("an expression")
    }
  }

  private mutating func keyword(_ word: String) throws -> Syntax {
    let position = position
    let isCall = ahead(1).kind == .sign("(")
    var followingText: String?
    if case .string(let text) = ahead(1).kind { followingText = text }
    switch word.uppercased() {
    case "NULL" where !isCall:
      advance()
      return Syntax(kind: .literal(.null), position: position)
    case "TRUE" where !isCall, "FALSE" where !isCall:
      advance()
      return Syntax(kind: .literal(.boolean(word.uppercased() == "TRUE")), position: position)
    case "CASE": return try branches()
    case "CAST" where isCall, "TRY_CAST" where isCall:
      advance()
      advance()
      let base = try expression()
      try expect(word: "AS")
      let type = try dataType()
      try expect(sign: ")")
      return Syntax(kind: .cast(base, type, isTry: word.uppercased() == "TRY_CAST"), position: position)
    case "DATE" where followingText != nil:
      guard let days = Calendar.date(followingText!) else {
        throw error("'\(followingText!)' is no date", wayOut: "write DATE '2024-01-31'")
      }
      advance()
      advance()
      return Syntax(kind: .literal(.date(days)), position: position)
    case "TIMESTAMP" where followingText != nil, "TIMESTAMP_LTZ" where followingText != nil:
      guard let microseconds = Calendar.timestamp(followingText!) else {
        throw error("'\(followingText!)' is no timestamp", wayOut: "write TIMESTAMP '2024-01-31 12:00:00'")
      }
      advance()
      advance()
      let isZoned = Array(followingText!.utf8).withUnsafeBufferPointer { LocalTime.namesZone($0) }
      let literal = isZoned ? Literal.timestamp(microseconds) : .localTimestamp(microseconds)
      return Syntax(kind: .literal(literal), position: position)
    case "X" where followingText != nil:
      guard let bytes = Hexadecimal.bytes(followingText!) else {
        throw error("X'\(followingText!)' is no hexadecimal text")
      }
      advance()
      advance()
      return Syntax(kind: .literal(.binary(bytes)), position: position)
    case "INTERVAL" where beginsInterval: return try intervalLiteral()
    case "EXISTS" where isCall && peek(oneOf: ["SELECT", "WITH"], ahead: 2):
      advance()
      advance()
      let inner = try query()
      try expect(sign: ")")
      return Syntax(kind: .existsQuery(inner), position: position)
    case "SELECT", "FROM", "WHERE", "GROUP", "ORDER", "UNION", "HAVING", "WHEN", "THEN", "ELSE", "END":
      // Spark lets these be names; in practice the clause before them lacks its end.
      if !isCall, ahead(1).kind != .sign(".") { throw unexpected("an expression") }
      return try nameOrCall(word)
    case "TRIM" where isCall: return try trim()
    case "SUBSTRING" where isCall, "SUBSTR" where isCall: return try substring(word)
    case "OVERLAY" where isCall: return try overlay(word)
    case "POSITION" where isCall: return try positionCall(word)
    case "EXTRACT" where isCall:
      advance()
      advance()
      let part = try name("a part, like YEAR")
      try expect(word: "FROM")
      let value = try expression()
      try expect(sign: ")")
      let field = Syntax(kind: .literal(.string(part)), position: position)
      return Syntax(kind: .call("extract", [field, value]), position: position)
    default: return try nameOrCall(word)
    }
  }
}
