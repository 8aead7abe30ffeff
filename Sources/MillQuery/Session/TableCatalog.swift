import MillColumns

/// Tables that a session knows without CREATE VIEW.
public protocol TableCatalog: Sendable {
  /// Names for SHOW TABLES and for advice, sorted: `topic.pop`.
  var tableNames: [String] { get }

  /// The table, or nil. The name is as it was written, parts joined by dots.
  ///
  /// - Throws: `.configuration` for a name that could mean several tables.
  func table(_ name: String) throws -> Source?
}

/// Rows that somebody else keeps: a measurement of a store. Read once a query, whole.
public final class TableSource: Sendable, Hashable, CustomStringConvertible {
  /// For plans: `influxdb population`.
  public let description: String
  let rows: @Sendable () throws -> ColumnBatch

  /// - Parameter rows: has the columns of the source's schema.
  public init(_ description: String, rows: @escaping @Sendable () throws -> ColumnBatch) {
    self.description = description
    self.rows = rows
  }

  public static func == (left: TableSource, right: TableSource) -> Bool { left === right }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension Source {
  /// A topic as a table, in Spark's columns, from its first record to its last.
  ///
  /// - Parameter servers: for ``BatchQuery/Places/log``.
  public static func topic(_ topic: String, servers: String, named name: String) -> Source {
    let kafka = KafkaSource(
      bootstrapServers: servers, subscription: .topics([topic]), startingOffsets: .earliest, failOnDataLoss: true,
      maxOffsetsPerTrigger: nil, includeHeaders: true, clientOptions: [:])
    let schema = Schema(KafkaSource.schema.columns + [KafkaSource.headersColumn])
    return Source(name: name, kind: .kafka(kafka), schema: schema)
  }

  /// A file or the files of a directory as a table with a column `value`, a row a line.
  public static func text(_ path: String, named name: String) -> Source {
    Source(name: name, kind: .files(FileSource(format: .text, path: path)), schema: Schema([.init("value", .string)]))
  }

  public static func table(_ table: TableSource, _ schema: Schema, named name: String) -> Source {
    Source(name: name, kind: .table(table), schema: schema)
  }
}
