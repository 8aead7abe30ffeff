import MillBase

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
    try OffsetsFile.starts.write(offsets, directory)
  }

  /// When the log is opened: partitions begin where they did. What is written down of topics that are gone must not
  /// meet a new topic of that name.
  func restoreStartOffsets() throws {
    guard let offsets = try OffsetsFile.starts.read(directory), !offsets.isEmpty else { return }
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
      // The next checkpoint leaves a start out that is a segment's: the segments before must not come back.
      if !gone.isEmpty { try Files.syncDirectory(directory) }
    }
  }
}
