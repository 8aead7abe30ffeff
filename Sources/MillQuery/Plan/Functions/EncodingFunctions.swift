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
      let ansi = call.ansi
      return bytes(call, to: .binary) { input, out in
        guard let decoded = Base64.decode(input) else {
          if ansi {
            throw Failure(
              "[CONVERSION_INVALID_INPUT] The value '\(String(decoding: input, as: UTF8.self))' (BASE64) cannot be "
                + "converted to \"BINARY\" because it is malformed. SQLSTATE: 22018")
          }
          return false
        }
        out += decoded
        return true
      }
    },
    FunctionDefinition("encode", arity: 2) { call in
      try call.castAllToText()
      guard isUTF8(call.arguments[1]) else { throw call.mismatch(1, wants: "'UTF-8'") }
      return try call.cast(call.arguments[0], to: .binary)
    },
    FunctionDefinition("decode", arity: 2...255) { call in
      if call.count > 2 { return try decodeCases(call) }
      guard call.type(0) == .binary else { throw call.mismatch(0, wants: "BINARY") }
      guard isUTF8(call.arguments[1]) else { throw call.mismatch(1, wants: "'UTF-8'") }
      return try call.cast(call.arguments[0], to: .string)
    },
  ]

  private static func isUTF8(_ expression: Expression) -> Bool {
    if case .string(let name)? = expression.constantValue {
      ["UTF-8", "UTF8"].contains(name.uppercased())
    } else {
      false
    }
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
