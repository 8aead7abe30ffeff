import MillColumns

extension FunctionLibrary {
  static let checkFunctions: [FunctionDefinition] = [
    FunctionDefinition("typeof", arity: 1) { call in
      .constant(.string(call.type(0).simpleName), .string, call.position)
    },
    FunctionDefinition("zeroifnull", arity: 1) { call in
      call.arguments.append(.constant(.integer(0), .integer, call.position))
      let type = try call.castToCommon()
      return Expression(.coalesce(call.arguments), type, call.position)
    },
    FunctionDefinition("nullifzero", arity: 1) { call in
      let value = call.arguments[0]
      let zero = Expression.constant(.integer(0), .integer, call.position)
      let same = try comparison("=", value, zero, call)
      return Expression(
        .branches([(same, .constant(.null, value.type, call.position))], otherwise: value), value.type, call.position)
    },
    FunctionDefinition("raise_error", arity: 1) { call in
      try call.castAllToText()
      return call.values(.null, takesNull: [0]) { arguments in throw raised(arguments[0].text) }
    },
    FunctionDefinition("assert_true", arity: 1...2) { call in
      try call.cast(0, to: .boolean)
      try call.castToText([1])
      let text = call.arguments[0].position
      return call.values(.null, takesNull: [0, 1]) { arguments in
        if arguments[0] == .boolean(true) { return .null }
        throw raised(
          arguments.count > 1
            ? arguments[1].text : "the condition at line \(text.line), column \(text.column) is not true!")
      }
    },
  ]

  private static func raised(_ text: String) -> Failure {
    Failure("[USER_RAISED_EXCEPTION] \(text) SQLSTATE: P0001")
  }

  /// decode(value, key, result, …[, otherwise]): the first key that is equal to the value, null equal to null.
  static func decodeCases(_ call: FunctionCall) throws -> Expression {
    var results = call
    let value = call.arguments[0]
    let pairs = stride(from: 1, to: call.count - 1, by: 2)
    results.arguments = pairs.map { call.arguments[$0 + 1] } + (call.count % 2 == 0 ? [call.arguments.last!] : [])
    let type = try results.castToCommon()
    let cases = try pairs.enumerated().map { index, at in
      (when: try comparison("<=>", value, call.arguments[at], call), then: results.arguments[index])
    }
    return Expression(
      .branches(cases, otherwise: call.count % 2 == 0 ? results.arguments.last! : nil), type, call.position)
  }
}

extension DataType {
  /// As Spark's `simpleString`: `array<int>`, `struct<a:int>`.
  var simpleName: String {
    switch self {
    case .array(let element): "array<\(element.simpleName)>"
    case .map(let key, let value): "map<\(key.simpleName),\(value.simpleName)>"
    case .struct(let schema):
      "struct<" + schema.columns.map { "\($0.name):\($0.type.simpleName)" }.joined(separator: ",") + ">"
    default: sql.lowercased()
    }
  }
}
