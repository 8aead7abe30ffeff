import MillBase
import MillColumns

/// UNION, INTERSECT, EXCEPT.
extension Analyzer {
  mutating func plan(_ body: Query.Body) throws -> Plan {
    switch body {
    case .select(let select): return try plan(select, order: [])
    case .nested(let inner): return try plan(inner)
    case .values(let rows, let alias, let columns, let position):
      return try relation(.values(rows, alias: alias, columns: columns, position: position)).0
    case .set(.union, _, _, isAll: true, let position):
      return try union(unionParts(body), at: position)
    case .set(.union, let left, let right, isAll: false, let position):
      return try distinct(union([plan(left), plan(right)], "UNION", at: position), at: position)
    case .set(let operation, let left, let right, let isAll, let position):
      let sides = try aligned([plan(left), plan(right)], operation.rawValue, at: position)
      return try isAll
        ? counted(operation, sides, at: position) : compared(operation, sides, at: position)
    }
  }

  /// The parts of a chain of UNION ALL, in order.
  private mutating func unionParts(_ body: Query.Body) throws -> [Plan] {
    guard case .set(.union, let left, let right, isAll: true, _) = body else { return [try plan(body)] }
    return try unionParts(left) + [plan(right)]
  }

  /// Rows of the left side that have, or have not, an equal one on the right, each once; null is equal to null.
  private func compared(_ operation: SetOperation, _ sides: [Plan], at position: SourcePosition) throws -> Plan {
    let columns = picks(sides[0], at: position)
    for column in columns where column.type.containsMap {
      throw error("\(operation.rawValue) over \(column.type.sql) is not possible", at: position)
    }
    let keys = columns.map { Join.Key(left: $0, right: $0, isNullSafe: true) }
    let join = Join(kind: operation == .intersect ? .semi : .anti, keys: keys, condition: nil)
    return try distinct(.join(join, position, sides[0], sides[1]), at: position)
  }

  /// INTERSECT ALL and EXCEPT ALL: rows come as often as both have them, or as the left side has more of them.
  private func counted(_ operation: SetOperation, _ sides: [Plan], at position: SourcePosition) throws -> Plan {
    let columns = picks(sides[0], at: position)
    func constant(_ number: Int64) -> Expression { .constant(.integer(number), .long, position) }
    func call(_ name: String, _ arguments: [Expression]) -> FunctionCall {
      FunctionCall(name: name, arguments: arguments, position: position, ansi: ansi, file: file)
    }
    let tagged = Schema(sides[0].schema.columns + [.init("left", .long), .init("right", .long)])
    let both = Plan.unionAll([
      .project(columns + [constant(1), constant(0)], tagged, sides[0]),
      .project(columns + [constant(0), constant(1)], tagged, sides[1]),
    ])
    var sums: [AggregateCall] = []
    for side in 0..<2 {
      var sum = call("sum", [Expression(.column(columns.count + side), .long, position)])
      sums.append(try AggregateLibrary.build(&sum, AggregateModifiers()))
    }
    for column in columns where column.type.containsMap {
      throw error("\(operation.rawValue) over \(column.type.sql) is not possible", at: position)
    }
    let groups = Plan.aggregate(columns, sums, tagged, both)
    let (left, right) = (
      Expression(.column(columns.count), .long, position), Expression(.column(columns.count + 1), .long, position)
    )
    var times: Expression
    if operation == .except {
      times = try Arithmetic.subtract.expression(call("-", [left, right]))
    } else {
      var least = call("least", [left, right])
      times = try FunctionLibrary.all["least"]!.build(&least)
    }
    var none = call("greatest", [times, constant(0)])
    times = try FunctionLibrary.all["greatest"]!.build(&none)
    var copies = call("array_repeat", [constant(1), times])
    let generator = Generator(
      input: try FunctionLibrary.all["array_repeat"]!.build(&copies), isOuter: false, hasPosition: false,
      inlinesFields: false)
    let rows = Plan.generate(generator, Schema(tagged.columns + [.init("copy", .long)]), groups)
    return .project(columns, sides[0].schema, rows)
  }

  private func picks(_ plan: Plan, at position: SourcePosition) -> [Expression] {
    plan.schema.columns.enumerated().map { Expression(.column($0.offset), $0.element.type, position) }
  }

  func union(_ plans: [Plan], _ what: String = "UNION ALL", at position: SourcePosition) throws -> Plan {
    .unionAll(try aligned(plans, what, at: position))
  }

  /// The plans with names of the first, types in common.
  func aligned(_ plans: [Plan], _ what: String, at position: SourcePosition) throws -> [Plan] {
    let first = plans[0].schema
    var columns: [Schema.Column] = []
    for plan in plans where plan.schema.count != first.count {
      throw error(
        "\(what) joins \(first.count) columns with \(plan.schema.count)", at: position,
        wayOut: "give both sides the same columns")
    }
    for index in first.columns.indices {
      let types = plans.map { $0.schema.columns[index].type }
      guard let type = TypeCoercion(ansi: ansi).common(types) else {
        let list = types.map(\.sql).joined(separator: ", ")
        throw error("column \(index + 1) of \(what) has no type in common: \(list)", at: position)
      }
      columns.append(.init(first.columns[index].name, type))
    }
    let mode: CastMode = ansi ? .ansi : .legacy
    return plans.map { plan in
      if plan.schema == Schema(columns) { return plan }
      let picks = columns.enumerated().map { index, column in
        let pick = Expression(.column(index), plan.schema.columns[index].type, position)
        return pick.type == column.type ? pick : Expression(.cast(pick, mode), column.type, position)
      }
      return .project(picks, Schema(columns), plan)
    }
  }
}
