import MillBase

/// The seam of the archive: files that appear whole.
///
/// Two implementations: ``LocalFileSystem`` and ``WebHDFS``. Calls may block; safe from several threads. Every call
/// can be repeated after an error: what was done already is not done twice.
public protocol FileSystem: Sendable, CustomStringConvertible {
  /// Opens a new file for writing; one that exists is emptied. The parent directory is made.
  func create(_ path: String) throws -> any FileWriter
  /// nil when nothing is there.
  func status(_ path: String) throws -> ArchiveStatus?
  /// What is in a directory, sorted by name; empty when it does not exist.
  func list(_ path: String) throws -> [ArchiveStatus]
  /// Makes a directory and its parents; durable when this returns.
  func makeDirectories(_ path: String) throws
  /// Atomic; never replaces a file. When the source is gone and the destination is there, it has been done: the
  /// answer to an earlier call may have been lost.
  /// - Throws: `.refused` when both exist, `.notFound` when neither does.
  func rename(_ from: String, to: String) throws
  /// Deletes a file or an empty directory; false when nothing was there.
  func delete(_ path: String) throws -> Bool
  /// Bytes from `position` on, at most `count`; fewer at the end of the file.
  func read(_ path: String, from position: Int64, count: Int) throws -> [UInt8]
}

/// What a file system says of a path.
public struct ArchiveStatus: Sendable, Equatable {
  /// Without the directory.
  public var name: String
  public var size: Int64
  public var isDirectory: Bool
  /// Milliseconds since 1970.
  public var modified: Int64

  public init(name: String, size: Int64, isDirectory: Bool, modified: Int64) {
    self.name = name
    self.size = size
    self.isDirectory = isDirectory
    self.modified = modified
  }
}

/// A file being written. Used by one thread at a time.
public protocol FileWriter: AnyObject {
  /// Adds to the buffer; nothing can fail here.
  func write(_ bytes: [UInt8])
  /// Brings the buffer, or most of it, to the file system, so that readers see it. After an error call it again.
  func flush() throws
  /// Everything is stored durably when this returns. After an error call it again.
  func close() throws
  /// Bytes that a flush would bring on.
  var buffered: Int { get }
}
