import MillBase
import MillColumns
import MillQuery

/// Spark's DataFrame: a query that has not run yet. Methods give new ones; actions (``collect()``, ``show(_:truncate:)``,
/// ``writeStream``) run it.
///
/// It is a Spark SQL script underneath (``sql``), which can be run elsewhere as it is. Every method looks at once whether
/// what it gets can be: the first thing that can't is thrown by the action, with the Swift file and line where it stands.
public struct DataFrame: Sendable {
  let session: SparkSession
  /// Views that the query reads, with their definitions, in order.
  var views: [(name: String, definition: String)]
  /// SELECT …
  var query: String
  /// What is wrong, from the method that brought it in.
  var problem: MillError?
  /// The alias of ``alias(_:)``.
  var name: String?
  /// A join's FROM: the method after it may name columns by the sides' aliases.
  var joined: String?
  let isStreaming: Bool

  init(
    session: SparkSession, views: [(name: String, definition: String)], query: String, isStreaming: Bool,
    from place: SourcePlace?
  ) {
    self.session = session
    self.views = views
    self.query = query
    self.isStreaming = isStreaming
    guard let place else { return }
    do { _ = try session.compile(script) } catch let error as MillError {
      problem = place.error(error)
    } catch {
      problem = place.error(MillError(.configuration, "\(error)"))
    }
  }

  /// Views and query as one script, in Spark SQL.
  public var sql: String { script }

  var script: String { views.map { "\($0.definition);\n" }.joined() + query }

  func compiled() throws -> CompiledQuery {
    if let problem { throw problem }
    return try session.compile(script)
  }

  /// The query as a relation.
  private var relation: String { name == nil ? joined ?? inner("df") : inner("df") }

  private func inner(_ standard: String) -> String { "(\(query)) AS \(Text.name(name ?? standard))" }

  func derived(_ query: String, _ place: SourcePlace) -> DataFrame {
    var next = DataFrame(
      session: session, views: views, query: query, isStreaming: isStreaming, from: problem == nil ? place : nil)
    next.problem = problem ?? next.problem
    return next
  }

  private func combined(_ other: DataFrame, _ query: String, _ place: SourcePlace) -> DataFrame {
    let known = Set(views.map(\.name))
    let first = problem ?? other.problem
    var next = DataFrame(
      session: session, views: views + other.views.filter { !known.contains($0.name) }, query: query,
      isStreaming: isStreaming || other.isStreaming, from: first == nil ? place : nil)
    next.problem = first ?? next.problem
    return next
  }

  // MARK: Columns

  public func select(_ columns: Column..., file: String = #fileID, line: Int = #line) -> DataFrame {
    selecting(columns.map(\.item), .init(file, line))
  }

  /// - Parameter columns: names: `a`, `a.b`, `a.*`, `*`.
  public func select(_ columns: String..., file: String = #fileID, line: Int = #line) -> DataFrame {
    selecting(columns, .init(file, line))
  }

  /// - Parameter expressions: SQL: `CAST(value AS STRING) AS v`.
  public func selectExpr(_ expressions: String..., file: String = #fileID, line: Int = #line) -> DataFrame {
    selecting(expressions, .init(file, line))
  }

  private func selecting(_ items: [String], _ place: SourcePlace) -> DataFrame {
    derived("SELECT \(items.joined(separator: ", ")) FROM \(relation)", place)
  }

  /// Adds a column, or replaces the one with this name.
  public func withColumn(
    _ name: String, _ column: Column, file: String = #fileID, line: Int = #line
  ) -> DataFrame {
    let added = column.alias(name).item
    let names = (try? columns) ?? []
    let isThere = names.contains { $0.lowercased() == name.lowercased() }
    let kept = names.map { $0.lowercased() == name.lowercased() ? added : Text.name($0) }
    return selecting(isThere ? kept : ["*", added], .init(file, line))
  }

  /// Nothing happens when there is no such column.
  public func withColumnRenamed(
    _ name: String, _ new: String, file: String = #fileID, line: Int = #line
  ) -> DataFrame {
    let items = ((try? columns) ?? []).map { column in
      Text.name(column) + (column.lowercased() == name.lowercased() ? " AS \(Text.name(new))" : "")
    }
    return selecting(items.isEmpty ? ["*"] : items, .init(file, line))
  }

  /// Nothing happens with names that are not there.
  public func drop(_ names: String..., file: String = #fileID, line: Int = #line) -> DataFrame {
    let gone = Set(names.map { $0.lowercased() })
    let kept = ((try? columns) ?? []).filter { !gone.contains($0.lowercased()) }
    return selecting(kept.isEmpty ? ["*"] : kept.map(Text.name), .init(file, line))
  }

  /// New names for all columns, in order.
  public func toDF(_ names: String..., file: String = #fileID, line: Int = #line) -> DataFrame {
    let list = names.map(Text.name).joined(separator: ", ")
    return derived("SELECT * FROM (\(query)) AS df(\(list))", .init(file, line))
  }

