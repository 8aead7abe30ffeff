/// Finds the ends of statements in text that is still being typed: a `;` outside quotes and comments.
public struct StatementSplitter {
  /// What is not ended yet, line ends kept.
  public private(set) var rest = ""

  public init() {}

  /// Is there anything but blanks and comments before the next `;`?
  public var isInStatement: Bool { !Self.isBlank(rest[...]) }

  /// - Parameter line: without its line end.
  /// - Returns: the statements that end on this line, each with its `;`.
  public mutating func add(line: String) -> [String] {
    rest += line + "\n"
    var statements: [String] = []
    while let end = Self.end(of: rest) {
      statements.append(String(rest[..<end]))
      rest.removeSubrange(..<end)
    }
    if Self.isBlank(rest[...]), !Self.isInComment(rest) { rest = "" }
    return statements.filter { !Self.isBlank($0.dropLast()) }
  }

  /// Gives up what is not ended.
  public mutating func clear() { rest = "" }

  private enum Part { case blank, comment, other, end }

  /// Walks over the text; `body` gets every part's kind and the place behind it, and false ends the walk.
  private static func walk(_ text: Substring, _ body: (Part, String.Index) -> Bool) {
    let bytes = text.utf8
    var at = bytes.startIndex
    while at < bytes.endIndex {
      let byte = bytes[at]
      let next = bytes.index(after: at)
      let following = next < bytes.endIndex ? bytes[next] : 0
      var part = Part.other
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"):
        at = afterQuote(bytes, next, byte)
      case UInt8(ascii: "-") where following == byte:
        part = .comment
        at = bytes[at...].firstIndex(of: 10) ?? bytes.endIndex
      case UInt8(ascii: "/") where following == UInt8(ascii: "*"):
        part = .comment
        at = afterBracketedComment(bytes, bytes.index(after: next))
      case UInt8(ascii: ";"):
        part = .end
        at = next
      case 9, 10, 13, 32:
        part = .blank
        at = next
      default: at = next
      }
      if !body(part, at) { return }
    }
  }

  private static func afterQuote(
    _ bytes: Substring.UTF8View, _ from: String.Index, _ quote: UInt8
  ) -> String.Index {
    var at = from
    while at < bytes.endIndex {
      let byte = bytes[at]
      at = bytes.index(after: at)
      if byte == quote { return at }
      // A backslash keeps the next character from ending a text; names in backquotes have none.
      if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`"), at < bytes.endIndex { at = bytes.index(after: at) }
    }
    return at
  }

  private static func afterBracketedComment(
    _ bytes: Substring.UTF8View, _ from: String.Index
  ) -> String.Index {
    var at = from
    while at < bytes.endIndex {
      let next = bytes.index(after: at)
      if bytes[at] == UInt8(ascii: "*"), next < bytes.endIndex, bytes[next] == UInt8(ascii: "/") {
        return bytes.index(after: next)
      }
      at = next
    }
    return at
  }

  private static func end(of text: String) -> String.Index? {
    var end: String.Index?
    walk(text[...]) { part, index in
      if part == .end { end = index }
      return part != .end
    }
    return end
  }

  private static func isBlank(_ text: Substring) -> Bool {
    var isBlank = true
    walk(text) { part, _ in
      if part == .other || part == .end { isBlank = false }
      return isBlank
    }
    return isBlank
  }

  /// A comment that is open at the end of the text must be kept, or its end would be read as a statement.
  private static func isInComment(_ text: String) -> Bool {
    guard let open = text.ranges(of: "/*").last?.upperBound else { return false }
    return text[open...].firstRange(of: "*/") == nil
  }
}
