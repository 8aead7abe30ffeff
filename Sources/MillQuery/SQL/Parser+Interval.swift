import MillBase
import MillColumns

/// Interval literals and types, as Spark's grammar has them.
extension Parser {
  /// INTERVAL is a name too: what follows says what it is here.
  var beginsInterval: Bool {
    var next = 1
    if case .sign(let sign) = ahead(1).kind, sign == "-" || sign == "+" { next = 2 }
    switch ahead(next).kind {
    case .string: return true
    case .number: if case .word = ahead(next + 1).kind { return true } else { return false }
    default: return false
    }
  }

  /// `INTERVAL '1' DAY`, `INTERVAL 10 MINUTES`, `INTERVAL 1 DAY 2 HOURS`, `INTERVAL '1-2' YEAR TO MONTH`,
  /// `INTERVAL '1 day 2 hours'`
  mutating func intervalLiteral() throws -> Syntax {
    let start = position
    advance()
    var parts: [(text: String, unit: String)] = []
    while let value = intervalValue(isFirst: parts.isEmpty) {
      guard case .word(let unit) = token.kind, Self.unit(of: unit) != nil else {
        return Syntax(kind: .literal(try interval(ofText: value, at: start)), position: start)
      }
      advance()
      if parts.isEmpty, accept(word: "TO") {
        return Syntax(kind: .literal(try interval(value, from: unit, at: start)), position: start)
      }
      parts.append((value, unit))
    }
    return Syntax(kind: .literal(try interval(of: parts, at: start)), position: start)
  }

  /// A number or a text with the sign before it; nil when none begins here. After the first value a unit must follow,
  /// else the sign is an operator.
  private mutating func intervalValue(isFirst: Bool) -> String? {
    var sign = ""
    var next = 0
    if case .sign(let found) = token.kind, found == "-" || found == "+" { (sign, next) = (found, 1) }
    guard isFirst || peek(oneOf: Self.units, ahead: next + 1) else { return nil }
    switch ahead(next).kind {
    case .string(let text), .number(let text):
      for _ in 0...next { advance() }
      if sign == "-" { return text.hasPrefix("-") ? String(text.dropFirst()) : "-" + text }
      return text
    default: return nil
    }
  }

  private static let units = Set(unitNames + unitNames.map { $0 + "S" })

  /// `'1-2' YEAR TO MONTH`; TO is behind us.
  private mutating func interval(_ text: String, from: String, at start: SourcePosition) throws -> Literal {
    guard case .word(let name) = token.kind, let to = Self.unit(of: name)?.field, let from = Self.unit(of: from)?.field,
      from < to, from.isYearMonth == to.isYearMonth
    else { throw unexpected("a smaller unit, as in DAY TO SECOND") }
    advance()
    guard let value = IntervalText.parse(text, from: from, to: to) else {
      throw error(
        "'\(text)' is no interval \(from.name) TO \(to.name)", at: start,
        wayOut: "write INTERVAL '\(Self.example(from, to))' \(from.name) TO \(to.name)")
    }
    return .interval(value, .interval(from, to))
  }

  private static func example(_ from: IntervalField, _ to: IntervalField) -> String {
    let parts = from.isYearMonth ? ["1", "-2"] : ["1", " 02", ":03", ":04.5"]
    let first = from.isYearMonth ? 0 : from.rawValue - IntervalField.day.rawValue
    let text = parts[first...(first + to.rawValue - from.rawValue)].joined()
    return String(text.drop { $0 == " " || $0 == ":" || $0 == "-" })
  }

  /// `1 day 2 hours`, as one text.
  private func interval(ofText text: String, at start: SourcePosition) throws -> Literal {
    var words = text.split { $0.isWhitespace }.map(String.init)
    if words.first?.lowercased() == "interval" { words.removeFirst() }
    guard !words.isEmpty, words.count % 2 == 0 else {
      throw error("'\(text)' is no interval", at: start, wayOut: "write INTERVAL '1' DAY or INTERVAL '1 day 2 hours'")
    }
    let pairs = stride(from: 0, to: words.count, by: 2).map { (text: words[$0], unit: words[$0 + 1]) }
    return try interval(of: pairs, at: start)
  }

