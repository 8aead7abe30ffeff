/// Whole numbers as decimal digits, written straight into memory.
public enum IntegerText {
  /// Most bytes that ``write(_:to:)`` needs.
  public static let bytesMax = 20

  /// Writes the number and returns how many bytes that took.
  @inlinable public static func write(_ value: Int64, to target: UnsafeMutablePointer<UInt8>) -> Int {
    if value < 0 {
      target[0] = UInt8(ascii: "-")
      return 1 + write(value.magnitude, to: target + 1)
    }
    return write(UInt64(value), to: target)
  }

  @inlinable public static func write(_ value: UInt64, to target: UnsafeMutablePointer<UInt8>) -> Int {
    let count = digitCount(value)
    var rest = value
    var position = count
    let pairs = digitPairs.utf8Start
    while rest >= 100 {
      let (quotient, remainder) = (rest / 100, Int(rest % 100))
      position -= 2
      target[position] = pairs[remainder * 2]
      target[position + 1] = pairs[remainder * 2 + 1]
      rest = quotient
    }
    if rest >= 10 {
      target[0] = pairs[Int(rest) * 2]
      target[1] = pairs[Int(rest) * 2 + 1]
    } else {
      target[0] = UInt8(truncatingIfNeeded: rest) + 48
    }
    return count
  }

  @inlinable static func digitCount(_ value: UInt64) -> Int {
    var count = 1
    var rest = value
    while rest >= 10_000 {
      rest /= 10_000
      count += 4
    }
    return rest >= 1000 ? count + 3 : rest >= 100 ? count + 2 : rest >= 10 ? count + 1 : count
  }

  /// Bytes that must be there for ``write(_:toRoom:)``, whatever the number.
  @inlinable public static var room: Int { 24 }

  /// The same without a loop over the digits, where there are ``room`` bytes: what is behind the number is overwritten.
  @inlinable @inline(__always) public static func write(
    _ value: Int64, toRoom target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    let magnitude = value.magnitude
    // Overwritten when there is no sign.
    target[0] = UInt8(ascii: "-")
    let sign = value < 0 ? 1 : 0
    guard magnitude >= 100_000_000 else {
      return sign &+ writeEight(UInt32(truncatingIfNeeded: magnitude), to: target + sign)
    }
    return sign &+ writeLong(magnitude, to: target + sign)
  }

  @inlinable @inline(__always) static func writeLong(
    _ value: UInt64, to target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    let above = value / 100_000_000
    let low = UInt32(truncatingIfNeeded: value &- above &* 100_000_000)
    // Populations, seconds since 1970: one or two digits more than eight.
    let count = above < 100 ? writeTwo(Int(above), to: target) : writeAbove(above, to: target)
    store(eightDigits(low) | zeros, to: target + count)
    return count &+ 8
  }

  @inlinable @inline(never) static func writeAbove(_ value: UInt64, to target: UnsafeMutablePointer<UInt8>) -> Int {
    value >= 100_000_000
      ? writeLong(value, to: target) : writeEight(UInt32(truncatingIfNeeded: value), to: target)
  }

  /// A number below 100 without leading zeros; writes two bytes.
  @inlinable @inline(__always) static func writeTwo(_ value: Int, to target: UnsafeMutablePointer<UInt8>) -> Int {
    let isOne = value < 10
    let tens = value / 10
    target[0] = UInt8(truncatingIfNeeded: isOne ? value : tens) | 0x30
    target[1] = UInt8(truncatingIfNeeded: value &- tens &* 10) | 0x30
    return isOne ? 1 : 2
  }

  /// A number below 100,000,000 without leading zeros; writes eight bytes.
  @inlinable @inline(__always) static func writeEight(_ value: UInt32, to target: UnsafeMutablePointer<UInt8>) -> Int {
    let digits = eightDigits(value)
    // The last digit stays, also of 0.
    let leading = (digits | 1 &<< 56).trailingZeroBitCount &>> 3
    store((digits | zeros) &>> UInt64(truncatingIfNeeded: leading &<< 3), to: target)
    return 8 &- leading
  }

  /// The last `width` (1 ... 8) digits of a number below 100,000,000; writes eight bytes.
  @inlinable @inline(__always) static func writeEight(
    _ value: UInt32, width: Int, to target: UnsafeMutablePointer<UInt8>
  ) {
    store((eightDigits(value) | zeros) &>> UInt64(truncatingIfNeeded: (8 &- width) &<< 3), to: target)
  }

  @inlinable @inline(__always) static var zeros: UInt64 { 0x3030_3030_3030_3030 }

  @inlinable @inline(__always) static func store(_ word: UInt64, to target: UnsafeMutablePointer<UInt8>) {
    UnsafeMutableRawPointer(target).storeBytes(of: word.littleEndian, as: UInt64.self)
  }

  /// The digits 0 ... 9 of a number below 100,000,000, the first in the lowest byte: halves, then pairs, then digits
  /// are divided at once, each division being a multiplication and a shift.
  @inlinable @inline(__always) static func eightDigits(_ value: UInt32) -> UInt64 {
    let (upper, lower) = (UInt64(value / 10_000), UInt64(value % 10_000))
    let halves = upper | lower &<< 32
    let hundreds = ((halves &* 10_486) &>> 20) & 0x0000_007F_0000_007F
    let pairs = hundreds | (halves &- 100 &* hundreds) &<< 16
    let tens = ((pairs &* 103) &>> 10) & 0x000F_000F_000F_000F
    return tens | (pairs &- 10 &* tens) &<< 8
  }

  /// The same with leading zeros, at least `width` digits.
  static func write(_ value: Int64, width: Int, to target: UnsafeMutablePointer<UInt8>) -> Int {
    let count = digitCount(UInt64(value))
    for index in 0..<max(0, width - count) { target[index] = 48 }
    return max(0, width - count) + write(UInt64(value), to: target + max(0, width - count))
  }

  @usableFromInline static var digitPairs: StaticString {
    """
    00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748\
    4950515253545556575859606162636465666768697071727374757677787980818283848586878889909192939495969798\
    99
    """
  }
}
