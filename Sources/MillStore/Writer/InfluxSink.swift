import MillBase
import MillColumns
import MillLog
import Synchronization

/// A query's rows become points in a store. Rows and lines that can't become one go to the dead letters.
///
/// Writing a batch again, after a crash, writes the same points: with a time column, and no server time.
public final class InfluxSink: Sendable {
  private let mapping: PointMapping
  private let writer: any PointWriter
  private let deadLetters: DeadLetters?
  /// The encoder of the schema seen last: a query's schema does not change while it runs.
  private let encoder = Mutex<LineProtocolEncoder?>(nil)
  private let omitted = Metrics.shared.counter(
    "millrace_store_values_omitted_total", help: "NaN and infinite values that were left out of their points")

  /// - Parameter deadLetters: nil = rejected rows are only logged and counted.
  public init(mapping: PointMapping, writer: any PointWriter, deadLetters: DeadLetters?) {
    self.mapping = mapping
    self.writer = writer
    self.deadLetters = deadLetters
  }

  /// Checks the mapping against the query's columns, before the first row.
  ///
  /// - Throws: `.configuration` naming the column.
  public func prepare(_ schema: Schema) throws { _ = try encoder(for: schema) }

  /// Writes all rows; returns when the store has them.
  ///
  /// - Parameter id: the batch's number, for the dead letters' origin.
  /// - Throws: `.configuration` (the mapping does not fit the schema), `.stopped`, and what dead letters throw.
  public func addBatch(id: Int64, _ batches: [ColumnBatch]) throws {
    var row = 0
    for batch in batches {
      let points = try encoder(for: batch.schema).encode(batch)
      omitted.add(points.omittedValueCount)
      for rejected in points.rejected {
        try reject(
          batch.rowJSON(rejected.row), reason: rejected.reason, origin: "batch \(id) row \(row + rejected.row)")
      }
      row += batch.count
      if points.lineCount == 0 { continue }
      let outcome = try writer.write(LineBatch(bytes: points.bytes, count: points.lineCount))
      for line in outcome.rejected { try reject(line.line, reason: line.reason, origin: "batch \(id)") }
    }
  }

  /// Ends waiting writes with `.stopped`.
  public func stop() { writer.stop() }

  private func encoder(for schema: Schema) throws -> LineProtocolEncoder {
    try encoder.withLock { encoder in
      if let encoder, encoder.schema == schema { return encoder }
      let made = try LineProtocolEncoder(mapping, schema: schema)
      encoder = made
      return made
    }
  }

  private func reject(_ value: [UInt8], reason: String, origin: String) throws {
    guard let deadLetters else {
      Log.warning("store", "\(origin) was not taken: \(reason)")
      return
    }
    try deadLetters.put(Record(value: value), room: "store", reason: reason, origin: origin)
  }
}
