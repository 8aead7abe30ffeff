import MillBase
import Synchronization

/// Where lanes get their work from; called by one lane at a time.
protocol JobSource: Sendable {
  associatedtype Job: Sendable
  /// nil = no more.
  func next() throws -> Job?
}

/// Does jobs on several threads and hands the results out in the order of the jobs.
///
/// The caller's thread is one of the lanes: while the result whose turn it is is not there, it works too. At most two
/// jobs a lane are in work or waiting to be fetched, so memory stays bounded. Threads begin with the second job.
final class OrderedLanes<Source: JobSource, Output: Sendable>: Sendable {
  private struct State {
    /// Jobs in work, or done and not fetched.
    var open = 0
    /// Number of the job whose result is handed out next.
    var nextOut = 0
    var results: [Int: Result<Output, any Error>] = [:]
    /// Lanes other than the caller's.
    var lanesRunning = 0
    /// No job is begun any more: the source has no more, something failed, or the caller wants no more.
    var isEnding = false
  }
  private struct Reading {
    var nextIn = 0
    var isAtEnd = false
    /// The second job was there, so the lanes run.
    var isStarted = false
    /// Taken out by the caller's thread to see whether lanes are worth it.
    var pending: Source.Job?
  }

  private let laneCount: Int
  private let name: String
  private let source: Source
  private let work: @Sendable (Source.Job) throws -> Output
  private let state = Monitor(State())
  private let reading = Mutex(Reading())
  private let workers = Mutex<[Worker]>([])

  init(lanes: Int, name: String, source: Source, work: @escaping @Sendable (Source.Job) throws -> Output) {
    laneCount = max(1, lanes)
    self.name = name
    self.source = source
    self.work = work
  }

  /// The next result; nil when all are out. For one thread at a time.
  ///
  /// - Throws: what the source or the work threw, in its turn.
  func next() throws -> Output? {
    if !reading.withLock({ $0.isStarted }) {
      guard let (number, job) = try take() else { return nil }
      if number == 0 {
        defer { state.withLock { $0.nextOut = 1 } }
        return try work(job)
      }
      reading.withLock {
        $0.pending = job
        $0.nextIn = number
        $0.isStarted = true
      }
      start()
    }
    while true {
      let step: Step = state.wait { state in
        if let result = state.results.removeValue(forKey: state.nextOut) {
          state.nextOut += 1
          state.open -= 1
          return .fetched(result)
        }
        if mayBegin(&state) { return .work }
        return state.isEnding && state.lanesRunning == 0 ? .end : nil
      }
      switch step {
      case .fetched(let result): return try result.get()
      case .work: workOnce()
      case .end: return nil
      }
    }
  }

  private enum Step {
    case fetched(Result<Output, any Error>)
    case work, end
  }

  /// Ends the lanes and waits for them. To be called when the results are not fetched to the end.
  func cancel() {
    state.withLock { $0.isEnding = true }
    for worker in workers.withLock({ $0 }) { worker.join() }
  }

  private func take() throws -> (Int, Source.Job)? {
    try reading.withLock { reading in
      if let pending = reading.pending {
        reading.pending = nil
        defer { reading.nextIn += 1 }
        return (reading.nextIn, pending)
      }
      guard !reading.isAtEnd, let job = try source.next() else {
        reading.isAtEnd = true
        return nil
      }
      defer { reading.nextIn += 1 }
      return (reading.nextIn, job)
    }
  }

  private func start() {
    state.withLock { $0.lanesRunning = laneCount - 1 }
    let lanes = (1..<laneCount).map { number in Worker("\(name)-\(number)") { [self] _ in run() } }
    workers.withLock { $0 = lanes }
  }

  private func run() {
    defer { state.withLock { $0.lanesRunning -= 1 } }
    while state.wait({ $0.isEnding ? false : mayBegin(&$0) ? true : nil }) { workOnce() }
  }

  /// Counts a job in, when there is room for one.
  private func mayBegin(_ state: inout State) -> Bool {
    guard !state.isEnding, state.open < 2 * laneCount else { return false }
    state.open += 1
    return true
  }

  /// Takes a job, does it, and puts its result down.
  private func workOnce() {
    let number: Int
    let result: Result<Output, any Error>
    do {
      guard let (taken, job) = try take() else {
        state.withLock { state in
          state.open -= 1
          state.isEnding = true
        }
        return
      }
      number = taken
      result = Result { try work(job) }
    } catch {
      // The source failed: its error comes after the results of the jobs before.
      number = reading.withLock { reading in
        reading.isAtEnd = true
        defer { reading.nextIn += 1 }
        return reading.nextIn
      }
      result = .failure(error)
    }
    state.withLock { state in
      state.results[number] = result
      if case .failure = result { state.isEnding = true }
    }
  }
}
