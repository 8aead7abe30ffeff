import MillArchive
import MillBase
import MillColumns

/// Statements one after the other, as in a Spark session: views and settings stay until it ends.
public struct SQLSession {
  /// What a statement gives.
  public enum Answer: Sendable {
    /// To be run with ``BatchQuery``.
    case query(CompiledQuery)
    /// What SHOW, DESCRIBE and EXPLAIN say, in Spark's columns.
    case rows(ColumnBatch)
    /// A view or a setting was made.
    case done
  }

  private var analyzer: Analyzer

  /// - Parameters:
  ///   - file: of the statements, for messages.
  ///   - catalog: tables that need no CREATE VIEW.
  ///   - ansi: spark.sql.ansi.enabled, until SET says otherwise. Default true, as in Spark 4.
  ///   - systems: where paths with a scheme lie; nil = what needs no configuration.
  public init(
    file: String? = nil, catalog: (any TableCatalog)? = nil, ansi: Bool = true, systems: FileSystems? = nil
  ) {
    analyzer = Analyzer(file: file, ansi: ansi, catalog: catalog, systems: systems)
  }

  /// Analyses the statements of a text, and hands over the answer of each before it looks at the next.
  ///
  /// - Throws: `.configuration` with line and column; what `body` throws. What came before stays done.
  public mutating func run(_ text: String, _ body: (Answer) throws -> Void) throws {
    for statement in try Parser.statements(of: text, file: analyzer.file) { try body(answer(statement)) }
  }

  private mutating func answer(_ statement: Statement) throws -> Answer {
    switch statement.kind {
    case .query(let query):
      return .query(
        CompiledQuery(
          try analyzer.plan(query), file: analyzer.file, ansi: analyzer.ansi, time: LocalTime(zone: analyzer.zone)))
    case .explain(let query): return .rows(Self.rows(["plan"], [[try analyzer.plan(query).text()]]))
    case .describeQuery(let query): return .rows(Self.description(try analyzer.plan(query).schema))
    case .describe(let name, let position):
      return .rows(Self.description(try analyzer.view(name, at: position).schema))
    case .showColumns(let name, let position):
      return .rows(Self.rows(["col_name"], try analyzer.view(name, at: position).schema.columns.map { [$0.name] }))
    case .showTables(let viewsOnly): return .rows(tables(viewsOnly: viewsOnly))
    case .set, .createSource, .createView, .dropView:
      _ = try analyzer.define(statement)
      return .done
    }
  }

  private func tables(viewsOnly: Bool) -> ColumnBatch {
    var rows = analyzer.views.keys.sorted().map { ["", $0, "true"] }
    for name in viewsOnly ? [] : analyzer.catalog?.tableNames ?? [] {
      let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
      rows.append(parts.count == 2 ? parts + ["false"] : ["", name, "false"])
    }
    return Self.rows(["namespace", viewsOnly ? "viewName" : "tableName", "isTemporary"], rows)
  }

  private static func description(_ schema: Schema) -> ColumnBatch {
    rows(["col_name", "data_type"], schema.columns.map { [$0.name, $0.type.sql.lowercased()] })
  }

  private static func rows(_ names: [String], _ rows: [[String]]) -> ColumnBatch {
    let columns = names.indices.map { index in Column(.string, rows.map { Value.string($0[index]) }) }
    return ColumnBatch(Schema(names.map { .init($0, .string) }), columns, count: rows.count)
  }
}
