import MillColumns

/// A select list under analysis.
struct SelectList {
  let inputCount: Int
  private var expressions: [Expression] = []
  private var columns: [Schema.Column] = []
  private(set) var generator: Generator?
  private var generated: [Schema.Column] = []

  init(inputCount: Int) { self.inputCount = inputCount }

  var schema: Schema { Schema(columns) }
  var entries: [Expression] { expressions }

  /// The number of the entry that is the same as the expression; a new entry when there is none.
  mutating func index(of expression: Expression) -> Int {
    if let found = expressions.firstIndex(where: { $0.isSame(as: expression) }) { return found }
    add(expression, "")
    return expressions.count - 1
  }

  /// Runs over every expression: what is left of the input after GROUP BY.
  mutating func rewrite(_ body: (Expression) throws -> Expression) rethrows {
    for index in expressions.indices { expressions[index] = try body(expressions[index]) }
  }

  var aliases: LateralAliases { LateralAliases(expressions: expressions, columns: columns) }

  mutating func add(_ expression: Expression, _ name: String) {
    expressions.append(expression)
    columns.append(.init(name, expression.type))
  }

  mutating func add(_ generator: Generator, _ generated: [Schema.Column], at position: SourcePosition) {
    self.generator = generator
    self.generated = generated
    for (offset, column) in generated.enumerated() {
      add(Expression(.column(inputCount + offset), column.type, position), column.name)
    }
  }

  /// Project, over Generate when there is a generator.
  ///
  /// What stands beside a generator is computed before it, once for a row instead of once for an element; but not
  /// what may fail: rows without elements must not fail.
  func plan(over input: Plan) -> Plan {
    guard let generator else { return .project(expressions, Schema(columns), input) }
    var below = input.schema.columns.enumerated().map { index, column in
      Expression(.column(index), column.type, generator.input.position)
    }
    var names = input.schema.columns
    var above = expressions
    for (index, expression) in expressions.enumerated() where expression.isWorthHoisting(past: inputCount) {
      above[index] = Expression(.column(below.count), expression.type, expression.position)
      below.append(expression)
      names.append(columns[index])
    }
    let shift = below.count - inputCount
    if shift > 0 {
      // The generated columns come after the hoisted ones now.
      above = above.enumerated().map { index, expression in
        expressions[index].isWorthHoisting(past: inputCount)
          ? expression : expression.renumbered { $0 < inputCount ? $0 : $0 + shift }
      }
    }
    let plan = shift > 0 ? Plan.project(below, Schema(names), input) : input
    return .project(above, Schema(columns), .generate(generator, Schema(names + generated), plan))
  }
}

/// Aliases from earlier in the same select list, which later entries may name (Spark's lateral column aliases).
struct LateralAliases {
  /// ORDER BY and HAVING look at the select list before the input's columns.
  var comeFirst = false
  var expressions: [Expression] = []
  var columns: [Schema.Column] = []

  func expression(_ name: String) -> Expression? {
    let found = columns.indices.filter { columns[$0].name.lowercased() == name.lowercased() }
    return found.count == 1 ? expressions[found[0]] : nil
  }
}

extension Expression {
  /// Is it more than a column, can't fail, and uses nothing but the first `inputCount` columns?
  fileprivate func isWorthHoisting(past inputCount: Int) -> Bool {
    switch node {
    case .column, .constant: false
    default: neverFails && usesOnly(before: inputCount)
    }
  }

  private func usesOnly(before count: Int) -> Bool {
    if case .column(let index) = node { return index < count }
    return children.allSatisfy { $0.usesOnly(before: count) }
  }

  private static let safeKernels: Set<String> = [
    "get", "isnull", "not", "concat", "concat_ws", "upper", "lower", "trim", "ltrim", "rtrim", "length", "size",
    "named_struct", "struct", "replace", "try_element_at", "=", "<=>", "<>", "<", "<=", ">", ">=",
  ]

  private var neverFails: Bool {
    let isSafe =
      switch node {
      case .cast(_, let mode): mode == .attempt || type == .string
      case .higherOrder: false
      case .call(let kernel, _): Self.safeKernels.contains(kernel.name)
      case .fromJSON(_, let json): json.options.mode == .permissive
      default: true
      }
    return isSafe && children.allSatisfy(\.neverFails)
  }

  /// The same over columns with other numbers.
  func renumbered(_ number: (Int) -> Int) -> Expression {
    rewritten { expression in
      guard case .column(let index) = expression.node else { return nil }
      var copy = expression
      copy.node = .column(number(index))
      return copy
    }
  }
}
