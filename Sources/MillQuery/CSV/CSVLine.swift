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
    line.withUnsafeBufferPointer { line in
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
  }

  /// Where a record ends among others: at an LF that is in no quotes, or at the end.
  func end(ofRecordIn text: Bytes, from start: Int) -> Int {
    var at = start
    while at < text.count, text[at] != 10 {
      at = field(text, from: at, lineEnd: 10).end
      if isSeparator(text, at) { at += separator.count }
    }
    return min(at, text.count)
  }

  /// A field, and where its separator is (or the line's end).
  private func field(_ line: Bytes, from start: Int, lineEnd: UInt8? = nil) -> (text: String?, end: Int) {
    var at = start
    if options.trimsLeft { while at < line.count, line[at] == 32 || line[at] == 9 { at += 1 } }
    if let quote, at < line.count, line[at] == quote { return quoted(line, from: at + 1, quote, lineEnd) }
    let end = plainEnd(line, from: at, lineEnd)
    var last = end
    if options.trimsRight { while last > at, line[last - 1] == 32 || line[last - 1] == 9 { last -= 1 } }
    return (last == at ? nil : String(decoding: line[at..<last], as: UTF8.self), end)
  }

  private func plainEnd(_ line: Bytes, from start: Int, _ lineEnd: UInt8?) -> Int {
    var at = start
    while at < line.count, line[at] != lineEnd, !isSeparator(line, at) { at += 1 }
    return at
  }

  /// Sign by sign as univocity's CsvParser.parseQuotedValue: what a quote means depends on what stands before it.
  private func quoted(_ line: Bytes, from start: Int, _ quote: UInt8, _ lineEnd: UInt8?) -> (String?, Int) {
    var text: [UInt8] = []
    var before: UInt8?
    var at = start
    func closed(_ end: Int) -> (String?, Int) {
      (text.isEmpty ? options.emptyValue : String(decoding: text, as: UTF8.self), end)
    }
    /// Something else stands behind a quote: the quotes are part of the text, which goes on to the next separator.
    func open(_ place: Int) -> (String?, Int) {
      let end = plainEnd(line, from: place, lineEnd)
      return (String(decoding: [quote] + text + [quote] + line[at..<end], as: UTF8.self), end)
    }
    while at < line.count {
      let byte = line[at]
      if before == quote {
        if byte == lineEnd || isSeparator(line, at) { return closed(at) }
        if byte <= 32 {
          // White space behind a quote does not count, unless there is something behind it.
          var next = at
          while next < line.count, line[next] <= 32, line[next] != lineEnd, !isSeparator(line, next) { next += 1 }
          let isEnd = next == line.count || line[next] == lineEnd || isSeparator(line, next)
          return isEnd ? closed(next) : open(next)
        }
      }
      switch (byte, before) {
      case (escape, escape) where escape != quote:
        text.append(escape)
        before = nil
      case (quote, escape):
        text.append(quote)
        before = nil
      case (quote, quote): text.append(quote)
      case (escape, quote):
        // The parser loses the sign after it.
        text.append(quote)
        before = escape
        at += 1
      case (quote, _), (escape, _): before = byte
      case (_, quote): return open(at)
      default:
        if before == escape { text.append(escape) }
        text.append(byte)
        before = byte
      }
      at += 1
    }
    if before == quote { return closed(line.count) }
    // Without a closing quote the field goes on to the end; a quote alone is one.
    if text.isEmpty { text.append(quote) }
    return (String(decoding: text, as: UTF8.self), line.count)
  }

  private func isSeparator(_ line: Bytes, _ at: Int) -> Bool {
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
