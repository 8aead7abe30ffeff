import Glibc
import MillColumns

/// Java's `Formatter` (format_string) and `DecimalFormat` (format_number), for English.
enum JavaFormat {
  private struct Directive {
    var index: Int?
    var flags: Set<Character> = []
    var width = 0
    var precision: Int?
    var conversion: Character = "s"
  }

  /// Widest field and longest fraction.
  private static let widthMax = 1 << 20

  static func format(_ pattern: String, _ arguments: [Value]) throws(Failure) -> String {
    var out = ""
    var rest = Substring(pattern)
    var next = 0
    while let percent = rest.firstIndex(of: "%") {
      out += rest[..<percent]
      rest = rest[rest.index(after: percent)...]
      let directive = try parse(&rest, pattern)
      switch directive.conversion {
      case "%": out += padded("%", directive)
      case "n": out += "\n"
      default:
        let index = directive.index ?? next
        if directive.index == nil { next += 1 }
        guard arguments.indices.contains(index) else {
          throw Failure("format_string: '\(pattern)' has no argument \(index + 1)")
        }
        out += try text(arguments[index], directive)
      }
    }
    return out + rest
  }

  private static func parse(_ rest: inout Substring, _ pattern: String) throws(Failure) -> Directive {
    var directive = Directive()
    func number() throws(Failure) -> Int? {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      if digits.isEmpty { return nil }
      guard let value = Int(digits), value <= widthMax else {
        throw Failure("format_string: a width in '\(pattern)' is above \(widthMax)")
      }
      return value
    }
    let start = rest
    if let index = try number(), index > 0, rest.first == "$" {
      directive.index = index - 1
      rest.removeFirst()
    } else {
      rest = start
    }
    while let flag = rest.first, "-+ 0,(#".contains(flag) {
      directive.flags.insert(flag)
      rest.removeFirst()
    }
    directive.width = try number() ?? 0
    if rest.first == "." {
      rest.removeFirst()
      directive.precision = try number()
    }
    guard let conversion = rest.popFirst() else {
      throw Failure("format_string: '\(pattern)' ends within a directive")
    }
    directive.conversion = conversion
    return directive
  }

  private static func text(_ value: Value, _ directive: Directive) throws(Failure) -> String {
    let lower = Character(directive.conversion.lowercased())
    var text: String
    switch (lower, value) {
    case ("b", .boolean(let value)): text = value ? "true" : "false"
    case ("b", _): text = value == .null ? "false" : "true"
    case (_, .null): text = "null"
    case ("s", _): text = plain(value)
    case ("c", .integer(let code)):
      guard let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init) else {
        throw Failure("format_string: \(code) is no character")
      }
      text = String(scalar)
    case ("d", .integer(let value)):
      return number(String(value.magnitude), negative: value < 0, directive)
    case ("x", .integer(let value)), ("o", .integer(let value)):
      // Java takes an int as 32 bits.
      let bits = Int32(exactly: value).map { UInt64(UInt32(bitPattern: $0)) } ?? UInt64(bitPattern: value)
      text = String(bits, radix: lower == "x" ? 16 : 8)
      if directive.flags.contains("0") {
        text = String(repeating: "0", count: max(0, directive.width - text.count)) + text
      }
    case ("f", .double), ("e", .double), ("f", .float), ("e", .float), ("f", .decimal), ("e", .decimal):
      let digits = DecimalDigits(plain(value))
      guard let digits else {
        text = plain(value)
        break
      }
      let precision = directive.precision ?? 6
      return number(
        lower == "f" ? digits.fixed(precision) : digits.scientific(precision), negative: digits.isNegative, directive)
    default:
      throw Failure("format_string: %\(directive.conversion) does not take \(plain(value))")
    }
    // Of null too the precision takes the first letters.
    if let precision = directive.precision, lower == "s" || lower == "b" || value == .null {
      text = String(String.UnicodeScalarView(text.unicodeScalars.prefix(precision)))
    }
    return padded(directive.conversion.isUppercase ? text.uppercased() : text, directive)
  }

  private static func plain(_ value: Value) -> String {
    switch value {
    case .string(let text): text
    case .boolean(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .float: Column(.float, [value]).text(0)!
    case .double: Column(.double, [value]).text(0)!
    case .decimal(let unscaled, let scale): Decimal128.text(unscaled, scale: scale)
    case .date: Column(.date, [value]).text(0)!
    case .timestamp: Column(.timestamp, [value]).text(0)!
    case .binary(let bytes): String(decoding: bytes, as: UTF8.self)
    default: "null"
    }
  }

  private static func number(_ digits: String, negative: Bool, _ directive: Directive) -> String {
    var body = directive.flags.contains(",") ? grouped(digits) : digits
    let isBracketed = negative && directive.flags.contains("(")
    let sign =
      isBracketed
      ? "(" : negative ? "-" : directive.flags.contains("+") ? "+" : directive.flags.contains(" ") ? " " : ""
    if isBracketed { body += ")" }
    if directive.flags.contains("0") {
      body = String(repeating: "0", count: max(0, directive.width - body.count - sign.count)) + body
    }
    let text = sign + body
    return padded(directive.conversion.isUppercase ? text.uppercased() : text, directive)
  }

  private static func padded(_ text: String, _ directive: Directive) -> String {
    let padding = String(repeating: " ", count: max(0, directive.width - text.unicodeScalars.count))
    return directive.flags.contains("-") ? text + padding : padding + text
  }

  /// `1234.5` → `1,234.5`
  static func grouped(_ digits: String) -> String {
    let whole = Array(digits.utf8.prefix { (48...57).contains($0) })
    var out: [UInt8] = []
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { out.append(UInt8(ascii: ",")) }
      out.append(digit)
    }
    return String(decoding: out, as: UTF8.self) + digits.dropFirst(whole.count)
  }

  /// As `#,###,##0.00`: rounded half to even.
  static func grouped(_ value: Value, digits: Int) -> String {
    var text: String
    switch value {
    case .decimal(let unscaled, let scale):
      let isShorter = scale > digits
      let rounded = isShorter ? Decimal128.divideHalfEven(unscaled, Decimal128.powers[scale - digits]) : unscaled
      text = Decimal128.text(rounded, scale: isShorter ? digits : scale)
      let missing = digits - (isShorter ? digits : scale)
      if missing > 0 { text += (scale == 0 ? "." : "") + String(repeating: "0", count: missing) }
    case .double(let value): text = fixed(value, digits)
    case .float(let value): text = fixed(Double(value), digits)
    default: text = plain(value) + (digits > 0 ? "." + String(repeating: "0", count: digits) : "")
    }
    let isNegative = text.hasPrefix("-")
    if isNegative { text.removeFirst() }
    return (isNegative ? "-" : "") + grouped(text)
  }

  private static func fixed(_ value: Double, _ digits: Int) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-∞" : "∞" }
    let size = 330 + min(digits, widthMax)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
      let count = withVaList([Int32(min(digits, widthMax)), value]) {
        vsnprintf(buffer.baseAddress, size, "%.*f", $0)
      }
      return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
}

