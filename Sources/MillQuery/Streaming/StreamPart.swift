import MillBase
import MillColumns
import Synchronization

/// What the run of a micro-batch has besides a batch's: ranges of its sources, state, watermarks.
struct StreamPart: Sendable {
  let ranges: StreamRanges
  /// By number of the stateful operator.
  let stores: [StateStore]
  let mode: OutputMode
  let watermarks: Watermarks
  /// Gets every piece of the sources, in order, with what was computed of it (but the rows).
  let onPiece: @Sendable (BatchInput.Piece, QueryOutput, BatchRun.ReadChunk) throws -> Void
  /// Gets event times that were seen behind a stateful operator.
  let onTimes: @Sendable ([Int: EventTimeStats]) -> Void
}

/// The rows of a plan that is run on a thread of its own, fetched one batch after the other: at most two wait.
final class FetchedRows: Sendable {
  private struct State {
    var waiting: [ColumnBatch] = []
    var isCancelled = false
    var end: Result<Void, any Error>?
  }
  static let waitingMax = 2

  private let state = Monitor(State())
  private let worker = Mutex<Worker?>(nil)

  /// - Parameter run: hands every batch to its argument, which says whether more are wanted.
  func start(_ run: @escaping @Sendable (_ hand: (ColumnBatch) -> Bool) throws -> Void) {
    worker.withLock { worker in
      worker = Worker("rows") { [self] _ in
        let result = Result { try run { put($0) } }
        state.withLock { $0.end = result }
      }
    }
  }

  private func put(_ batch: ColumnBatch) -> Bool {
    state.wait { state in
      if state.isCancelled { return false }
      guard state.waiting.count < Self.waitingMax else { return nil }
      state.waiting.append(batch)
      return true
    }
  }

  /// nil at the end.
  ///
  /// - Throws: what the run threw.
  func next() throws -> ColumnBatch? {
    let next: Result<ColumnBatch?, any Error> = state.wait { state in
      if !state.waiting.isEmpty { return .success(state.waiting.removeFirst()) }
      return state.end.map { $0.map { nil } }
    }
    return try next.get()
  }

  /// Ends the run and waits for its end.
  func cancel() {
    state.withLock { $0.isCancelled = true }
    worker.withLock { $0 }?.join()
  }
}
