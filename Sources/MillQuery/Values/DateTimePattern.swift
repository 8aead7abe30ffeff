import MillArchive
import MillBase

/// Date and time patterns as Spark documents them (sql-ref-datetime-pattern): G y Q M d D E a h H K k m s S, X x z Z V for
/// zones, quoted text, [optional parts].
struct DateTimePattern {
  private enum Part {
    case text(String)
    case letter(Unicode.Scalar, Int)
    /// A text may lack what follows up to the part of that number, an `optionalEnd`.
    case optional(end: Int)
    case optionalEnd
  }
  private var parts: [Part] = []

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
  private static let eras = [(short: "BC", full: "Before Christ"), (short: "AD", full: "Anno Domini")]
  private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

  /// - Parameter isRead: texts are read by it: names of days and quarters tell nothing then, and Spark refuses them.
  init(_ pattern: String, isRead: Bool = false) throws(Failure) {
    let scalars = Array(pattern.unicodeScalars)
    var index = 0
    var open: [Int] = []
    func close() {
      parts[open.removeLast()] = .optional(end: parts.count)
      parts.append(.optionalEnd)
    }
    while index < scalars.count {
      let scalar = scalars[index]
      if scalar == "[" {
        open.append(parts.count)
        parts.append(.optionalEnd)
        index += 1
      } else if scalar == "]" {
        guard !open.isEmpty else {
          throw Self.illegal(pattern, "]")
        }
        close()
        index += 1
      } else if scalar == "'" {
        // Two quotes are one, within quotes and without.
        var text = ""
        index += 1
        while true {
          guard index < scalars.count else { throw Self.illegal(pattern, "'") }
          if scalars[index] != "'" {
            text.unicodeScalars.append(scalars[index])
          } else if index + 1 < scalars.count, scalars[index + 1] == "'", !text.isEmpty {
            text += "'"
            index += 1
          } else {
            break
          }
          index += 1
        }
        if text.isEmpty { text = "'" }
        index += 1
        parts.append(.text(text))
      } else if scalar.isASCII, scalar.properties.isAlphabetic {
        let isKnown = "GyQqMLdDEFaHhKkmsSXxzZVO".unicodeScalars.contains(scalar)
        guard isKnown, !isRead || !"EFQq".unicodeScalars.contains(scalar) else {
          throw Self.illegal(pattern, "\(scalar)")
        }
        var count = 1
        while index + count < scalars.count, scalars[index + count] == scalar { count += 1 }
        guard Self.counts(of: scalar).contains(count), scalar != "O" || count == 1 || count == 4 else {
          throw Self.illegal(pattern, String(repeating: String(scalar), count: count))
        }
        parts.append(.letter(scalar, count))
        index += count
      } else {
        if ["{", "}", "#"].contains(scalar) { throw Self.illegal(pattern, "\(scalar)") }
        parts.append(.text(String(scalar)))
        index += 1
      }
    }
    while !open.isEmpty { close() }
  }

  private static func illegal(_ pattern: String, _ what: String) -> Failure {
    Failure(
      "[INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER] Unrecognized datetime pattern: \(pattern). Illegal pattern character "
        + "found in datetime pattern: \(what). SQLSTATE: 22007")
  }

  /// How often a letter may stand (Java's DateTimeFormatterBuilder).
  private static func counts(of letter: Unicode.Scalar) -> ClosedRange<Int> {
    switch letter {
    case "a", "F": 1...1
    case "d", "h", "H", "k", "K", "m", "s": 1...2
    case "D": 1...3
    case "G", "M", "L", "E", "Q", "q", "z": 1...4
    case "X", "x", "Z": 1...5
    case "S": 1...9
    case "V": 2...2
    case "O": 1...4
    default: 1...15
    }
  }

  private var hasEra: Bool {
    parts.contains { if case .letter("G", _) = $0 { true } else { false } }
  }

  // MARK: Writing

