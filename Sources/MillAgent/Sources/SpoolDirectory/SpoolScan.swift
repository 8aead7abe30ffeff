import Glibc
import MillBase

/// A file in the spool directory that is to be read.
struct SpoolCandidate: Sendable {
  /// Absolute.
  var path: String
  var identity: FileIdentity
  var inode: UInt64
}

extension SpoolDirectorySettings {
  /// The files to be read, in the order of `consumeOrder`; ties go by name.
  func candidates() throws -> [SpoolCandidate] {
    var found: [SpoolCandidate] = []
    try scan(spoolDirectory, relative: "", into: &found)
    let order = consumeOrder
    if order == .random { return found.shuffled() }
    return found.sorted { a, b in
      if a.identity.modified != b.identity.modified {
        return (a.identity.modified < b.identity.modified) == (order == .oldest)
      }
      return a.identity.path < b.identity.path
    }
  }

  private func scan(_ directory: String, relative: String, into found: inout [SpoolCandidate]) throws {
    let names = try Files.list(directory) { name in
      if name.hasPrefix(".") || !recursive && isFinished(name) { return false }
      return !(ignorePattern?.matchesWhole(name) ?? false)
    }
    for name in names {
      let path = "\(directory)/\(name)"
      // A file may be renamed or deleted between the two calls.
      guard let status = try Files.status(path) else { continue }
      let inner = relative.isEmpty ? name : "\(relative)/\(name)"
      if status.isDirectory {
        if recursive { try scan(path, relative: inner, into: &found) }
        continue
      }
      if isFinished(name) || !(includePattern?.matchesWhole(name) ?? true) { continue }
      if trackingPolicy == .tracker_dir, Files.exists(marker(inner)) { continue }
      found.append(
        SpoolCandidate(
          path: path, identity: FileIdentity(path: inner, size: status.size, modified: status.modified),
          inode: status.inode))
    }
  }

  private func isFinished(_ name: String) -> Bool { !fileSuffix.isEmpty && name.hasSuffix(fileSuffix) }

  /// The empty file that marks a finished one under the policy tracker_dir.
  func marker(_ relative: String) -> String { "\(trackerDirectory)/\(relative)\(fileSuffix)" }
}

/// True when another process has the file open for writing: then it is not whole yet.
///
/// The kernel gives a read lease only on files that nobody writes (fcntl(2), F_SETLEASE). Where leases don't exist,
/// or the file belongs to someone else, the answer is false, as in Flume.
func isBeingWritten(_ file: File) -> Bool {
  // Not in Swift's view of fcntl.h.
  let setSignal: Int32 = 10
  let setLease: Int32 = 1024
  // A writer that comes while the lease is held makes the kernel send SIGIO, which would end the process; SIGURG is
  // ignored unless asked for.
  guard fcntl(file.descriptor, setSignal, SIGURG) == 0 else { return false }
  if fcntl(file.descriptor, setLease, Int32(F_RDLCK)) == 0 {
    _ = fcntl(file.descriptor, setLease, Int32(F_UNLCK))
    return false
  }
  return errno == EAGAIN
}