/// The decimal digits of a printed number: 0.d₁d₂d₃… × 10^exponent, rounded half up as Java's Formatter does.
struct DecimalDigits {
  private var digits: [UInt8] = []
  private var exponent = 0
  private(set) var isNegative = false

  /// nil for NaN and the infinities.
  init?(_ text: String) {
    var seenPoint = false
    var tail = 0
    let parts = text.uppercased().split(separator: "E", omittingEmptySubsequences: false)
    for byte in parts[0].utf8 {
      switch byte {
      case UInt8(ascii: "-"): isNegative = true
      case UInt8(ascii: "."): seenPoint = true
      case 48...57:
        digits.append(byte - 48)
        if seenPoint { tail += 1 }
      default: return nil
      }
    }
    exponent = digits.count - tail + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    let zeros = digits.prefix { $0 == 0 }.count
    digits.removeFirst(zeros)
    exponent = digits.isEmpty ? 1 : exponent - zeros
  }

  /// Keeps so many digits.
  private mutating func round(to count: Int) {
    guard count < digits.count else { return }
    if count < 0 {
      digits = []
      return
    }
    let isUp = digits[count] >= 5
    digits.removeLast(digits.count - count)
    guard isUp else { return }
    var at = count - 1
    while at >= 0, digits[at] == 9 {
      digits[at] = 0
      at -= 1
    }
    if at >= 0 {
      digits[at] += 1
    } else {
      digits.insert(1, at: 0)
      exponent += 1
    }
  }

  private func digit(_ index: Int) -> String { digits.indices.contains(index) ? String(digits[index]) : "0" }

  func fixed(_ precision: Int) -> String {
    var copy = self
    copy.round(to: exponent + precision)
    let whole = copy.exponent > 0 ? (0..<copy.exponent).map { copy.digit($0) }.joined() : "0"
    let fraction = (0..<precision).map { copy.digit(copy.exponent + $0) }.joined()
    return precision > 0 ? whole + "." + fraction : whole
  }

  func scientific(_ precision: Int) -> String {
    var copy = self
    copy.round(to: precision + 1)
    let power = copy.digits.isEmpty ? 0 : copy.exponent - 1
    let fraction = (1..<(precision + 1)).map { copy.digit($0) }.joined()
    return copy.digit(0) + (precision > 0 ? "." + fraction : "") + "e" + (power < 0 ? "-" : "+")
      + (power.magnitude < 10 ? "0" : "") + String(power.magnitude)
  }
}
