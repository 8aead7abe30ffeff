import MillArchive
import MillBase
import MillColumns

extension FunctionLibrary {
  /// Fields of a date or timestamp by name, and dates and timestamps from parts.
  static let timeFieldFunctions: [FunctionDefinition] = [
    FunctionDefinition("date_part", "datepart", "extract", arity: 2) { call in
      guard case .string(let name)? = call.arguments[0].constantValue else {
        throw call.mismatch(0, wants: "a field's name in quotes, like 'YEAR'")
      }
      guard let function = timeFields[name.uppercased()] else {
        let nearest = Nearest.name(to: name.uppercased(), among: timeFields.keys.sorted())
        throw call.error(
          "\(name) is no field of a date or timestamp", wayOut: nearest.map { "did you mean \($0)?" })
      }
      var part = call
      part.arguments = [call.arguments[1]]
      if part.type(0).isInterval {
        guard let field = intervalField(name, part) else {
          throw call.error("\(name) is no field of \(part.type(0).sql)")
        }
        return field
      }
      if part.type(0) != .date { try part.cast(0, to: .timestamp) }
      switch function {
      case "second": return try secondWithFraction(&part)
      case "dayofweek_iso":
        try part.cast(0, to: .date)
        return part.values(.integer) { .integer(Int64((Calendar.dayOfWeek($0[0].days) + 5) % 7 + 1)) }
      case "yearofweek":
        try part.cast(0, to: .date)
        return part.values(.integer) { arguments in
          let days = arguments[0].days
          return .integer(Calendar.civil(days - (Calendar.dayOfWeek(days) + 5) % 7 + 3).year)
        }
      default: return try all[function]!.build(&part)
      }
    },
    FunctionDefinition("months_between", arity: 2...3) { call in
      try call.cast(0, to: .timestamp)
      try call.cast(1, to: .timestamp)
      try call.cast(2, to: .boolean)
      call.toLocal(0)
      call.toLocal(1)
      return call.values(.double) { arguments in
        let months = monthsBetween(arguments[0].microseconds, arguments[1].microseconds)
        if arguments.count > 2, arguments[2] == .boolean(false) { return .double(months) }
        return .double((months * 1e8).rounded() / 1e8)
      }
    },
    FunctionDefinition("next_day", arity: 2) { call in
      try call.cast(0, to: .date)
      try call.castToText([1])
      let ansi = call.ansi
      return call.values(.date) { arguments in
        let name = arguments[1].text.uppercased()
        guard
          let wanted = weekdays.firstIndex(where: { day in
            [String(day.prefix(2)), String(day.prefix(3)), day].contains(name)
          })
        else {
          guard ansi else { return .null }
          throw Failure("[ILLEGAL_DAY_OF_WEEK] Illegal input for day of week: \(arguments[1].text). SQLSTATE: 22009")
        }
        let today = Calendar.dayOfWeek(arguments[0].days) - 1
        return .date(arguments[0].days + (Int32(wanted) - today + 6) % 7 + 1)
      }
    },
    shortName("monthname", "MMM"), shortName("dayname", "E"),
    FunctionDefinition("unix_date", arity: 1) { call in
      try call.cast(0, to: .date)
      return call.values(.integer) { .integer(Int64($0[0].days)) }
    },
    FunctionDefinition("date_from_unix_date", arity: 1) { call in
      try call.cast(0, to: .integer)
      return call.values(.date) { .date(Int32($0[0].whole)) }
    },
    FunctionDefinition("make_timestamp", arity: 6...7) { call in try makeTimestamp(&call, mode: call.castMode) },
    FunctionDefinition("try_make_timestamp", arity: 6...7) { call in try makeTimestamp(&call, mode: .attempt) },
    FunctionDefinition("current_timezone", arity: 0) { call in
      call.result(.string) { _, evaluation in
        Vector(constant: Column(.string, [.string(evaluation.lane.time.zone?.name ?? "UTC")]), count: evaluation.count)
      }
    },
    FunctionDefinition("from_utc_timestamp", arity: 2) { call in
      try inZone(&call) { micros, zone in
        micros + Int64(zone.offset(at: micros.flooredDivision(by: 1_000_000))) * 1_000_000
      }
    },
    FunctionDefinition("to_utc_timestamp", arity: 2) { call in
      try inZone(&call) { micros, zone in ZoneCache.instant(ofLocal: micros, zone) }
    },
  ]

  private static let weekdays = ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"]

