import MillBase

/// Times as kafka-consumer-groups takes them.
enum DateTimes {
  /// `2026-01-31T12:00:00.000`, without or with `Z` or `+01:00`; UTC by default. → ms since 1970.
  static func moment(_ text: String) throws -> Int64 {
    let pattern = /(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z|[+-]\d\d:?\d\d)?/
    guard let match = text.wholeMatch(of: pattern), let month = Int64(match.2), (1...12).contains(month),
      let day = Int64(match.3), (1...31).contains(day), let year = Int64(match.1), let hour = Int64(match.4),
      let minute = Int64(match.5), hour < 24, minute < 60
    else {
      throw MillError(
        .configuration, "'\(text)' is no time", at: .init(key: "--to-datetime"), wayOut: "write 2026-01-31T12:00:00.000"
      )
    }
    let second = match.6.flatMap { Int64($0) } ?? 0
    let fraction = match.7.flatMap { Int64(($0 + "00").prefix(3)) } ?? 0
    var zone: Int64 = 0
    if let name = match.8, name != "Z" {
      let digits = name.filter(\.isNumber)
      zone = (Int64(digits.prefix(2)) ?? 0) * 60 + (Int64(digits.suffix(2)) ?? 0)
      if name.hasPrefix("-") { zone = -zone }
    }
    let days = Clock.daysSinceEpoch(year: year, month: month, day: day)
    return ((days * 24 + hour) * 60 + minute - zone) * 60_000 + second * 1000 + fraction
  }

  /// `P1DT2H30M5S` → ms.
  static func duration(_ text: String) throws -> Int64 {
    let pattern = /P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?/
    guard let match = text.wholeMatch(of: pattern), text.last?.isNumber == false, text.count > 2, text.last != "T"
    else {
      throw MillError(
        .configuration, "'\(text)' is no duration", at: .init(key: "--by-duration"), wayOut: "write P1DT2H30M")
    }
    func number(_ part: Substring?) -> Int64 { part.flatMap { Int64($0) } ?? 0 }
    return (((number(match.1) * 24 + number(match.2)) * 60 + number(match.3)) * 60 + number(match.4)) * 1000
  }
}
