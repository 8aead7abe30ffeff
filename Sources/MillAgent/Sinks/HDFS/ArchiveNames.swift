import MillLog

/// File names that say which records of a topic-partition a file holds.
///
/// Complete: `<prefix>.<topic>-<partition>-<first>-<last><suffix>`; open: without the last offset, with the prefix
/// and suffix in use. A record that is read again is looked up by them: names and content are one.
struct ArchiveNames: Sendable {
  var prefix: String
  var suffix: String
  var inUsePrefix: String
  var inUseSuffix: String
  var topicPartition: TopicPartition

  private var stem: String { "\(prefix).\(topicPartition)-" }

  /// - Parameter copy: 1, or more when files of the same offsets are there, from a topic of the same name.
  func complete(_ first: Int64, _ last: Int64, copy: Int = 1) -> String {
    "\(stem)\(first)-\(last)\(copy > 1 ? "-\(copy)" : "")\(suffix)"
  }
  func inUse(_ first: Int64) -> String { "\(inUsePrefix)\(stem)\(first)\(suffix)\(inUseSuffix)" }

  /// The offsets in a complete file of this name; nil when it is none of this partition's.
  func range(of name: String) -> ClosedRange<Int64>? {
    guard let inner = Self.inner(of: name, stem, suffix) else { return nil }
    let parts = inner.split(separator: "-", omittingEmptySubsequences: false).map(Self.offset)
    guard (2...3).contains(parts.count), parts.last! != nil, let first = parts[0], let last = parts[1], first <= last
    else { return nil }
    return first...last
  }

  /// A file of this partition that an earlier run left open.
  func isInUse(_ name: String) -> Bool {
    Self.inner(of: name, inUsePrefix + stem, suffix + inUseSuffix).flatMap(Self.offset) != nil
  }

  private static func inner(of name: String, _ before: String, _ after: String) -> Substring? {
    guard name.hasPrefix(before), name.hasSuffix(after), name.count > before.count + after.count else { return nil }
    return name.dropFirst(before.count).dropLast(after.count)
  }

  private static func offset(_ text: some StringProtocol) -> Int64? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
  }
}

/// What a directory's complete files of a partition hold.
struct ArchivedOffsets: Sendable {
  struct File: Sendable {
    var offsets: ClosedRange<Int64>
    /// Milliseconds since 1970.
    var modified: Int64
  }

  /// The time of a file may lag behind the clock by this (milliseconds).
  static let clockTick: Int64 = 1000

  private let files: [File]
  private let last: Int64

  init(_ files: [File]) {
    self.files = files
    last = files.map(\.offsets.upperBound).max() ?? -1
  }

  /// A file has the record of this offset and time (milliseconds since 1970).
  ///
  /// A record that is younger than a file is not in it: then the topic was made anew, and its offsets began again.
  func hold(_ offset: Int64, timestamp: Int64) -> Bool {
    if offset > last { return false }
    return files.contains { $0.offsets.contains(offset) && timestamp <= $0.modified + Self.clockTick }
  }
}
