import MillArchive
import MillBase
import MillColumns
import MillLog
import Synchronization

/// A query that runs for ever: micro-batch after micro-batch, by Spark's protocol and checkpoint layout.
///
/// offsets/N is written, the sink takes the micro-batch, commits/N is written. After a failure in between, the same
/// micro-batch comes again, with the same id and the same offsets.
public final class StreamingQuery: Sendable {
  public struct Options: Sendable {
    /// Threads that compute. Default: two.
    public var lanes = 2
    /// First and longest pause before something that failed, and may succeed later, is tried again.
    public var retryPauseMin: Duration = .milliseconds(100)
    public var retryPauseMax: Duration = .seconds(10)
    /// Bytes that the query's state may take in memory; what is more lies in files. Default: 512 MiB. The keys that one
    /// micro-batch changes come on top.
    public var stateMemory = 512 << 20
    /// Parts of the state, by the hash of the key, for a new checkpoint (spark.sql.shuffle.partitions; there 200).
    public var statePartitions = 4
    /// Most records of a topic in a micro-batch, where its view does not say it. nil = no limit.
    public var maxOffsetsPerTrigger: Int64?
    /// What becomes of the checkpoint when the query ends.
    public var checkpointLife = CheckpointLife.kept
    /// The sink keeps each row once by what is in it, whichever micro-batch brings it (points of InfluxDB). Default false:
    /// it may go by the micro-batch's id.
    public var sinkKnowsRows = false
    /// For tests: called at every step of a micro-batch; an error ends the query there, as a crash would.
    var onStep: @Sendable (_ step: MicroBatchStep, _ batchId: Int64) throws -> Void = { _, _ in }
    public init() {}
  }

  /// A checkpoint that nobody has asked for goes with its query.
  public enum CheckpointLife: Sendable {
    case kept
    /// Removed, unless an error has ended the query.
    case untilStopped
    /// Removed in any case (spark.sql.streaming.forceDeleteTempCheckpointLocation).
    case untilEnd
  }

  public struct Status: Sendable, Equatable {
    public var message: String
    public var isDataAvailable: Bool
    public var isTriggerActive: Bool
  }

  public let name: String
  public let query: CompiledQuery
  public let trigger: Trigger
  public let outputMode: OutputMode

  struct State {
    var status = Status(message: "Initializing sources", isDataAvailable: false, isTriggerActive: false)
    var id = ""
    var progress: [JSONValue] = []
    var exception: MillError?
    var isFinished = false
    /// What is committed, by source.
    var committed: [SourceOffset] = []
    /// Triggers so far.
    var triggers = 0
    /// The number of the last one, when it found nothing to do; nil when it did.
    var restedAt: Int?
  }
  /// Progress entries kept (spark.sql.streaming.numRecentProgressUpdates).
  static let progressKept = 100

  let state = Monitor(State())
  let runId = Checkpoint.newId()
  let options: Options
  let sink: any StreamSink
  public let checkpointLocation: String
  let resolve: @Sendable (KafkaSource) throws -> any RecordLog
  let files: FileSystems?
  let onMalformed: MicroBatch.Malformed
  let metrics: QueryMetrics
  private let worker = Mutex<Worker?>(nil)

  /// - Parameters:
  ///   - log: of a source's bootstrap servers, with its client options.
  ///   - files: for paths with a scheme; nil = only what needs no configuration.
  ///   - checkpointLocation: directory; made when missing. One query each.
  ///   - outputMode: default append.
  ///   - onMalformed: gets each record that is no JSON, its place (`pop-0@17`) and the reason. A micro-batch that comes
  ///     again brings its records again. An error stops the micro-batch as an error of the sink does.
  /// - Throws: `.configuration` when the query reads no stream, or can't run as a stream in this output mode.
  public init(
    name: String, query: CompiledQuery, log: @escaping @Sendable (KafkaSource) throws -> any RecordLog,
    files: FileSystems? = nil, sink: any StreamSink, checkpointLocation: String, outputMode: OutputMode = .append,
    trigger: Trigger = .unlimited,
    options: Options = Options(),
    metrics: Metrics = .shared,
    onMalformed: @escaping @Sendable (_ record: Record, _ origin: String, _ reason: String) throws -> Void = {
      _, _, _ in
    }
  ) throws {
    try query.checkStreams(outputMode)
    self.name = name
    self.query = query
    self.sink = sink
    self.trigger = trigger
    self.outputMode = outputMode
    self.options = options
    self.checkpointLocation = checkpointLocation
    self.onMalformed = onMalformed
    self.metrics = QueryMetrics(metrics, query: name)
    resolve = log
    self.files = files
  }

  /// Begins, or goes on where the checkpoint says.
  public func start() {
    worker.withLock { worker in
      precondition(worker == nil, "a query starts once")
      worker = Worker("query-\(name)") { [self] stop in
        let outcome = Result {
          try sink.begin(queryId: Checkpoint(checkpointLocation).queryId())
          try StreamExecution(query: self, stop: stop).run()
        }
        sink.end()
        switch outcome {
        case .success: end(nil)
        case .failure(let error as MillError) where error.code == .stopped: end(nil)
        case .failure(let error): end(error)
        }
      }
    }
  }

