import MillBase

/// Threads for work that mostly waits for the disk. They begin with the work and live as long as the query: a micro-batch
/// does not wait for threads to begin.
final class DiskThreads: Sendable {
  typealias Work = @Sendable () throws -> Void

  /// Work that was begun together.
  final class Pending: Sendable {
    private let state: Monitor<(left: Int, failure: (any Error)?)>

    fileprivate init(_ count: Int) { state = Monitor((count, nil)) }

    fileprivate func end(_ result: Result<Void, any Error>) {
      state.withLock { state in
        state.left -= 1
        if case .failure(let error) = result, state.failure == nil { state.failure = error }
      }
    }

    var isDone: Bool { state.withLock { $0.left == 0 } }

    /// Waits until all of it is done.
    ///
    /// - Throws: what the first of it that failed threw, every time.
    func wait() throws {
      let failure: Result<Void, any Error> = state.wait { state in
        state.left == 0 ? state.failure.map { .failure($0) } ?? .success(()) : nil
      }
      try failure.get()
    }
  }

  private struct State {
    var queue: [(work: Work, pending: Pending)] = []
    /// Threads that wait for work.
    var idle = 0
    var threads: [Worker] = []
    var isClosed = false
  }
  private let name: String
  private let threadsMax: Int
  private let state = Monitor(State())

  /// - Parameter count: threads at most.
  init(_ name: String, count: Int) {
    self.name = name
    threadsMax = count
  }

  /// Begins with the work, in its order and, where there are several threads, at the same time.
  func begin(_ work: [Work]) -> Pending {
    let pending = Pending(work.count)
    state.withLock { state in
      state.queue += work.map { ($0, pending) }
      while state.idle < state.queue.count, state.threads.count < threadsMax {
        state.idle += 1
        state.threads.append(Worker(name) { [self] _ in run() })
      }
    }
    return pending
  }

  private func run() {
    while true {
      let next: (work: Work, pending: Pending)? = state.wait { state in
        if !state.queue.isEmpty {
          state.idle -= 1
          return .some(state.queue.removeFirst())
        }
        return state.isClosed ? .some(nil) : nil
      }
      guard let (work, pending) = next else { return }
      let result = Result { try work() }
      state.withLock { $0.idle += 1 }
      pending.end(result)
    }
  }

  /// Does what was begun to its end, then ends the threads.
  func close() {
    let threads = state.withLock { state in
      state.isClosed = true
      return state.threads
    }
    for thread in threads { thread.join() }
  }
}
