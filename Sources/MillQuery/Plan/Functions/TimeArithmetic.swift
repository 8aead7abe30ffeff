import MillBase
import MillColumns

/// + − * / with a date, a timestamp or an interval on one side.
enum TimeArithmetic {
  /// nil when no side is one.
  ///
  /// - Parameter mode: what becomes of an overflow of intervals.
  static func expression(_ call: FunctionCall, mode: CastMode? = nil) throws -> Expression? {
    let mode = mode ?? call.castMode
    var call = call
    let (left, right) = (call.type(0), call.type(1))
    guard isTime(left) || isTime(right) || left.isInterval || right.isInterval else { return nil }
    if isScaling(call.name) { return try scaled(&call, mode) }
    let isPlus = call.name == "+" || call.name == "try_add"
    switch (left, right) {
    case (.date, let number) where number.isIntegral:
      return try FunctionLibrary.all[isPlus ? "date_add" : "date_sub"]!.build(&call)
    case (let number, .date) where number.isIntegral && isPlus:
      call.arguments.reverse()
      return try FunctionLibrary.all["date_add"]!.build(&call)
    case (_, _) where right.isInterval && left.isInterval: return try sum(&call, isPlus, mode)
    case (.null, _) where right.isInterval, (_, .null) where left.isInterval:
      let type = left.isInterval ? left : right
      return .constant(.null, type, call.position)
    case (_, _) where right.isInterval: return try moved(call, isPlus)
    case (_, _) where left.isInterval && isPlus:
      call.arguments.reverse()
      return try moved(call, isPlus)
    case (.date, .null), (.null, .date): return .constant(.null, isPlus ? .timestamp : .date, call.position)
    case (_, _) where !isPlus && !left.isInterval: return try difference(&call)
    default: throw impossible(call)
    }
  }

  private static func isScaling(_ name: String) -> Bool { ["*", "/", "try_multiply", "try_divide"].contains(name) }

  private static func isTime(_ type: DataType) -> Bool { type == .date || type == .timestamp }

  private static func impossible(_ call: FunctionCall) -> MillError {
    call.error("\(call.type(0).sql) \(call.name) \(call.type(1).sql) is not possible")
  }

  private static func overflow(_ name: String) -> Failure {
    Failure(
      "[INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION] Integer overflow while operating with intervals. Use "
        + "'try_\(name)' to tolerate overflow and return NULL instead. SQLSTATE: 22015")
  }

  /// Runs the body over both arguments' values.
  private static func values(
    _ call: FunctionCall, _ type: DataType, _ body: @escaping @Sendable (Value, Value) throws -> Value
  ) -> Expression {
    call.values(type) { try body($0[0], $0[1]) }
  }

  // MARK: interval ± interval

  private static func sum(_ call: inout FunctionCall, _ isPlus: Bool, _ mode: CastMode) throws -> Expression {
    guard let type = call.coercion.common(call.type(0), call.type(1)) else { throw impossible(call) }
    let isYearMonth = type.intervalFields!.from.isYearMonth
    return values(call, type) { a, b in
      let (sum, isOver) =
        isPlus
        ? Int64(a.whole).addingReportingOverflow(Int64(b.whole))
        : Int64(a.whole).subtractingReportingOverflow(Int64(b.whole))
      if isOver || (isYearMonth && Int32(exactly: sum) == nil) {
        guard mode != .attempt else { return .null }
        throw overflow(isPlus ? "add" : "subtract")
      }
      return .integer(sum)
    }
  }

  // MARK: time ± interval

  private static func moved(_ call: FunctionCall, _ isPlus: Bool) throws -> Expression {
    var call = call
    let interval = call.type(1)
    let isText = call.type(0) == .string
    if isText { try call.cast(0, to: .timestamp) }
    guard isTime(call.type(0)) else { throw impossible(call) }
    let sign: Int64 = isPlus ? 1 : -1
    let result: Expression
    switch (call.type(0), interval) {
    case (.date, .yearMonthInterval):
      result = values(call, .date) { .date(addingMonths(sign * Int64($1.whole), to: $0.days)) }
    case (.date, .dayTimeInterval(.day, .day)):
      result = values(call, .date) {
        .date($0.days &+ Int32(truncatingIfNeeded: sign * (Int64($1.whole) / Calendar.microsecondsPerDay)))
      }
    case (_, .yearMonthInterval):
      try call.cast(0, to: .timestamp)
      call.toLocal(0)
      let local = values(call, .timestamp) { time, interval in
        let day = Calendar.day(ofMicroseconds: time.microseconds)
        let moved = Int64(addingMonths(sign * Int64(interval.whole), to: Int32(day)))
        return .timestamp(time.microseconds &+ (try Calendar.micros(ofDay: moved - day)))
      }
      result = call.fromLocal(local)
    default:
      try call.cast(0, to: .timestamp)
      result = call.result(.timestamp) { vectors, evaluation in
        let (times, lengths) = (vectors[0].fixed(Int64.self), vectors[1].fixed(Int64.self))
        let clock = evaluation.lane.time
        return try evaluation.map(vectors, times, lengths, to: .timestamp) { time, length in
          let (sum, isOver) =
            isPlus ? time.addingReportingOverflow(length) : time.subtractingReportingOverflow(length)
          if isOver { throw Failure("long overflow") }
          if clock.zone == nil { return sum }
          // Days are days of the clock, also when one has 23 or 25 hours.
          let days = length / Calendar.microsecondsPerDay * Calendar.microsecondsPerDay
          let moved = clock.instant(isPlus ? clock.local(time) &+ days : clock.local(time) &- days)
          return isPlus ? moved &+ (length - days) : moved &- (length - days)
        }
      }
    }
    return isText ? try call.cast(result, to: .string) : result
  }

