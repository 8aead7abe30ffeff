import Glibc
import MillColumns

/// CAST of a string to anything else.
struct CastFromText {
  let cast: Cast
  let input: Vector

  func apply() throws -> Vector {
    switch cast.to {
    case .boolean: try parse { Self.boolean($0).map { $0 ? UInt8(1) : 0 } }
    case .byte: try parse { whole($0) as Int8? }
    case .short: try parse { whole($0) as Int16? }
    case .integer: try parse { whole($0) as Int32? }
    case .long: try parse { whole($0) as Int64? }
    case .float: try parse { Self.float($0) }
    case .double: try parse { Self.double($0) }
    case .date: try parse { TimeText.parseDate($0) }
    case .timestamp: try timestamps()
    case .decimal(let precision, let scale):
      try parse { text in
        let trimmed = Self.trimmed(text)
        if let value = DecimalText.parse(trimmed, precision: precision, scale: scale) { return value }
        // A number that is too big is another error than no number.
        if cast.mode == .ansi, Self.double(trimmed)?.isFinite == true {
          throw cast.outOfRange(String(decoding: trimmed, as: UTF8.self), precision: precision, scale: scale)
        }
        return nil
      }
    case .yearMonthInterval(let from, let to): try parse { IntervalText.read($0, from, to).map { Int32($0) } }
    case .dayTimeInterval(let from, let to): try parse { IntervalText.read($0, from, to) }
    default: preconditionFailure("no cast from text to \(cast.to)")
    }
  }

  private func timestamps() throws -> Vector {
    let time = cast.evaluation.lane.time
    return try parse { time.parse($0) }
  }

  private func parse<T: Fixed>(_ body: (Bytes) throws -> T?) throws -> Vector {
    let values = input.bytes
    return try cast.evaluation.map(input, values, to: cast.to) { text -> T? in
      if let value = try body(text) { return value }
      if case .yearMonthInterval = cast.to, cast.mode != .attempt {
        throw Failure(
          "[INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING] Error parsing '\(String(decoding: text, as: UTF8.self))' to "
            + "interval. It does not match the format of \(cast.to.sql). SQLSTATE: 22006")
      }
      if cast.to.isInterval, cast.mode != .attempt {
        throw Failure(
          "[INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE] Error parsing "
            + "'\(String(decoding: text, as: UTF8.self))' to interval. Interval string does not match the format of "
            + "\(cast.to.sql). SQLSTATE: 22006")
      }
      if cast.mode == .ansi { throw cast.malformed("'\(String(decoding: text, as: UTF8.self))'") }
      return nil
    }
  }

  static func trimmed(_ text: Bytes) -> Bytes {
    var (start, end) = (0, text.count)
    while start < end, text[start] <= 32 || text[start] == 127 { start += 1 }
    while end > start, text[end - 1] <= 32 || text[end - 1] == 127 { end -= 1 }
    return Bytes(rebasing: text[start..<end])
  }

  static func boolean(_ text: Bytes) -> Bool? {
    switch String(decoding: trimmed(text), as: UTF8.self).lowercased() {
    case "t", "true", "y", "yes", "1": true
    case "f", "false", "n", "no", "0": false
    default: nil
    }
  }

  /// Digits with a sign; the legacy rules also read, and drop, a fraction.
  private func whole<T: FixedWidthInteger>(_ text: Bytes) -> T? {
    let text = Self.trimmed(text)
    var index = 0
    let negative = text.first == UInt8(ascii: "-")
    if negative || text.first == UInt8(ascii: "+") { index = 1 }
    var value: T = 0
    let start = index
    while index < text.count, text[index] &- 48 < 10 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let digit = T(text[index] - 48)
      let (sum, overflowed) =
        negative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
      if overflow || overflowed { return nil }
      value = sum
      index += 1
    }
    if index == text.count { return index > start ? value : nil }
    guard cast.mode == .legacy, text[index] == UInt8(ascii: ".") else { return nil }
    guard text[(index + 1)...].allSatisfy({ $0 &- 48 < 10 }), text.count - start > 1 else { return nil }
    return value
  }

  static func float(_ text: Bytes) -> Float? {
    number(text) { FloatText.parseFloat($0) } ?? special(text).map { Float($0) }
  }
  static func double(_ text: Bytes) -> Double? { number(text) { FloatText.parse($0) } ?? special(text) }

  /// Java's Double.parseDouble: `NaN` and `Infinity` are words with capitals, hexadecimal digits are known.
  static func javaDouble(_ text: String) -> Double? {
    var trimmed = text.unicodeScalars[...]
    while let first = trimmed.first, first <= " " { trimmed = trimmed.dropFirst() }
    while let last = trimmed.last, last <= " " { trimmed = trimmed.dropLast() }
    let body = String(trimmed.drop { $0 == "-" || $0 == "+" }.prefix(9))
    let number = String(String.UnicodeScalarView(trimmed))
    if body == "NaN" || body == "Infinity" { return Double(number) }
    guard let first = body.utf8.first, (48...57).contains(first) || first == UInt8(ascii: ".") else { return nil }
    if body.lowercased().hasPrefix("0x") { return number.lowercased().contains("p") ? Double(number) : nil }
    return Array(number.utf8).withUnsafeBufferPointer { double($0) }
  }

  /// Java's number grammar: sign, digits with a point, exponent, and one of d D f F at the end.
  private static func number<T>(_ text: Bytes, _ body: (Bytes) -> T) -> T? {
    var text = trimmed(text)
    if text.count > 1, let last = text.last, [100, 102].contains(last | 32),
      text[text.count - 2] &- 48 < 10 || text[text.count - 2] == 46
    {
      text = Bytes(rebasing: text[..<(text.count - 1)])
    }
    var index = 0
    if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") { index = 1 }
    let unsignedStart = index
    var digits = 0
    while index < text.count, text[index] &- 48 < 10 { (index, digits) = (index + 1, digits + 1) }
    if index < text.count, text[index] == UInt8(ascii: ".") {
      index += 1
      while index < text.count, text[index] &- 48 < 10 { (index, digits) = (index + 1, digits + 1) }
    }
    guard digits > 0 else { return nil }
    if index < text.count {
      guard text[index] | 32 == UInt8(ascii: "e") else { return nil }
      index += 1
      if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") { index += 1 }
      guard index < text.count, text[index...].allSatisfy({ $0 &- 48 < 10 }) else { return nil }
    }
    // The parser knows no plus sign in front.
    return body(text.first == UInt8(ascii: "+") ? Bytes(rebasing: text[unsignedStart...]) : text)
  }

  private static func special(_ text: Bytes) -> Double? {
    switch String(decoding: trimmed(text), as: UTF8.self).lowercased() {
    case "inf", "+inf", "infinity", "+infinity": .infinity
    case "-inf", "-infinity": -.infinity
    case "nan": .nan
    default: nil
    }
  }
}
