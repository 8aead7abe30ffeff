import MillBase

/// Dates and timestamps as text, by Spark's rules (`DateTimeUtils.stringToDate`, `stringToTimestamp`; UTC unless the
/// text names an offset).
public enum TimeText {
  /// Most bytes that a date or timestamp needs.
  public static let bytesMax = 40

  // MARK: Writing

  /// `2020-01-02`; years past 9999 with a sign.
  public static func write(date days: Int32, to target: UnsafeMutablePointer<UInt8>) -> Int {
    let (year, month, day) = Clock.civilDate(daysSinceEpoch: Int64(days))
    var count = 0
    if year < 0 || year > 9999 {
      target[0] = UInt8(ascii: year < 0 ? "-" : "+")
      count = 1
    }
    count += IntegerText.write(abs(year), width: 4, to: target + count)
    target[count] = UInt8(ascii: "-")
    count += 1 + IntegerText.write(month, width: 2, to: target + count + 1)
    target[count] = UInt8(ascii: "-")
    return count + 1 + IntegerText.write(day, width: 2, to: target + count + 1)
  }

  /// `2020-01-02 03:04:05.123456`, as CAST to string gives it; or, as `to_json` does, `2020-01-02T03:04:05.123Z`.
  public static func write(
    timestamp microseconds: Int64, isoForm: Bool = false, to target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    let days = microseconds.flooredDivision(by: 86_400_000_000)
    let rest = microseconds &- days &* 86_400_000_000
    var count = write(date: Int32(truncatingIfNeeded: days), to: target)
    target[count] = UInt8(ascii: isoForm ? "T" : " ")
    count += 1
    count += IntegerText.write(rest / 3_600_000_000, width: 2, to: target + count)
    target[count] = UInt8(ascii: ":")
    count += 1 + IntegerText.write(rest / 60_000_000 % 60, width: 2, to: target + count + 1)
    target[count] = UInt8(ascii: ":")
    count += 1 + IntegerText.write(rest / 1_000_000 % 60, width: 2, to: target + count + 1)
    let fraction = rest % 1_000_000
    if isoForm {
      target[count] = UInt8(ascii: ".")
      count += 1 + IntegerText.write(fraction / 1000, width: 3, to: target + count + 1)
    } else if fraction > 0 {
      target[count] = UInt8(ascii: ".")
      count += 1 + IntegerText.write(fraction, width: 6, to: target + count + 1)
      while target[count - 1] == 48 { count -= 1 }
    }
    if isoForm {
      target[count] = UInt8(ascii: "Z")
      count += 1
    }
    return count
  }

  // MARK: Parsing

  /// Days since 1970 of `y…`, `y…-m`, `y…-m-d`, the last also followed by ` ` or `T` and anything; white space around
  /// is ignored. nil for any other text.
  public static func parseDate(_ text: UnsafeBufferPointer<UInt8>) -> Int32? {
    var scanner = Scanner(text)
    guard let (days, isWhole) = scanner.date(yearDigits: 4...7) else { return nil }
    guard scanner.isAtEnd || (isWhole && scanner.take(" ", "T")) else { return nil }
    return Int32(exactly: days)
  }

  /// Microseconds since 1970 of a date as in ``parseDate(_:)``, or a whole date, ` ` or `T`, and
  /// `h[:m[:s[.fraction][zone]]]`; a time alone (`h:…` or `T…`) is of today. A zone is `Z`, `±h[:mm[:ss]]`, `±hhmm`,
  /// `UTC`, `GMT` or `UT`, each of the three also with an offset; without one it is UTC. nil for any other text;
  /// ``parseNamed(_:)`` is for zones with a place's name.
  public static func parseTimestamp(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
    if let microseconds = parseWhole(text) { return microseconds }
    var scanner = Scanner(text)
    var days = Clock.nowMilliseconds().flooredDivision(by: 86_400_000)
    var microseconds: Int64 = 0
    if scanner.isTimeAlone {
      _ = scanner.take("T")
      guard let time = scanner.time() else { return nil }
      microseconds = time
    } else {
      guard let (date, isWhole) = scanner.date(yearDigits: 4...6) else { return nil }
      days = date
      if !scanner.isAtEnd {
        guard isWhole, scanner.take(" ", "T"), let time = scanner.time() else { return nil }
        microseconds = time
      }
    }
    guard scanner.isAtEnd else { return nil }
    let (whole, overflow) = days.multipliedReportingOverflow(by: 86_400_000_000)
    let (sum, overflow2) = whole.addingReportingOverflow(microseconds)
    return overflow || overflow2 ? nil : sum
  }

