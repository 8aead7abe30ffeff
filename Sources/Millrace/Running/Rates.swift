import MillBase
import Synchronization

/// Per-second rates of counters, from samples taken about once a second.
final class Rates: Sendable {
  private struct State {
    var at: UInt64 = 0
    var values: [String: Int] = [:]
    var rates: [String: Double] = [:]
  }
  private let state = Mutex(State())
  private let metrics: Metrics

  init(_ metrics: Metrics) { self.metrics = metrics }

  /// Takes a sample; rates are over the time since the one before.
  func sample() {
    let now = Clock.steadyNanoseconds()
    var values: [String: Int] = [:]
    for sample in metrics.samples() where sample.isCounter { values[sample.name, default: 0] += sample.value }
    state.withLock { state in
      let seconds = Double(now - state.at) / 1e9
      if state.at > 0, seconds > 0 {
        state.rates = values.reduce(into: [:]) { rates, pair in
          rates[pair.key] = Double(pair.value - (state.values[pair.key] ?? 0)) / seconds
        }
      }
      state.at = now
      state.values = values
    }
  }

  /// Per second, summed over all labels; 0 before the second sample.
  func perSecond(_ name: String) -> Double { state.withLock { $0.rates[name] ?? 0 } }
}
