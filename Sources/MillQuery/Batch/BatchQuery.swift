import Glibc
import MillArchive
import MillBase
import MillColumns
import MillLog

/// A query over files and topics, from beginning to end: lanes read and compute piece by piece, the output keeps the
/// input's order.
public enum BatchQuery {
  /// What was read and made.
  public struct Summary: Sendable {
    public var inputBytes: Int64 = 0
    public var inputRows: Int64 = 0
    public var outputRows: Int64 = 0
    /// Lines that are no JSON of the query's schema.
    public var malformed: Int64 = 0
  }

  /// Runs the query over the files of its source.
  ///
  /// - Parameters:
  ///   - inputs: files and directories instead of the source's path.
  ///   - places: where topics and paths with a scheme are looked up. A topic is read from its startingOffsets (default:
  ///     earliest) to its endingOffsets (default: what is there now).
  ///   - lanes: threads that read and compute, the caller's among them. Default: the processors.
  ///   - chunkBytes: bytes of one read, about.
  ///   - stop: set from another thread, ends the run with `.stopped`.
  ///   - encode: runs on the lanes; for line protocol and the like.
  ///   - onMalformed: place (`path@byte`) and reason of a line that is no JSON. Called in order.
  ///   - sink: gets the encoded column batches in the order of the input, on the caller's thread.
  /// - Throws: `.notFound`, `.badInput` (ANSI errors, with the line's place), and what `encode` and `sink` throw.
  @discardableResult
  public static func run<Output: Sendable>(
    _ query: CompiledQuery, inputs: [String]? = nil, places: Places = Places(), lanes: Int = processorCount,
    chunkBytes: Int = 1 << 20, stop: Signal = Signal(),
    onMalformed: (_ origin: String, _ reason: String) throws -> Void = { _, _ in },
    encode: @escaping @Sendable (ColumnBatch) throws -> Output, sink: (Output) throws -> Void
  ) throws -> Summary {
    return try withoutActuallyEscaping(onMalformed) { onMalformed in
      let count = Counter()
      let run = BatchRun(
        query: query, inputs: inputs, places: places, lanes: lanes, chunkBytes: chunkBytes,
        now: Clock.nowNanoseconds() / 1000, stop: stop
      ) { chunk in
        count.summary.inputBytes += chunk.bytes
        count.summary.inputRows += Int64(chunk.rows)
        count.summary.malformed += Int64(chunk.malformed.count)
        for problem in chunk.malformed { try onMalformed(problem.origin ?? "", problem.reason) }
      }
      try run.run(query.batchPlan, encode: { (try encode($0), $0.count) }) { output, rows in
        count.summary.outputRows += Int64(rows)
        try sink(output)
        return true
      }
      return count.summary
    }
  }

  private final class Counter {
    var summary = Summary()
  }

  /// The same, with the column batches as they are.
  @discardableResult
  public static func run(
    _ query: CompiledQuery, inputs: [String]? = nil, places: Places = Places(), lanes: Int = processorCount,
    sink: (ColumnBatch) throws -> Void
  ) throws -> Summary {
    try run(query, inputs: inputs, places: places, lanes: lanes, encode: { $0 }, sink: sink)
  }

  /// Where a query finds what is not a file of this machine.
  public struct Places: Sendable {
    /// The log of a topic's bootstrap servers, with its client options; nil = topics can't be read.
    public var log: (@Sendable (KafkaSource) throws -> any RecordLog)?
    /// For paths with a scheme: `webhdfs://…`, `hdfs://…`; nil = only what needs no configuration.
    public var files: FileSystems?
    public init(
      log: (@Sendable (KafkaSource) throws -> any RecordLog)? = nil, files: FileSystems? = nil
    ) {
      self.log = log
      self.files = files
    }
  }

  /// Processors that this process may use.
  public static let processorCount = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
