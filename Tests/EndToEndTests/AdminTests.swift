import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// What librdkafka's AdminClient asks and is refused, against the broker that runs alone. What every client's admin
  /// does stands in ClientMatrixTests.
  @Suite struct AdminTests {
    @Test(.enabled(if: Python.isInstalled, "skipped: no .venv (scripts/setup.sh test)"))
    func librdkafkasAdminClient() throws {
      let broker = try Stage("broker")
      let (output, status) = try Python.run(script: "confluent_kafka_admin.py", broker.address)
      #expect(status == 0, "\(output)\(broker.executable.output)")
      let done = ["create", "alter", "compact", "describe", "delete records", "delete"]
      #expect(output.split(separator: "\n").filter { $0.hasSuffix(" ok") } == done.map { "\($0) ok" }, "\(output)")
      #expect(broker.executable.interrupt() == 0, "\(broker.executable.output)")
    }
  }
}
