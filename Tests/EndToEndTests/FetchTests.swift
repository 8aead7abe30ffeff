import MillBase
import Testing

extension EndToEnd {
  @Suite struct FetchTests {
    /// kafka-python's fetch sessions, and librdkafka's fetches by topic id.
    @Test(.enabled(if: Python.isInstalled, "skipped: no .venv (scripts/setup.sh test)"))
    func clientsFetchTheNewestWayTheyKnow() throws {
      let broker = try Stage("broker")
      let (output, status) = try Python.run(script: "kafka_fetch_versions.py", broker.address)
      #expect(status == 0 && output.contains("sessions ok") && output.contains("ids ok"), "\(output)")
      #expect(broker.executable.interrupt() == 0, "\(broker.executable.output)")
    }
  }
}
