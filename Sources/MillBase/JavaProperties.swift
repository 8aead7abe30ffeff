/// A `.properties` text, read as `java.util.Properties` reads it.
///
/// Comments begin with `#` or `!` as the first character that is not blank; a trailing one is part of the value. A
/// key ends at the first `=`, `:` or blank; `\` at the end of a line continues it; `\t \n \r \f \uXXXX` are
/// characters and any other `\x` is `x`. (java.util.Properties.load.)
public struct JavaProperties {
  public struct Entry: Equatable {
    public var key: String
    public var value: String
    /// Where the entry begins, counted from 1.
    public var line: Int
  }

  /// Every entry in the order of the text, also those that a later one replaces.
  public private(set) var entries: [Entry] = []

  /// A text longer than this (bytes) is refused.
  public static let sizeMax = 4 << 20

  /// - Throws: `.configuration` for a broken `\uXXXX`, which stops Java too.
  public init(parsing text: String, file: String) throws {
    var lines = LogicalLines(text)
    while let line = lines.next() {
      let content = line.content
      var index = 0
      var key: [UInt16] = []
      var value: [UInt16] = []
      let place = MillError.Place(file: file, line: line.number)
      while index < content.count, !isBlank(content[index]), content[index] != 0x3D, content[index] != 0x3A {
        key.append(try Self.character(content, &index, place))
      }
      while index < content.count, isBlank(content[index]) { index += 1 }
      if index < content.count, content[index] == 0x3D || content[index] == 0x3A {
        index += 1
        while index < content.count, isBlank(content[index]) { index += 1 }
      }
      while index < content.count { value.append(try Self.character(content, &index, place)) }
      entries.append(
        Entry(
          key: String(decoding: key, as: UTF16.self), value: String(decoding: value, as: UTF16.self), line: line.number)
      )
    }
  }

  /// One character at `index`, with its escape undone; moves past it.
  private static func character(_ content: [UInt16], _ index: inout Int, _ place: MillError.Place) throws -> UInt16 {
    let unit = content[index]
    index += 1
    guard unit == backslash, index < content.count else { return unit }
    let escaped = content[index]
    index += 1
    switch escaped {
    case UInt16(UInt8(ascii: "t")): return 0x09
    case UInt16(UInt8(ascii: "n")): return 0x0A
    case UInt16(UInt8(ascii: "r")): return 0x0D
    case UInt16(UInt8(ascii: "f")): return 0x0C
    case UInt16(UInt8(ascii: "u")):
      let digits = String(decoding: content[index..<min(index + 4, content.count)], as: UTF16.self)
      guard digits.utf16.count == 4, digits.allSatisfy(\.isHexDigit), let value = UInt16(digits, radix: 16) else {
        throw MillError(
          .configuration, "'\\u\(digits)' is not a character", at: place,
          wayOut: "write \\u and four hexadecimal digits, or \\\\u for a backslash and a u")
      }
      index += 4
      return value
    default: return escaped
    }
  }
}

private let backslash = UInt16(UInt8(ascii: "\\"))

private func isBlank(_ unit: UInt16) -> Bool { unit == 0x20 || unit == 0x09 || unit == 0x0C }

/// Lines with their continuations joined; without comments and blank lines.
private struct LogicalLines {
  private let lines: [ArraySlice<UInt16>]
  private var next_ = 0

  init(_ text: String) {
    let units = Array(text.utf16)
    var lines: [ArraySlice<UInt16>] = []
    var start = 0
    var index = 0
    while index < units.count {
      if units[index] == 0x0A || units[index] == 0x0D {
        lines.append(units[start..<index])
        if units[index] == 0x0D, index + 1 < units.count, units[index + 1] == 0x0A { index += 1 }
        start = index + 1
      }
      index += 1
    }
    if start < units.count { lines.append(units[start...]) }
    self.lines = lines
  }

  mutating func next() -> (content: [UInt16], number: Int)? {
    while next_ < lines.count {
      let number = next_ + 1
      var content = Array(lines[next_].drop(while: isBlank))
      next_ += 1
      guard let first = content.first, first != UInt16(UInt8(ascii: "#")), first != UInt16(UInt8(ascii: "!")) else {
        continue
      }
      while Self.continues(content) {
        content.removeLast()
        guard next_ < lines.count else { break }
        content += lines[next_].drop(while: isBlank)
        next_ += 1
      }
      return (content, number)
    }
    return nil
  }

  /// An odd number of backslashes at the end.
  private static func continues(_ content: [UInt16]) -> Bool {
    content.reversed().prefix { $0 == backslash }.count % 2 == 1
  }
}
