import MillBase
import MillColumns

/// Spark SQL text → syntax, by recursive descent. No I/O, no names resolved.
///
/// The grammar is Spark's SqlBaseParser.g4, as far as this engine runs it; what Spark has and this engine has not yet
/// is an error that says so, with its place.
struct Parser {
  /// Deeper nesting is refused: the stack of a thread is finite.
  static let depthMax = 120

  var tokens: [Token]
  var index = 0
  var depth = 0
  let file: String?

  init(_ text: String, file: String? = nil) throws {
    tokens = try Lexer.tokens(of: text, file: file)
    self.file = file
  }

  /// A whole script: statements separated by `;`.
  static func statements(of text: String, file: String? = nil) throws -> [Statement] {
    var parser = try Parser(text, file: file)
    var statements: [Statement] = []
    while true {
      while parser.accept(sign: ";") {}
      if parser.token.kind == .end { return statements }
      statements.append(try parser.statement())
      guard parser.token.kind == .end || parser.peek(sign: ";") else {
        throw parser.unexpected("the end of the statement or ;")
      }
    }
  }

  /// A single expression, as selectExpr and filter conditions have it.
  static func expression(of text: String, file: String? = nil) throws -> Syntax {
    var parser = try Parser(text, file: file)
    let expression = try parser.expression()
    guard parser.token.kind == .end else { throw parser.unexpected("the end of the expression") }
    return expression
  }

  // MARK: Tokens

  var token: Token { tokens[index] }
  var position: SourcePosition { token.position }

  func ahead(_ count: Int) -> Token { tokens[min(index + count, tokens.count - 1)] }

  mutating func advance() { if index < tokens.count - 1 { index += 1 } }

  func peek(sign: String) -> Bool { token.kind == .sign(sign) }

  func peek(word: String, ahead count: Int = 0) -> Bool {
    if case .word(let found) = ahead(count).kind {
      found.utf8.count == word.utf8.count && found.uppercased() == word
    } else {
      false
    }
  }

  func peek(oneOf words: Set<String>, ahead count: Int = 0) -> Bool {
    if case .word(let found) = ahead(count).kind { words.contains(found.uppercased()) } else { false }
  }

  mutating func accept(sign: String) -> Bool {
    guard peek(sign: sign) else { return false }
    advance()
    return true
  }

  mutating func accept(word: String) -> Bool {
    guard peek(word: word) else { return false }
    advance()
    return true
  }

  /// All of the words, or none.
  mutating func accept(words: String...) -> Bool {
    for (offset, word) in words.enumerated() where !peek(word: word, ahead: offset) { return false }
    for _ in words { advance() }
    return true
  }

  mutating func expect(sign: String) throws {
    guard accept(sign: sign) else { throw unexpected("'\(sign)'") }
  }

  mutating func expect(word: String) throws {
    guard accept(word: word) else { throw unexpected(word) }
  }

  mutating func string(_ what: String) throws -> String {
    guard case .string(let text) = token.kind else { throw unexpected(what) }
    advance()
    return text
  }

  mutating func name(_ what: String) throws -> String {
    switch token.kind {
    case .word(let name), .quotedName(let name):
      advance()
      return name
    default: throw unexpected(what)
    }
  }

  // MARK: Errors

  func error(_ message: String, at position: SourcePosition? = nil, wayOut: String? = nil) -> MillError {
    let position = position ?? self.position
    return MillError(
      .configuration, message, at: .init(file: file, line: position.line, column: position.column), wayOut: wayOut)
  }

  func unexpected(_ wanted: String) -> MillError {
    if token.kind == .end { return error("syntax error: the script ends where \(wanted) was expected") }
    var nearest: String?
    if case .word(let word) = token.kind { nearest = Nearest.name(to: word, among: Self.clauseWords) }
    if nearest == token.text.uppercased() { nearest = nil }
    return error(
      "syntax error at '\(token.text)': expected \(wanted)", wayOut: nearest.map { "did you mean \($0)?" })
  }

  func unsupported(_ what: String, at position: SourcePosition? = nil) -> MillError {
    error("\(what) is not supported yet", at: position)
  }

  private static let clauseWords = [
    "SELECT", "FROM", "WHERE", "UNION", "LATERAL", "VIEW", "EXPLODE", "OPTIONS", "USING", "CREATE", "TEMPORARY", "WITH",
  ]

  /// Runs the body one level deeper.
  mutating func nested<Result>(_ body: (inout Parser) throws -> Result) throws -> Result {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthMax else {
      throw MillError(
        .limit, "the expression nests deeper than \(Self.depthMax) levels",
        at: .init(file: file, line: position.line, column: position.column))
    }
    return try body(&self)
  }
}
