import Glibc

/// An open file: system calls that retry EINTR and throw errors with the path in them.
///
/// Reading and writing at explicit positions is safe from several threads.
public final class File: Sendable {
  public let path: String
  public let descriptor: Int32

  public enum Mode: Sendable {
    case read
    /// Created when missing, never truncated.
    case readWrite
    /// Created; an error when it exists.
    case createNew
    /// Created when missing, else emptied.
    case truncate
  }

  /// - Parameter permissions: of a file that this call creates; default rw-r--r--.
  /// - Throws: `MillError.system` with the path and what the system said (`.notFound` for ENOENT).
  public init(_ path: String, _ mode: Mode, permissions: mode_t = 0o644) throws {
    let flags: Int32 =
      switch mode {
      case .read: O_RDONLY
      case .readWrite: O_RDWR | O_CREAT
      case .createNew: O_RDWR | O_CREAT | O_EXCL
      case .truncate: O_RDWR | O_CREAT | O_TRUNC
      }
    self.path = path
    let isNew = mode != .read && FileChanges.areObserved && !Files.exists(path)
    descriptor = try System.call("open", path) { open(path, flags | O_CLOEXEC, permissions) }
    if isNew { FileChanges.note(.create(path)) } else if mode == .truncate { FileChanges.note(.truncate(path, 0)) }
  }

  deinit { close(descriptor) }

  public func size() throws -> Int64 {
    var info = stat()
    _ = try System.call("stat", path) { fstat(descriptor, &info) }
    return Int64(info.st_size)
  }

  /// Reads until the buffer is full or the file ends; returns how many bytes came.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws -> Int {
    var done = 0
    while done < buffer.count {
      let n = try System.call("read", path) {
        pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(position) + off_t(done))
      }
      if n == 0 { break }
      done += n
    }
    return done
  }

  /// Up to `count` bytes from `position`; fewer at the end of the file.
  public func read(count: Int, at position: Int64) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      initialized = try read(into: UnsafeMutableRawBufferPointer(buffer), at: position)
    }
  }

  /// Writes all bytes, or throws.
  public func write(_ bytes: UnsafeRawBufferPointer, at position: Int64) throws {
    var done = 0
    while done < bytes.count {
      done += try System.call("write", path) {
        pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(position) + off_t(done))
      }
    }
    FileChanges.note(.write(path, position: position, Array(bytes)))
  }

  public func write(_ bytes: [UInt8], at position: Int64) throws {
    try bytes.withUnsafeBytes { try write($0, at: position) }
  }

  /// Blocks until the data is on the disk: call it on a thread of its own.
  public func sync() throws {
    if let number = FileChanges.refusal(ofSync: path) {
      errno = number
      throw System.error("fdatasync", path)
    }
    _ = try System.call("fdatasync", path) { fdatasync(descriptor) }
    FileChanges.note(.sync(path))
  }

  /// The data is on the disk when this returns, and so is the name that the file was given last, without a sync of the
  /// directory: making a file and renaming it is in the journal of ext4, XFS and Btrfs no later than its fsync.
  ///
  /// - Parameter name: its path by now.
  public func syncWithName(_ name: String) throws {
    if let number = FileChanges.refusal(ofSync: name) {
      errno = number
      throw System.error("fsync", name)
    }
    _ = try System.call("fsync", name) { fsync(descriptor) }
    FileChanges.note(.sync(name))
    FileChanges.note(.syncDirectory(Files.split(name).directory))
  }

  public func truncate(to size: Int64) throws {
    _ = try System.call("truncate", path) { ftruncate(descriptor, off_t(size)) }
    FileChanges.note(.truncate(path, size))
  }

  /// Takes the file for this process; false when another holds it. Given back when the file closes.
  ///
  /// Looks again for up to half a second: a process that was just killed, or a child between fork and exec, may still
  /// hold it.
  public func tryLock() throws -> Bool {
    for attempt in 0..<Self.lockAttempts {
      if attempt > 0 { usleep(25_000) }
      do {
        _ = try System.call("lock", path) { flock(descriptor, LOCK_EX | LOCK_NB) }
        return true
      } catch  where errno == EWOULDBLOCK {
        continue
      }
    }
    return false
  }

  private static let lockAttempts = 20
}

/// What `stat` says of a path.
public struct FileStatus: Sendable {
  public var size: Int64
  public var isDirectory: Bool
  /// Nanoseconds since 1970.
  public var modified: Int64
  public var inode: UInt64
}

