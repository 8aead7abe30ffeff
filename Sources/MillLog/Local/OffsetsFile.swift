import MillBase

/// A file of Kafka's that holds one offset of each partition of a data directory: the version, the number of lines,
/// then lines of topic, partition and offset.
struct OffsetsFile {
  let name: String
  /// What to do about a damaged one.
  let wayOut: String
  private static let version = "0"

  /// Where partitions begin whose first records were deleted without their segment.
  static let starts = OffsetsFile(
    name: "log-start-offset-checkpoint",
    wayOut: "restore it from a copy; without it, records that were deleted can be read again")

  /// Everything before is on the disk.
  static let recoveryPoints = OffsetsFile(
    name: "recovery-point-offset-checkpoint", wayOut: "remove it: it is written anew by the next flush")

  /// nil when there is none.
  ///
  /// - Throws: `.corrupt` when the file is not what Kafka writes.
  func read(_ directory: String) throws -> [TopicPartition: Int64]? {
    let path = "\(directory)/\(name)"
    guard Files.exists(path) else { return nil }
    func fail(_ line: Int, _ why: String) -> MillError {
      MillError(.corrupt, why, at: .init(file: path, line: line), wayOut: wayOut)
    }
    let lines = try Files.readText(path).split(separator: "\n")
    guard lines.first == Self.version[...] else {
      throw fail(1, "version \(lines.first ?? "none"), \(Self.version) is known")
    }
    guard lines.count >= 2, Int(lines[1]) == lines.count - 2 else { throw fail(2, "the number of lines is wrong") }
    var offsets: [TopicPartition: Int64] = [:]
    for (index, line) in lines.enumerated().dropFirst(2) {
      let words = line.split(separator: " ")
      guard words.count == 3, let partition = Int32(words[1]), let offset = Int64(words[2]), offset >= 0 else {
        throw fail(index + 1, "not a topic, a partition and an offset: \(line)")
      }
      offsets[TopicPartition(String(words[0]), partition)] = offset
    }
    return offsets
  }

  func write(_ offsets: [TopicPartition: Int64], _ directory: String) throws {
    let lines = offsets.sorted { $0.key < $1.key }.map { "\($0.key.topic) \($0.key.partition) \($0.value)\n" }
    try Files.writeAtomically("\(Self.version)\n\(lines.count)\n\(lines.joined())", to: "\(directory)/\(name)")
  }
}
