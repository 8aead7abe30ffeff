import MillBase

/// Repeats a step against a peer that is away or full until it works: nothing is lost meanwhile, the channel fills
/// and the source waits.
struct Retry {
  let who: String
  let abandon: Signal
  let counters: Counters
  var longest = Duration.seconds(10)
  /// Every so many failures in a row one is logged.
  static let logEvery = 10

  /// - Returns: nil when `abandon` was set first.
  /// - Throws: what `isFinal` says that trying again won't mend.
  func callAsFunction<Result>(
    _ what: String, isFinal: (MillError) -> Bool = { _ in false }, _ step: () throws -> Result
  ) throws -> Result? {
    var backoff = Backoff(first: .milliseconds(250), max: longest)
    var failures = 0
    while true {
      do {
        let result = try step()
        if failures > 0 { Log.info("agent", "\(who): \(what) works again") }
        return result
      } catch let error as MillError {
        if isFinal(error) { throw error }
        counters["ConnectionFailedCount"].add()
        if failures % Self.logEvery == 0 {
          Log.warning("agent", "\(who): \(what): \(error); it is tried again, nothing is lost")
        }
        failures += 1
      }
      if abandon.wait(backoff.next()) { return nil }
    }
  }
}
