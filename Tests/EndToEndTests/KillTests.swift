import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// Promise 1: kill -9 at any moment loses nothing, doubles nothing, leaves nothing half written.
  @Suite struct KillTests {
    static let kills = 30

    @Test(.enabled(if: Executable.find("kcat") != nil, "kcat is not installed"))
    func everythingArrivesOnceThoughTheChainIsKilledThirtyTimes() throws {
      let api = try Executable(
        Places.millrace, ["sample-api", "--listen", "127.0.0.1:\(try Places.freePort())", "--vintage-interval", "3s"])
      defer { api.kill() }
      let address = try #require(
        Places.eventually { api.output.firstMatch(of: /http:\/\/127\.0\.0\.1:(\d+)/).map { String($0.1) } },
        "\(api.output)")
      let chain = try ExampleChain { path, text in
        // What the spool accepted stays there to be counted.
        if path == "flume/spool-to-kafka.conf" { return text.replacing("= immediate", with: "= never") }
        guard path == "apis/sample.yaml" else { return text }
        // The API goes on while the chain is killed, and is asked ten times a second.
        return text.replacing(/sampleApi:\n.*\n/, with: "")
          .replacing(/127\.0\.0\.1:\d+\/api/, with: "127.0.0.1:\(address)/api").replacing("1s", with: "100ms")
      }
      var random = SystemRandomNumberGenerator()
      for _ in 0..<Self.kills {
        try chain.start()
        usleep(UInt32.random(in: 100_000...1_500_000, using: &random))
        #expect(chain.millrace!.isRunning, "\(chain.millrace!.output)")
        chain.millrace!.kill()
      }
      try chain.start()
      usleep(1_500_000)
      #expect(chain.millrace!.interrupt() == 0, "\(chain.millrace!.output)")

      // The spool is what the chain accepted: all of it is done with, nothing half written.
      let pop = try spooled(chain, "pop")
      let users = try spooled(chain, "users")
      #expect(pop.count > Self.kills && users.count > Self.kills)

      // The topics have each document once.
      let broker = try Executable(
        Places.millrace, ["broker", "--data", "\(chain.data)/log", "--listen", "127.0.0.1:\(chain.kafka)"])
      defer { broker.kill() }
      let popRecords = try #require(Places.eventually { try? chain.topic("pop") }, "\(broker.output)")
      expectOnce(popRecords, pop)
      try expectOnce(chain.topic("users"), users)

      // So has the archive.
      try expectOnce(archived(chain, "case_pop"), pop)
      try expectOnce(archived(chain, "case_users"), users)

      // The store has each user once, and of each year and survey the figure that came last.
      let store = try Executable(
        Places.millrace, ["store", "--data", "\(chain.data)/store", "--listen", "127.0.0.1:\(chain.influx)"])
      defer { store.kill() }
      let rows = try #require(Places.eventually { chain.query("SELECT \"user\" FROM \"users\"") }, "\(store.output)")
      try expectOnce(rows.compactMap { $0[1].string }, users.flatMap(Self.uuids))
      var expected: [String: Int64] = [:]
      for document in popRecords { try expected.merge(Self.figures(document)) { $1 } }
      let figures = try #require(chain.query("SELECT ID_Year, Population, Dataset FROM population_data"))
      #expect(
        Dictionary(figures.map { ("\($0[1].integer!) \($0[3].string!)", $0[2].integer!) }, uniquingKeysWith: { $1 })
          == expected)
      #expect(figures.count == expected.count)
      let letters = try? chain.topic("dead-letters")
      #expect(letters ?? [] == [])
    }

    private func spooled(_ chain: ExampleChain, _ name: String) throws -> [String] {
      let directory = "\(chain.data)/spool/\(name)"
      let files = try Files.list(directory).filter { try Files.status("\(directory)/\($0)")?.isDirectory == false }
      #expect(files.filter { !$0.hasSuffix(".COMPLETED") } == [])
      return try files.map { try Files.readText("\(directory)/\($0)") }
    }

    private func archived(_ chain: ExampleChain, _ name: String) throws -> [String] {
      let root = "\(chain.data)/archive/\(name)"
      let files = try FileManager.default.subpathsOfDirectory(atPath: root)
        .filter { try Files.status("\(root)/\($0)")?.isDirectory == false }
      #expect(files.filter { $0.hasSuffix(".tmp") } == [])
      return try files.flatMap { try Files.readText("\(root)/\($0)").split(separator: "\n").map(String.init) }
    }

    static func uuids(_ document: String) throws -> [String] {
      try JSONValue(parsing: document)["results"]?.array?.compactMap { $0["login"]?["uuid"]?.string } ?? []
    }

    /// Figures by "year survey".
    static func figures(_ document: String) throws -> [String: Int64] {
      let json = try JSONValue(parsing: document)
      let survey = json["source"]?[0]?["name"]?.string ?? ""
      return Dictionary(
        (json["data"]?.array ?? []).map { ("\($0["ID Year"]!.integer!) \(survey)", $0["Population"]!.integer!) },
        uniquingKeysWith: { $1 })
    }
  }
}
