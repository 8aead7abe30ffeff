import MillColumns

extension FunctionLibrary {
  static let hashFunctions: [FunctionDefinition] = [
    digest("md5") { MD5.digest($0) }, digest("sha1", "sha") { SHA1.digest($0) },
    FunctionDefinition("sha2", arity: 2) { call in
      try call.castToBytes(0)
      try call.cast(1, to: .integer)
      return call.result(.string) { vectors, evaluation in
        let (input, bits) = (vectors[0].bytes, vectors[1].fixed(Int32.self))
        return try evaluation.mapBytes(vectors) { row, out in
          let wanted = bits[row] == 0 ? 256 : Int(bits[row])
          guard [224, 256, 384, 512].contains(wanted) else { return false }
          out += Hexadecimal.lowercase(SHA2.digest(input[row], bits: wanted))
          return true
        }
      }
    },
    FunctionDefinition("crc32", arity: 1) { call in
      try call.castToBytes(0)
      return call.result(.long) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].bytes, to: .long) { Int64(CRC32.checksum($0)) }
      }
    },
    FunctionDefinition("hash", arity: 1...255) { call in
      try refuseMaps(call)
      return call.result(.integer) { vectors, evaluation in
        let columns = vectors.map(\.compact)
        return try evaluation.build(vectors, to: .integer) { row, out in
          let hash = columns.reduce(UInt32(42)) { Murmur3.hash($1.column, row & $1.mask, seed: $0) }
          out.append(fixed: Int32(bitPattern: hash))
        }
      }
    },
    FunctionDefinition("xxhash64", arity: 1...255) { call in
      try refuseMaps(call)
      return call.result(.long) { vectors, evaluation in
        let columns = vectors.map(\.compact)
        return try evaluation.build(vectors, to: .long) { row, out in
          let hash = columns.reduce(UInt64(42)) { XXHash64.hash($1.column, row & $1.mask, seed: $0) }
          out.append(fixed: Int64(bitPattern: hash))
        }
      }
    },
  ]

  private static func digest(_ names: String..., body: @escaping @Sendable (Bytes) -> [UInt8]) -> FunctionDefinition {
    FunctionDefinition(names: names, arity: 1...1) { call in
      try call.castToBytes(0)
      return call.result(.string) { vectors, evaluation in
        let input = vectors[0].bytes
        return try evaluation.mapBytes(vectors) { row, out in
          out += Hexadecimal.lowercase(body(input[row]))
          return true
        }
      }
    }
  }

  /// Two equal maps may have their entries in different orders.
  private static func refuseMaps(_ call: FunctionCall) throws {
    func hasMap(_ type: DataType) -> Bool {
      switch type {
      case .map: true
      case .array(let element): hasMap(element)
      case .struct(let schema): schema.columns.contains { hasMap($0.type) }
      default: false
      }
    }
    if let index = call.arguments.indices.first(where: { hasMap(call.type($0)) }) {
      throw call.mismatch(index, wants: "without a map")
    }
  }
}
