import MillBase

/// Lines of line protocol that travel together: LF between them, timestamps in nanoseconds.
public struct LineBatch: Sendable {
  public var bytes: [UInt8]
  /// How many lines.
  public var count: Int

  public init(bytes: [UInt8] = [], count: Int = 0) {
    self.bytes = bytes
    self.count = count
  }

  public var isEmpty: Bool { count == 0 }
}

/// What became of a ``LineBatch``: every line was either written or rejected.
public struct WriteOutcome: Sendable, Equatable {
  public var written: Int
  public var rejected: [RejectedLine]

  public init(written: Int = 0, rejected: [RejectedLine] = []) {
    self.written = written
    self.rejected = rejected
  }

  static func += (a: inout Self, b: Self) {
    a.written += b.written
    a.rejected += b.rejected
  }
}

/// The seam of the store: takes points.
///
/// Two implementations: ``LocalWriter`` (built in, in process) and ``InfluxWriter`` (any server with InfluxDB's write
/// API). A call blocks until the points are as durable as the store makes them: that is the backpressure. Writing the
/// same line twice is writing it once, since measurement, tags and timestamp identify a point. Safe from several
/// threads.
public protocol PointWriter: AnyObject, Sendable {
  /// Writes what can be written. Lines that the store will never take come back with the reason; when the store can't
  /// be reached or is not ready the call waits and tries again, for ever.
  ///
  /// - Throws: `.stopped` when the writer was stopped while waiting; then the whole call has to be repeated later.
  func write(_ lines: LineBatch) throws -> WriteOutcome

  /// Ends waiting calls with `.stopped`. Writing afterwards throws the same.
  func stop()
}
