import MillColumns

extension FunctionLibrary {
  static let collectionFunctions: [FunctionDefinition] = [
    FunctionDefinition("array", arity: 0...10_000) { call in
      let element = call.count == 0 ? DataType.null : try call.castToCommon()
      let type = DataType.array(element)
      return call.result(type) { vectors, evaluation in
        let columns = vectors.map(\.compact)
        return try evaluation.build(vectors, to: type) { row, out in
          for (column, mask) in columns { out.children[0].builder.append(column.value(row & mask)) }
          out.closeRow()
        }
      }
    },
    FunctionDefinition("map", arity: 0...10_000) { call in
      guard call.count % 2 == 0 else { throw call.error("map wants keys and values in turn") }
      let keys = call.arguments.indices.filter { $0 % 2 == 0 }
      let values = call.arguments.indices.filter { $0 % 2 == 1 }
      guard let key = call.coercion.common(keys.map { call.type($0) }),
        let value = call.coercion.common(values.map { call.type($0) })
      else { throw call.error("the keys, and the values, of map need a type in common") }
      for index in keys { try call.cast(index, to: key) }
      for index in values { try call.cast(index, to: value) }
      let type = DataType.map(key: key, value: value)
      return call.result(type) { vectors, evaluation in
        let columns = vectors.map(\.compact)
        return try evaluation.build(vectors, to: type) { row, out in
          var seen: Set<Value> = []
          for index in keys {
            let key = columns[index].column.value(row & columns[index].mask)
            if key == .null { throw Failure("[NULL_MAP_KEY] Cannot use null as map key. SQLSTATE: 2200E") }
            guard seen.insert(key).inserted else {
              throw Failure(
                "[DUPLICATED_MAP_KEY] Duplicate map key was found, please check the input data. SQLSTATE: 23505")
            }
          }
          for index in keys {
            out.children[0].builder.append(columns[index].column.value(row & columns[index].mask))
            out.children[1].builder.append(columns[index + 1].column.value(row & columns[index + 1].mask))
          }
          out.closeRow()
        }
      }
    },
    FunctionDefinition("named_struct", arity: 2...10_000) { call in
      guard call.count % 2 == 0 else { throw call.error("named_struct wants names and values in turn") }
      var names: [String] = []
      for index in stride(from: 0, to: call.count, by: 2) {
        guard case .string(let name)? = call.arguments[index].constantValue else {
          throw call.mismatch(index, wants: "a name in quotes")
        }
        names.append(name)
      }
      call.arguments = stride(from: 1, to: call.count, by: 2).map { call.arguments[$0] }
      return structure(names, call)
    },
    FunctionDefinition("size", "cardinality", arity: 1) { call in try size(&call, nullGives: call.ansi ? nil : -1) },
    FunctionDefinition("array_size", arity: 1) { call in try size(&call, nullGives: nil) },
    FunctionDefinition("element_at", arity: 2) { call in
      try elementAt(&call, mode: call.ansi ? .ansi : .legacy)
    },
    FunctionDefinition("try_element_at", arity: 2) { call in try elementAt(&call, mode: .attempt) },
    FunctionDefinition("get", arity: 2) { call in
      guard case .array(let element) = call.type(0) else { throw call.mismatch(0, wants: "an array") }
      try call.cast(1, to: .integer)
      return arrayElement(call, element) { index, count in index >= 0 && index < count ? index : nil }
    },
    FunctionDefinition("array_contains", arity: 2) { call in
      guard case .array(let element) = call.type(0) else { throw call.mismatch(0, wants: "an array") }
      guard let common = call.coercion.common(element, call.type(1)) else { throw call.mismatch(1, wants: element.sql) }
      try call.cast(0, to: .array(common))
      try call.cast(1, to: common)
      return call.result(.boolean) { vectors, evaluation in
        let (array, wanted) = (vectors[0].compact, vectors[1].compact)
        return try evaluation.build(vectors, to: .boolean) { row, out in
          if array.column.isNull(row & array.mask) || wanted.column.isNull(row & wanted.mask) {
            return out.appendNull()
          }
          let (elements, row) = (array.column.children[0], row)
          var sawNull = false
          for index in array.column.offset(row & array.mask)..<array.column.offset((row & array.mask) + 1) {
            if elements.isNull(index) {
              sawNull = true
            } else if Ordering.compare(elements, index, wanted.column, row & wanted.mask) == 0 {
              return out.append(fixed: UInt8(1))
            }
          }
          if sawNull { out.appendNull() } else { out.append(fixed: UInt8(0)) }
        }
      }
    },
    FunctionDefinition("map_keys", arity: 1) { call in
      guard case .map(let key, _) = call.type(0) else { throw call.mismatch(0, wants: "a map") }
      return entries(call, child: 0, key)
    },
    FunctionDefinition("map_values", arity: 1) { call in
      guard case .map(_, let value) = call.type(0) else { throw call.mismatch(0, wants: "a map") }
      return entries(call, child: 1, value)
    },
    FunctionDefinition("array_join", arity: 2...3) { call in
      try call.cast(0, to: .array(.string))
      try call.castToText(1..<call.count)
      return call.result(.string) { vectors, evaluation in
        let array = vectors[0].compact.column
        let texts = vectors.dropFirst().map(\.bytes)
        let mask = vectors[0].compact.mask
        return try evaluation.mapBytes(vectors) { row, out in
          let at = row & mask
          var isFirst = true
          for element in array.offset(at)..<array.offset(at + 1) {
            let isNull = array.children[0].isNull(element)
            if isNull, texts.count < 2 { continue }
            if !isFirst { out += texts[0][row] }
            isFirst = false
            if isNull { out += texts[1][row] } else { array.children[0].withBytes(element) { out += $0 } }
          }
          return true
        }
      }
    },
  ]

