import MillBase

/// Date and time patterns as Spark documents them (sql-ref-datetime-pattern): G y Q M d D E a h H K k m s S, X x z Z for
/// UTC and offsets, quoted text.
struct DateTimePattern {
  private enum Part {
    case text(String)
    case letter(Unicode.Scalar, Int)
  }
  private var parts: [Part] = []

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
  private static let eras = [(short: "BC", full: "Before Christ"), (short: "AD", full: "Anno Domini")]
  private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

  init(_ pattern: String) throws(Failure) {
    let scalars = Array(pattern.unicodeScalars)
    var index = 0
    while index < scalars.count {
      let scalar = scalars[index]
      if scalar == "'" {
        var text = ""
        index += 1
        if index < scalars.count, scalars[index] == "'" {
          text = "'"
        } else {
          while index < scalars.count, scalars[index] != "'" {
            text.unicodeScalars.append(scalars[index])
            index += 1
          }
        }
        index += 1
        parts.append(.text(text))
      } else if scalar.isASCII, scalar.properties.isAlphabetic {
        guard "GyuQqMLdDEaHhKkmsSXxzZV".unicodeScalars.contains(scalar) else {
          throw Failure(
            "[INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER] Unrecognized datetime pattern: \(pattern). Illegal pattern "
              + "character found in datetime pattern: \(scalar). SQLSTATE: 22007")
        }
        var count = 1
        while index + count < scalars.count, scalars[index + count] == scalar { count += 1 }
        parts.append(.letter(scalar, count))
        index += count
      } else {
        if scalar != "[", scalar != "]" { parts.append(.text(String(scalar))) }
        index += 1
      }
    }
  }

  private var hasEra: Bool {
    parts.contains { if case .letter("G", _) = $0 { true } else { false } }
  }

  // MARK: Writing

  /// Does a text by this pattern name its zone?
  var namesZone: Bool {
    parts.contains { part in
      if case .letter(let letter, _) = part { "XxzZV".unicodeScalars.contains(letter) } else { false }
    }
  }

  /// A moment, as the clock shows it.
  func append(_ moment: Int64, on time: LocalTime = LocalTime(), to out: inout [UInt8]) {
    let microseconds = time.local(moment)
    let day = Calendar.day(ofMicroseconds: microseconds)
    let rest = microseconds - day * Calendar.microsecondsPerDay
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
      case "y", "u":
        // With an era, years before Christ count backwards, from 1 on.
        let shown = hasEra && letter == "y" && year <= 0 ? 1 - year : year
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

  /// Microseconds since 1970; fields that the pattern lacks are 1970-01-01 00:00:00.
  func parse(_ text: String) -> Result<Int64, Failure> {
    let bytes = Array(text.utf8)
    var index = 0
    var fields: [Unicode.Scalar: Int64] = [:]
    var offset: Int64 = 0
    func bad(_ what: String) -> Result<Int64, Failure> { .failure(Failure(what)) }
    func atIndex() -> Result<Int64, Failure> { bad("Text '\(text)' could not be parsed at index \(index)") }
    for (at, part) in parts.enumerated() {
      guard case .letter(let letter, let count) = part else {
        guard case .text(let wanted) = part, bytes[index...].starts(with: wanted.utf8) else { return atIndex() }
        index += wanted.utf8.count
        continue
      }
      switch letter {
      case "M" where count >= 3, "L" where count >= 3:
        guard let found = Self.name(bytes[index...], Self.months, full: count > 3) else { return atIndex() }
        fields["M"] = Int64(found.index + 1)
        index += found.length
      case "G":
        let names = Self.eras.map { count < 4 ? $0.short : $0.full }
        guard let found = Self.name(bytes[index...], names, full: true) else { return atIndex() }
        fields["G"] = Int64(found.index)
        index += found.length
      case "E":
        guard let found = Self.name(bytes[index...], Self.days, full: count > 3) else { return atIndex() }
        index += found.length
      case "a":
        let word = String(decoding: bytes[index...].prefix(2), as: UTF8.self).uppercased()
        guard word == "AM" || word == "PM" else { return atIndex() }
        fields["a"] = word == "AM" ? 0 : 1
        index += 2
      case "X", "x", "Z", "z", "V":
        guard let zone = Self.zone(bytes, &index) else { return atIndex() }
        offset = zone
      default:
        var isAdjacent = false
        if at + 1 < parts.count, case .letter(let next, _) = parts[at + 1], next != "a", next != "X" {
          isAdjacent = true
        }
        let most = letter == "S" || isAdjacent || count == 2 ? count : letter == "y" || letter == "u" ? 10 : 19
        let start = index
        var value: Int64 = 0
        while index < bytes.count, index - start < most, bytes[index] &- 48 < 10, value < 1 << 50 {
          value = value * 10 + Int64(bytes[index] - 48)
          index += 1
        }
        guard index - start >= count || (count == 1 && index > start) else {
          index = start
          return atIndex()
        }
        if letter == "S" {
          for _ in (index - start)..<max(6, index - start) { value *= 10 }
          for _ in 6..<max(6, index - start) { value /= 10 }
        }
        if letter == "y" || letter == "u", count == 2 { value += 2000 }
        fields[letter == "u" ? "y" : letter == "L" ? "M" : letter] = value
      }
    }
    guard index == bytes.count else {
      return bad("Text '\(text)' could not be parsed, unparsed text found at index \(index)")
    }
    return Self.assemble(fields, offset: offset)
  }

  private static func assemble(_ fields: [Unicode.Scalar: Int64], offset: Int64) -> Result<Int64, Failure> {
    var year = fields["y"] ?? 1970
    if fields["G"] == 0 { year = 1 - year }
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
      days = Clock.daysSinceEpoch(year: year, month: 1, day: 1) + dayOfYear - 1
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
    let seconds = (hour * 60 + minute) * 60 + second - offset
    return .success(days * Calendar.microsecondsPerDay + seconds * 1_000_000 + (fields["S"] ?? 0))
  }

  private static func shortMonth(_ month: Int64) -> String { months[Int(month) - 1].uppercased() }

  private static func name(
    _ bytes: ArraySlice<UInt8>, _ names: [String], full: Bool
  ) -> (index: Int, length: Int)? {
    for (index, name) in names.enumerated() {
      let wanted = full ? name : String(name.prefix(3))
      if bytes.starts(with: wanted.utf8) { return (index, wanted.utf8.count) }
    }
    return nil
  }

  /// Seconds east of UTC.
  private static func zone(_ bytes: [UInt8], _ index: inout Int) -> Int64? {
    for name in ["Z", "UTC", "GMT"] where bytes[index...].starts(with: name.utf8) {
      index += name.utf8.count
      return 0
    }
    guard index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") else {
      return nil
    }
    let sign: Int64 = bytes[index] == UInt8(ascii: "-") ? -1 : 1
    index += 1
    func two() -> Int64? {
      guard index + 1 < bytes.count, bytes[index] &- 48 < 10, bytes[index + 1] &- 48 < 10 else { return nil }
      defer { index += 2 }
      return Int64(bytes[index] - 48) * 10 + Int64(bytes[index + 1] - 48)
    }
    guard let hours = two() else { return nil }
    if index < bytes.count, bytes[index] == UInt8(ascii: ":") { index += 1 }
    let minutes = two() ?? 0
    guard hours <= 18, minutes < 60 else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }
}
