// Spark's functions (org.apache.spark.sql.functions), by their names there. Every function of docs/functions.md can be
// called with `call_function` and, as SQL text, with `expr`; those that streaming jobs use have names here.

/// A column by its name: `a`, `t.a`, `a.b.c`, ``a.`b c` ``, `*`, `a.*`.
public func col(_ name: String) -> Column { Column(name) }
public func column(_ name: String) -> Column { Column(name) }

/// A literal.
public func lit(_ value: any Operand) -> Column { value.column }

/// An expression as SQL text, with its name if it has one: `expr("CAST(value AS STRING) AS v")`.
public func expr(_ text: String) -> Column { Column(text) }

/// Any function of docs/functions.md by its name.
public func call_function(_ name: String, _ arguments: any Operand...) -> Column { call(name, arguments) }

private func call(_ name: String, _ arguments: [any Operand]) -> Column {
  Column("\(name)(\(arguments.map(\.column.sql).joined(separator: ", ")))")
}

// MARK: JSON

/// - Parameters:
///   - schema: `a INT, b ARRAY<STRING>`, or a type.
///   - options: of Spark's JSON source, like `mode`.
public func from_json(_ column: Column, _ schema: String, _ options: [String: String] = [:]) -> Column {
  guard !options.isEmpty else { return call("from_json", [column, schema]) }
  let pairs = options.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] as [any Operand] }
  return call("from_json", [column, schema, call("map", pairs)])
}

public func from_json(_ column: Column, _ schema: StructType, _ options: [String: String] = [:]) -> Column {
  from_json(column, schema.ddl, options)
}

public func to_json(_ column: Column) -> Column { call("to_json", [column]) }
public func get_json_object(_ column: Column, _ path: String) -> Column { call("get_json_object", [column, path]) }

// MARK: Generators

public func explode(_ column: Column) -> Column { call("explode", [column]) }
public func explode_outer(_ column: Column) -> Column { call("explode_outer", [column]) }
public func posexplode(_ column: Column) -> Column { call("posexplode", [column]) }
public func posexplode_outer(_ column: Column) -> Column { call("posexplode_outer", [column]) }
public func inline(_ column: Column) -> Column { call("inline", [column]) }

// MARK: Conditions, structures

/// Cases, one after the other: `when(a > 1, "many").otherwise("few")`.
public func when(_ condition: Column, _ value: any Operand) -> Column {
  Column(case: "CASE WHEN \(condition.sql) THEN \(value.column.sql)")
}

public func coalesce(_ columns: Column...) -> Column { call("coalesce", columns) }
/// A struct; its fields have the columns' names.
public func `struct`(_ columns: Column...) -> Column {
  Column("struct(\(columns.map(\.item).joined(separator: ", ")))")
}
public func array(_ columns: Column...) -> Column { call("array", columns) }
public func size(_ column: Column) -> Column { call("size", [column]) }

// MARK: Text

public func concat(_ columns: any Operand...) -> Column { call("concat", columns) }
public func concat_ws(_ separator: String, _ columns: Column...) -> Column { call("concat_ws", [separator] + columns) }
public func lower(_ column: Column) -> Column { call("lower", [column]) }
public func upper(_ column: Column) -> Column { call("upper", [column]) }
public func trim(_ column: Column) -> Column { call("trim", [column]) }
public func length(_ column: Column) -> Column { call("length", [column]) }
public func split(_ column: Column, _ pattern: String) -> Column { call("split", [column, pattern]) }
public func regexp_extract(_ column: Column, _ pattern: String, _ group: Int) -> Column {
  call("regexp_extract", [column, pattern, group])
}
public func regexp_replace(_ column: Column, _ pattern: String, _ by: String) -> Column {
  call("regexp_replace", [column, pattern, by])
}

// MARK: Time

public func current_timestamp() -> Column { call("current_timestamp", []) }
public func to_timestamp(_ column: Column) -> Column { call("to_timestamp", [column]) }
public func to_timestamp(_ column: Column, _ pattern: String) -> Column { call("to_timestamp", [column, pattern]) }
public func to_date(_ column: Column) -> Column { call("to_date", [column]) }
public func date_format(_ column: Column, _ pattern: String) -> Column { call("date_format", [column, pattern]) }
public func date_trunc(_ unit: String, _ column: Column) -> Column { call("date_trunc", [unit, column]) }
public func year(_ column: Column) -> Column { call("year", [column]) }

/// Windows of event time: a struct of `start` and `end`.
///
/// - Parameters:
///   - duration: `10 minutes`.
///   - slide: how far apart windows begin; nil = one behind the other.
public func window(_ time: Column, _ duration: String, _ slide: String? = nil) -> Column {
  call("window", [time, duration] + (slide.map { [$0] } ?? []))
}

// MARK: Aggregates

public func count(_ column: Column) -> Column { call("count", [column]) }
public func countDistinct(_ column: Column, _ others: Column...) -> Column {
  Column("count(DISTINCT \(([column] + others).map(\.sql).joined(separator: ", ")))")
}
public func sum(_ column: Column) -> Column { call("sum", [column]) }
public func avg(_ column: Column) -> Column { call("avg", [column]) }
public func min(_ column: Column) -> Column { call("min", [column]) }
public func max(_ column: Column) -> Column { call("max", [column]) }
public func first(_ column: Column) -> Column { call("first", [column]) }
public func last(_ column: Column) -> Column { call("last", [column]) }
public func collect_list(_ column: Column) -> Column { call("collect_list", [column]) }
public func collect_set(_ column: Column) -> Column { call("collect_set", [column]) }
