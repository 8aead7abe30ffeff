import MillArchive
import MillBase
import MillColumns
import Synchronization

/// The chunks of all files, in order.
final class FileChunks: JobSource {
  struct Chunk: Sendable {
    var file: LineFile
    var index: Int
    var item: Item
  }

  /// A file to be read.
  struct Item: Sendable {
    var path: String
    var size: Int64
    var source: String
    /// How its lines are read.
    var described: FileSource
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
              path: file.path, size: file.size, source: name, described: described, system: finder.system,
              partition: partition))
        }
      }
    }
    return items
  }

  private func open(_ item: Item) throws -> LineFile {
    // A file of one document, or of records longer than a line, is read as a whole.
    let chunkBytes = item.described.isMultiLine ? LineFile.lineBytesMax : chunkBytes
    if let unpacked = try PackedFile.open(item, chunkBytes: chunkBytes) { return try whole(unpacked, item) }
    if item.system is LocalFileSystem { return try whole(LineFile(item.path, chunkBytes: chunkBytes), item) }
    let file = LineFile(item.path, size: item.size, chunkBytes: chunkBytes) { target, position in
      let bytes = try item.system.read(item.path, from: position, count: target.count)
      target.copyBytes(from: bytes)
      return bytes.count
    }
    return try whole(file, item)
  }

  /// - Throws: `.limit` for a file that has to be read as a whole and is too big.
  private func whole(_ file: LineFile, _ item: Item) throws -> LineFile {
    guard item.described.isMultiLine, file.size > Int64(LineFile.lineBytesMax) else { return file }
    throw MillError(
      .limit, "with multiLine a file has at most \(LineFile.lineBytesMax) bytes, not \(file.size)",
      at: .init(file: item.path), wayOut: "write a record a line, and leave multiLine out")
  }

  func next() throws -> Chunk? {
    try state.withLock { state in
      while state.item < items.count {
        let item = items[state.item]
        let file = try state.file ?? open(item)
        state.file = file
        if state.chunk < file.chunkCount {
          defer { state.chunk += 1 }
          return Chunk(file: file, index: state.chunk, item: item)
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
    let described = chunk.item.described
    return try chunk.file.read(chunk: chunk.index, using: &bytes) { text, position in
      let start = chunk.index == 0 ? Self.firstRow(of: text, described) : 0
      let text = UnsafeRawBufferPointer(rebasing: text[start...])
      var lines = Self.lines(of: text, described, &memory)
      if let options = described.json { lines.splitArrays(options, &memory) }
      lines.partition = chunk.item.partition
      var output = try query.process(
        pipeline, lines, source: chunk.item.source, now: now,
        place: { "\(chunk.file.path)@\(position + Int64(start + $0))" })
      if keepsLines {
        for index in output.malformed.indices {
          let slot = output.malformed[index].slot
          let first = Int(memory.starts[slot])
          output.malformed[index].line = Array(text[first..<(first + Int(memory.counts[slot]))])
        }
      }
      return (output, memory.starts.count)
    }
  }
}

extension ChunkBuffer {
  private static func lines(
    of text: UnsafeRawBufferPointer, _ described: FileSource, _ memory: inout LineMemory
  ) -> Lines {
    guard described.isMultiLine else { return Lines(text, reusing: &memory.starts, &memory.counts) }
    guard let csv = described.csv else { return Lines(text, starts: [0], counts: [Int32(text.count)], &memory) }
    // The bytes are this buffer's own.
    let count = CSVRecords.normalize(UnsafeMutableRawBufferPointer(mutating: text))
    let records = CSVRecords.split(UnsafeRawBufferPointer(rebasing: text[..<count]), csv)
    return Lines(text, starts: records.starts, counts: records.counts, &memory)
  }

  /// Where a file's rows begin: behind a byte order mark, and behind the header, before which lines may be blank.
  private static func firstRow(of text: UnsafeRawBufferPointer, _ described: FileSource) -> Int {
    var start = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard described.csv?.hasHeader == true, !described.isMultiLine else { return start }
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
