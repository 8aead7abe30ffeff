import MillBase
import MillColumns
import MillLog
import Synchronization

/// What a pipeline of a batch reads: the chunks of its files, the rows of its tables, the records of its topics.
final class BatchInput: JobSource {
  private struct Rows: Sendable {
    var source: String
    var make: @Sendable () throws -> ColumnBatch
  }
  enum Piece: Sendable {
    case chunk(FileChunks.Chunk)
    case records(RangeReader.Piece)
    case rows(ColumnBatch, source: String)
  }

  private let chunks: FileChunks
  private let rows: Mutex<ArraySlice<Rows>>
  private let records: RangeReader
  private let stop: Signal

  var fileBytes: Int64 { chunks.totalBytes }

  /// - Throws: `.notFound` for a path or topic that does not exist; `.configuration` for a topic without a log.
  init(
    _ pipeline: Pipeline, _ sources: [Source], query: CompiledQuery, inputs: [String]?, places: BatchQuery.Places,
    chunkBytes: Int, now: Int64, stop: Signal
  ) throws {
    var files: [(FileSource, String)] = []
    var rows: [Rows] = []
    var ranges: [RangeReader.Range] = []
    for source in sources {
      switch source.kind {
      case .files(let described): files.append((described, source.name))
      case .table(let table): rows.append(Rows(source: source.name) { try table.rows() })
      case .rate:
        throw MillError(
          .configuration, "the view \(source.name) makes its rows as time goes by: it can be read as a stream only",
          at: .init(file: query.file), wayOut: "run the query as a stream, or read range(…)")
      case .kafka(let kafka):
        guard let log = places.log else {
          throw MillError(
            .configuration, "the view \(source.name) reads a topic, and there is no log here",
            at: .init(file: query.file), wayOut: "read files with USING text OPTIONS (path '…')")
        }
        let stream = KafkaStream(name: source.name, kafka: kafka, log: try log(kafka))
        ranges += try stream.batchRanges()
      }
    }
    let items = try FileChunks.items(files, inputs: inputs, files: places.files, time: query.time)
    chunks = FileChunks(try pipeline.pruning.pruned(items, query, now: now), chunkBytes: chunkBytes)
    self.rows = Mutex(rows[...])
    records = RangeReader(ranges, stop: stop)
    self.stop = stop
  }

  /// What a micro-batch reads.
  init(
    _ pipeline: Pipeline, _ ranges: StreamRanges, query: CompiledQuery, chunkBytes: Int, now: Int64, stop: Signal
  ) throws {
    chunks = FileChunks(try pipeline.pruning.pruned(ranges.files, query, now: now), chunkBytes: chunkBytes)
    let rows = ranges.rows.flatMap { range in range.batches.map { Rows(source: range.source, make: $0) } }
    self.rows = Mutex(rows[...])
    records = RangeReader(ranges.records, stop: stop)
    self.stop = stop
  }

  func next() throws -> Piece? {
    if stop.isSet { throw MillError(.stopped, "the query is stopped") }
    if let chunk = try chunks.next() { return .chunk(chunk) }
    if let rows = rows.withLock({ $0.popFirst() }) { return .rows(try rows.make(), source: rows.source) }
    return try records.next().map { .records($0) }
  }
}

extension BatchInput.Piece {
  /// The name of the source that it comes from.
  var source: String {
    switch self {
    case .chunk(let chunk): chunk.item.source
    case .records(let piece): piece.source
    case .rows(_, let source): source
    }
  }

  /// What could not be read, as a record: of a topic as it was, of a file with the line as its value.
  func record(_ problem: QueryOutput.Malformed) -> Record {
    guard case .records(let piece) = self else { return Record(value: problem.line) }
    return piece.records.record(problem.slot)
  }

  /// - Parameter keepsLines: lines of files that can't be read are in the output, as a whole.
  func process(
    _ query: CompiledQuery, _ pipeline: Pipeline, _ buffers: BufferPool, now: Int64, keepsLines: Bool = false
  ) throws -> (QueryOutput, BatchRun.ReadChunk) {
    switch self {
    case .chunk(let chunk):
      let buffer = buffers.take()
      defer { buffers.give(buffer) }
      let (output, rows) = try buffer.process(chunk, query, pipeline, now: now, keepsLines: keepsLines)
      return (output, .init(bytes: 0, rows: rows, malformed: output.malformed))
    case .rows(let batch, let source):
      let output = try query.process(pipeline, .rows(batch), from: source, now: now)
      return (output, .init(bytes: 0, rows: batch.count, malformed: []))
    case .records(let piece):
      let records = piece.records
      var output = try query.process(pipeline, .records(records), from: piece.source, now: now) { slot in
        slot >= 0 && slot < records.count ? query.origin(of: slot, in: records) : nil
      }
      for index in output.malformed.indices {
        output.malformed[index].origin = query.origin(of: output.malformed[index].slot, in: records)
      }
      return (output, .init(bytes: 0, rows: records.count, malformed: output.malformed))
    }
  }
}

extension KafkaStream {
  /// From the startingOffsets (default: earliest) to the endingOffsets (default: latest), as Spark's batch reader.
  fileprivate func batchRanges() throws -> [RangeReader.Range] {
    let partitions = try partitions()
    let start = try offsets(partitions, kafka.startingOffsets ?? .earliest, option: "startingOffsets")
    let end = try offsets(partitions, kafka.endingOffsets ?? .latest, option: "endingOffsets")
    return ranges(from: start, to: end)
  }
}
