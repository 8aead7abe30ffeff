import MillColumns

/// Decimal numbers of up to 38 digits: an unscaled whole number; the scale lies in the column's type.
enum Decimal128 {
  static let digitsMax = 38

  /// 10^n for n in 0...38.
  static let powers: [Int128] = {
    var powers: [Int128] = [1]
    for _ in 0..<38 { powers.append(powers.last! * 10) }
    return powers
  }()

  static func digitCount(_ value: Int128) -> Int {
    let magnitude = value.magnitude
    var count = 1
    while count < powers.count, UInt128(powers[count]) <= magnitude { count += 1 }
    return count
  }

  static func fits(_ unscaled: Int128, precision: Int) -> Bool {
    unscaled.magnitude < UInt128(powers[precision])
  }

  /// The unscaled number at another scale, rounded half up (away from zero); nil above 38 digits.
  static func rescale(_ unscaled: Int128, from: Int, to: Int) -> Int128? {
    if to == from { return unscaled }
    if to > from {
      guard to - from <= digitsMax else { return unscaled == 0 ? 0 : nil }
      let (result, overflow) = unscaled.multipliedReportingOverflow(by: powers[to - from])
      return overflow || result.magnitude >= UInt128(powers[38]) ? nil : result
    }
    return from - to > digitsMax ? 0 : divideHalfUp(unscaled, powers[from - to])
  }

  static func divideHalfUp(_ value: Int128, _ divisor: Int128) -> Int128 {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    guard remainder.magnitude >= divisor.magnitude - remainder.magnitude else { return quotient }
    return (value < 0) != (divisor < 0) ? quotient - 1 : quotient + 1
  }

  static func divideHalfEven(_ value: Int128, _ divisor: Int128) -> Int128 {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    let rest = divisor.magnitude - remainder.magnitude
    guard remainder.magnitude > rest || (remainder.magnitude == rest && quotient % 2 != 0) else { return quotient }
    return (value < 0) != (divisor < 0) ? quotient - 1 : quotient + 1
  }

  /// The sum at a scale, rounded half up; nil when it does not fit 38 digits. The summands at one scale need not fit them.
  static func add(_ a: Int128, _ aScale: Int, _ b: Int128, _ bScale: Int, scale: Int) -> Int128? {
    if bScale < aScale { return add(b, bScale, a, aScale, scale: scale) }
    if let x = rescale(a, from: aScale, to: bScale) {
      let (sum, isOver) = x.addingReportingOverflow(b)
      if !isOver { return rescale(sum, from: bScale, to: scale) }
    }
    // They are too great for b's scale, but perhaps not for the result's: the digits that stay, then those that go.
    guard bScale > scale else { return nil }
    var (whole, rest) = b.quotientAndRemainder(dividingBy: powers[bScale - scale])
    var other: Int128
    if aScale <= scale {
      guard let x = rescale(a, from: aScale, to: scale) else { return nil }
      other = x
    } else {
      let parts = a.quotientAndRemainder(dividingBy: powers[aScale - scale])
      other = parts.quotient
      rest += parts.remainder * powers[bScale - aScale]
    }
    let power = powers[bScale - scale]
    other += rest / power
    rest %= power
    let isOver: Bool
    (whole, isOver) = whole.addingReportingOverflow(other)
    // A tie goes away from zero.
    let isUp = (rest < 0) == (whole < 0) ? rest.magnitude >= power.magnitude / 2 : rest.magnitude > power.magnitude / 2
    let rounded = whole + (isUp ? rest.signum() : 0)
    return isOver || !fits(rounded, precision: 38) ? nil : rounded
  }

  /// The remainder at the greater of both scales, with a's sign. nil: b at that scale does not fit 38 digits.
  static func remainder(_ a: Int128, _ aScale: Int, _ b: Int128, _ bScale: Int) -> Int128? {
    let wide = max(aScale, bScale)
    guard let y = rescale(b, from: bScale, to: wide)?.magnitude else {
      // Then b is greater than a.
      return aScale == wide ? a : nil
    }
    let (high, low) = a.magnitude.multipliedFullWidth(by: UInt128(powers[wide - aScale]))
    let rest = Int128(y.dividingFullWidth((high % y, low)).remainder)
    return a < 0 ? -rest : rest
  }

