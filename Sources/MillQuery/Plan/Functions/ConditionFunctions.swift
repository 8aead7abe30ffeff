import MillColumns

extension FunctionLibrary {
  static let conditionFunctions: [FunctionDefinition] = [
    FunctionDefinition("coalesce", arity: 1...255) { call in
      let type = try call.castToCommon()
      return Expression(.coalesce(call.arguments), type, call.position)
    },
    FunctionDefinition("nvl", "ifnull", arity: 2) { call in
      let type = try call.castToCommon()
      return Expression(.coalesce(call.arguments), type, call.position)
    },
    FunctionDefinition("nvl2", arity: 3) { call in
      let type = try call.castToCommon(from: 1)
      let condition = notNull(call.arguments[0], call.position)
      return Expression(
        .branches([(condition, call.arguments[1])], otherwise: call.arguments[2]), type, call.position)
    },
    FunctionDefinition("nullif", arity: 2) { call in
      let value = call.arguments[0]
      let same = try comparison("=", call.arguments[0], call.arguments[1], call)
      return Expression(
        .branches([(same, .constant(.null, value.type, call.position))], otherwise: value), value.type, call.position)
    },
    FunctionDefinition("if", arity: 3) { call in
      try call.cast(0, to: .boolean)
      let type = try call.castToCommon(from: 1)
      return Expression(
        .branches([(call.arguments[0], call.arguments[1])], otherwise: call.arguments[2]), type, call.position)
    },
    FunctionDefinition("isnull", arity: 1) { call in isNull(call.arguments[0], call.position) },
    FunctionDefinition("isnotnull", arity: 1) { call in notNull(call.arguments[0], call.position) },
    FunctionDefinition("isnan", arity: 1) { call in
      try call.cast(0, to: .double)
      return call.result(.boolean) { vectors, evaluation in
        let values = vectors[0].fixed(Double.self)
        return try evaluation.build(vectors, to: .boolean) { row, out in
          out.append(fixed: UInt8(!values.isNull(row) && values[row].isNaN ? 1 : 0))
        }
      }
    },
    FunctionDefinition("nanvl", arity: 2) { call in
      let type: DataType = call.type(0) == .float && call.type(1) == .float ? .float : .double
      try call.cast(0, to: type)
      try call.cast(1, to: type)
      var test = call
      test.arguments = [call.arguments[0]]
      let isNaN = try all["isnan"]!.build(&test)
      return Expression(
        .branches([(isNaN, call.arguments[1])], otherwise: call.arguments[0]), type, call.position)
    },
    FunctionDefinition("greatest", arity: 2...255) { call in try extreme(&call, sign: 1) },
    FunctionDefinition("least", arity: 2...255) { call in try extreme(&call, sign: -1) },
    FunctionDefinition("not", arity: 1) { call in
      try call.cast(0, to: .boolean)
      return not(call.arguments[0], call.position)
    },
    FunctionDefinition("equal_null", arity: 2) { call in
      try comparison("<=>", call.arguments[0], call.arguments[1], call)
    },
  ]

  static func isNull(_ expression: Expression, _ position: SourcePosition) -> Expression {
    let kernel = Kernel(name: "isnull") { vectors, evaluation in
      let (column, mask) = vectors[0].compact
      return try evaluation.build(vectors, to: .boolean) { row, out in
        out.append(fixed: UInt8(column.isNull(row & mask) ? 1 : 0))
      }
    }
    return Expression(.call(kernel, [expression]), .boolean, position)
  }

  static func notNull(_ expression: Expression, _ position: SourcePosition) -> Expression {
    not(isNull(expression, position), position)
  }

  static func not(_ expression: Expression, _ position: SourcePosition) -> Expression {
    let kernel = Kernel(name: "not") { vectors, evaluation in
      try evaluation.map(vectors[0], vectors[0].booleans, to: .boolean) { UInt8($0 ? 0 : 1) }
    }
    return Expression(.call(kernel, [expression]), .boolean, position)
  }

