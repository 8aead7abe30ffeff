/// Growing pauses between tries: "full jitter", a random time between nothing and a bound that doubles.
///
/// Clients that failed together then don't come back together.
public struct Backoff: Sendable {
  /// The bound of the first pause.
  public var first: Duration
  /// No bound is above this.
  public var max: Duration
  /// Failures since the last success.
  public private(set) var failures = 0

  public init(first: Duration = .milliseconds(500), max: Duration = .seconds(60)) {
    self.first = first
    self.max = max
  }

  /// After a failure: how long to wait before the next try.
  ///
  /// - Parameter atLeast: what the peer asked for (Retry-After); kept even above `max`.
  public mutating func next(atLeast: Duration? = nil) -> Duration {
    let bound = bound
    failures += 1
    let jitter = Duration.milliseconds(Int.random(in: 0...Swift.max(0, bound.milliseconds)))
    return Swift.max(jitter, atLeast ?? .zero)
  }

  /// What the next pause is at most.
  public var bound: Duration {
    // 2^20 times half a second is six days.
    Swift.min(first * (1 << Swift.min(failures, 20)), max)
  }

  public mutating func succeeded() { failures = 0 }
}

/// The `Retry-After` header (RFC 9110, 10.2.3).
public enum RetryAfter {
  /// How long the response asks to wait; nil without the header or when it can't be read.
  ///
  /// - Parameters:
  ///   - now: milliseconds since 1970, for the date form.
  ///   - max: longer times count as this one, so that a peer's mistake does not stop the work for days.
  public static func wait(
    _ response: HTTPResponse, now: Int64 = Clock.nowMilliseconds(), max: Duration = .seconds(3600)
  ) -> Duration? {
    guard let text = response.headers["Retry-After"] else { return nil }
    if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), !text.isEmpty {
      return Int(text).map { min(.seconds($0), max) } ?? max
    }
    return HTTPDate.milliseconds(text).map { min(.milliseconds(Swift.max(0, $0 - now)), max) }
  }
}

/// Dates in HTTP headers (RFC 9110, 5.6.7).
public enum HTTPDate {
  private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

  /// Milliseconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT` or of one of the two older forms that a receiver must
  /// also read; nil when it is none.
  public static func milliseconds(_ text: String) -> Int64? {
    let words = text.split { " ,-".contains($0) }.map { $0.lowercased() }
    guard words.count >= 5 else { return nil }
    // asctime: Sun Nov  6 08:49:37 1994
    let isAsctime = months.contains(words[1])
    let (day, month, year, time) =
      isAsctime ? (words[2], words[1], words[4], words[3]) : (words[1], words[2], words[3], words[4])
    let clock = time.split(separator: ":").map { Int64($0) ?? -1 }
    guard let day = Int64(day), (1...31).contains(day), let index = months.firstIndex(of: month),
      var number = Int64(year), clock.count == 3, 0..<24 ~= clock[0], 0..<60 ~= clock[1], 0...60 ~= clock[2]
    else { return nil }
    // Two digits (RFC 850): the years that are meant today.
    if year.utf8.count == 2 { number += number < 70 ? 2000 : 1900 }
    let days = Clock.daysSinceEpoch(year: number, month: Int64(index) + 1, day: day)
    return ((days * 24 + clock[0]) * 60 + clock[1]) * 60_000 + clock[2] * 1000
  }
}
