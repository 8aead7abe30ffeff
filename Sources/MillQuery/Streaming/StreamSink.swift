import MillBase
import MillColumns
import Synchronization

/// Where a streaming query's rows go.
///
/// A micro-batch may come twice with the same id and the same rows (after a crash, or after a retry): taking it twice
/// must have the effect of taking it once.
public protocol StreamSink: Sendable {
  /// For progress: `InfluxDBSink`, `MemorySink`, …
  var description: String { get }

  /// Takes all column batches of the micro-batch, fetched with ``MicroBatch/next()`` in order; durable when this
  /// returns.
  ///
  /// - Throws: an error with `isRetriable` to be called again with the same micro-batch after a pause; any other
  ///   stops the query.
  func addBatch(id: Int64, _ batch: MicroBatch) throws

  /// Comes once, before the first micro-batch of a start. The id is the query's for as long as its checkpoint lives.
  func begin(queryId: String) throws

  /// No micro-batch comes any more; the query has ended, or was stopped.
  func end()
}

extension StreamSink {
  public func begin(queryId: String) throws {}
  public func end() {}
}

/// Keeps all rows in memory, each micro-batch once. For tests and small looks.
public final class MemorySink: StreamSink {
  public let description = "MemorySink"
  private let kept = Mutex<[(id: Int64, batches: [ColumnBatch])]>([])

  public init() {}

  public func addBatch(id: Int64, _ batch: MicroBatch) throws {
    var batches: [ColumnBatch] = []
    while let next = try batch.next() { batches.append(next) }
    kept.withLock { kept in
      kept.removeAll { $0.id == id }
      kept.append((id, batches))
    }
  }

  public var batchIds: [Int64] { kept.withLock { $0.map(\.id) } }

  /// All rows so far as one column batch.
  public func contents(_ schema: Schema) -> ColumnBatch {
    ColumnBatch.concatenate(kept.withLock { $0.flatMap(\.batches) }, schema: schema)
  }

  /// All rows, in order.
  public var rows: [[Value]] {
    kept.withLock { kept in
      kept.flatMap { entry in entry.batches.flatMap { batch in (0..<batch.count).map { batch.row($0) } } }
    }
  }

  public func rows(ofBatch id: Int64) -> [[Value]] {
    kept.withLock { kept in
      kept.filter { $0.id == id }.flatMap { entry in
        entry.batches.flatMap { batch in (0..<batch.count).map { batch.row($0) } }
      }
    }
  }
}

/// Hands rows on as they come. Taking a micro-batch twice is the receiver's business.
public struct RowsSink: StreamSink {
  public let description: String
  private let take: @Sendable (_ id: Int64, _ rows: ColumnBatch) throws -> Void

  public init(_ description: String, _ take: @escaping @Sendable (_ id: Int64, _ rows: ColumnBatch) throws -> Void) {
    self.description = description
    self.take = take
  }

  public func addBatch(id: Int64, _ batch: MicroBatch) throws {
    while let rows = try batch.next() { try take(id, rows) }
  }
}

/// Prints every micro-batch as a table, like Spark's console sink, to standard output.
public struct ConsoleSink: StreamSink {
  public var description: String { "ConsoleSink" }
  /// Rows shown of a micro-batch; Spark's option numRows, default 20.
  public var rowsMax: Int
  /// Values longer than 20 characters are cut; Spark's option truncate.
  public var truncates = true
  private let write: @Sendable (String) -> Void

  public init(rowsMax: Int = 20, write: @escaping @Sendable (String) -> Void = { print($0, terminator: "") }) {
    self.rowsMax = rowsMax
    self.write = write
  }

  public func addBatch(id: Int64, _ batch: MicroBatch) throws {
    var rows: [[String]] = []
    var total = 0
    while let next = try batch.next() {
      total += next.count
      for row in 0..<next.count where rows.count < rowsMax {
        rows.append(next.columns.map { $0.text(row) ?? "NULL" })
      }
    }
    var text = "-------------------------------------------\nBatch: \(id)\n"
    text += "-------------------------------------------\n"
    text += Self.table(batch.schema.columns.map(\.name), rows, cut: truncates ? 20 : nil)
    if total > rows.count { text += "only showing top \(rows.count) rows\n" }
    write(text + "\n")
  }

  /// A table as Spark's `show` prints it: columns as wide as their longest value, right-aligned.
  ///
  /// - Parameter length: longer values are cut; nil = none is.
  public static func table(_ names: [String], _ rows: [[String]], cut length: Int? = 20) -> String {
    let cut = rows.map { row in
      row.map { cell in
        guard let length, cell.count > length else { return cell }
        return length < 4 ? String(cell.prefix(length)) : String(cell.prefix(length - 3)) + "..."
      }
    }
    let widths = names.indices.map { index in max(3, names[index].count, cut.map { $0[index].count }.max() ?? 0) }
    func line(_ cells: [String]) -> String {
      "|" + zip(cells, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }.joined(separator: "|") + "|\n"
    }
    let rule = "+" + widths.map { String(repeating: "-", count: $0) }.joined(separator: "+") + "+\n"
    return rule + line(names) + rule + cut.map(line).joined() + rule
  }
}
