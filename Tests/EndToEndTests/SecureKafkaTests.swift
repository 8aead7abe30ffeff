import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// A broker that wants a password over TLS, and what is configured to use it.
  @Suite(.enabled(if: Executable.find("openssl") != nil, "skipped: openssl is not installed"))
  struct SecureKafkaTests {
    private static let password = "wonder,land=1"

    /// `millrace broker --config` with certificates of its own.
    private final class SecureBroker {
      let directory: String
      let port: UInt16
      private let executable: Executable

      init() throws {
        directory = try Files.makeTemporaryDirectory("millrace-secure")
        port = try Places.freePort()
        let script = """
          set -e; cd \(directory)
          openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-authority -keyout ca.key -out ca.pem
          openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out server.csr
          printf 'subjectAltName=DNS:localhost' >names
          openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem
          cat cert.pem key.pem >server.pem
          """
        let made = try Executable.run("sh", ["-c", script])
        guard made.status == 0 else { throw MillError(.system, "openssl: \(made.output)") }
        try Files.writeAtomically(
          """
          listeners=SASL_SSL://localhost:\(port)
          log.dirs=\(directory)/log
          ssl.keystore.type=PEM
          ssl.keystore.location=\(directory)/server.pem
          sasl.enabled.mechanisms=SCRAM-SHA-512
          sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
            user_alice="${env:ALICE_PASSWORD}";
          """, to: "\(directory)/server.properties")
        try Files.writeAtomically(
          """
          security.protocol=SASL_SSL
          sasl.mechanism=SCRAM-SHA-512
          sasl.username=alice
          sasl.password=${env:KAFKA_PASSWORD}
          ssl.truststore.type=PEM
          ssl.truststore.location=\(directory)/ca.pem
          """, to: "\(directory)/client.properties")
        let executable = try Executable(
          Places.millrace, ["broker", "--config", "\(directory)/server.properties"],
          environment: ["ALICE_PASSWORD": password])
        self.executable = executable
        let serves: Void? = Places.eventually { executable.output.contains("serving on") ? () : nil }
        guard serves != nil else { throw MillError(.system, executable.output) }
      }

      deinit {
        executable.kill()
        try? Files.removeTree(directory)
      }

      func tool(_ line: String, password: String = SecureKafkaTests.password) throws -> (output: String, status: Int32)
      {
        try Executable.run(
          Places.millrace,
          line.split(separator: " ").map(String.init) + [
            "--bootstrap-server", "localhost:\(port)", "--command-config", "\(directory)/client.properties",
          ], environment: ["KAFKA_PASSWORD": password])
      }
    }

    @Test func aChainUsesAKafkaThatWantsAPasswordOverTLS() throws {
      let broker = try SecureBroker()
      let chain = try ExampleChain { path, text in
        let text = text.replacing(/localhost:\d+/, with: "localhost:\(broker.port)")
        guard path == "pipeline.yaml" else { return text }
        return text.replacing(
          /log:\n  listen: .*\n/,
          with: """
            log:
              servers: localhost:\(broker.port)
              properties:
                security.protocol: SASL_SSL
                sasl.mechanism: SCRAM-SHA-512
                sasl.jaas.config: >-
                  org.apache.kafka.common.security.scram.ScramLoginModule required
                  username="alice" password="${env:KAFKA_PASSWORD}";
                ssl.truststore.type: PEM
                ssl.truststore.location: \(broker.directory)/ca.pem

            """)
      }
      try chain.start(environment: ["KAFKA_PASSWORD": Self.password])
      let people: Void? = Places.eventually(within: 60) {
        chain.query("SELECT age FROM \"users\"")?.isEmpty == false ? () : nil
      }
      #expect(people != nil, "\(chain.millrace!.output)")
      let consumed = try broker.tool("consume --topic users --from-beginning --max-messages 1")
      #expect(consumed.status == 0 && consumed.output.contains("\"gender\""), "\(consumed.output)")
      let groups = try broker.tool("groups --list")
      #expect(groups.status == 0 && groups.output.contains("archive-users"), "\(groups.output)")
      #expect(chain.millrace!.interrupt() == 0)
      #expect(!chain.millrace!.output.contains(Self.password))
    }

    /// Spark's `kafka.` options, in a batch.
    @Test func aQuerysOwnOptionsReachTheClient() throws {
      let broker = try SecureBroker()
      #expect(try broker.tool("topics --create --topic pop").output == "Created topic pop.\n")
      try Files.writeAtomically("DK\nUS\n", to: "\(broker.directory)/lines")
      let sent = try Executable.run(
        "sh",
        [
          "-c",
          "exec \(Places.millrace) produce --topic pop --bootstrap-server localhost:\(broker.port) "
            + "--command-config \(broker.directory)/client.properties < \(broker.directory)/lines",
        ], environment: ["KAFKA_PASSWORD": Self.password])
      #expect(sent.output == "2 records delivered\n")
      try Files.writeAtomically(
        """
        CREATE TEMPORARY VIEW pop USING kafka OPTIONS (
          kafka.bootstrap.servers 'localhost:\(broker.port)', subscribe 'pop', startingOffsets 'earliest',
          kafka.security.protocol 'SASL_SSL', kafka.sasl.mechanism 'SCRAM-SHA-512',
          kafka.sasl.username 'alice', kafka.sasl.password '\(Self.password)',
          kafka.ssl.ca.location '\(broker.directory)/ca.pem');
        SELECT CAST(value AS STRING) AS nation FROM pop
        """, to: "\(broker.directory)/pop.sql")
      let rows = try Executable.run(Places.millrace, ["query", "\(broker.directory)/pop.sql"])
      #expect(rows.status == 0 && rows.output.contains("DK") && rows.output.contains("US"), "\(rows.output)")
    }

    @Test func aWrongPasswordIsSaidAtOnceWithTheWayOut() throws {
      let broker = try SecureBroker()
      for line in ["topics --list", "groups --list", "configs --topic pop --describe", "consume --topic pop --group g"]
      {
        let (output, status) = try broker.tool(line, password: "not-the-one-1")
        #expect(status == 1)
        #expect(output.contains("(_AUTHENTICATION -169, not retriable); check user and password"), "\(line): \(output)")
        #expect(!output.contains("not-the-one-1"))
      }
    }
  }
}
