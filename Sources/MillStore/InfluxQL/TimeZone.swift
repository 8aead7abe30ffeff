import MillBase

/// A time zone from the system's database (TZif files, RFC 8536).
struct TimeZone {
  static let directory = "/usr/share/zoneinfo"

  /// Seconds since 1970 from which an offset holds, ascending.
  private var transitions: [(from: Int64, offset: Int64)] = []
  private var first: Int64 = 0

  static let utc = TimeZone()
  private init() {}

  /// - Throws: InfluxDB's message for an unknown zone.
  init(named name: String) throws {
    if name.isEmpty || name == "UTC" { return }
    let isSafe = !name.hasPrefix("/") && !name.split(separator: "/").contains("..")
    guard isSafe, let bytes = try? Files.read("\(Self.directory)/\(name)", limit: 1 << 20), parse(bytes) else {
      throw InfluxQLError("unable to find time zone \(name)")
    }
  }

  /// Seconds east of Greenwich.
  func offset(atSeconds seconds: Int64) -> Int64 {
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle].from <= seconds { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? first : transitions[low - 1].offset
  }

  func offsetNanoseconds(at nanoseconds: Int64) -> Int64 {
    offset(atSeconds: nanoseconds.flooredDivision(by: 1_000_000_000)) * 1_000_000_000
  }

  /// The instant of a wall clock's reading, both in nanoseconds.
  func instant(ofLocal local: Int64) -> Int64 {
    let guess = local - offsetNanoseconds(at: local)
    return local - offsetNanoseconds(at: guess)
  }

  /// Times after the last transition keep its offset: zones' files list transitions up to 2037.
  private mutating func parse(_ bytes: [UInt8]) -> Bool {
    func big(_ at: Int, _ count: Int) -> Int64? {
      guard at >= 0, at + count <= bytes.count else { return nil }
      var value: UInt64 = 0
      for byte in bytes[at..<(at + count)] { value = value << 8 | UInt64(byte) }
      return count == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }
    guard bytes.starts(with: Array("TZif".utf8)), bytes.count > 44 else { return false }
    func counts(_ header: Int) -> (isUTC: Int, isStandard: Int, leap: Int, time: Int, type: Int, character: Int)? {
      let values = (0..<6).compactMap { big(header + 20 + 4 * $0, 4).map(Int.init) }
      return values.count == 6 ? (values[0], values[1], values[2], values[3], values[4], values[5]) : nil
    }
    var header = 0
    var width = 4
    guard var sizes = counts(0) else { return false }
    if bytes[4] >= UInt8(ascii: "2") {
      // The second block has the same in 64 bits.
      header = 44 + sizes.time * 5 + sizes.type * 6 + sizes.character + sizes.leap * 8 + sizes.isStandard + sizes.isUTC
      width = 8
      guard let wide = counts(header) else { return false }
      sizes = wide
    }
    let times = header + 44
    let indices = times + sizes.time * width
    let types = indices + sizes.time
    for index in 0..<sizes.time {
      guard let from = big(times + index * width, width), indices + index < bytes.count,
        let offset = big(types + 6 * Int(bytes[indices + index]), 4)
      else { return false }
      transitions.append((from, offset))
    }
    first = big(types, 4) ?? 0
    return true
  }
}
