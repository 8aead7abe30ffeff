import MillColumns

/// A select list under analysis.
struct SelectList {
  let inputCount: Int
  private var expressions: [Expression] = []
  private var columns: [Schema.Column] = []
  private(set) var generator: Generator?
  private var generated: [Schema.Column] = []

  init(inputCount: Int) { self.inputCount = inputCount }

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
      case .call(let kernel, _): Self.safeKernels.contains(kernel.name)
      case .fromJSON(_, let json): json.options.mode == .permissive
      default: true
      }
    return isSafe && children.allSatisfy(\.neverFails)
  }

  /// The same over columns with other numbers.
  func renumbered(_ number: (Int) -> Int) -> Expression {
    var copy = self
    switch node {
    case .constant: break
    case .column(let index): copy.node = .column(number(index))
    case .field(let base, let index): copy.node = .field(base.renumbered(number), index)
    case .elementFields(let base, let index): copy.node = .elementFields(base.renumbered(number), index)
    case .cast(let base, let mode): copy.node = .cast(base.renumbered(number), mode)
    case .and(let a, let b): copy.node = .and(a.renumbered(number), b.renumbered(number))
    case .or(let a, let b): copy.node = .or(a.renumbered(number), b.renumbered(number))
    case .branches(let cases, let otherwise):
      copy.node = .branches(
        cases.map { ($0.when.renumbered(number), $0.then.renumbered(number)) },
        otherwise: otherwise?.renumbered(number))
    case .coalesce(let choices): copy.node = .coalesce(choices.map { $0.renumbered(number) })
    case .call(let kernel, let arguments): copy.node = .call(kernel, arguments.map { $0.renumbered(number) })
    case .fromJSON(let base, let json): copy.node = .fromJSON(base.renumbered(number), json)
    }
    return copy
  }
}