  /// a / b without what is behind the point; nil above 38 digits.
  static func quotient(_ a: Int128, _ aScale: Int, _ b: Int128, _ bScale: Int) -> Int128? {
    guard bScale >= aScale else {
      // A divisor beyond 38 digits is greater than any a.
      return rescale(b, from: bScale, to: aScale).map { a / $0 } ?? 0
    }
    let wide = a.magnitude.multipliedFullWidth(by: UInt128(powers[bScale - aScale]))
    guard wide.high < b.magnitude else { return nil }
    let quotient = b.magnitude.dividingFullWidth(wide).quotient
    guard quotient < UInt128(powers[38]) else { return nil }
    return (a < 0) == (b < 0) ? Int128(quotient) : -Int128(quotient)
  }

  /// The product at a scale, rounded half up; nil when it does not fit 38 digits.
  static func multiply(_ a: Int128, _ b: Int128, dropDigits: Int) -> Int128? {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    if !overflow { return rescale(product, from: dropDigits, to: 0).flatMap { fits($0, precision: 38) ? $0 : nil } }
    guard dropDigits > 0, dropDigits <= digitsMax else { return nil }
    let wide = a.magnitude.multipliedFullWidth(by: b.magnitude)
    return divideWide(wide, by: UInt128(powers[dropDigits]), negative: (a < 0) != (b < 0))
  }

  /// a · 10^shift / b, rounded half up; nil when it does not fit.
  static func divide(_ a: Int128, shift: Int, by b: Int128) -> Int128? {
    guard shift >= 0 else {
      let (divisor, overflow) = -shift > digitsMax ? (0, true) : b.multipliedReportingOverflow(by: powers[-shift])
      return overflow ? 0 : divideHalfUp(a, divisor)
    }
    guard shift > digitsMax else {
      let wide = a.magnitude.multipliedFullWidth(by: UInt128(powers[shift]))
      return divideWide(wide, by: b.magnitude, negative: (a < 0) != (b < 0))
    }
    // In two steps: the quotient for 38 digits, then what its rest gives for the others.
    guard shift <= 2 * digitsMax else { return nil }
    let more = UInt128(powers[shift - digitsMax])
    let wide = a.magnitude.multipliedFullWidth(by: UInt128(powers[digitsMax]))
    guard wide.high < b.magnitude else { return nil }
    let (first, rest) = b.magnitude.dividingFullWidth(wide)
    let (high, isOver) = first.multipliedReportingOverflow(by: more)
    guard !isOver, high < UInt128(powers[38]),
      let low = divideWide(rest.multipliedFullWidth(by: more), by: b.magnitude, negative: false)
    else { return nil }
    let quotient = Int128(high) + low
    guard fits(quotient, precision: 38) else { return nil }
    return (a < 0) != (b < 0) ? -quotient : quotient
  }

  private static func divideWide(
    _ wide: (high: UInt128, low: UInt128), by divisor: UInt128, negative: Bool
  ) -> Int128? {
    guard wide.high < divisor else { return nil }
    var (quotient, remainder) = divisor.dividingFullWidth(wide)
    if remainder >= divisor - remainder { quotient += 1 }
    guard quotient < UInt128(powers[38]) else { return nil }
    return negative ? -Int128(quotient) : Int128(quotient)
  }

  /// `12.50` → (1250, 2): the digits of a literal, which has no exponent. nil above 38 digits.
  static func parse(_ text: some Sequence<UInt8>) -> (unscaled: Int128, scale: Int)? {
    var unscaled: Int128 = 0
    var scale = 0
    var (negative, seenDot) = (false, false)
    for byte in text {
      switch byte {
      case UInt8(ascii: "-"): negative = true
      case UInt8(ascii: "."): seenDot = true
      default:
        guard unscaled < powers[37] else { return nil }
        unscaled = unscaled * 10 + Int128(byte - UInt8(ascii: "0"))
        if seenDot { scale += 1 }
      }
    }
    return (negative ? -unscaled : unscaled, scale)
  }

  static func text(_ unscaled: Int128, scale: Int) -> String {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: DecimalText.bytesMax) { buffer in
      let count = DecimalText.write(unscaled, scale: scale, to: buffer.baseAddress!)
      return String(decoding: buffer[..<count], as: UTF8.self)
    }
  }

  static func double(_ unscaled: Int128, scale: Int) -> Double {
    // Through text, so that the result is the nearest double; exact when both parts are.
    if unscaled.magnitude < 1 << 53, scale <= 22 { return Double(Int64(unscaled)) / exactTens[scale] }
    return Double(text(unscaled, scale: scale)) ?? .nan
  }

  private static let exactTens: [Double] = {
    var tens = [1.0]
    for _ in 0..<22 { tens.append(tens.last! * 10) }
    return tens
  }()
}
