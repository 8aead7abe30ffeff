import MillBase
import MillColumns

/// The keys of an aggregation: the select list's expressions over the input become columns of its result.
struct GroupKeys {
  var keys: [Expression]
  /// ROLLUP, CUBE, GROUPING SETS: for each set the keys that it has, by number. nil = all keys, always.
  var sets: [[Int]]?
  /// Columns of the input from which on sub-queries' are, and what the first one's number is above the aggregation.
  var subqueries: (base: Int, above: Int)?
}

/// ROLLUP, CUBE and GROUPING SETS: every row is counted once for each set, with null for the keys that it lacks.
extension Analyzer {
  /// The input with a column of the set's number, and the keys as they are in that set, with that number behind them.
  func expanded(_ groups: GroupKeys, _ plan: Plan, at position: SourcePosition) throws -> (Plan, [Expression]) {
    let sets = groups.sets!
    let number = Expression(.column(plan.schema.count), .integer, position)
    let all = sets.indices.map { Value.integer(Int64($0)) }
    let generator = Generator(
      input: .constant(.array(all), .array(.integer), position), isOuter: false, hasPosition: false,
      inlinesFields: false)
    let expanded = Plan.generate(generator, Schema(plan.schema.columns + [.init("grouping set", .integer)]), plan)
    let keys = try groups.keys.enumerated().map { index, key in
      let has = sets.indices.filter { sets[$0].contains(index) }
      if has.count == sets.count { return key }
      return Expression(.branches([(try isOne(of: has, number), key)], otherwise: nil), key.type, key.position)
    }
    return (expanded, keys + [number])
  }

  private func isOne(of sets: [Int], _ number: Expression) throws -> Expression {
    let list = Expression.constant(
      .array(sets.map { .integer(Int64($0)) }), .array(.integer), number.position)
    var call = FunctionCall(
      name: "array_contains", arguments: [list, number], position: number.position, ansi: ansi, file: file)
    return try FunctionLibrary.all["array_contains"]!.build(&call)
  }

  /// grouping(key) and grouping_id(key, …), until they are resolved by the aggregation's keys.
  func groupingCall(_ name: String, _ arguments: [Expression], at position: SourcePosition) throws -> Expression {
    guard allowsGrouping else {
      throw error("\(name) wants GROUP BY with ROLLUP, CUBE or GROUPING SETS", at: position)
    }
    guard name == "grouping_id" || arguments.count == 1 else {
      throw error("grouping takes 1 argument, not \(arguments.count)", at: position)
    }
    let kernel = Kernel(name: name) { _, _ in preconditionFailure("\(name) is resolved before the query runs") }
    return Expression(.call(kernel, arguments), name == "grouping" ? .byte : .long, position)
  }

  /// The value of grouping or grouping_id above the aggregation, by the set's number: a bit for every key, 1 when the
  /// set lacks it.
  func grouping(_ name: String, _ arguments: [Expression], _ groups: GroupKeys, _ position: SourcePosition) throws
    -> Expression
  {
    let keys = try arguments.map { argument in
      guard let index = groups.keys.firstIndex(where: { $0.isSame(as: argument) }) else {
        throw error("\(name) wants keys of GROUP BY", at: argument.position)
      }
      return index
    }
    let bits = keys.isEmpty ? Array(groups.keys.indices) : keys
    let values = groups.sets!.map { set in
      Value.integer(bits.reduce(0) { $0 << 1 | (set.contains($1) ? 0 : 1) })
    }
    let type: DataType = name == "grouping" ? .byte : .long
    let list = Expression.constant(.array(values), .array(type), position)
    let number = Expression(.column(groups.keys.count), .integer, position)
    var call = FunctionCall(name: "get", arguments: [list, number], position: position, ansi: ansi, file: file)
    return try FunctionLibrary.all["get"]!.build(&call)
  }
}
