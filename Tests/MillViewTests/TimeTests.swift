import MillBase
import Testing

@testable import MillView

struct TimeTests {
  /// 2024-03-31T15:20:30.400Z, a Sunday.
  private let now: Int64 = 1_711_898_430_400

  private func expect(_ text: String, _ expected: String, up: Bool = false, zone: Int = 0) throws {
    let time = try TimePoint(text).milliseconds(now: now, roundsUp: up, zoneOffset: zone)
    #expect(Clock.iso8601(milliseconds: time) == expected, "\(text)")
  }

  @Test func timesAsGrafanaWritesThem() throws {
    try expect("now", "2024-03-31T15:20:30.400Z")
    try expect("now-6h", "2024-03-31T09:20:30.400Z")
    try expect("now+1d", "2024-04-01T15:20:30.400Z")
    try expect("now/d", "2024-03-31T00:00:00.000Z")
    try expect("now/d", "2024-03-31T23:59:59.999Z", up: true)
    try expect("now/d", "2024-03-30T22:00:00.000Z", zone: 120)
    try expect("now-1d/d", "2024-03-30T00:00:00.000Z")
    try expect("now/w", "2024-03-31T00:00:00.000Z")
    try expect("now/M", "2024-03-01T00:00:00.000Z")
    try expect("now-1M", "2024-02-29T15:20:30.400Z")
    try expect("now-1M/M", "2024-02-29T23:59:59.999Z", up: true)
    try expect("now/y", "2024-01-01T00:00:00.000Z")
    try expect("now-1y", "2023-03-31T15:20:30.400Z")
    try expect("now/Q", "2024-01-01T00:00:00.000Z")
    try expect("1596240000000", "2020-08-01T00:00:00.000Z")
    try expect("2020-08-01", "2020-08-01T00:00:00.000Z")
    try expect("2020-08-01 10:11:12", "2020-08-01T10:11:12.000Z")
    try expect("2020-08-01T10:11:12.5+02:00", "2020-08-01T08:11:12.500Z")
  }

  @Test(arguments: ["now-", "now-6", "now-6x", "later", "", "2020-13-01", "now6h", "now/6h"])
  func notATime(_ text: String) {
    #expect(throws: MillError.self) { try TimePoint(text) }
  }

  @Test func panelOverrides() throws {
    let range = try TimeRange(from: "now-1h", to: "now", now: now)
    func overridden(_ from: String?, _ shift: String?) throws -> TimeRange {
      try range.overridden(timeFrom: from, timeShift: shift, now: now, zoneOffset: 0)
    }
    #expect(try overridden(nil, nil) == range)
    #expect(try overridden("2h", nil) == TimeRange(from: now - 7_200_000, to: now))
    #expect(try overridden(nil, "1d") == TimeRange(from: range.from - 86_400_000, to: range.to - 86_400_000))
    #expect(try Clock.iso8601(milliseconds: overridden("15y", nil).from) == "2009-03-31T15:20:30.400Z")
  }

  private func expectStep(_ expected: String, seconds: Int64, points: Int, minimum: String = "") {
    let range = TimeRange(from: now - seconds * 1000, to: now)
    #expect(Span.step(for: range, maxDataPoints: points, minimum: Span(minimum)).influxText == expected)
  }

  @Test func stepsAsGrafanaChoosesThem() {
    expectStep("1s", seconds: 900, points: 1000)
    expectStep("500ms", seconds: 300, points: 500)
    expectStep("2s", seconds: 900, points: 500)
    expectStep("20s", seconds: 21_600, points: 1000)
    expectStep("1m", seconds: 86_400, points: 1500)
    expectStep("10m", seconds: 604_800, points: 1000)
    expectStep("7d", seconds: 315_360_000, points: 500)
    expectStep("10s", seconds: 900, points: 1000, minimum: "10s")
    expectStep("10s", seconds: 900, points: 1000, minimum: ">10s")
    expectStep("1ms", seconds: 1, points: 1000)
  }

  @Test func spans() {
    #expect(Span("10s")?.milliseconds == 10_000)
    #expect(Span("1h30m")?.milliseconds == 5_400_000)
    #expect(Span("15")?.milliseconds == 15_000)
    #expect(Span("1w")?.milliseconds == 604_800_000)
    #expect(Span("") == nil)
    #expect(Span("soon") == nil)
    #expect(Span("90s")?.influxText == "1m")
  }
}
