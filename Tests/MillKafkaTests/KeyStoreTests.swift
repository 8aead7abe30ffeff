import MillBase
import MillLog
import Testing

@testable import MillKafka

/// Java's key and trust store settings, against a listener with TLS and passwords.
@Suite(.enabled(if: ChildProcess.has("openssl"))) struct KeyStoreTests {
  /// A client's certificate beside the authority, in all kinds of stores.
  private func makeStores(_ certificates: Certificates) throws -> String {
    let directory = certificates.directory
    let script = """
      set -e; cd \(directory)
      openssl pkcs12 -export -nokeys -in ca.pem -out trust.p12 -passout pass:changeit
      openssl req -newkey rsa:2048 -nodes -subj /CN=client -keyout client.key -out client.csr
      openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out client.pem
      openssl pkcs8 -topk8 -in client.key -out client.enc -passout pass:sesame-open
      cat client.enc client.pem >client-store.pem
      openssl pkcs12 -export -in client.pem -inkey client.key -out client.p12 -passout pass:changeit
      printf '\\376\\355\\376\\355rest' >old.jks
      """
    #expect(try ChildProcess.run(["sh", "-c", script]).code == 0)
    return directory
  }

  @Test func everyKindOfTrustStoreOpensTheListener() throws {
    let harness = try SecureHarness()
    defer { harness.close() }
    let directory = try makeStores(harness.certificates)
    try harness.log.createTopic("pop", partitions: 1, configuration: [:])
    let login = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"alice\" "
    let user = [
      "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512",
      "sasl.jaas.config": "\(login)password=\"wonder,land=1\";",
    ]
    for (index, store) in [
      ["ssl.truststore.type": "PEM", "ssl.truststore.location": "\(directory)/ca.pem"],
      ["ssl.truststore.type": "PEM", "ssl.truststore.certificates": try Files.readText("\(directory)/ca.pem")],
      [
        "ssl.truststore.type": "PKCS12", "ssl.truststore.location": "\(directory)/trust.p12",
        "ssl.truststore.password": "changeit",
      ],
      // Java's default type, JKS, reads PKCS12 as well.
      ["ssl.truststore.location": "\(directory)/trust.p12", "ssl.truststore.password": "changeit"],
      // The server asks for no certificate; a client that has one is let in all the same.
      [
        "ssl.ca.location": "\(directory)/ca.pem", "ssl.keystore.type": "PEM",
        "ssl.keystore.location": "\(directory)/client-store.pem", "ssl.key.password": "sesame-open",
      ],
      [
        "ssl.ca.location": "\(directory)/ca.pem", "ssl.keystore.type": "PEM", "ssl.key.password": "sesame-open",
        "ssl.keystore.key": try Files.readText("\(directory)/client.enc"),
        "ssl.keystore.certificate.chain": try Files.readText("\(directory)/client.pem"),
      ],
      [
        "ssl.ca.location": "\(directory)/ca.pem", "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": "\(directory)/client.p12", "ssl.keystore.password": "changeit",
      ],
    ].enumerated() {
      let log = try KafkaLog(
        bootstrapServers: "127.0.0.1:\(harness.server.address.port)", properties: user.merging(store) { $1 })
      let offset = try log.append([Record(value: Array("\(index)".utf8))], to: .init("pop", 0), codec: .none)
      #expect(offset == Int64(index), "\(store.keys.sorted())")
      try log.close()
    }
    #expect(!Secrets.redact("a changeit of sesame-open").contains("changeit of sesame-open"))
  }

  @Test func whatCannotBeReadIsNamedWithTheWayOut() throws {
    let certificates = try Certificates()
    defer { certificates.remove() }
    let directory = try makeStores(certificates)
    for (properties, key, wayOut) in [
      (
        ["ssl.truststore.location": "\(directory)/old.jks"], "ssl.truststore.location",
        "keytool -importkeystore -srckeystore \(directory)/old.jks -destkeystore \(directory)/old.p12 -deststoretype PKCS12"
      ),
      (
        ["ssl.keystore.type": "JKS", "ssl.keystore.location": "\(directory)/old.jks"], "ssl.keystore.location",
        "keytool"
      ),
      (["ssl.truststore.location": "\(directory)/ca.pem"], "ssl.truststore.type", "set PEM"),
      (
        ["ssl.truststore.type": "PEM", "ssl.truststore.location": "\(directory)/trust.p12"], "ssl.truststore.type",
        "set PKCS12"
      ),
      (
        [
          "ssl.truststore.type": "PKCS12", "ssl.truststore.location": "\(directory)/trust.p12",
          "ssl.truststore.password": "not-the-one-1",
        ], "ssl.truststore.location", "check ssl.truststore.password"
      ),
      (["ssl.truststore.location": "\(directory)/none.p12"], "ssl.truststore.location", ""),
      (
        ["ssl.truststore.type": "BKS", "ssl.truststore.location": "\(directory)/trust.p12"], "ssl.truststore.type",
        "PEM"
      ),
      (["ssl.keystore.key": "x"], "ssl.keystore.certificate.chain", ""),
      (
        [
          "ssl.keystore.type": "PEM", "ssl.keystore.location": "\(directory)/client-store.pem",
          "ssl.keystore.password": "secret-2",
        ], "ssl.keystore.password", "take it out"
      ),
    ] {
      do {
        _ = try KafkaProperties(properties)
        Issue.record("taken: \(properties)")
      } catch let error as MillError {
        #expect(error.code == .configuration && error.place?.key == key, "\(error)")
        #expect("\(error)".contains(wayOut), "\(error)")
      }
    }
  }

  /// Stores made by Java's own tool; the advice about a JKS store is followed to the letter.
  @Test(.enabled(if: ChildProcess.has("keytool"))) func whatKeytoolMakesIsRead() throws {
    let harness = try SecureHarness()
    defer { harness.close() }
    let directory = harness.certificates.directory
    for (kind, file) in [("JKS", "trust.jks"), ("PKCS12", "java.p12")] {
      let made = try ChildProcess.run([
        "keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", harness.certificates.authority, "-keystore",
        "\(directory)/\(file)", "-storetype", kind, "-storepass", "changeit",
      ])
      #expect(made.code == 0)
    }
    func topics(_ store: String) throws -> Int {
      let log = try KafkaLog(
        bootstrapServers: "127.0.0.1:\(harness.server.address.port)",
        properties: [
          "security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.username": "alice",
          "sasl.password": "wonder,land=1", "ssl.truststore.location": store, "ssl.truststore.password": "changeit",
        ])
      defer { try? log.close() }
      return try log.topics().count
    }
    #expect(try topics("\(directory)/java.p12") == 0)
    do {
      _ = try topics("\(directory)/trust.jks")
      Issue.record("a JKS store was taken")
    } catch let error as MillError {
      let command = try #require(error.wayOut?.firstMatch(of: /keytool [^;]*/)).output.split(separator: " ").map(
        String.init)
      let converted = try ChildProcess.run(command + ["-srcstorepass", "changeit", "-deststorepass", "changeit"])
      #expect(converted.code == 0)
    }
    #expect(try topics("\(directory)/trust.p12") == 0)
  }
}
