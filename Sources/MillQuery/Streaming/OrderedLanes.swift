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
/// At most two jobs a lane are in work or waiting to be fetched, so memory stays bounded. A single job is done on the
/// caller's thread: handing it over would cost more than it brings.
final class OrderedLanes<Source: JobSource, Output: Sendable>: Sendable {
  private struct State {
    /// Jobs in work, or done and not fetched.
    var open = 0
    /// Number of the job whose result is handed out next.
    var nextOut = 0
    var results: [Int: Result<Output, any Error>] = [:]
    var lanesRunning = 0
    var isCancelled = false
  }
  private struct Reading {
    var nextIn = 0
    var isAtEnd = false
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

  /// The next result; nil when all are out.
  ///
  /// - Throws: what the source or the work threw, in its turn.
  func next() throws -> Output? {
    if workers.withLock({ $0.isEmpty }) {
      guard let (number, job) = try take() else { return nil }
      if number == 0 || laneCount == 1 {
        defer { state.withLock { $0.nextOut = number + 1 } }
        return try work(job)
      }
      reading.withLock {
        $0.pending = job
        $0.nextIn = number
      }
      start()
    }
    let result: Result<Output, any Error>? = state.wait { state in
      if let result = state.results.removeValue(forKey: state.nextOut) {
        state.nextOut += 1
        state.open -= 1
        return .some(result)
      }
      return state.lanesRunning == 0 ? .some(nil) : nil
    }
    return try result?.get()
  }

  /// Ends the lanes and waits for them. To be called when the results are not fetched to the end.
  func cancel() {
    state.withLock { $0.isCancelled = true }
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
    state.withLock { $0.lanesRunning = laneCount }
    let lanes = (0..<laneCount).map { number in Worker("\(name)-\(number)") { [self] _ in run() } }
    workers.withLock { $0 = lanes }
  }

  private func run() {
    defer { state.withLock { $0.lanesRunning -= 1 } }
    while true {
      let mayGoOn: Bool = state.wait { state in
        if state.isCancelled { return false }
        guard state.open < 2 * laneCount else { return nil }
        state.open += 1
        return true
      }
      guard mayGoOn else { return }
      let number: Int
      let result: Result<Output, any Error>
      do {
        guard let (taken, job) = try take() else { return }
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
        if case .failure = result { state.isCancelled = true }
      }
      if case .failure = result { return }
    }
  }
}
