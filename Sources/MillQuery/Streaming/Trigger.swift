import MillBase

/// When a streaming query runs its next micro-batch (Spark's triggers).
public enum Trigger: Sendable, Hashable, CustomStringConvertible {
  /// As soon as the last one has ended and there is data.
  case unlimited
  /// On a fixed grid of this width; late → at once; no data → no batch.
  case processingTime(Duration)
  /// All that is there at the start, in one or more micro-batches; then the query ends.
  case availableNow
  /// One micro-batch; then the query ends. Spark has deprecated it.
  case once

  /// `1 second`, `500 milliseconds`, `processingTime 10 seconds`, `AvailableNow`, `Once`, or nothing.
  ///
  /// - Throws: `.configuration` for other text.
  public init(parsing text: String) throws {
    var words = text.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "." && $0 != "-" }.map(String.init)
    if words.first == "processingtime" { words.removeFirst() }
    if words.first == "interval" { words.removeFirst() }
    switch words {
    case [], ["unlimited"]: self = .unlimited
    case ["availablenow"], ["availablenow", "true"]: self = .availableNow
    case ["once"], ["once", "true"]: self = .once
    case let words where words.first == "continuous":
      throw MillError(
        .configuration, "the trigger Continuous is not supported yet", wayOut: "use ProcessingTime or none")
    default:
      // `1s` is written without a space in other places of a pipeline.
      let joined = words.joined()
      let digits = joined.prefix { $0.isNumber }
      guard let count = Int64(digits), let unit = Self.unit(String(joined.dropFirst(digits.count))) else {
        let nearest = Nearest.name(to: text, among: ["AvailableNow", "Once"])
        throw MillError(
          .configuration, "'\(text)' is no trigger",
          wayOut: nearest.map { "did you mean \($0)?" } ?? "write '1 second', AvailableNow or Once")
      }
      let interval = unit * Int(clamping: count)
      self = interval == .zero ? .unlimited : .processingTime(interval)
    }
  }

  private static func unit(_ name: String) -> Duration? {
    switch name {
    case "ms", "millisecond", "milliseconds": .milliseconds(1)
    case "s", "sec", "second", "seconds": .seconds(1)
    case "m", "min", "minute", "minutes": .seconds(60)
    case "h", "hour", "hours": .seconds(3600)
    case "d", "day", "days": .seconds(86_400)
    default: nil
    }
  }

  public var description: String {
    switch self {
    case .unlimited: "none"
    case .processingTime(let interval): "ProcessingTime(\(interval))"
    case .availableNow: "AvailableNow"
    case .once: "Once"
    }
  }

  /// The next point of the grid after `now`, both in milliseconds since 1970.
  static func nextOnGrid(_ interval: Duration, after now: Int64) -> Int64 {
    let (seconds, attoseconds) = interval.components
    let width = max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    return now.flooredDivision(by: width) * width + width
  }
}
