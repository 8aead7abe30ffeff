import MillColumns

/// A function that takes lambdas: transform, filter, aggregate …
struct HigherOrder: Sendable {
  let name: String
  /// For each lambda the numbers of its variables (``Expression/Node/variable(_:)``).
  let variables: [[Int]]
  let evaluate: @Sendable (_ arguments: [Vector], _ lambdas: Lambdas) throws -> Vector
}

/// The lambdas of a call, ready to run over elements of the outer rows.
struct Lambdas {
  let bodies: [Expression]
  let variables: [[Int]]
  let evaluation: Evaluation

  /// The lambda's values.
  ///
  /// - Parameters:
  ///   - parents: the outer row of each inner one.
  ///   - values: the variables' columns, with a row for each inner row; those that the lambda does not name may be there.
  func evaluate(_ number: Int, parents: [Int32], _ values: [Column]) throws -> Column {
    let body = bodies[number]
    if parents.isEmpty { return Column(body.type, []) }
    let used = body.used
    let columns = evaluation.frame.columns.enumerated().map { index, vector in
      used.columns.contains(index) ? vector?.take(parents) : nil
    }
    let outer = evaluation.frame
    var inner = Evaluation(
      frame: Frame(columns: columns, count: parents.count, slot: { outer.slot(Int(parents[$0])) }),
      active: evaluation.active.map { active in parents.map { active[Int($0)] } }, lane: evaluation.lane)
    for (number, vector) in evaluation.variables where used.variables.contains(number) {
      inner.variables[number] = vector.take(parents)
    }
    for (number, column) in zip(variables[number], values) { inner.variables[number] = Vector(column) }
    do { return try body.evaluate(inner).column } catch let failure as RowFailure where failure.row >= 0 {
      throw RowFailure(failure: failure.failure, row: Int(parents[failure.row]), position: failure.position)
    }
  }
}

extension Expression {
  /// Columns and lambda variables that it reads.
  var used: (columns: Set<Int>, variables: Set<Int>) {
    var (columns, variables): (Set<Int>, Set<Int>) = ([], [])
    func add(_ expression: Expression) {
      switch expression.node {
      case .column(let index): columns.insert(index)
      case .variable(let number): variables.insert(number)
      default: for child in expression.children { add(child) }
      }
    }
    add(self)
    return (columns, variables)
  }
}