  /// A moment, as the clock shows it.
  func append(_ moment: Int64, on time: LocalTime = LocalTime(), to out: inout [UInt8]) {
    let microseconds = time.local(moment)
    let day = Calendar.day(ofMicroseconds: microseconds)
    let rest = microseconds &- day &* Calendar.microsecondsPerDay
    let (year, month, dayOfMonth) = Clock.civilDate(daysSinceEpoch: day)
    let hour = rest / 3_600_000_000
    func number(_ value: Int64, _ width: Int) {
      let digits = String(value.magnitude).utf8
      if value < 0 { out.append(UInt8(ascii: "-")) }
      out += repeatElement(48, count: max(0, width - digits.count))
      out += digits
    }
    for part in parts {
      guard case .letter(let letter, let count) = part else {
        if case .text(let text) = part { out += text.utf8 }
        continue
      }
      switch letter {
      case "G":
        let name = Self.eras[year > 0 ? 1 : 0]
        out += (count < 4 ? name.short : name.full).utf8
      case "y":
        // With an era, years before Christ count backwards, from 1 on.
        let shown = hasEra && year <= 0 ? 1 - year : year
        if count == 2 {
          number(abs(shown) % 100, 2)
        } else {
          // Java: SignStyle.EXCEEDS_PAD
          if count > 3, shown > 9999, String(shown).utf8.count > count { out.append(UInt8(ascii: "+")) }
          number(shown, count)
        }
      case "Q", "q":
        let quarter = (month + 2) / 3
        switch count {
        case 1, 2: number(quarter, count)
        case 3: out += "Q\(quarter)".utf8
        default: out += (["1st", "2nd", "3rd", "4th"][Int(quarter) - 1] + " quarter").utf8
        }
      case "M", "L":
        let name = Self.months[Int(month) - 1]
        if count >= 3 { out += (count == 3 ? String(name.prefix(3)) : name).utf8 } else { number(month, count) }
      case "d": number(dayOfMonth, count)
      case "D": number(day - Clock.daysSinceEpoch(year: year, month: 1, day: 1) + 1, count)
      case "E":
        let name = Self.days[Int(Calendar.dayOfWeek(Int32(day))) - 1]
        out += (count <= 3 ? String(name.prefix(3)) : name).utf8
      case "F": number((dayOfMonth - 1) % 7 + 1, 1)
      case "a": out += (hour < 12 ? "AM" : "PM").utf8
      case "H": number(hour, count)
      case "k": number(hour == 0 ? 24 : hour, count)
      case "K": number(hour % 12, count)
      case "h": number((hour + 11) % 12 + 1, count)
      case "m": number(rest / 60_000_000 % 60, count)
      case "s": number(rest / 1_000_000 % 60, count)
      case "S":
        var digits = Array(String(rest % 1_000_000).utf8)
        digits.insert(contentsOf: repeatElement(48, count: 6 - digits.count), at: 0)
        out += digits.prefix(count)
        out += repeatElement(48, count: max(0, count - 6))
      case "X", "x":
        let zero = letter == "X" ? "Z" : count == 1 ? "+00" : count % 2 == 0 ? "+0000" : "+00:00"
        var offset = time.offsetText(at: moment, colon: count % 2 == 1 && count > 1, seconds: count > 3, zero: zero)
        if count == 1, offset.utf8.count == 5, offset.hasSuffix("00") { offset.removeLast(2) }
        out += offset.utf8
      case "O":
        out += "GMT".utf8
        var offset = time.offsetText(at: moment, seconds: true, zero: "")
        if count == 1, !offset.isEmpty {
          // +5, +5:30
          if Array(offset.utf8)[1] == 48 { offset.remove(at: offset.index(after: offset.startIndex)) }
          if offset.hasSuffix(":00") { offset.removeLast(3) }
        }
        out += offset.utf8
      case "Z":
        let zero = count < 4 ? "+0000" : count == 4 ? "" : "Z"
        out +=
          ((count == 4 ? "GMT" : "") + time.offsetText(at: moment, colon: count >= 4, seconds: count > 3, zero: zero))
          .utf8
      default:
        if let zone = time.zone {
          // Names of zones in words are not known here: their IDs stand for them.
          out += zone.name.utf8
          break
        }
        out += (letter == "V" ? "UTC" : count < 4 ? "UTC" : "Coordinated Universal Time").utf8
      }
    }
  }

