import MillColumns

extension FunctionLibrary {
  static let mapFunctions: [FunctionDefinition] = [
    FunctionDefinition("map_entries", arity: 1) { call in
      if call.type(0) == .null { try call.cast(0, to: .map(key: .null, value: .null)) }
      let (key, value) = try call.map(0)
      let entry = DataType.struct(Schema([.init("key", key), .init("value", value)]))
      return call.values(.array(entry)) { .array($0[0].entries.map { .struct([$0.key, $0.value]) }) }
    },
    FunctionDefinition("map_from_arrays", arity: 2) { call in
      for index in 0..<2 where call.type(index) == .null { try call.cast(index, to: .array(.null)) }
      let type = DataType.map(key: try call.array(0), value: try call.array(1))
      return call.values(type) { arguments in
        let (keys, values) = (arguments[0].elements, arguments[1].elements)
        guard keys.count == values.count else {
          throw Failure("The key array and value array of MapData must have the same length.")
        }
        return try map(zip(keys, values).map { .init($0, $1) })
      }
    },
    FunctionDefinition("map_from_entries", arity: 1) { call in
      guard case .struct(let schema) = try call.array(0), schema.count == 2 else {
        throw call.mismatch(0, wants: "an array of pairs")
      }
      return call.values(.map(key: schema.columns[0].type, value: schema.columns[1].type)) { arguments in
        let pairs = arguments[0].elements
        if pairs.contains(.null) { return .null }
        return try map(
          pairs.map { pair in
            if case .struct(let parts) = pair { .init(parts[0], parts[1]) } else { .init(.null, .null) }
          })
      }
    },
    FunctionDefinition("map_concat", arity: 0...255) { call in
      if call.count == 0 { return .constant(.map([]), .map(key: .string, value: .string), call.position) }
      for index in call.arguments.indices { _ = try call.map(index) }
      let type = try call.castToCommon()
      return call.values(type) { try map($0.flatMap(\.entries)) }
    },
    FunctionDefinition("map_contains_key", arity: 2) { call in
      let (key, value) = try call.map(0)
      guard call.type(1) != .null, let common = call.coercion.common(key, call.type(1)) else {
        throw call.mismatch(1, wants: key.sql)
      }
      try call.cast(0, to: .map(key: common, value: value))
      try call.cast(1, to: common)
      return call.values(.boolean) { arguments in
        .boolean(arguments[0].entries.contains { Ordering.compare($0.key, arguments[1]) == 0 })
      }
    },
    FunctionDefinition("str_to_map", arity: 1...3) { call in
      for mark in [",", ":"].dropFirst(call.count - 1) {
        call.arguments.append(.constant(.string(mark), .string, call.position))
      }
      try call.castAllToText()
      let type = DataType.map(key: .string, value: .string)
      return call.result(type) { vectors, evaluation in
        let readers = vectors.map(\.strings)
        return try evaluation.build(vectors, to: type) { row, out in
          if readers.contains(where: { $0.isNull(row) }) { return out.appendNull() }
          let pairs = try evaluation.lane.patterns.regex(readers[1][row])
          let middle = try evaluation.lane.patterns.regex(readers[2][row])
          out.append(
            try map(
              split(readers[0][row], pairs, limit: -1).map { pair in
                let parts = try split(pair, middle, limit: 2)
                return .init(.string(parts[0]), parts.count > 1 ? .string(parts[1]) : .null)
              }))
        }
      }
    },
    FunctionDefinition("arrays_zip", arity: 1...255) { call in
      for index in call.arguments.indices where call.type(index) == .null { try call.cast(index, to: .array(.null)) }
      let columns = try call.arguments.indices.map { Schema.Column(call.names[$0], try call.array($0)) }
      return call.values(.array(.struct(Schema(columns)))) { arguments in
        let lists = arguments.map(\.elements)
        return .array(
          (0..<(lists.map(\.count).max() ?? 0)).map { row in
            .struct(lists.map { $0.indices.contains(row) ? $0[row] : .null })
          })
      }
    },
  ]

  /// Keys must be there, and only once (spark.sql.mapKeyDedupPolicy = EXCEPTION).
  private static func map(_ entries: [Value.Entry]) throws(Failure) -> Value {
    var seen: Set<Value> = []
    for entry in entries {
      if entry.key == .null { throw Failure("[NULL_MAP_KEY] Cannot use null as map key. SQLSTATE: 2200E") }
      guard seen.insert(entry.key.identity).inserted else {
        throw Failure(
          "[DUPLICATED_MAP_KEY] Duplicate map key was found, please check the input data. SQLSTATE: 23505")
      }
    }
    return .map(entries)
  }
}
