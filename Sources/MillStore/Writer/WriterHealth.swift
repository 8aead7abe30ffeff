import MillBase
import Synchronization

/// How a writer gets on with its store, for the chain's page.
public struct WriterState: Sendable, Equatable {
  public enum Phase: String, Sendable {
    /// The last write went through, or none was tried yet.
    case ready
    /// The store can't be reached or asked to wait: the same write is tried again and again.
    case waiting
    /// The store refuses for a reason that a person has to mend (credentials, database): tried again slowly.
    case refused
  }
  public var phase: Phase
  /// What the store said; nil when ready.
  public var reason: String?
  /// Milliseconds since 1970: when the phase began.
  public var since: Int64
}

/// Keeps a ``WriterState``; a change of phase is one log line and one metric.
final class WriterHealth: Sendable {
  private let target: String
  private let current: Mutex<WriterState>
  private let isReady: Metrics.Gauge
  private let failures: Metrics.Counter

  init(target: String) {
    self.target = target
    current = Mutex(WriterState(phase: .ready, reason: nil, since: Clock.nowMilliseconds()))
    isReady = Metrics.shared.gauge(
      "millrace_store_writer_ready", ["target": target], help: "1 when the last write to the store went through")
    isReady.set(1)
    failures = Metrics.shared.counter(
      "millrace_store_writer_failures_total", ["target": target], help: "Write requests that have to be tried again")
  }

  var state: WriterState { current.withLock { $0 } }

  func succeeded() {
    let before = change(.ready, nil)
    if before != .ready { Log.info("store", "\(target) takes points again") }
  }

  func failed(_ phase: WriterState.Phase, _ reason: String) {
    failures.add()
    let before = change(phase, Secrets.redact(reason))
    if before == phase { return }
    switch phase {
    case .refused: Log.error("store", "\(target) refuses points, tried again until that is mended: \(reason)")
    default: Log.warning("store", "\(target) takes no points now, waiting for it: \(reason)")
    }
  }

  private func change(_ phase: WriterState.Phase, _ reason: String?) -> WriterState.Phase {
    current.withLock { state in
      let before = state.phase
      if before != phase {
        state = WriterState(phase: phase, reason: reason, since: Clock.nowMilliseconds())
        isReady.set(phase == .ready ? 1 : 0)
      } else {
        state.reason = reason
      }
      return before
    }
  }
}
