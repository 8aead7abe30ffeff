import MillBase

/// The page may read, nothing else: the server sends its own credentials along, so whoever reaches the page must
/// not be able to drop a database with them.
enum StatementGuard {
  /// Bytes of a query text.
  static let lengthMax = 64 << 10

  /// - Throws: `MillError.badInput` unless every statement is a SELECT without INTO, or a SHOW.
  static func check(_ query: String) throws {
    guard query.utf8.count <= lengthMax else {
      throw MillError(.limit, "the query has \(query.utf8.count) bytes, more than \(lengthMax)")
    }
    for statement in statements(query) {
      guard let first = statement.first else { continue }
      guard first == "SELECT" || first == "SHOW" else {
        throw MillError(
          .badInput, "the page does not send \(first) statements",
          wayOut: "use SELECT or SHOW, or the store's own tools")
      }
      if statement.contains("INTO") {
        throw MillError(.badInput, "the page does not write: SELECT … INTO", wayOut: "leave INTO out")
      }
    }
  }

  /// The bare words of each statement in upper case: what is in quotes, regular expressions and comments is left out.
  static func statements(_ query: String) -> [[String]] {
    var statements: [[String]] = [[]]
    var word = ""
    var rest = query.unicodeScalars[...]
    func endWord() {
      if !word.isEmpty { statements[statements.count - 1].append(word.uppercased()) }
      word = ""
    }
    func skip(to close: String, escapes: Bool) {
      while let scalar = rest.first {
        if escapes, scalar == "\\" {
          rest = rest.dropFirst(2)
        } else if rest.starts(with: close.unicodeScalars) {
          rest = rest.dropFirst(close.unicodeScalars.count)
          return
        } else {
          rest.removeFirst()
        }
      }
    }
    var opensRegex = false
    while let scalar = rest.first {
      rest.removeFirst()
      switch scalar {
      case "'", "\"":
        endWord()
        skip(to: String(scalar), escapes: true)
        opensRegex = false
      case "-" where rest.first == "-":
        endWord()
        skip(to: "\n", escapes: false)
      case "/" where rest.first == "*":
        endWord()
        skip(to: "*/", escapes: false)
      case "/":
        endWord()
        if opensRegex || statements.last?.last == "FROM" { skip(to: "/", escapes: true) }
        opensRegex = false
      case ";":
        endWord()
        statements.append([])
      case "~":
        endWord()
        opensRegex = true
      default:
        if scalar.properties.isAlphabetic || scalar == "_" || scalar.properties.numericType != nil {
          word.unicodeScalars.append(scalar)
          opensRegex = false
        } else {
          endWord()
          if !scalar.properties.isWhitespace { opensRegex = scalar == "." || scalar == "," }
        }
      }
    }
    endWord()
    return statements
  }
}
