import MillColumns

extension FunctionLibrary {
  static let bitFunctions: [FunctionDefinition] = [
    FunctionDefinition("&", arity: 2) { call in try bits(&call) { $0 & $1 } },
    FunctionDefinition("|", arity: 2) { call in try bits(&call) { $0 | $1 } },
    FunctionDefinition("^", arity: 2) { call in try bits(&call) { $0 ^ $1 } },
    FunctionDefinition("~", arity: 1) { call in
      if call.type(0) == .null { try call.cast(0, to: .integer) }
      guard call.type(0).isIntegral else { throw call.mismatch(0, wants: "a whole number") }
      return call.values(call.type(0)) { .integer(Int64(~$0[0].whole)) }
    },
    shift("shiftleft") {
      $0 &<< $1
    } narrow: {
      $0 &<< $1
    },
    shift("shiftright") {
      $0 &>> $1
    } narrow: {
      $0 &>> $1
    },
    shift("shiftrightunsigned") {
      Int64(bitPattern: UInt64(bitPattern: $0) &>> UInt64(bitPattern: $1))
    } narrow: {
      Int32(bitPattern: UInt32(bitPattern: $0) &>> UInt32(bitPattern: $1))
    },
    FunctionDefinition("bit_count", arity: 1) { call in
      if call.type(0) == .null { try call.cast(0, to: .long) }
      guard call.type(0).isIntegral || call.type(0) == .boolean else {
        throw call.mismatch(0, wants: "a whole number or BOOLEAN")
      }
      return call.values(.integer) { arguments in
        if case .boolean(let value) = arguments[0] { return .integer(value ? 1 : 0) }
        // The sign is carried on to 64 bits, as in Spark.
        return .integer(Int64(arguments[0].whole.nonzeroBitCount))
      }
    },
    FunctionDefinition("getbit", "bit_get", arity: 2) { call in
      if call.type(0) == .null { try call.cast(0, to: .long) }
      guard call.type(0).isIntegral, let width = call.type(0).width else {
        throw call.mismatch(0, wants: "a whole number")
      }
      try call.cast(1, to: .integer)
      return call.values(.byte) { arguments in
        let position = arguments[1].whole
        guard (0..<(width * 8)).contains(position) else {
          throw Failure(
            "[INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE] The value of parameter(s) `pos` in `getbit` is invalid: "
              + "Expects an integer value in [0, \(width * 8)), but got \(position). SQLSTATE: 22023")
        }
        return .integer(Int64(arguments[0].whole >> position & 1))
      }
    },
  ]

  private static func bits(
    _ call: inout FunctionCall, _ body: @escaping @Sendable (Int64, Int64) -> Int64
  ) throws -> Expression {
    let type = try call.castToCommon()
    guard type.isIntegral else { throw call.error("\(call.name) wants whole numbers, not \(type.sql)") }
    return call.values(type) { .integer(body(Int64($0[0].whole), Int64($0[1].whole))) }
  }

  /// The distance counts modulo the width, as in Java.
  private static func shift(
    _ name: String, _ wide: @escaping @Sendable (Int64, Int64) -> Int64,
    narrow: @escaping @Sendable (Int32, Int32) -> Int32
  ) -> FunctionDefinition {
    FunctionDefinition(name, arity: 2) { call in
      if call.type(0) != .long { try call.cast(0, to: .integer) }
      try call.cast(1, to: .integer)
      return call.result(call.type(0)) { vectors, evaluation in
        let distance = vectors[1].fixed(Int32.self)
        if vectors[0].type == .long {
          return try evaluation.map(vectors, vectors[0].fixed(Int64.self), distance, to: .long) { wide($0, Int64($1)) }
        }
        return try evaluation.map(vectors, vectors[0].fixed(Int32.self), distance, to: .integer) { narrow($0, $1) }
      }
    }
  }
}
