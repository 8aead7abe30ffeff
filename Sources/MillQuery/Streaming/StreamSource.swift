import MillArchive
import MillBase
import MillLog

/// The seam of a streaming source: where a query begins, what there is, and what a micro-batch reads of it.
///
/// Used by the query's thread; what ``ranges(from:to:)`` gives is read by the lanes.
protocol StreamSource: AnyObject, Sendable {
  /// The source's name in the plan.
  var name: String { get }
  /// As Spark describes it in progress: `KafkaV2[Subscribe[pop]]`.
  var description: String { get }
  /// How long to wait before it is looked at again.
  var pollInterval: Duration { get }

  /// Where the query began, or begins now: what has to be remembered of it lies in `sources/I` when this returns.
  func initialOffset() throws -> SourceOffset

  /// Reads what offsets/N holds.
  ///
  /// - Throws: ``SourceChanged`` for the offsets of another source.
  func offset(_ json: JSONValue) throws -> SourceOffset

  /// From now on there is only what is there now: AvailableNow and Once.
  ///
  /// - Parameter ignoresLimits: Once takes all at one go.
  func freeze(after offset: SourceOffset, ignoresLimits: Bool) throws

  /// What the next micro-batch may read, within the source's limits.
  ///
  /// - Parameter mayRest: another source is looked at more often than this one needs.
  func next(after offset: SourceOffset, mayRest: Bool) throws -> SourceStep

  /// What lies between the two, to be read.
  func ranges(from start: SourceOffset, to end: SourceOffset) throws -> StreamRanges

  /// What lies between the two is committed, and will not be read again.
  func committed(from start: SourceOffset, to end: SourceOffset)

  /// Waits until something comes after this offset, or for a while.
  func waitForData(after offset: SourceOffset, _ stop: Signal) throws

  /// The `metrics` of its progress.
  func metrics(end: SourceOffset, latest: SourceOffset?) -> JSONValue
}

extension StreamSource {
  func committed(from start: SourceOffset, to end: SourceOffset) {}
  func waitForData(after offset: SourceOffset, _ stop: Signal) throws { stop.wait(pollInterval) }
  func metrics(end: SourceOffset, latest: SourceOffset?) -> JSONValue { .object([:]) }
}

/// How far a source has come.
enum SourceOffset: Sendable, Equatable {
  case kafka(KafkaOffsets)
  /// The number of the last list of files in `sources/I`; −1 = none yet.
  case files(Int64)
  /// Seconds since the source began.
  case seconds(Int64)
  /// The next row's value, and the time of the next micro-batch's rows in milliseconds.
  case row(Int64, timestamp: Int64)

  /// Records between this and a later offset; 0 where they can't be counted.
  func count(until end: SourceOffset?) -> Int64 {
    if case .kafka(let start) = self, case .kafka(let end)? = end { return start.count(until: end) }
    return 0
  }

  /// As offsets/N holds it; nil = `-`, nothing yet.
  var json: JSONValue? {
    switch self {
    case .kafka(let offsets): offsets.json
    case .files(let number): number < 0 ? nil : .object(["logOffset": .integer(number)])
    case .seconds(let seconds): .integer(seconds)
    case .row(let row, let timestamp): .object(["offset": .integer(row), "timestamp": .integer(timestamp)])
    }
  }
}

/// What a source has for the next micro-batch.
struct SourceStep: Sendable {
  /// Where the micro-batch begins: the offset asked for, mended (new partitions begin at their first record).
  var start: SourceOffset
  /// Where it ends.
  var end: SourceOffset
  /// What there is in all; nil = the source does not say.
  var latest: SourceOffset?
  var hasData: Bool
  /// false: it was not looked at, so there may be more.
  var isSure = true
  /// Records between start and latest; 0 when they can't be counted.
  var behind: Int64 = 0
}

/// The checkpoint belongs to another source.
struct SourceChanged: Error {
  var text: String
}

/// What a micro-batch reads.
struct StreamRanges: Sendable {
  var records: [RangeReader.Range] = []
  var files: [FileChunks.Item] = []
  var rows: [RowRange] = []

  static func += (all: inout StreamRanges, more: StreamRanges) {
    all.records += more.records
    all.files += more.files
    all.rows += more.rows
  }

  /// Those of some sources.
  func only(of sources: [String]) -> StreamRanges {
    StreamRanges(
      records: records.filter { sources.contains($0.source) }, files: files.filter { sources.contains($0.source) },
      rows: rows.filter { sources.contains($0.source) })
  }
}

/// Makes the streaming sources of a query.
struct StreamSources {
  let log: @Sendable (KafkaSource) throws -> any RecordLog
  let files: FileSystems?
  let checkpoint: Checkpoint
  /// For topics whose options name no limit of their own.
  let maxOffsetsPerTrigger: Int64?
  /// The session's clock.
  let time: LocalTime

  /// - Parameter index: number among the query's streams: its folder is `sources/<index>`.
  /// - Throws: what the log says; `.notFound`, retriable, for files whose path does not exist.
  func make(_ source: Source, _ index: Int) throws -> any StreamSource {
    switch source.kind {
    case .kafka(var kafka):
      kafka.maxOffsetsPerTrigger = kafka.maxOffsetsPerTrigger ?? maxOffsetsPerTrigger
      return KafkaStream(
        name: source.name, kafka: kafka, log: try log(kafka), memory: .init(checkpoint: checkpoint, index: index))
    case .files(let described):
      return try FileStream(
        name: source.name, source: described, systems: files, time: time,
        log: FileStreamLog(checkpoint.sourceDirectory(index)))
    case .rate(let rate):
      switch rate.pace {
      case .perSecond(let rows, let rampUp):
        return RateStream(
          name: source.name, rate: rate, rowsPerSecond: rows, rampUpSeconds: rampUp, schema: source.schema,
          beginning: try checkpoint.beginning(index))
      case .perBatch(let rows, let start, let advance):
        return RateMicroBatchStream(
          name: source.name, rate: rate, rowsPerBatch: rows, startTimestamp: start, advance: advance,
          schema: source.schema)
      }
    case .table: preconditionFailure("a table is no stream")
    }
  }
}
