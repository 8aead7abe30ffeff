/// A length of time as Grafana writes it: `10s`, `1h30m`, `15y`; a bare number is seconds. `>10s` counts as `10s`.
struct Span: Equatable {
  var milliseconds: Int64

  init(milliseconds: Int64) { self.milliseconds = milliseconds }

  init?(_ text: String) {
    var rest = text[...]
    if rest.hasPrefix(">") || rest.hasPrefix("<") { rest.removeFirst() }
    guard !rest.isEmpty else { return nil }
    var total: Double = 0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isNumber || $0 == "." }
      rest.removeFirst(digits.count)
      let unit = rest.prefix { $0.isLetter }
      rest.removeFirst(unit.count)
      guard let count = Double(digits), let scale = Self.scale(of: unit) else { return nil }
      total += count * scale
    }
    guard total.isFinite, abs(total) < 1e17 else { return nil }
    milliseconds = Int64(total)
  }

  private static func scale(of unit: Substring) -> Double? {
    switch unit {
    case "ms": 1
    case "s", "": 1000
    case "m": 60_000
    case "h": 3_600_000
    case "d": 86_400_000
    case "w": 604_800_000
    case "M": 2_592_000_000
    case "Q": 7_776_000_000
    case "y": 31_536_000_000
    default: nil
    }
  }

  /// One number and the largest unit not above it, as Grafana puts it into a query: `90s` gives `1m`.
  var influxText: String {
    for (unit, scale) in [("y", 31_536_000_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
      as [(String, Int64)]
    where milliseconds >= scale {
      return "\(milliseconds / scale)\(unit)"
    }
    return "\(max(1, milliseconds))ms"
  }

  /// The step between points so that about `maxDataPoints` fit the range: rounded to a readable one, at least
  /// `minimum`. The steps are those of Grafana (pkg/tsdb/intervalv2).
  static func step(for range: TimeRange, maxDataPoints: Int, minimum: Span?) -> Span {
    let least = max(1, minimum?.milliseconds ?? 1)
    let exact = Double(range.to - range.from) / Double(max(1, maxDataPoints))
    if exact < Double(least) { return Span(milliseconds: least) }
    for (upTo, step) in steps where exact <= upTo { return Span(milliseconds: step) }
    return Span(milliseconds: exact < 3_628_800_000 ? 2_592_000_000 : 31_536_000_000)
  }

  /// Exact steps up to the first number become the second, in milliseconds.
  private static let steps: [(upTo: Double, step: Int64)] = [
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1500, 1000), (3500, 2000),
    (7500, 5000), (12_500, 10_000), (17_500, 15_000), (25_000, 20_000), (45_000, 30_000), (90_000, 60_000),
    (210_000, 120_000), (450_000, 300_000), (750_000, 600_000), (1_050_000, 900_000), (1_500_000, 1_200_000),
    (2_700_000, 1_800_000), (5_400_000, 3_600_000), (9_000_000, 7_200_000), (16_200_000, 10_800_000),
    (32_400_000, 21_600_000), (86_400_000, 43_200_000), (604_800_000, 86_400_000), (1_814_400_000, 604_800_000),
  ]
}