  /// The form that programs write: `2020-01-02T03:04:05`, also with a space, a fraction and a `Z`; nil = another one.
  private static func parseWhole(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
    guard text.count >= 19, let start = text.baseAddress, start[10] == UInt8(ascii: "T") || start[10] == 32,
      start[4] == UInt8(ascii: "-"), start[7] == UInt8(ascii: "-"), start[13] == UInt8(ascii: ":"),
      start[16] == UInt8(ascii: ":")
    else { return nil }
    var digitsMax: UInt8 = 0
    func two(_ at: Int) -> Int32 {
      let (tens, ones) = (start[at] &- 48, start[at &+ 1] &- 48)
      digitsMax = max(digitsMax, tens, ones)
      return Int32(tens) &* 10 &+ Int32(ones)
    }
    let year = two(0) &* 100 &+ two(2)
    let (month, day, hour, minute, second) = (two(5), two(8), two(11), two(14), two(17))
    guard digitsMax <= 9, year > 0, month >= 1, month <= 12, day >= 1, hour < 24, minute < 60, second < 60 else {
      return nil
    }
    let isLeapYear = year & 3 == 0 && (year % 100 != 0 || year % 400 == 0)
    let daysOfMonth = month == 2 ? (isLeapYear ? 29 : 28) : 30 &+ ((month &+ month &>> 3) & 1)
    guard day <= daysOfMonth else { return nil }
    var at = 19
    var fraction: Int64 = 0
    if at < text.count, start[at] == UInt8(ascii: ".") {
      at &+= 1
      var unit: Int64 = 100_000
      while at < text.count, start[at] &- 48 < 10 {
        fraction &+= Int64(start[at] &- 48) &* unit
        unit /= 10
        at &+= 1
      }
    }
    guard at == text.count || (at == text.count &- 1 && start[at] == UInt8(ascii: "Z")) else { return nil }
    let days = Clock.daysSinceEpoch(year: Int64(year), month: Int64(month), day: Int64(day))
    let seconds = days &* 86_400 &+ Int64(hour &* 3600 &+ minute &* 60 &+ second)
    return seconds &* 1_000_000 &+ fraction
  }

  /// What a timestamp's text shows whose zone has a place's name (`2024-01-31 12:00:00 Europe/Berlin`), and that name; it
  /// comes after seconds only. nil for other texts.
  public static func parseNamed(_ text: UnsafeBufferPointer<UInt8>) -> (clock: Int64, zone: String)? {
    guard var end = text.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    var colons = 0
    while end < text.count, text[end] &- 48 <= 10 || text[end] == UInt8(ascii: ".") {
      if text[end] == UInt8(ascii: ":") { colons += 1 }
      end += 1
    }
    let name = String(decoding: text[end...], as: UTF8.self).drop { $0 == " " }
    guard colons == 2, (1...64).contains(name.utf8.count), let clock = parseTimestamp(.init(rebasing: text[..<end]))
    else { return nil }
    let isName = name.utf8.allSatisfy { byte in
      byte &- 48 < 10 || (65...90).contains(byte & 0xDF) || "/_+-:".utf8.contains(byte)
    }
    return isName ? (clock, String(name)) : nil
  }

  private struct Scanner {
    let text: UnsafeBufferPointer<UInt8>
    var index: Int
    let end: Int

    init(_ text: UnsafeBufferPointer<UInt8>) {
      self.text = text
      var (start, end) = (0, text.count)
      while start < end, text[start] <= 32 { start += 1 }
      while end > start, text[end - 1] <= 32 { end -= 1 }
      index = start
      self.end = end
    }

