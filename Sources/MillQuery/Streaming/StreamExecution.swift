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
  /// What the next rows wait for.
  private let syncs = DiskThreads("sync", count: 8)
  /// What nothing waits for. One thread: all in order.
  private let upkeep = DiskThreads("upkeep", count: 1)
  /// The last state that was written, on its way to the disk.
  private var stateSync: DiskThreads.Pending?
  private var lastUpkeep: DiskThreads.Pending?

  init(query: StreamingQuery, stop: Signal) {
    self.query = query
    self.stop = stop
  }

  func run() throws {
    defer {
      syncs.close()
      upkeep.close()
    }
    try runToEnd()
    try stateSync?.wait()
    try lastUpkeep?.wait()
  }

  private func runToEnd() throws {
    checkpoint = try Checkpoint(query.checkpointLocation)
    let id = try checkpoint.queryId()
    query.state.withLock { $0.id = id }
    let sources = StreamSources(
      log: query.resolve, files: query.files, checkpoint: checkpoint,
      maxOffsetsPerTrigger: query.options.maxOffsetsPerTrigger, time: query.query.time)
    for (index, source) in query.query.sources.filter(\.isStreaming).enumerated() {
      streams.append(try retrying("connecting") { try sources.make(source, index) })
    }
    var pending = try retrying("looking for where to begin") { try findPosition() }
    try openStores(&pending)
    if query.trigger == .availableNow || query.trigger == .once {
      try retrying("looking for what there is") {
        for (stream, offset) in zip(streams, position) {
          try stream.freeze(after: offset, ignoresLimits: query.trigger == .once)
        }
      }
    }
    for entry in pending {
      tracker.set(entry.batchWatermarkMs)
      let ends = try offsets(entry, batchId)
      try runBatch(entry, to: ends, isNew: false, latest: ends)
    }
    publishPosition()
    try loop(hadPending: !pending.isEmpty)
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

  /// Sets `batchId` and `position`; gives the micro-batch that was begun and not committed.
  private func findPosition() throws -> [Checkpoint.Entry] {
    let begun = try checkpoint.lastBatch("offsets")
    let committed = try checkpoint.lastBatch("commits")
    let initial = try streams.map { stream in try stayingTheSame { try stream.initialOffset() } }
    guard let begun else {
      position = initial
      batchId = 0
      return []
    }
    let entry = try checkpoint.entry(begun)
    conf = entry.conf.count > 0 ? entry.conf : conf
    if committed == begun {
      let end = try offsets(entry, begun)
      tracker.set(entry.batchWatermarkMs)
      tracker.set(try checkpoint.nextWatermark(begun))
      lastWatermark = entry.batchWatermarkMs
      position = end
      batchId = begun + 1
      // What the death came between: the micro-batch was committed, and its files may not have been cleaned up.
      if begun == 0 || Files.exists("\(checkpoint.directory)/offsets/\(begun - 1)") {
        cleanUp(after: begun == 0 ? initial : try offsets(checkpoint.entry(begun - 1), begun - 1))
      }
      return []
    }
    if let committed, committed > begun {
      throw MillError(
        .corrupt, "commits has batch \(committed), but offsets ends with \(begun)",
        at: .init(file: checkpoint.directory),
        wayOut: "restore the checkpoint, or begin with a new one")
    }
    try goBack(to: begun, entry)
    return [entry]
  }

  /// A micro-batch that is recorded runs again.
  private func goBack(to batch: Int64, _ entry: Checkpoint.Entry) throws {
    let before = batch == 0 ? nil : try checkpoint.entry(batch - 1)
    position = try before.map { try offsets($0, batch - 1) } ?? streams.map { try $0.initialOffset() }
    tracker = WatermarkTracker()
    tracker.set(entry.batchWatermarkMs)
    lastWatermark = before?.batchWatermarkMs
    batchId = batch
  }

  /// The state as the last committed micro-batch left it. What a power cut has taken of it that micro-batch makes anew,
  /// over the state before it.
  private func openStores(_ pending: inout [Checkpoint.Entry]) throws {
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
      stores.append(store)
    }
    do { for store in stores { try store.load(batchId) } } catch let damage as MillError
      where damage.code == .corrupt && stateMayFollow && batchId > 0
    {
      // More than the last one a power cut does not take.
      do { for store in stores { try store.load(batchId - 1) } } catch { throw damage }
      let entry = try checkpoint.entry(batchId - 1)
      try goBack(to: batchId - 1, entry)
      Log.warning("query", "\(query.name): micro-batch \(batchId) runs again, as after a power cut: \(damage)")
      for store in stores { try store.removeSnapshots(after: batchId) }
      pending.insert(entry, at: 0)
    }
    stateSync = syncs.begin(try stores.flatMap { try $0.lastDeltas() }.map { file in { try file.sync() } })
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
    let ends = steps.map(\.end)
    let entry = Checkpoint.Entry(
      batchWatermarkMs: tracker.current, batchTimestampMs: timestamp, conf: conf, offsets: ends.map(\.json))
    try runBatch(entry, to: ends, isNew: true, latest: steps.map(\.latest))
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

  /// The state of a micro-batch may be synced after its commit: it can be made anew from the records.
  private var stateMayFollow: Bool { readsTopicsOnly }

  private func step(_ step: MicroBatchStep) throws { try query.options.onStep(step, batchId) }

  /// - Parameter isNew: its entry is not in the checkpoint yet.
  private func runBatch(
    _ entry: Checkpoint.Entry, to ends: [SourceOffset], isNew: Bool, latest: [SourceOffset?]
  ) throws {
    let timestamp = entry.batchTimestampMs
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
      try retrying("writing offsets/\(batchId)") {
        try checkpoint.write(entry, batchId: batchId, isDurable: false)
      }
    }
    // While the sink works. After a power cut rows may then come again in another micro-batch: they are the same.
    let syncing =
      offsetsMayFollow ? syncs.begin([{ [checkpoint, batchId] in try checkpoint!.syncOffsets(batchId) }]) : nil
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
    var before = offsetsMayFollow ? nil : BeforeRows(entry, batchId, state: stateSync)
    let counts = try retrying("batch \(batchId)") { try addBatch(ranges, timestamp, &before) }
    try syncing?.wait()
    let written = Clock.steadyNanoseconds()
    try retrying("writing the state of batch \(batchId)") {
      let files = try stores.flatMap { try $0.writeDeltas { _ in try self.step(.partitionWritten) } }
      let sync = syncs.begin(files.map { file in { try file.sync() } })
      if !stateMayFollow { try sync.wait() }
      stateSync = sync
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
    try keepUp()
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

  /// What is not urgent, some of it on another thread.
  private func keepUp() throws {
    // Snapshots must not be begun faster than they get done.
    let isDone = lastUpkeep?.isDone ?? true
    if isDone { try lastUpkeep?.wait() }
    var work: [DiskThreads.Work] = []
    try retrying("keeping the state of batch \(batchId)") {
      for store in stores { try store.maintain(mayWrite: isDone) { work.append($0) } }
    }
    let oldest = batchId - Checkpoint.batchesRetained
    if oldest > 0, batchId % Self.purgeInterval == 0 {
      work.append { [checkpoint] in try checkpoint!.purge(before: oldest) }
    }
    guard !work.isEmpty else { return }
    let all: DiskThreads.Work = { [stateSync, lastUpkeep, work] in
      try lastUpkeep?.wait()
      // No snapshot is in its place before the state it is made of is on the disk.
      try stateSync?.wait()
      for piece in work { try piece() }
    }
    lastUpkeep = upkeep.begin([all])
  }

  /// Micro-batches after which old offsets and commits are removed.
  private static let purgeInterval: Int64 = 10

  private func addBatch(
    _ ranges: StreamRanges, _ timestamp: Int64, _ before: inout BeforeRows?
  ) throws -> MicroBatch.Counts {
    // What a failed try has changed is given up.
    for store in stores { store.begin() }
    let batch = try MicroBatch(
      id: batchId, query: query.query, ranges: ranges, laneCount: query.options.lanes, now: timestamp * 1000,
      stop: stop, stores: stores, mode: query.outputMode,
      watermarks: Watermarks(late: lastWatermark ?? tracker.current, eviction: tracker.current), files: query.files,
      onMalformed: query.onMalformed)
    defer { batch.cancel() }
    // The rows are computed meanwhile.
    try before?.wait(checkpoint)
    before = nil
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
