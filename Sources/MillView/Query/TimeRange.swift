import MillBase

/// From and to, in milliseconds since 1970, both included.
public struct TimeRange: Sendable, Equatable {
  public var from: Int64
  public var to: Int64

  public init(from: Int64, to: Int64) {
    self.from = from
    self.to = to
  }

  /// Grafana's two texts, at a given now. `now/d` is rounded down in `from` and up in `to`.
  ///
  /// - Parameter zoneOffset: minutes that local time is ahead of UTC, for rounding to days and longer.
  /// - Throws: `MillError.badInput` when a text is no time.
  public init(from: String, to: String, now: Int64, zoneOffset: Int = 0) throws {
    self.from = try TimePoint(from).milliseconds(now: now, roundsUp: false, zoneOffset: zoneOffset)
    self.to = try TimePoint(to).milliseconds(now: now, roundsUp: true, zoneOffset: zoneOffset)
  }

  /// A panel's own range: `timeFrom` replaces the length, `timeShift` moves it back (both as `15y`, `1d/d`).
  func overridden(timeFrom: String?, timeShift: String?, now: Int64, zoneOffset: Int) throws -> TimeRange {
    var range = self
    if let timeFrom, !timeFrom.isEmpty {
      let text = timeFrom.hasPrefix("now") ? timeFrom : "now-\(timeFrom)"
      let rounding = text.firstIndex(of: "/").map { String(text[$0...]) } ?? ""
      range = try TimeRange(from: text, to: "now\(rounding)", now: now, zoneOffset: zoneOffset)
    }
    if let timeShift, !timeShift.isEmpty {
      // Moved like a date, so that one month back is one month back.
      let shift = try TimePoint("now-\(timeShift)")
      range.from = shift.milliseconds(now: range.from, roundsUp: false, zoneOffset: zoneOffset)
      range.to = shift.milliseconds(now: range.to, roundsUp: true, zoneOffset: zoneOffset)
    }
    return range
  }
}

/// One end of a range as Grafana writes it: `now-6h`, `now/d`, `now-1M/M`, an ISO date, or milliseconds since 1970.
struct TimePoint {
  private enum Step {
    case add(count: Int64, unit: Character)
    case round(unit: Character)
  }
  private enum Start {
    case now
    case fixed(Int64)
  }
  private var start: Start
  private var steps: [Step] = []

  init(_ text: String) throws {
    let bad = MillError(
      .badInput, "'\(text)' is no time", wayOut: "write it as now-6h, now/d, 2024-01-31T00:00:00Z or milliseconds")
    guard text.hasPrefix("now") else {
      guard let fixed = Self.absolute(text) else { throw bad }
      start = .fixed(fixed)
      return
    }
    start = .now
    var rest = text.dropFirst(3)
    while let sign = rest.popFirst() {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest.removeFirst(digits.count)
      guard let unit = rest.popFirst(), "smhdwMQy".contains(unit) else { throw bad }
      switch sign {
      case "/" where digits.isEmpty: steps.append(.round(unit: unit))
      case "+", "-":
        guard let count = digits.isEmpty ? 1 : Int64(digits), count < 1_000_000_000 else { throw bad }
        steps.append(.add(count: sign == "-" ? -count : count, unit: unit))
      default: throw bad
      }
    }
  }

  func milliseconds(now: Int64, roundsUp: Bool, zoneOffset: Int) -> Int64 {
    var time: Int64
    switch start {
    case .fixed(let fixed): return fixed
    case .now: time = now + Int64(zoneOffset) * 60_000
    }
    for step in steps {
      switch step {
      case .add(let count, let unit): time = Self.add(count, unit, to: time)
      case .round(let unit):
        time = Self.roundDown(time, unit)
        if roundsUp { time = Self.add(1, unit, to: time) - 1 }
      }
    }
    return time - Int64(zoneOffset) * 60_000
  }

  private static func add(_ count: Int64, _ unit: Character, to time: Int64) -> Int64 {
    switch unit {
    case "s": return time + count * 1000
    case "m": return time + count * 60_000
    case "h": return time + count * 3_600_000
    case "d": return time + count * day
    case "w": return time + count * 7 * day
    default:
      let months = count * (unit == "y" ? 12 : unit == "Q" ? 3 : 1)
      let days = time.flooredDivision(by: day)
      let date = Clock.civilDate(daysSinceEpoch: days)
      let monthIndex = date.year * 12 + date.month - 1 + months
      let year = monthIndex.flooredDivision(by: 12)
      let month = monthIndex - year * 12 + 1
      let first = Clock.daysSinceEpoch(year: year, month: month, day: 1)
      let next = Clock.daysSinceEpoch(year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1, day: 1)
      // 31 March minus a month is the last day of February.
      return (first + min(date.day, next - first) - 1) * day + time - days * day
    }
  }

  private static func roundDown(_ time: Int64, _ unit: Character) -> Int64 {
    func floor(_ step: Int64) -> Int64 { time.flooredDivision(by: step) * step }
    switch unit {
    case "s": return floor(1000)
    case "m": return floor(60_000)
    case "h": return floor(3_600_000)
    case "d": return floor(day)
    // 1970-01-01 was a Thursday; Grafana's weeks begin on Sunday unless the browser's locale says otherwise.
    case "w": return (time + 4 * day).flooredDivision(by: 7 * day) * 7 * day - 4 * day
    default:
      let date = Clock.civilDate(daysSinceEpoch: time.flooredDivision(by: day))
      let month = unit == "y" ? 1 : unit == "Q" ? (date.month - 1) / 3 * 3 + 1 : date.month
      return Clock.daysSinceEpoch(year: date.year, month: month, day: 1) * day
    }
  }

  private static let day: Int64 = 86_400_000

  /// Digits are milliseconds; `2024-01-31`, `2024-01-31 23:59:59`, `2024-01-31T23:59:59.123Z`, also with `+01:00`.
  private static func absolute(_ text: String) -> Int64? {
    if let number = Int64(text), text.count > 4 { return number }
    let pattern = /(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:\d\d)?/
    guard let match = text.wholeMatch(of: pattern)?.output, let year = Int64(match.1), let month = Int64(match.2),
      let dayOfMonth = Int64(match.3), (1...12).contains(month), (1...31).contains(dayOfMonth)
    else { return nil }
    var time = Clock.daysSinceEpoch(year: year, month: month, day: dayOfMonth) * day
    if let hour = match.4.flatMap({ Int64($0) }), let minute = match.5.flatMap({ Int64($0) }) {
      time += hour * 3_600_000 + minute * 60_000 + (match.6.flatMap { Int64($0) } ?? 0) * 1000
    }
    if let fraction = match.7 { time += Int64((String(fraction) + "000").prefix(3)) ?? 0 }
    if let zone = match.8, zone != "Z", let hours = Int64(zone.dropFirst().prefix(2)),
      let minutes = Int64(zone.suffix(2))
    {
      time -= (hours * 60 + minutes) * 60_000 * (zone.hasPrefix("-") ? -1 : 1)
    }
    return time
  }
}
