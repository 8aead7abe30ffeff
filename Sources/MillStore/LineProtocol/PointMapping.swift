import MillColumns

/// Which column becomes what part of a point.
public struct PointMapping: Sendable, Hashable {
  public enum Measurement: Sendable, Hashable {
    case constant(String)
    /// Each row names its own measurement in this column.
    case column(String)
  }

  /// Unit of a time column of whole numbers.
  public enum TimeUnit: Int64, Sendable, Hashable {
    case nanoseconds = 1
    case microseconds = 1000
    case milliseconds = 1_000_000
    case seconds = 1_000_000_000
  }

  public var measurement: Measurement
  /// Columns that become tags: few distinct values each, they are indexed. A null or empty one is left out.
  public var tags: [String]
  /// Columns that become fields; nil = all that are nothing else. A null one is left out.
  public var fields: [String]?
  /// The column with the point's time: DATE, TIMESTAMP, or whole numbers in ``timeUnit``. nil needs
  /// ``allowsServerTime``.
  public var time: String?
  public var timeUnit = TimeUnit.milliseconds
  /// Columns that tell apart rows with the same tags in the same millisecond: a hash of them becomes the nanoseconds
  /// below the millisecond (0 ..< 1,000,000), so that the same row always is the same point, and another row another
  /// one. Two of `n` such rows fall together with a probability of about n² / 2,000,000: where many rows share tags
  /// and time, make what tells them apart a tag.
  public var identity: [String] = []
  /// Points without a time get the moment of writing from the server. Then writing again makes new points.
  public var allowsServerTime = false
  /// Whole numbers without the `i`, so that the server keeps them as floats.
  public var writesIntegersAsFloats = false

  public init(
    measurement: Measurement, tags: [String] = [], fields: [String]? = nil, time: String?, identity: [String] = []
  ) {
    self.measurement = measurement
    self.tags = tags
    self.fields = fields
    self.time = time
    self.identity = identity
  }
}

/// Lines ready to be written, and what could not become one.
public struct EncodedPoints: Sendable {
  /// Lines of line protocol, each ending with LF. Times are nanoseconds.
  public var bytes: [UInt8]
  public var lineCount: Int
  public var rejected: [RejectedRow]
  /// NaN and infinite values that were left out of a line.
  public var omittedValueCount: Int
}

/// A row that can't be a point.
public struct RejectedRow: Sendable, Equatable {
  /// In the batch.
  public var row: Int
  public var reason: String
}
