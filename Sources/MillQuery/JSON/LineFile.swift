import Glibc
import MillBase
import MillColumns

/// A file of lines in chunks that several threads read at once, each by itself.
///
/// A line belongs to the chunk in which it begins, so every line is in exactly one chunk.
public final class LineFile: Sendable {
  /// A line has at most so many bytes.
  public static let lineBytesMax = 256 << 20

  public let path: String
  public let chunkBytes: Int
  /// Bytes when it was opened; what is added later is not read.
  public let size: Int64
  private let read: @Sendable (_ target: UnsafeMutableRawBufferPointer, _ position: Int64) throws -> Int

  /// Read with a chunk, for the rest of its last line; and as often as needed, so many more.
  private static let aheadBytes: Int64 = 8 << 10
  private static let moreBytes: Int64 = 256 << 10

  /// - Parameter chunkBytes: about so many bytes a chunk; 1 MiB stays in the processor's cache.
  public convenience init(_ path: String, chunkBytes: Int = 1 << 20) throws {
    let file = try File(path, .read)
    self.init(path, size: try file.size(), chunkBytes: chunkBytes) { try file.read(into: $0, at: $1) }
  }

  /// - Parameter read: fills the target with the bytes from a position on; fewer only at the end. Called by several
  ///   threads.
  init(
    _ path: String, size: Int64, chunkBytes: Int,
    read: @escaping @Sendable (_ target: UnsafeMutableRawBufferPointer, _ position: Int64) throws -> Int
  ) {
    precondition(chunkBytes > 0)
    self.path = path
    self.chunkBytes = chunkBytes
    self.size = size
    self.read = read
  }

  public var chunkCount: Int { Int((size + Int64(chunkBytes) - 1) / Int64(chunkBytes)) }

  /// Reads a chunk into the buffer (used again and again by its thread) and passes its lines on, whole, with their
  /// line ends (the file's last line may have none). ``JSONReader/padding`` bytes after them are there too.
  ///
  /// - Throws: `.system`; `.limit` for a line above ``lineBytesMax``.
  public func read<Result>(
    chunk index: Int, using buffer: inout BufferBuilder, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    try read(chunk: index, using: &buffer) { lines, _ in try body(lines) }
  }

  /// The same; the body also gets the position in the file of the first line.
  public func read<Result>(
    chunk index: Int, using buffer: inout BufferBuilder,
    _ body: (UnsafeRawBufferPointer, _ position: Int64) throws -> Result
  ) throws -> Result {
    let begin = Int64(index) * Int64(chunkBytes)
    let end = min(size, begin + Int64(chunkBytes))
    // The byte before tells whether a line begins with the chunk.
    let from = max(0, begin - 1)
    buffer.count = 0
    try fill(&buffer, from, to: min(size, end + Self.aheadBytes))
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    // Less is there when the file became shorter.
    guard buffer.count > 0 else { return try body(nothing, end) }
    var stop = min(buffer.count, Int(end - from))
    var start = 0
    if begin > 0 {
      guard let newline = Self.newline(buffer.base, 0, stop) else { return try body(nothing, end) }
      start = newline + 1
      if start == stop { return try body(nothing, end) }
    }
    if buffer.base.load(fromByteOffset: stop - 1, as: UInt8.self) != 10 {
      // The last line goes on in the next chunk.
      while true {
        if let newline = Self.newline(buffer.base, stop, buffer.count) {
          stop = newline + 1
          break
        }
        stop = buffer.count
        guard stop <= Self.lineBytesMax else {
          throw MillError(
            .limit, "a line of more than \(Self.lineBytesMax) bytes near byte \(begin)", at: .init(file: path))
        }
        try fill(&buffer, from + Int64(stop), to: min(size, from + Int64(stop) + Self.moreBytes))
        if buffer.count == stop { break }
      }
    }
    return try body(
      UnsafeRawBufferPointer(start: buffer.base + start, count: stop - start), from + Int64(start))
  }

  private func fill(_ buffer: inout BufferBuilder, _ from: Int64, to end: Int64) throws {
    let count = Int(end - from)
    buffer.reserve(count + JSONReader.padding)
    buffer.count += try read(UnsafeMutableRawBufferPointer(start: buffer.base + buffer.count, count: count), from)
  }

  private static func newline(_ base: UnsafeMutableRawPointer, _ from: Int, _ to: Int) -> Int? {
    memchr(base + from, 10, to - from).map { UnsafeMutableRawPointer(mutating: $0) - base }
  }
}

extension JSONReader {
  /// Reads each line as a document. A line end may be LF or CR LF; a last line without one counts too.
  ///
  /// The lines are read where they are: ``padding`` bytes after them must be there and may be written, as with a chunk
  /// of ``LineFile``. All bytes are as before when this returns.
  public func append(lines: UnsafeMutableRawBufferPointer) throws {
    guard let base = lines.baseAddress else { return }
    var start = 0
    while start < lines.count {
      let line = base + start
      let count = memchr(line, 10, lines.count - start).map { $0 - line } ?? lines.count - start
      try append(inPlace: line.assumingMemoryBound(to: UInt8.self), count: count)
      start += count + 1
    }
  }
}
