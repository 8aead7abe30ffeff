import MillBase
import MillColumns

/// Calls: arguments, lambdas, what follows the brackets, and the functions with a grammar of their own.
extension Parser {
  mutating func nameOrCall(_ word: String) throws -> Syntax {
    let position = position
    advance()
    guard accept(sign: "(") else {
      // These two need no brackets.
      let lower = word.lowercased()
      if ["current_timestamp", "current_date", "localtimestamp"].contains(lower), !peek(sign: ".") {
        return Syntax(kind: .call(lower, []), position: position)
      }
      return Syntax(kind: .name([word]), position: position)
    }
    var arguments: [Syntax] = []
    var modifiers = AggregateModifiers(isDistinct: accept(word: "DISTINCT"))
    if !peek(sign: ")") {
      repeat {
        var argument = try lambda() ?? expression()
        if word.lowercased() == "struct", accept(word: "AS") {
          argument = Syntax(kind: .named(argument, try name("a field's name")), position: argument.position)
        }
        arguments.append(argument)
      } while accept(sign: ",")
    }
    try expect(sign: ")")
    if let call = Self.unitCall(word, arguments) { return Syntax(kind: call, position: position) }
    var isModified = modifiers.isDistinct
    if accept(words: "IGNORE", "NULLS") { (modifiers.ignoresNulls, isModified) = (true, true) }
    if accept(words: "RESPECT", "NULLS") { isModified = true }
    if peek(word: "WITHIN"), peek(word: "GROUP", ahead: 1) {
      advance()
      advance()
      try expect(sign: "(")
      guard accept(words: "ORDER", "BY") else { throw unexpected("ORDER BY") }
      modifiers.within = try orderItem()
      try expect(sign: ")")
      isModified = true
    }
    if peek(word: "FILTER"), ahead(1).kind == .sign("(") {
      advance()
      advance()
      try expect(word: "WHERE")
      modifiers.filter = try expression()
      try expect(sign: ")")
      isModified = true
    }
    let kind: Syntax.Kind = isModified ? .aggregate(word, arguments, modifiers) : .call(word, arguments)
    let call = Syntax(kind: kind, position: position)
    if accept(word: "OVER") { return Syntax(kind: .window(call, try windowSpec()), position: position) }
    return call
  }

  /// nil when none begins here.
  private mutating func lambda() throws -> Syntax? {
    let start = position
    var names: [String] = []
    func variable(_ offset: Int) -> String? {
      switch ahead(offset).kind {
      case .word(let name), .quotedName(let name): name
      default: nil
      }
    }
    var next = 0
    if peek(sign: "(") {
      repeat {
        guard let name = variable(next + 1) else { return nil }
        names.append(name)
        next += 2
      } while ahead(next).kind == .sign(",")
      guard ahead(next).kind == .sign(")") else { return nil }
    } else {
      guard let name = variable(0) else { return nil }
      names = [name]
    }
    guard ahead(next + 1).kind == .sign("->") else { return nil }
    for _ in 0...(next + 1) { advance() }
    return Syntax(kind: .lambda(names, try expression()), position: start)
  }

  /// `dateadd(MONTH, 1, t)`, `datediff(DAY, a, b)`: the unit is a word there.
  private static func unitCall(_ name: String, _ arguments: [Syntax]) -> Syntax.Kind? {
    guard arguments.count == 3, case .name(let unit) = arguments[0].kind, unit.count == 1,
      FunctionLibrary.timeUnits[unit[0].uppercased()] != nil
    else { return nil }
    let function: String
    switch name.lowercased() {
    case "dateadd", "date_add", "timestampadd": function = "timestampadd"
    case "datediff", "date_diff", "timestampdiff": function = "timestampdiff"
    default: return nil
    }
    let text = Syntax(kind: .literal(.string(unit[0].uppercased())), position: arguments[0].position)
    return .call(function, [text] + arguments.dropFirst())
  }

  mutating func branches() throws -> Syntax {
    let position = position
    advance()
    let operand = peek(word: "WHEN") ? nil : try expression()
    var cases: [(when: Syntax, then: Syntax)] = []
    while accept(word: "WHEN") {
      let condition = try expression()
      try expect(word: "THEN")
      cases.append((condition, try expression()))
    }
    guard !cases.isEmpty else { throw unexpected("WHEN") }
    let otherwise = accept(word: "ELSE") ? try expression() : nil
    try expect(word: "END")
    return Syntax(kind: .branches(operand: operand, cases, otherwise: otherwise), position: position)
  }

  /// `trim(x)`, `trim(BOTH y FROM x)`, `trim(y FROM x)`
  mutating func trim() throws -> Syntax {
    let position = position
    advance()
    advance()
    var function = "trim"
    if accept(word: "LEADING") {
      function = "ltrim"
    } else if accept(word: "TRAILING") {
      function = "rtrim"
    } else {
      _ = accept(word: "BOTH")
    }
    if accept(word: "FROM") {
      let text = try expression()
      try expect(sign: ")")
      return Syntax(kind: .call(function, [text]), position: position)
    }
    let first = try expression()
    if accept(word: "FROM") {
      let text = try expression()
      try expect(sign: ")")
      return Syntax(kind: .call(function, [text, first]), position: position)
    }
    try expect(sign: ")")
    return Syntax(kind: .call(function, [first]), position: position)
  }

  mutating func substring(_ word: String) throws -> Syntax {
    let position = position
    advance()
    advance()
    var arguments = [try expression()]
    if accept(word: "FROM") {
      arguments.append(try expression())
      if accept(word: "FOR") { arguments.append(try expression()) }
    } else {
      while accept(sign: ",") { arguments.append(try expression()) }
    }
    try expect(sign: ")")
    return Syntax(kind: .call(word, arguments), position: position)
  }

  /// `overlay(a PLACING b FROM n FOR m)`, or with commas. The length that is not given is −1 to Spark.
  mutating func overlay(_ word: String) throws -> Syntax {
    let position = position
    advance()
    advance()
    var arguments = [try expression()]
    if accept(word: "PLACING") {
      arguments.append(try expression())
      try expect(word: "FROM")
      arguments.append(try expression())
      let unknown = Syntax(kind: .literal(.integer(-1)), position: position)
      arguments.append(accept(word: "FOR") ? try expression() : unknown)
    } else {
      while accept(sign: ",") { arguments.append(try expression()) }
    }
    try expect(sign: ")")
    return Syntax(kind: .call(word, arguments), position: position)
  }

  mutating func positionCall(_ word: String) throws -> Syntax {
    let position = position
    advance()
    advance()
    var arguments = [try comparisonOperand()]
    // With IN it is locate to Spark.
    let isLocate = accept(word: "IN")
    if isLocate {
      arguments.append(try expression())
    } else {
      while accept(sign: ",") { arguments.append(try expression()) }
    }
    try expect(sign: ")")
    return Syntax(kind: .call(isLocate ? "locate" : word, arguments), position: position)
  }
}
