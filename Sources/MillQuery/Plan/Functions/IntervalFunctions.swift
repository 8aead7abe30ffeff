import MillBase
import MillColumns

extension FunctionLibrary {
  /// Intervals from numbers, and moving and counting by a unit's name.
  static let intervalFunctions: [FunctionDefinition] = [
    FunctionDefinition("make_dt_interval", arity: 0...4) { call in
      for index in 0..<min(3, call.count) { try call.cast(index, to: .integer) }
      try call.cast(3, to: .decimal(precision: 18, scale: 6))
      return call.values(.interval(.day, .second)) { arguments in
        var total: Int128 = 0
        for (value, field) in zip(arguments, [IntervalField.day, .hour, .minute, .second]) {
          if case .decimal(let unscaled, _) = value {
            total += unscaled
          } else {
            total += Int128(value.whole) * Int128(field.unit)
          }
        }
        guard let result = Int64(exactly: total) else { throw intervalTooLong }
        return .integer(result)
      }
    },
    FunctionDefinition("make_ym_interval", arity: 0...2) { call in
      try call.cast(0, to: .integer)
      try call.cast(1, to: .integer)
      return call.values(.interval(.year, .month)) { arguments in
        let years = arguments.first?.whole ?? 0
        guard let months = Int32(exactly: years * 12 + (arguments.count > 1 ? arguments[1].whole : 0)) else {
          throw intervalTooLong
        }
        return .integer(Int64(months))
      }
    },
    FunctionDefinition("timestampadd", arity: 3) { call in
      guard case .string(let name)? = call.arguments[0].constantValue, let unit = timeUnits[name.uppercased()] else {
        throw unknownUnit(call)
      }
      try call.cast(1, to: .integer)
      try call.cast(2, to: .timestamp)
      let isByClock = unit.isMonths || unit.length % IntervalField.day.unit == 0
      if isByClock { call.toLocal(2) }
      let moved = call.values(.timestamp) { arguments in
        let (count, time) = (Int64(arguments[1].whole), arguments[2].microseconds)
        guard unit.isMonths else {
          let (length, isOver) = count.multipliedReportingOverflow(by: unit.length)
          let (sum, isOverToo) = time.addingReportingOverflow(length)
          guard !isOver, !isOverToo else {
            throw Failure("[DATETIME_OVERFLOW] Datetime operation overflow: add \(count) \(name). SQLSTATE: 22008")
          }
          return .timestamp(sum)
        }
        let day = Calendar.day(ofMicroseconds: time)
        let moved = Int64(TimeArithmetic.addingMonths(count &* unit.length, to: Int32(day)))
        return .timestamp(time &+ (try Calendar.micros(ofDay: moved - day)))
      }
      return isByClock ? call.fromLocal(moved) : moved
    },
    FunctionDefinition("timestampdiff", arity: 3) { call in
      guard case .string(let name)? = call.arguments[0].constantValue, let unit = timeUnits[name.uppercased()] else {
        throw unknownUnit(call)
      }
      try call.cast(1, to: .timestamp)
      try call.cast(2, to: .timestamp)
      // All by the clock, as in Spark: from noon to noon are 24 hours, also on a day that has 23.
      call.toLocal(1)
      call.toLocal(2)
      return call.values(.long) { arguments in
        let (start, end) = (arguments[1].microseconds, arguments[2].microseconds)
        guard unit.isMonths else { return .integer((end - start) / unit.length) }
        return .integer(wholeMonths(from: start, to: end) / unit.length)
      }
    },
  ]

  private static let intervalTooLong = Failure(
    "[INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION] Integer overflow while operating with intervals. Try devising "
      + "appropriate values for the interval parameters. SQLSTATE: 22015")

  /// Units of timestampadd and timestampdiff, in months or microseconds.
  static let timeUnits: [String: (isMonths: Bool, length: Int64)] = [
    "YEAR": (true, 12), "QUARTER": (true, 3), "MONTH": (true, 1), "WEEK": (false, 7 * IntervalField.day.unit),
    "DAY": (false, IntervalField.day.unit), "DAYOFYEAR": (false, IntervalField.day.unit),
    "HOUR": (false, IntervalField.hour.unit), "MINUTE": (false, IntervalField.minute.unit),
    "SECOND": (false, IntervalField.second.unit), "MILLISECOND": (false, 1000), "MICROSECOND": (false, 1),
  ]

  private static func unknownUnit(_ call: FunctionCall) -> MillError {
    call.error("\(call.name) wants a unit first, like DAY", wayOut: "the units are \(timeUnits.keys.sorted())")
  }

