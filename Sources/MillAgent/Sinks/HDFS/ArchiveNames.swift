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

  func complete(_ first: Int64, _ last: Int64) -> String { "\(stem)\(first)-\(last)\(suffix)" }
  func inUse(_ first: Int64) -> String { "\(inUsePrefix)\(stem)\(first)\(suffix)\(inUseSuffix)" }

  /// The offsets in a complete file of this name; nil when it is none of this partition's.
  func range(of name: String) -> ClosedRange<Int64>? {
    guard let inner = Self.inner(of: name, stem, suffix) else { return nil }
    let parts = inner.split(separator: "-", omittingEmptySubsequences: false).map(Self.offset)
    guard parts.count == 2, let first = parts[0], let last = parts[1], first <= last else { return nil }
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

/// Offsets that a directory's complete files hold.
struct OffsetRanges: Sendable {
  private var ranges: [ClosedRange<Int64>]

  init(_ ranges: [ClosedRange<Int64>]) { self.ranges = ranges.sorted { $0.lowerBound < $1.lowerBound } }

  func contains(_ offset: Int64) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].lowerBound <= offset { low = middle + 1 } else { high = middle }
    }
    return low > 0 && ranges[low - 1].contains(offset)
  }
}
