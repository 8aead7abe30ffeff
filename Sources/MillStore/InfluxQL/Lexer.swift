/// Cuts InfluxQL into tokens, one at a time: what `/` means depends on what the parser expects.
struct Lexer {
  private let text: [Unicode.Scalar]
  private(set) var position = 0

  init(_ text: String) { self.text = Array(text.unicodeScalars) }

  mutating func go(to position: Int) { self.position = position }

  /// What was read since then, trimmed.
  func text(from start: Int) -> String {
    var slice = text[start..<position]
    while let first = slice.first, first.properties.isWhitespace { slice.removeFirst() }
    while let last = slice.last, last.properties.isWhitespace { slice.removeLast() }
    return String(String.UnicodeScalarView(slice))
  }

  /// The next token, past white space and comments.
  mutating func next() throws -> Token {
    skipSpace()
    let (line, character) = place(position)
    func token(_ kind: Token.Kind, _ text: String, value: Int64 = 0) -> Token {
      // InfluxDB counts strings, and what fails to be one, from the character before them.
      let back = kind == .string || kind == .badString ? 1 : 0
      return Token(kind: kind, text: text, line: line, character: character - back, value: value)
    }
    guard position < text.count else {
      // InfluxDB has read one past the end when the last token was a word, a number or white space.
      let isPast = text.last.map { Self.isIdentifierPart($0) || $0.properties.isWhitespace } ?? false
      return Token(kind: .end, text: "EOF", line: line, character: character + (isPast ? 1 : 0))
    }
    let first = text[position]
    if Self.isIdentifierStart(first) {
      let word = takeWhile(Self.isIdentifierPart)
      let upper = word.uppercased()
      return Token.keywords.contains(upper) ? token(.keyword, upper) : token(.identifier, word)
    }
    if first == "\"" { return quoted("\"").map { token(.identifier, $0) } ?? token(.badString, "BADSTRING") }
    if first == "'" {
      let start = position + 1
      if let contents = quoted("'") { return token(.string, contents) }
      return token(.badString, String(String.UnicodeScalarView(text[start..<position])))
    }
    if first == "$" {
      position += 1
      return token(.parameter, takeWhile(Self.isIdentifierPart))
    }
    if Self.isDigit(first) || first == "." && position + 1 < text.count && Self.isDigit(text[position + 1]) {
      let (kind, word, nanoseconds) = number()
      if kind == .bad {
        throw InfluxQLError("invalid duration")
      }
      return token(kind, word, value: nanoseconds)
    }
    for symbol in ["!=", "!~", "<>", "<=", ">=", "=~", "::"] where matches(symbol) {
      position += 2
      return token(.symbol, symbol == "<>" ? "!=" : symbol)
    }
    position += 1
    return token("=<>+-*/%&|^(),;.:".unicodeScalars.contains(first) ? .symbol : .bad, String(first))
  }

  /// A regular expression between slashes, when the next thing is a slash.
  mutating func regex() throws -> Token? {
    let before = position
    skipSpace()
    guard position < text.count, text[position] == "/" else {
      position = before
      return nil
    }
    let (line, character) = place(position)
    position += 1
    var pattern = String.UnicodeScalarView()
    while position < text.count, text[position] != "/" {
      // Only the slash is escaped for us, everything else is for the regular expression.
      if text[position] == "\\", position + 1 < text.count {
        if text[position + 1] != "/" { pattern.append("\\") }
        position += 1
      }
      pattern.append(text[position])
      position += 1
    }
    guard position < text.count else { throw InfluxQLError("bad regex at line \(line + 1), char \(character + 1)") }
    position += 1
    return Token(kind: .regex, text: String(pattern), line: line, character: character)
  }

  // MARK: Parts

  private func place(_ position: Int) -> (line: Int, character: Int) {
    var line = 0
    var character = 0
    for scalar in text[..<position] {
      if scalar == "\n" {
        line += 1
        character = 0
      } else {
        character += 1
      }
    }
    return (line, character)
  }

