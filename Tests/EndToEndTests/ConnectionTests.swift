import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// What connections cost the broker, and where it lets them in.
  @Suite struct ConnectionTests {
    @Test(.enabled(if: Python.isInstalled, "skipped: no .venv (scripts/setup.sh test)"))
    func aThousandConnectionsTakeLessThan50MB() throws {
      let broker = try Stage("broker")
      let (output, status) = try Python.run(
        script: "kafka_connections.py", "\(broker.port)", "\(broker.executable.pid)")
      print("broker: \(output)")
      #expect(status == 0, "\(output)\(broker.executable.output)")
      let words = output.split(separator: " ")
      #expect(words.first == "1000" && (words.dropLast().last.flatMap { Int($0) } ?? .max) < 50, "\(output)")
    }

    @Test func aListenerThatOthersReachIsRefusedWithoutPasswordsOverTLS() throws {
      let (output, status) = try Executable.run(
        Places.millrace, ["broker", "--data", "/nonexistent/log", "--listen", "0.0.0.0:0"])
      #expect(status == 78)
      #expect(output.contains("SASL_SSL") && output.contains("millrace help broker"), "\(output)")
    }
  }
}
