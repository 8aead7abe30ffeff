import Glibc

/// Wall clock and steady clock, in the units that the rooms use.
public enum Clock {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  public static func nowMilliseconds() -> Int64 {
    let t = read(CLOCK_REALTIME)
    return Int64(t.tv_sec) * 1000 + Int64(t.tv_nsec) / 1_000_000
  }

  /// Nanoseconds since 1970-01-01T00:00:00Z.
  public static func nowNanoseconds() -> Int64 {
    let t = read(CLOCK_REALTIME)
    return Int64(t.tv_sec) * 1_000_000_000 + Int64(t.tv_nsec)
  }

  /// Nanoseconds on a clock that never steps; only differences mean something.
  public static func steadyNanoseconds() -> UInt64 {
    let t = read(CLOCK_MONOTONIC)
    return UInt64(t.tv_sec) * 1_000_000_000 + UInt64(t.tv_nsec)
  }

  private static func read(_ clock: clockid_t) -> timespec {
    var t = timespec()
    let result = clock_gettime(clock, &t)
    precondition(result == 0, "clock_gettime can't fail for these clocks")
    return t
  }

  /// `2024-01-31T23:59:59.123Z`
  public static func iso8601(milliseconds: Int64) -> String {
    let days = milliseconds.flooredDivision(by: 86_400_000)
    let rest = milliseconds - days * 86_400_000
    let (year, month, day) = civilDate(daysSinceEpoch: days)
    func pad(_ value: Int64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T\(pad(rest / 3_600_000, 2)):"
      + "\(pad(rest / 60_000 % 60, 2)):\(pad(rest / 1000 % 60, 2)).\(pad(rest % 1000, 3))Z"
  }

  /// The Gregorian date of a day number (day 0 = 1970-01-01), for all years.
  public static func civilDate(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
    // Years begin in March here, so that the leap day comes last; an era is 400 years.
    let shifted = daysSinceEpoch + 719_468
    let era = shifted.flooredDivision(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  /// The day number of a Gregorian date (1970-01-01 = 0). The date must exist.
  public static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
    let fromMarch = month <= 2 ? year - 1 : year
    let era = fromMarch.flooredDivision(by: 400)
    let yearOfEra = UInt32(truncatingIfNeeded: fromMarch - era * 400)
    let monthFromMarch = UInt32(truncatingIfNeeded: month > 2 ? month - 3 : month + 9)
    let dayOfYear = (153 &* monthFromMarch &+ 2) / 5
    let dayOfEra = yearOfEra &* 365 &+ yearOfEra / 4 &- yearOfEra / 100 &+ dayOfYear
    return era * 146_097 + Int64(dayOfEra) + day - 719_469
  }
}

extension Int64 {
  /// Division that rounds down, also below zero.
  public func flooredDivision(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor != 0 && (self < 0) != (divisor < 0) ? quotient - 1 : quotient
  }
}

extension Duration {
  /// Whole milliseconds, rounded towards zero.
  public var milliseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
  }
}
