import MillBase
import MillColumns
import MillLog

/// The loop of a streaming query, on its thread. Order of things: Spark's MicroBatchExecution.
final class StreamExecution {
  private let query: StreamingQuery
  private let stop: Signal
  private var checkpoint: Checkpoint!
  private var streams: [any StreamSource] = []
  /// Where the next micro-batch begins.
  private var position: [SourceOffset] = []
  private var batchId: Int64 = 0
  private var conf = Checkpoint.confDefault
  private var lastTrigger: Int64?
  private var tracker = WatermarkTracker()
  private var stores: [StateStore] = []
  /// The watermark of the micro-batch before; nil before the first.
  private var lastWatermark: Int64?

  init(query: StreamingQuery, stop: Signal) {
    self.query = query
    self.stop = stop
  }

  func run() throws {
    checkpoint = try Checkpoint(query.checkpointLocation)
    let id = try checkpoint.queryId()
    query.state.withLock { $0.id = id }
    let sources = StreamSources(
      log: query.resolve, files: query.files, checkpoint: checkpoint,
      maxOffsetsPerTrigger: query.options.maxOffsetsPerTrigger)
    for (index, source) in query.query.sources.filter(\.isStreaming).enumerated() {
      streams.append(try retrying("connecting") { try sources.make(source, index) })
    }
    let pending = try retrying("looking for where to begin") { try findPosition() }
    try openStores()
    if query.trigger == .availableNow || query.trigger == .once {
      try retrying("looking for what there is") {
        for (stream, offset) in zip(streams, position) {
          try stream.freeze(after: offset, ignoresLimits: query.trigger == .once)
        }
      }
    }
    if let (ends, timestamp) = pending {
      try runBatch(to: ends, isNew: false, timestamp: timestamp, latest: ends)
    }
    publishPosition()
    try loop(hadPending: pending != nil)
  }

  private func loop(hadPending: Bool) throws {
    if query.trigger == .once {
      if !hadPending { _ = try trigger() }
      return
    }
    while !stop.isSet {
      let timestamp = Clock.nowMilliseconds()
      let hadData = try trigger()
      switch query.trigger {
      case .availableNow:
        if !hadData { return }
      case .processingTime(let interval):
        status("Waiting for next trigger", isDataAvailable: hadData)
        let next = Trigger.nextOnGrid(interval, after: timestamp)
        let now = Clock.nowMilliseconds()
        if next > now { stop.wait(.milliseconds(next - now)) }
      case .unlimited, .once:
        if !hadData {
          status("Waiting for data to arrive")
          try retrying("waiting for data") {
            // With several sources none may be waited for alone.
            if streams.count > 1 {
              stop.wait(streams.map(\.pollInterval).min()!)
            } else {
              try streams[0].waitForData(after: position[0], stop)
            }
          }
        }
      }
    }
  }

  // MARK: Where to begin

  /// Sets `batchId` and `position`; gives end and time of a micro-batch that was begun and not committed.
  private func findPosition() throws -> (ends: [SourceOffset], timestamp: Int64)? {
    let begun = try checkpoint.lastBatch("offsets")
    let committed = try checkpoint.lastBatch("commits")
    let initial = try streams.map { stream in try stayingTheSame { try stream.initialOffset() } }
    guard let begun else {
      position = initial
      batchId = 0
      return nil
    }
    let entry = try checkpoint.entry(begun)
    conf = entry.conf.count > 0 ? entry.conf : conf
    let end = try offsets(entry, begun)
    tracker.set(entry.batchWatermarkMs)
    if committed == begun {
      tracker.set(try checkpoint.nextWatermark(begun))
      lastWatermark = entry.batchWatermarkMs
      position = end
      batchId = begun + 1
      // What the death came between: the micro-batch was committed, and its files may not have been cleaned up.
      if begun == 0 || Files.exists("\(checkpoint.directory)/offsets/\(begun - 1)") {
        cleanUp(after: begun == 0 ? initial : try offsets(checkpoint.entry(begun - 1), begun - 1))
      }
      return nil
    }
    if let committed, committed > begun {
      throw MillError(
        .corrupt, "commits has batch \(committed), but offsets ends with \(begun)",
        at: .init(file: checkpoint.directory),
        wayOut: "restore the checkpoint, or begin with a new one")
    }
    let before = begun == 0 ? nil : try checkpoint.entry(begun - 1)
    position = try before.map { try offsets($0, begun - 1) } ?? initial
    lastWatermark = before?.batchWatermarkMs
    batchId = begun
    return (end, entry.batchTimestampMs)
  }

