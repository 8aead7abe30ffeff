import MillBase
import Testing

extension EndToEnd {
  /// librdkafka's transactional producer, against a broker that is killed in the middle of a transaction.
  @Suite struct TransactionTests {
    @Test(.enabled(if: Python.isInstalled, "skipped: no .venv (scripts/setup.sh test)"))
    func librdkafkasTransactionsSurviveAKill() throws {
      let script = "confluent_kafka_transactions.py"
      let directory = try Files.makeTemporaryDirectory("millrace-transactions")
      defer { try? Files.removeTree(directory) }
      let address = "127.0.0.1:\(try Places.freePort())"
      func broker() throws -> Executable {
        let broker = try Executable(Places.millrace, ["broker", "--data", "\(directory)/data", "--listen", address])
        let up: Void? = Places.eventually { broker.output.contains("Ctrl-C ends") ? () : nil }
        try #require(up != nil, "\(broker.output)")
        return broker
      }
      let killed = try broker()
      let (written, writeStatus) = try Python.run(script: script, address, "write")
      killed.kill()
      #expect(writeStatus == 0, "\(written)\(killed.output)")
      let steps = ["decided ok", "time-out ok", "left open"]
      // Lines with a percent sign are librdkafka's own.
      let lines = written.split(separator: "\n").filter { !$0.hasPrefix("%") }.map(String.init)
      #expect(lines == steps, "\(written)")
      let again = try broker()
      let (resumed, resumeStatus) = try Python.run(script: script, address, "resume")
      #expect(resumeStatus == 0 && resumed.hasSuffix("restart ok\n"), "\(resumed)\(again.output)")
      #expect(again.interrupt() == 0, "\(again.output)")
    }
  }
}
