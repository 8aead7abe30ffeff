import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// Promise 3: bad input at every door gets a message that names it; the rest goes on; nothing is lost.
  @Suite struct BadInputTests {
    @Test(.enabled(if: Executable.find("kcat") != nil, "kcat is not installed"))
    func badFilesInTheSpoolHarmNoOther() throws {
      let chain = try ExampleChain()
      try chain.start()
      let spool = "\(chain.data)/spool/users"
      let up: Void? = Places.eventually { chain.query("SELECT \"user\" FROM \"users\"") != nil ? () : nil }
      #expect(up != nil, "\(chain.millrace!.output)")
      let good = #"{"results":[{"gender":"female","nat":"FR","dob":{"age":44},"login":{"uuid":"good-USER"}}]}"#
      let bad: [(name: String, bytes: [UInt8])] = [
        ("cut.json", Array(good.utf8.prefix(40))),
        ("types.json", Array(good.replacing("44", with: "\"old\"").replacing("\"good-USER\"", with: "7").utf8)),
        ("large.json", Array(("{\"results\":[\"" + String(repeating: "x", count: 10 << 20)).utf8)),
        ("binary.json", (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167) }),
        ("empty.json", []),
      ]
      for (name, bytes) in bad { try Files.writeAtomically(bytes, to: "\(spool)/\(name)") }
      try Files.writeAtomically(good, to: "\(spool)/good.json")
      let arrived: Void? = Places.eventually {
        chain.query("SELECT age FROM \"users\" WHERE \"user\" = 'good-USER'")?.count == 1 ? () : nil
      }
      #expect(arrived != nil, "what follows bad files does not arrive: \(chain.millrace!.output)")

      // Whole, with the reason and the origin in the headers.
      let letters: [String]? = Places.eventually { [self] in
        let keys = (try? deadLetters(chain)) ?? []
        return keys.count >= 3 ? keys : nil
      }
      let reasons = try #require(letters, "\(chain.millrace!.output)")
      #expect(reasons.allSatisfy { $0.contains("deadletter.origin=users-0@") && $0.contains("deadletter.reason=") })
      let sizes = Set(reasons.compactMap { $0.split(separator: " ").first.flatMap { Int($0) } })
      #expect(sizes.isSuperset(of: [40, 4096, bad[2].bytes.count]), "\(reasons)")
      #expect(chain.millrace!.isRunning)
      #expect(chain.millrace!.interrupt() == 0, "\(chain.millrace!.output)")
    }

    /// "size headers" of each dead letter.
    private func deadLetters(_ chain: ExampleChain) throws -> [String] {
      let (output, _) = try Executable.run(
        "kcat",
        [
          "-b", "127.0.0.1:\(chain.kafka)", "-C", "-t", "dead-letters", "-e", "-q", "-o", "beginning", "-f", "%S %h\n",
          "-X", "fetch.message.max.bytes=100000000", "-X", "fetch.wait.max.ms=10",
        ])
      return output.split(separator: "\n").map(String.init)
    }

    @Test func aFileThatChangesWhileItIsReadIsNamedAndTheRestGoesOn() throws {
      let chain = try ExampleChain { path, text in
        path == "apis/sample.yaml"
          ? text.replacing("interval: 1s", with: "interval: 200ms") : text.replacing("= immediate", with: "= never")
      }
      try chain.start()
      let spool = "\(chain.data)/spool/users"
      let up: Void? = Places.eventually { chain.query("SELECT \"user\" FROM \"users\"") != nil ? () : nil }
      #expect(up != nil, "\(chain.millrace!.output)")
      // Written in place, as the seed's script does: read when its writer has closed it, and then whole.
      do {
        let file = try File("\(spool)/slow.json", .createNew)
        for step in 0..<100 {
          try file.write(Array("{\"step\":\(step)}\n".utf8), at: try file.size())
          usleep(10_000)
        }
      }
      let whole: Void? = Places.eventually {
        (try? chain.topic("users"))?.contains { $0 == "{\"step\":99}" } == true ? () : nil
      }
      #expect(whole != nil, "the file does not arrive: \(chain.millrace!.output)")
      #expect(try chain.topic("users").filter { $0 == "{\"step\":0}" }.count == 1)
      // Opened, changed and closed again and again: no moment to read it in is right, so it is named and set aside.
      for step in 0..<60 {
        do {
          let file = try File("\(spool)/changing.json", .readWrite)
          try file.write(Array("{\"step\":\(step)}\n".utf8), at: try file.size())
        }
        usleep(20_000)
      }
      let named: Void? = Places.eventually { chain.millrace!.output.contains("changing.json") ? () : nil }
      #expect(named != nil, "the changed file is not named: \(chain.millrace!.output)")
      let before = chain.query("SELECT \"user\" FROM \"users\"")?.count ?? 0
      let more: Void? = Places.eventually {
        chain.query("SELECT \"user\" FROM \"users\"")?.count ?? 0 > before + 3 ? () : nil
      }
      #expect(more != nil, "the source stands still: \(chain.millrace!.output)")
    }

    @Test(arguments: [
      ("pipeline.yaml", "view:", "veiw:", "pipeline.yaml:", "did you mean 'view'?"),
      ("pipeline.yaml", "name: population", "name: [", "pipeline.yaml:", "not YAML"),
      ("users.sql", "person.gender,", "person.gendre,", "users.sql:", "did you mean"),
      ("users.sql", "SELECT timestamp AS", "SELEKT timestamp AS", "users.sql:", "SELEKT"),
      ("grafana/dashboard.json", "\"panels\"", "panels", "dashboard.json:", "not JSON"),
      ("grafana/alerting.yaml", "condition:", "condition: NOPE #", "alerting.yaml:", "NOPE"),
    ])
    func checkNamesFileAndLine(
      _ file: String, _ from: String, _ to: String, _ place: String, _ words: String
    ) throws {
      let chain = try ExampleChain { path, text in
        guard path == file, let range = text.firstRange(of: from) else { return text }
        return text.replacingCharacters(in: range, with: to)
      }
      let result = try Executable.run(Places.millrace, ["check", chain.directory])
      #expect(result.status == 78, "\(result.output)")
      #expect(
        result.output.contains(try Regex("\(NSRegularExpression.escapedPattern(for: place))\\d+")), "\(result.output)")
      #expect(result.output.contains(words), "\(result.output)")
    }

    /// Flume takes an unknown key without a word; check names it and the one that was probably meant.
    @Test func anUnknownFlumeKeyIsNamed() throws {
      let chain = try ExampleChain { path, text in
        path == "flume/spool-to-kafka.conf" ? text + "\na1.sources.users.spooolDir = x\n" : text
      }
      let result = try Executable.run(Places.millrace, ["check", chain.directory])
      #expect(result.status == 0, "\(result.output)")
      let warning = #/warning: .*spool-to-kafka\.conf:\d+: .*spooolDir.*spoolDir/#
      #expect(result.output.contains(warning), "\(result.output)")
    }

    @Test func aTakenPortIsNamed() throws {
      let chain = try ExampleChain()
      let taken = try HTTPServer(listen: Address(host: "127.0.0.1", port: chain.influx)) { _ in .text("") }
      defer { taken.stop() }
      try chain.start()
      #expect(chain.millrace!.wait() == 78)
      #expect(chain.millrace!.output.contains("127.0.0.1:\(chain.influx) is taken"), "\(chain.millrace!.output)")
    }

    static let canMount = getuid() == 0

    /// A small tmpfs fills up; after room is made everything arrives, once.
    @Test(
      .enabled(if: canMount && Executable.find("kcat") != nil, "only root can mount a small tmpfs, and kcat is needed"))
    func aFullDiskIsWaitedOut() throws {
      let chain = try ExampleChain { path, text in
        path == "apis/sample.yaml"
          ? text.replacing("interval: 1s", with: "interval: 100ms").replacing("results=3", with: "results=40") : text
      }
      try Files.makeDirectory(chain.data)
      let mounted = try Executable.run("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", chain.data])
      guard mounted.status == 0 else {
        print("skipped: a full disk: mount says \(mounted.output)")
        return
      }
      defer { _ = try? Executable.run("umount", ["-l", chain.data]) }
      try chain.start()
      let full: Void? = Places.eventually(within: 60) {
        chain.millrace!.output.contains("No space left on device") ? () : nil
      }
      #expect(full != nil, "\(chain.millrace!.output)")
      usleep(2_000_000)
      #expect(chain.millrace!.isRunning, "\(chain.millrace!.output)")
      let grown = try Executable.run("mount", ["-o", "remount,size=4g", chain.data])
      #expect(grown.status == 0, "\(grown.output)")
      let before = chain.query("SELECT \"user\" FROM \"users\"")?.count ?? 0
      let more: Void? = Places.eventually {
        (chain.query("SELECT \"user\" FROM \"users\"")?.count ?? 0) > before + 200 ? () : nil
      }
      #expect(more != nil, "work does not go on: \(chain.millrace!.output)")
      let users = try #require(Places.eventually { try? chain.topic("users") })
      #expect(Set(users).count == users.count, "a document is in the topic twice")
      #expect(chain.millrace!.interrupt() == 0, "\(chain.millrace!.output)")
    }
  }
}
