import MillBase

/// Flume's memory channel: a bounded queue of events.
///
/// A put waits for room, so a slow sink slows the source down. Events that were taken keep their room until they are
/// committed. Nothing is lost when the process dies: the source's position is only written down after delivery.
final class MemoryChannel: Sendable {
  let name: String
  let settings: MemoryChannelSettings
  let counters: Counters

  private struct State {
    var queue: [Event?] = []
    /// Where the queue begins in `queue`.
    var head = 0
    var taken = 0
    var bytes = 0
    var takenBytes = 0
    var count: Int { queue.count - head }
  }
  private let state = Monitor(State())

  init(name: String, settings: MemoryChannelSettings, counters: Counters) {
    self.name = name
    self.settings = settings
    self.counters = counters
  }

  /// Events that wait or are taken and not committed.
  var size: Int { state.withLock { $0.count + $0.taken } }

  /// Puts all events or none; false when there was no room for them within keep-alive.
  func put(_ events: [Event]) -> Bool {
    precondition(events.count <= settings.transactionCapacity, "a put above transactionCapacity")
    if events.isEmpty { return true }
    let bytes = events.reduce(0) { $0 + $1.size }
    counters["EventPutAttemptCount"].add(events.count)
    let done: Void? = state.wait(atMost: settings.keepAlive) { state in
      let used = state.count + state.taken
      // One batch above byteCapacity passes through an empty channel: it could never pass otherwise.
      let fits =
        used + events.count <= settings.capacity
        && (state.bytes + state.takenBytes + bytes <= settings.byteCapacity || used == 0)
      guard fits else { return nil }
      state.queue += events.map(Optional.some)
      state.bytes += bytes
      return ()
    }
    if done != nil { counters["EventPutSuccessCount"].add(events.count) }
    return done != nil
  }

  /// Takes up to `max` events: waits at most `wait` for the first, then at most `linger` for the rest.
  ///
  /// What comes back stays in the channel's count until ``commit(_:)``.
  func take(max: Int, wait: Duration, linger: Duration = .zero) -> [Event] {
    let limit = min(max, settings.transactionCapacity)
    guard state.wait(atMost: wait, { $0.count > 0 ? () : nil }) != nil else { return [] }
    if linger > .zero { _ = state.wait(atMost: linger) { $0.count >= limit ? () : nil } }
    let events = state.withLock { state in
      let n = min(limit, state.count)
      var events: [Event] = []
      events.reserveCapacity(n)
      for index in state.head..<state.head + n {
        events.append(state.queue[index]!)
        state.queue[index] = nil
      }
      state.head += n
      if state.head > 1024, state.head * 2 > state.queue.count {
        state.queue.removeFirst(state.head)
        state.head = 0
      }
      let bytes = events.reduce(0) { $0 + $1.size }
      state.bytes -= bytes
      state.takenBytes += bytes
      state.taken += n
      return events
    }
    counters["EventTakeAttemptCount"].add(events.count)
    return events
  }

  /// The events are the sink's now: their room is free.
  func commit(_ events: [Event]) {
    let bytes = events.reduce(0) { $0 + $1.size }
    state.withLock { state in
      state.taken -= events.count
      state.takenBytes -= bytes
      precondition(state.taken >= 0 && state.takenBytes >= 0, "more was committed than taken")
    }
    counters["EventTakeSuccessCount"].add(events.count)
  }
}
