import MillBase

extension LocalLog {
  /// Flushing, retention and compaction, each on a thread of its own. They don't keep the log alive.
  func startHousekeeping() -> [Worker] {
    let retentionInterval = options.retentionCheckInterval
    let cleanerBackoff = options.cleanerBackoff
    return [
      Worker("log-flush") { [weak self] stop in
        while let pause = self?.flushPause, !stop.wait(pause) {
          self?.attempt("flush") { try $0.flush(before: pause) }
        }
      },
      Worker("log-retention") { [weak self] stop in
        while !stop.wait(retentionInterval) {
          self?.attempt("retention") { try $0.enforceRetention(now: Clock.nowMilliseconds()) }
        }
      },
      Worker("log-cleaner") { [weak self] stop in
        while !stop.wait(cleanerBackoff) {
          self?.attempt("compaction") { log in
            for partition in log.allPartitions {
              try partition.compact(now: Clock.nowMilliseconds()) { stop.isSet }
            }
          }
        }
      },
    ]
  }

  /// What fails is said and tried again next time.
  private func attempt(_ what: String, _ work: (LocalLog) throws -> Void) {
    do { try work(self) } catch { Log.error("log", "\(what): \(error)") }
  }

  /// Blocks until everything appended so far is on the disk. A partition that fails keeps none of the others back.
  public func flush() throws { try flush(before: nil) }

  /// How long until the next look at what has to be flushed: 10 ms at least, which an idle log does not notice.
  private var flushPause: Duration {
    if let interval = options.flushSchedulerInterval { return interval }
    let shortest = topicsByName.withLock { $0.values.reduce(1000) { min($0, $1.configuration.flushMilliseconds) } }
    return .milliseconds(max(10, min(shortest, topicDefaults.flushMilliseconds)))
  }

  /// - Parameter pause: flush what must be on the disk before it is over; nil = everything.
  private func flush(before pause: Duration?) throws {
    let rule = FlushRule(
      pause: pause, size: options.checkpointSize, interval: Int64(options.checkpointInterval.milliseconds),
      now: Clock.nowMilliseconds())
    var failure: (any Error)?
    func attempt(_ work: () throws -> Void) { do { try work() } catch { failure = failure ?? error } }
    for partition in allPartitions { attempt { try partition.flush(rule) } }
    attempt { try offsetStore.flush(rule) }
    attempt { try transactionStore.flush(rule) }
    attempt { try storeRecoveryPoints() }
    if let failure { throw failure }
  }

  /// Writes down up to where each partition is on the disk, when that has changed.
  func storeRecoveryPoints() throws {
    try recoveryPoints.withLock { stored in
      var offsets: [TopicPartition: Int64] = [:]
      for partition in allPartitions + [offsetStore.partition] + (transactionStore.partition.map { [$0] } ?? []) {
        offsets[partition.topicPartition] = partition.state.withLock { $0.flushedOffset }
      }
      if offsets == stored { return }
      try OffsetsFile.recoveryPoints.write(offsets, directory)
      stored = offsets
    }
  }

  /// Removes what retention.ms and retention.bytes no longer want. Runs by itself in the background.
  ///
  /// - Parameter now: milliseconds since 1970.
  public func enforceRetention(now: Int64) throws {
    for partition in allPartitions { try partition.enforceRetention(now: now) }
  }

  /// Compacts topics with `cleanup.policy=compact`, as far as their settings let it. Runs by itself in the background.
  ///
  /// - Parameter now: milliseconds since 1970.
  /// - Returns: the bytes that went.
  @discardableResult
  public func compact(now: Int64) throws -> Int64 { try allPartitions.reduce(0) { try $0 + $1.compact(now: now) } }

  var allPartitions: [PartitionLog] { topicsByName.withLock { $0.values.flatMap(\.partitions) } }

  /// Stops the program when the log's structures contradict each other. For tests.
  public func checkInvariants() throws {
    for partition in allPartitions { try partition.checkInvariants() }
  }
}
