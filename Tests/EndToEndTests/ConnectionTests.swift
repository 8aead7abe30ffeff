import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// What connections cost the broker, and where it lets them in.
  @Suite struct ConnectionTests {
    private func memory(of broker: Stage, _ arguments: String...) throws -> Int {
      let (output, status) = try Executable.run(
        Python.path,
        [
          "\(Places.root)/Tests/EndToEndTests/Scripts/kafka_connections.py", "\(broker.port)",
          "\(broker.executable.pid)",
        ] + arguments)
      print("broker: \(output)")
      #expect(status == 0, "\(output)\(broker.executable.output)")
      let words = output.split(separator: " ")
      #expect(words.first == "1000", "\(output)")
      return words.dropLast().last.flatMap { Int($0) } ?? .max
    }

    @Test(.enabled(if: Python.isInstalled, "skipped: no .venv (scripts/setup.sh test)"))
    func aThousandConnectionsTakeLessThan50MB() throws { #expect(try memory(of: Stage("broker")) < 50) }

    @Test(
      .enabled(
        if: Python.isInstalled && Executable.find("openssl") != nil,
        "skipped: no .venv, no openssl (scripts/setup.sh test)"))
    func aThousandTLSConnectionsTakeLessThan50MB() throws {
      let folder = try Files.makeTemporaryDirectory("millrace-tls")
      defer { try? Files.removeTree(folder) }
      let (output, status) = try Executable.run(
        "openssl",
        [
          "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
          "subjectAltName=DNS:localhost", "-keyout", "\(folder)/key.pem", "-out", "\(folder)/cert.pem",
        ])
      #expect(status == 0, "\(output)")
      let certificate = try Files.read("\(folder)/cert.pem")
      try Files.writeAtomically(certificate + Files.read("\(folder)/key.pem"), to: "\(folder)/server.pem")
      try Files.writeAtomically(
        """
        listeners=SSL://127.0.0.1:0
        ssl.keystore.type=PEM
        ssl.keystore.location=\(folder)/server.pem
        """, to: "\(folder)/server.properties")
      let broker = try Stage("broker", "--config", "\(folder)/server.properties")
      #expect(try memory(of: broker, "\(folder)/cert.pem") < 50)
    }

    @Test func aTakenPortEndsTheBrokerWithTheWayOut() throws {
      let broker = try Stage("broker")
      let (output, status) = try Executable.run(
        Places.millrace, ["broker", "--data", "\(broker.data)-other", "--listen", broker.address])
      #expect(status == 78)
      #expect(output.contains("\(broker.address) is taken") && output.contains("choose another port"), "\(output)")
      #expect(broker.executable.isRunning)
    }

    @Test func aListenerThatOthersReachIsRefusedWithoutPasswordsOverTLS() throws {
      let (output, status) = try Executable.run(
        Places.millrace, ["broker", "--data", "/nonexistent/log", "--listen", "0.0.0.0:0"])
      #expect(status == 78)
      #expect(output.contains("SASL_SSL") && output.contains("millrace help broker"), "\(output)")
    }
  }
}
