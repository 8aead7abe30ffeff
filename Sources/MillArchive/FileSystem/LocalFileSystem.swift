import Glibc
import MillBase

/// Directories of this machine.
public struct LocalFileSystem: FileSystem {
  public init() {}

  public var description: String { "local" }

  public func create(_ path: String) throws -> any FileWriter {
    try Files.makeDirectory(Files.split(path).directory)
    return LocalWriter(try File(path, .truncate))
  }

  public func status(_ path: String) throws -> ArchiveStatus? {
    try Files.status(path).map { status in
      ArchiveStatus(
        name: Files.split(path).name, size: status.size, isDirectory: status.isDirectory,
        modified: status.modified / 1_000_000)
    }
  }

  public func list(_ path: String) throws -> [ArchiveStatus] {
    guard try Files.status(path) != nil else { return [] }
    return try Files.list(path).compactMap { try status("\(path)/\($0)") }
  }

  public func makeDirectories(_ path: String) throws { try Files.makeDirectory(path, isDurable: true) }

  public func rename(_ from: String, to: String) throws {
    guard Files.exists(from) else {
      if Files.exists(to) { return }
      throw MillError(.notFound, "it is not there to be renamed", at: .init(file: from))
    }
    // link(2) refuses an existing name, rename(2) would replace it.
    do { try System.call("rename to \(to)", from) { link(from, to) } } catch  where errno == EEXIST {
      // A crash between the two steps below leaves one file under both names.
      guard try Files.status(from)?.inode == Files.status(to)?.inode else {
        throw MillError(.refused, "it can't be renamed: \(to) exists", at: .init(file: from))
      }
    }
    try Files.remove(from)
    try Files.syncDirectory(Files.split(to).directory)
  }

  public func delete(_ path: String) throws -> Bool {
    guard let status = try Files.status(path) else { return false }
    if status.isDirectory { try System.call("remove directory", path) { rmdir(path) } } else { try Files.remove(path) }
    return true
  }

  public func read(_ path: String, from position: Int64, count: Int) throws -> [UInt8] {
    try File(path, .read).read(count: count, at: position)
  }
}

private final class LocalWriter: FileWriter {
  private let file: File
  private var buffer: [UInt8] = []
  private var position: Int64 = 0

  init(_ file: File) { self.file = file }

  var buffered: Int { buffer.count }

  func write(_ bytes: [UInt8]) { buffer += bytes }

  func flush() throws {
    // At a fixed position: a try that wrote a part is repeated over it.
    try file.write(buffer, at: position)
    position += Int64(buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }

  func close() throws {
    try flush()
    try file.sync()
  }
}
