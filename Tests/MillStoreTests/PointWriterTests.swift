import MillBase
import MillStore
import Testing

/// What every ``PointWriter`` does, run against the built-in store in process and over HTTP, and against real servers.
@Suite struct PointWriterTests {
  enum Target: String, CaseIterable {
    case local, builtInV1, builtInV2, influxDB, victoriaMetrics

    /// VictoriaMetrics takes any line, and has no InfluxQL to look at what is there.
    var tellsBadLines: Bool { self != .victoriaMetrics }
  }

  static var targets: [Target] {
    Target.allCases.filter { target in
      switch target {
      case .influxDB: RealInflux.isInstalled
      case .victoriaMetrics: RealVictoria.isInstalled
      default: true
      }
    }
  }

  /// A writer, a database of its own, and a way to ask.
  private struct Subject {
    let writer: any PointWriter
    /// Rows of a query as CSV without the header.
    let ask: (String) throws -> [String]
    let keep: [any Sendable]
  }

  private static let victoria = Result { try RealVictoria.start() }

  /// Runs the body with a subject whose server lives meanwhile.
  private func check(
    _ target: Target, _ name: String, change: (inout InfluxConfiguration) -> Void = { _ in },
    _ body: (Subject) throws -> Void
  ) throws {
    let subject = try subject(target, database: "\(name)_\(target)", change: change)
    try withExtendedLifetime(subject.keep) { try body(subject) }
  }

  private func subject(
    _ target: Target, database: String, change: (inout InfluxConfiguration) -> Void
  ) throws -> Subject {
    func asker(_ url: String) -> (String) throws -> [String] {
      { query in
        let text = try InfluxAPI(url).query(query, database: database, more: [("epoch", "ns")], accept: "text/csv").text
        return text.split(separator: "\n").dropFirst().map(String.init)
      }
    }
    func remote(_ url: String, _ api: InfluxConfiguration.API) -> InfluxWriter {
      var configuration = InfluxConfiguration(url: url, api: api)
      configuration.createsDatabase = true
      change(&configuration)
      return InfluxWriter(configuration: configuration)
    }
    switch target {
    case .local:
      let store = try ServedStore()
      return Subject(
        writer: LocalWriter(engine: store.engine, database: database), ask: asker(store.url), keep: [store])
    case .builtInV1:
      let store = try ServedStore()
      return Subject(writer: remote(store.url, .v1(database: database)), ask: asker(store.url), keep: [store])
    case .builtInV2:
      let store = try ServedStore()
      return Subject(
        writer: remote(store.url, .v2(organization: "o", bucket: database)), ask: asker(store.url), keep: [store])
    case .influxDB:
      let server = try RealInflux.shared.get()
      return Subject(writer: remote(server.url, .v1(database: database)), ask: asker(server.url), keep: [])
    case .victoriaMetrics:
      let server = try Self.victoria.get()
      let ask: (String) throws -> [String] = { _ in
        let client = InfluxAPI(server.url)
        // Points can be seen a moment after they were written; this makes it so now.
        _ = try client.send("GET", "/internal/force_flush")
        let match = PercentEncoding.encode("{__name__!=\"\",db=\"\(database)\"}")
        return try client.send("GET", "/api/v1/export?match%5B%5D=\(match)").text.split(separator: "\n").map(
          String.init)
      }
      return Subject(writer: remote(server.url, .v1(database: database)), ask: ask, keep: [])
    }
  }

  private func lines(_ lines: [String]) -> LineBatch {
    LineBatch(bytes: Array(lines.map { $0 + "\n" }.joined().utf8), count: lines.count)
  }

  private let start: Int64 = 1_640_995_200_000_000_000

