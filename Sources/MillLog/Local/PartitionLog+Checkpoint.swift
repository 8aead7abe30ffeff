import MillBase

/// How often a partition writes down from where the next opening has to look at it.
struct CheckpointRule {
  /// So many bytes after the one before.
  var size: Int64
  /// Milliseconds after the one before, when there are any.
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
  func flush(_ rule: CheckpointRule) throws {
    if !needsFlush, !state.withLock({ Self.isDue($0, rule) }) { return }
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

  private static func isDue(_ state: State, _ rule: CheckpointRule) -> Bool {
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