  /// struct(…) with these names.
  static func structure(_ names: [String], _ call: FunctionCall) -> Expression {
    let schema = Schema(zip(names, call.arguments).map { .init($0, $1.type) })
    return call.result(.struct(schema)) { vectors, evaluation in
      if evaluation.count > 0, vectors.allSatisfy(\.isConstant) {
        let one = Column(.struct(schema), count: 1, children: vectors.map { $0.compact.column })
        return Vector(constant: one, count: evaluation.count)
      }
      return Vector(Column(.struct(schema), count: evaluation.count, children: vectors.map(\.column)))
    }
  }

  private static func size(_ call: inout FunctionCall, nullGives: Int32?) throws -> Expression {
    switch call.type(0) {
    case .array, .map: break
    case .null: try call.cast(0, to: .array(.null))
    default: throw call.mismatch(0, wants: "an array or a map")
    }
    return call.result(.integer) { vectors, evaluation in
      let (column, mask) = vectors[0].compact
      return try evaluation.build(vectors, to: .integer) { row, out in
        let row = row & mask
        if !column.isNull(row) { return out.append(fixed: Int32(column.offset(row + 1) - column.offset(row))) }
        if let nullGives { out.append(fixed: nullGives) } else { out.appendNull() }
      }
    }
  }

  private static func concatElements(_ columns: [(column: Column, mask: Int)], _ row: Int, _ out: inout ColumnBuilder) {
    for (column, mask) in columns {
      for element in column.offset(row & mask)..<column.offset((row & mask) + 1) {
        out.children[0].builder.append(column.children[0].value(element))
      }
    }
    out.closeRow()
  }

  static func concatArrays(_ call: inout FunctionCall) throws -> Expression {
    let type = try call.castToCommon()
    return call.result(type) { vectors, evaluation in
      let columns = vectors.map(\.compact)
      return try evaluation.build(vectors, to: type) { row, out in
        if columns.contains(where: { $0.column.isNull(row & $0.mask) }) { return out.appendNull() }
        concatElements(columns, row, &out)
      }
    }
  }

  private static func entries(_ call: FunctionCall, child: Int, _ type: DataType) -> Expression {
    call.result(.array(type)) { vectors, evaluation in
      let map = vectors[0].compact.column
      let column = Column(
        .array(type), count: map.count, validity: map.validity, offsets: map.offsets, children: [map.children[child]])
      return vectors[0].isConstant ? Vector(constant: column, count: evaluation.count) : Vector(column)
    }
  }

  // MARK: Picking one element

