import MillBase
import MillColumns
import MillLog
import MillQuery
import MillStore
import Synchronization

extension DataFrame {
  public var writeStream: DataStreamWriter { DataStreamWriter(self) }
}

/// Spark's DataStreamWriter: where a streaming frame's rows go, and when.
public struct DataStreamWriter: Sendable {
  public typealias BatchFunction = @Sendable (_ batch: DataFrame, _ id: Int64) async throws -> Void

  /// How often micro-batches run.
  public enum Trigger: Sendable {
    case processingTime(String)
    case availableNow
    case once
  }

  private let frame: DataFrame
  private var sink = ""
  private var options: [String: String] = [:]
  private var name: String?
  private var mode = OutputMode.append
  private var trigger: MillQuery.Trigger = .unlimited
  private var function: BatchFunction?
  private var own: (any StreamSink)?
  private var problem: MillError?

  init(_ frame: DataFrame) { self.frame = frame }

  private func with(_ change: (inout DataStreamWriter) throws -> Void) -> DataStreamWriter {
    var copy = self
    do { try change(&copy) } catch { copy.problem = copy.problem ?? error as? MillError }
    return copy
  }

  /// kafka, influxdb, console, memory.
  public func format(_ name: String) -> DataStreamWriter { with { $0.sink = name } }
  public func option(_ key: String, _ value: String) -> DataStreamWriter { with { $0.options[key] = value } }
  public func queryName(_ name: String) -> DataStreamWriter { with { $0.name = name } }
  /// append, update or complete.
  public func outputMode(_ mode: String) -> DataStreamWriter { with { $0.mode = try OutputMode(parsing: mode) } }

  public func trigger(_ trigger: Trigger) -> DataStreamWriter {
    with { writer in
      writer.trigger =
        switch trigger {
        case .processingTime(let interval): try MillQuery.Trigger(parsing: interval)
        case .availableNow: .availableNow
        case .once: .once
        }
    }
  }

  /// Gets the rows of every micro-batch. It may come twice with the same id, after a failure: the effect must be that of
  /// coming once.
  public func foreachBatch(_ body: @escaping BatchFunction) -> DataStreamWriter { with { $0.function = body } }

  /// A sink of the application's own.
  public func sink(_ sink: any StreamSink) -> DataStreamWriter { with { $0.own = sink } }

  /// Starts the query: it runs until it is stopped.
  ///
  /// - Throws: what is wrong with the frame or the options.
  public func start() throws -> StreamingQuery {
    if let problem { throw problem }
    let query = try frame.compiled()
    guard frame.isStreaming else {
      throw MillError(
        .configuration, "writeStream can be called only on a streaming frame", wayOut: "read it with spark.readStream")
    }
    let session = frame.session
    let name = name ?? session.newName("query")
    var checkpoint = options["checkpointLocation"]
    if checkpoint == nil {
      checkpoint = try Files.makeTemporaryDirectory("millrace-checkpoint")
      Log.warning("query", "\(name): no checkpointLocation: after a restart the query begins anew")
    }
    let stream = try StreamingQuery(
      name: name, query: query, log: { try session.log($0) }, sink: try makeSink(query),
      checkpointLocation: checkpoint!, outputMode: mode, trigger: trigger,
      onMalformed: { _, origin, reason in Log.warning("query", "\(name): \(origin): \(reason)") })
    stream.start()
    return stream
  }

  private func makeSink(_ query: CompiledQuery) throws -> any StreamSink {
    if let own { return own }
    if let function { return FunctionSink(session: frame.session, body: function) }
    switch sink {
    case "console": return ConsoleSink()
    case "memory":
      guard let name else {
        throw MillError(
          .configuration, "the sink memory needs a query name",
          wayOut: "write queryName(\"t\"); SELECT * FROM t then shows its rows")
      }
      let sink = MemorySink()
      frame.session.define(name, rows: { sink.contents(query.schema) }, query.schema)
      return sink
    case "influxdb": return try InfluxOptions(options).sink(query.schema)
    case "kafka":
      let session = frame.session
      return try KafkaSink(query.schema, options: sinkOptions) { try session.log($0, $1) }
    default:
      throw MillError(
        .configuration, sink.isEmpty ? "writeStream has no format" : "unknown sink format \(sink)",
        wayOut: Nearest.name(to: sink, among: Self.formats).map { "did you mean \($0)?" }
          ?? "known are \(Self.formats.joined(separator: ", ")) and foreachBatch")
    }
  }

  private static let formats = ["influxdb", "kafka", "console", "memory"]

  /// Without what is the query's.
  private var sinkOptions: [String: String] { options.filter { $0.key.lowercased() != "checkpointlocation" } }
}

/// Hands micro-batches to a function.
private struct FunctionSink: StreamSink {
  let session: SparkSession
  let body: DataStreamWriter.BatchFunction
  var description: String { "ForeachBatchSink" }

  func addBatch(id: Int64, _ batch: MicroBatch) throws {
    var batches: [ColumnBatch] = []
    while let next = try batch.next() { batches.append(next) }
    let rows = ColumnBatch.concatenate(batches, schema: batch.schema)
    try HereExecutor().run { [session, body] in try await session.withFrame(of: rows) { try await body($0, id) } }
  }
}