    var isAtEnd: Bool { index == end }
    var next: UInt8? { index < end ? text[index] : nil }

    mutating func take(_ choices: Unicode.Scalar...) -> Bool {
      guard let next, choices.contains(where: { UInt8(ascii: $0) == next }) else { return false }
      index += 1
      return true
    }

    mutating func take(word: StaticString) -> Bool {
      let count = word.utf8CodeUnitCount
      guard end - index >= count else { return false }
      for offset in 0..<count where text[index + offset] != word.utf8Start[offset] { return false }
      index += count
      return true
    }

    mutating func number(_ digits: ClosedRange<Int>) -> Int64? {
      let start = index
      var value: Int64 = 0
      while let next, next &- 48 < 10, index - start <= digits.upperBound {
        value = value * 10 + Int64(next - 48)
        index += 1
      }
      return digits.contains(index - start) ? value : nil
    }

    /// Days, and whether month and day were both there.
    mutating func date(yearDigits: ClosedRange<Int>) -> (days: Int64, isWhole: Bool)? {
      var sign: Int64 = 1
      if take("-") { sign = -1 } else { _ = take("+") }
      guard let year = number(yearDigits).map({ $0 * sign }) else { return nil }
      guard take("-") else { return (Clock.daysSinceEpoch(year: year, month: 1, day: 1), false) }
      guard let month = number(1...2), (1...12).contains(month) else { return nil }
      guard take("-") else { return (Clock.daysSinceEpoch(year: year, month: month, day: 1), false) }
      guard let day = number(1...2), day >= 1 else { return nil }
      let days = Clock.daysSinceEpoch(year: year, month: month, day: day)
      let first = Clock.daysSinceEpoch(year: year, month: month, day: 1)
      let (_, monthOfLast, _) = Clock.civilDate(daysSinceEpoch: days)
      guard days - first < 31, monthOfLast == month else { return nil }
      return (days, true)
    }

    /// `T…` or `h:…`, `hh:…`.
    var isTimeAlone: Bool {
      next == UInt8(ascii: "T") || (1...2).contains { index + $0 < end && text[index + $0] == UInt8(ascii: ":") }
    }

    /// Microseconds of the day, less the zone's offset. A zone may come after seconds only.
    mutating func time() -> Int64? {
      guard let hour = number(1...2), hour < 24 else { return nil }
      var microseconds = hour * 3_600_000_000
      guard take(":") else { return microseconds }
      guard let minute = number(1...2), minute < 60 else { return nil }
      microseconds += minute * 60_000_000
      guard take(":") else { return microseconds }
      guard let second = number(1...2), second < 60 else { return nil }
      microseconds += second * 1_000_000
      if take(".") {
        var unit: Int64 = 100_000
        while let next, next &- 48 < 10 {
          microseconds += Int64(next - 48) * unit
          unit /= 10
          index += 1
        }
      }
      return zone().map { microseconds - $0 * 1_000_000 }
    }

    /// Seconds east of UTC; 0 when there is no zone.
    mutating func zone() -> Int64? {
      if isAtEnd { return 0 }
      while take(" ") {}
      if take("Z") { return 0 }
      if take(word: "UTC") || take(word: "GMT") || take(word: "UT") { if isAtEnd { return 0 } }
      let sign: Int64
      if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
      let start = index
      guard var hour = number(1...4) else { return nil }
      var (minute, second) = (Int64(0), Int64(0))
      if index - start == 4 {
        (hour, minute) = (hour / 100, hour % 100)
      } else if index - start > 2 {
        return nil
      } else if take(":") {
        guard let written = number(1...2) else { return nil }
        minute = written
        if take(":") {
          guard let written = number(2...2) else { return nil }
          second = written
        }
      }
      let offset = hour * 3600 + minute * 60 + second
      return minute < 60 && second < 60 && offset <= 18 * 3600 ? sign * offset : nil
    }
  }
}
