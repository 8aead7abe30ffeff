import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// The store's Python clients, kcat, and Kafka's own commands, against stages that run alone.
  @Suite struct ClientTests {
    @Test(
      .enabled(if: Python.isInstalled, "skipped: no .venv (scripts/setup.sh test)"),
      arguments: [("influxdb_client_v1.py", "v1 ok"), ("influxdb_client_v2.py", "v2 ok")])
    func influxClients(script: String, last: String) throws {
      let store = try Stage("store")
      let (output, status) = try Python.run(script: script, "\(store.port)")
      #expect(status == 0 && output.hasSuffix("\(last)\n"), "\(output)\(store.executable.output)")
      #expect(store.executable.interrupt() == 0, "\(store.executable.output)")
    }

    @Test(.enabled(if: Executable.find("kcat") != nil, "skipped: kcat is not installed"))
    func topicsAreMadeListedAndDescribedAsKafkaDoes() throws {
      let broker = try Stage("broker")
      func topics(_ arguments: String) throws -> (output: String, status: Int32) {
        let words = ["topics"] + arguments.split(separator: " ").map(String.init)
        return try Executable.run(Places.millrace, words + ["--bootstrap-server", broker.address])
      }
      #expect(try topics("--create --topic pop") == ("Created topic pop.\n", 0))
      let again = try topics("--create --topic pop")
      #expect(again.output.contains("Error while executing topic command : Topic 'pop' already exists."))
      #expect(again.status == 1)
      #expect(try topics("--list") == ("pop\n", 0))
      let described = try topics("--describe --topic pop").output
      #expect(described.hasPrefix("Topic: pop\t") && described.contains("PartitionCount: 1\tReplicationFactor: 1"))
      let (listing, status) = try Executable.run("kcat", ["-b", broker.address, "-L"])
      #expect(status == 0 && listing.contains("topic \"pop\" with 1 partitions:"), "\(listing)")
    }
  }
}
