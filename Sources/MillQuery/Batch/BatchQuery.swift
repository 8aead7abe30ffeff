import Glibc
import MillBase
import MillColumns
import Synchronization

/// A query over files, from beginning to end: lanes read and compute chunk by chunk, the output keeps the files' order.
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
  ///   - lanes: threads that read and compute, the caller's among them. Default: the processors.
  ///   - chunkBytes: bytes of one read, about.
  ///   - encode: runs on the lanes; for line protocol and the like.
  ///   - onMalformed: place (`path@byte`) and reason of a line that is no JSON. Called in order.
  ///   - sink: gets the encoded column batches in the order of the input, on the caller's thread.
  /// - Throws: `.configuration` when the query reads no files, `.notFound`, `.badInput` (ANSI errors, with the line's
  ///   place), and what `encode` and `sink` throw.
  @discardableResult
  public static func run<Output: Sendable>(
    _ query: CompiledQuery, inputs: [String]? = nil, lanes: Int = processorCount, chunkBytes: Int = 1 << 20,
    onMalformed: (_ origin: String, _ reason: String) throws -> Void = { _, _ in },
    encode: @escaping @Sendable (ColumnBatch) throws -> Output, sink: (Output) throws -> Void
  ) throws -> Summary {
    guard !query.sources.isEmpty else {
      throw MillError(.configuration, "the query reads no files", at: .init(file: query.file))
    }
    return try withoutActuallyEscaping(onMalformed) { onMalformed in
      let count = Counter()
      let run = BatchRun(
        query: query, inputs: inputs, lanes: lanes, chunkBytes: chunkBytes, now: Clock.nowNanoseconds() / 1000
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
    _ query: CompiledQuery, inputs: [String]? = nil, lanes: Int = processorCount,
    sink: (ColumnBatch) throws -> Void
  ) throws -> Summary {
    try run(query, inputs: inputs, lanes: lanes, encode: { $0 }, sink: sink)
  }

  /// Processors that this process may use.
  public static let processorCount = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}

/// The chunks of all files, in order.
final class FileChunks: JobSource {
  struct Chunk: Sendable {
    var file: LineFile
    var index: Int
    var source: String
  }

  let totalBytes: Int64
  private let state: Mutex<(fileIndex: Int, chunk: Int)>
  private let files: [(file: LineFile, source: String)]

  init(_ sources: [Source], file: String?, inputs: [String]?, chunkBytes: Int) throws {
    var files: [(LineFile, String)] = []
    for source in sources {
      guard case .files(let described) = source.kind else {
        throw MillError(
          .configuration, "the view \(source.name) reads a topic: as a batch this is not supported yet",
          at: .init(file: file), wayOut: "read files with USING text OPTIONS (path '…'), or run it as a stream")
      }
      for path in try (inputs ?? [described.path]).flatMap(Self.expand) {
        files.append((try LineFile(path, chunkBytes: chunkBytes), source.name))
      }
    }
    self.files = files
    totalBytes = files.reduce(0) { $0 + $1.0.size }
    state = Mutex((0, 0))
  }

  /// Files of a directory by name, those with `.` or `_` in front left out.
  private static func expand(_ path: String) throws -> [String] {
    guard let status = try Files.status(path) else {
      throw MillError(.notFound, "the path does not exist", at: .init(file: path))
    }
    guard status.isDirectory else { return [path] }
    return try Files.list(path).filter { !$0.hasPrefix(".") && !$0.hasPrefix("_") }.flatMap {
      try expand("\(path)/\($0)")
    }
  }

  func next() throws -> Chunk? {
    state.withLock { state in
      while state.fileIndex < files.count {
        let (file, source) = files[state.fileIndex]
        if state.chunk < file.chunkCount {
          defer { state.chunk += 1 }
          return Chunk(file: file, index: state.chunk, source: source)
        }
        state = (state.fileIndex + 1, 0)
      }
      return nil
    }
  }
}

/// What a lane reads into, again and again.
///
/// @unchecked: one lane has it at a time; the pool hands it out.
final class ChunkBuffer: @unchecked Sendable {
  private var bytes = BufferBuilder()
  private var memory = LineMemory()

  func process(
    _ chunk: FileChunks.Chunk, _ query: CompiledQuery, _ pipeline: Pipeline, now: Int64
  ) throws -> (QueryOutput, rows: Int) {
    try chunk.file.read(chunk: chunk.index, using: &bytes) { text, position in
      let output = try query.process(
        pipeline, lines: text, using: &memory, source: chunk.source, now: now,
        place: { "\(chunk.file.path)@\(position + Int64($0))" })
      return (output, memory.starts.count)
    }
  }
}

final class BufferPool: Sendable {
  private let idle = Mutex<[ChunkBuffer]>([])
  func take() -> ChunkBuffer { idle.withLock { $0.popLast() } ?? ChunkBuffer() }
  func give(_ buffer: ChunkBuffer) { idle.withLock { $0.append(buffer) } }
}
