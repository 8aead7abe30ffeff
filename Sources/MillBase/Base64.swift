/// Base64 with the standard alphabet and padding.
public enum Base64 {
  public static func encode(_ bytes: [UInt8]) -> String {
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    bytes.withUnsafeBytes { append($0, to: &out) }
    return String(decoding: out, as: UTF8.self)
  }

  /// nil when the text is not base64, see below.
  public static func decode(_ text: Substring) -> [UInt8]? { Array(text.utf8).withUnsafeBufferPointer { decode($0) } }

  public static func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
    var index = 0
    while index < bytes.count {
      let count = min(3, bytes.count - index)
      var word: UInt32 = 0
      for offset in 0..<3 { word = word << 8 | (offset < count ? UInt32(bytes[index + offset]) : 0) }
      for position in 0..<4 {
        text.append(position <= count ? letter(word >> UInt32(18 - 6 * position) & 63) : UInt8(ascii: "="))
      }
      index += 3
    }
  }

  /// nil when the text is not base64. White space may come before each four characters, padding is needed (and may be
  /// followed by more), as in Jackson's MIME_NO_LINEFEEDS.
  public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var index = 0
    while true {
      while index < text.count, text[index] <= 32 { index += 1 }
      if index == text.count { return bytes }
      guard index + 4 <= text.count, text[index] != UInt8(ascii: "="), text[index + 1] != UInt8(ascii: "=") else {
        return nil
      }
      let padding = text[index + 3] != UInt8(ascii: "=") ? 0 : text[index + 2] != UInt8(ascii: "=") ? 1 : 2
      var word: UInt32 = 0
      for letter in text[index..<index + 4 - padding] {
        guard let value = value(letter) else { return nil }
        word = word << 6 | value
      }
      word <<= UInt32(6 * padding)
      for position in 0..<3 - padding { bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(16 - 8 * position))) }
      index += 4
    }
  }

  /// As Java's MIME decoder: what is no letter is passed over, the padding may be missing.
  ///
  /// - Throws: in Java's words, why the end is none.
  public static func decodeMIME(_ text: UnsafeBufferPointer<UInt8>) throws(MIMEError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3 + 3)
    var (word, count, index) = (UInt32(0), 0, 0)
    let padding = UInt8(ascii: "=")
    while index < text.count, text[index] != padding {
      if let value = value(text[index]) {
        (word, count) = (word << 6 | value, count + 1)
        if count == 4 {
          for shift in [16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
          (word, count) = (0, 0)
        }
      }
      index += 1
    }
    if index < text.count {
      index += 1
      // One = after three letters, two after two.
      let isWhole = count == 3 || count == 1 || (count == 2 && index < text.count && text[index] == padding)
      guard isWhole else { throw MIMEError(reason: "Input byte array has wrong 4-byte ending unit") }
      if count == 2 { index += 1 }
    }
    switch count {
    case 0: break
    case 1: throw MIMEError(reason: "Last unit does not have enough valid bits")
    case 2: bytes.append(UInt8(truncatingIfNeeded: word >> 4))
    default: bytes += [UInt8(truncatingIfNeeded: word >> 10), UInt8(truncatingIfNeeded: word >> 2)]
    }
    while index < text.count {
      index += 1
      guard value(text[index - 1]) == nil else {
        throw MIMEError(reason: "Input byte array has incorrect ending byte at \(index)")
      }
    }
    return bytes
  }

  public struct MIMEError: Error {
    public let reason: String
  }

  private static func letter(_ value: UInt32) -> UInt8 {
    switch value {
    case 0..<26: UInt8(value) + 65
    case 26..<52: UInt8(value) + 71
    case 52..<62: UInt8(value) - 4
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
  }

  private static func value(_ letter: UInt8) -> UInt32? {
    switch letter {
    case 65...90: UInt32(letter) - 65
    case 97...122: UInt32(letter) - 71
    case 48...57: UInt32(letter) + 4
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
