import MillBase

/// Spark's number literals: `1` `1L` `1S` `1Y` `1.5` `1.5D` `1.5F` `1.5BD` `1e3`.
enum NumberLiteral {
  static func isNumber(_ text: String) -> Bool { parts(of: text) != nil }

  /// nil when the text is no number; throws the reason when it does not fit its type.
  static func parse(_ text: String) throws(Reason) -> Literal? {
    guard let (body, suffix) = parts(of: text) else { return nil }
    let isWhole = !body.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
    switch suffix {
    case "L": return .long(try whole(body, "BIGINT"))
    case "S": return .short(try whole(body, "SMALLINT"))
    case "Y": return .byte(try whole(body, "TINYINT"))
    case "F":
      guard let value = Float(body), value.isFinite else { throw Reason("\(body) does not fit FLOAT") }
      return .float(value)
    case "D": return .double(try double(body))
    case "BD": return try decimal(body)
    default:
      if !isWhole {
        return body.utf8.contains { $0 | 0x20 == UInt8(ascii: "e") } ? .double(try double(body)) : try decimal(body)
      }
      if let value = Int32(body) { return .integer(value) }
      if let value = Int64(body) { return .long(value) }
      return try decimal(body)
    }
  }

  struct Reason: Error {
    let text: String
    init(_ text: String) { self.text = text }
  }

  private static func whole<Value: FixedWidthInteger>(_ body: String, _ type: String) throws(Reason) -> Value {
    guard let value = Value(body) else { throw Reason("\(body) does not fit \(type)") }
    return value
  }

  private static func double(_ body: String) throws(Reason) -> Double {
    guard let value = Double(body), value.isFinite else { throw Reason("\(body) does not fit DOUBLE") }
    return value
  }

  private static func decimal(_ body: String) throws(Reason) -> Literal {
    guard let value = Decimal128.parse(body.utf8) else { throw Reason("\(body) has more than 38 digits") }
    let digits = max(Decimal128.digitCount(value.unscaled), value.scale)
    return .decimal(unscaled: value.unscaled, precision: digits, scale: value.scale)
  }

  private static func parts(of text: String) -> (body: String, suffix: String)? {
    var bytes = Array(text.utf8)
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative { bytes.removeFirst() }
    var suffix = ""
    if bytes.count > 2, bytes[bytes.count - 1] | 0x20 == UInt8(ascii: "d"),
      bytes[bytes.count - 2] | 0x20 == UInt8(ascii: "b")
    {
      suffix = "BD"
      bytes.removeLast(2)
    } else if let last = bytes.last, bytes.count > 1 {
      switch last | 0x20 {
      case UInt8(ascii: "l"): suffix = "L"
      case UInt8(ascii: "s"): suffix = "S"
      case UInt8(ascii: "y"): suffix = "Y"
      case UInt8(ascii: "f"): suffix = "F"
      case UInt8(ascii: "d"): suffix = "D"
      default: break
      }
      if !suffix.isEmpty { bytes.removeLast() }
    }
    var digits = 0
    var dots = 0
    var index = 0
    while index < bytes.count, bytes[index] | 0x20 != UInt8(ascii: "e") {
      if bytes[index] == UInt8(ascii: ".") {
        dots += 1
      } else if isDigit(bytes[index]) {
        digits += 1
      } else {
        return nil
      }
      index += 1
    }
    guard digits > 0, dots <= 1 else { return nil }
    if index < bytes.count {
      index += 1
      if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
      guard index < bytes.count, bytes[index...].allSatisfy(isDigit) else { return nil }
      if ["L", "S", "Y"].contains(suffix) { return nil }
    }
    if dots > 0, ["L", "S", "Y"].contains(suffix) { return nil }
    return ((isNegative ? "-" : "") + String(decoding: bytes, as: UTF8.self), suffix)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
