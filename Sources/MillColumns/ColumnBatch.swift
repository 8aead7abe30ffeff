/// Rows in columns: what flows through a query and into a store.
public struct ColumnBatch: Sendable {
  public let schema: Schema
  public let columns: [Column]
  /// Rows; also right when there is no column.
  public let count: Int

  /// Every column must have `count` rows and the schema's type.
  public init(_ schema: Schema, _ columns: [Column], count: Int) {
    precondition(schema.count == columns.count, "\(columns.count) columns for a schema of \(schema.count)")
    for (column, wanted) in zip(columns, schema.columns) {
      precondition(column.count == count, "column \(wanted.name) has \(column.count) rows, not \(count)")
    }
    self.schema = schema
    self.columns = columns
    self.count = count
  }

  /// The row count is the first column's.
  public init(_ schema: Schema, _ columns: [Column]) {
    self.init(schema, columns, count: columns.first?.count ?? 0)
  }

  public var isEmpty: Bool { count == 0 }

  /// The first column of that name.
  public func column(_ name: String) -> Column? { schema.index(of: name).map { columns[$0] } }

  /// The values of a row. For tests, tables and messages.
  public func row(_ row: Int) -> [Value] { columns.map { $0.value(row) } }

  public func slice(from start: Int, count: Int) -> ColumnBatch {
    ColumnBatch(schema, columns.map { $0.slice(from: start, count: count) }, count: count)
  }

  /// The rows in the order of the indices; a negative index gives a row of nulls.
  public func take(_ indices: [Int32]) -> ColumnBatch {
    ColumnBatch(schema, columns.map { $0.take(indices) }, count: indices.count)
  }

  /// The rows where the boolean column is true (neither false nor null).
  public func filter(_ mask: Column) -> ColumnBatch {
    let indices = mask.trueRows()
    return indices.count == count ? self : take(indices)
  }

  /// All rows of the batches, which must have the same schema.
  public static func concatenate(_ batches: [ColumnBatch], schema: Schema) -> ColumnBatch {
    if batches.count == 1 { return batches[0] }
    let columns = schema.columns.indices.map { index in
      Column.concatenate(batches.map { $0.columns[index] }, type: schema.columns[index].type)
    }
    return ColumnBatch(schema, columns, count: batches.reduce(0) { $0 + $1.count })
  }
}
