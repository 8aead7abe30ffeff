import MillColumns

/// Numbers.
extension JSONMachine {
  /// The fast way for INT and BIGINT: digits without fraction and exponent, in range. nil = take the long way.
  @inline(__always) mutating func integer(_ node: NodePointer, _ start: BytePointer) -> BytePointer? {
    let isNegative = start.pointee == UInt8(ascii: "-")
    let first = isNegative ? start + 1 : start
    // Digits become 0...9; the lowest byte with its high bit set in `others` is the first that is no digit.
    let word = Self.load(first) ^ 0x3030_3030_3030_3030
    let others = ((word &+ 0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080
    var count: Int
    let guess = node.pointee.lengthGuess
    if others == 0 {
      count = 8
    } else if others &<< UInt64(truncatingIfNeeded: 56 &- 8 &* guess) == 1 << 63 {
      count = guess
    } else {
      count = others.trailingZeroBitCount >> 3
      guard count > 0 else { return nil }
      node.pointee.lengthGuess = count
    }
    // Eight digits to a number in three multiplications, pairs first.
    var pairs = word << UInt64(64 - 8 * count)
    pairs = (pairs &* 10) &+ (pairs >> 8)
    pairs =
      ((pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
        &+ ((pairs >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001) >> 32
    var magnitude = pairs & 0xFFFF_FFFF
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
