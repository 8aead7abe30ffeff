import Glibc

/// Floating-point numbers as text, in the form of Java's `Double.toString`, which Spark shows: `1.0`, `1.0E7`,
/// `1.0E-4`, `NaN`, `-Infinity`; the fewest digits that give the number back.
public enum FloatText {
  /// Most bytes that a number needs.
  public static let bytesMax = 32

  /// Writes the number and returns how many bytes that took.
  public static func write(_ value: Double, to target: UnsafeMutablePointer<UInt8>) -> Int {
    writeShort(value, to: target) ?? writeLong(value, to: target)
  }

  /// A number from 10⁻³ to below 10⁷ with at most six digits after the point, as most measurements are; nil = another.
  ///
  /// With so few digits no two numbers of them are the same Double: the first that gives the value back is the shortest.
  @inline(__always) private static func writeShort(_ value: Double, to target: UnsafeMutablePointer<UInt8>) -> Int? {
    let magnitude = value.magnitude
    guard magnitude >= 0.001, magnitude < 10_000_000 else { return nil }
    var (power, scale, places) = (1.0, UInt64(1), 0)
    while true {
      let digits = UInt64(magnitude * power + 0.5)
      // One rounding only, since both are exact.
      if Double(digits) / power == magnitude {
        let (whole, fraction) = (digits / scale, digits % scale)
        var count = value < 0 ? 1 : 0
        target[0] = UInt8(ascii: "-")
        count += IntegerText.writeEight(UInt32(truncatingIfNeeded: whole), to: target + count)
        target[count] = UInt8(ascii: ".")
        // A whole number has a 0 there.
        let width = max(places, 1)
        IntegerText.writeEight(UInt32(truncatingIfNeeded: fraction), width: width, to: target + count + 1)
        return count + 1 + width
      }
      if places == 6 { return nil }
      power *= 10
      scale &*= 10
      places &+= 1
    }
  }

  @inline(never) private static func writeLong(_ value: Double, to target: UnsafeMutablePointer<UInt8>) -> Int {
    if let special = special(value.isNaN, value.isInfinite, value.sign) { return put(special, target) }
    let count = value.magnitude < .leastNormalMagnitude ? value.magnitude / .leastNonzeroMagnitude : 0
    if count > 0, let text = twoDigits(value.description, count) {
      return arrange(text, to: target)
    }
    return arrange(value.description, to: target)
  }

  public static func write(_ value: Float, to target: UnsafeMutablePointer<UInt8>) -> Int {
    if let special = special(value.isNaN, value.isInfinite, value.sign) { return put(special, target) }
    let count = value.magnitude < .leastNormalMagnitude ? Double(value.magnitude / .leastNonzeroMagnitude) : 0
    if count > 0, let text = twoDigits(value.description, count, isFloat: true) {
      return arrange(text, to: target)
    }
    return arrange(value.description, to: target)
  }

  /// Java wants two digits at least: where one would do for the smallest numbers of all, the second is not always 0.
  ///
  /// - Parameter count: the number's size in steps of the smallest one.
  private static func twoDigits(_ description: String, _ count: Double, isFloat: Bool = false) -> String? {
    guard !description.contains(".") else { return nil }
    var (value, exponent) = isFloat ? (count * 1.401298464324817, -45) : (count * 4.940656458412465, -324)
    while value >= 9.95 { (value, exponent) = (value / 10, exponent + 1) }
    let digits = Int((value * 10).rounded(.toNearestOrEven))
    return "\(description.hasPrefix("-") ? "-" : "")\(digits / 10).\(digits % 10)e\(exponent)"
  }

  private static func special(_ isNaN: Bool, _ isInfinite: Bool, _ sign: FloatingPointSign) -> StaticString? {
    isNaN ? "NaN" : isInfinite ? sign == .minus ? "-Infinity" : "Infinity" : nil
  }

  private static func put(_ text: StaticString, _ target: UnsafeMutablePointer<UInt8>) -> Int {
    target.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
    return text.utf8CodeUnitCount
  }

