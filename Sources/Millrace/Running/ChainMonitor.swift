import MillBase
import MillView
import Synchronization

/// Watches a running pipeline: rates, and the latest problem of each room. Answers the chain's page.
final class ChainMonitor: ChainStatusSource {
  static let deadLettersShown = 50

  private struct State {
    var problems: [String: (message: String, at: Int64)] = [:]
    var report: (@Sendable () -> ChainStatus)?
  }
  let rates: Rates
  let startedAt = Clock.nowMilliseconds()
  private let name: String
  private let state = Mutex(State())
  private let sampler = Mutex<Worker?>(nil)

  init(name: String, metrics: Metrics) {
    self.name = name
    rates = Rates(metrics)
  }

  func start() {
    rates.sample()
    Log.observe { [weak self] level, room, message in
      guard level >= .warning else { return }
      self?.state.withLock { $0.problems[room] = (message, Clock.nowMilliseconds()) }
    }
    sampler.withLock {
      $0 = Worker("rates") { [rates] stop in
        while !stop.wait(.seconds(1)) { rates.sample() }
      }
    }
  }

  /// From here on the page shows the rooms.
  func attach(_ report: @escaping @Sendable () -> ChainStatus) { state.withLock { $0.report = report } }

  func stop() {
    Log.observe(nil)
    state.withLock { $0.report = nil }
    let worker = sampler.withLock { $0 }
    worker?.stop()
    worker?.join()
  }

  /// The latest warning or error that a room logged.
  func problem(of room: String) -> (message: String, at: Int64)? { state.withLock { $0.problems[room] } }

  func chainStatus() -> ChainStatus {
    state.withLock { $0.report }?() ?? ChainStatus(name: name, startedAt: startedAt, rooms: [])
  }

  var notReadyReason: String? { state.withLock { $0.report } == nil ? "the rooms are being opened" : nil }
}
