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
