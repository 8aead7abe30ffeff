import MillBase

/// How an event's time turns into the time that escapes show: zone, rounding, clock or header.
public struct TimeRules: Sendable {
  public enum RoundUnit: String, CaseIterable, Sendable { case second, minute, hour }

  public var zone = ZoneRules.utc
  /// Round down to a multiple of `value` units; nil = don't.
  public var round: (value: Int, unit: RoundUnit)?
  /// The clock instead of the header `timestamp`.
  public var usesClock = false
  /// For tests.
  public var now: @Sendable () -> Int64 = Clock.nowMilliseconds

  public init() {}

  /// Milliseconds since 1970, rounded down within the zone (Flume: TimestampRoundDownUtil).
  func rounded(_ milliseconds: Int64) -> Int64 {
    guard let round else { return milliseconds }
    let offset = Int64(zone.offset(at: milliseconds.flooredDivision(by: 1000))) * 1000
    let local = milliseconds + offset
    let value = Int64(round.value)
    // What is rounded is the field of the clock (0 to 59, 0 to 23), within the unit above it.
    let (above, unit): (Int64, Int64) =
      switch round.unit {
      case .second: (60_000, 1000)
      case .minute: (3_600_000, 60_000)
      case .hour: (86_400_000, 3_600_000)
      }
    let start = local.flooredDivision(by: above) * above
    return start + (local - start) / (unit * value) * (unit * value) - offset
  }
}

/// A moment's fields in a zone.
struct CalendarTime {
  var year: Int64
  var month: Int64
  var day: Int64
  var hour: Int64
  var minute: Int64
  var second: Int64
  /// 0 = Sunday.
  var weekday: Int
  /// 1 = January 1.
  var dayOfYear: Int64
  /// Seconds east of UTC.
  var offset: Int

  init(milliseconds: Int64, zone: ZoneRules) {
    let seconds = milliseconds.flooredDivision(by: 1000)
    offset = zone.offset(at: seconds)
    let local = seconds + Int64(offset)
    let days = local.flooredDivision(by: 86_400)
    (year, month, day) = Clock.civilDate(daysSinceEpoch: days)
    let rest = local - days * 86_400
    hour = rest / 3600
    minute = rest / 60 % 60
    second = rest % 60
    weekday = Int((days + 4).flooredRemainder(by: 7))
    dayOfYear = days - Clock.daysSinceEpoch(year: year, month: 1, day: 1) + 1
  }
}
