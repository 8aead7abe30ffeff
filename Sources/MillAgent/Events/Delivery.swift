import MillBase
import Synchronization

/// A batch of events on its way from a source to the last of its sinks.
///
/// The acknowledgement that flows back: sinks count down, and when nothing is outstanding the source may write down
/// that it is past these events. Then the delivery is settled, and sinks may forget what they remember of it.
final class Delivery: Sendable {
  private let outstanding: Atomic<Int>
  private let settled = Atomic<Bool>(false)
  private let onArrival: @Sendable () -> Void

  /// - Parameter count: events times the channels that each goes to.
  init(count: Int, onArrival: @escaping @Sendable () -> Void) {
    outstanding = Atomic(count)
    self.onArrival = onArrival
  }

  /// So many events of the batch are where they belong, durably, or were meant to be dropped.
  func acknowledge(_ count: Int = 1) {
    let left = outstanding.wrappingSubtract(count, ordering: .acquiringAndReleasing).newValue
    precondition(left >= 0, "more events were acknowledged than delivered")
    if left == 0 { onArrival() }
  }

  /// Keeps the delivery from arriving, for good: not all of it is on its way.
  func hold() { outstanding.wrappingAdd(1, ordering: .acquiringAndReleasing) }

  var hasArrived: Bool { outstanding.load(ordering: .acquiring) == 0 }

  /// The source has written down its position past these events.
  var isSettled: Bool { settled.load(ordering: .acquiring) }
  func settle() { settled.store(true, ordering: .releasing) }
}

extension Delivery {
  /// Acknowledges every event, with one call for each run of one delivery.
  static func acknowledge(_ events: some Sequence<Event>) {
    var current: Delivery?
    var count = 0
    for event in events {
      if event.delivery === current {
        count += 1
        continue
      }
      if count > 0 { current?.acknowledge(count) }
      current = event.delivery
      count = 1
    }
    if count > 0 { current?.acknowledge(count) }
  }
}

/// A source's deliveries in their order, each with the source's own mark of where it stands after it.
final class DeliveryTracker<Mark: Sendable>: Sendable {
  private let entries = Monitor<[(delivery: Delivery, mark: Mark)]>([])
  private let arrivals = Monitor(0)

  func open(count: Int, mark: Mark) -> Delivery {
    let arrivals = arrivals
    let delivery = Delivery(count: count) { arrivals.withLock { $0 += 1 } }
    entries.withLock { $0.append((delivery, mark)) }
    return delivery
  }

  /// The longest run from the front in which everything has arrived; it leaves the tracker.
  func takeArrived() -> [(delivery: Delivery, mark: Mark)] {
    entries.withLock { entries in
      let run = Array(entries.prefix { $0.delivery.hasArrived })
      entries.removeFirst(run.count)
      return run
    }
  }

  var isEmpty: Bool { entries.withLock { $0.isEmpty } }

  /// Waits until something arrives, at most so long.
  func waitForArrival(atMost duration: Duration) {
    let seen = arrivals.withLock { $0 }
    if entries.withLock({ $0.first?.delivery.hasArrived ?? false }) { return }
    _ = arrivals.wait(atMost: duration) { $0 != seen ? () : nil }
  }
}
