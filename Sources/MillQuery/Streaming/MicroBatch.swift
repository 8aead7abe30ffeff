import MillArchive
import MillBase
import MillColumns
import MillLog
import Synchronization

/// The rows of one micro-batch, read and computed while a sink fetches them: memory stays bounded however many there
/// are. Rows of one partition keep their order.
public final class MicroBatch: Sendable {
  /// Counted from 0, without gaps.
  public let id: Int64
  /// Columns of every column batch.
  public let schema: Schema

  struct Counts: Sendable {
    var inputRows: Int64 = 0
    var outputRows: Int64 = 0
    var malformed: Int64 = 0
    /// Records by source.
    var bySource: [String: Int64] = [:]
    /// By number of the watermark.
    var eventTimes: [Int: EventTimeStats] = [:]

    mutating func add(_ times: [Int: EventTimeStats]) {
      for (number, stats) in times { eventTimes[number, default: EventTimeStats()].add(stats) }
    }
  }
  typealias Malformed = @Sendable (_ record: Record, _ origin: String, _ reason: String) throws -> Void

  /// Rows that need nothing but their record batch come straight from the lanes; others by way of a run of the plan.
  private enum Rows {
    case straight(OrderedLanes<BatchInput, (BatchInput.Piece, QueryOutput, BatchRun.ReadChunk)>)
    case planned(FetchedRows)
  }
  private let rows: Rows
  private let stop: Signal
  private let counted: Counted

  /// Counts what has gone through, and passes malformed records on.
  private final class Counted: Sendable {
    let counts = Mutex(Counts())
    let onMalformed: Malformed

    init(_ onMalformed: @escaping Malformed) { self.onMalformed = onMalformed }

    func note(_ piece: BatchInput.Piece, _ output: QueryOutput, _ read: BatchRun.ReadChunk) throws {
      counts.withLock {
        $0.inputRows += Int64(read.rows)
        $0.bySource[piece.source, default: 0] += Int64(read.rows)
        $0.malformed += Int64(output.malformed.count)
        $0.add(output.eventTimes)
      }
      for problem in output.malformed {
        try onMalformed(piece.record(problem), problem.origin ?? piece.source, problem.reason)
      }
    }
  }

  /// Bytes of a file that a lane reads at once, about.
  private static let chunkBytes = 1 << 20

  init(
    id: Int64, query: CompiledQuery, ranges: StreamRanges, laneCount: Int, now: Int64, stop: Signal,
    stores: [StateStore], mode: OutputMode, watermarks: Watermarks, files: FileSystems?,
    onMalformed: @escaping Malformed
  ) throws {
    self.id = id
    self.stop = stop
    schema = query.schema
    let counted = Counted(onMalformed)
    self.counted = counted
    if case .pipeline(let pipeline) = query.batchPlan, pipeline.inputs.isEmpty {
      let input = try BatchInput(
        pipeline, ranges, query: query, chunkBytes: Self.chunkBytes, now: now, stop: stop)
      let buffers = BufferPool()
      rows = .straight(
        OrderedLanes(lanes: laneCount, name: "lane", source: input) { piece in
          let (output, read) = try piece.process(query, pipeline, buffers, now: now, keepsLines: true)
          return (piece, output, read)
        })
      return
    }
    let part = StreamPart(
      ranges: ranges, stores: stores, mode: mode, watermarks: watermarks,
      onPiece: { try counted.note($0, $1, $2) }, onTimes: { times in counted.counts.withLock { $0.add(times) } })
    let fetched = FetchedRows()
    fetched.start { hand in
      let run = BatchRun(
        query: query, inputs: nil, places: .init(files: files), lanes: laneCount, chunkBytes: Self.chunkBytes, now: now,
        stop: stop,
        onChunk: { chunk in
          for problem in chunk.malformed {
            Log.warning("query", "\(problem.origin ?? "a file"): \(problem.reason)")
          }
        }, stream: part)
      try run.run(query.batchPlan, encode: { $0 }, sink: hand)
    }
    rows = .planned(fetched)
  }