  /// Every name that EXTRACT takes → the function that gives it.
  static let timeFields: [String: String] = {
    let names: [(String, String)] = [
      ("year", "YEAR Y YEARS YR YRS"), ("yearofweek", "YEAROFWEEK"), ("quarter", "QUARTER QTR"),
      ("month", "MONTH MON MONS MONTHS"), ("weekofyear", "WEEK W WEEKS"), ("day", "DAY D DAYS"),
      ("dayofweek", "DAYOFWEEK DOW"), ("dayofweek_iso", "DAYOFWEEK_ISO DOW_ISO"), ("dayofyear", "DOY"),
      ("hour", "HOUR H HOURS HR HRS"), ("minute", "MINUTE M MIN MINS MINUTES"),
      ("second", "SECOND S SEC SECONDS SECS"),
    ]
    var fields: [String: String] = [:]
    for (function, list) in names {
      for name in list.split(separator: " ") { fields[String(name)] = function }
    }
    return fields
  }()

  private static func secondWithFraction(_ call: inout FunctionCall) throws -> Expression {
    try call.cast(0, to: .timestamp)
    call.toLocal(0)
    return call.values(.decimal(precision: 8, scale: 6)) { arguments in
      let micros = arguments[0].microseconds
      let rest = micros - micros.flooredDivision(by: 60_000_000) * 60_000_000
      return .decimal(unscaled: Int128(rest), scale: 6)
    }
  }

  private static func shortName(_ name: String, _ pattern: String) -> FunctionDefinition {
    FunctionDefinition(name, arity: 1) { call in
      try call.cast(0, to: .date)
      let format = try DateTimePattern(pattern)
      return call.values(.string) { arguments in
        var out: [UInt8] = []
        format.append(try Calendar.micros(ofDay: Int64(arguments[0].days)), to: &out)
        return .string(String(decoding: out, as: UTF8.self))
      }
    }
  }

  /// Whole months when both are the same day of the month, or both the last; else the rest in months of 31 days.
  private static func monthsBetween(_ a: Int64, _ b: Int64) -> Double {
    func parts(_ micros: Int64) -> (months: Int64, day: Int64, isLast: Bool, seconds: Int64) {
      let days = Calendar.day(ofMicroseconds: micros)
      let (year, month, day) = Calendar.civil(Int32(days))
      let seconds = (micros - days * Calendar.microsecondsPerDay) / 1_000_000
      return (year * 12 + month, day, day == Calendar.daysInMonth(year: year, month: month), seconds)
    }
    let (x, y) = (parts(a), parts(b))
    let months = Double(x.months - y.months)
    if x.day == y.day || x.isLast && y.isLast { return months }
    return months + Double((x.day - y.day) * 86_400 + x.seconds - y.seconds) / (31 * 86_400)
  }

  private static func makeTimestamp(_ call: inout FunctionCall, mode: CastMode) throws -> Expression {
    for index in 0..<5 { try call.cast(index, to: .integer) }
    try call.cast(5, to: .decimal(precision: 16, scale: 6))
    if call.count > 6 { try call.castToText([6]) }
    let isZoned = call.count > 6
    let made = call.values(.timestamp) { arguments in
      let parts = arguments[0..<5].map { Int64($0.whole) }
      guard case .decimal(let unscaled, _) = arguments[5] else { return .null }
      let micros = Int64(truncatingIfNeeded: unscaled)
      // A 60th second is the next minute's first, but has no fraction.
      guard let days = Calendar.days(year: parts[0], month: parts[1], day: parts[2]), (0..<24).contains(parts[3]),
        (0..<60).contains(parts[4]), micros >= 0, micros <= 60_000_000
      else {
        guard mode == .ansi else { return .null }
        let date = "\(parts[0])-\(parts[1])-\(parts[2]) \(parts[3]):\(parts[4])"
        throw Failure(
          "[DATETIME_FIELD_OUT_OF_BOUNDS] Invalid timestamp '\(date):\(Decimal128.text(unscaled, scale: 6))'. If "
            + "necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error. SQLSTATE: 22023")
      }
      let local = try Calendar.micros(ofDay: days) &+ (parts[3] * 60 + parts[4]) * 60_000_000 + micros
      if arguments.count < 7 { return .timestamp(local) }
      return .timestamp(ZoneCache.instant(ofLocal: local, try ZoneCache.rules(arguments[6].text)))
    }
    return isZoned ? made : call.fromLocal(made)
  }

  private static func inZone(
    _ call: inout FunctionCall, _ body: @escaping @Sendable (Int64, ZoneRules) -> Int64
  ) throws -> Expression {
    try call.cast(0, to: .timestamp)
    try call.castToText([1])
    return call.result(.timestamp) { vectors, evaluation in
      var last: (name: String, rules: ZoneRules)?
      return try evaluation.map(vectors, vectors[0].fixed(Int64.self), vectors[1].strings, to: .timestamp) {
        micros, name in
        if last?.name != name { last = (name, try ZoneCache.rules(name)) }
        return body(micros, last!.rules)
      }
    }
  }
}

extension Value {
  var days: Int32 { if case .date(let days) = self { days } else { 0 } }
  var microseconds: Int64 { if case .timestamp(let value) = self { value } else { 0 } }
}
