import MillBase

/// Opening a partition's directory, whatever the last run left there.
extension PartitionLog {
  static func open(_ partition: TopicPartition, _ directory: String, _ run: LastRun, into state: inout State) throws {
    try Files.removeLeftovers(in: directory)
    try CompactedFile.recover(directory)
    let flushed = run.flushedOffset(of: partition)
    try openSegments(directory, emptyAt: flushed ?? 0, &state)
    // A snapshot is as good as the segments before it are: it may tell of batches that a power cut took from those
    // that were not flushed.
    let first = run.wasClosed ? state.segments.count - 1 : state.segments.dropLast().prefix { $0.isSealed }.count
    for segment in state.segments[..<first] { try RecoveryCheckpoint.remove(directory, segment.baseOffset) }
    try recover(directory, from: first, run.wasClosed, unflushed: run.wasClosed ? .max : flushed ?? .max, &state)
    let last = state.segments.last!
    if let flushed, state.endOffset < flushed {
      Log.error(
        "log",
        "\(last.path): offsets \(state.endOffset) to \(flushed - 1) had been flushed to the disk and are missing;"
          + " the next record gets offset \(flushed)")
      state.endOffset = flushed
      last.state.withLock { $0.nextOffset = flushed }
    }
    state.flushedOffset =
      run.wasClosed ? state.endOffset : max(flushed ?? state.segments[first].baseOffset, state.flushedOffset)
    // From here on the last segment grows, and its index files would be too old.
    try last.unseal()
  }

  private static func openSegments(_ directory: String, emptyAt base: Int64, _ state: inout State) throws {
    let names = try Files.list(directory)
    for name in names where name.hasSuffix(Segment.unfinishedAside) { try Files.remove("\(directory)/\(name)") }
    let bases = names.compactMap { $0.hasSuffix(".log") ? Int64($0.dropLast(4)) : nil }.sorted()
    for (index, base) in bases.enumerated() {
      let next = index + 1 < bases.count ? bases[index + 1] : base
      state.segments.append(try Segment(open: directory, baseOffset: base, nextOffset: next))
    }
    if state.segments.isEmpty {
      if base > 0 {
        Log.error("log", "\(directory): offsets before \(base) had been flushed to the disk and are missing")
      }
      state.segments = [try Segment(create: directory, baseOffset: base)]
    }
    state.startOffset = state.segments[0].baseOffset
  }

  /// Goes through the segments that were not closed, from the last checkpoint on.
  private static func recover(
    _ directory: String, from first: Int, _ wasClosed: Bool, unflushed: Int64, _ state: inout State
  ) throws {
    let checkpoint = try RecoveryCheckpoint.read(of: state.segments[first], directory)
    var number = first
    var producers: ProducerTable
    var transactions: TransactionIndex
    if let (checkpoint, index) = checkpoint {
      let segment = state.segments[first]
      segment.restore(index, checkpoint)
      (producers, transactions) = (checkpoint.producers, checkpoint.transactions)
      state.checkpoint = .init(checkpoint, of: segment)
      state.flushedOffset = checkpoint.offset
    } else {
      var known = try beginning(of: state.segments[first], directory)
      // Damaged: the segments before tell it once more.
      while known == nil, number > 0 {
        number -= 1
        known = try beginning(of: state.segments[number], directory)
      }
      (producers, transactions) = known ?? (ProducerTable(), TransactionIndex())
    }
    let isTrusted = wasClosed && checkpoint == nil && number == first
    func note(_ header: BatchHeader, _ covered: UnsafeRawBufferPointer) {
      producers.note(header)
      transactions.note(header, marker: header.isControl ? TransactionMarker(covered: covered) : nil)
    }
    while number < state.segments.count {
      let segment = state.segments[number]
      let isLast = number == state.segments.count - 1
      if isTrusted, segment.isEmpty || Files.exists(segment.indexPath),
        let closed = try TransactionIndex.read(.closed, ofSegment: segment, directory)
      {
        state.endOffset = try segment.endOfSealed()
        transactions = closed
        break
      }
      let end = try segment.recover(
        .init(isLast: isLast, unflushed: unflushed), from: number == first ? checkpoint?.0 : nil, noting: note)
      if isLast {
        state.endOffset = end
      } else if end < segment.nextOffset {
        if segment.nextOffset > unflushed {
          try drop(after: number, directory, &state)
          segment.state.withLock { $0.nextOffset = end }
          state.endOffset = end
        } else {
          Log.error("log", "\(segment.path): offsets \(end) to \(segment.nextOffset - 1) are lost")
        }
      }
      number += 1
    }
    state.producers = producers
    state.transactions = transactions
  }

  /// Producers and transactions as they were when the segment began; nil when a file that says so is damaged.
  private static func beginning(of segment: Segment, _ directory: String) throws -> (ProducerTable, TransactionIndex)? {
    guard let producers = try ProducerTable.read(ofSegment: segment, directory),
      let transactions = try TransactionIndex.read(.begin, ofSegment: segment, directory)
    else { return nil }
    return (producers, transactions)
  }

  /// Nothing of what follows a hole was flushed: it goes, so that offsets have no gap.
  private static func drop(after number: Int, _ directory: String, _ state: inout State) throws {
    // From the end, so that another power cut leaves a log that is seen through in the same way.
    for segment in state.segments[(number + 1)...].reversed() { try segment.setAside() }
    state.segments.removeSubrange((number + 1)...)
    try Files.syncDirectory(directory)
  }
}
