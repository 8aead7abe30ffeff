import MillBase
import MillColumns

extension FunctionLibrary {
  static let encodingFunctions: [FunctionDefinition] = [
    FunctionDefinition("hex", arity: 1) { call in
      if call.type(0).isNumeric {
        try call.cast(0, to: .long)
        return call.result(.string) { vectors, evaluation in
          let values = vectors[0].fixed(Int64.self)
          return try evaluation.mapBytes(vectors) { row, out in
            out += String(UInt64(bitPattern: values[row]), radix: 16, uppercase: true).utf8
            return true
          }
        }
      }
      if call.type(0) != .binary { try call.castAllToText() }
      return bytes(call, to: .string) { input, out in
        Hexadecimal.append(input, to: &out)
        return true
      }
    },
    FunctionDefinition("unhex", arity: 1) { call in
      try call.castAllToText()
      return bytes(call, to: .binary) { input, out in
        guard let decoded = Hexadecimal.bytes(String(decoding: input, as: UTF8.self)) else { return false }
        out += decoded
        return true
      }
    },
    FunctionDefinition("base64", arity: 1) { call in
      if call.type(0) == .string { try call.cast(0, to: .binary) }
      guard call.type(0) == .binary else { throw call.mismatch(0, wants: "BINARY") }
      return bytes(call, to: .string) { input, out in
        Base64.append(UnsafeRawBufferPointer(input), to: &out)
        return true
      }
    },
    FunctionDefinition("unbase64", arity: 1) { call in
      try call.castAllToText()
      return bytes(call, to: .binary) { input, out in
        do throws(Base64.MIMEError) { out += try Base64.decodeMIME(input) } catch { throw Failure(error.reason) }
        return true
      }
    },
    FunctionDefinition("encode", arity: 2) { call in
      try call.castAllToText()
      return call.values(.binary) { .binary(try Charset(named: $0[1].text, in: "encode").encode($0[0].text)) }
    },
    FunctionDefinition("decode", arity: 2...255) { call in
      if call.count > 2 { return try decodeCases(call) }
      guard call.type(0) == .binary else { throw call.mismatch(0, wants: "BINARY") }
      try call.castToText([1])
      return call.values(.string) { arguments in
        guard case .binary(let bytes) = arguments[0] else { return .null }
        return .string(try Charset(named: arguments[1].text, in: "decode").decode(bytes))
      }
    },
    FunctionDefinition("to_binary", arity: 1...2) { call in try toBinary(&call, attempts: false) },
    FunctionDefinition("try_to_binary", arity: 1...2) { call in try toBinary(&call, attempts: true) },
  ]

  private static func toBinary(_ call: inout FunctionCall, attempts: Bool) throws -> Expression {
    try call.castAllToText()
    var format = "hex"
    if call.count > 1 {
      guard case .string(let text)? = call.arguments[1].constantValue,
        ["hex", "utf-8", "utf8", "base64"].contains(text.lowercased())
      else { throw call.mismatch(1, wants: "'hex', 'utf-8' or 'base64'") }
      format = text.lowercased()
      call.arguments.removeLast()
    }
    let wanted = format
    return call.values(.binary) { arguments in
      let text = arguments[0].text
      let bytes =
        switch wanted {
        case "hex": Hexadecimal.bytes(text)
        case "base64": base64(text)
        default: Array(text.utf8)
        }
      if let bytes { return .binary(bytes) }
      if attempts { return .null }
      throw Failure(
        "[CONVERSION_INVALID_INPUT] The value '\(text)' (\(wanted.uppercased())) cannot be converted to \"BINARY\" "
          + "because it is malformed. Use `try_to_binary` to tolerate malformed input and return NULL instead. "
          + "SQLSTATE: 22018")
    }
  }

  /// Letters and white space, then padding up to four characters, or none.
  private static func base64(_ text: String) -> [UInt8]? {
    let bytes = text.utf8.filter { $0 > 32 }
    let letters = bytes.prefix { $0 != UInt8(ascii: "=") }
    let padding = bytes.count - letters.count
    guard padding == 0 ? letters.count % 4 != 1 : padding < 3 && bytes.count % 4 == 0,
      letters.allSatisfy({ (48...57).contains($0) || (65...90).contains($0 & 0xDF) || $0 == 43 || $0 == 47 }),
      bytes.suffix(padding).allSatisfy({ $0 == UInt8(ascii: "=") })
    else { return nil }
    return bytes.withUnsafeBufferPointer { try? Base64.decodeMIME($0) }
  }

  private static func bytes(
    _ call: FunctionCall, to type: DataType, _ body: @escaping @Sendable (Bytes, inout [UInt8]) throws -> Bool
  ) -> Expression {
    call.result(type) { vectors, evaluation in
      let input = vectors[0].bytes
      return try evaluation.mapBytes(vectors, to: type) { row, out in try body(input[row], &out) }
    }
  }
}