  var counts: Counts { counted.counts.withLock { $0 } }

  /// The next rows; nil at the end of the micro-batch. Empty column batches are left out.
  ///
  /// - Throws: `.stopped` when the query is told to stop: the micro-batch will come again. Errors of the log, and of
  ///   the query (`.badInput` with the record's place).
  public func next() throws -> ColumnBatch? {
    while true {
      if stop.isSet { throw MillError(.stopped, "the query is stopped") }
      let batch: ColumnBatch
      switch rows {
      case .straight(let lanes):
        guard let (piece, output, read) = try lanes.next() else { return nil }
        try counted.note(piece, output, read)
        batch = output.batch
      case .planned(let fetched):
        guard let next = try fetched.next() else { return nil }
        batch = next
      }
      if batch.isEmpty { continue }
      counted.counts.withLock { $0.outputRows += Int64(batch.count) }
      return batch
    }
  }

  func cancel() {
    switch rows {
    case .straight(let lanes): lanes.cancel()
    case .planned(let fetched): fetched.cancel()
    }
  }
}

/// Reads ranges of offsets, partition by partition.
final class RangeReader: JobSource {
  struct Range: Sendable {
    var source: String
    var log: any RecordLog
    var topicPartition: TopicPartition
    var start: Int64
    var end: Int64
    var failOnDataLoss: Bool
  }
  struct Piece: Sendable {
    var source: String
    var records: RecordBatch
  }

  /// Bytes of one read, about.
  static let readBytes = 1 << 20
  /// kafkaConsumer.pollTimeoutMs: how long records that must be there may take.
  static let readTimeout: Duration = .seconds(120)

  private let state: Mutex<(ranges: ArraySlice<Range>, at: Int64?)>
  private let stop: Signal

  init(_ ranges: [Range], stop: Signal) {
    state = Mutex((ranges[...], nil))
    self.stop = stop
  }

  func next() throws -> Piece? {
    try state.withLock { state in
      while let range = state.ranges.first {
        let at = state.at ?? range.start
        if at >= range.end {
          state.ranges.removeFirst()
          state.at = nil
          continue
        }
        var records = try read(range, from: at)
        state.at = max(at, records.nextOffset)
        if let beyond = records.slots.firstIndex(where: { $0.offset >= range.end }) {
          records.slots.removeSubrange(beyond...)
        }
        if !records.isEmpty { return Piece(source: range.source, records: records) }
      }
      return nil
    }
  }

  private func read(_ range: Range, from offset: Int64) throws -> RecordBatch {
    let begin = Clock.steadyNanoseconds()
    while true {
      do {
        let records = try range.log.read(
          range.topicPartition, from: offset, maxBytes: Self.readBytes, wait: .milliseconds(200))
        if !records.isEmpty || records.nextOffset > offset { return records }
      } catch let error as MillError where error.code == .offsetOutOfRange {
        let start = try range.log.offsets(range.topicPartition).start
        let loss = DataLoss.error("the offsets \(offset) to \(start) of \(range.topicPartition) are gone")
        if range.failOnDataLoss { throw loss }
        Log.warning("query", loss.message)
        // What is left begins later, or nothing is left of the range.
        return RecordBatch(topicPartition: range.topicPartition, nextOffset: start > offset ? start : range.end)
      }
      if stop.isSet { throw MillError(.stopped, "the query is stopped") }
      guard Clock.steadyNanoseconds() - begin < UInt64(Self.readTimeout.components.seconds) * 1_000_000_000 else {
        throw MillError(
          .unreachable, "no records of \(range.topicPartition) from \(offset) on within \(Self.readTimeout)",
          isRetriable: true)
      }
    }
  }
}

/// Spark's words for offsets that are no more.
enum DataLoss {
  static func error(_ what: String) -> MillError {
    MillError(
      .offsetOutOfRange,
      "\(what). Some data may have been lost because they are not available in Kafka any more; either the data was "
        + "aged out by Kafka or the topic may have been deleted before all the data in the topic was processed",
      wayOut: "if the query shall go on in such cases, set the source option failOnDataLoss to false")
  }
}
