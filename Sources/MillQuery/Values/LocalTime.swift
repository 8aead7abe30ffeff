import MillArchive
import MillBase
import MillColumns

/// The clock of the session's time zone (spark.sql.session.timeZone).
struct LocalTime: Sendable {
  /// nil = UTC.
  var zone: ZoneRules?

  /// What the clock shows at a moment, as microseconds since 1970 on it.
  func local(_ micros: Int64) -> Int64 {
    guard let zone else { return micros }
    return micros &+ Int64(zone.offset(at: micros.flooredDivision(by: 1_000_000))) * 1_000_000
  }

  /// The moment when the clock shows this.
  func instant(_ local: Int64) -> Int64 { zone.map { ZoneCache.instant(ofLocal: local, $0) } ?? local }

  /// A timestamp's text; without a zone of its own it is the clock's.
  func parse(_ text: Bytes) -> Int64? {
    guard let micros = TimeText.parseTimestamp(text) else {
      guard let (clock, name) = TimeText.parseNamed(text), let zone = try? ZoneCache.rules(name) else { return nil }
      return ZoneCache.instant(ofLocal: clock, zone)
    }
    return zone == nil || Self.namesZone(text) ? micros : instant(micros)
  }

  /// Has a text that is a timestamp a zone at its end?
  static func namesZone(_ text: Bytes) -> Bool {
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return false }
    return text[colon...].contains { byte in
      byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || (65...90).contains(byte & 0xDF)
    }
  }

  /// The column with what the clock shows in place of its timestamps, wherever they are.
  func local(_ column: Column) -> Column {
    guard zone != nil, column.type.containsTimestamp else { return column }
    if column.type == .timestamp {
      return Column.fixed(.timestamp, count: column.count, validity: column.validity, as: Int64.self) { target in
        for row in 0..<column.count { target[row] = local(column.fixed(row, as: Int64.self)) }
      }
    }
    return Column(
      column.type, count: column.count, validity: column.validity, values: column.values, offsets: column.offsets,
      children: column.children.map { local($0) })
  }

  /// `+01:00`, or `Z` for none. With seconds, when there are some and they are wanted: clocks of old have them.
  func offsetText(at micros: Int64, colon: Bool = true, seconds showsSeconds: Bool = false, zero: String = "Z")
    -> String
  {
    let seconds = zone?.offset(at: micros.flooredDivision(by: 1_000_000)) ?? 0
    if seconds == 0 { return zero }
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let size = abs(seconds)
    let between = colon ? ":" : ""
    let text = (seconds < 0 ? "-" : "+") + two(size / 3600) + between + two(size / 60 % 60)
    return showsSeconds && size % 60 != 0 ? text + between + two(size % 60) : text
  }
}

extension DataType {
  var containsTimestamp: Bool {
    switch self {
    case .timestamp: true
    case .array(let element): element.containsTimestamp
    case .map(let key, let value): key.containsTimestamp || value.containsTimestamp
    case .struct(let schema): schema.columns.contains { $0.type.containsTimestamp }
    default: false
    }
  }
}

extension FunctionCall {
  static let clockNames: Set<String> = ["local time", "time of local"]

  /// The argument becomes what the session's clock shows at it.
  mutating func toLocal(_ index: Int) {
    arguments[index] = clocked("local time", arguments[index]) { $0.local($1) }
  }

  /// A clock's reading → the moment.
  func fromLocal(_ expression: Expression) -> Expression {
    clocked("time of local", expression) { $0.instant($1) }
  }

  private func clocked(
    _ name: String, _ expression: Expression, _ body: @escaping @Sendable (LocalTime, Int64) -> Int64
  ) -> Expression {
    let kernel = Kernel(name: name) { vectors, evaluation in
      let time = evaluation.lane.time
      if time.zone == nil { return vectors[0] }
      return try evaluation.map(vectors[0], vectors[0].fixed(Int64.self), to: .timestamp) { body(time, $0) }
    }
    return Expression(.call(kernel, [expression]), .timestamp, expression.position)
  }
}
