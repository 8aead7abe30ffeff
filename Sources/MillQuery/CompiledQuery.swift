import MillArchive
import MillBase
import MillColumns
import MillLog
import Synchronization

/// A script, parsed, analysed and ready to run over record batches.
///
/// Stateless and safe from several threads: every lane may process record batches of its own at the same time.
public final class CompiledQuery: Sendable {
  /// What the query reads: Kafka topics or files. Empty for a SELECT without FROM.
  public let sources: [Source]
  /// Columns of the result.
  public let schema: Schema
  /// The logical plan as an indented tree.
  public let planText: String
  /// The script's file, for messages.
  public let file: String?
  let ansi: Bool

  /// The whole query as a batch.
  let batchPlan: BatchPlan
  let plan: Plan
  /// What the query keeps between micro-batches, by number of the operator.
  let states: [StateUse]
  private let needs: [Int: NeededJSON]
  let time: LocalTime
  private let idle = Mutex<[LaneBox]>([])

  /// @unchecked: a lane is used by one thread at a time; the list of idle ones is behind a lock.
  private struct LaneBox: @unchecked Sendable { let lane: Lane }

  /// - Parameters:
  ///   - script: CREATE TEMPORARY VIEW … USING kafka|text|json OPTIONS (…); …; one SELECT.
  ///   - file: for messages.
  ///   - ansi: spark.sql.ansi.enabled; the script may SET it otherwise. Default true, as in Spark 4.
  ///   - catalog: tables that need no CREATE VIEW.
  ///   - systems: where paths with a scheme lie, as directories of files say by their names which columns there are.
  /// - Throws: `.configuration` with file, line, column, and the nearest name for one that can't be found.
  public convenience init(
    script: String, file: String? = nil, ansi: Bool = true, catalog: (any TableCatalog)? = nil,
    systems: FileSystems? = nil
  ) throws {
    var analyzer = Analyzer(file: file, ansi: ansi, catalog: catalog, systems: systems)
    let plan = try analyzer.analyze(Parser.statements(of: script, file: file))
    self.init(plan, file: file, ansi: ansi, time: LocalTime(zone: analyzer.zone))
  }

  /// - Parameter time: the session's clock.
  init(_ plan: Plan, file: String?, ansi: Bool, time: LocalTime) {
    self.plan = plan
    self.file = file
    self.ansi = ansi
    self.time = time
    sources = plan.sources
    schema = plan.schema
    planText = plan.text()
    var planner = BatchPlanner()
    batchPlan = planner.plan(plan)
    states = planner.states
    needs = planner.json
  }

  /// Can it run as a ``StreamingQuery``?
  ///
  /// - Throws: `.configuration`, with the place of what a stream can't do in this output mode.
  public func checkStreams(_ mode: OutputMode) throws {
    guard plan.isStreaming else {
      throw MillError(
        .configuration, "the query reads no stream", at: .init(file: file),
        wayOut: "a streaming query needs FROM a view that is USING kafka, or FROM STREAM(view) of files")
    }
    for source in sources {
      // Spark: "ending offset not valid in streaming queries".
      guard case .kafka(let kafka) = source.kind, kafka.endingOffsets != nil else { continue }
      throw MillError(
        .configuration, "the view \(source.name) has endingOffsets, and a stream does not end",
        at: .init(file: file), wayOut: "leave the option out, or run the query as a batch")
    }
    try StreamingRules(file: file, mode: mode).check(plan)
  }

  /// Is each row made of its record alone, the same in whichever micro-batch? Not so with current_timestamp() and its
  /// like.
  var rowsStandAlone: Bool {
    guard case .pipeline(let pipeline) = batchPlan, pipeline.inputs.isEmpty else { return false }
    let text = planText.lowercased()
    return !["current_", "curdate", "now(", "localtimestamp", "unix_timestamp()", "rand", "uuid"].contains {
      text.contains($0)
    }
  }

  /// Runs the query over one record batch of one of its sources.
  ///
  /// - Parameters:
  ///   - source: the source's name; nil = the first.
  ///   - now: microseconds since 1970 for current_timestamp(); nil = the clock.
  /// - Throws: `.badInput` with the record's topic-partition@offset and Spark's error text: an ANSI error, or mode
  ///   FAILFAST.
  public func process(
    _ batch: RecordBatch, source: String? = nil, now: Int64? = nil
  ) throws -> QueryOutput {
    guard case .pipeline(let pipeline) = batchPlan, pipeline.inputs.isEmpty else {
      throw MillError(
        .configuration, "the query can't be answered from one record batch", at: .init(file: file),
        wayOut: "run it as a StreamingQuery")
    }
    return try process(pipeline, batch, source: source ?? sources.first?.name ?? Operator.noSource, now: now)
  }