  /// The state as the last committed micro-batch left it.
  private func openStores() throws {
    let states = query.query.states
    let isNew = batchId == 0
    if isNew, !states.isEmpty, try checkpoint.batches("offsets").isEmpty {
      conf[Checkpoint.partitionsKey] = .string("\(query.options.statePartitions)")
    }
    let partitions = Int(conf[Checkpoint.partitionsKey]?.string ?? "") ?? query.options.statePartitions
    if !isNew { try StateCheck(checkpoint: checkpoint, file: query.query.file).check(states) }
    for state in states {
      let store = try StateStore(
        directory: checkpoint.stateDirectory(state.number), partitions: partitions,
        memoryLimit: query.options.stateMemory / states.count)
      if isNew { try checkpoint.write(state.description, state.number, partitions: partitions) }
      try store.load(batchId)
      stores.append(store)
    }
  }

  private func cleanUp(after start: [SourceOffset]) {
    for (stream, (start, end)) in zip(streams, zip(start, position)) { stream.committed(from: start, to: end) }
  }

  private func offsets(_ entry: Checkpoint.Entry, _ batch: Int64) throws -> [SourceOffset] {
    guard entry.offsets.count == streams.count else {
      throw changed(
        "the checkpoint has \(entry.offsets.count) source\(entry.offsets.count == 1 ? "" : "s"), the query \(streams.count)"
      )
    }
    return try zip(entry.offsets, streams).map { json, stream in
      try stayingTheSame { try json.map { try stream.offset($0) } ?? stream.initialOffset() }
    }
  }

