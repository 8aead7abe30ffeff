import MillColumns

extension FunctionLibrary {
  /// `int(x)` is CAST(x AS INT), and so on.
  static let castFunctions: [FunctionDefinition] = {
    let types: [(String, DataType)] = [
      ("boolean", .boolean), ("tinyint", .byte), ("smallint", .short), ("int", .integer), ("bigint", .long),
      ("float", .float), ("double", .double), ("string", .string), ("binary", .binary), ("date", .date),
      ("timestamp", .timestamp), ("decimal", .decimal(precision: 10, scale: 0)),
    ]
    return types.map { name, type in
      FunctionDefinition(name, arity: 1) { call in
        let mode = call.castMode
        guard CastRules.isPossible(from: call.type(0), to: type, mode: mode) else {
          throw call.error("\(call.type(0).sql) can't be cast to \(type.sql)")
        }
        if call.type(0) == type { return call.arguments[0] }
        return Expression(.cast(call.arguments[0], mode), type, call.position)
      }
    }
  }()
}
