import MillBase
import MillColumns

extension LambdaLibrary {
  private static func mapTypes(_ call: FunctionCall, _ index: Int = 0) -> (key: DataType, value: DataType) {
    if case .map(let key, let value) = call.type(index) { (key, value) } else { (.null, .null) }
  }

  static let mapRules: [String: LambdaRule] = [
    "map_filter": rule("map_filter", "condition") { call, bodies in
      try condition(call, &bodies)
      let type = call.type(0)
      return (
        type,
        { arguments, lambdas in
          let elements = ListElements(arguments[0].column)
          let entries = [elements.child(0), elements.child(1)]
          let mask = try lambdas.evaluate(0, parents: elements.parents, entries)
          return elements.lists(type, keeping: mask.trueRows(), entries)
        }
      )
    },
    "transform_values": rule("transform_values", "value") { call, bodies in
      let type = DataType.map(key: mapTypes(call).key, value: bodies[0].type)
      return (
        type,
        { arguments, lambdas in
          let elements = ListElements(arguments[0].column)
          let keys = elements.child(0)
          let values = try lambdas.evaluate(0, parents: elements.parents, [keys, elements.child(1)])
          return elements.lists(type, [keys, values])
        }
      )
    },
    "transform_keys": rule("transform_keys", "key") { call, bodies in
      if bodies[0].type.containsMap { throw call.error("a map can't be the key of a map") }
      let type = DataType.map(key: bodies[0].type, value: mapTypes(call).value)
      return (
        type,
        { arguments, lambdas in
          let elements = ListElements(arguments[0].column)
          let values = elements.child(1)
          let keys = try lambdas.evaluate(0, parents: elements.parents, [elements.child(0), values])
          for row in 0..<elements.list.count where lambdas.evaluation.isActive(row) {
            try checkKeys(keys, elements.range(row), row)
          }
          return elements.lists(type, [keys, values])
        }
      )
    },
    "map_zip_with": LambdaRule(
      valueCount: 2, arity: 3...3, form: "map_zip_with(map, map, (key, a, b) -> …)",
      prepare: { call in
        let (a, b) = (try call.map(0), try call.map(1))
        guard let key = call.coercion.common(a.key, b.key) else {
          throw call.error("the maps of map_zip_with need keys of one type, not \(a.key.sql) and \(b.key.sql)")
        }
        try call.cast(0, to: .map(key: key, value: a.value))
        try call.cast(1, to: .map(key: key, value: b.value))
      },
      variables: { call, _ in
        [mapTypes(call).key, mapTypes(call).value, mapTypes(call, 1).value]
      }, variableCounts: { _ in 3...3 },
      build: { call, bodies in
        let type = DataType.map(key: mapTypes(call).key, value: bodies[0].type)
        return (type, { arguments, lambdas in try zipped(arguments[0].column, arguments[1].column, type, lambdas) })
      }),
  ]

  private static func rule(
    _ name: String, _ result: String,
    _ build:
      @escaping @Sendable (inout FunctionCall, inout [Expression]) throws -> (
        DataType, @Sendable ([Vector], Lambdas) throws -> Vector
      )
  ) -> LambdaRule {
    LambdaRule(
      form: "\(name)(map, (key, value) -> \(result))", prepare: { call in _ = try call.map(0) },
      variables: { call, _ in [mapTypes(call).key, mapTypes(call).value] }, variableCounts: { _ in 2...2 },
      build: build)
  }

  private static func checkKeys(_ keys: Column, _ range: Range<Int>, _ row: Int) throws {
    var seen: Set<[UInt8]> = []
    for index in range {
      if keys.isNull(index) {
        throw RowFailure(
          failure: Failure("[NULL_MAP_KEY] Cannot use null as map key. SQLSTATE: 2200E"), row: row, position: nil)
      }
      var bytes: [UInt8] = []
      KeyBytes.append(keys, index, to: &bytes)
      guard seen.insert(bytes).inserted else {
        throw RowFailure(
          failure: Failure(
            "[DUPLICATED_MAP_KEY] Duplicate map key \(keys.text(index) ?? "") was found, please check the input data. "
              + "SQLSTATE: 23505"), row: row, position: nil)
      }
    }
  }

  /// The first map's keys, then those that only the second one has.
  private static func zipped(_ a: Column, _ b: Column, _ type: DataType, _ lambdas: Lambdas) throws -> Vector {
    var (parents, lefts, rights): ([Int32], [Int32], [Int32]) = ([], [], [])
    var offsets = BufferBuilder(capacity: (a.count + 1) * 4)
    offsets.append(Int32(0))
    func bytes(_ map: Column, _ entry: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      KeyBytes.append(map.children[0], entry, to: &bytes)
      return bytes
    }
    for row in 0..<a.count {
      if !a.isNull(row), !b.isNull(row) {
        var others: [[UInt8]: Int32] = [:]
        for entry in b.offset(row)..<b.offset(row + 1) { others[bytes(b, entry)] = Int32(entry) }
        for entry in a.offset(row)..<a.offset(row + 1) {
          parents.append(Int32(row))
          lefts.append(Int32(entry))
          rights.append(others.removeValue(forKey: bytes(a, entry)) ?? -1)
        }
        for entry in others.values.sorted() {
          parents.append(Int32(row))
          lefts.append(-1)
          rights.append(entry)
        }
      }
      offsets.append(Int32(parents.count))
    }
    let count = Int32(a.children[0].count)
    let keys = Column.concatenate([a.children[0], b.children[0]], type: a.children[0].type).take(
      zip(lefts, rights).map { $0 >= 0 ? $0 : $1 + count })
    let values = try lambdas.evaluate(
      0, parents: parents, [keys, a.children[1].take(lefts), b.children[1].take(rights)])
    return Vector(
      Column(
        type, count: a.count, validity: Validity.and(a.validity, b.validity, rows: a.count), offsets: offsets.take(),
        children: [keys, values]))
  }
}