  private func end(_ error: (any Error)?) {
    let isOver = options.checkpointLife == .untilEnd || (options.checkpointLife == .untilStopped && error == nil)
    if isOver {
      do { try Files.removeTree(checkpointLocation) } catch { Log.warning("query", "\(name): \(error)") }
    }
    finish(error)
  }

  private func finish(_ error: (any Error)?) {
    let problem = error.map { error in
      let cause = error as? MillError ?? MillError(.system, "\(error)")
      var failed = cause
      failed.message =
        "[STREAM_FAILED] Query [id = \(id), runId = \(runId)] terminated with exception: \(cause.message)"
      return failed
    }
    if let problem { Log.error("query", "\(name): \(problem)") }
    state.withLock {
      $0.exception = problem
      $0.isFinished = true
      $0.status = Status(
        message: problem.map { "Terminated with exception: \($0)" } ?? "Stopped", isDataAvailable: false,
        isTriggerActive: false)
    }
  }

  /// Stable over restarts: it lies in the checkpoint. Empty before the start.
  public var id: String { state.withLock { $0.id } }
  public var status: Status { state.withLock { $0.status } }
  public var isActive: Bool { !state.withLock { $0.isFinished } }
  /// Why it ended, when it did not end by itself or by ``stop()``.
  public var exception: MillError? { state.withLock { $0.exception } }
  /// Spark's StreamingQueryProgress of the last micro-batch.
  public var lastProgress: JSONValue? { state.withLock { $0.progress.last } }
  /// The last 100.
  public var recentProgress: [JSONValue] { state.withLock { $0.progress } }

  /// Ends the query and waits. A micro-batch that is under way is left; it comes again at the next start.
  public func stop() {
    let worker = worker.withLock { $0 }
    worker?.stop()
    worker?.join()
  }

  /// Waits for the end; false when it did not come in time.
  ///
  /// - Throws: the error that ended the query.
  @discardableResult
  public func awaitTermination(_ timeout: Duration? = nil) throws -> Bool {
    let finished: Void?
    if let timeout {
      finished = state.wait(atMost: timeout) { $0.isFinished ? () : nil }
    } else {
      finished = state.wait { $0.isFinished ? () : nil }
    }
    guard finished != nil else { return false }
    if let exception { throw exception }
    return true
  }

  /// Waits until everything that is there now, in topics and directories, has gone through, or the time is up (then
  /// false). For tests and for draining before ``stop()``. A rate source always has more.
  ///
  /// - Throws: the error that ended the query.
  @discardableResult
  public func processAllAvailable(_ timeout: Duration = .seconds(600)) throws -> Bool {
    // Of topics it can be said what is there now; of others, a trigger that begins later must find nothing.
    var targets: [KafkaOffsets?] = []
    for source in query.sources where source.isStreaming {
      guard case .kafka(let kafka) = source.kind else {
        targets.append(nil)
        continue
      }
      let stream = KafkaStream(name: source.name, kafka: kafka, log: try resolve(kafka))
      var known = KafkaOffsets()
      for partition in try stream.partitions() {
        let (start, end) = try stream.log.offsets(partition)
        if end > start { known.next[partition] = end }
      }
      targets.append(known)
    }
    let (begun, isKafkaOnly) = (state.withLock { $0.triggers }, !targets.contains(nil))
    let done: Void? = state.wait(atMost: timeout) { state in
      if state.isFinished { return () }
      // A query with state may have a micro-batch to run for the watermark after the last records.
      let isAtRest = isKafkaOnly ? query.states.isEmpty || state.restedAt != nil : state.restedAt ?? 0 > begun
      guard state.committed.count == targets.count, isAtRest else { return nil }
      let isThere = zip(targets, state.committed).allSatisfy { target, committed in
        guard let target, case .kafka(let committed) = committed else { return true }
        return target.next.allSatisfy { committed.next[$0.key] ?? -1 >= $0.value }
      }
      return isThere ? () : nil
    }
    if let exception { throw exception }
    return done != nil
  }
}

/// The numbers that /metrics shows of a query.
struct QueryMetrics: Sendable {
  let inputRows: Metrics.Counter
  let outputRows: Metrics.Counter
  let batches: Metrics.Counter
  let malformed: Metrics.Counter
  let lag: Metrics.Gauge
  let stateRows: Metrics.Gauge
  let stateBytes: Metrics.Gauge
  let lateRows: Metrics.Counter

  init(_ metrics: Metrics, query: String) {
    inputRows = metrics.counter(
      "millrace_query_input_rows_total", ["query": query], help: "Records that a query has read")
    outputRows = metrics.counter(
      "millrace_query_output_rows_total", ["query": query], help: "Rows that a query has made")
    batches = metrics.counter(
      "millrace_query_batches_total", ["query": query], help: "Micro-batches that are committed")
    malformed = metrics.counter(
      "millrace_query_malformed_total", ["query": query], help: "Records that a query could not read")
    stateRows = metrics.gauge("millrace_query_state_rows", ["query": query], help: "Keys that a query keeps")
    stateBytes = metrics.gauge(
      "millrace_query_state_memory_bytes", ["query": query], help: "Memory of the keys that a query keeps")
    lateRows = metrics.counter(
      "millrace_query_late_rows_total", ["query": query], help: "Rows or groups that came after the watermark")
    lag = metrics.gauge("millrace_query_lag_records", ["query": query], help: "Records that wait for a query")
  }
}
