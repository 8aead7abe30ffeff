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
  private var columns: [String] = []
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

  /// kafka, json, csv, text, influxdb, console, memory.
  public func format(_ name: String) -> DataStreamWriter { with { $0.sink = name } }
  public func option(_ key: String, _ value: String) -> DataStreamWriter { with { $0.options[key] = value } }
  public func option(_ key: String, _ value: Int) -> DataStreamWriter { option(key, "\(value)") }
  public func option(_ key: String, _ value: Bool) -> DataStreamWriter { option(key, "\(value)") }
  /// Columns that become directories `name=value`, of files.
  public func partitionBy(_ columns: String...) -> DataStreamWriter { with { $0.columns = columns } }
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
  /// - Parameter path: of the directory, for files; or the option `path`.
  /// - Throws: what is wrong with the frame or the options.
  public func start(_ path: String? = nil) throws -> StreamingQuery {
    if let path { return try option("path", path).start() }
    if let problem { throw problem }
    let query = try frame.compiled()
    guard frame.isStreaming else {
      throw MillError(
        .configuration, "writeStream can be called only on a streaming frame", wayOut: "read it with spark.readStream")
    }
    let session = frame.session
    let name = name ?? session.newName("query")
    let sink = try makeSink(query)
    var settings = StreamingQuery.Options()
    let checkpoint: String
    if let given = options.first(where: { $0.key.lowercased() == Self.checkpointKey })?.value {
      checkpoint = given
    } else {
      try query.checkStreams(mode)
      checkpoint = try Files.makeTemporaryDirectory("millrace-checkpoint")
      settings.checkpointLife = session.removesCheckpoints ? .untilEnd : .untilStopped
      Log.warning("query", "\(name): no checkpointLocation: after a restart the query begins anew")
    }
    let stream = try StreamingQuery(
      name: name, query: query, log: { try session.log($0) }, sink: sink, checkpointLocation: checkpoint,
      outputMode: mode, trigger: trigger, options: settings,
      onMalformed: { _, origin, reason in Log.warning("query", "\(name): \(origin): \(reason)") })
    stream.start()
    return stream
  }

  /// Tables are Spark's catalog's, and there is none here.
  ///
  /// - Throws: always.
  public func toTable(_ name: String) throws -> StreamingQuery {
    throw MillError(
      .configuration, "there is no catalog of tables, so \(name) can't be written to",
      wayOut: "write files with format(\"json\").start(path), or a view with format(\"memory\") and queryName")
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
    default:
      let session = frame.session
      let own = options.filter { $0.key.lowercased() != Self.checkpointKey }
      return try Self.known(sink, "writeStream", more: ["influxdb", "memory", "foreachBatch"]).sink(
        query, options: own, partitionBy: columns, outputMode: mode
      ) { try session.log($0, $1) }
    }
  }

  private static let checkpointKey = "checkpointlocation"

  /// - Throws: `.configuration` for a format that is not known.
  static func known(_ name: String, _ method: String, more: [String]) throws -> SinkFormat {
    if let format = SinkFormat(rawValue: name.lowercased()) { return format }
    let formats = SinkFormat.allCases.map(\.rawValue) + more
    throw MillError(
      .configuration, name.isEmpty ? "\(method) has no format" : "unknown sink format \(name)",
      wayOut: Nearest.name(to: name, among: formats).map { "did you mean \($0)?" }
        ?? "known are \(formats.joined(separator: ", "))")
  }
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