  // MARK: Rows

  /// - Parameter condition: SQL: `age > 21`.
  public func filter(_ condition: String, file: String = #fileID, line: Int = #line) -> DataFrame {
    derived("SELECT * FROM \(relation) WHERE \(condition)", .init(file, line))
  }

  public func filter(_ condition: Column, file: String = #fileID, line: Int = #line) -> DataFrame {
    filter(condition.sql, file: file, line: line)
  }

  public func `where`(_ condition: String, file: String = #fileID, line: Int = #line) -> DataFrame {
    filter(condition, file: file, line: line)
  }

  public func `where`(_ condition: Column, file: String = #fileID, line: Int = #line) -> DataFrame {
    filter(condition.sql, file: file, line: line)
  }

  public func distinct(file: String = #fileID, line: Int = #line) -> DataFrame {
    derived("SELECT DISTINCT * FROM \(relation)", .init(file, line))
  }

  public func orderBy(_ columns: Column..., file: String = #fileID, line: Int = #line) -> DataFrame {
    ordered(columns.map { $0.sql + $0.order }, .init(file, line))
  }

  public func orderBy(_ columns: String..., file: String = #fileID, line: Int = #line) -> DataFrame {
    ordered(columns, .init(file, line))
  }

  public func sort(_ columns: Column..., file: String = #fileID, line: Int = #line) -> DataFrame {
    ordered(columns.map { $0.sql + $0.order }, .init(file, line))
  }

  public func sort(_ columns: String..., file: String = #fileID, line: Int = #line) -> DataFrame {
    ordered(columns, .init(file, line))
  }

  private func ordered(_ keys: [String], _ place: SourcePlace) -> DataFrame {
    derived("SELECT * FROM \(relation) ORDER BY \(keys.joined(separator: ", "))", place)
  }

  public func limit(_ count: Int, file: String = #fileID, line: Int = #line) -> DataFrame {
    derived("SELECT * FROM \(relation) LIMIT \(count)", .init(file, line))
  }

  public func offset(_ count: Int, file: String = #fileID, line: Int = #line) -> DataFrame {
    derived("SELECT * FROM \(relation) OFFSET \(count)", .init(file, line))
  }

  // MARK: Event time

  /// `eventTime` is the frame's event time, and rows come at most `delay` late: `withWatermark("time", "10 minutes")`.
  public func withWatermark(
    _ eventTime: String, _ delay: String, file: String = #fileID, line: Int = #line
  ) -> DataFrame {
    derived(
      "SELECT * FROM (\(query)) WATERMARK \(Text.name(eventTime)) DELAY OF INTERVAL '\(delay)' AS df",
      .init(file, line))
  }

  /// The first row of every combination of the columns, or of all columns. SQL has no words for it: ``sql`` has
  /// Millrace's own then.
  public func dropDuplicates(_ columns: String..., file: String = #fileID, line: Int = #line) -> DataFrame {
    deduplicated(columns, "", .init(file, line))
  }

  /// The same, but a stream forgets a key once the watermark has passed its first row's event time and the delay.
  public func dropDuplicatesWithinWatermark(
    _ columns: String..., file: String = #fileID, line: Int = #line
  ) -> DataFrame {
    deduplicated(columns, " WITHIN WATERMARK", .init(file, line))
  }

  private func deduplicated(_ columns: [String], _ within: String, _ place: SourcePlace) -> DataFrame {
    let by = columns.isEmpty ? "" : " BY (\(columns.map(Text.name).joined(separator: ", ")))"
    return derived("SELECT * FROM (\(query)) DEDUPLICATE\(by)\(within) AS df", place)
  }

  // MARK: Groups

  public func groupBy(_ columns: Column...) -> GroupedData { GroupedData(frame: self, keys: columns) }
  public func groupBy(_ columns: String...) -> GroupedData { GroupedData(frame: self, keys: columns.map(col)) }

  /// Aggregates over all rows.
  public func agg(_ columns: Column..., file: String = #fileID, line: Int = #line) -> DataFrame {
    selecting(columns.map(\.item), .init(file, line))
  }

  func grouped(_ keys: [Column], _ aggregates: [Column], _ place: SourcePlace) -> DataFrame {
    let items = (keys + aggregates).map(\.item).joined(separator: ", ")
    let groups = keys.isEmpty ? "" : " GROUP BY \(keys.map(\.sql).joined(separator: ", "))"
    return derived("SELECT \(items) FROM \(relation)\(groups)", place)
  }

  // MARK: Two frames

  /// A name for ``join(_:on:joinType:file:line:)``: `a.alias("l")`, then `l.id`.
  public func alias(_ name: String) -> DataFrame {
    var copy = self
    copy.name = name
    return copy
  }

