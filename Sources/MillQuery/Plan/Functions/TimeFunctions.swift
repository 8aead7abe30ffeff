import MillBase
import MillColumns

extension FunctionLibrary {
  static let timeFunctions: [FunctionDefinition] = [
    FunctionDefinition("current_timestamp", "now", arity: 0) { call in
      call.result(.timestamp) { _, evaluation in
        Vector(constant: Column(.timestamp, [.timestamp(evaluation.lane.now)]), count: evaluation.count)
      }
    },
    FunctionDefinition("current_date", "curdate", arity: 0) { call in
      call.result(.date) { _, evaluation in
        let day = Int32(Calendar.day(ofMicroseconds: evaluation.lane.time.local(evaluation.lane.now)))
        return Vector(constant: Column(.date, [.date(day)]), count: evaluation.count)
      }
    },
    FunctionDefinition("to_date", arity: 1...2) { call in try parse(&call, to: .date, mode: call.castMode) },
    FunctionDefinition("to_timestamp", arity: 1...2) { call in try parse(&call, to: .timestamp, mode: call.castMode) },
    FunctionDefinition("try_to_timestamp", arity: 1...2) { call in try parse(&call, to: .timestamp, mode: .attempt) },
    FunctionDefinition("try_to_date", arity: 1...2) { call in try parse(&call, to: .date, mode: .attempt) },
    FunctionDefinition("date_format", arity: 2) { call in
      try call.cast(0, to: .timestamp)
      try call.cast(1, to: .string)
      return format(call)
    },
    FunctionDefinition("unix_timestamp", "to_unix_timestamp", arity: 0...2) { call in
      if call.count == 0 {
        return call.result(.long) { _, evaluation in
          let seconds = evaluation.lane.now.flooredDivision(by: 1_000_000)
          return Vector(constant: Column(.long, [.integer(seconds)]), count: evaluation.count)
        }
      }
      let isText = call.type(0) == .string
      if isText, call.count == 1 {
        call.arguments.append(.constant(.string("yyyy-MM-dd HH:mm:ss"), .string, call.position))
      }
      if !isText { call.arguments = [try call.cast(call.arguments[0], to: .timestamp)] }
      var seconds = call
      seconds.arguments = [isText ? try parse(&call, to: .timestamp, mode: call.castMode) : call.arguments[0]]
      // Java's division: towards 1970.
      return perTimestamp(seconds, to: .long) { (value: Int64) -> Int64 in value / 1_000_000 }
    },
    FunctionDefinition("from_unixtime", arity: 1...2) { call in
      try call.cast(0, to: .long)
      // Java's product: it wraps around.
      let moments = Kernel(name: "seconds") { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].fixed(Int64.self), to: .timestamp) { $0 &* 1_000_000 }
      }
      call.arguments[0] = Expression(.call(moments, [call.arguments[0]]), .timestamp, call.position)
      if call.count == 1 {
        call.arguments.append(.constant(.string("yyyy-MM-dd HH:mm:ss"), .string, call.position))
      }
      try call.cast(1, to: .string)
      return format(call)
    },
    FunctionDefinition("date_trunc", arity: 2) { call in
      try call.cast(0, to: .string)
      try call.cast(1, to: .timestamp)
      call.toLocal(1)
      let truncatedTime = call.result(.timestamp) { vectors, evaluation in
        try evaluation.map(vectors, vectors[0].strings, vectors[1].fixed(Int64.self), to: .timestamp) { unit, value in
          truncated(value, to: unit.uppercased())
        }
      }
      return call.fromLocal(truncatedTime)
    },
    FunctionDefinition("trunc", arity: 2) { call in
      try call.cast(0, to: .date)
      try call.cast(1, to: .string)
      return call.result(.date) { vectors, evaluation in
        try evaluation.map(vectors, vectors[0].fixed(Int32.self), vectors[1].strings, to: .date) {
          days, unit -> Int32? in
          guard !["DAY", "DD", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"].contains(unit.uppercased())
          else { return nil }
          return truncated(try Calendar.micros(ofDay: Int64(days)), to: unit.uppercased()).map {
            Int32(Calendar.day(ofMicroseconds: $0))
          }
        }
      }
    },
    days("date_add", "dateadd") { $0 &+ $1 }, days("date_sub") { $0 &- $1 },
    FunctionDefinition("datediff", "date_diff", arity: 2) { call in
      try call.cast(0, to: .date)
      try call.cast(1, to: .date)
      return call.result(.integer) { vectors, evaluation in
        try evaluation.map(vectors, vectors[0].fixed(Int32.self), vectors[1].fixed(Int32.self), to: .integer) {
          $0 &- $1
        }
      }
    },
    FunctionDefinition("add_months", arity: 2) { call in
      try call.cast(0, to: .date)
      try call.cast(1, to: .integer)
      return call.result(.date) { vectors, evaluation in
        try evaluation.map(vectors, vectors[0].fixed(Int32.self), vectors[1].fixed(Int32.self), to: .date) {
          days, months in TimeArithmetic.addingMonths(Int64(months), to: days)
        }
      }
    },
    FunctionDefinition("last_day", arity: 1) { call in
      try call.cast(0, to: .date)
      return call.result(.date) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].fixed(Int32.self), to: .date) { days in
          let (year, month, day) = Calendar.civil(days)
          return days + Int32(Calendar.daysInMonth(year: year, month: month) - day)
        }
      }
    },
    FunctionDefinition("make_date", arity: 3) { call in
      for index in 0..<3 { try call.cast(index, to: .integer) }
      let ansi = call.ansi
      return call.result(.date) { vectors, evaluation in
        let parts = vectors.map { $0.fixed(Int32.self) }
        return try evaluation.build(vectors, to: .date) { row, out in
          if parts.contains(where: { $0.isNull(row) }) { return out.appendNull() }
          let (year, month, day) = (parts[0][row], parts[1][row], parts[2][row])
          if let days = Calendar.days(year: Int64(year), month: Int64(month), day: Int64(day)) {
            return out.append(fixed: Int32(days))
          }
          if ansi {
            throw Failure("[DATETIME_FIELD_OUT_OF_BOUNDS] Invalid date '\(year)-\(month)-\(day)'. SQLSTATE: 22023")
          }
          out.appendNull()
        }
      }
    },
    fromNumber("timestamp_seconds", factor: 1_000_000), fromNumber("timestamp_millis", factor: 1000),
    fromNumber("timestamp_micros", factor: 1),
    toNumber("unix_seconds", divisor: 1_000_000), toNumber("unix_millis", divisor: 1000),
    toNumber("unix_micros", divisor: 1),
  ]

  static let timePartFunctions: [FunctionDefinition] = [
    datePart("year") { Int32($0.year) }, datePart("month") { Int32($0.month) },
    datePart("day", "dayofmonth") { Int32($0.day) }, datePart("quarter") { Int32(($0.month - 1) / 3 + 1) },
    dayPart("dayofweek") { Calendar.dayOfWeek($0) }, dayPart("weekday") { (Calendar.dayOfWeek($0) + 5) % 7 },
    dayPart("dayofyear") { days in
      Int32(Int64(days) - Clock.daysSinceEpoch(year: Calendar.civil(days).year, month: 1, day: 1)) + 1
    },
    dayPart("weekofyear") { days in
      // ISO 8601: the week that holds the year's first Thursday is week 1.
      let thursday = days - (Calendar.dayOfWeek(days) + 5) % 7 + 3
      let first = Clock.daysSinceEpoch(year: Calendar.civil(thursday).year, month: 1, day: 1)
      return Int32((Int64(thursday) - first) / 7 + 1)
    },
    timePart("hour", unit: 3_600_000_000, modulus: 24), timePart("minute", unit: 60_000_000, modulus: 60),
    timePart("second", unit: 1_000_000, modulus: 60),
  ]

  // MARK: Parts

  private static func dayPart(_ name: String, _ body: @escaping @Sendable (Int32) -> Int32) -> FunctionDefinition {
    FunctionDefinition(name, arity: 1) { call in
      try call.cast(0, to: .date)
      return call.result(.integer) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].fixed(Int32.self), to: .integer) { body($0) }
      }
    }
  }

  private static func datePart(
    _ names: String..., body: @escaping @Sendable ((year: Int64, month: Int64, day: Int64)) -> Int32
  ) -> FunctionDefinition {
    let definition = dayPart(names[0]) { body(Calendar.civil($0)) }
    return FunctionDefinition(names: names, arity: 1...1, build: definition.build)
  }

  private static func timePart(_ name: String, unit: Int64, modulus: Int64) -> FunctionDefinition {
    FunctionDefinition(name, arity: 1) { call in
      try call.cast(0, to: .timestamp)
      call.toLocal(0)
      return perTimestamp(call, to: .integer) { value in
        let days = Calendar.day(ofMicroseconds: value)
        return Int32((value - days * Calendar.microsecondsPerDay) / unit % modulus)
      }
    }
  }

  private static func perTimestamp<R: Fixed & SendableMetatype>(
    _ call: FunctionCall, to type: DataType, _ body: @escaping @Sendable (Int64) -> R
  ) -> Expression {
    call.result(type) { vectors, evaluation in
      try evaluation.map(vectors[0], vectors[0].fixed(Int64.self), to: type) { body($0) }
    }
  }

  private static func days(_ names: String..., body: @escaping @Sendable (Int32, Int32) -> Int32) -> FunctionDefinition
  {
    FunctionDefinition(names: names, arity: 2...2) { call in
      try call.cast(0, to: .date)
      try call.cast(1, to: .integer)
      return call.result(.date) { vectors, evaluation in
        try evaluation.map(vectors, vectors[0].fixed(Int32.self), vectors[1].fixed(Int32.self), to: .date) {
          body($0, $1)
        }
      }
    }
  }

  private static func fromNumber(_ name: String, factor: Int64) -> FunctionDefinition {
    FunctionDefinition(name, arity: 1) { call in
      if factor == 1_000_000, call.type(0).isFloating {
        return try call.cast(call.arguments[0], to: .timestamp, mode: .attempt)
      }
      if factor == 1_000_000, case .decimal(_, let scale) = call.type(0) {
        return call.result(.timestamp) { vectors, evaluation in
          try evaluation.map(vectors[0], vectors[0].fixed(Int128.self), to: .timestamp) { value in
            let divisor = Decimal128.powers[max(0, scale - 6)]
            let (micros, overflow) = (value / divisor).multipliedReportingOverflow(
              by: Decimal128.powers[max(0, 6 - scale)])
            guard !overflow, let result = Int64(exactly: micros) else { throw Failure("long overflow") }
            guard value % divisor == 0 else { throw Failure("Rounding necessary") }
            return result
          }
        }
      }
      try call.cast(0, to: .long)
      return call.result(.timestamp) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].fixed(Int64.self), to: .timestamp) { value in
          let (result, overflow) = value.multipliedReportingOverflow(by: factor)
          if overflow { throw Failure("long overflow") }
          return result
        }
      }
    }
  }

  private static func toNumber(_ name: String, divisor: Int64) -> FunctionDefinition {
    FunctionDefinition(name, arity: 1) { call in
      try call.cast(0, to: .timestamp)
      return perTimestamp(call, to: .long) { (value: Int64) -> Int64 in value.flooredDivision(by: divisor) }
    }
  }

  static func truncated(_ value: Int64, to unit: String) -> Int64? {
    let day = Int32(Calendar.day(ofMicroseconds: value))
    // The first moments of all have none before them.
    func micros(_ days: Int64) -> Int64 { days &* Calendar.microsecondsPerDay }
    func floor(_ unit: Int64) -> Int64 { value.flooredDivision(by: unit) &* unit }
    let (year, month, _) = Calendar.civil(day)
    switch unit {
    case "MICROSECOND": return value
    case "MILLISECOND": return floor(1000)
    case "SECOND": return floor(1_000_000)
    case "MINUTE": return floor(60_000_000)
    case "HOUR": return floor(3_600_000_000)
    case "DAY", "DD": return micros(Int64(day))
    case "WEEK": return micros(Int64(day - (Calendar.dayOfWeek(day) + 5) % 7))
    case "MONTH", "MM", "MON": return micros(Clock.daysSinceEpoch(year: year, month: month, day: 1))
    case "QUARTER": return micros(Clock.daysSinceEpoch(year: year, month: (month - 1) / 3 * 3 + 1, day: 1))
    case "YEAR", "YYYY", "YY": return micros(Clock.daysSinceEpoch(year: year, month: 1, day: 1))
    default: return nil
    }
  }

  // MARK: By pattern

  private static func parse(_ call: inout FunctionCall, to type: DataType, mode: CastMode) throws -> Expression {
    if call.count == 1 || call.type(0) != .string { return try call.cast(call.arguments[0], to: type, mode: mode) }
    try call.cast(1, to: .string)
    return call.result(type) { vectors, evaluation in
      let (texts, patterns) = (vectors[0].strings, vectors[1].strings)
      var last: (text: String, pattern: DateTimePattern)?
      return try evaluation.build(vectors, to: type) { row, out in
        if texts.isNull(row) || patterns.isNull(row) { return out.appendNull() }
        if last?.text != patterns[row] { last = (patterns[row], try DateTimePattern(patterns[row], isRead: true)) }
        let time = evaluation.lane.time
        switch last!.pattern.moment(texts[row], on: time) {
        case .success(let value) where type == .date:
          out.append(fixed: Int32(Calendar.day(ofMicroseconds: time.local(value))))
        case .success(let value): out.append(fixed: value)
        case .failure(let reason):
          if mode == .ansi {
            throw Failure(
              "[CANNOT_PARSE_TIMESTAMP] Text '\(texts[row])' could not be parsed: \(reason.text). Use "
                + "`try_to_timestamp` to tolerate invalid input string and return NULL instead. SQLSTATE: 22007")
          }
          out.appendNull()
        }
      }
    }
  }

  /// Timestamp and pattern → text.
  private static func format(_ call: FunctionCall) -> Expression {
    call.result(.string) { vectors, evaluation in
      let (values, patterns) = (vectors[0].fixed(Int64.self), vectors[1].strings)
      var last: (text: String, pattern: DateTimePattern)?
      return try evaluation.mapBytes(vectors) { row, out in
        if last?.text != patterns[row] { last = (patterns[row], try DateTimePattern(patterns[row])) }
        last!.pattern.append(values[row], on: evaluation.lane.time, to: &out)
        return true
      }
    }
  }
}
