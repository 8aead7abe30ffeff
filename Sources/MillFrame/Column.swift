/// Spark's Column: an expression over the columns of a DataFrame, without any data.
///
/// It is Spark SQL text underneath, so that SQL and DataFrames give one plan. What is wrong with it is said by the
/// DataFrame method that gets it, with the file and line of the Swift source.
public struct Column: Sendable, CustomStringConvertible {
  /// The expression in SQL, without a name.
  var sql: String
  /// One name; several for generators.
  var names: [String] = []
  /// `ASC NULLS FIRST` and the like.
  var order = ""
  /// For `CASE`: what ``otherwise(_:)`` and further cases are added to.
  var openCase: String?

  init(_ sql: String) { self.sql = sql }

  public var description: String { item }

  /// As an entry of a select list.
  var item: String {
    switch names.count {
    case 0: sql
    case 1: "\(sql) AS \(Text.name(names[0]))"
    default: "\(sql) AS (\(names.map(Text.name).joined(separator: ", ")))"
    }
  }

  // MARK: Names, types, order

  /// - Parameter names: one, or as many as a generator gives columns.
  public func alias(_ names: String...) -> Column {
    var copy = self
    copy.names = names
    return copy
  }

  public func name(_ name: String) -> Column { alias(name) }

  /// - Parameter type: as in SQL: `int`, `decimal(10,2)`, `array<string>`.
  public func cast(_ type: String) -> Column { Column("CAST(\(sql) AS \(type))") }
  public func tryCast(_ type: String) -> Column { Column("TRY_CAST(\(sql) AS \(type))") }

  public func asc() -> Column { ordered("ASC NULLS FIRST") }
  public func desc() -> Column { ordered("DESC NULLS LAST") }
  public func ascNullsFirst() -> Column { ordered("ASC NULLS FIRST") }
  public func ascNullsLast() -> Column { ordered("ASC NULLS LAST") }
  public func descNullsFirst() -> Column { ordered("DESC NULLS FIRST") }
  public func descNullsLast() -> Column { ordered("DESC NULLS LAST") }

  private func ordered(_ order: String) -> Column {
    var copy = self
    copy.order = " \(order)"
    return copy
  }

  // MARK: Conditions

  public func isNull() -> Column { Column("(\(sql) IS NULL)") }
  public func isNotNull() -> Column { Column("(\(sql) IS NOT NULL)") }
  public func isin(_ values: any Operand...) -> Column {
    Column("(\(sql) IN (\(values.map(\.column.sql).joined(separator: ", "))))")
  }
  public func between(_ low: any Operand, _ high: any Operand) -> Column {
    Column("(\(sql) BETWEEN \(low.column.sql) AND \(high.column.sql))")
  }
  public func eqNullSafe(_ other: any Operand) -> Column { binary("<=>", other) }
  public func like(_ pattern: String) -> Column { binary("LIKE", pattern) }
  public func ilike(_ pattern: String) -> Column { binary("ILIKE", pattern) }
  public func rlike(_ pattern: String) -> Column { binary("RLIKE", pattern) }
  public func contains(_ other: any Operand) -> Column { call_function("contains", self, other) }
  public func startsWith(_ other: any Operand) -> Column { call_function("startswith", self, other) }
  public func endsWith(_ other: any Operand) -> Column { call_function("endswith", self, other) }
  public func substr(_ position: any Operand, _ length: any Operand) -> Column {
    call_function("substr", self, position, length)
  }

  // MARK: Parts

  /// An element of an array, from 0, or a value of a map.
  public func getItem(_ key: any Operand) -> Column { Column("\(sql)[\(key.column.sql)]") }

  public func getField(_ name: String) -> Column { Column("\(sql).\(Text.name(name))") }

  /// A further case after ``when(_:_:)``; without one before it there is nothing to add to, and the engine says so.
  public func when(_ condition: Column, _ value: any Operand) -> Column {
    Column(case: "\(openCase ?? sql) WHEN \(condition.sql) THEN \(value.column.sql)")
  }

  public func otherwise(_ value: any Operand) -> Column {
    Column("\(openCase ?? sql) ELSE \(value.column.sql) END")
  }

  init(case text: String) {
    self.init("\(text) END")
    openCase = text
  }

  // MARK: Operators

  private func binary(_ sign: String, _ other: any Operand) -> Column {
    Column("(\(sql) \(sign) \(other.column.sql))")
  }

  public static func == (a: Column, b: any Operand) -> Column { a.binary("=", b) }
  public static func != (a: Column, b: any Operand) -> Column { a.binary("<>", b) }
  public static func < (a: Column, b: any Operand) -> Column { a.binary("<", b) }
  public static func <= (a: Column, b: any Operand) -> Column { a.binary("<=", b) }
  public static func > (a: Column, b: any Operand) -> Column { a.binary(">", b) }
  public static func >= (a: Column, b: any Operand) -> Column { a.binary(">=", b) }
  public static func + (a: Column, b: any Operand) -> Column { a.binary("+", b) }
  public static func - (a: Column, b: any Operand) -> Column { a.binary("-", b) }
  public static func * (a: Column, b: any Operand) -> Column { a.binary("*", b) }
  public static func / (a: Column, b: any Operand) -> Column { a.binary("/", b) }
  public static func % (a: Column, b: any Operand) -> Column { a.binary("%", b) }
  public static func && (a: Column, b: Column) -> Column { a.binary("AND", b) }
  public static func || (a: Column, b: Column) -> Column { a.binary("OR", b) }
  public static prefix func ! (a: Column) -> Column { Column("(NOT \(a.sql))") }
  public static prefix func - (a: Column) -> Column { Column("(- \(a.sql))") }
}

/// A column, or a Swift value that stands for a literal.
public protocol Operand: Sendable {
  var column: Column { get }
}

extension Column: Operand {
  public var column: Column { self }
}
extension Bool: Operand {
  public var column: Column { Column(self ? "TRUE" : "FALSE") }
}
/// INT where it fits, else BIGINT, as a number in SQL text.
extension Int: Operand {
  public var column: Column { Column(self < 0 ? "(\(self))" : "\(self)") }
}
extension Int64: Operand {
  public var column: Column { Column("CAST(\(self) AS BIGINT)") }
}
extension Double: Operand {
  public var column: Column { Column(isFinite ? "CAST('\(self)' AS DOUBLE)" : "double('\(self)')") }
}
extension String: Operand {
  public var column: Column { Column(Text.literal(self)) }
}

/// Names and literals as SQL text.
enum Text {
  static func name(_ name: String) -> String { "`\(name.replacing("`", with: "``"))`" }

  static func literal(_ text: String) -> String {
    var quoted = "'"
    for scalar in text.unicodeScalars {
      switch scalar {
      case "'", "\\": quoted += "\\\(scalar)"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "'"
  }
}
