import MillBase
import MillColumns

/// Dates and times in UTC, as numbers.
enum Calendar {
  static let microsecondsPerDay: Int64 = 86_400_000_000

  static func date(_ text: String) -> Int32? {
    Array(text.utf8).withUnsafeBufferPointer { TimeText.parseDate($0) }
  }

  static func timestamp(_ text: String) -> Int64? {
    Array(text.utf8).withUnsafeBufferPointer { LocalTime().parse($0) }
  }

  /// nil when the date does not exist.
  static func days(year: Int64, month: Int64, day: Int64) -> Int64? {
    guard (1...12).contains(month), day >= 1, day <= daysInMonth(year: year, month: month) else { return nil }
    return Clock.daysSinceEpoch(year: year, month: month, day: day)
  }

  static func daysInMonth(year: Int64, month: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  static func civil(_ days: Int32) -> (year: Int64, month: Int64, day: Int64) {
    Clock.civilDate(daysSinceEpoch: Int64(days))
  }

  /// 1 = Sunday … 7 = Saturday.
  static func dayOfWeek(_ days: Int32) -> Int32 {
    let monday0 = (Int64(days) + 3) % 7
    return Int32((monday0 + 7) % 7 + 1) % 7 + 1
  }

  /// The day's first moment.
  ///
  /// - Throws: for days above some 292,000 years from now, of which a DATE has more than a TIMESTAMP.
  static func micros(ofDay days: Int64) throws(Failure) -> Int64 {
    let (micros, isOver) = days.multipliedReportingOverflow(by: microsecondsPerDay)
    if isOver { throw Failure("long overflow") }
    return micros
  }

  static func day(ofMicroseconds microseconds: Int64) -> Int64 { microseconds.flooredDivision(by: microsecondsPerDay) }
}