  // MARK: Reading

  /// What a text tells.
  private struct Reading {
    var index = 0
    var fields: [Unicode.Scalar: Int64] = [:]
    var zone: ZoneRules?
  }

  /// The moment; a text without a zone is of this clock.
  func moment(_ text: String, on time: LocalTime) -> Result<Int64, Failure> {
    parse(text).map { clock, zone in LocalTime(zone: zone ?? time.zone).instant(clock) }
  }

  /// Days since 1970, whatever the zone.
  func days(_ text: String) -> Result<Int32, Failure> {
    parse(text).map { Int32(truncatingIfNeeded: Calendar.day(ofMicroseconds: $0.clock)) }
  }

  /// Microseconds since 1970 on the text's clock; fields that the pattern lacks are 1970-01-01 00:00:00.
  private func parse(_ text: String) -> Result<(clock: Int64, zone: ZoneRules?), Failure> {
    let bytes = Array(text.utf8)
    var reading = Reading()
    var optional: [(start: Reading, end: Int)] = []
    var at = 0
    while at < parts.count {
      switch parts[at] {
      case .optional(let end): optional.append((reading, end))
      case .optionalEnd: optional.removeLast()
      default:
        if read(at, bytes, &reading) { break }
        guard let (start, end) = optional.popLast() else {
          return .failure(Failure("Text '\(text)' could not be parsed at index \(reading.index)"))
        }
        (reading, at) = (start, end)
      }
      at += 1
    }
    guard reading.index == bytes.count else {
      return .failure(
        Failure("Text '\(text)' could not be parsed, unparsed text found at index \(reading.index)"))
    }
    return Self.assemble(reading.fields).map { ($0, reading.zone) }
  }

  /// Reads one part; false when the text has something else there.
  private func read(_ at: Int, _ bytes: [UInt8], _ reading: inout Reading) -> Bool {
    guard case .letter(let letter, let count) = parts[at] else {
      guard case .text(let wanted) = parts[at], Self.begins(bytes[reading.index...], wanted) else { return false }
      reading.index += wanted.utf8.count
      return true
    }
    var index = reading.index
    switch letter {
    case "M" where count >= 3, "L" where count >= 3:
      guard let found = Self.name(bytes[index...], Self.months, full: count > 3) else { return false }
      reading.fields["M"] = Int64(found.index + 1)
      index += found.length
    case "G":
      let names = Self.eras.map { count < 4 ? $0.short : $0.full }
      guard let found = Self.name(bytes[index...], names, full: true) else { return false }
      reading.fields["G"] = Int64(found.index)
      index += found.length
    case "E":
      guard let found = Self.name(bytes[index...], Self.days, full: count > 3) else { return false }
      index += found.length
    case "a":
      let word = String(decoding: bytes[index...].prefix(2), as: UTF8.self).uppercased()
      guard word == "AM" || word == "PM" else { return false }
      reading.fields["a"] = word == "AM" ? 0 : 1
      index += 2
    case "X", "x", "Z", "z", "V", "O":
      guard let zone = Self.zone(bytes, &index, letter, count) else { return false }
      reading.zone = zone
    default:
      var isAdjacent = false
      if at + 1 < parts.count, case .letter(let next, _) = parts[at + 1], next != "a", next != "X" {
        isAdjacent = true
      }
      let most = letter == "S" || isAdjacent || count == 2 ? count : letter == "y" ? 10 : 19
      let isYear = letter == "y" && count != 2
      // Java lets such a year take the digits of a fraction that follows without a mark.
      if isYear, isAdjacent, isFollowedByFraction(at) { return false }
      let sign = isYear && index < bytes.count ? bytes[index] : 0
      if sign == UInt8(ascii: "-") || (sign == UInt8(ascii: "+") && count > 3) { index += 1 }
      let start = index
      var value: Int64 = 0
      while index < bytes.count, index - start < most, bytes[index] &- 48 < 10, value < 1 << 50 {
        value = value * 10 + Int64(bytes[index] - 48)
        index += 1
      }
      // A fraction may be shorter than its pattern when it is read.
      guard index - start >= (letter == "S" ? 1 : count) else { return false }
      // Years of more digits than the pattern has need a sign (Java: SignStyle.EXCEEDS_PAD).
      if isYear, count > 3, sign != UInt8(ascii: "-"), (index - start > count) != (sign == UInt8(ascii: "+")) {
        return false
      }
      if sign == UInt8(ascii: "-") { value = -value }
      if letter == "S" {
        for _ in (index - start)..<max(6, index - start) { value *= 10 }
        for _ in 6..<max(6, index - start) { value /= 10 }
      }
      if letter == "y", count == 2 { value += 2000 }
      reading.fields[letter == "L" ? "M" : letter] = value
    }
    reading.index = index
    return true
  }