  func process(
    _ pipeline: Pipeline, _ batch: RecordBatch, source: String, now: Int64?
  ) throws -> QueryOutput {
    try process(pipeline, .records(batch), from: source, now: now) { slot in
      slot >= 0 && slot < batch.count ? origin(of: slot, in: batch) : nil
    }
  }

  /// Runs the query over lines of a file, which lie one after the other; line ends belong to them. Memory after them
  /// is as ``JSONReader/append(inPlace:count:)`` wants it.
  ///
  /// - Parameters:
  ///   - place: says where a line is, by the position of its first byte in the text.
  func process(
    _ pipeline: Pipeline, _ lines: Lines, source: String, now: Int64, place: (Int) -> String
  ) throws -> QueryOutput {
    var output = try process(pipeline, .lines(lines), from: source, now: now) {
      $0 >= 0 && $0 < lines.count ? place(Int(lines.starts[$0])) : nil
    }
    for index in output.malformed.indices {
      output.malformed[index].origin = place(Int(lines.starts[output.malformed[index].slot]))
    }
    return output
  }

  func process(
    _ pipeline: Pipeline, _ input: ScanInput, from source: String, now: Int64?,
    origin: (Int) -> String? = { _ in nil }
  ) throws -> QueryOutput {
    try withLane(now: now) { lane in
      let frames = try located(origin) { try pipeline.root.run(input, from: source, lane) }
      let batches = frames.map { frame in
        let columns = zip(frame.columns, pipeline.schema.columns).map { $0.0?.column ?? Column($0.1.type, []) }
        return ColumnBatch(pipeline.schema, columns, count: frame.count)
      }
      return QueryOutput(
        batch: ColumnBatch.concatenate(batches, schema: pipeline.schema), malformed: lane.malformed,
        misfitCount: lane.misfitCount, eventTimes: lane.eventTimes)
    }
  }

  /// A lane that nobody else uses. It is not used again when the body throws: its readers stopped in the middle.
  func withLane<Result>(now: Int64?, _ body: (Lane) throws -> Result) throws -> Result {
    let lane = idle.withLock { $0.popLast() }?.lane ?? Lane(needs: needs, time: time)
    lane.now = now ?? Clock.nowNanoseconds() / 1000
    lane.malformed = []
    lane.misfitCount = 0
    lane.eventTimes = [:]
    let result = try body(lane)
    let box = LaneBox(lane: lane)
    idle.withLock { $0.append(box) }
    return result
  }

  /// Makes an error with its place of a value that can't be computed.
  func located<Result>(
    _ origin: (Int) -> String? = { _ in nil }, _ body: () throws -> Result
  ) throws -> Result {
    do { return try body() } catch let failure as RowFailure {
      var place = MillError.Place(file: file, line: failure.position?.line, column: failure.position?.column)
      place.key = origin(failure.row)
      throw MillError(.badInput, failure.failure.text, at: place)
    }
  }

  /// The result of a query that reads nothing: SELECT without FROM, or from VALUES.
  public func evaluate(now: Int64? = nil) throws -> ColumnBatch {
    let run = BatchRun(
      query: self, inputs: nil, places: .init(), lanes: 1, chunkBytes: 1 << 20,
      now: now ?? Clock.nowNanoseconds() / 1000, stop: Signal(), onChunk: { _ in })
    return ColumnBatch.concatenate([try run.collect(batchPlan)], schema: schema)
  }

  /// The rows of a result with what the session's clock (SET TIME ZONE) shows in place of timestamps: for people.
  public func onClock(_ batch: ColumnBatch) -> ColumnBatch {
    if time.zone == nil { return batch }
    return ColumnBatch(batch.schema, batch.columns.map { time.local($0) }, count: batch.count)
  }

  /// `pop-0@17`
  func origin(of slot: Int, in batch: RecordBatch) -> String { "\(batch.topicPartition)@\(batch.slots[slot].offset)" }
}

/// Memory for the places of lines that a lane uses again and again.
struct LineMemory {
  var starts: [Int32] = []
  var counts: [Int32] = []
}

/// What a query made of one record batch.
public struct QueryOutput: Sendable {
  /// A record that could not be read.
  public struct Malformed: Sendable, Equatable {
    /// Index in the record batch's slots.
    public var slot: Int
    public var reason: String
    /// `pop-0@17` or `path@byte`.
    public var origin: String?
    /// The line of a file, where it is wanted.
    var line: [UInt8] = []
    public init(slot: Int, reason: String, origin: String? = nil) {
      self.slot = slot
      self.reason = reason
      self.origin = origin
    }
  }
  public var batch: ColumnBatch
  /// Records whose text is no JSON document of the query's schema. Their rows are in `batch` as Spark has them.
  public var malformed: [Malformed]
  /// Documents with a value that does not fit its column's type (null there, as in Spark).
  public var misfitCount: Int
  /// By the number of the WATERMARK.
  var eventTimes: [Int: EventTimeStats] = [:]
}