  /// greatest and least: nulls are left out.
  private static func extreme(_ call: inout FunctionCall, sign: Int) throws -> Expression {
    let types = Set(call.arguments.map(\.type)).subtracting([.null])
    guard types.count < 2 || !types.contains(.string) else {
      throw call.error(
        "\(call.name) wants values of one type, not \(types.map(\.sql).sorted().joined(separator: ", "))")
    }
    let type = try call.castToCommon()
    return call.result(type) { vectors, evaluation in
      let columns = vectors.map(\.compact)
      return try evaluation.build(vectors, to: type) { row, out in
        var best: (column: Column, row: Int)?
        for (column, mask) in columns where !column.isNull(row & mask) {
          if let (held, heldRow) = best, Ordering.compare(column, row & mask, held, heldRow) * sign <= 0 { continue }
          best = (column, row & mask)
        }
        out.append(best.map { $0.column.value($0.row) } ?? .null)
      }
    }
  }

  // MARK: Comparison

  /// = <=> <> < <= > >=
  static func comparison(
    _ sign: String, _ left: Expression, _ right: Expression, _ call: FunctionCall
  ) throws -> Expression {
    guard let type = call.coercion.comparison(left.type, right.type) else {
      throw call.error(
        "\(left.type.sql) and \(right.type.sql) can't be compared with \(sign)", wayOut: "CAST one of them")
    }
    if case .map = type { throw call.error("maps can't be compared with \(sign)") }
    let arguments = [try call.cast(left, to: type), try call.cast(right, to: type)]
    let kernel = Kernel(name: sign) { vectors, evaluation in
      if sign == "<=>" { return try nullSafeEqual(vectors, evaluation) }
      return try compare(vectors, evaluation, holds: holds(sign))
    }
    return Expression(.call(kernel, arguments), .boolean, call.position)
  }

  private static func holds(_ sign: String) -> @Sendable (Int) -> Bool {
    switch sign {
    case "=": { $0 == 0 }
    case "<>": { $0 != 0 }
    case "<": { $0 < 0 }
    case "<=": { $0 <= 0 }
    case ">": { $0 > 0 }
    default: { $0 >= 0 }
    }
  }

  private static func compare(
    _ vectors: [Vector], _ evaluation: Evaluation, holds: (Int) -> Bool
  ) throws -> Vector {
    func numbers<T: Fixed & Comparable>(_: T.Type) throws -> Vector {
      try evaluation.map(vectors, vectors[0].fixed(T.self), vectors[1].fixed(T.self), to: .boolean) {
        UInt8(holds($0 < $1 ? -1 : $0 == $1 ? 0 : 1) ? 1 : 0)
      }
    }
    switch vectors[0].type {
    case .boolean, .null: break
    case .byte: return try numbers(Int8.self)
    case .short: return try numbers(Int16.self)
    case .integer, .date, .yearMonthInterval: return try numbers(Int32.self)
    case .long, .timestamp, .dayTimeInterval: return try numbers(Int64.self)
    case .decimal: return try numbers(Int128.self)
    case .string, .binary:
      return try evaluation.map(vectors, vectors[0].bytes, vectors[1].bytes, to: .boolean) {
        UInt8(holds(Ordering.compare($0, $1)) ? 1 : 0)
      }
    default: break
    }
    let (a, b) = (vectors[0].compact, vectors[1].compact)
    return try evaluation.build(vectors, to: .boolean) { row, out in
      if a.column.isNull(row & a.mask) || b.column.isNull(row & b.mask) { return out.appendNull() }
      out.append(fixed: UInt8(holds(Ordering.compare(a.column, row & a.mask, b.column, row & b.mask)) ? 1 : 0))
    }
  }

  private static func nullSafeEqual(_ vectors: [Vector], _ evaluation: Evaluation) throws -> Vector {
    let (a, b) = (vectors[0].compact, vectors[1].compact)
    return try evaluation.build(vectors, to: .boolean) { row, out in
      out.append(fixed: UInt8(Ordering.compare(a.column, row & a.mask, b.column, row & b.mask) == 0 ? 1 : 0))
    }
  }
}
