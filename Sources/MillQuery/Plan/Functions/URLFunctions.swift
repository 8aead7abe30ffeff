import MillColumns

extension FunctionLibrary {
  static let urlFunctions: [FunctionDefinition] = [
    FunctionDefinition("url_encode", arity: 1) { call in
      try call.castAllToText()
      return call.text { arguments, _ in
        var out: [UInt8] = []
        for byte in arguments[0].utf8 {
          switch byte {
          case 48...57, 65...90, 97...122, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "_"):
            out.append(byte)
          case 32: out.append(UInt8(ascii: "+"))
          default: out += "%".utf8 + Hexadecimal.uppercase(byte)
          }
        }
        return String(decoding: out, as: UTF8.self)
      }
    },
    FunctionDefinition("url_decode", arity: 1) { call in
      try call.castAllToText()
      return call.text { arguments, _ in
        if let text = decoded(arguments[0]) { return text }
        throw Failure("[CANNOT_DECODE_URL] The provided URL cannot be decoded: \(arguments[0]). SQLSTATE: 22546")
      }
    },
    FunctionDefinition("try_url_decode", arity: 1) { call in
      try call.castAllToText()
      return call.text { arguments, _ in decoded(arguments[0]) }
    },
    FunctionDefinition("parse_url", arity: 2...3) { call in
      try call.castAllToText()
      let ansi = call.ansi
      return call.text { arguments, _ in
        guard let url = URLParts(arguments[0]) else {
          if !ansi { return nil }
          throw Failure(
            "[INVALID_URL] The url is invalid: \(arguments[0]). Use `try_parse_url` to tolerate invalid URL and return "
              + "NULL instead. SQLSTATE: 22P02")
        }
        let part = url[arguments[1]]
        guard arguments.count > 2 else { return part }
        guard arguments[1] == "QUERY" else { return nil }
        return part?.split(separator: "&").first { $0.hasPrefix(arguments[2] + "=") }
          .map { String($0.dropFirst(arguments[2].count + 1)) }
      }
    },
  ]

  /// nil when a % lacks its two digits.
  private static func decoded(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    var out: [UInt8] = []
    var at = 0
    while at < bytes.count {
      if bytes[at] == UInt8(ascii: "%") {
        guard at + 2 < bytes.count,
          let byte = Hexadecimal.bytes(String(decoding: bytes[(at + 1)...(at + 2)], as: UTF8.self))
        else { return nil }
        out += byte
        at += 3
      } else {
        out.append(bytes[at] == UInt8(ascii: "+") ? 32 : bytes[at])
        at += 1
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
