import MillBase
import Synchronization

/// One partition: its segments in order, appended to one batch after the other, read beside that.
final class PartitionLog: Sendable {
  struct State {
    /// Never empty; the last one is appended to.
    var segments: [Segment]
    var startOffset: Int64
    /// The offset that the next record will get.
    var endOffset: Int64
    /// Readers get no further: what `flush.messages` wants on the disk and is not there yet lies behind. Who had read it
    /// would have read what a power cut takes back.
    var highWatermark: Int64 = 0
    /// Appends that wait for their flush.
    var pendingFlushes = 0
    var configuration: TopicConfiguration
    var producers = ProducerTable()
    var transactions = TransactionIndex()
    var unflushedRecords: Int64 = 0
    /// Everything before is on the disk.
    var flushedOffset: Int64 = 0
    /// When the last flush began.
    var flushTime = ContinuousClock.now
    /// What was written down last for the next opening.
    var checkpoint: Checkpointed?
    /// Milliseconds since 1970.
    var checkpointTime = Clock.nowMilliseconds()
    /// Compaction: everything before has been through it, in this process.
    var cleanedUpTo: Int64 = 0
    /// Compaction: there are batches that it leaves as they are.
    var keepsTombstones = false
    /// Compaction: it is left be, in this process.
    var isUncleanable = false
    var isClosed = false

    /// Not before the start, which may have moved past an open transaction's records.
    var stableOffset: Int64 { max(startOffset, min(highWatermark, transactions.stableOffset(end: endOffset))) }
  }

  let topicPartition: TopicPartition
  let directory: String
  let state: Mutex<State>
  /// The last stable offset once more, to wait for it to move.
  private let end: Monitor<Int64>
  /// Held by what seals and removes segments, so that these don't cross.
  let maintenance = Mutex(())
  /// Held by a compaction while it runs; appends, reads, flushes and retention go on beside it.
  let cleaning = Mutex(())
  let counters: Counters

  struct Counters: Sendable {
    let appendedRecords: Metrics.Counter
    let appendedBytes: Metrics.Counter
    let readRecords: Metrics.Counter
    let readBytes: Metrics.Counter

    init(topic: String) {
      func counter(_ what: String, _ help: String) -> Metrics.Counter {
        Metrics.shared.counter("millrace_log_\(what)_total", ["topic": topic], help: help)
      }
      appendedRecords = counter("appended_records", "Records appended to topics")
      appendedBytes = counter("appended_bytes", "Bytes appended to topics, as stored")
      readRecords = counter("read_records", "Records read from topics")
      readBytes = counter("read_bytes", "Bytes read from topics, as stored")
    }
  }

  /// Opens the partition's directory, made when missing, and looks at what came after the last checkpoint; after an
  /// orderly close at nothing.
  init(
    _ topicPartition: TopicPartition, directory: String, configuration: TopicConfiguration, _ run: LastRun
  ) throws {
    self.topicPartition = topicPartition
    self.directory = directory
    counters = Counters(topic: topicPartition.topic)
    try Files.makeDirectory(directory)
    var opened = State(segments: [], startOffset: 0, endOffset: 0, configuration: configuration)
    try Self.open(topicPartition, directory, run, into: &opened)
    opened.highWatermark = opened.endOffset
    end = Monitor(opened.stableOffset)
    state = Mutex(opened)
    // What a killed process left in the system's cache can be read from now on.
    if opened.configuration.flushMessages < .max, needsFlush { try flush() }
  }

  // MARK: Appending

  /// Appends whole batches in one write; all are kept or none.
  ///
  /// - Returns: the offset of the first record (of the earlier copy, when an idempotent producer sent it before).
  func append(_ batches: inout [UInt8], _ headers: inout [BatchHeader]) throws -> Int64 {
    let (base, flush) = try state.withLock { state in
      guard !state.isClosed else { throw LocalLog.closed }
      if headers[0].hasProducer, !headers[0].isControl, let earlier = try state.producers.check(headers[0]) {
        let isOnItsWay = earlier >= state.highWatermark
        if isOnItsWay { state.pendingFlushes += 1 }
        return (earlier, isOnItsWay)
      }
      let base = state.endOffset
      assignOffsets(from: base, &batches, &headers)
      try rollIfNeeded(&state, size: Int64(batches.count), lastOffset: headers.last!.lastOffset)
      try state.segments.last!.append(batches, headers, indexInterval: state.configuration.indexIntervalBytes)
      let next = headers.last!.lastOffset + 1
      state.endOffset = next
      for header in headers {
        state.producers.note(header)
        // Control batches come alone.
        state.transactions.note(header, marker: header.isControl ? Self.marker(batches) : nil)
      }
      state.unflushedRecords += next - base
      counters.appendedRecords.add(Int(next - base))
      counters.appendedBytes.add(batches.count)
      if state.unflushedRecords >= state.configuration.flushMessages {
        state.pendingFlushes += 1
        return (base, true)
      }
      if state.pendingFlushes == 0 { publish(&state, upTo: next) }
      return (base, false)
    }
    if flush { try flushAppended() }
    return base
  }

  /// The flush of an append that `flush.messages` asks for.
  private func flushAppended() throws {
    defer {
      state.withLock { state in
        state.pendingFlushes -= 1
        // Appends that came meanwhile and needed none have waited for it.
        if state.pendingFlushes == 0, state.configuration.flushMessages > 1 { publish(&state, upTo: state.endOffset) }
      }
    }
    try flush()
  }

