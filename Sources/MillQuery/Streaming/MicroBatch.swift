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
  }
  typealias Malformed = @Sendable (_ record: Record, _ origin: String, _ reason: String) throws -> Void

  private let lanes: OrderedLanes<RangeReader, (RangeReader.Piece, QueryOutput)>
  private let query: CompiledQuery
  private let onMalformed: Malformed
  private let stop: Signal
  private let counted = Mutex(Counts())

  init(
    id: Int64, query: CompiledQuery, ranges: [RangeReader.Range], laneCount: Int, now: Int64, stop: Signal,
    onMalformed: @escaping Malformed
  ) {
    self.id = id
    self.query = query
    self.stop = stop
    self.onMalformed = onMalformed
    schema = query.schema
    let reader = RangeReader(ranges, stop: stop)
    lanes = OrderedLanes(lanes: laneCount, name: "lane", source: reader) { piece in
      (piece, try query.process(piece.records, source: piece.source, now: now))
    }
  }

  var counts: Counts { counted.withLock { $0 } }

  /// The next rows; nil at the end of the micro-batch. Empty column batches are left out.
  ///
  /// - Throws: `.stopped` when the query is told to stop: the micro-batch will come again. Errors of the log, and of
  ///   the query (`.badInput` with the record's place).
  public func next() throws -> ColumnBatch? {
    while true {
      if stop.isSet { throw MillError(.stopped, "the query is stopped") }
      guard let (piece, output) = try lanes.next() else { return nil }
      counted.withLock {
        $0.inputRows += Int64(piece.records.count)
        $0.outputRows += Int64(output.batch.count)
        $0.malformed += Int64(output.malformed.count)
      }
      for problem in output.malformed {
        let origin = query.origin(of: problem.slot, in: piece.records)
        try onMalformed(piece.records.record(problem.slot), origin, problem.reason)
      }
      if !output.batch.isEmpty { return output.batch }
    }
  }

  func cancel() { lanes.cancel() }
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
