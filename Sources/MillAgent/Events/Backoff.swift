import MillBase

/// Waits that double from a first to a longest one.
struct Backoff {
  let first: Duration
  let longest: Duration
  private var next: Duration

  init(first: Duration = .milliseconds(250), longest: Duration = .seconds(4)) {
    self.first = first
    self.longest = longest
    next = min(first, longest)
  }

  mutating func reset() { next = min(first, longest) }

  /// Sleeps; true when the signal ended it.
  mutating func sleep(until signal: Signal) -> Bool {
    defer { next = min(next * 2, longest) }
    return signal.wait(next)
  }
}