  /// - Parameter joinType: inner, cross, left, right, full, semi, anti (Spark's other spellings too).
  public func join(
    _ right: DataFrame, on condition: Column, joinType: String = "inner", file: String = #fileID, line: Int = #line
  ) -> DataFrame {
    joining(right, joinType, "ON \(condition.sql)", .init(file, line))
  }

  /// - Parameter columns: names that both sides have; they come once.
  public func join(
    _ right: DataFrame, on columns: [String], joinType: String = "inner", file: String = #fileID, line: Int = #line
  ) -> DataFrame {
    joining(right, joinType, "USING (\(columns.map(Text.name).joined(separator: ", ")))", .init(file, line))
  }

  public func crossJoin(_ right: DataFrame, file: String = #fileID, line: Int = #line) -> DataFrame {
    joining(right, "cross", "", .init(file, line))
  }

  private static let joins = [
    "inner": "INNER", "cross": "CROSS", "left": "LEFT", "leftouter": "LEFT", "right": "RIGHT", "rightouter": "RIGHT",
    "full": "FULL", "outer": "FULL", "fullouter": "FULL", "semi": "LEFT SEMI", "leftsemi": "LEFT SEMI",
    "anti": "LEFT ANTI", "leftanti": "LEFT ANTI",
  ]

  private func joining(_ right: DataFrame, _ type: String, _ condition: String, _ place: SourcePlace) -> DataFrame {
    guard let join = Self.joins[type.lowercased().filter { $0 != "_" }] else {
      var failed = self
      failed.problem =
        problem
        ?? place.error(
          MillError(
            .configuration, "unknown join type \(type)",
            wayOut: Nearest.name(to: type, among: Self.joins.keys.sorted()).map { "did you mean \($0)?" }))
      return failed
    }
    let from = "\(inner("l")) \(join) JOIN \(right.inner("r")) \(condition)"
    var result = combined(right, "SELECT * FROM \(from)", place)
    result.joined = from
    return result
  }

  /// All rows of both, columns by position.
  public func union(_ other: DataFrame, file: String = #fileID, line: Int = #line) -> DataFrame {
    combined(other, "(\(query)) UNION ALL (\(other.query))", .init(file, line))
  }

  public func unionAll(_ other: DataFrame, file: String = #fileID, line: Int = #line) -> DataFrame {
    union(other, file: file, line: line)
  }

  /// All rows of both, columns by name.
  public func unionByName(_ other: DataFrame, file: String = #fileID, line: Int = #line) -> DataFrame {
    let names = ((try? columns) ?? []).map(Text.name).joined(separator: ", ")
    return combined(
      other, "(\(query)) UNION ALL (SELECT \(names.isEmpty ? "*" : names) FROM \(other.relation))", .init(file, line))
  }

  // MARK: What it is

  /// - Throws: what is wrong with the frame.
  public var schema: Schema { get throws { try compiled().schema } }
  public var columns: [String] { get throws { try schema.columns.map(\.name) } }

  public func printSchema() throws {
    print("root")
    for column in try schema.columns { print(" |-- \(column.name): \(column.type.sql.lowercased()) (nullable = true)") }
  }

  public func explain() throws { print(try compiled().planText, terminator: "") }

  /// Makes the frame a view of its session, for ``SparkSession/sql(_:file:line:)``.
  public func createOrReplaceTempView(_ name: String) throws {
    _ = try compiled()
    session.define(name, self)
  }
}

/// Rows by groups, to be aggregated.
public struct GroupedData: Sendable {
  let frame: DataFrame
  let keys: [Column]

  public func agg(_ columns: Column..., file: String = #fileID, line: Int = #line) -> DataFrame {
    frame.grouped(keys, columns, .init(file, line))
  }

  public func count(file: String = #fileID, line: Int = #line) -> DataFrame {
    frame.grouped(keys, [Column("count(1)").alias("count")], .init(file, line))
  }

  public func sum(_ names: String..., file: String = #fileID, line: Int = #line) -> DataFrame {
    frame.grouped(keys, names.map { Column("sum(\($0))") }, .init(file, line))
  }
  public func avg(_ names: String..., file: String = #fileID, line: Int = #line) -> DataFrame {
    frame.grouped(keys, names.map { Column("avg(\($0))") }, .init(file, line))
  }
  public func min(_ names: String..., file: String = #fileID, line: Int = #line) -> DataFrame {
    frame.grouped(keys, names.map { Column("min(\($0))") }, .init(file, line))
  }
  public func max(_ names: String..., file: String = #fileID, line: Int = #line) -> DataFrame {
    frame.grouped(keys, names.map { Column("max(\($0))") }, .init(file, line))
  }
}

/// Where in the Swift source a frame was made.
struct SourcePlace: Sendable {
  let file: String
  let line: Int
  init(_ file: String, _ line: Int) { (self.file, self.line) = (file, line) }

  /// The same error at this place; lines of the SQL underneath mean nothing to the reader.
  func error(_ error: MillError) -> MillError {
    var moved = error
    moved.place = .init(file: file, line: line)
    return moved
  }
}
