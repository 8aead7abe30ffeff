import MillBase
import Synchronization

/// Records every change below a directory, which begins empty.
package final class DiskRecorder: Sendable {
  package let directory: String
  private let recorded = Mutex<[FileChange]>([])
  private let observer = Mutex(0)

  package init(_ directory: String) {
    self.directory = directory
    let prefix = directory + "/"
    let id = FileChanges.observe { [weak self] change in
      guard SimulatedDisk.paths(change).contains(where: { $0 == directory || $0.hasPrefix(prefix) }) else { return }
      self?.recorded.withLock { $0.append(change) }
    }
    observer.withLock { $0 = id }
  }

  package func stop() { FileChanges.stop(observer.withLock { $0 }) }

  package var changes: [FileChange] { recorded.withLock { $0 } }
  package var count: Int { recorded.withLock { $0.count } }
}

/// A simulated disk under a write cache: what is on it for sure, and what a power cut may keep or lose.
///
/// The bytes of a file are safe after its sync. Before that each write and truncation may be there or not, whatever
/// came later, and a write may be torn at any byte or leave any of its sectors out. Names are safe after the sync of
/// their directory; before that the first few changes of a directory may be there, in their order, as file systems
/// with a journal keep them. A file's sync does not save its name: POSIX does not promise that.
package struct SimulatedDisk {
  private struct Inode {
    var safe: [UInt8] = []
    var pending: [FileChange] = []
  }
  private enum Entry {
    case directory
    case file(Int)
  }
  private static let sector = 512
  private static let block = 4096

  /// A new file of one block is there whole or empty: file systems write a block at once, and a file's size when its
  /// bytes are there (ext4, XFS, Btrfs). What is written over old bytes may be torn all the same.
  package var keepsNewBlocks = false

  private var inodes: [Inode] = []
  private var names: [String: Entry] = [:]
  private var safeNames: [String: Entry] = [:]
  /// Of a directory: changes of names that its sync has not saved yet, with the file that gets a name.
  private var pendingNames: [String: [(change: FileChange, entry: Entry?)]] = [:]

  /// - Parameter start: files that are safe from the beginning, by their paths.
  package init(directories: [String], files: [String: [UInt8]]) {
    for path in directories { names[path] = .directory }
    for (path, bytes) in files {
      names[path] = .file(inodes.count)
      inodes.append(Inode(safe: bytes))
    }
    safeNames = names
  }

  /// All that is in a directory now, as on a disk that has saved it.
  package init(_ directory: String) throws {
    var directories: [String] = []
    var files: [String: [UInt8]] = [:]
    func walk(_ path: String) throws {
      for inner in try Files.list(path).map({ "\(path)/\($0)" }) {
        guard try Files.status(inner)!.isDirectory else {
          files[inner] = try Files.read(inner)
          continue
        }
        directories.append(inner)
        try walk(inner)
      }
    }
    try walk(directory)
    self.init(directories: directories, files: files)
  }

  package static func paths(_ change: FileChange) -> [String] {
    switch change {
    case .rename(let from, let to), .link(let from, let to): [from, to]
    case .create(let path), .write(let path, _, _), .truncate(let path, _), .sync(let path), .remove(let path),
      .makeDirectory(let path), .removeDirectory(let path), .syncDirectory(let path):
      [path]
    }
  }

  package mutating func apply(_ change: FileChange) {
    switch change {
    case .write(let path, _, _), .truncate(let path, _):
      if case .file(let inode) = names[path] { inodes[inode].pending.append(change) }
    case .sync(let path):
      guard case .file(let inode) = names[path] else { return }
      for change in inodes[inode].pending { Self.apply(change, to: &inodes[inode].safe) }
      inodes[inode].pending = []
    case .syncDirectory(let path):
      for (change, entry) in pendingNames.removeValue(forKey: path) ?? [] { Self.name(change, entry, in: &safeNames) }
    case .create(let path):
      inodes.append(Inode())
      note(change, .file(inodes.count - 1), path)
    case .makeDirectory(let path): note(change, .directory, path)
    case .rename(let from, _), .link(let from, _): note(change, names[from], from)
    case .remove(let path), .removeDirectory(let path): note(change, nil, path)
    }
  }

  private mutating func note(_ change: FileChange, _ entry: Entry?, _ path: String) {
    if case .rename(let from, _) = change, case .directory = entry {
      // Changes below it came before; they are kept, since their paths mean another directory from here on.
      for path in pendingNames.keys.filter({ $0 == from || $0.hasPrefix(from + "/") }).sorted() {
        for (change, entry) in pendingNames.removeValue(forKey: path)! { Self.name(change, entry, in: &safeNames) }
      }
    }
    Self.name(change, entry, in: &names)
    pendingNames[Files.split(path).directory, default: []].append((change, entry))
  }

  private static func name(_ change: FileChange, _ entry: Entry?, in names: inout [String: Entry]) {
    switch change {
    case .create(let path), .makeDirectory(let path), .link(_, let path): names[path] = entry
    case .remove(let path), .removeDirectory(let path): names[path] = nil
    case .rename(let from, let to):
      for (path, entry) in names where path == from || path.hasPrefix(from + "/") {
        names[path] = nil
        names[to + path.dropFirst(from.count)] = entry
      }
    default: preconditionFailure("\(change) is none of names")
    }
  }

  private static func apply(_ change: FileChange, to bytes: inout [UInt8]) {
    switch change {
    case .write(_, let position, let written): put(written[...], at: Int(position), in: &bytes)
    case .truncate(_, let size):
      if bytes.count > Int(size) { bytes.removeLast(bytes.count - Int(size)) }
      bytes += [UInt8](repeating: 0, count: Int(size) - bytes.count)
    default: preconditionFailure("\(change) is none of bytes")
    }
  }

  private static func put(_ written: ArraySlice<UInt8>, at position: Int, in bytes: inout [UInt8]) {
    bytes += [UInt8](repeating: 0, count: max(0, position + written.count - bytes.count))
    bytes.replaceSubrange(position..<(position + written.count), with: written)
  }

  /// Writes what a power cut now could leave into the new directory `target`, in place of `source`.
  package func cutPower(_ source: String, into target: String, _ random: inout SeededRandom) throws {
    var left = safeNames
    for path in pendingNames.keys.sorted() {
      let pending = pendingNames[path]!
      for (change, entry) in pending.prefix(Int.random(in: 0...pending.count, using: &random)) {
        Self.name(change, entry, in: &left)
      }
    }
    try Files.makeDirectory(target)
    // Parents sort before what is in them; a name whose directory was lost is lost too.
    var there: Set = [source]
    for path in left.keys.sorted() where there.contains(Files.split(path).directory) {
      let copy = target + path.dropFirst(source.count)
      switch left[path]! {
      case .directory:
        there.insert(path)
        try Files.makeDirectory(copy)
      case .file(let inode): try File(copy, .createNew).write(leftOver(inodes[inode], &random), at: 0)
      }
    }
  }

  private func leftOver(_ inode: Inode, _ random: inout SeededRandom) -> [UInt8] {
    var bytes = inode.safe
    // Some cuts keep nearly everything, some nearly nothing.
    let kept = [0, 20, 50, 80, 100].randomElement(using: &random)!
    for change in inode.pending where random.chance(kept) {
      guard case .write(_, let position, let written) = change, random.chance(40),
        !(keepsNewBlocks && bytes.isEmpty && position == 0 && written.count <= Self.block)
      else {
        Self.apply(change, to: &bytes)
        continue
      }
      if random.chance(50) {
        let torn = Int.random(in: 0...written.count, using: &random)
        Self.put(written[..<torn], at: Int(position), in: &bytes)
      } else {
        for start in stride(from: 0, to: written.count, by: Self.sector) where random.chance(50) {
          let piece = written[start..<min(start + Self.sector, written.count)]
          Self.put(piece, at: Int(position) + start, in: &bytes)
        }
      }
    }
    return bytes
  }
}
