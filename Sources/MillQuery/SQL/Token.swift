import MillBase

/// Where something stands in a script; both counted from 1, columns in characters.
public struct SourcePosition: Sendable, Hashable, CustomStringConvertible {
  public var line: Int
  public var column: Int
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
  public var description: String { "line \(line), column \(column)" }
}

/// One word, number, text or sign of a script.
struct Token: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    /// A bare word: keyword or name. Keywords are not told apart here: Spark's are names too, nearly everywhere.
    case word(String)
    /// A name in backquotes.
    case quotedName(String)
    /// A text literal, escapes resolved.
    case string(String)
    /// Digits, fraction, exponent and type suffix, as written.
    case number(String)
    /// An operator or a bracket.
    case sign(String)
    case end
  }
  var kind: Kind
  var position: SourcePosition

  /// For error messages: what the reader sees in the script.
  var text: String {
    switch kind {
    case .word(let word): word
    case .quotedName(let name): "`\(name)`"
    case .string(let text): "'\(text)'"
    case .number(let digits): digits
    case .sign(let sign): sign
    case .end: "end of input"
    }
  }
}