/// Whole-file and directory operations.
public enum Files {
  /// The whole file. - Throws: `.limit` above `limit` bytes (default 256 MiB).
  public static func read(_ path: String, limit: Int = 256 << 20) throws -> [UInt8] {
    let file = try File(path, .read)
    let size = try file.size()
    guard size <= limit else {
      throw MillError(.limit, "file of \(size) bytes is above the limit of \(limit)", at: .init(file: path))
    }
    return try file.read(count: Int(size), at: 0)
  }

  public static func readText(_ path: String, limit: Int = 256 << 20) throws -> String {
    String(decoding: try read(path, limit: limit), as: UTF8.self)
  }

  /// The file appears whole or not at all, and is on the disk when this returns:
  /// hidden temporary name in the same directory → write → fsync → rename → fsync of the directory.
  public static func writeAtomically(_ bytes: [UInt8], to path: String, permissions: mode_t = 0o644) throws {
    try writeAside(bytes, path, permissions) { temporary in
      try rename(temporary, to: path)
      return true
    }
  }

  /// As ``writeAtomically(_:to:permissions:)`` for a file of one disk block, with one sync or none: a power cut may leave
  /// the file whole or empty or not at all, a kill whole or not at all.
  ///
  /// - Parameter isDurable: it is on the disk when this returns.
  public static func writeBlock(_ bytes: [UInt8], to path: String, isDurable: Bool) throws {
    guard bytes.count <= blockSize else { return try writeAtomically(bytes, to: path) }
    let temporary = aside(path)
    do {
      let file = try File(temporary, .createNew)
      try file.write(bytes, at: 0)
      try rename(temporary, to: path)
      if isDurable { try file.syncWithName(path) }
    } catch {
      discard(temporary)
      throw error
    }
  }

  /// Makes a file durable, with its name.
  public static func sync(_ path: String) throws { try File(path, .read).syncWithName(path) }

  /// Is the file what a power cut left of one that ``writeBlock(_:to:isDurable:)`` wrote?
  public static func isEmptyBlock(_ path: String) throws -> Bool {
    try status(path)?.size ?? 0 <= Int64(blockSize) && read(path).allSatisfy { $0 == 0 }
  }

  /// What a file system writes at once.
  private static let blockSize = 4096

  /// The hidden name holds the process id, by which a later run tells what a dead one left.
  private static func aside(_ path: String) -> String {
    let (directory, name) = split(path)
    return "\(directory)/.\(name).\(getpid()).\(UInt32.random(in: .min ... .max)).tmp"
  }

  /// As ``writeAtomically(_:to:permissions:)``, but never replaces a file; false when the name is taken, whoever took
  /// it.
  public static func createAtomically(
    _ bytes: [UInt8], at path: String, permissions: mode_t = 0o644
  ) throws -> Bool {
    try writeAside(bytes, path, permissions) { temporary in
      do {
        _ = try System.call("link to \(path)", temporary) { link(temporary, path) }
      } catch  where errno == EEXIST {
        return false
      }
      FileChanges.note(.link(temporary, to: path))
      discard(temporary)
      return true
    }
  }

  @discardableResult
  private static func writeAside(
    _ bytes: [UInt8], _ path: String, _ permissions: mode_t, _ publish: (_ temporary: String) throws -> Bool
  ) throws -> Bool {
    let temporary = aside(path)
    do {
      let file = try File(temporary, .createNew, permissions: permissions)
      try file.write(bytes, at: 0)
      try file.sync()
      guard try publish(temporary) else {
        discard(temporary)
        return false
      }
    } catch {
      discard(temporary)
      throw error
    }
    try syncDirectory(split(path).directory)
    return true
  }

  /// A temporary file that stays is swept up by a later run.
  private static func discard(_ temporary: String) {
    if unlink(temporary) == 0 { FileChanges.note(.remove(temporary)) }
  }

  public static func writeAtomically(_ text: String, to path: String, permissions: mode_t = 0o644) throws {
    try writeAtomically(Array(text.utf8), to: path, permissions: permissions)
  }

  public static func rename(_ from: String, to: String) throws {
    _ = try System.call("rename to \(to)", from) { Glibc.rename(from, to) }
    FileChanges.note(.rename(from, to: to))
  }

  public static func remove(_ path: String) throws {
    _ = try System.call("remove", path) { unlink(path) }
    FileChanges.note(.remove(path))
  }

  /// Removes a directory with all that is in it; nothing happens when it does not exist. A symbolic link is removed,
  /// what it leads to stays.
  public static func removeTree(_ path: String) throws {
    guard let status = try status(path, followsLinks: false) else { return }
    guard status.isDirectory else { return try remove(path) }
    for name in try list(path) { try removeTree("\(path)/\(name)") }
    _ = try System.call("remove directory", path) { rmdir(path) }
    FileChanges.note(.removeDirectory(path))
  }

