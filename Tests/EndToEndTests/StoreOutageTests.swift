import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// Promise 2: a real InfluxDB that goes away for a while costs no point, doubles none, and holds up no collecting.
  @Suite struct StoreOutageTests {
    @Test(.enabled(if: InfluxDB.isInstalled && Executable.find("kcat") != nil, "influxd or kcat is not installed"))
    func influxDBStopsAndComesBack() throws {
      let influxDB = try InfluxDB()
      try influxDB.start()
      try influxDB.createDatabase("case_study")
      let chain = try ExampleChain { path, text in
        switch path {
        case "pipeline.yaml":
          text.replacing(/store:\n  listen: .*\n/, with: "store:\n  url: \(influxDB.url)\n")
        case "apis/sample.yaml": text.replacing("interval: 1s", with: "interval: 100ms")
        default: text
        }
      }
      try chain.start()
      func points() -> Int { chain.query("SELECT \"user\" FROM \"users\"", port: influxDB.port)?.count ?? 0 }
      func documents() throws -> Int { try chain.topic("users").count }
      let first: Void? = Places.eventually { points() > 0 ? () : nil }
      #expect(first != nil, "\(chain.millrace!.output)")

      influxDB.stop()
      let before = try documents()
      usleep(3_000_000)
      let during = try documents()
      #expect(during > before + 5, "collecting stood still while InfluxDB was away")
      #expect(chain.millrace!.output.contains("\(influxDB.port)"), "the outage is not reported")

      try influxDB.start()
      let caughtUp: Void? = Places.eventually { points() > during ? () : nil }
      #expect(caughtUp != nil, "\(chain.millrace!.output)")
      let users = try chain.topic("users").count
      #expect(users > during)
      #expect(chain.millrace!.interrupt() == 0, "\(chain.millrace!.output)")

      let broker = try Executable(
        Places.millrace, ["broker", "--data", "\(chain.data)/log", "--listen", "127.0.0.1:\(chain.kafka)"])
      defer { broker.kill() }
      let records = try #require(Places.eventually { try? chain.topic("users") })
      let expected = try records.flatMap(EndToEnd.KillTests.uuids).sorted()
      let stored = try #require(chain.query("SELECT \"user\" FROM \"users\"", port: influxDB.port))
      #expect(stored.compactMap { $0[1].string }.sorted() == expected)
    }
  }
}
