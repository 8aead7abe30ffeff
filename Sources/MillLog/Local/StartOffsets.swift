import MillBase

/// Kafka's file `log-start-offset-checkpoint` of a data directory: where partitions begin whose first records were
/// deleted without their segment.
enum StartOffsets {
  static let fileName = "log-start-offset-checkpoint"
  private static let version = "0"

  /// - Throws: `.corrupt` when the file is not what Kafka writes.
  static func read(_ directory: String) throws -> [TopicPartition: Int64] {
    let path = "\(directory)/\(fileName)"
    guard Files.exists(path) else { return [:] }
    func fail(_ line: Int, _ why: String) -> MillError {
      MillError(
        .corrupt, why, at: .init(file: path, line: line),
        wayOut: "restore it from a copy; without it, records that were deleted can be read again")
    }
    let lines = try Files.readText(path).split(separator: "\n")
    guard lines.first == version[...] else { throw fail(1, "version \(lines.first ?? "none"), \(version) is known") }
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

  static func write(_ offsets: [TopicPartition: Int64], _ directory: String) throws {
    let lines = offsets.sorted { $0.key < $1.key }.map { "\($0.key.topic) \($0.key.partition) \($0.value)\n" }
    try Files.writeAtomically("\(version)\n\(lines.count)\n\(lines.joined())", to: "\(directory)/\(fileName)")
  }
}

extension LocalLog {
  /// Moves the start of a partition forward; records before can't be read any more, and segments that hold nothing
  /// else go. On the disk when it returns.
  ///
  /// - Parameter offset: the first record that stays; nil = none of what is there now.
  /// - Returns: where the partition begins now.
  /// - Throws: `.offsetOutOfRange` past the end, `.notFound`.
  public func deleteRecords(_ topicPartition: TopicPartition, before offset: Int64?) throws -> Int64 {
    try changes.withLock { _ in
      let partition = try partition(topicPartition)
      // Else a power cut could leave a log that ends before its start.
      try partition.flush()
      let start = try partition.moveStart(to: offset)
      try storeStartOffsets()
      try partition.removeBeforeStart()
      return start
    }
  }

  /// Writes down every start that lies within a segment.
  func storeStartOffsets() throws {
    var offsets: [TopicPartition: Int64] = [:]
    for partition in allPartitions {
      partition.state.withLock { state in
        if state.startOffset > state.segments[0].baseOffset { offsets[partition.topicPartition] = state.startOffset }
      }
    }
    try StartOffsets.write(offsets, directory)
  }

  /// When the log is opened: partitions begin where they did. What is written down of topics that are gone must not
  /// meet a new topic of that name.
  func restoreStartOffsets() throws {
    let offsets = try StartOffsets.read(directory)
    if offsets.isEmpty { return }
    for partition in allPartitions {
      guard let offset = offsets[partition.topicPartition] else { continue }
      partition.state.withLock { $0.startOffset = max($0.startOffset, min(offset, $0.endOffset)) }
    }
    try storeStartOffsets()
  }
}

extension PartitionLog {
  /// - Returns: the start, which never moves back.
  func moveStart(to offset: Int64?) throws -> Int64 {
    try state.withLock { state in
      guard !state.isClosed else { throw LocalLog.closed }
      let wanted = offset ?? state.endOffset
      guard wanted >= 0, wanted <= state.endOffset else {
        throw MillError(
          .offsetOutOfRange, "offset \(wanted) is not in 0...\(state.endOffset)",
          at: .init(key: topicPartition.description))
      }
      state.startOffset = max(state.startOffset, wanted)
      return state.startOffset
    }
  }

  /// Removes the segments that end before the start.
  func removeBeforeStart() throws {
    try maintenance.withLock { _ in
      let gone = state.withLock { state in
        let gone = Array(state.segments.dropLast().prefix { $0.nextOffset <= state.startOffset })
        state.segments.removeFirst(gone.count)
        return gone
      }
      for segment in gone { try segment.remove() }
    }
  }
}