  /// Months that have passed whole, the time of day counted.
  private static func wholeMonths(from start: Int64, to end: Int64) -> Int64 {
    if end < start { return -wholeMonths(from: end, to: start) }
    func parts(_ micros: Int64) -> (months: Int64, day: Int64, rest: Int64) {
      let day = Calendar.day(ofMicroseconds: micros)
      let civil = Calendar.civil(Int32(day))
      return (civil.year * 12 + civil.month, civil.day, micros - day * Calendar.microsecondsPerDay)
    }
    let (a, b) = (parts(start), parts(end))
    return b.months - a.months - ((b.day, b.rest) < (a.day, a.rest) ? 1 : 0)
  }

  /// sequence of dates or timestamps by an interval; nil when the call is another.
  static func timeSequence(_ call: inout FunctionCall) throws -> Expression? {
    let isTime = [.date, .timestamp].contains(call.type(0)) && [.date, .timestamp].contains(call.type(1))
    guard isTime, call.count == 2 || call.type(2).isInterval else { return nil }
    let type: DataType = call.type(0) == .date && call.type(1) == .date ? .date : .timestamp
    try call.cast(0, to: .timestamp)
    try call.cast(1, to: .timestamp)
    let isMonths = call.count == 3 && call.type(2).intervalFields!.from.isYearMonth
    let isDates = type == .date
    return call.result(.array(type)) { vectors, evaluation in
      let (columns, time) = (vectors.map(\.compact), evaluation.lane.time)
      return try evaluation.build(vectors, to: .array(type)) { row, out in
        if columns.contains(where: { $0.column.isNull(row & $0.mask) }) { return out.appendNull() }
        let values = columns.map { $0.column.value(row & $0.mask) }
        let (from, to) = (values[0].microseconds, values[1].microseconds)
        let day = IntervalField.day.unit
        let step = values.count == 3 ? Int64(values[2].whole) : from <= to ? day : -day
        guard step > 0 && from <= to || step < 0 && from >= to || step == 0 && from == to else {
          throw Failure("requirement failed: Illegal sequence boundaries: \(from) to \(to) by \(step)")
        }
        if isDates, !isMonths, step % day != 0 {
          throw Failure(
            "sequence step must be an interval day to second of day granularity if start and end values are dates")
        }
        let shortest = max(step.magnitude, 1)
        let span = (Int128(to) - Int128(from)).magnitude / UInt128(isMonths ? UInt64(28 * day) : 1)
        try checkCount("sequence", Int(clamping: span / UInt128(shortest) + 1))
        // Months and days are the clock's, what is less goes by without it.
        let start = time.local(from)
        let startDay = Calendar.day(ofMicroseconds: start)
        func moment(_ count: Int64) -> Int64 {
          let days =
            isMonths
            ? Int64(TimeArithmetic.addingMonths(count &* step, to: Int32(truncatingIfNeeded: startDay))) - startDay
            : count &* (step / day)
          return time.instant(start &+ days &* day) &+ (isMonths ? 0 : count &* (step % day))
        }
        var made: [Value] = []
        var count: Int64 = 0
        while step == 0 ? count == 0 : step > 0 ? moment(count) <= to : moment(count) >= to {
          let next = moment(count)
          made.append(isDates ? .date(Int32(Calendar.day(ofMicroseconds: time.local(next)))) : .timestamp(next))
          count += 1
        }
        out.append(.array(made))
      }
    }
  }

  /// A field of an interval, as EXTRACT gives it; nil when the interval has no such field.
  static func intervalField(_ name: String, _ call: FunctionCall) -> Expression? {
    guard let from = call.type(0).intervalFields?.from, let field = timeFields[name.uppercased()] else { return nil }
    func part(_ type: DataType, _ body: @escaping @Sendable (Int64) -> Int64) -> Expression {
      call.values(type) { .integer(body(Int64($0[0].whole))) }
    }
    switch (field, from.isYearMonth) {
    case ("year", true): return part(.integer) { $0 / 12 }
    case ("month", true): return part(.byte) { $0 % 12 }
    case ("day", false): return part(.integer) { $0 / IntervalField.day.unit }
    case ("hour", false): return part(.byte) { $0 % IntervalField.day.unit / IntervalField.hour.unit }
    case ("minute", false): return part(.byte) { $0 % IntervalField.hour.unit / IntervalField.minute.unit }
    case ("second", false):
      return call.values(.decimal(precision: 8, scale: 6)) {
        .decimal(unscaled: Int128(Int64($0[0].whole) % IntervalField.minute.unit), scale: 6)
      }
    default: return nil
    }
  }
}
