import MillColumns

/// An expression as it was written, before names and types are known.
struct Syntax: Sendable {
  indirect enum Kind: Sendable {
    case literal(Literal)
    /// `a`, `t.a`, `a.b.c`: which part is a view, a column, a field is for the analysis to say.
    case name([String])
    /// `*`, `t.*`, `struct_column.*`
    case star([String])
    /// `* EXCEPT (a, b)`
    case starExcept([String], [String])
    /// A field of something that is not a name: `f(x).y`
    case field(Syntax, String)
    /// `a[i]`
    case index(Syntax, Syntax)
    case call(String, [Syntax])
    /// An aggregate function with more than arguments: `count(DISTINCT x)`, `sum(x) FILTER (WHERE …)`.
    case aggregate(String, [Syntax], AggregateModifiers)
    /// `x -> x + 1`, `(x, y) -> x + y`, as an argument.
    case lambda([String], Syntax)
    /// A call with OVER.
    case window(Syntax, WindowSpec)
    /// `x AS name` as an argument of struct().
    case named(Syntax, String)
    case cast(Syntax, DataType, isTry: Bool)
    case not(Syntax)
    case negative(Syntax)
    case binary(String, Syntax, Syntax)
    case isNull(Syntax, negated: Bool)
    case isBoolean(Syntax, Bool, negated: Bool)
    case between(Syntax, Syntax, Syntax, negated: Bool)
    case oneOf(Syntax, [Syntax], negated: Bool)
    case like(Syntax, Syntax, escape: Character, ignoresCase: Bool, negated: Bool)
    case rlike(Syntax, Syntax, negated: Bool)
    /// `(SELECT max(x) FROM t)`: one value.
    case scalarQuery(Query)
    case existsQuery(Query)
    case inQuery(Syntax, Query, negated: Bool)
    case branches(operand: Syntax?, [(when: Syntax, then: Syntax)], otherwise: Syntax?)
  }
  var kind: Kind
  var position: SourcePosition
}

struct AggregateModifiers: Sendable {
  var isDistinct = false
  var ignoresNulls = false
  var filter: Syntax?
  /// WITHIN GROUP (ORDER BY …)
  var within: OrderItem?
}

enum Literal: Sendable, Hashable {
  case null
  case boolean(Bool)
  case byte(Int8)
  case short(Int16)
  case integer(Int32)
  case long(Int64)
  case float(Float)
  case double(Double)
  case decimal(unscaled: Int128, precision: Int, scale: Int)
  case string(String)
  case binary([UInt8])
  /// Days since 1970-01-01.
  case date(Int32)
  /// Microseconds since 1970-01-01T00:00:00Z.
  case timestamp(Int64)
  /// The same on the session's clock, for a text without a zone.
  case localTimestamp(Int64)
  /// Months or microseconds, and the type.
  case interval(Int64, DataType)
}

/// One entry of a SELECT list.
struct SelectItem: Sendable {
  var expression: Syntax
  /// One name, or several for generators: `posexplode(x) AS (pos, value)`.
  var aliases: [String]
}

/// `LATERAL VIEW [OUTER] explode(x) t AS c`
struct LateralView: Sendable {
  var generator: Syntax
  var isOuter: Bool
  var viewName: String
  var aliases: [String]
  var position: SourcePosition
}

indirect enum Relation: Sendable {
  case view(name: String, alias: String?, position: SourcePosition)
  case subquery(Query, alias: String?, columns: [String], position: SourcePosition)
  /// `VALUES (1, 'a'), (2, 'b') AS t(x, y)`
  case values([[Syntax]], alias: String?, columns: [String], position: SourcePosition)
  /// `range(5)`, `explode(array(1, 2)) AS t(x)`
  case function(String, [Syntax], alias: String?, columns: [String], position: SourcePosition)
  /// LATERAL: may name columns of what stands before it.
  case lateral(Relation)
  /// STREAM view
  case stream(Relation, position: SourcePosition)
  case join(JoinKind, Relation, Relation, JoinCondition, position: SourcePosition)
  case watermarked(Relation, WatermarkClause)
  case deduplicated(Relation, DeduplicateClause)
}

enum JoinKind: String, Sendable {
  case inner = "Inner"
  case left = "LeftOuter"
  case right = "RightOuter"
  case full = "FullOuter"
  /// Rows of the left side that have a partner, and those that have none.
  case semi = "LeftSemi"
  case anti = "LeftAnti"
  /// All rows of the left side, and whether each has a partner; for IN and EXISTS. Not written by anyone.
  case mark = "Existence"
}

enum JoinCondition: Sendable {
  /// CROSS JOIN, a comma, or no condition.
  case none
  case on(Syntax)
  case using([String])
  /// The columns that both sides have.
  case natural
}

enum Grouping: Sendable {
  case none
  case expressions([Syntax])
  /// ROLLUP, CUBE, GROUPING SETS: the keys of each set.
  case sets([[Syntax]])
  /// GROUP BY ALL: every select item without an aggregate function.
  case all
}

/// `x DESC NULLS LAST`
struct OrderItem: Sendable {
  var expression: Syntax
  var isDescending: Bool
  var nullsFirst: Bool
}

struct Select: Sendable {
  var isDistinct = false
  var items: [SelectItem]
  var from: Relation?
  var lateralViews: [LateralView]
  var filter: Syntax?
  var grouping = Grouping.none
  var having: Syntax?
  /// The WINDOW clause, by lower-case name.
  var windows: [String: WindowSpec] = [:]
  var position: SourcePosition
}

enum SetOperation: String, Sendable {
  case union = "UNION"
  case intersect = "INTERSECT"
  case except = "EXCEPT"
}

/// WITH …, then one or more selects joined by UNION, INTERSECT or EXCEPT, ORDER BY, LIMIT.
struct Query: Sendable {
  struct Named: Sendable {
    var name: String
    var columns: [String]
    var query: Query
    var position: SourcePosition
  }
  indirect enum Body: Sendable {
    case select(Select)
    case nested(Query)
    case values([[Syntax]], alias: String?, columns: [String], position: SourcePosition)
    case set(SetOperation, Body, Body, isAll: Bool, position: SourcePosition)
  }
  var with: [Named]
  var body: Body
  var order: [OrderItem] = []
  var limit: Syntax?
  var offset: Syntax?
  var position: SourcePosition
}

struct Statement: Sendable {
  struct Option: Sendable {
    var key: String
    var value: String
    var position: SourcePosition
  }
  enum Kind: Sendable {
    /// CREATE TEMPORARY VIEW name USING format OPTIONS (…)
    case createSource(name: String, format: String, schema: Schema?, options: [Option], replaces: Bool)
    /// CREATE TEMPORARY VIEW name AS SELECT …
    case createView(name: String, columns: [String], Query, replaces: Bool)
    /// SET key = value
    case set(key: String, value: String)
    case query(Query)
    case dropView(String, ifExists: Bool)
    case explain(Query)
    case showTables(viewsOnly: Bool)
    case showColumns(String, at: SourcePosition)
    /// DESCRIBE of a view or a table.
    case describe(String, at: SourcePosition)
    case describeQuery(Query)
  }
  var kind: Kind
  var position: SourcePosition
}
