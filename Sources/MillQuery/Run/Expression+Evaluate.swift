import MillBase
import MillColumns

extension Expression {
  /// The values for all rows of the frame.
  ///
  /// - Throws: `RowFailure`: a value that can't be computed, in a row that counts.
  func evaluate(_ evaluation: Evaluation) throws -> Vector {
    switch node {
    case .constant(let column): return Vector(constant: column, count: evaluation.count)
    case .column(let index):
      guard let vector = evaluation.frame.columns[index] else { preconditionFailure("column \(index) was pruned") }
      return vector
    case .variable(let number):
      guard let vector = evaluation.variables[number] else { preconditionFailure("variable \(number) has no value") }
      return vector
    case .higherOrder(let function, let arguments, let bodies):
      let vectors = try values(of: arguments, order: .fromLeft, evaluation)
      let lambdas = Lambdas(bodies: bodies, variables: function.variables, evaluation: evaluation)
      return try located { try function.evaluate(vectors, lambdas) }
    case .outer: preconditionFailure("a column of another query")
    case .window: preconditionFailure("a window function outside of its operator")
    case .aggregate: preconditionFailure("an aggregate outside of its operator")
    case .field(let base, let index): return try base.evaluate(evaluation).mapColumn { $0.field(index) }
    case .elementFields(let base, let index):
      return try base.evaluate(evaluation).mapColumn { array in
        let field = array.children[0].field(index)
        return Column(
          .array(field.type), count: array.count, validity: array.validity, offsets: array.offsets, children: [field])
      }
    case .cast(let base, let mode):
      let input = try base.evaluate(evaluation)
      return try located { try Cast.apply(input, to: type, mode: mode, evaluation) }
    case .and(let left, let right): return try logic(left, right, decides: false, evaluation)
    case .or(let left, let right): return try logic(left, right, decides: true, evaluation)
    case .branches(let cases, let otherwise): return try branches(cases, otherwise, evaluation)
    case .coalesce(let choices): return try coalesce(choices, evaluation)
    case .call(let kernel, let arguments):
      let vectors = try values(of: arguments, order: kernel.nullOrder, evaluation)
      return try located { try kernel.evaluate(vectors, evaluation) }
    case .fromJSON(let base, let json):
      let input = try base.evaluate(evaluation)
      return try located { try evaluation.lane.read(input, json, evaluation) }
    }
  }

  /// The arguments of a call. A null argument makes the result null before Spark looks at the next one, so that one does
  /// not count in those rows. Only when there is a failure does that make a difference.
  private func values(
    of arguments: [Expression], order: Kernel.NullOrder, _ evaluation: Evaluation
  ) throws -> [Vector] {
    do { return try arguments.map { try $0.evaluate(evaluation) } } catch let failure as RowFailure {
      guard arguments.count > 1, order != .none else { throw failure }
      var vectors = [Vector?](repeating: nil, count: arguments.count)
      var rest = evaluation
      for index in order == .fromRight ? Array(arguments.indices.reversed()) : Array(arguments.indices) {
        let vector = try arguments[index].evaluate(rest)
        let (column, mask) = vector.compact
        rest = rest.narrowed { !column.isNull($0 & mask) }
        vectors[index] = vector
      }
      return vectors.map { $0! }
    }
  }

  /// Adds the expression's place to a failure that has none.
  private func located(_ body: () throws -> Vector) throws -> Vector {
    do { return try body() } catch let failure as RowFailure where failure.position == nil {
      throw RowFailure(failure: failure.failure, row: failure.row, position: position)
    }
  }

  /// AND and OR with three values. The right side only counts where the left one does not decide.
  private func logic(
    _ left: Expression, _ right: Expression, decides: Bool, _ evaluation: Evaluation
  ) throws -> Vector {
    let a = try left.evaluate(evaluation)
    let (x, y): (Argument<Bool>, Argument<Bool>)
    x = a.booleans
    let rest = evaluation.narrowed { x.isNull($0) || x[$0] != decides }
    let b = try right.evaluate(rest)
    y = b.booleans
    return try evaluation.build([a, b], to: .boolean) { row, out in
      if (!x.isNull(row) && x[row] == decides) || (!y.isNull(row) && y[row] == decides) {
        out.append(fixed: UInt8(decides ? 1 : 0))
      } else if x.isNull(row) || y.isNull(row) {
        out.appendNull()
      } else {
        out.append(fixed: UInt8(decides ? 0 : 1))
      }
    }
  }

  private func branches(
    _ cases: [(when: Expression, then: Expression)], _ otherwise: Expression?, _ evaluation: Evaluation
  ) throws -> Vector {
    var choice = [Int](repeating: -1, count: evaluation.count)
    for (number, branch) in cases.enumerated() {
      let open = evaluation.narrowed { choice[$0] < 0 }
      let condition = try branch.when.evaluate(open).booleans
      for row in choice.indices where choice[row] < 0 && !condition.isNull(row) && condition[row] {
        choice[row] = number
      }
    }
    var results = cases.map(\.then)
    if let otherwise {
      for row in choice.indices where choice[row] < 0 { choice[row] = results.count }
      results.append(otherwise)
    }
    return try pick(results, choice, evaluation)
  }

  private func coalesce(_ choices: [Expression], _ evaluation: Evaluation) throws -> Vector {
    var choice = [Int](repeating: -1, count: evaluation.count)
    var vectors: [Vector] = []
    for (number, expression) in choices.enumerated() {
      let vector = try expression.evaluate(evaluation.narrowed { choice[$0] < 0 })
      let (column, mask) = vector.compact
      for row in choice.indices where choice[row] < 0 && !column.isNull(row & mask) { choice[row] = number }
      vectors.append(vector)
      if !choice.contains(-1) { break }
    }
    return assemble(vectors, choice)
  }

  /// For every row the chosen expression's value; −1 gives null.
  private func pick(_ results: [Expression], _ choice: [Int], _ evaluation: Evaluation) throws -> Vector {
    let vectors = try results.enumerated().map { number, result in
      try result.evaluate(evaluation.narrowed { choice[$0] == number })
    }
    return assemble(vectors, choice)
  }

  private func assemble(_ vectors: [Vector], _ choice: [Int]) -> Vector {
    if let first = choice.first, first >= 0, choice.allSatisfy({ $0 == first }) { return vectors[first] }
    let parts = vectors.map(\.compact)
    var starts: [Int] = []
    var total = 0
    for part in parts {
      starts.append(total)
      total += part.column.count
    }
    let indices = choice.enumerated().map { row, number in
      number < 0 ? -1 : Int32(starts[number] + row & parts[number].mask)
    }
    return Vector(Column.concatenate(parts.map(\.column), type: type).take(indices))
  }
}

extension Vector {
  /// The same for a column and for a constant's one row.
  func mapColumn(_ body: (Column) -> Column) -> Vector {
    if case .constant(let column) = storage { return Vector(constant: body(column), count: count) }
    return Vector(body(column))
  }
}

extension Column {
  /// A field of a struct: null where the struct is.
  func field(_ index: Int) -> Column {
    let child = children[index]
    guard let validity, child.type != .null else { return child }
    return Column(
      child.type, count: child.count, validity: Validity.and(validity, child.validity, rows: count),
      values: child.values, offsets: child.offsets, children: child.children)
  }
}
