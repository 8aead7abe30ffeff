import MillBase

/// A zone's rule for the years to come, as POSIX writes it in TZ: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneRule: Sendable {
  private struct Change: Sendable {
    var month: Int64
    /// 5 = the last one.
    var week: Int64
    /// 0 = Sunday.
    var weekday: Int64
    /// Seconds after midnight, local time.
    var time: Int64

    /// Seconds since 1970 in local time.
    func moment(in year: Int64) -> Int64 {
      let firstDay = Clock.daysSinceEpoch(year: year, month: month, day: 1)
      let firstWeekday = (firstDay + 4).flooredRemainder(by: 7)
      var day = firstDay + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
      let next =
        month == 12
        ? Clock.daysSinceEpoch(year: year + 1, month: 1, day: 1)
        : Clock.daysSinceEpoch(year: year, month: month + 1, day: 1)
      while day >= next { day -= 7 }
      return day * 86_400 + time
    }
  }

  private var standard: Int64
  private var summer: (offset: Int64, from: Change, to: Change)?

  /// nil for texts that name no rule, or one in a form that no zone uses now (days counted through the year).
  init?(_ text: String) {
    var rest = text[...]
    guard Self.name(&rest), let west = Self.time(&rest) else { return nil }
    standard = -west
    if rest.isEmpty { return }
    guard Self.name(&rest) else { return nil }
    var offset = standard + 3600
    if rest.first != ",", let west = Self.time(&rest) { offset = -west }
    guard let from = Self.change(&rest), let to = Self.change(&rest) else { return nil }
    summer = (offset, from, to)
  }

  func offset(at seconds: Int64) -> Int {
    guard let summer else { return Int(standard) }
    let year = Clock.civilDate(daysSinceEpoch: (seconds + standard).flooredDivision(by: 86_400)).year
    let from = summer.from.moment(in: year) - standard
    let to = summer.to.moment(in: year) - summer.offset
    let isSummer = from < to ? (from..<to).contains(seconds) : !(to..<from).contains(seconds)
    return Int(isSummer ? summer.offset : standard)
  }

  private static func name(_ rest: inout Substring) -> Bool {
    if rest.first == "<" {
      guard let close = rest.firstIndex(of: ">") else { return false }
      rest = rest[rest.index(after: close)...]
      return true
    }
    let letters = rest.prefix(while: \.isLetter)
    rest = rest.dropFirst(letters.count)
    return letters.count >= 3
  }

  /// `[+-]hh[:mm[:ss]]` in seconds.
  private static func time(_ rest: inout Substring) -> Int64? {
    var sign: Int64 = 1
    if rest.first == "-" || rest.first == "+" { sign = rest.removeFirst() == "-" ? -1 : 1 }
    var seconds: Int64 = 0
    for unit in [Int64(3600), 60, 1] {
      let digits = rest.prefix(while: \.isNumber)
      guard let value = Int64(digits) else { return nil }
      seconds += value * unit
      rest = rest.dropFirst(digits.count)
      guard rest.first == ":" else { break }
      rest.removeFirst()
    }
    return sign * seconds
  }

  /// `,Mm.w.d[/time]`
  private static func change(_ rest: inout Substring) -> Change? {
    guard rest.hasPrefix(",M") else { return nil }
    rest = rest.dropFirst(2)
    let date = rest.prefix { $0 != "," && $0 != "/" }
    rest = rest.dropFirst(date.count)
    let parts = date.split(separator: ".").compactMap { Int64($0) }
    guard parts.count == 3 else { return nil }
    var seconds: Int64 = 7200
    if rest.first == "/" {
      rest.removeFirst()
      guard let given = time(&rest) else { return nil }
      seconds = given
    }
    return Change(month: parts[0], week: parts[1], weekday: parts[2], time: seconds)
  }
}

extension Int64 {
  func flooredRemainder(by divisor: Int64) -> Int64 { self - flooredDivision(by: divisor) * divisor }
}
