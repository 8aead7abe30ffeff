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
    /// What the file's directory has for the source's columns behind the line.
    var partition: [Value] = []
  }

  /// A file to be read.
  struct Item: Sendable {
    var path: String
    var size: Int64
    var source: String
    /// The first line of the file is no row.
    var hasHeader: Bool
    var system: any FileSystem
    /// What the file's directory has for the source's columns behind the line.
    var partition: [Value] = []
  }

  let totalBytes: Int64
  private let items: [Item]
  private let chunkBytes: Int
  /// One file is open at a time, and as long as lanes read it.
  private let state = Mutex<(item: Int, file: LineFile?, chunk: Int)>((0, nil, 0))

  init(_ items: [Item], chunkBytes: Int) {
    self.items = items
    self.chunkBytes = chunkBytes
    totalBytes = items.reduce(0) { $0 + $1.size }
  }

  /// The files of sources.
  ///
  /// - Parameters:
  ///   - inputs: paths instead of the sources' own.
  ///   - time: the session's clock, for times in the names of directories.
  /// - Throws: `.notFound` for a path where nothing is; `.badInput` for directories that are not the query's.
  static func items(
    _ sources: [(described: FileSource, name: String)], inputs: [String]?, files systems: FileSystems?, time: LocalTime
  ) throws -> [Item] {
    var items: [Item] = []
    for (described, name) in sources {
      var reader = PartitionReader(described, time)
      for path in inputs ?? [described.path] {
        let finder = try FileFinder(described, path: path, systems: systems)
        guard let found = try finder.find() else {
          throw MillError(.notFound, "the path does not exist", at: .init(file: path))
        }
        for file in found {
          // What is given instead of the path may be a partition itself.
          let top = inputs == nil || described.basePath != nil ? finder.top(of: file.path) : nil
          guard let partition = try reader.values(of: file.path, below: top) else {
            PartitionReader.warnOfFile(beside: file.path)
            continue
          }
          items.append(
            Item(
              path: file.path, size: file.size, source: name, hasHeader: described.hasHeader, system: finder.system,
              partition: partition))
        }
      }
    }
    return items
  }

  private func open(_ item: Item) throws -> LineFile {
    if let unpacked = try PackedFile.open(item, chunkBytes: chunkBytes) { return unpacked }
    if item.system is LocalFileSystem { return try LineFile(item.path, chunkBytes: chunkBytes) }
    return LineFile(item.path, size: item.size, chunkBytes: chunkBytes) { target, position in
      let bytes = try item.system.read(item.path, from: position, count: target.count)
      target.copyBytes(from: bytes)
      return bytes.count
    }
  }

  func next() throws -> Chunk? {
    try state.withLock { state in
      while state.item < items.count {
        let item = items[state.item]
        let file = try state.file ?? open(item)
        state.file = file
        if state.chunk < file.chunkCount {
          defer { state.chunk += 1 }
          return Chunk(
            file: file, index: state.chunk, source: item.source, hasHeader: item.hasHeader, partition: item.partition)
        }
        state = (state.item + 1, nil, 0)
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
    _ chunk: FileChunks.Chunk, _ query: CompiledQuery, _ pipeline: Pipeline, now: Int64, keepsLines: Bool
  ) throws -> (QueryOutput, rows: Int) {
    try chunk.file.read(chunk: chunk.index, using: &bytes) { text, position in
      let start = chunk.index == 0 ? Self.firstRow(of: text, hasHeader: chunk.hasHeader) : 0
      let lines = UnsafeRawBufferPointer(rebasing: text[start...])
      var output = try query.process(
        pipeline, lines: lines, using: &memory, source: chunk.source, partition: chunk.partition, now: now,
        place: { "\(chunk.file.path)@\(position + Int64(start + $0))" })
      if keepsLines {
        for index in output.malformed.indices {
          let slot = output.malformed[index].slot
          let first = Int(memory.starts[slot])
          output.malformed[index].line = Array(lines[first..<(first + Int(memory.counts[slot]))])
        }
      }
      return (output, memory.starts.count)
    }
  }
}

extension ChunkBuffer {
  /// Where a file's rows begin: behind a byte order mark, and behind the header, before which lines may be blank.
  private static func firstRow(of text: UnsafeRawBufferPointer, hasHeader: Bool) -> Int {
    var start = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard hasHeader else { return start }
    var isBlank = true
    while isBlank, start < text.count {
      let end = text[start...].firstIndex(of: 10) ?? text.count
      isBlank = text[start..<end].allSatisfy { $0 <= 32 }
      start = min(text.count, end + 1)
    }
    return start
  }
}

final class BufferPool: Sendable {
  private let idle = Mutex<[ChunkBuffer]>([])
  func take() -> ChunkBuffer { idle.withLock { $0.popLast() } ?? ChunkBuffer() }
  func give(_ buffer: ChunkBuffer) { idle.withLock { $0.append(buffer) } }
}
