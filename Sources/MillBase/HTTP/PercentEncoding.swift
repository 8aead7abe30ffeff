/// Percent-encoding of URLs (RFC 3986) and of query strings (`application/x-www-form-urlencoded`).
public enum PercentEncoding {
  /// The text with everything but letters, digits and `-._~` as `%XX`: fit for one path segment or query value.
  public static func encode(_ text: String) -> String {
    let hex = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        out.append(byte)
      default: out += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// `a=1&b=x%20y`
  public static func encode(query: [(name: String, value: String)]) -> String {
    query.map { "\(encode($0.name))=\(encode($0.value))" }.joined(separator: "&")
  }

  /// Resolves `%XX`; a `%` that is not followed by two hexadecimal digits stays as it is. Bytes that are not UTF-8
  /// become U+FFFD.
  ///
  /// - Parameter plusIsSpace: as in query strings; in paths a `+` is a `+`.
  public static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
    var out: [UInt8] = []
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "%"), index + 2 < bytes.count, let high = digit(bytes[index + 1]),
        let low = digit(bytes[index + 2])
      {
        out.append(high << 4 | low)
        index += 3
      } else {
        out.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        index += 1
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The parameters of a query string in their order; a name without `=` has an empty value.
  public static func decode(query: some StringProtocol) -> [(name: String, value: String)] {
    query.split(separator: "&").map { pair in
      let equals = pair.firstIndex(of: "=")
      return (
        decode(pair[..<(equals ?? pair.endIndex)], plusIsSpace: true),
        equals.map { decode(pair[pair.index(after: $0)...], plusIsSpace: true) } ?? ""
      )
    }
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
