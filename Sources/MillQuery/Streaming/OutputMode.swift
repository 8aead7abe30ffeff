import MillBase

/// Which rows of an aggregation a micro-batch hands on (Spark's output modes).
public enum OutputMode: String, Sendable, Hashable, CaseIterable {
  /// Rows that are new and never change: of a window when the watermark has passed its end.
  case append
  /// Groups that this micro-batch has changed.
  case update
  /// All groups, in every micro-batch.
  case complete

  /// In any case of the letters.
  ///
  /// - Throws: `.configuration` for other text.
  public init(parsing text: String) throws {
    guard let mode = OutputMode(rawValue: text.lowercased()) else {
      let nearest = Nearest.name(to: text.lowercased(), among: Self.allCases.map(\.rawValue))
      throw MillError(
        .configuration, "'\(text)' is no output mode",
        wayOut: nearest.map { "did you mean \($0)?" } ?? "write append, update or complete")
    }
    self = mode
  }
}
