import MillBase

/// A sink as the agent runs it: on a thread of its own.
protocol EventSink: AnyObject, Sendable {
  /// Gets ready. Tries again by itself where waiting helps. - Throws: why it can't work at all.
  func start(abandon: Signal) throws
  /// Takes events until `stop` is set and the channel is empty, then finishes what is open; returns at once on
  /// `abandon`, leaving events unacknowledged, so that they are read again.
  ///
  /// - Throws: what can only be mended by reading from the last acknowledged event again.
  func run(stop: Signal, abandon: Signal) throws
}

/// Where a sink takes its events from, and how it counts them.
struct SinkFeed: Sendable {
  let agent: String
  let name: String
  let channel: MemoryChannel
  let counters: Counters

  /// How long a take waits before the sink looks at its signals again.
  static let takeWait = Duration.milliseconds(100)

  /// The next events; empty when none came. nil when the sink has to end.
  func take(max: Int, wait: Duration = takeWait, linger: Duration = .zero, stop: Signal, abandon: Signal) -> [Event]? {
    if abandon.isSet { return nil }
    let isStopping = stop.isSet
    let events = channel.take(max: max, wait: isStopping ? .zero : min(wait, Self.takeWait), linger: linger)
    if events.isEmpty { return isStopping ? nil : [] }
    counters["EventDrainAttemptCount"].add(events.count)
    counters[events.count < max ? "BatchUnderflowCount" : "BatchCompleteCount"].add()
    return events
  }
}
