import Glibc
import MillBase

/// A time zone: the offset from UTC at any moment, from the system's zone files (RFC 8536).
public struct ZoneRules: Sendable {
  public let name: String
  /// Moments (seconds since 1970) at which an offset begins, ascending.
  private var transitions: [(at: Int64, offset: Int)] = []
  private var first = 0
  /// What holds after the last transition, by the rule at the file's end.
  private var rule: ZoneRule?

  public static let utc = ZoneRules(name: "UTC", fixed: 0)

  private init(name: String, fixed: Int) {
    self.name = name
    first = fixed
  }

  /// So many seconds east of UTC, at any time.
  public init(fixed seconds: Int) { self.init(name: "\(seconds) s", fixed: seconds) }

  /// - Parameter name: `Europe/Berlin`, `UTC`, `GMT+02:00` (as Java writes it); nil = this machine's zone.
  /// - Throws: `.configuration` for an unknown name.
  public init(named name: String?) throws {
    if let name, let seconds = Self.fixedOffset(name) {
      self.init(name: name, fixed: seconds)
      return
    }
    let wanted = name ?? getenv("TZ").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    let path = wanted.map { $0.hasPrefix("/") ? $0 : "/usr/share/zoneinfo/\($0)" } ?? "/etc/localtime"
    self.init(name: wanted ?? "local", fixed: 0)
    if let wanted, wanted.contains("..") { throw Self.unknown(wanted) }
    guard let bytes = try? Files.read(path, limit: 1 << 20) else {
      // A machine without a zone of its own runs on UTC.
      if wanted == nil { return }
      throw Self.unknown(wanted!)
    }
    try parse(bytes, path: path)
  }

  private static func unknown(_ name: String) -> MillError {
    MillError(
      .configuration, "the time zone '\(name)' is not known here",
      wayOut: "write a name such as Europe/Berlin or GMT+02:00, and have the package tzdata installed")
  }

  /// `UTC`, `GMT`, `Z`, `GMT+2`, `GMT-03:30`, `+02:00`.
  private static func fixedOffset(_ name: String) -> Int? {
    if ["UTC", "GMT", "Z", "UCT", "Etc/UTC", "Etc/GMT"].contains(name) { return 0 }
    var rest = name[...]
    for prefix in ["GMT", "UTC"] where rest.hasPrefix(prefix) { rest = rest.dropFirst(3) }
    guard let sign = rest.popFirst(), sign == "+" || sign == "-" else { return nil }
    let parts = rest.split(separator: ":").map { Int($0) }
    guard (1...2).contains(parts.count), let hours = parts[0], (0...23).contains(hours) else { return nil }
    guard let minutes = parts.count == 2 ? parts[1] : 0, (0...59).contains(minutes) else { return nil }
    return (hours * 3600 + minutes * 60) * (sign == "-" ? -1 : 1)
  }

  /// Seconds east of UTC at a moment.
  public func offset(at seconds: Int64) -> Int {
    guard let last = transitions.last else { return rule?.offset(at: seconds) ?? first }
    if seconds >= last.at { return rule?.offset(at: seconds) ?? last.offset }
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle].at <= seconds { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? first : transitions[low - 1].offset
  }

  private mutating func parse(_ bytes: [UInt8], path: String) throws {
    var data = ZoneFile(bytes: bytes)
    guard let header = data.header(), header.version >= 2 else {
      throw MillError(.corrupt, "this is not a time zone file of version 2 or later", at: .init(file: path))
    }
    // The first block has 32-bit moments; the second repeats it with 64 bits.
    data.skip(header.size(momentSize: 4))
    guard let second = data.header(), data.left >= second.size(momentSize: 8) else {
      throw MillError(.corrupt, "the time zone file is cut short", at: .init(file: path))
    }
    let moments = (0..<second.moments).map { _ in data.integer(8) }
    let kinds = (0..<second.moments).map { _ in Int(data.integer(1)) & 0xFF }
    let offsets = (0..<second.kinds).map { _ in
      let offset = Int(data.integer(4))
      data.skip(2)
      return offset
    }
    guard kinds.allSatisfy(offsets.indices.contains), !offsets.isEmpty else {
      throw MillError(.corrupt, "the time zone file names a kind of time that it does not have", at: .init(file: path))
    }
    first = offsets[0]
    transitions = zip(moments, kinds).map { ($0, offsets[$1]) }
    data.skip(second.letters + second.leaps * 12 + second.standard + second.universal)
    rule = ZoneRule(data.footer())
  }
}

/// The bytes of a zone file.
private struct ZoneFile {
  let bytes: [UInt8]
  var position = 0
  init(bytes: [UInt8]) { self.bytes = bytes }

  var left: Int { bytes.count - position }

  struct Header {
    var version: Int
    var universal: Int
    var standard: Int
    var leaps: Int
    var moments: Int
    var kinds: Int
    var letters: Int
    func size(momentSize: Int) -> Int {
      moments * (momentSize + 1) + kinds * 6 + letters + leaps * (momentSize + 4) + standard + universal
    }
  }

  mutating func header() -> Header? {
    guard left >= 44, bytes[position..<position + 4].elementsEqual("TZif".utf8) else { return nil }
    let version = Int(bytes[position + 4]) - 0x30
    position += 20
    let counts = (0..<6).map { _ in Int(integer(4)) }
    return Header(
      version: version, universal: counts[0], standard: counts[1], leaps: counts[2], moments: counts[3],
      kinds: counts[4], letters: counts[5])
  }

  /// Big endian, signed.
  mutating func integer(_ size: Int) -> Int64 {
    var value: Int64 = size > 1 && bytes[position] >= 0x80 ? -1 : 0
    for _ in 0..<size {
      value = value << 8 | Int64(bytes[position])
      position += 1
    }
    return value
  }

  mutating func skip(_ count: Int) { position += count }

  /// The text between the last two line ends.
  func footer() -> String {
    guard left > 2 else { return "" }
    return String(decoding: bytes[(position + 1)...].prefix { $0 != 0x0A }, as: UTF8.self)
  }
}
