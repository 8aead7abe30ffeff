import MillBase

/// When a partition is flushed, and when it writes down from where the next opening has to look at it.
struct FlushRule {
  /// How long it is until the next look: what must be on the disk before then is flushed now. nil = flush in any case.
  var pause: Duration?
  /// A checkpoint so many bytes after the one before.
  var size: Int64
  /// And so many milliseconds after, when there is anything new.
  var interval: Int64
  /// Milliseconds since 1970.
  var now: Int64
}

extension PartitionLog {
  /// What was written down last, of the segment that is appended to.
  struct Checkpointed {
    var base: Int64
    var position: Int64
    var indexSize: Int64
    var mark: SparseIndex.Mark

    init(_ checkpoint: RecoveryCheckpoint, of segment: Segment) {
      base = segment.baseOffset
      position = checkpoint.position
      indexSize = checkpoint.indexSize
      mark = checkpoint.mark
    }
  }

  /// A checkpoint as it would be now, and what it adds to the index on disk.
  struct Moment {
    var segment: Segment
    var checkpoint: RecoveryCheckpoint
    var piece: [UInt8]
  }

  /// Flushes what there is to flush, and writes a checkpoint when it is time. Appends go on beside it.
  func flush(_ rule: FlushRule) throws {
    let (isNeeded, isDue) = (needsFlush, state.withLock { Self.isDue($0, rule) })
    guard isNeeded || isDue else { return }
    if let pause = rule.pause, isNeeded, !mustFlush(before: pause) { return }
    try maintenance.withLock { _ in
      let moment = state.withLock { state -> Moment? in
        guard !state.isClosed, Self.isDue(state, rule) else { return nil }
        state.checkpointTime = rule.now
        return Self.moment(state)
      }
      // All that the moment holds was appended before, and is on the disk after.
      try sealAndSync()
      if let moment { try write(moment) }
    }
  }

  /// `flush.ms` would be over at the next look, or a segment was closed, which is flushed in any case.
  private func mustFlush(before pause: Duration) -> Bool {
    state.withLock { state in
      if state.segments.dropLast().contains(where: { !$0.isSealed }) { return true }
      let most = state.configuration.flushMilliseconds
      return most < .max && ContinuousClock.now - state.flushTime + pause > .milliseconds(most)
    }
  }

  private static func isDue(_ state: State, _ rule: FlushRule) -> Bool {
    let last = state.segments.last!
    let done = state.checkpoint.map { $0.base == last.baseOffset ? $0.position : 0 } ?? 0
    let more = last.size - done
    return more >= rule.size || more > 0 && rule.now - state.checkpointTime >= rule.interval
  }

  /// nil when the last segment holds no batch.
  static func moment(_ state: State) -> Moment? {
    let segment = state.segments.last!
    let before = state.checkpoint.flatMap { $0.base == segment.baseOffset ? $0 : nil }
    return segment.state.withLock { inner in
      guard let lastBatch = inner.lastBatch, let index = inner.index else { return nil }
      let piece = index.piece(since: before?.mark ?? .init())
      let checkpoint = RecoveryCheckpoint(
        offset: state.endOffset, position: inner.size, lastBatch: lastBatch, lastCRC: 0,
        indexSize: (before?.indexSize ?? 0) + Int64(piece.count), mark: index.mark, producers: state.producers,
        transactions: state.transactions)
      return Moment(segment: segment, checkpoint: checkpoint, piece: piece)
    }
  }

  /// What it covers is on the disk.
  func write(_ moment: Moment) throws {
    var checkpoint = moment.checkpoint
    // After damage that reached the end, it takes another batch.
    guard let header = try moment.segment.header(at: checkpoint.lastBatch),
      checkpoint.lastBatch + Int64(header.size) == checkpoint.position, header.lastOffset + 1 == checkpoint.offset
    else { return }
    checkpoint.lastCRC = header.crc
    try checkpoint.write(directory, moment.segment.baseOffset, piece: moment.piece)
    state.withLock { $0.checkpoint = Checkpointed(checkpoint, of: moment.segment) }
  }
}