  /// Do letters for numbers alone stand between this one and a fraction?
  private func isFollowedByFraction(_ at: Int) -> Bool {
    for part in parts[(at + 1)...] {
      guard case .letter(let letter, let count) = part, "MdDHhKkms".unicodeScalars.contains(letter), count < 3 else {
        if case .letter("S", _) = part { return true }
        return false
      }
    }
    return false
  }

  private static func assemble(_ fields: [Unicode.Scalar: Int64]) -> Result<Int64, Failure> {
    var year = fields["y"] ?? 1970
    if fields["G"] == 0 { year = 1 - year }
    guard abs(year) < 300_000 else { return .failure(Failure("long overflow")) }
    let month = fields["M"] ?? 1
    let day = fields["d"] ?? 1
    guard (1...12).contains(month) else {
      return .failure(Failure("Invalid value for MonthOfYear (valid values 1 - 12): \(month)"))
    }
    guard let whole = Calendar.days(year: year, month: month, day: day) else {
      return .failure(
        Failure(
          (1...31).contains(day)
            ? "Invalid date '\(Self.shortMonth(month)) \(day)'"
            : "Invalid value for DayOfMonth (valid values 1 - 28/31): \(day)"))
    }
    var days = whole
    if let dayOfYear = fields["D"], fields["M"] == nil {
      guard (1...(Calendar.daysInMonth(year: year, month: 2) + 337)).contains(dayOfYear) else {
        return .failure(Failure("Invalid value for DayOfYear (valid values 1 - 365/366): \(dayOfYear)"))
      }
      days = Clock.daysSinceEpoch(year: year, month: 1, day: 1) + dayOfYear - 1
    }
    for (letter, name, range) in [
      (Unicode.Scalar("k"), "ClockHourOfDay", Int64(1)...24), ("h", "ClockHourOfAmPm", 1...12),
      ("K", "HourOfAmPm", 0...11),
    ] {
      if let value = fields[letter], !range.contains(value) {
        return .failure(
          Failure("Invalid value for \(name) (valid values \(range.lowerBound) - \(range.upperBound)): \(value)"))
      }
    }
    var hour = fields["H"] ?? (fields["k"].map { $0 % 24 } ?? 0)
    if let half = fields["h"] ?? fields["K"] { hour = half % 12 + 12 * (fields["a"] ?? 0) }
    let (minute, second) = (fields["m"] ?? 0, fields["s"] ?? 0)
    guard hour < 24 else { return .failure(Failure("Invalid value for HourOfDay (valid values 0 - 23): \(hour)")) }
    guard minute < 60 else {
      return .failure(Failure("Invalid value for MinuteOfHour (valid values 0 - 59): \(minute)"))
    }
    guard second < 60 else {
      return .failure(Failure("Invalid value for SecondOfMinute (valid values 0 - 59): \(second)"))
    }
    let seconds = (hour * 60 + minute) * 60 + second
    let (midnight, isOver) = days.multipliedReportingOverflow(by: Calendar.microsecondsPerDay)
    let (moment, isOverToo) = midnight.addingReportingOverflow(seconds * 1_000_000 + (fields["S"] ?? 0))
    return isOver || isOverToo ? .failure(Failure("long overflow")) : .success(moment)
  }

