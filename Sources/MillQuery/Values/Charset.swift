/// The character sets that encode and decode take.
enum Charset: String {
  case ascii = "US-ASCII"
  case latin1 = "ISO-8859-1"
  case utf8 = "UTF-8"
  case utf16 = "UTF-16"
  case utf16BE = "UTF-16BE"
  case utf16LE = "UTF-16LE"

  init(named name: String, in function: String) throws(Failure) {
    guard let charset = Charset(rawValue: name.uppercased() == "UTF8" ? "UTF-8" : name.uppercased()) else {
      throw Failure(
        "[INVALID_PARAMETER_VALUE.CHARSET] The value of parameter(s) `charset` in `\(function)` is invalid: expects "
          + "one of ISO-8859-1, US-ASCII, UTF-16, UTF-16BE, UTF-16LE, UTF-8, but got \(name). SQLSTATE: 22023")
    }
    self = charset
  }

  private func malformed(_ function: String) -> Failure {
    Failure(
      "[MALFORMED_CHARACTER_CODING] Invalid value found when performing `\(function)` with \(rawValue). SQLSTATE: 22000"
    )
  }

  func encode(_ text: String) throws(Failure) -> [UInt8] {
    switch self {
    case .utf8: return Array(text.utf8)
    case .ascii, .latin1:
      let limit: UInt32 = self == .ascii ? 0x80 : 0x100
      guard text.unicodeScalars.allSatisfy({ $0.value < limit }) else { throw malformed("encode") }
      return text.unicodeScalars.map { UInt8($0.value) }
    case .utf16, .utf16BE:
      return (self == .utf16 && !text.isEmpty ? [0xFE, 0xFF] : [])
        + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    case .utf16LE: return text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    }
  }

  func decode(_ bytes: [UInt8]) throws(Failure) -> String {
    switch self {
    case .utf8:
      guard let text = String(validating: bytes, as: UTF8.self) else { throw malformed("decode") }
      return text
    case .ascii:
      guard bytes.allSatisfy({ $0 < 0x80 }) else { throw malformed("decode") }
      return String(decoding: bytes, as: UTF8.self)
    case .latin1: return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    case .utf16, .utf16BE, .utf16LE:
      let hasMark = self == .utf16 && (bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]))
      let isLittle = self == .utf16LE || hasMark && bytes[0] == 0xFF
      let rest = Array(bytes.dropFirst(hasMark ? 2 : 0))
      let units = stride(from: 0, to: rest.count - 1, by: 2).map { at in
        UInt16(rest[isLittle ? at + 1 : at]) << 8 | UInt16(rest[isLittle ? at : at + 1])
      }
      guard rest.count % 2 == 0, let text = String(validating: units, as: UTF16.self) else {
        throw malformed("decode")
      }
      return text
    }
  }
}
