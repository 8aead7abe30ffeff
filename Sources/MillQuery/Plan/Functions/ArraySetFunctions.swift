import MillColumns

extension FunctionLibrary {
  /// Functions that take arrays for sets: null is a value like others, the first of equal ones stays.
  static let arraySetFunctions: [FunctionDefinition] = [
    FunctionDefinition("array_distinct", arity: 1) { call in
      if call.type(0) == .null { try call.cast(0, to: .array(.null)) }
      _ = try call.array(0)
      return call.values(call.type(0)) { .array(distinct($0[0].elements)) }
    },
    FunctionDefinition("array_union", arity: 2) { call in
      try castBoth(&call)
      return call.values(call.type(0)) { .array(distinct($0[0].elements + $0[1].elements)) }
    },
    FunctionDefinition("array_intersect", arity: 2) { call in
      try castBoth(&call)
      return call.values(call.type(0)) { arguments in
        let others = Set(arguments[1].elements.map(\.identity))
        return .array(distinct(arguments[0].elements).filter { others.contains($0.identity) })
      }
    },
    FunctionDefinition("array_except", arity: 2) { call in
      try castBoth(&call)
      return call.values(call.type(0)) { arguments in
        let others = Set(arguments[1].elements.map(\.identity))
        return .array(distinct(arguments[0].elements).filter { !others.contains($0.identity) })
      }
    },
    FunctionDefinition("arrays_overlap", arity: 2) { call in
      try castBoth(&call)
      return call.values(.boolean) { arguments in
        let (a, b) = (arguments[0].elements, arguments[1].elements)
        let others = Set(b.lazy.filter { $0 != .null }.map(\.identity))
        if a.contains(where: { $0 != .null && others.contains($0.identity) }) { return .boolean(true) }
        // Null could be equal to anything, if there is anything.
        return !a.isEmpty && !b.isEmpty && (a.contains(.null) || b.contains(.null)) ? .null : .boolean(false)
      }
    },
  ]

  private static func distinct(_ elements: [Value]) -> [Value] {
    var seen: Set<Value> = []
    return elements.filter { seen.insert($0.identity).inserted }
  }

  private static func castBoth(_ call: inout FunctionCall) throws {
    let (a, b) = (try call.array(0), try call.array(1))
    guard let common = call.coercion.common(a, b) else { throw call.mismatch(1, wants: call.type(0).sql) }
    try call.cast(0, to: .array(common))
    try call.cast(1, to: .array(common))
  }
}
