import MillBase

extension MillError.Code {
  /// An idempotent producer's sequence number is not the next one.
  public static let outOfOrderSequence = Self("out-of-order-sequence")
  /// A producer with this id and a newer epoch has taken over.
  public static let invalidProducerEpoch = Self("invalid-producer-epoch")
}

/// What each idempotent producer has written to a partition, so that a batch sent twice is kept once.
struct ProducerTable {
  /// As many batches as a producer may have in flight (Kafka's NUM_BATCHES_TO_RETAIN).
  static let batchesKept = 5
  /// Above this, the producers that were silent longest are forgotten.
  static let producersMax = 10_000

  struct Batch: Equatable {
    var firstSequence: Int32
    var lastSequence: Int32
    var baseOffset: Int64
  }
  struct Entry: Equatable {
    var epoch: Int16
    var batches: [Batch]
    var lastTimestamp: Int64
  }
  private(set) var entries: [Int64: Entry] = [:]

  init(_ entries: [Int64: Entry] = [:]) { self.entries = entries }

  /// - Returns: the offset where the log has this batch already, or nil when it is new.
  /// - Throws: `.outOfOrderSequence`, `.invalidProducerEpoch`.
  func check(_ header: BatchHeader) throws -> Int64? {
    guard header.hasProducer, let entry = entries[header.producerID] else { return nil }
    if header.producerEpoch < entry.epoch {
      throw MillError(
        .invalidProducerEpoch,
        "producer \(header.producerID) has epoch \(entry.epoch); \(header.producerEpoch) is over")
    }
    if header.producerEpoch > entry.epoch {
      guard header.baseSequence == 0 else { throw outOfOrder(header, due: 0) }
      return nil
    }
    let last = Self.lastSequence(header)
    if let same = entry.batches.first(where: {
      $0.firstSequence == header.baseSequence && $0.lastSequence == last
    }) {
      return same.baseOffset
    }
    let due = Self.advance(entry.batches.last!.lastSequence, by: 1)
    guard header.baseSequence == due else { throw outOfOrder(header, due: due) }
    return nil
  }

  /// Notes a batch that is in the log.
  mutating func note(_ header: BatchHeader) {
    guard header.hasProducer, header.baseSequence >= 0, !header.isControl else { return }
    let batch = Batch(
      firstSequence: header.baseSequence, lastSequence: Self.lastSequence(header), baseOffset: header.baseOffset)
    var entry = entries[header.producerID] ?? Entry(epoch: header.producerEpoch, batches: [], lastTimestamp: 0)
    if entry.epoch != header.producerEpoch { entry.batches = [] }
    entry.epoch = header.producerEpoch
    entry.batches.append(batch)
    if entry.batches.count > Self.batchesKept { entry.batches.removeFirst() }
    entry.lastTimestamp = header.maxTimestamp
    entries[header.producerID] = entry
    if entries.count > Self.producersMax { forgetOldest() }
  }

  private mutating func forgetOldest() {
    for (id, _) in entries.sorted(by: { $0.value.lastTimestamp < $1.value.lastTimestamp }).prefix(entries.count / 2) {
      entries[id] = nil
    }
  }

  private func outOfOrder(_ header: BatchHeader, due: Int32) -> MillError {
    MillError(
      .outOfOrderSequence,
      "producer \(header.producerID) sends sequence \(header.baseSequence) where \(due) is due")
  }

  private static func lastSequence(_ header: BatchHeader) -> Int32 {
    advance(header.baseSequence, by: header.lastOffsetDelta)
  }

  /// Sequence numbers begin again at 0 after Int32.max.
  private static func advance(_ sequence: Int32, by steps: Int32) -> Int32 {
    Int32((Int64(sequence) + Int64(steps)) % (Int64(Int32.max) + 1))
  }
}
