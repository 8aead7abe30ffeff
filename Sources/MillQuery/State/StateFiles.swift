import MillBase

/// Where the files of one partition are, named as Spark names them: `state/<operator>/<partition>/<version>.delta` and
/// `.snapshot`.
struct StateFiles: Sendable {
  let directory: String

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

  /// Removes what no version from `version` on needs.
  func purge(before version: Int64) throws {
    guard let start = try snapshots().last(where: { $0 <= version }) else { return }
    for old in try snapshots() where old < start { try Files.remove(snapshot(old)) }
    for old in try versions(".delta") where old <= start { try Files.remove(delta(old)) }
  }
}