  /// Lets readers go on to there.
  private func publish(_ state: inout State, upTo offset: Int64) {
    state.highWatermark = max(state.highWatermark, offset)
    let stable = state.stableOffset
    end.withLock { $0 = max($0, stable) }
  }

  static func marker(_ batch: [UInt8]) -> TransactionMarker? {
    batch.withUnsafeBytes { TransactionMarker(covered: UnsafeRawBufferPointer(rebasing: $0[BatchHeader.crcStart...])) }
  }

  /// Base offset and leader epoch lie outside the CRC: nothing else of a batch changes.
  private func assignOffsets(from base: Int64, _ batches: inout [UInt8], _ headers: inout [BatchHeader]) {
    var next = base
    var position = 0
    batches.withUnsafeMutableBytes { raw in
      for index in headers.indices {
        headers[index].baseOffset = next
        headers[index].partitionLeaderEpoch = 0
        raw.storeBytes(of: next.bigEndian, toByteOffset: position, as: Int64.self)
        raw.storeBytes(of: 0, toByteOffset: position + 12, as: Int32.self)
        next = headers[index].lastOffset + 1
        position += headers[index].size
      }
    }
  }

  private func rollIfNeeded(_ state: inout State, size: Int64, lastOffset: Int64) throws {
    let active = state.segments.last!
    let configuration = state.configuration
    if active.isEmpty { return }
    if active.size + size > configuration.segmentBytes || lastOffset - active.baseOffset > Int64(Int32.max)
      || Clock.nowMilliseconds() - active.opened >= configuration.segmentMilliseconds
    {
      try roll(&state)
    }
  }

  /// Begins a new segment. The old one is sealed by the next ``flush()``; until then it would be scanned when opened.
  func roll(_ state: inout State) throws {
    try state.producers.write(besideSegmentAt: state.endOffset, directory)
    state.transactions.forget(before: state.startOffset)
    try state.transactions.write(.begin, ofSegmentAt: state.endOffset, directory)
    state.segments.append(try Segment(create: directory, baseOffset: state.endOffset))
  }

  // MARK: Making durable

  /// Blocks until everything appended so far is on the disk; closed segments get their index files.
  func flush() throws { try maintenance.withLock { _ in try sealAndSync() } }

  var needsFlush: Bool {
    state.withLock { state in
      !state.isClosed && (!state.segments.last!.isSynced || state.segments.dropLast().contains { !$0.isSealed })
    }
  }

  func sealAndSync() throws {
    let (segments, end, isClosed) = state.withLock { state in
      state.unflushedRecords = 0
      state.flushTime = .now
      return (state.segments, state.endOffset, state.isClosed)
    }
    if isClosed { return }
    for segment in segments.dropLast() where !segment.isSealed { try segment.finish() }
    try segments.last!.sync()
    state.withLock { state in
      state.flushedOffset = max(state.flushedOffset, end)
      publish(&state, upTo: end)
    }
  }

  /// Flushes and seals all segments: the next opening scans nothing.
  func close() throws {
    try maintenance.withLock { _ in
      guard let moment = try sealAll() else { return }
      try write(moment)
    }
    wakeReaders()
  }

  private func sealAll() throws -> Moment? {
    try state.withLock { state in
      if state.isClosed { return nil }
      for segment in state.segments.dropLast() where !segment.isSealed { try segment.finish() }
      let last = state.segments.last!
      try last.seal()
      try state.producers.write(besideSegmentAt: last.baseOffset, directory)
      try state.transactions.write(.closed, ofSegmentAt: last.baseOffset, directory)
      state.isClosed = true
      state.flushedOffset = state.endOffset
      state.highWatermark = state.endOffset
      return Self.moment(state)
    }
  }

  /// Nothing is read or written any more; the files are the caller's to remove.
  func abandon() {
    state.withLock { $0.isClosed = true }
    wakeReaders()
  }

  private func wakeReaders() { end.withLock { $0 = .max } }

  // MARK: Offsets

  var offsets: (start: Int64, end: Int64) { state.withLock { ($0.startOffset, $0.endOffset) } }

  /// The transactions and the end of what they leave undecided, of one moment.
  var stable: (end: Int64, transactions: TransactionIndex) {
    state.withLock { ($0.stableOffset, $0.transactions) }
  }

  /// Waits until a decided record at `offset` is there, at most so long.
  func wait(for offset: Int64, atMost duration: Duration) {
    guard duration > .zero else { return }
    end.wait(atMost: duration) { $0 > offset ? () : nil }
  }

  /// For tests: segments are in order and without overlap, indexes fit, the ends agree.
  func checkInvariants() throws {
    try state.withLock { state in
      precondition(!state.segments.isEmpty, "a partition has a segment")
      precondition(state.startOffset >= state.segments[0].baseOffset, "start before the first segment")
      precondition(state.startOffset <= state.endOffset, "start past the end")
      precondition(state.segments.last!.nextOffset == state.endOffset, "the last segment ends elsewhere")
      for (segment, next) in zip(state.segments, state.segments.dropFirst()) {
        precondition(segment.baseOffset < next.baseOffset, "segments out of order")
        precondition(segment.nextOffset == next.baseOffset, "a segment ends where the next does not begin")
      }
      for segment in state.segments {
        let size = segment.size
        let onDisk = try segment.file.size()
        precondition(onDisk == size, "\(segment.path): \(onDisk) bytes on disk, \(size) known")
        let flaw = try segment.withIndex { $0.flaw(segmentSize: size) }
        precondition(flaw == nil, "\(segment.path): \(flaw ?? "")")
      }
    }
  }
}
