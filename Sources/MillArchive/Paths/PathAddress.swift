import Glibc

/// Paths in addresses, as Hadoop's Path and java.net.URI write them: `file:///in/a%20b.json`.
public enum PathAddress {
  /// Letters, digits, some signs and what is not ASCII stay; the rest becomes `%XX`.
  public static func quote(_ path: String) -> String {
    if path.utf8.allSatisfy({ isKept($0) }) { return path }
    return quote(path) { !isKept($0) }
  }

  /// - Parameter isQuoted: which bytes become `%XX`.
  public static func quote(_ text: String, where isQuoted: (UInt8) -> Bool) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var quoted: [UInt8] = []
    for byte in text.utf8 {
      if isQuoted(byte) {
        quoted += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      } else {
        quoted.append(byte)
      }
    }
    return String(decoding: quoted, as: UTF8.self)
  }

  /// nil: a `%` without two hexadecimal digits.
  public static func unquote(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The path from the root on, without `.` and double slashes.
  public static func absolute(_ path: String) -> String {
    var full = path
    if !path.hasPrefix("/"), let here = getcwd(nil, 0) {
      full = "\(String(cString: here))/\(path)"
      free(here)
    }
    return "/" + full.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
  }

  private static func isKept(_ byte: UInt8) -> Bool {
    byte >= 0x80 || (kept[Int(byte >> 6)] >> UInt64(byte & 63)) & 1 == 1
  }

  /// A bit for every ASCII sign.
  private static let kept: [UInt64] = {
    var bits: [UInt64] = [0, 0]
    for range in ["a"..."z", "A"..."Z", "0"..."9"] as [ClosedRange<Unicode.Scalar>] {
      for value in range.lowerBound.value...range.upperBound.value { bits[Int(value >> 6)] |= 1 << UInt64(value & 63) }
    }
    for byte in "/-_.!~*'():@&=+$,;".utf8 { bits[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
    return bits
  }()
}
