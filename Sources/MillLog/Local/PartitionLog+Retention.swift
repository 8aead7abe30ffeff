import MillBase

extension PartitionLog {
  /// Removes the oldest segments that retention.ms and retention.bytes no longer want; the start offset moves.
  ///
  /// - Parameter now: milliseconds since 1970.
  /// - Returns: how many segments went.
  @discardableResult
  func enforceRetention(now: Int64) throws -> Int {
    try maintenance.withLock { _ in try removeExpired(now: now) }
  }

  private func removeExpired(now: Int64) throws -> Int {
    let removed = try state.withLock { state -> [Segment] in
      if state.isClosed { return [] }
      let configuration = state.configuration
      var expired = 0
      if !configuration.deletes { return [] }
      if configuration.retentionMilliseconds >= 0 {
        let oldest = now - configuration.retentionMilliseconds
        expired = try state.segments.prefix { try !$0.isEmpty && $0.maxTimestamp() < oldest }.count
      }
      if configuration.retentionBytes >= 0 {
        var total = state.segments.reduce(0) { $0 + $1.size }
        var surplus = 0
        for segment in state.segments.dropLast() where total - segment.size >= configuration.retentionBytes {
          total -= segment.size
          surplus += 1
        }
        expired = max(expired, surplus)
      }
      if expired == 0 { return [] }
      if expired == state.segments.count { try roll(&state) }
      let gone = Array(state.segments.prefix(expired))
      state.segments.removeFirst(expired)
      state.startOffset = max(state.startOffset, state.segments[0].baseOffset)
      return gone
    }
    // Readers that are at it still hold the file open.
    for segment in removed { try segment.remove() }
    if let last = removed.last {
      Log.info(
        "log", "\(topicPartition): \(removed.count) segments before offset \(last.nextOffset) have gone by retention")
    }
    return removed.count
  }

  /// New settings for what is appended from now on.
  func configure(_ configuration: TopicConfiguration) { state.withLock { $0.configuration = configuration } }

  /// Begins a new segment with these batches and drops all that came before: for logs that only the last value of
  /// each key matters in.
  func rewrite(_ batches: [UInt8], _ headers: [BatchHeader]) throws {
    try maintenance.withLock { _ in try replaceAll(batches, headers) }
  }

  private func replaceAll(_ batches: [UInt8], _ headers: [BatchHeader]) throws {
    let old = state.withLock { $0.segments }
    try state.withLock { state in if !state.segments.last!.isEmpty { try roll(&state) } }
    var batches = batches
    var headers = headers
    if !headers.isEmpty { _ = try append(&batches, &headers) }
    try sealAndSync()
    let gone = state.withLock { state in
      let gone = state.segments.filter { segment in old.contains { $0 === segment } && segment !== state.segments.last }
      state.segments.removeAll { segment in gone.contains { $0 === segment } }
      state.startOffset = state.segments[0].baseOffset
      return gone
    }
    for segment in gone { try segment.remove() }
  }
}
