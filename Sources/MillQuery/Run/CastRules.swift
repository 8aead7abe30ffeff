import MillColumns

/// Which casts exist, as Spark's Cast.canCast and canAnsiCast say.
enum CastRules {
  static func isPossible(from: DataType, to: DataType, mode: CastMode) -> Bool {
    if from == to || from == .null { return true }
    switch (from, to) {
    case (.array(let a), .array(let b)): return isPossible(from: a, to: b, mode: mode)
    case (.map(let ak, let av), .map(let bk, let bv)):
      return isPossible(from: ak, to: bk, mode: mode) && isPossible(from: av, to: bv, mode: mode)
    case (.struct(let a), .struct(let b)):
      return a.count == b.count
        && zip(a.columns, b.columns).allSatisfy { isPossible(from: $0.type, to: $1.type, mode: mode) }
    case (_, .string): return true
    case (_, .null), (.array, _), (.map, _), (.struct, _), (_, .array), (_, .map), (_, .struct): return false
    case (.string, _): return true
    case (.boolean, let to): return to.isNumeric || (to == .timestamp && mode == .legacy)
    case (let from, .boolean):
      return from.isNumeric || ((from == .timestamp || from == .date) && mode == .legacy)
    case (.date, .timestamp), (.timestamp, .date): return true
    case (let from, .timestamp): return from.isNumeric
    case (.timestamp, let to): return to.isNumeric
    // By the older rules a date is no number but may be cast to one, to null; whole numbers have bytes.
    case (.date, let to): return to.isNumeric && mode == .legacy
    case (_, .date): return false
    case (let from, .binary): return from.isIntegral && mode == .legacy
    case (.binary, _): return false
    case (.yearMonthInterval, .yearMonthInterval), (.dayTimeInterval, .dayTimeInterval): return true
    // A number of an interval's last field.
    case (let interval, let number) where interval.isInterval && number.isNumeric,
      (let number, let interval) where interval.isInterval && number.isNumeric:
      return !number.isFloating
    default: return from.isNumeric && to.isNumeric
    }
  }
}
