import MillBase

/// A path, prefix or topic with Flume's escapes: `%{header}`, `%Y` and its like, `%[localhost]`.
///
/// (Flume user guide, HDFS Sink; BucketPath for what the guide leaves out.)
public struct PathTemplate: Sendable {
  private enum Part: Sendable {
    case text(String)
    case header(String)
    case time(Character)
  }
  private var parts: [Part] = []
  public let source: String

  /// A text in which nothing is an escape.
  public init(literal text: String) {
    source = text
    parts = [.text(text)]
  }

  /// - Throws: `.configuration` for a `%[name]` that is none of localhost, IP, FQDN.
  public init(_ text: String) throws {
    source = text
    var plain = ""
    var rest = text[...]
    func flush(_ parts: inout [Part], _ plain: inout String) {
      if !plain.isEmpty { parts.append(.text(plain)) }
      plain = ""
    }
    while let percent = rest.firstIndex(of: "%") {
      plain += rest[..<percent]
      rest = rest[rest.index(after: percent)...]
      guard let next = rest.first else {
        plain += "%"
        break
      }
      if next == "%" {
        plain += "%"
        rest.removeFirst()
      } else if next == "{", let name = Self.name(rest, until: "}", also: ".-") {
        flush(&parts, &plain)
        parts.append(.header(name))
        rest = rest.dropFirst(name.count + 2)
      } else if next == "[", let name = Self.name(rest, until: "]", also: "") {
        plain += try Self.machine(name)
        rest = rest.dropFirst(name.count + 2)
      } else if next.isASCII, next.isLetter || next.isNumber || next == "_" {
        flush(&parts, &plain)
        parts.append(.time(next))
        rest.removeFirst()
      } else {
        plain += "%"
      }
    }
    plain += rest
    flush(&parts, &plain)
  }

  private static func name(_ rest: Substring, until close: Character, also: String) -> String? {
    let inner = rest.dropFirst().prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") || also.contains($0) }
    guard !inner.isEmpty, rest.dropFirst(inner.count + 1).first == close else { return nil }
    return String(inner)
  }

  private static func machine(_ name: String) throws -> String {
    switch name.lowercased() {
    case "localhost": return try Machine.hostName()
    case "fqdn": return try Machine.fullName()
    case "ip": return try Machine.address()
    default:
      throw MillError(.configuration, "'%[\(name)]' stands for nothing", wayOut: "write %[localhost], %[IP] or %[FQDN]")
    }
  }

  /// The same text for every event.
  public var isConstant: Bool {
    parts.allSatisfy { if case .text = $0 { true } else { false } }
  }

  /// The escapes of time that need the header `timestamp` or the clock.
  public var usesTime: Bool {
    parts.contains { if case .time = $0 { true } else { false } }
  }

  /// - Throws: `.badInput` when a time is wanted and the header `timestamp` has none.
  public func expand(headers: [String: String], time rules: TimeRules = TimeRules()) throws -> String {
    var out = ""
    var moment: (raw: Int64, rounded: Int64, calendar: CalendarTime)?
    for part in parts {
      switch part {
      case .text(let text): out += text
      case .header(let name): out += headers[name] ?? ""
      case .time(let letter):
        if moment == nil {
          let raw = try rules.usesClock ? rules.now() : Self.timestamp(headers)
          let rounded = rules.rounded(raw)
          moment = (raw, rounded, CalendarTime(milliseconds: rounded, zone: rules.zone))
        }
        out += Self.format(letter, raw: moment!.raw, rounded: moment!.rounded, moment!.calendar)
      }
    }
    return out
  }

  private static func timestamp(_ headers: [String: String]) throws -> Int64 {
    guard let text = headers["timestamp"] else {
      throw MillError(
        .badInput, "the event has no header 'timestamp', and the path asks for a time",
        wayOut: "add the timestamp interceptor, or set hdfs.useLocalTimeStamp = true")
    }
    guard let value = Int64(text) else {
      throw MillError(.badInput, "the header 'timestamp' holds '\(text)', which is no time in milliseconds")
    }
    return value
  }

  private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]

  private static func format(_ letter: Character, raw: Int64, rounded: Int64, _ t: CalendarTime) -> String {
    let month = months[Int(t.month) - 1]
    let hour12 = (t.hour + 11) % 12 + 1
    return switch letter {
    case "t": "\(raw)"
    case "s": "\(rounded.flooredDivision(by: 1000))"
    case "a": String(days[t.weekday].prefix(3))
    case "A": days[t.weekday]
    case "b": String(month.prefix(3))
    case "B": month
    case "c":
      "\(days[t.weekday].prefix(3)) \(month.prefix(3)) \(t.day) \(pad(t.hour)):\(pad(t.minute)):\(pad(t.second)) "
        + pad(t.year, 4)
    case "d": pad(t.day)
    case "e": "\(t.day)"
    case "D": "\(pad(t.month))/\(pad(t.day))/\(pad(t.year.flooredRemainder(by: 100)))"
    case "H": pad(t.hour)
    case "I": pad(hour12)
    case "j": pad(t.dayOfYear, 3)
    case "k": "\(t.hour)"
    case "l": "\(hour12)"
    case "m": pad(t.month)
    case "n": "\(t.month)"
    case "M": pad(t.minute)
    case "p": t.hour < 12 ? "AM" : "PM"
    case "S": pad(t.second)
    case "y": pad(t.year.flooredRemainder(by: 100))
    case "Y": pad(t.year, 4)
    case "z":
      "\(t.offset < 0 ? "-" : "+")\(pad(Int64(abs(t.offset) / 3600)))\(pad(Int64(abs(t.offset) / 60 % 60)))"
    default: ""
    }
  }

  private static func pad(_ value: Int64, _ width: Int = 2) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
