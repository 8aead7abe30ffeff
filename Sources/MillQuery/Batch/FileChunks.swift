import MillArchive
import MillBase
import MillColumns
import Synchronization

/// The chunks of all files, in order.
final class FileChunks: JobSource {
  struct Chunk: Sendable {
    var file: LineFile
    var index: Int
    var source: String
    /// The first line of the file is no row.
    var hasHeader: Bool
  }

  let totalBytes: Int64
  private let state: Mutex<(fileIndex: Int, chunk: Int)>
  private let files: [(file: LineFile, source: String, hasHeader: Bool)]

  init(
    _ sources: [(described: FileSource, name: String)], inputs: [String]?, files systems: FileSystems?, chunkBytes: Int
  ) throws {
    var files: [(LineFile, String, Bool)] = []
    for (described, name) in sources {
      for path in inputs ?? [described.path] {
        files += try Self.open(path, systems, chunkBytes: chunkBytes).map {
          ($0, name, described.hasHeader)
        }
      }
    }
    self.files = files
    totalBytes = files.reduce(0) { $0 + $1.0.size }
    state = Mutex((0, 0))
  }

  private static func open(_ path: String, _ systems: FileSystems?, chunkBytes: Int) throws -> [LineFile] {
    guard path.contains("://") else { return try expand(path).map { try LineFile($0, chunkBytes: chunkBytes) } }
    let (system, inner) = try (systems ?? FileSystems(root: "")).resolve(path)
    guard let status = try system.status(inner) else {
      throw MillError(.notFound, "the path does not exist", at: .init(file: path))
    }
    return try expand(status, inner, in: system).map { file, size in
      LineFile(file, size: size, chunkBytes: chunkBytes) { target, position in
        let bytes = try system.read(file, from: position, count: target.count)
        target.copyBytes(from: bytes)
        return bytes.count
      }
    }
  }

  private static func expand(
    _ status: ArchiveStatus, _ path: String, in system: any FileSystem
  ) throws -> [(path: String, size: Int64)] {
    guard status.isDirectory else { return [(path, status.size)] }
    return try system.list(path).filter { !$0.name.hasPrefix(".") && !$0.name.hasPrefix("_") }.flatMap {
      try expand($0, "\(path)/\($0.name)", in: system)
    }
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
        let (file, source, hasHeader) = files[state.fileIndex]
        if state.chunk < file.chunkCount {
          defer { state.chunk += 1 }
          return Chunk(file: file, index: state.chunk, source: source, hasHeader: hasHeader)
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
      var start = 0
      if chunk.hasHeader, chunk.index == 0 { start = text.firstIndex(of: 10).map { $0 + 1 } ?? text.count }
      let output = try query.process(
        pipeline, lines: UnsafeRawBufferPointer(rebasing: text[start...]), using: &memory, source: chunk.source,
        now: now, place: { "\(chunk.file.path)@\(position + Int64(start + $0))" })
      return (output, memory.starts.count)
    }
  }
}

final class BufferPool: Sendable {
  private let idle = Mutex<[ChunkBuffer]>([])
  func take() -> ChunkBuffer { idle.withLock { $0.popLast() } ?? ChunkBuffer() }
  func give(_ buffer: ChunkBuffer) { idle.withLock { $0.append(buffer) } }
}