  /// The day of the month stays, or becomes the month's last.
  static func addingMonths(_ months: Int64, to days: Int32) -> Int32 {
    let (year, month, day) = Calendar.civil(days)
    let total = year * 12 + month - 1 + months
    let newYear = total.flooredDivision(by: 12)
    let newMonth = total - newYear * 12 + 1
    let newDay = min(day, Calendar.daysInMonth(year: newYear, month: newMonth))
    return Int32(truncatingIfNeeded: Clock.daysSinceEpoch(year: newYear, month: newMonth, day: newDay))
  }

  // MARK: time − time

  private static func difference(_ call: inout FunctionCall) throws -> Expression {
    if call.type(0) != .timestamp, call.type(1) != .timestamp {
      try call.cast(0, to: .date)
      try call.cast(1, to: .date)
      return values(call, .interval(.day, .day)) {
        .integer(try Calendar.micros(ofDay: Int64($0.days) - Int64($1.days)))
      }
    }
    try call.cast(0, to: .timestamp)
    try call.cast(1, to: .timestamp)
    // By the clock: from noon to noon is a day.
    call.toLocal(0)
    call.toLocal(1)
    return values(call, .interval(.day, .second)) { .integer($0.microseconds &- $1.microseconds) }
  }

  // MARK: interval * number, interval / number

  private static func scaled(_ call: inout FunctionCall, _ mode: CastMode) throws -> Expression {
    let isDivision = call.name == "/" || call.name == "try_divide"
    if !isDivision, call.type(1).isInterval { call.arguments.reverse() }
    guard let from = call.type(0).intervalFields?.from else { throw impossible(call) }
    if call.type(1) == .string || call.type(1) == .null { try call.cast(1, to: .double) }
    guard call.type(1).isNumeric else { throw impossible(call) }
    let type: DataType = from.isYearMonth ? .interval(.year, .month) : .interval(.day, .second)
    return values(call, type) { interval, number in
      if isDivision, isZero(number) {
        guard mode != .attempt else { return .null }
        throw Failure(
          "[INTERVAL_DIVIDED_BY_ZERO] Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL "
            + "instead. SQLSTATE: 22012")
      }
      let result = scaled(Int64(interval.whole), by: number, isDivision)
      guard let result, !from.isYearMonth || Int32(exactly: result) != nil else {
        guard mode != .attempt else { return .null }
        throw overflow(isDivision ? "divide" : "multiply")
      }
      return .integer(result)
    }
  }

  private static func isZero(_ number: Value) -> Bool {
    switch number {
    case .integer(0), .float(0), .double(0), .decimal(unscaled: 0, _): true
    default: false
    }
  }

  /// Rounded half away from zero; nil when it does not fit.
  private static func scaled(_ value: Int64, by number: Value, _ isDivision: Bool) -> Int64? {
    switch number {
    case .integer(let factor):
      return Int64(exactly: isDivision ? rounded(Int128(value), Int128(factor)) : Int128(value) * Int128(factor))
    case .decimal(let unscaled, let scale):
      let result =
        isDivision
        ? Decimal128.divide(Int128(value), shift: scale, by: unscaled)
        : Decimal128.multiply(Int128(value), unscaled, dropDigits: scale)
      return result.flatMap { Int64(exactly: $0) }
    case .float(let factor): return scaled(value, by: .double(Double(factor)), isDivision)
    case .double(let factor):
      let result = isDivision ? Double(value) / factor : Double(value) * factor
      return Int64(exactly: result.rounded(.toNearestOrAwayFromZero))
    default: return nil
    }
  }

  private static func rounded(_ a: Int128, _ b: Int128) -> Int128 {
    let (quotient, rest) = a.quotientAndRemainder(dividingBy: b)
    let isUp = rest.magnitude * 2 >= b.magnitude
    return isUp ? quotient + ((a < 0) == (b < 0) ? 1 : -1) : quotient
  }
}
