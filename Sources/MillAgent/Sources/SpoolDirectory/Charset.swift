/// The encodings that spool files may have, by Java's names.
enum Charset: String, CaseIterable, Sendable {
  case utf8 = "UTF-8"
  case ascii = "US-ASCII"
  case latin1 = "ISO-8859-1"
  case utf16 = "UTF-16"
  case utf16BigEndian = "UTF-16BE"
  case utf16LittleEndian = "UTF-16LE"

  /// No character takes more bytes.
  static let characterSizeMax = 4

  /// One character at `index`: its code point (nil = no character) and how many bytes it takes.
  ///
  /// The bytes must hold the whole character, unless the file ends there.
  @inline(__always)
  func decode(_ bytes: [UInt8], _ index: Int) -> (scalar: UInt32?, count: Int) {
    let byte = bytes[index]
    switch self {
    case .utf8: return byte < 0x80 ? (UInt32(byte), 1) : Self.decodeUTF8(bytes, index)
    case .ascii: return (byte < 0x80 ? UInt32(byte) : nil, 1)
    case .latin1: return (UInt32(byte), 1)
    case .utf16, .utf16BigEndian: return Self.decodeUTF16(bytes, index, bigEndian: true)
    case .utf16LittleEndian: return Self.decodeUTF16(bytes, index, bigEndian: false)
    }
  }

  private static func decodeUTF8(_ bytes: [UInt8], _ index: Int) -> (scalar: UInt32?, count: Int) {
    let first = bytes[index]
    let (length, low, high): (Int, UInt8, UInt8) =
      switch first {
      case 0xC2...0xDF: (2, 0x80, 0xBF)
      case 0xE0: (3, 0xA0, 0xBF)
      case 0xE1...0xEC, 0xEE, 0xEF: (3, 0x80, 0xBF)
      case 0xED: (3, 0x80, 0x9F)
      case 0xF0: (4, 0x90, 0xBF)
      case 0xF1...0xF3: (4, 0x80, 0xBF)
      case 0xF4: (4, 0x80, 0x8F)
      default: (0, 0, 0)
      }
    guard length > 0 else { return (nil, 1) }
    var scalar = UInt32(first) & (0x7F >> UInt32(length))
    for step in 1..<length {
      guard index + step < bytes.count else { return (nil, step) }
      let next = bytes[index + step]
      let valid = step == 1 ? (low...high).contains(next) : next & 0xC0 == 0x80
      guard valid else { return (nil, step) }
      scalar = scalar << 6 | UInt32(next & 0x3F)
    }
    return (scalar, length)
  }

  private static func decodeUTF16(_ bytes: [UInt8], _ index: Int, bigEndian: Bool) -> (scalar: UInt32?, count: Int) {
    func unit(_ at: Int) -> UInt32? {
      guard at + 1 < bytes.count else { return nil }
      return bigEndian
        ? UInt32(bytes[at]) << 8 | UInt32(bytes[at + 1]) : UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at])
    }
    guard let first = unit(index) else { return (nil, bytes.count - index) }
    switch first {
    case 0xD800..<0xDC00:
      guard let second = unit(index + 2), (0xDC00..<0xE000).contains(second) else { return (nil, 2) }
      return (0x10000 + (first - 0xD800) << 10 + (second - 0xDC00), 4)
    case 0xDC00..<0xE000: return (nil, 2)
    default: return (first, 2)
    }
  }

  /// Appends the code point as UTF-8.
  @inline(__always)
  static func append(_ scalar: UInt32, to out: inout [UInt8]) {
    if scalar < 0x80 { return out.append(UInt8(scalar)) }
    out += Unicode.UTF8.encode(Unicode.Scalar(scalar) ?? "\u{FFFD}")!
  }
}
