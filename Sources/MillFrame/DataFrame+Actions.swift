import MillBase
import MillColumns
import MillQuery

/// One row of a result.
public struct Row: Sendable, Hashable, CustomStringConvertible {
  public let schema: Schema
  public let values: [Value]

  public subscript(index: Int) -> Value { values[index] }
  /// `.null` when there is no such column.
  public subscript(name: String) -> Value { schema.index(of: name).map { values[$0] } ?? .null }

  public func asDict() -> [String: Value] {
    Dictionary(zip(schema.columns.map(\.name), values), uniquingKeysWith: { first, _ in first })
  }

  public var description: String {
    "Row(" + zip(schema.columns, values).map { "\($0.name)=\($1)" }.joined(separator: ", ") + ")"
  }
}

extension DataFrame {
  /// All rows. Topics are read as a batch, up to what is there now.
  ///
  /// - Throws: what is wrong with the frame; `.badInput` for a value that can't be computed; what the log says.
  public func collect() async throws -> [Row] {
    var rows: [Row] = []
    let batch = try await batch()
    for index in 0..<batch.count { rows.append(Row(schema: batch.schema, values: batch.row(index))) }
    return rows
  }

  public func count() async throws -> Int {
    try await derived("SELECT count(1) FROM (\(query)) AS df", .init(#fileID, #line)).collect()[0][0].integer ?? 0
  }

  public func take(_ count: Int) async throws -> [Row] { try await limit(count).collect() }
  public func head(_ count: Int) async throws -> [Row] { try await take(count) }
  public func first() async throws -> Row? { try await take(1).first }
  public func isEmpty() async throws -> Bool { try await first() == nil }

  /// Prints the first rows as a table.
  ///
  /// - Parameter truncate: longer values are cut at 20 characters. Default true.
  public func show(_ count: Int = 20, truncate: Bool = true) async throws {
    let batch = try await limit(count + 1).batch()
    let rows = (0..<Swift.min(count, batch.count)).map { row in batch.columns.map { $0.text(row) ?? "NULL" } }
    print(ConsoleSink.table(batch.schema.columns.map(\.name), rows, cut: truncate ? 20 : nil), terminator: "")
    if batch.count > count { print("only showing top \(count) row\(count == 1 ? "" : "s")") }
  }

  func batch() async throws -> ColumnBatch {
    let query = try compiled()
    guard !isStreaming else {
      throw MillError(
        .configuration, "queries with streaming sources must be executed with writeStream.start()",
        wayOut: "read with spark.read, or write with writeStream")
    }
    let places = session.places
    return try await blocking {
      var batches: [ColumnBatch] = []
      try BatchQuery.run(query, places: places, sink: { batches.append($0) })
      return ColumnBatch.concatenate(batches, schema: query.schema)
    }
  }
}

extension Value {
  /// byte, short, int and bigint.
  public var integer: Int? { if case .integer(let number) = self { Int(number) } else { nil } }
  public var string: String? { if case .string(let text) = self { text } else { nil } }
  public var double: Double? { if case .double(let number) = self { number } else { nil } }
}

/// Runs blocking work on a thread of its own: it has no place on the cooperative pool.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    _ = Worker("dataframe") { _ in continuation.resume(with: .init(catching: body)) }
  }
}