  @Test(arguments: targets) func writesAll(target: Target) throws {
    try check(target, "all", change: { $0.linesMax = 300 }) { (subject) throws in
      let outcome = try subject.writer.write(
        lines((0..<1000).map { "m,host=h\($0 % 3) f=\($0),s=\"x y\" \(start + Int64($0) * 1_000_000_000)" }))
      #expect(outcome == WriteOutcome(written: 1000))
      let answer = try subject.ask("SELECT count(f), sum(f) FROM m")
      if target == .victoriaMetrics {
        #expect(answer.joined().contains("\"host\":\"h2\""))
      } else {
        #expect(answer == ["m,,0,1000,499500"])
      }
    }
  }

  @Test(arguments: targets) func writingTwiceIsWritingOnce(target: Target) throws {
    try check(target, "twice") { (subject) throws in
      let batch = lines(["m f=1 \(start)", "m f=2 \(start + 1_000_000_000)"])
      for _ in 0..<2 { #expect(try subject.writer.write(batch) == WriteOutcome(written: 2)) }
      if target != .victoriaMetrics { #expect(try subject.ask("SELECT count(f) FROM m") == ["m,,0,2"]) }
    }
  }

  @Test(arguments: targets) func emptyIsNothing(target: Target) throws {
    try check(target, "empty") { (subject) throws in
      #expect(try subject.writer.write(LineBatch()) == WriteOutcome())
    }
  }

  @Test(arguments: targets.filter(\.tellsBadLines)) func findsUnparsableLines(target: Target) throws {
    try check(target, "bad") { (subject) throws in
      let outcome = try subject.writer.write(
        lines(["m f=1 1", "m f= 2", "m,t= f=1 3", "m f=4 4", "m f=\"it's': bad", "m f=5 5"].dropLast(2) + ["m f=5 5"]))
      #expect(outcome.written == 3)
      #expect(outcome.rejected.map { String(decoding: $0.line, as: UTF8.self) } == ["m f= 2", "m,t= f=1 3"])
      #expect(
        outcome.rejected.map(\.reason) == [
          "unable to parse 'm f= 2': missing field value", "unable to parse 'm,t= f=1 3': missing tag value",
        ])
      #expect(try subject.ask("SELECT f FROM m") == ["m,,1,1", "m,,4,4", "m,,5,5"])
    }
  }

  @Test(arguments: targets.filter(\.tellsBadLines)) func findsTypeConflicts(target: Target) throws {
    try check(target, "conflict") { (subject) throws in
      let bad = [3, 4, 5, 50, 99]
      let outcome = try subject.writer.write(
        lines((0..<100).map { bad.contains($0) ? "m f=\"s\" \($0 + 1)" : "m f=\($0) \($0 + 1)" }))
      #expect(outcome.written == 95)
      #expect(outcome.rejected.map { String(decoding: $0.line, as: UTF8.self) } == bad.map { "m f=\"s\" \($0 + 1)" })
      #expect(
        outcome.rejected.allSatisfy {
          $0.reason.contains("input field \"f\" on measurement \"m\" is type string, already exists as type float")
        })
      #expect(try subject.ask("SELECT count(f) FROM m") == ["m,,0,95"])
    }
  }

  @Test(arguments: targets.filter(\.tellsBadLines)) func findsBothKinds(target: Target) throws {
    try check(target, "both") { (subject) throws in
      let outcome = try subject.writer.write(lines(["m f=1 1", "m f=\"s\" 2", "m f", "m f=3 3", "m f=true 4"]))
      #expect(outcome.written == 2)
      #expect(
        Set(outcome.rejected.map { String(decoding: $0.line, as: UTF8.self) }) == ["m f=\"s\" 2", "m f", "m f=true 4"])
      #expect(try subject.ask("SELECT f FROM m") == ["m,,1,1", "m,,3,3"])
    }
  }

  @Test(arguments: targets) func stops(target: Target) throws {
    try check(target, "stop") { (subject) throws in
      subject.writer.stop()
      #expect(throws: MillError.self) { try subject.writer.write(lines(["m f=1 1"])) }
    }
  }
}
