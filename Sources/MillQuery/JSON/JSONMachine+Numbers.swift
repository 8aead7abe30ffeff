import MillColumns

/// Numbers.
extension JSONMachine {
  /// An INT or BIGINT of as many digits as the one before in this column had; nil = it is something else.
  @inline(__always) static func integerLikeBefore<T: FixedWidthInteger & BitwiseCopyable>(
    _ node: NodePointer, _ p: BytePointer, _ row: Int, _ type: T.Type
  ) -> BytePointer? {
    let guess = node.pointee.lengthGuess
    let after = p[guess]
    guard after == UInt8(ascii: ",") || after == UInt8(ascii: "}") else { return nil }
    let word = digits(p)
    let magnitude: UInt64
    if guess <= 8 {
      let shift = UInt64(truncatingIfNeeded: 64 &- 8 &* guess)
      guard notDigits(word) &<< shift == 0, word & 0xFF != 0 || guess == 1 else { return nil }
      magnitude = number(word &<< shift)
    } else {
      let lowWord = digits(p + (guess &- 8))
      guard notDigits(word) | notDigits(lowWord) == 0, word & 0xFF != 0 else { return nil }
      let high = number(word &<< UInt64(truncatingIfNeeded: 128 &- 8 &* guess))
      magnitude = high &* 100_000_000 &+ number(lowWord)
    }
    guard magnitude <= UInt64(T.max) else { return nil }
    node.pointee.values.unsafelyUnwrapped.assumingMemoryBound(to: T.self)[row] = T(truncatingIfNeeded: magnitude)
    node.pointee.count = row &+ 1
    return p + guess
  }

  /// A DOUBLE of at most 15 digits without an exponent: one rounding gives the nearest (Clinger 1990). nil = another.
  @inline(__always) static func shortDouble(_ node: NodePointer, _ start: BytePointer, _ row: Int) -> BytePointer? {
    let isNegative = start.pointee == UInt8(ascii: "-")
    let first = isNegative ? start + 1 : start
    var p = first
    var mantissa: UInt64 = 0
    while p.pointee &- 48 < 10 {
      mantissa = mantissa &* 10 &+ UInt64(p.pointee &- 48)
      p += 1
    }
    guard p > first, first.pointee != 48 || p - first == 1 else { return nil }
    var power = 1.0
    if p.pointee == UInt8(ascii: ".") {
      p += 1
      let point = p
      while p.pointee &- 48 < 10 {
        mantissa = mantissa &* 10 &+ UInt64(p.pointee &- 48)
        power *= 10
        p += 1
      }
      guard p > point else { return nil }
    }
    // Zeros have signs and whole numbers none: not here.
    guard p.pointee == UInt8(ascii: ",") || p.pointee == UInt8(ascii: "}"), p - first <= 16, mantissa > 0 else {
      return nil
    }
    let magnitude = Double(mantissa) / power
    node.pointee.values.unsafelyUnwrapped.assumingMemoryBound(to: Double.self)[row] =
      isNegative ? -magnitude : magnitude
    node.pointee.count = row &+ 1
    return p
  }

  /// Eight bytes of text, digits as 0...9, the first one lowest.
  @inline(__always) private static func digits(_ p: BytePointer) -> UInt64 { load(p) ^ 0x3030_3030_3030_3030 }

  /// The lowest byte with its high bit set is the first that is no digit.
  @inline(__always) private static func notDigits(_ word: UInt64) -> UInt64 {
    ((word &+ 0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080
  }

  /// Eight digits to a number in three multiplications, pairs first.
  @inline(__always) private static func number(_ digits: UInt64) -> UInt64 {
    let pairs = (digits &* 10) &+ (digits &>> 8)
    let low = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    return (low &+ ((pairs &>> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001) &>> 32
  }

  /// INT and BIGINT: digits without fraction and exponent, in range. nil = take the long way.
  @inline(never) mutating func integer(_ node: NodePointer, _ start: BytePointer) -> BytePointer? {
    let isNegative = start.pointee == UInt8(ascii: "-")
    let first = isNegative ? start + 1 : start
    let word = Self.digits(first)
    let others = Self.notDigits(word)
    var count = 8
    if others != 0 {
      count = others.trailingZeroBitCount >> 3
      guard count > 0 else { return nil }
    }
    var magnitude = Self.number(word << UInt64(64 - 8 * count))
    var p = first + count
    if count == 8 {
      while p.pointee &- 48 < 10, count < 18 {
        magnitude = magnitude * 10 + UInt64(p.pointee &- 48)
        count += 1
        p += 1
      }
    }
    let after = p.pointee
    if after &- 48 < 10 || after == UInt8(ascii: ".") || after | 32 == UInt8(ascii: "e")
      || (first.pointee == 48 && count > 1) || p - start > options.maxNumLen
    {
      return nil
    }
    node.pointee.lengthGuess = min(count, JSONNode.digitsGuessMax)
    let value = isNegative ? -Int64(magnitude) : Int64(magnitude)
    if node.pointee.kind == .integer {
      guard let narrow = Int32(exactly: value) else { return nil }
      JSONNode.append(node, narrow)
    } else {
      JSONNode.append(node, value)
    }
    return p
  }

  /// Finds the end of a number, by JSON's grammar and what the options add to it. `isWhole` = no fraction, no exponent.
  mutating func number(_ start: BytePointer) -> (end: BytePointer, isWhole: Bool, isFinite: Bool)? {
    var p = start
    if p.pointee == UInt8(ascii: "-") { p += 1 }
    guard p.pointee &- 48 < 10 else {
      if options.allowNonNumericNumbers, let q = nonNumeric(start) { return (q, false, false) }
      _ = fail("expected a value", start)
      return nil
    }
    let firstDigit = p
    while p.pointee &- 48 < 10 { p += 1 }
    if firstDigit.pointee == 48, p - firstDigit > 1, !options.allowNumericLeadingZeros {
      _ = fail("a number with leading zeros", start)
      return nil
    }
    var isWhole = true
    if p.pointee == UInt8(ascii: ".") {
      isWhole = false
      p += 1
      guard digits(&p) else { return nil }
    }
    if p.pointee | 32 == UInt8(ascii: "e") {
      isWhole = false
      p += 1
      if p.pointee == UInt8(ascii: "+") || p.pointee == UInt8(ascii: "-") { p += 1 }
      guard digits(&p) else { return nil }
    }
    guard p - start <= options.maxNumLen else {
      _ = fail("a number above maxNumLen", start)
      return nil
    }
    return (p, isWhole, true)
  }

  private mutating func digits(_ p: inout BytePointer) -> Bool {
    guard p.pointee &- 48 < 10 else {
      _ = fail("expected a digit", p)
      return false
    }
    while p.pointee &- 48 < 10 { p += 1 }
    return true
  }

  /// The bare words that Jackson takes for numbers.
  private mutating func nonNumeric(_ p: BytePointer) -> BytePointer? {
    let words: [StaticString] = ["NaN", "Infinity", "-Infinity", "+Infinity", "-INF", "+INF"]
    for word in words where Self.starts(p, with: word) { return p + word.utf8CodeUnitCount }
    return nil
  }

  /// The value of the words in ``nonNumeric(_:)``, which are also read from strings.
  static func nonNumericValue(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
    switch String(decoding: text.prefix(10), as: UTF8.self) {
    case "NaN": .nan
    case "Infinity", "+Infinity", "+INF": .infinity
    case "-Infinity", "-INF": -.infinity
    default: nil
    }
  }
}
