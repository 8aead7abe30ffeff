import MillBase

/// Writes into the built-in store, in process.
public final class LocalWriter: PointWriter {
  private let engine: StoreEngine
  private let database: String
  private let stopping = Signal()
  private let health = WriterHealth(target: "built-in store")
  /// Waiting before a write is tried again that failed for want of room on the disk and the like.
  static let retryWait = Duration.seconds(1)

  /// - Parameter database: made with the first write when the engine's options allow it.
  public init(engine: StoreEngine, database: String) {
    self.engine = engine
    self.database = database
  }

  public func write(_ lines: LineBatch) throws -> WriteOutcome {
    while !stopping.isSet {
      do {
        let result = try engine.write(lines.bytes, to: database)
        health.succeeded()
        let unparsable = result.unparsable.map { RejectedLine(line: $0.line, reason: $0.parseMessage) }
        return WriteOutcome(written: result.written, rejected: unparsable + result.dropped)
      } catch let error as MillError where error.isRetriable {
        health.failed(.waiting, error.description)
        stopping.wait(Self.retryWait)
      }
    }
    throw MillError(.stopped, "the writer was stopped")
  }

  public func stop() { stopping.set() }

  public var state: WriterState { health.state }
}
