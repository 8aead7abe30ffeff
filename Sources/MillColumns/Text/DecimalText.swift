/// Decimals as text: Java's BigDecimal grammar in, plain digits out.
public enum DecimalText {
  /// Most bytes that ``write(_:scale:to:)`` needs.
  public static let bytesMax = 48

  /// `12345` of scale 2 → `123.45`.
  public static func write(_ unscaled: Int128, scale: Int, to target: UnsafeMutablePointer<UInt8>) -> Int {
    var digits = InlineArray<40, UInt8>(repeating: 48)
    var (rest, digitCount) = (unscaled.magnitude, 0)
    while rest > 0 || digitCount <= scale {
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
      digits[digitCount] = UInt8(remainder) + 48
      digitCount += 1
      rest = quotient
    }
    var count = 0
    func put(_ byte: UInt8) {
      target[count] = byte
      count += 1
    }
    if unscaled < 0 { put(UInt8(ascii: "-")) }
    for index in (0..<digitCount).reversed() {
      put(digits[index])
      if index == scale, scale > 0 { put(UInt8(ascii: ".")) }
    }
    return count
  }

  /// As Java's BigDecimal.toString: with an exponent when the first digit is more than six places behind the point.
  public static func scientific(_ unscaled: Int128, scale: Int) -> String {
    let digits = String(unscaled.magnitude)
    let exponent = digits.count - 1 - scale
    if exponent >= -6 {
      return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytesMax) { buffer in
        String(decoding: buffer[..<write(unscaled, scale: scale, to: buffer.baseAddress!)], as: UTF8.self)
      }
    }
    let rest = digits.dropFirst()
    return (unscaled < 0 ? "-" : "") + digits.prefix(1) + (rest.isEmpty ? "" : "." + rest) + "E\(exponent)"
  }

  /// The number as an unscaled value, rounded half up to `scale` digits after the point.
  ///
  /// - Returns: nil when the text is no number, or has more than `precision` digits then (Spark: null).
  public static func parse(_ text: UnsafeBufferPointer<UInt8>, precision: Int, scale: Int) -> Int128? {
    var (index, exponent, sawDigit, sawPoint) = (0, 0, false, false)
    var isNegative = false
    if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
      isNegative = first == UInt8(ascii: "-")
      index = 1
    }
    let start = index
    // `point` is where the decimal point lies, counted in digits from the first one that is not 0.
    var (point, significant) = (0, 0)
    loop: while index < text.count {
      switch text[index] {
      case 48...57:
        sawDigit = true
        if significant > 0 || text[index] != 48 {
          significant += 1
          if !sawPoint { point += 1 }
        } else if sawPoint {
          point -= 1
        }
      case UInt8(ascii: ".") where !sawPoint: sawPoint = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"): break loop
      default: return nil
      }
      index += 1
    }
    guard sawDigit else { return nil }
    let end = index
    if index < text.count {
      guard let written = parseExponent(UnsafeBufferPointer(rebasing: text[(index + 1)...])) else { return nil }
      exponent = written
    }
    let wanted = point + exponent + scale
    guard significant > 0, wanted >= 0 else { return 0 }
    guard wanted <= precision else { return nil }
    var (value, seen) = (Int128(0), 0)
    var started = false
    for byte in text[start..<end] where byte != UInt8(ascii: ".") {
      if !started, byte == 48 { continue }
      started = true
      if seen == wanted {
        if byte >= 53 { value += 1 }
        break
      }
      value = value * 10 + Int128(byte - 48)
      seen += 1
    }
    while seen < wanted, seen < significant || value != 0 {
      if seen >= significant { value *= 10 }
      seen += 1
    }
    guard value < powerOfTen(precision) else { return nil }
    return isNegative ? -value : value
  }

  private static func parseExponent(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
    var (index, value) = (0, 0)
    var isNegative = false
    if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
      isNegative = first == UInt8(ascii: "-")
      index = 1
    }
    guard index < text.count, text.count - index <= 10 else { return nil }
    while index < text.count {
      guard text[index] &- 48 < 10 else { return nil }
      value = value * 10 + Int(text[index] - 48)
      index += 1
    }
    return isNegative ? -value : value
  }

  /// 10 to the power of 0 ... 38.
  public static func powerOfTen(_ exponent: Int) -> Int128 {
    var result: Int128 = 1
    for _ in 0..<exponent { result *= 10 }
    return result
  }
}