  private func stayingTheSame<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let change as SourceChanged { throw changed(change.text) }
  }

  private func changed(_ what: String) -> MillError {
    MillError(
      .configuration, what, at: .init(file: checkpoint.directory),
      wayOut: "a query may not change its sources: use another checkpointLocation, or the old sources")
  }

  // MARK: One trigger

  /// Makes and runs a micro-batch, when there is data.
  private func trigger() throws -> Bool {
    let timestamp = Clock.nowMilliseconds()
    status("Getting offsets from \(streams.map(\.description).joined(separator: ", "))", isTriggerActive: true)
    query.state.withLock { $0.triggers += 1 }
    let steps = try retrying("looking for new records") {
      try zip(streams, position).map { stream, offset in
        try stayingTheSame {
          try stream.next(after: offset, mayRest: query.trigger == .unlimited && streams.count > 1)
        }
      }
    }
    query.metrics.lag.set(Int(steps.reduce(0) { $0 + $1.behind }))
    guard steps.contains(where: \.hasData) || wantsBatchWithoutData else {
      status("Waiting for data to arrive")
      let isSure = steps.allSatisfy(\.isSure)
      query.state.withLock { $0.restedAt = isSure ? $0.triggers : nil }
      return false
    }
    query.state.withLock { $0.restedAt = nil }
    position = steps.map(\.start)
    try runBatch(to: steps.map(\.end), isNew: true, timestamp: timestamp, latest: steps.map(\.latest))
    publishPosition()
    return true
  }

  /// Has the watermark moved since the last micro-batch, so that one without records may close windows and forget
  /// keys? (spark.sql.streaming.noDataMicroBatches.enabled)
  private var wantsBatchWithoutData: Bool {
    guard query.trigger != .once, let lastWatermark, tracker.current > lastWatermark else { return false }
    return query.query.states.contains { $0.kind != .aggregate || query.outputMode != .complete }
  }

  private lazy var offsetsMayFollow = query.options.sinkKnowsRows && query.query.rowsStandAlone

  /// Topics keep their records whatever has become of them; the files of a source may be removed when they are done with.
  private lazy var readsTopicsOnly = query.query.sources.allSatisfy {
    if case .kafka = $0.kind { true } else { false }
  }

  private func step(_ step: MicroBatchStep) throws { try query.options.onStep(step, batchId) }

  private func runBatch(
    to ends: [SourceOffset], isNew: Bool, timestamp: Int64, latest: [SourceOffset?]
  ) throws {
    var durations: [(String, Int64)] = []
    var mark = Clock.steadyNanoseconds()
    func step(_ name: String) {
      let now = Clock.steadyNanoseconds()
      durations.append((name, Int64((now - mark) / 1_000_000)))
      mark = now
    }
    let begin = mark
    durations.append(("latestOffset", max(0, Clock.nowMilliseconds() - timestamp)))
    if isNew {
      try self.step(.began)
      let entry = Checkpoint.Entry(
        batchWatermarkMs: tracker.current, batchTimestampMs: timestamp, conf: conf, offsets: ends.map(\.json))
      try retrying("writing offsets/\(batchId)") {
        try checkpoint.write(entry, batchId: batchId, isDurable: !offsetsMayFollow)
      }
    }
    // While the sink works. After a power cut rows may then come again in another micro-batch: they are the same.
    let syncing = offsetsMayFollow ? SyncedOffsets(checkpoint, batchId) : nil
    defer { syncing?.wait() }
    try self.step(.offsetsWritten)
    let watermark = tracker.current
    step("walCommit")
    let ranges = try retrying("looking for what batch \(batchId) reads") {
      var ranges = StreamRanges()
      for (stream, (start, end)) in zip(streams, zip(position, ends)) {
        ranges += try stayingTheSame { try stream.ranges(from: start, to: end) }
      }
      return ranges
    }
    step("getBatch")
    durations.append(("queryPlanning", 0))
    status("Processing new data", isDataAvailable: true, isTriggerActive: true)
    let counts = try retrying("batch \(batchId)") { try addBatch(ranges, timestamp) }
    try syncing?.finish()
    let written = Clock.steadyNanoseconds()
    try retrying("writing the state of batch \(batchId)") {
      for store in stores { try store.writeDeltas { _ in try self.step(.partitionWritten) } }
    }
    try self.step(.stateWritten)
    let commitTime = Int64((Clock.steadyNanoseconds() - written) / 1_000_000)
    step("addBatch")
    tracker.update(query.query.plan.watermarks, counts.eventTimes)
    try retrying("writing commits/\(batchId)") {
      try checkpoint.commit(batchId, nextBatchWatermarkMs: tracker.current, isDurable: !readsTopicsOnly)
    }
    try self.step(.committed)
    let states = zip(query.query.states, stores).map { state, store in
      StateProgress(
        operatorName: state.kind.rawValue, rowsTotal: store.keyCount, counts: store.counts,
        memoryBytes: store.memoryBytes, spilledBytes: store.spilledBytes, partitions: store.partitions.count,
        commitTime: commitTime)
    }
    for store in stores { store.commit() }
    try retrying("keeping the state of batch \(batchId)") { for store in stores { try store.maintain() } }
    try self.step(.stateKept)
    step("commitOffsets")
    let total = Int64((Clock.steadyNanoseconds() - begin) / 1_000_000) + durations[0].1
    durations.append(("triggerExecution", total))
    report(ends, latest, counts, durations, total, timestamp, watermark, states)
    lastWatermark = watermark
    let start = position
    position = ends
    batchId += 1
    cleanUp(after: start)
  }

  private func addBatch(_ ranges: StreamRanges, _ timestamp: Int64) throws -> MicroBatch.Counts {
    // What a failed try has changed is given up.
    for store in stores { store.begin() }
    let batch = MicroBatch(
      id: batchId, query: query.query, ranges: ranges, laneCount: query.options.lanes, now: timestamp * 1000,
      stop: stop, stores: stores, mode: query.outputMode,
      watermarks: Watermarks(late: lastWatermark ?? tracker.current, eviction: tracker.current), files: query.files,
      onMalformed: query.onMalformed)
    defer { batch.cancel() }
    try query.sink.addBatch(id: batchId, batch)
    // A sink that does not want the rest has it all the same: malformed records must be seen.
    while try batch.next() != nil {}
    try step(.sinkWritten)
    return batch.counts
  }

  private func report(
    _ ends: [SourceOffset], _ latest: [SourceOffset?], _ counts: MicroBatch.Counts,
    _ durations: [(String, Int64)], _ total: Int64, _ timestamp: Int64, _ watermark: Int64, _ states: [StateProgress]
  ) {
    query.metrics.batches.add()
    query.metrics.inputRows.add(Int(counts.inputRows))
    query.metrics.outputRows.add(Int(counts.outputRows))
    query.metrics.malformed.add(Int(counts.malformed))
    query.metrics.lag.set(Int(zip(ends, latest).reduce(0) { $0 + $1.0.count(until: $1.1) }))
    if !states.isEmpty {
      query.metrics.stateRows.set(states.reduce(0) { $0 + $1.rowsTotal })
      query.metrics.stateBytes.set(states.reduce(0) { $0 + $1.memoryBytes })
      query.metrics.lateRows.add(states.reduce(0) { $0 + $1.counts.droppedByWatermark })
    }
    let sources = streams.indices.map { index in
      QueryProgress.Source(
        description: streams[index].description, start: batchId == 0 ? nil : position[index].json,
        end: ends[index].json, latest: latest[index]?.json, inputRows: counts.bySource[streams[index].name] ?? 0,
        metrics: streams[index].metrics(end: ends[index], latest: latest[index]))
    }
    let times = counts.eventTimes.values.reduce(into: EventTimeStats()) { $0.add($1) }
    let progress = QueryProgress(
      id: query.id, runId: query.runId, name: query.name, timestamp: timestamp, batchId: batchId, batchDuration: total,
      durations: durations, inputRows: counts.inputRows, outputRows: counts.outputRows,
      sinceLastTrigger: lastTrigger.map { timestamp - $0 },
      watermark: query.query.plan.watermarks.isEmpty ? nil : watermark, eventTimes: times, states: states,
      sources: sources, sinkDescription: query.sink.description)
    lastTrigger = timestamp
    query.state.withLock { state in
      state.progress.append(progress.json)
      if state.progress.count > StreamingQuery.progressKept { state.progress.removeFirst() }
    }
  }

  // MARK: Small things

  private func publishPosition() { query.state.withLock { $0.committed = position } }

  private func status(_ message: String, isDataAvailable: Bool = false, isTriggerActive: Bool = false) {
    query.state.withLock {
      $0.status = .init(message: message, isDataAvailable: isDataAvailable, isTriggerActive: isTriggerActive)
    }
  }

  /// Runs the body until it succeeds or fails for good; pauses double in between.
  private func retrying<Result>(_ what: String, _ body: () throws -> Result) throws -> Result {
    var pause = query.options.retryPauseMin
    while true {
      do { return try body() } catch let error as MillError where error.isRetriable {
        if stop.isSet { throw MillError(.stopped, "the query is stopped") }
        Log.warning("query", "\(query.name): \(what) failed, next try in \(pause): \(error)")
        status("Retrying \(what): \(error)", isTriggerActive: true)
        if stop.wait(pause) { throw MillError(.stopped, "the query is stopped") }
        pause = min(pause * 2, query.options.retryPauseMax)
      }
    }
  }
}

/// offsets/N on its way to the disk, on a thread of its own.
private struct SyncedOffsets {
  private let outcome = Monitor<Result<Void, any Error>?>(nil)

  init(_ checkpoint: Checkpoint, _ batchId: Int64) {
    _ = Worker("offsets") { [outcome] _ in
      let result = Result { try checkpoint.syncOffsets(batchId) }
      outcome.withLock { $0 = result }
    }
  }

  func wait() { _ = outcome.wait { $0 } }

  /// - Throws: what the system said instead of syncing it.
  func finish() throws { try outcome.wait { $0 }.get() }
}
