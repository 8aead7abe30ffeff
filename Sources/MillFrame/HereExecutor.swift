import MillBase

/// Runs asynchronous code on the thread that calls ``run(_:)``, which waits for it.
///
/// A query's thread hands a micro-batch to a function of the application: were that to run on the cooperative pool,
/// code that blocks the pool (waiting for this very query) would hold it up for ever.
final class HereExecutor: TaskExecutor {
  private struct State {
    var jobs: [UnownedJob] = []
    var outcome: Result<Void, any Error>?
  }
  private let state = Monitor(State())

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { $0.jobs.append(job) }
  }

  /// - Throws: what the body throws.
  func run(_ body: @escaping @Sendable () async throws -> Void) throws {
    Task(executorPreference: self) { [state] in
      let outcome: Result<Void, any Error>
      do {
        try await body()
        outcome = .success(())
      } catch {
        outcome = .failure(error)
      }
      state.withLock { $0.outcome = outcome }
    }
    while true {
      let step: (job: UnownedJob?, outcome: Result<Void, any Error>?) = state.wait { state in
        if !state.jobs.isEmpty { return (state.jobs.removeFirst(), nil) }
        return state.outcome.map { (nil, $0) }
      }
      if let job = step.job { job.runSynchronously(on: asUnownedTaskExecutor()) }
      if let outcome = step.outcome { return try outcome.get() }
    }
  }
}
