import MillBase

/// Cuts a Spark SQL script into tokens. No I/O.
struct Lexer {
  /// Longer scripts are refused.
  static let scriptBytesMax = 4 << 20

  private let scalars: [Unicode.Scalar]
  private let file: String?
  private var index = 0
  private var line = 1
  private var column = 1

  private init(_ text: String, file: String?) {
    scalars = Array(text.unicodeScalars)
    self.file = file
  }

  /// - Throws: `.configuration` with line and column: text, name or comment without an end, sign that SQL does not have.
  static func tokens(of text: String, file: String? = nil) throws -> [Token] {
    guard text.utf8.count <= scriptBytesMax else {
      throw MillError(
        .limit, "a script of \(text.utf8.count) bytes is above the limit of \(scriptBytesMax)", at: .init(file: file))
    }
    var lexer = Lexer(text, file: file)
    var tokens: [Token] = []
    while true {
      try lexer.skipBlanksAndComments()
      let position = SourcePosition(line: lexer.line, column: lexer.column)
      guard let first = lexer.peek() else {
        tokens.append(Token(kind: .end, position: position))
        return tokens
      }
      tokens.append(Token(kind: try lexer.next(first, at: position), position: position))
    }
  }

  private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
    index + ahead < scalars.count ? scalars[index + ahead] : nil
  }

  private mutating func advance() {
    if scalars[index] == "\n" {
      line += 1
      column = 1
    } else {
      column += 1
    }
    index += 1
  }

  private func error(_ message: String, at position: SourcePosition, wayOut: String? = nil) -> MillError {
    MillError(
      .configuration, message, at: .init(file: file, line: position.line, column: position.column), wayOut: wayOut)
  }

  private mutating func skipBlanksAndComments() throws {
    while let scalar = peek() {
      if scalar.properties.isWhitespace || scalar == "\u{FEFF}" {
        advance()
      } else if scalar == "-", peek(1) == "-" {
        // Spark: a backslash at the end of a comment line carries it on to the next line.
        while let inside = peek(), inside != "\n" {
          if inside == "\\", peek(1) == "\n" { advance() }
          advance()
        }
      } else if scalar == "/", peek(1) == "*" {
        let start = SourcePosition(line: line, column: column)
        var depth = 0
        repeat {
          guard let inside = peek() else {
            throw error("this comment has no end", at: start, wayOut: "close it with */")
          }
          if inside == "/", peek(1) == "*" {
            depth += 1
            advance()
          } else if inside == "*", peek(1) == "/" {
            depth -= 1
            advance()
          }
          advance()
        } while depth > 0
      } else {
        return
      }
    }
  }

  private mutating func next(_ first: Unicode.Scalar, at position: SourcePosition) throws -> Token.Kind {
    if first == "`" { return .quotedName(try quotedName(at: position)) }
    if first == "'" || first == "\"" { return .string(try string(quote: first, at: position)) }
    if first == "r" || first == "R", let quote = peek(1), quote == "'" || quote == "\"" {
      advance()
      return .string(try string(quote: quote, raw: true, at: position))
    }
    if Self.isDigit(first) { return number() }
    if first == ".", let following = peek(1), Self.isDigit(following), !followsName { return number() }
    if first == "_" || first.properties.isAlphabetic { return word() }
    for sign in Self.signs where matches(sign) {
      for _ in sign.unicodeScalars { advance() }
      return .sign(sign)
    }
    throw error("the character '\(first)' has no meaning here", at: position)
  }

  /// `a.1b` is a field of a, `.5` is a number.
  private var followsName: Bool {
    guard index > 0 else { return false }
    let before = scalars[index - 1]
    return before == "_" || before == "`" || before == ")" || before == "]" || before.properties.isAlphabetic
      || Self.isDigit(before)
  }

  /// Longer signs first.
  private static let signs = [
    "<=>", ">>>", "::", "||", "<=", ">=", "<>", "!=", "==", "->", "=>", "<<", ">>", "(", ")", "[", "]", ",", ".", ";",
    "=",
    "<", ">", "+", "-", "*", "/", "%", "!", "~", "&", "|", "^", ":", "?", "@",
  ]

  private func matches(_ sign: String) -> Bool {
    var ahead = 0
    for scalar in sign.unicodeScalars {
      guard peek(ahead) == scalar else { return false }
      ahead += 1
    }
    return true
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  private mutating func word() -> Token.Kind {
    var text = String.UnicodeScalarView()
    while let scalar = peek(), scalar == "_" || scalar.properties.isAlphabetic || Self.isDigit(scalar) {
      text.append(scalar)
      advance()
    }
    return .word(String(text))
  }

  private mutating func quotedName(at position: SourcePosition) throws -> String {
    var name = String.UnicodeScalarView()
    advance()
    while let scalar = peek() {
      advance()
      if scalar == "`" {
        guard peek() == "`" else { return String(name) }
        advance()
      }
      name.append(scalar)
    }
    throw error("this backquoted name has no end", at: position, wayOut: "close it with `")
  }

  /// Digits, then fraction, exponent and suffix (L S Y D F BD). A word that begins with digits (`2x`) is a name.
  private mutating func number() -> Token.Kind {
    let start = index
    func digits(_ lexer: inout Lexer) {
      while let scalar = lexer.peek(), Self.isDigit(scalar) { lexer.advance() }
    }
    digits(&self)
    if peek() == ".", peek(1) != "." {
      advance()
      digits(&self)
    }
    if let e = peek(), e == "e" || e == "E" {
      let signed = peek(1) == "+" || peek(1) == "-"
      if let digit = peek(signed ? 2 : 1), Self.isDigit(digit) {
        advance()
        if signed { advance() }
        digits(&self)
      }
    }
    while let scalar = peek(), scalar == "_" || scalar.properties.isAlphabetic || Self.isDigit(scalar) { advance() }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[start..<index])
    let digitsText = String(text)
    return NumberLiteral.isNumber(digitsText) ? .number(digitsText) : .word(digitsText)
  }

  /// Escapes as Spark has them: \0 \b \n \r \t \Z \\ \' \" \% \_ (both stay with the backslash), \uXXXX, \UXXXXXXXX,
  /// three octal digits; before any other character the backslash falls away. A doubled quote is the end
  /// of one text and the beginning of the next, which are joined: 'it''s' is its, as in Spark.
  private mutating func string(quote: Unicode.Scalar, raw: Bool = false, at position: SourcePosition) throws -> String {
    var text = String.UnicodeScalarView()
    advance()
    while let scalar = peek() {
      if scalar == quote {
        advance()
        return String(text)
      } else if scalar == "\\", !raw {
        advance()
        try escape(into: &text, at: position)
      } else {
        text.append(scalar)
        advance()
      }
    }
    throw error("this text has no end", at: position, wayOut: "close it with \(quote)")
  }

  private mutating func escape(into text: inout String.UnicodeScalarView, at position: SourcePosition) throws {
    guard let scalar = peek() else { throw error("this text has no end", at: position) }
    if let octal = octalEscape() {
      text.append(octal)
      for _ in 0..<3 { advance() }
      return
    }
    advance()
    switch scalar {
    case "0": text.append("\0")
    case "b": text.append("\u{8}")
    case "n": text.append("\n")
    case "r": text.append("\r")
    case "t": text.append("\t")
    case "Z": text.append("\u{1A}")
    case "%", "_":
      text.append("\\")
      text.append(scalar)
    case "u", "U":
      let width = scalar == "u" ? 4 : 8
      guard let value = hexadecimal(width: width) else {
        text.append(scalar)
        return
      }
      for _ in 0..<width { advance() }
      text.append(Unicode.Scalar(value) ?? "\u{FFFD}")
    default: text.append(scalar)
    }
  }

  private func octalEscape() -> Unicode.Scalar? {
    guard let a = peek(), let b = peek(1), let c = peek(2), ("0"..."1").contains(a), ("0"..."7").contains(b),
      ("0"..."7").contains(c)
    else { return nil }
    return Unicode.Scalar((a.value - 48) * 64 + (b.value - 48) * 8 + (c.value - 48))
  }

  private func hexadecimal(width: Int) -> UInt32? {
    var text = ""
    for ahead in 0..<width {
      guard let scalar = peek(ahead) else { return nil }
      text.unicodeScalars.append(scalar)
    }
    return UInt32(text, radix: 16)
  }
}
