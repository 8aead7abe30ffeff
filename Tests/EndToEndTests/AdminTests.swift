import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// What people administer a Kafka with, against the broker that runs alone.
  @Suite struct AdminTests {
    @Test(
      .enabled(if: Python.isInstalled, "skipped: no .venv (scripts/setup.sh test)"),
      arguments: [
        ("confluent_kafka_admin.py", ["create", "alter", "compact", "describe", "delete records", "delete"]),
        ("kafka_python_admin.py", ["delete offsets"]),
      ])
    func adminClients(script: String, done: [String]) throws {
      let broker = try Stage("broker")
      let (output, status) = try Python.run(script: script, broker.address)
      #expect(status == 0, "\(output)\(broker.executable.output)")
      #expect(output.split(separator: "\n").filter { $0.hasSuffix(" ok") } == done.map { "\($0) ok" }, "\(output)")
      #expect(broker.executable.interrupt() == 0, "\(broker.executable.output)")
    }
  }
}