  /// Makes the directory and its parents.
  public static func makeDirectory(_ path: String) throws { try makeDirectory(path, isDurable: false) }

  /// - Parameter isDurable: what was made survives a power cut when this returns.
  public static func makeDirectory(_ path: String, isDurable: Bool) throws {
    if try status(path)?.isDirectory == true { return }
    let parent = split(path).directory
    if parent != path, parent != "/", parent != "." { try makeDirectory(parent, isDurable: isDurable) }
    do {
      _ = try System.call("make directory", path) { mkdir(path, 0o755) }
      FileChanges.note(.makeDirectory(path))
      if isDurable { try syncDirectory(parent) }
    } catch  where errno == EEXIST {
      guard try status(path)?.isDirectory == true else { throw error }
    }
  }

  /// Entry names without `.` and `..` that pass the test, sorted by bytes.
  public static func list(_ path: String, where passes: (String) -> Bool = { _ in true }) throws -> [String] {
    guard let directory = opendir(path) else { throw System.error("list", path) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { first in
        first.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != "..", passes(name) { names.append(name) }
    }
    // Swift orders ASCII text by bytes, and much faster than a closure does; other text it orders by its normal form.
    if names.allSatisfy({ $0.utf8.allSatisfy { $0 < 0x80 } }) { return names.sorted() }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// nil when nothing is there.
  ///
  /// - Parameter followsLinks: false = of a symbolic link itself, not of what it leads to.
  public static func status(_ path: String, followsLinks: Bool = true) throws -> FileStatus? {
    var info = stat()
    do {
      _ = try System.call("stat", path) { followsLinks ? stat(path, &info) : lstat(path, &info) }
    } catch  where errno == ENOENT || errno == ENOTDIR {
      return nil
    }
    return FileStatus(
      size: Int64(info.st_size), isDirectory: info.st_mode & S_IFMT == S_IFDIR,
      modified: Int64(info.st_mtim.tv_sec) * 1_000_000_000 + Int64(info.st_mtim.tv_nsec), inode: UInt64(info.st_ino))
  }

  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Makes renames and new names in the directory survive a power cut.
  public static func syncDirectory(_ path: String) throws {
    let directory = try System.call("open", path) { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    defer { close(directory) }
    _ = try System.call("fsync", path) { fsync(directory) }
    FileChanges.note(.syncDirectory(path))
  }

  /// `a/b/c` → (`a/b`, `c`); a bare name is in `.`.
  public static func split(_ path: String) -> (directory: String, name: String) {
    var trimmed = path[...]
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
    guard let slash = trimmed.lastIndex(of: "/") else { return (".", String(trimmed)) }
    let directory = trimmed[..<slash]
    return (directory.isEmpty ? "/" : String(directory), String(trimmed[trimmed.index(after: slash)...]))
  }

  /// An absolute path stays; a relative one is taken below `base`.
  public static func resolve(_ path: String, in base: String) -> String {
    path.hasPrefix("/") ? path : "\(base)/\(path)"
  }

  /// A new empty directory below the system's place for temporary files.
  public static func makeTemporaryDirectory(_ prefix: String) throws -> String {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/\(prefix).XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw System.error("make temporary directory", base) }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// System calls: EINTR is retried, −1 becomes an error with the path in it.
public enum System {
  @discardableResult
  public static func call<Result: FixedWidthInteger & SignedInteger>(
    _ what: String, _ path: String, _ body: () -> Result
  ) throws -> Result {
    while true {
      let result = body()
      if result != -1 { return result }
      if errno != EINTR { throw error(what, path) }
    }
  }

  /// Writes all bytes to a descriptor that has no positions: a pipe, a terminal.
  public static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ name: String) throws {
    var done = 0
    while done < bytes.count {
      done += try call("write", name) { write(descriptor, bytes.baseAddress! + done, bytes.count - done) }
    }
  }

  /// The error for the current `errno`, which stays as it is.
  public static func error(_ what: String, _ path: String) -> MillError {
    let number = errno
    let wayOut: String? =
      switch number {
      case ENOSPC: "make room on the disk; work goes on by itself then"
      case EACCES, EPERM: "check owner and permissions"
      case EMFILE: "raise the limit of open files (ulimit -n)"
      case EADDRINUSE: "another process uses it: stop that one or choose another port"
      default: nil
      }
    let error = MillError(
      number == ENOENT ? .notFound : .system, "\(what): \(String(cString: strerror(number)))",
      at: .init(file: path), wayOut: wayOut, isRetriable: number == ENOSPC || number == EMFILE || number == EAGAIN)
    errno = number
    return error
  }
}