  /// `array[i]`, `map[key]`
  static func subscripted(_ call: inout FunctionCall) throws -> Expression {
    switch call.type(0) {
    case .array(let element):
      guard call.type(1).isIntegral || call.type(1) == .string || call.type(1) == .null else {
        throw call.mismatch(1, wants: "a whole number")
      }
      try call.cast(1, to: .integer)
      let ansi = call.ansi
      return arrayElement(call, element) { index, count in
        if index >= 0, index < count { return index }
        guard ansi else { return nil }
        throw Failure(
          "[INVALID_ARRAY_INDEX] The index \(index) is out of bounds. The array has \(count) elements. Use the SQL "
            + "function `get()` to tolerate accessing element at invalid index and return NULL instead. SQLSTATE: 22003"
        )
      }
    case .map(let key, let value): return try mapValue(&call, key, value)
    case .struct(let schema):
      guard case .string(let name)? = call.arguments[1].constantValue,
        let index = schema.columns.firstIndex(where: { $0.name.lowercased() == name.lowercased() })
      else { throw call.error("a field of a struct is written with a dot, like s.field") }
      return Expression(.field(call.arguments[0], index), schema.columns[index].type, call.position)
    default: throw call.mismatch(0, wants: "an array or a map")
    }
  }

  private static func arrayElement(
    _ call: FunctionCall, _ element: DataType, at: @escaping @Sendable (Int, Int) throws -> Int?
  ) -> Expression {
    call.result(element) { vectors, evaluation in
      let (array, mask) = vectors[0].compact
      let wanted = vectors[1].fixed(Int32.self)
      var indices: [Int32] = []
      func pick(_ row: Int) throws {
        if array.isNull(row & mask) || wanted.isNull(row) { return indices.append(-1) }
        let start = array.offset(row & mask)
        let index = try at(Int(wanted[row]), array.offset((row & mask) + 1) - start)
        indices.append(index.map { Int32(start + $0) } ?? -1)
      }
      let constant = try evaluation.rows(vectors) { row in
        try pick(row)
      } failed: { _ in
        indices.append(-1)
      }
      let column = array.children[0].take(indices)
      return constant ? Vector(constant: column, count: evaluation.count) : Vector(column)
    }
  }

  private static func mapValue(_ call: inout FunctionCall, _ key: DataType, _ value: DataType) throws -> Expression {
    try call.cast(1, to: key)
    return call.result(value) { vectors, evaluation in
      let (map, mask) = vectors[0].compact
      let wanted = vectors[1].compact
      var indices: [Int32] = []
      let constant = try evaluation.rows(vectors) { row in
        if map.isNull(row & mask) || wanted.column.isNull(row & wanted.mask) { return indices.append(-1) }
        let range = map.offset(row & mask)..<map.offset((row & mask) + 1)
        let found = range.first { Ordering.compare(map.children[0], $0, wanted.column, row & wanted.mask) == 0 }
        indices.append(found.map { Int32($0) } ?? -1)
      } failed: { _ in
        indices.append(-1)
      }
      let column = map.children[1].take(indices)
      return constant ? Vector(constant: column, count: evaluation.count) : Vector(column)
    }
  }

  private static func elementAt(_ call: inout FunctionCall, mode: CastMode) throws -> Expression {
    if case .map(let key, let value) = call.type(0) { return try mapValue(&call, key, value) }
    guard case .array(let element) = call.type(0) else { throw call.mismatch(0, wants: "an array or a map") }
    try call.cast(1, to: .integer)
    return arrayElement(call, element) { index, count in
      if index == 0 {
        throw Failure(
          "[INVALID_INDEX_OF_ZERO] The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has "
            + "index 1). SQLSTATE: 22003")
      }
      let at = index > 0 ? index - 1 : count + index
      if at >= 0, at < count { return at }
      guard mode == .ansi else { return nil }
      throw Failure(
        "[INVALID_ARRAY_INDEX_IN_ELEMENT_AT] The index \(index) is out of bounds. The array has \(count) elements. Use "
          + "`try_element_at` to tolerate accessing element at invalid index and return NULL instead. SQLSTATE: 22003")
    }
  }
}
