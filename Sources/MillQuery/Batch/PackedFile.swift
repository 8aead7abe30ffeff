import Glibc
import MillArchive
import MillBase
import MillLog

/// Files that are packed, by their names as Hadoop tells them: unpacked into a file without a name, so that lanes can
/// read it chunk by chunk and memory stays as it is.
enum PackedFile {
  /// Hadoop unpacks files with these names too; read as they are they would be gibberish.
  private static let unknown = "bz2"
  /// Bytes of a packed file that are read at once.
  private static let readBytes = 256 << 10
  /// Bytes that a file may unpack to: a small one can be a very large one.
  static let unpackedMax: Int64 = 64 << 30

  /// - Returns: nil for a file that is not packed.
  /// - Throws: `.configuration` for a kind that is not read, `.badInput` for a damaged file, `.limit`.
  static func open(_ item: FileChunks.Item, chunkBytes: Int) throws -> LineFile? {
    guard let dot = item.path.lastIndex(of: "."), !item.path[dot...].contains("/") else { return nil }
    let kind = item.path[item.path.index(after: dot)...]
    if kind == unknown {
      throw MillError(
        .configuration, "files of the kind .\(kind) are not read yet", at: .init(file: item.path),
        wayOut: "unpack it, pack it as .gz or .zst, or leave it out with the option pathGlobFilter")
    }
    let codec = HadoopCodec(rawValue: String(kind))
    guard codec != nil || kind == "gz" || kind == "deflate" else { return nil }
    let local = item.system is LocalFileSystem ? try File(item.path, .read) : nil
    let target = try unnamedFile()
    var (read, written): (Int64, Int64) = (0, 0)
    func next() throws -> [UInt8] {
      let bytes =
        try local?.read(count: readBytes, at: read) ?? item.system.read(item.path, from: read, count: readBytes)
      read += Int64(bytes.count)
      return bytes
    }
    func put(_ bytes: UnsafeRawBufferPointer) throws {
      guard written + Int64(bytes.count) <= unpackedMax else {
        throw MillError(.limit, "unpacked, the file is above \(unpackedMax >> 30) GiB")
      }
      try target.write(bytes, at: written)
      written += Int64(bytes.count)
    }
    do {
      if let codec {
        try codec.unpack(from: next, to: put)
      } else {
        try Gzip.decompress(kind == "gz" ? .gzip : .zlib, from: next, to: put)
      }
    } catch var problem as MillError where problem.place == nil {
      problem.place = .init(file: item.path)
      throw problem
    }
    return LineFile(item.path, size: written, chunkBytes: chunkBytes) { try target.read(into: $0, at: $1) }
  }

  /// In the directory for temporary files; gone with the last who has it open.
  private static func unnamedFile() throws -> File {
    let directory = try Files.makeTemporaryDirectory("millrace-unpacked")
    let file = try File(directory + "/file", .createNew)
    try Files.removeTree(directory)
    return file
  }
}
