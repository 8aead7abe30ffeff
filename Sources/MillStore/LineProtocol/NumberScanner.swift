import Glibc

/// Reads a field's number: float, integer (`i`) or unsigned (`u`).
enum NumberScanner {
  private static let powersOfTen: [Double] = (0...22).map { exponent in
    (0..<exponent).reduce(1.0) { power, _ in power * 10 }
  }

  /// - Returns: type, value (a float's bit pattern), and where it ends.
  static func scan(
    _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int
  ) throws(LineScanner.Reason) -> (FieldType, UInt64, Int) {
    let invalid = LineScanner.Reason("invalid number")
    var i = start
    let isNegative = base[i] == UInt8(ascii: "-")
    if isNegative { i += 1 }
    var mantissa: UInt64 = 0
    var digits = 0
    var significant = 0
    var decimals = 0
    var hasPoint = false
    var isScientific = false
    var suffix: UInt8 = 0
    while i < end, base[i] != UInt8(ascii: ","), base[i] != 0x20 {
      let byte = base[i]
      if suffix != 0 { throw invalid }
      switch byte {
      case 0x30...0x39:
        digits += 1
        if !isScientific {
          if significant > 0 || byte != 0x30 { significant += 1 }
          mantissa = mantissa &* 10 &+ UInt64(byte - 0x30)
          if hasPoint { decimals += 1 }
        }
      case UInt8(ascii: "."):
        if hasPoint { throw invalid }
        hasPoint = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        if i == start { throw invalid }
        isScientific = true
      case UInt8(ascii: "+"), UInt8(ascii: "-"):
        if base[i - 1] != UInt8(ascii: "e"), base[i - 1] != UInt8(ascii: "E") { throw invalid }
      case UInt8(ascii: "i"), UInt8(ascii: "u"):
        if i == start { throw invalid }
        suffix = byte
      default: throw invalid
      }
      i += 1
    }
    if digits == 0 || suffix != 0 && (hasPoint || isScientific) { throw invalid }
    if suffix != 0 {
      let value = try whole(
        base, start, i - 1, isNegative, mantissa, significant, isUnsigned: suffix == UInt8(ascii: "u"))
      return (suffix == UInt8(ascii: "u") ? .unsigned : .integer, UInt64(bitPattern: value), i)
    }
    if !isScientific, significant <= 15, decimals <= 22 {
      // Both numbers are exact as doubles, so one division rounds once: the right answer.
      let value = Double(mantissa) / powersOfTen[decimals]
      return (.float, (isNegative ? -value : value).bitPattern, i)
    }
    return (.float, try float(base, start, i).bitPattern, i)
  }

  private static func whole(
    _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ isNegative: Bool, _ magnitude: UInt64,
    _ significant: Int, isUnsigned: Bool
  ) throws(LineScanner.Reason) -> Int64 {
    if isUnsigned, isNegative { throw LineScanner.Reason("invalid number") }
    // Above 19 digits the magnitude has wrapped. Unsigned values are kept in 63 bits.
    if significant <= 19, magnitude <= UInt64(Int64.max) + (isNegative ? 1 : 0) {
      return isNegative ? Int64(truncatingIfNeeded: 0 &- magnitude) : Int64(magnitude)
    }
    let text = String(decoding: UnsafeBufferPointer(start: base + start, count: end - start), as: UTF8.self)
    throw LineScanner.Reason(
      isUnsigned
        ? "unable to parse unsigned \(text): strconv.ParseUint: parsing \"\(text)\": value out of range"
        : "unable to parse integer \(text): strconv.ParseInt: parsing \"\(text)\": value out of range")
  }

  private static func float(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(LineScanner.Reason) -> Double
  {
    let text = String(decoding: UnsafeBufferPointer(start: base + start, count: end - start), as: UTF8.self)
    guard let value = Double(text), value.isFinite else { throw LineScanner.Reason("invalid float") }
    return value
  }
}
