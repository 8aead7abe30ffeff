import MillBase
import Synchronization

/// Where the files of one partition are, named as Spark names them: `state/<operator>/<partition>/<version>.delta` and
/// `.snapshot`.
struct StateFiles: Sendable {
  let directory: String
  private let spares = SpareFiles()

  init(directory: String) { self.directory = directory }

  func delta(_ version: Int64) -> String { "\(directory)/\(version).delta" }
  func snapshot(_ version: Int64) -> String { "\(directory)/\(version).snapshot" }

  /// Versions that have a snapshot, ascending.
  func snapshots() throws -> [Int64] { try versions(".snapshot") }

  private func versions(_ ending: String) throws -> [Int64] {
    try Files.list(directory).compactMap { name in
      name.hasSuffix(ending) ? Int64(name.dropLast(ending.count)) : nil
    }.sorted()
  }

  /// Removes files that a dead process has not finished.
  func sweep() throws {
    for name in try Files.list(directory) where name.hasPrefix(".") && name.hasSuffix(".tmp") {
      try Files.remove("\(directory)/\(name)")
    }
  }

  /// Removes what no version from `version` on needs, or keeps it as a spare file.
  func purge(before version: Int64) throws {
    let snapshots = try snapshots()
    guard let start = snapshots.last(where: { $0 <= version }) else { return }
    // What was old before is gone, or is being written over just now.
    let done = spares.purgedTo
    let old =
      snapshots.filter { (done..<start).contains($0) }.map { snapshot($0) }
      + (try versions(".delta")).filter { $0 > done && $0 <= start }.map { delta($0) }
    for path in old where try !spares.take(path) { try Files.remove(path) }
    spares.purgedTo = start
  }

  /// Removes the snapshots of versions that are not to be.
  func removeSnapshots(after version: Int64) throws {
    for later in try snapshots() where later > version { try Files.remove(snapshot(later)) }
  }

  /// A file that no version needs any more, for a new one to be written over; nil when there is none.
  func spare() -> String? { spares.next() }
}

/// Old files that become new ones. Making and removing files costs a file system more than writing over them: it looks
/// for a free inode and blocks, and has more to sync.
///
/// After a power cut such a file may still have its old content, under the new name: the version in it tells.
private final class SpareFiles: Sendable {
  private static let countMax = 64
  /// Larger files are worth more as free space.
  private static let bytesMax: Int64 = 64 << 10
  private let state = Mutex<(paths: [String], purgedTo: Int64)>(([], 0))

  /// The first version that is not old yet; its snapshot holds all before.
  var purgedTo: Int64 {
    get { state.withLock { $0.purgedTo } }
    set { state.withLock { $0.purgedTo = newValue } }
  }

  /// False when there are enough.
  func take(_ path: String) throws -> Bool {
    guard try Files.status(path)?.size ?? .max <= Self.bytesMax else { return false }
    return state.withLock { state in
      guard state.paths.count < Self.countMax else { return false }
      state.paths.append(path)
      return true
    }
  }

  func next() -> String? { state.withLock { $0.paths.isEmpty ? nil : $0.paths.removeFirst() } }
}