  private func interval(of parts: [(text: String, unit: String)], at start: SourcePosition) throws -> Literal {
    var fields: [IntervalField] = []
    var total: Int64 = 0
    for (text, name) in parts {
      guard let (field, unit) = Self.unit(of: name) else {
        let nearest = Nearest.name(to: name.uppercased(), among: Self.unitNames)
        throw error("\(name) is no unit of an interval", at: start, wayOut: nearest.map { "did you mean \($0)?" })
      }
      guard let value = Self.amount(text, unit, mayHaveFraction: name.uppercased().hasPrefix("SECOND")) else {
        throw error("'\(text)' is no number of \(name.uppercased()) in an interval", at: start)
      }
      let (sum, isOver) = total.addingReportingOverflow(value)
      fields.append(field)
      total = sum
      guard !isOver, !field.isYearMonth || Int32(exactly: sum) != nil else {
        throw error("the interval of \(text) \(name.uppercased()) is too long", at: start)
      }
    }
    guard let first = fields.min(), let last = fields.max() else {
      throw error("this interval has no value", at: start, wayOut: "write INTERVAL '1' DAY")
    }
    guard first.isYearMonth == last.isYearMonth else {
      throw error(
        "an interval can't have years or months together with days or smaller units", at: start,
        wayOut: "add two intervals, one after the other")
    }
    return .interval(total, .interval(first, last))
  }

  /// nil: no number, or too many.
  private static func amount(_ text: String, _ unit: Int64, mayHaveFraction: Bool) -> Int64? {
    if mayHaveFraction { return IntervalText.parse(text, from: .second, to: .second) }
    guard let count = Int64(text.hasPrefix("+") ? String(text.dropFirst()) : text) else { return nil }
    let (value, isOver) = count.multipliedReportingOverflow(by: unit)
    return isOver ? nil : value
  }

  private static let unitNames = [
    "YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND",
  ]

  /// A unit's field, and how many months or microseconds it is.
  static func unit(of word: String) -> (field: IntervalField, unit: Int64)? {
    switch word.uppercased() {
    case "YEAR", "YEARS": (.year, 12)
    case "MONTH", "MONTHS": (.month, 1)
    case "WEEK", "WEEKS": (.day, 7 * IntervalField.day.unit)
    case "DAY", "DAYS": (.day, IntervalField.day.unit)
    case "HOUR", "HOURS": (.hour, IntervalField.hour.unit)
    case "MINUTE", "MINUTES": (.minute, IntervalField.minute.unit)
    case "SECOND", "SECONDS": (.second, IntervalField.second.unit)
    case "MILLISECOND", "MILLISECONDS": (.second, 1000)
    case "MICROSECOND", "MICROSECONDS": (.second, 1)
    default: nil
    }
  }

  /// `INTERVAL DAY TO SECOND`, behind INTERVAL.
  mutating func intervalType(at start: SourcePosition) throws -> DataType {
    func field(_ parser: inout Parser) throws -> IntervalField {
      guard case .word(let word) = parser.token.kind, let field = Self.unit(of: word)?.field,
        field.name == word.uppercased()
      else { throw parser.unexpected("a field, like DAY") }
      parser.advance()
      return field
    }
    let from = try field(&self)
    guard accept(word: "TO") else { return .interval(from, from) }
    let to = try field(&self)
    guard from < to, from.isYearMonth == to.isYearMonth else {
      throw error(
        "INTERVAL \(from.name) TO \(to.name) does not exist", at: start,
        wayOut: "there are YEAR TO MONTH, and DAY, HOUR, MINUTE TO a smaller one of them or SECOND")
    }
    return .interval(from, to)
  }
}
