import MillBase

/// Brings a source's events into its channels: interceptors, selector, waiting for room.
final class ChannelProcessor: Sendable {
  private let agent: String
  private let source: String
  private let channels: [MemoryChannel]
  private let selector: ChannelSelector
  private let interceptors: [any Interceptor]
  private let counters: Counters
  private let backoffLongest: Duration

  init(
    agent: String, source: String, channels: [MemoryChannel], selector: ChannelSelector,
    interceptors: [any Interceptor], counters: Counters, backoffLongest: Duration
  ) {
    self.agent = agent
    self.source = source
    self.channels = channels
    self.selector = selector
    self.interceptors = interceptors
    self.counters = counters
    self.backoffLongest = backoffLongest
  }

  /// Puts the events into every channel that they go to, waiting for room as long as it takes.
  ///
  /// - Returns: false when `abandon` was set before all were in.
  func deliver<Mark>(_ events: [Event], mark: Mark, tracker: DeliveryTracker<Mark>, abandon: Signal) -> Bool {
    counters["EventReceivedCount"].add(events.count)
    counters["AppendBatchReceivedCount"].add()
    let kept = interceptors.isEmpty ? events : events.compactMap(intercept)
    var batches = [[Event]](repeating: [], count: channels.count)
    for event in kept {
      for index in selector.channels(for: event, of: channels.count) { batches[index].append(event) }
    }
    let count = batches.reduce(0) { $0 + $1.count }
    // One more, held until everything is in: the delivery can't arrive while it is being put.
    let delivery = tracker.open(count: count + 1, mark: mark)
    defer { delivery.acknowledge() }
    for (channel, batch) in zip(channels, batches) {
      var rest = batch[...]
      while !rest.isEmpty {
        let chunk = rest.prefix(channel.settings.transactionCapacity).map { event in
          var event = event
          event.delivery = delivery
          return event
        }
        guard put(chunk, into: channel, abandon: abandon) else {
          // The hold stays: what is not in the channel must not count as delivered.
          delivery.hold()
          return false
        }
        rest = rest.dropFirst(chunk.count)
      }
    }
    counters["EventAcceptedCount"].add(events.count)
    counters["AppendBatchAcceptedCount"].add()
    return true
  }

  private func put(_ events: [Event], into channel: MemoryChannel, abandon: Signal) -> Bool {
    var backoff = Backoff(first: .milliseconds(250), max: backoffLongest)
    while !channel.put(events) {
      counters["ChannelWriteFail"].add()
      if backoff.failures % Retry.logEvery == 0 {
        Log.warning(
          "agent",
          "\(agent): channel \(channel.name) is full (\(channel.size) of \(channel.settings.capacity) events); "
            + "source \(source) waits, nothing is lost")
      }
      if abandon.wait(backoff.next()) { return false }
    }
    return true
  }

  private func intercept(_ event: Event) -> Event? {
    var event = event
    for interceptor in interceptors where !interceptor.intercept(&event) { return nil }
    return event
  }
}

/// Changes an event, or drops it (Flume user guide, Flume Interceptors).
protocol Interceptor: Sendable {
  /// False drops the event, which counts as delivered.
  func intercept(_ event: inout Event) -> Bool
}