  private func matches(_ symbol: String) -> Bool {
    let scalars = Array(symbol.unicodeScalars)
    return position + scalars.count <= text.count && Array(text[position..<(position + scalars.count)]) == scalars
  }

  private mutating func skipSpace() {
    while position < text.count {
      if text[position].properties.isWhitespace {
        position += 1
      } else if matches("--") {
        while position < text.count, text[position] != "\n" { position += 1 }
      } else if matches("/*") {
        position += 2
        while position < text.count, !matches("*/") { position += 1 }
        position = min(position + 2, text.count)
      } else {
        return
      }
    }
  }

  private mutating func takeWhile(_ isPart: (Unicode.Scalar) -> Bool) -> String {
    let start = position
    while position < text.count, isPart(text[position]) { position += 1 }
    return String(String.UnicodeScalarView(text[start..<position]))
  }

  /// What stands between quotes; nil when they don't end.
  private mutating func quoted(_ quote: Unicode.Scalar) -> String? {
    var result = String.UnicodeScalarView()
    position += 1
    while position < text.count, text[position] != quote, text[position] != "\n" {
      var scalar = text[position]
      if scalar == "\\" {
        position += 1
        guard position < text.count, "\\\"'n".unicodeScalars.contains(text[position]) else { return nil }
        scalar = text[position] == "n" ? "\n" : text[position]
      }
      result.append(scalar)
      position += 1
    }
    guard position < text.count, text[position] == quote else { return nil }
    position += 1
    return String(result)
  }

  /// An integer, a number, or a duration such as `1h30m`.
  private mutating func number() -> (Token.Kind, String, Int64) {
    let start = position
    var hasPoint = false
    _ = takeWhile(Self.isDigit)
    if position < text.count, text[position] == "." {
      hasPoint = true
      position += 1
      _ = takeWhile(Self.isDigit)
    }
    func word() -> String { String(String.UnicodeScalarView(text[start..<position])) }
    guard !hasPoint, position < text.count, Self.isIdentifierStart(text[position]) || text[position].value > 0x7F else {
      return (hasPoint ? .number : .integer, word(), 0)
    }
    position = start
    var total: Int64 = 0
    while position < text.count, Self.isDigit(text[position]) {
      guard let count = Int64(takeWhile(Self.isDigit)), let (nanoseconds, length) = Self.unit(text, position) else {
        return (.bad, word(), 0)
      }
      position += length
      let (product, isOver) = count.multipliedReportingOverflow(by: nanoseconds)
      let (sum, isSumOver) = total.addingReportingOverflow(product)
      if isOver || isSumOver { return (.bad, word(), 0) }
      total = sum
    }
    return (.duration, word(), total)
  }

  /// Nanoseconds of the unit that begins here, and its length.
  private static func unit(_ text: [Unicode.Scalar], _ position: Int) -> (Int64, Int)? {
    guard position < text.count else { return nil }
    let next: Unicode.Scalar? = position + 1 < text.count ? text[position + 1] : nil
    switch text[position] {
    case "n" where next == "s": return (1, 2)
    case "u", "µ", "μ": return (1000, 1)
    case "m" where next == "s": return (1_000_000, 2)
    case "m": return (60_000_000_000, 1)
    case "s": return (1_000_000_000, 1)
    case "h": return (3_600_000_000_000, 1)
    case "d": return (86_400_000_000_000, 1)
    case "w": return (604_800_000_000_000, 1)
    default: return nil
    }
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar >= "0" && scalar <= "9" }
  private static func isIdentifierStart(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar >= "a" && scalar <= "z" || scalar >= "A" && scalar <= "Z"
  }
  private static func isIdentifierPart(_ scalar: Unicode.Scalar) -> Bool {
    isIdentifierStart(scalar) || isDigit(scalar)
  }
}
