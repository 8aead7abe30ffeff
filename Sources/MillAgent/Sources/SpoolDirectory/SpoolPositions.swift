import MillBase

/// What the source remembers in the tracker directory: how far files in the middle are, and which are set aside.
///
/// Flume's own position file is `.flumespool-main.meta`; this one stands beside it, since several files may be on
/// their way at once here.
struct SpoolPositions {
  struct Progress: Equatable {
    var identity: FileIdentity
    /// Bytes of the file that were delivered.
    var position: Int64
    /// Events of the file that were delivered.
    var number: Int
  }
  struct Aside: Equatable {
    var inode: UInt64
    var reason: String
  }

  /// By relative path.
  var progress: [String: Progress] = [:]
  var aside: [String: Aside] = [:]
  let path: String

  /// Reads what an earlier run wrote; nothing there is a fresh start.
  init(path: String) throws {
    self.path = path
    guard Files.exists(path) else { return }
    let document = try JSONValue(parsing: try Files.read(path), file: path)
    for item in document["files"]?.array ?? [] {
      guard let file = item["file"]?.string, let size = item["size"]?.integer, let modified = item["modified"]?.integer,
        let position = item["position"]?.integer, let number = item["events"]?.integer
      else { throw damaged() }
      progress[file] = Progress(
        identity: FileIdentity(path: file, size: size, modified: modified), position: position, number: Int(number))
    }
    for item in document["aside"]?.array ?? [] {
      guard let file = item["file"]?.string, let inode = item["inode"]?.integer, let reason = item["reason"]?.string
      else { throw damaged() }
      aside[file] = Aside(inode: UInt64(bitPattern: inode), reason: reason)
    }
  }

  private func damaged() -> MillError {
    MillError(
      .corrupt, "this is not a position file", at: .init(file: path),
      wayOut: "delete it: files in the middle are then read from their start")
  }

  /// On the disk when this returns.
  func write() throws {
    let files = progress.sorted { $0.key < $1.key }.map { _, item in
      JSONValue.object([
        "file": .string(item.identity.path), "size": .integer(item.identity.size),
        "modified": .integer(item.identity.modified), "position": .integer(item.position),
        "events": .integer(Int64(item.number)),
      ])
    }
    let aside = aside.sorted { $0.key < $1.key }.map { file, item in
      JSONValue.object([
        "file": .string(file), "inode": .integer(Int64(bitPattern: item.inode)), "reason": .string(item.reason),
      ])
    }
    try Files.makeDirectory(Files.split(path).directory)
    try Files.writeAtomically(
      JSONValue.object(["version": 1, "files": .array(files), "aside": .array(aside)]).bytes(), to: path)
  }
}
