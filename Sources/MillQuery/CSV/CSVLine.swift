/// One line of CSV ↔ its fields, as the univocity parser that Spark uses has it.
struct CSVLine {
  private let separator: [UInt8]
  private let quote: UInt8?
  private let escape: UInt8
  private let options: CSVOptions

  init(_ options: CSVOptions) {
    self.options = options
    separator = Array(options.separator.utf8)
    quote = options.quote?.utf8.first
    escape = options.escape.utf8.first!
  }

  /// The fields; nil stands for one that is empty and not quoted.
  func fields(of line: [UInt8]) -> [String?] {
    var fields: [String?] = []
    var at = 0
    while true {
      let (field, end) = field(line, from: at)
      fields.append(field)
      guard end < line.count else { return fields }
      at = end + separator.count
      if at >= line.count {
        // A separator at the end: there is an empty field behind it.
        fields.append(nil)
        return fields
      }
    }
  }

  /// A field, and where its separator is (or the line's end).
  private func field(_ line: [UInt8], from start: Int) -> (String?, Int) {
    var at = start
    if options.trimsLeft { while at < line.count, line[at] == 32 || line[at] == 9 { at += 1 } }
    if let quote, at < line.count, line[at] == quote { return quoted(line, from: at + 1, quote) }
    var end = at
    while end < line.count, !isSeparator(line, end) { end += 1 }
    var last = end
    if options.trimsRight { while last > at, line[last - 1] == 32 || line[last - 1] == 9 { last -= 1 } }
    return (last == at ? nil : String(decoding: line[at..<last], as: UTF8.self), end)
  }

  /// Where something else stands behind a quote, the quotes are part of the text, which goes on to the next separator.
  private func quoted(_ line: [UInt8], from start: Int, _ quote: UInt8) -> (String?, Int) {
    var text: [UInt8] = []
    var at = start
    while at < line.count {
      let byte = line[at]
      if byte == escape, at + 1 < line.count, line[at + 1] == quote || line[at + 1] == escape {
        text.append(line[at + 1])
        at += 2
      } else if byte == quote {
        at += 1
        guard at == line.count || isSeparator(line, at) else {
          while at < line.count, !isSeparator(line, at) { at += 1 }
          return (String(decoding: line[(start - 1)..<at], as: UTF8.self), at)
        }
        return (text.isEmpty ? options.emptyValue : String(decoding: text, as: UTF8.self), at)
      } else {
        // An escape has nothing to stand for at the end.
        if byte != escape || at + 1 < line.count { text.append(byte) }
        at += 1
      }
    }
    // Without a closing quote the field goes on to the end; a quote alone is one.
    if text.isEmpty { text.append(quote) }
    return (String(decoding: text, as: UTF8.self), line.count)
  }

  private func isSeparator(_ line: [UInt8], _ at: Int) -> Bool {
    guard at + separator.count <= line.count else { return false }
    for offset in separator.indices where line[at + offset] != separator[offset] { return false }
    return true
  }

  /// - Parameter fields: nil = null.
  func text(of fields: [String?]) -> String {
    fields.map { field in
      guard var text = field else {
        return options.quotesAll ? options.quote.map { "\($0)\(options.nullValue)\($0)" } ?? "" : options.nullValue
      }
      let hasLineEnd = text.utf8.contains { $0 == 10 || $0 == 13 }
      if options.trimsWritten {
        // Whatever is not above a space.
        let kept = text.unicodeScalars.drop { $0 <= " " }.reversed().drop { $0 <= " " }.reversed()
        text = String(String.UnicodeScalarView(kept))
      }
      if text.isEmpty { return options.emptyValueWritten }
      guard let mark = options.quote else { return text }
      let needsQuotes =
        options.quotesAll || text.contains(options.separator) || text.contains(mark) || hasLineEnd
      guard needsQuotes else { return text }
      return String(mark) + text.replacing(String(mark), with: String(options.escape) + String(mark)) + String(mark)
    }.joined(separator: options.separator)
  }
}
