import MillColumns

/// An expression whose names and types are known.
struct Expression: Sendable {
  indirect enum Node: Sendable {
    /// One row, the same for all.
    case constant(Column)
    /// A column of the input.
    case column(Int)
    /// A field of a struct.
    case field(Expression, Int)
    /// A field of every struct in an array: `array<struct<a>>.a` is `array<a>`.
    case elementFields(Expression, Int)
    case cast(Expression, CastMode)
    case and(Expression, Expression)
    case or(Expression, Expression)
    /// The first branch whose condition is true.
    case branches([(when: Expression, then: Expression)], otherwise: Expression?)
    case coalesce([Expression])
    case call(Kernel, [Expression])
    case fromJSON(Expression, FromJSON)
    /// A column of the query around a sub-query; only while the sub-query is analysed.
    case outer(Int)
    /// The result of a window function; only while a select list is analysed.
    case window(Int)
    /// A variable of a lambda around it.
    case variable(Int)
    case higherOrder(HigherOrder, [Expression], bodies: [Expression])
    /// The result of an aggregate call; only while a select list with aggregates is analysed.
    case aggregate(Int)
  }
  var node: Node
  var type: DataType
  var position: SourcePosition

  init(_ node: Node, _ type: DataType, _ position: SourcePosition) {
    self.node = node
    self.type = type
    self.position = position
  }

  static func constant(_ value: Value, _ type: DataType, _ position: SourcePosition) -> Expression {
    Expression(.constant(Column(type, [value])), type, position)
  }

  /// The value, when the expression is a plain constant.
  var constantValue: Value? { if case .constant(let column) = node { column.value(0) } else { nil } }

  var children: [Expression] {
    switch node {
    case .constant, .column, .aggregate, .variable, .outer, .window: []
    case .field(let base, _), .elementFields(let base, _), .cast(let base, _), .fromJSON(let base, _): [base]
    case .and(let a, let b), .or(let a, let b): [a, b]
    case .branches(let cases, let otherwise): cases.flatMap { [$0.when, $0.then] } + (otherwise.map { [$0] } ?? [])
    case .coalesce(let choices): choices
    case .call(_, let arguments): arguments
    case .higherOrder(_, let arguments, let bodies): arguments + bodies
    }
  }
}

/// What happens when a value does not fit the target type.
enum CastMode: Sendable, Hashable {
  /// An error that stops the query (spark.sql.ansi.enabled = true).
  case ansi
  /// Spark's older rules: null, or wrapped, or cut.
  case legacy
  /// NULL (try_cast).
  case attempt
}

/// What from_json needs to know besides its input.
struct FromJSON: Sendable {
  /// Number of the call in its query: lanes keep a reader for each.
  var id: Int
  var schema: DataType
  var options: JSONOptions
}

/// A function over whole columns.
struct Kernel: Sendable {
  let name: String
  /// Columns in (all of them with the same number of rows, or constant) → column out.
  let evaluate: @Sendable ([Vector], Evaluation) throws -> Vector

  /// In which order arguments are computed, up to the first null.
  enum NullOrder: Sendable {
    case fromLeft
    case fromRight
    /// All of them, nulls or not.
    case none
  }

  /// Measured on Spark: `1 / 0 / NULL` is NULL, `NULL <=> 1 / 0` fails.
  var nullOrder: NullOrder {
    switch name {
    case "/", "%", "DIV", "div", "mod", "pmod", "try_divide", "try_mod", "trunc", "array_repeat": .fromRight
    case "<=>", "equal_null", "greatest", "least", "concat", "||", "concat_ws", "map_concat", "arrays_zip",
      "format_string", "printf", "array", "struct", "named_struct", "map", "hash", "xxhash64", "decode":
      .none
    default: .fromLeft
    }
  }
}