  /// Swift's shortest digits (`1e+20`, `1e-05`, `100000.0`), laid out as Java does: plain from 10⁻³ to below 10⁷.
  private static func arrange(_ description: String, to target: UnsafeMutablePointer<UInt8>) -> Int {
    var (digits, digitCount, pointAt, exponent) = (InlineArray<24, UInt8>(repeating: 0), 0, -1, 0)
    var (count, inExponent, exponentSign) = (0, false, 1)
    for byte in description.utf8 {
      switch byte {
      case UInt8(ascii: "-") where inExponent: exponentSign = -1
      case UInt8(ascii: "-"):
        target[0] = byte
        count = 1
      case UInt8(ascii: "+"): break
      case UInt8(ascii: "."): pointAt = digitCount
      case UInt8(ascii: "e"): inExponent = true
      default:
        if inExponent {
          exponent = exponent * 10 + Int(byte - 48)
        } else {
          digits[digitCount] = byte
          digitCount += 1
        }
      }
    }
    var point = (pointAt < 0 ? digitCount : pointAt) + exponentSign * exponent
    var start = 0
    while start < digitCount - 1, digits[start] == 48 {
      start += 1
      point -= 1
    }
    while digitCount > start + 1, digits[digitCount - 1] == 48 { digitCount -= 1 }
    let isZero = digits[start] == 48
    if isZero { point = 1 }

    func put(_ byte: UInt8) {
      target[count] = byte
      count += 1
    }
    func put(_ range: Range<Int>) {
      if range.isEmpty { return put(48) }
      for index in range { put(index < digitCount ? digits[index] : 48) }
    }
    if point > -3 && point <= 7 {
      if point > 0 {
        put(start..<start + point)
        put(UInt8(ascii: "."))
        put(min(start + point, digitCount)..<digitCount)
      } else {
        put(48)
        put(UInt8(ascii: "."))
        for _ in 0 ..< -point { put(48) }
        put(start..<digitCount)
      }
    } else {
      put(digits[start])
      put(UInt8(ascii: "."))
      put(start + 1..<digitCount)
      put(UInt8(ascii: "E"))
      count += IntegerText.write(Int64(point - 1), to: target + count)
    }
    return count
  }

  // MARK: Parsing

  /// The value of a number in JSON's grammar (not checked here). Beyond the range it is infinite, as in Java.
  public static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Double {
    fast(text) ?? slow(text) { strtod($0, nil) }
  }

  /// The nearest Float (which is not always the nearest Float of the nearest Double).
  public static func parseFloat(_ text: UnsafeBufferPointer<UInt8>) -> Float {
    slow(text) { strtof($0, nil) }
  }

  /// Exact when digits and power of ten are both exact as Double, so that one rounding happens (Clinger 1990).
  private static func fast(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    var (mantissa, digits, exponent, index) = (UInt64(0), 0, 0, 0)
    let isNegative = text.first == UInt8(ascii: "-")
    if isNegative { index = 1 }
    var fraction = false
    while index < text.count {
      let byte = text[index]
      if byte &- 48 < 10 {
        mantissa = mantissa &* 10 &+ UInt64(byte &- 48)
        if mantissa != 0 { digits += 1 }
        if fraction { exponent -= 1 }
      } else if byte == UInt8(ascii: ".") {
        fraction = true
      } else {
        break
      }
      index += 1
    }
    guard digits <= 19, mantissa < 1 << 53 else { return nil }
    if index < text.count {
      index += 1
      var sign = 1
      if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
        if text[index] == UInt8(ascii: "-") { sign = -1 }
        index += 1
      }
      var written = 0
      while index < text.count, written < 10_000 {
        written = written * 10 + Int(text[index] &- 48)
        index += 1
      }
      exponent += sign * written
    }
    guard exponent >= -22, exponent <= 22 else { return nil }
    var power = 1.0
    for _ in 0..<abs(exponent) { power *= 10 }
    let magnitude = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    return isNegative ? -magnitude : magnitude
  }

  private static func slow<T>(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafePointer<CChar>) -> T) -> T {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { copy in
      for index in text.indices { copy[index] = CChar(bitPattern: text[index]) }
      copy[text.count] = 0
      return body(UnsafePointer(copy.baseAddress!))
    }
  }
}