  private static func shortMonth(_ month: Int64) -> String { months[Int(month) - 1].uppercased() }

  /// Whatever the case of ASCII's letters is.
  private static func begins(_ bytes: ArraySlice<UInt8>, _ wanted: String) -> Bool {
    let wanted = wanted.utf8
    guard bytes.count >= wanted.count else { return false }
    return zip(bytes, wanted).allSatisfy { a, b in
      a == b || (a ^ b == 32 && (65...90).contains(a & 0xDF))
    }
  }

  private static func name(
    _ bytes: ArraySlice<UInt8>, _ names: [String], full: Bool
  ) -> (index: Int, length: Int)? {
    for (index, name) in names.enumerated() {
      let wanted = full ? name : String(name.prefix(3))
      if begins(bytes, wanted) { return (index, wanted.utf8.count) }
    }
    return nil
  }

  /// An offset as the letter writes it, or a zone's name.
  private static func zone(_ bytes: [UInt8], _ index: inout Int, _ letter: Unicode.Scalar, _ count: Int) -> ZoneRules? {
    let rest = bytes[index...]
    if letter == "z" || letter == "V" {
      let length = rest.prefix { byte in
        byte &- 48 < 10 || (65...90).contains(byte & 0xDF) || "/_+-:".utf8.contains(byte)
      }.count
      let name = String(decoding: rest.prefix(length), as: UTF8.self)
      // +01:00, but not +01
      let isOffset = name.hasPrefix("+") || name.hasPrefix("-")
      guard length > 0, length <= 64, !isOffset || length == 6, let zone = try? ZoneCache.rules(name) else {
        return nil
      }
      index += length
      return zone
    }
    var at = index
    if letter == "O" || (letter == "Z" && count == 4) {
      guard rest.starts(with: "GMT".utf8) else { return nil }
      at += 3
    }
    let hasZ = letter == "X" || (letter == "Z" && count == 5)
    if hasZ, rest.first == UInt8(ascii: "Z") {
      index += 1
      return .utc
    }
    guard at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") else {
      // GMT alone
      if at > index {
        index = at
        return .utc
      }
      return nil
    }
    let sign = bytes[at] == UInt8(ascii: "-") ? -1 : 1
    at += 1
    func two() -> Int? {
      guard at + 1 < bytes.count, bytes[at] &- 48 < 10, bytes[at + 1] &- 48 < 10 else { return nil }
      defer { at += 2 }
      return Int(bytes[at] - 48) * 10 + Int(bytes[at + 1] - 48)
    }
    guard let hours = two() else { return nil }
    let hasColon = letter == "Z" || letter == "O" ? count > 3 : count % 2 == 1 && count > 1
    var minutes: Int?
    if hasColon {
      guard at < bytes.count, bytes[at] == UInt8(ascii: ":") else { return nil }
      at += 1
      minutes = two()
    } else {
      minutes = two() ?? (letter == "Z" || count > 1 ? nil : 0)
    }
    guard let minutes, hours <= 18, minutes < 60 else { return nil }
    index = at
    return ZoneRules(fixed: sign * (hours * 3600 + minutes * 60))
  }
}
