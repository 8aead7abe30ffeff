import MillBase

/// Times as InfluxQL writes and reads them; all in nanoseconds since 1970.
enum InfluxTime {
  static let min = LineScanner.timeMin
  static let max = LineScanner.timeMax

  /// RFC 3339 with as many digits of the second as needed.
  static func append(_ time: Int64, zone: TimeZone, to out: inout [UInt8]) {
    let offset = zone.offset(atSeconds: time.flooredDivision(by: 1_000_000_000))
    // The fraction does not change with the zone, and seconds can't overflow.
    let seconds = time.flooredDivision(by: 1_000_000_000)
    let fraction = time - seconds * 1_000_000_000
    let local = seconds + offset
    let days = local.flooredDivision(by: 86_400)
    let rest = local - days * 86_400
    let (year, month, day) = Clock.civilDate(daysSinceEpoch: days)
    digits(year, 4, &out)
    out.append(UInt8(ascii: "-"))
    digits(month, 2, &out)
    out.append(UInt8(ascii: "-"))
    digits(day, 2, &out)
    out.append(UInt8(ascii: "T"))
    digits(rest / 3600, 2, &out)
    out.append(UInt8(ascii: ":"))
    digits(rest / 60 % 60, 2, &out)
    out.append(UInt8(ascii: ":"))
    digits(rest % 60, 2, &out)
    if fraction > 0 {
      out.append(UInt8(ascii: "."))
      digits(fraction, 9, &out)
      while out.last == UInt8(ascii: "0") { out.removeLast() }
    }
    if offset == 0 {
      out.append(UInt8(ascii: "Z"))
    } else {
      out.append(UInt8(ascii: offset < 0 ? "-" : "+"))
      digits(abs(offset) / 3600, 2, &out)
      out.append(UInt8(ascii: ":"))
      digits(abs(offset) / 60 % 60, 2, &out)
    }
  }

  private static func digits(_ value: Int64, _ width: Int, _ out: inout [UInt8]) {
    var power: Int64 = 1
    for _ in 1..<width { power *= 10 }
    while power > 0 {
      out.append(UInt8(ascii: "0") + UInt8(value / power % 10))
      power /= 10
    }
  }

  /// `2006-01-02`, `2006-01-02 15:04:05[.999999999]`, RFC 3339; without a zone in the text, of `zone`.
  /// nil when the text is no time.
  static func parse(_ text: String, zone: TimeZone) -> Int64? {
    var rest = Array(text.utf8)[...]
    func number(_ count: Int) -> Int64? {
      guard rest.count >= count, rest.prefix(count).allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count).reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
    func take(_ byte: UInt8) -> Bool {
      guard rest.first == byte else { return false }
      rest = rest.dropFirst()
      return true
    }
    let dash = UInt8(ascii: "-")
    let colon = UInt8(ascii: ":")
    guard let year = number(4), take(dash), let month = number(2), take(dash), let day = number(2),
      (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    let days = Clock.daysSinceEpoch(year: year, month: month, day: day)
    // The day must exist: the 31st of April would come back as another date.
    guard Clock.civilDate(daysSinceEpoch: days) == (year, month, day) else { return nil }
    var seconds = days * 86_400
    var fraction: Int64 = 0
    var offset: Int64?
    if !rest.isEmpty {
      guard take(0x20) || take(UInt8(ascii: "T")), let hour = number(2), take(colon), let minute = number(2),
        take(colon), let second = number(2), hour < 24, minute < 60, second < 60
      else { return nil }
      seconds += hour * 3600 + minute * 60 + second
      if take(UInt8(ascii: ".")) {
        let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard !digits.isEmpty, digits.count <= 9 else { return nil }
        fraction = digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        for _ in digits.count..<9 { fraction *= 10 }
        rest = rest.dropFirst(digits.count)
      }
      if take(UInt8(ascii: "Z")) {
        offset = 0
      } else if let sign = rest.first, sign == dash || sign == UInt8(ascii: "+") {
        rest = rest.dropFirst()
        guard let hours = number(2), take(colon), let minutes = number(2) else { return nil }
        offset = (sign == dash ? -1 : 1) * (hours * 3600 + minutes * 60)
      }
      guard rest.isEmpty else { return nil }
    }
    let (whole, isOver) = (seconds - (offset ?? 0)).multipliedReportingOverflow(by: 1_000_000_000)
    if isOver { return nil }
    let time = whole + fraction
    return offset == nil ? zone.instant(ofLocal: time) : time
  }
}
