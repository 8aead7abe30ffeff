/// The threads that run a server's handlers: some are kept, more are started while all are busy, since a handler may
/// block for seconds (a long poll) and others must not wait for it.
final class HandlerPool: Sendable {
  typealias Job = @Sendable () -> Void

  private struct State {
    var waiting: [Job] = []
    /// Places promised by `reserve` whose job has not ended.
    var open = 0
    var idle = 0
    var workers: [Worker] = []
    var workerCount = 0
    var isStopping = false
  }
  private let state = Monitor(State())
  private let kept: Int
  private let max: Int
  private static let surplusIdleMax = Duration.seconds(10)

  /// - Parameters:
  ///   - kept: threads that stay when there is nothing to do.
  ///   - max: threads at the most; further jobs wait in line.
  init(kept: Int, max: Int) {
    self.kept = kept
    self.max = max
  }

  /// Promises that a job will be run; false when the pool is stopping.
  func reserve() -> Bool {
    state.withLock { state in
      if state.isStopping { return false }
      state.open += 1
      return true
    }
  }

  /// Runs a job for which a place was reserved.
  func submit(_ job: @escaping Job) {
    state.withLock { state in
      state.waiting.append(job)
      guard state.waiting.count > state.idle, state.workerCount < max else { return }
      state.workerCount += 1
      state.workers.removeAll(where: \.isFinished)
      state.workers.append(Worker("http-handler") { [weak self] _ in self?.work() })
    }
  }

  private enum Step {
    case run(Job)
    case leave
  }

  private func work() {
    while case .run(let job) = next() {
      job()
      state.withLock { $0.open -= 1 }
    }
  }

  private func next() -> Step {
    state.withLock { $0.idle += 1 }
    while true {
      let step = state.wait(atMost: Self.surplusIdleMax) { state in Self.take(&state) }
      if let step { return step }
      let leaves = state.withLock { state in
        guard state.waiting.isEmpty, state.workerCount > kept else { return false }
        state.idle -= 1
        state.workerCount -= 1
        return true
      }
      if leaves { return .leave }
    }
  }

  private static func take(_ state: inout State) -> Step? {
    guard !state.waiting.isEmpty || state.isStopping else { return nil }
    state.idle -= 1
    if !state.waiting.isEmpty { return .run(state.waiting.removeFirst()) }
    state.workerCount -= 1
    return .leave
  }

  /// Takes no new jobs and waits until all running and waiting ones have ended.
  func drain() {
    state.withLock { $0.isStopping = true }
    state.wait { $0.open == 0 ? () : nil }
    for worker in state.withLock({ $0.workers }) { worker.join() }
  }
}
