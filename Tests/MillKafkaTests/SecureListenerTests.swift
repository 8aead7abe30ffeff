import Glibc
import MillBase
import MillLog
import Testing

@testable import MillKafka

/// A directory with an authority and a server certificate of its own, made by openssl.
struct Certificates {
  let directory: String
  var authority: String { "\(directory)/ca.pem" }
  var server: String { "\(directory)/server.pem" }

  init() throws {
    directory = try Files.makeTemporaryDirectory("mill-tls")
    let script = """
      set -e; cd \(directory)
      openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-authority -keyout ca.key -out ca.pem
      openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out server.csr
      printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' >names
      openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem
      cat cert.pem key.pem >server.pem
      """
    #expect(try ChildProcess.run(["sh", "-c", script]).code == 0)
  }

  func remove() { try? Files.removeTree(directory) }
}

/// A log served beyond loopback's rules: SASL over TLS.
final class SecureHarness {
  let certificates: Certificates
  let directory: String
  let log: LocalLog
  let server: KafkaServer

  init(listen: String = "127.0.0.1:0", options: ServerOptions = ServerOptions()) throws {
    certificates = try Certificates()
    directory = try Files.makeTemporaryDirectory("mill-kafka")
    log = try LocalLog(directory: directory)
    let tls = try TLSIdentity(certificates: certificates.server, key: certificates.server)
    let users = try SASLUsers(["alice": "wonder,land=1", "bob": "builder"])
    server = try KafkaServer(
      log: log, listen: Address(listen), advertised: Address("127.0.0.1:0"),
      security: ListenerSecurity(tls: tls, sasl: users), options: options)
  }

  func close() {
    server.stop()
    try? log.close()
    try? Files.removeTree(directory)
    certificates.remove()
  }

  func kcat(_ arguments: String, _ mechanism: String, password: String, input: String = "") throws -> (
    code: Int32, output: String
  ) {
    try ChildProcess.run(
      [
        "kcat", "-b", "127.0.0.1:\(server.address.port)", "-X", "security.protocol=SASL_SSL", "-X",
        "ssl.ca.location=\(certificates.authority)", "-X", "sasl.mechanism=\(mechanism)", "-X", "sasl.username=alice",
        "-X", "sasl.password=\(password)",
      ] + arguments.split(separator: " ").map(String.init), input: input)
  }
}

@Suite(.enabled(if: ChildProcess.has("openssl") && ChildProcess.has("kcat"))) struct SecureListenerTests {
  @Test(arguments: SASLMechanism.allCases) func kcatProducesAndConsumesOverTLS(mechanism: SASLMechanism) throws {
    let harness = try SecureHarness(listen: "0.0.0.0:0")
    defer { harness.close() }
    try harness.log.createTopic("pop", partitions: 1, configuration: [:])
    let text = (1...5000).map { "line \($0)\n" }.joined()
    let name = mechanism.rawValue
    #expect(try harness.kcat("-P -t pop", name, password: "wonder,land=1", input: text).code == 0)
    let read = try harness.kcat("-C -t pop -o beginning -e -q", name, password: "wonder,land=1")
    #expect(read.code == 0)
    #expect(read.output == text)
  }

  @Test(arguments: SASLMechanism.allCases) func aWrongPasswordIsRefused(mechanism: SASLMechanism) throws {
    let harness = try SecureHarness()
    defer { harness.close() }
    #expect(try harness.kcat("-L -m 3", mechanism.rawValue, password: "wrong").code != 0)
    #expect(try harness.kcat("-L -m 10", mechanism.rawValue, password: "wonder,land=1").code == 0)
  }

  /// confluent-kafka says what the server answered.
  @Test(.enabled(if: PythonClient.isInstalled)) func clientsHearWhyTheyAreNotLetIn() throws {
    let harness = try SecureHarness()
    defer { harness.close() }
    let script = """
      import sys
      from confluent_kafka.admin import AdminClient
      port, ca, mechanism, password = sys.argv[1:]
      errors = []
      admin = AdminClient({"bootstrap.servers": "127.0.0.1:" + port, "security.protocol": "SASL_SSL",
        "ssl.ca.location": ca, "sasl.mechanism": mechanism, "sasl.username": "bob", "sasl.password": password,
        "error_cb": lambda error: errors.append(error.str())})
      try:
        print("brokers", len(admin.list_topics(timeout=5).brokers))
      except Exception:
        admin.poll(1)
        print("refused", any("invalid user or password" in error for error in errors))
      """
    for mechanism in SASLMechanism.allCases {
      for (password, answer) in [("builder", "brokers 1\n"), ("no", "refused True\n")] {
        let (_, output) = try ChildProcess.run([
          PythonClient.path, "-c", script, "\(harness.server.address.port)", harness.certificates.authority,
          mechanism.rawValue, password,
        ])
        #expect(output == answer, "\(mechanism) \(password)")
      }
    }
  }

  @Test func whoTalksInTheClearIsClosedAndOthersAreServed() throws {
    let harness = try SecureHarness()
    defer { harness.close() }
    for bytes in [RawClient.request(3, 1, 1, [0xFF, 0xFF, 0xFF, 0xFF]), [22, 3, 1, 0xFF, 0xFF, 1, 2], [0]] {
      let client = try RawClient(harness.server.address)
      client.send(bytes)
      // One byte may yet become a handshake: that client stays, and harms nobody.
      if bytes.count > 1 { while client.receive() != nil {} }
    }
    #expect(try harness.kcat("-L -m 10", "SCRAM-SHA-256", password: "wonder,land=1").code == 0)
  }

  @Test func aKeyThatDoesNotFitIsNamed() throws {
    let certificates = try Certificates()
    defer { certificates.remove() }
    for (certificate, key) in [
      ("ca.pem", "key.pem"), ("key.pem", "key.pem"), ("cert.pem", "ca.pem"), ("no", "key.pem"),
    ] {
      let directory = certificates.directory
      let found = code {
        _ = try TLSIdentity(certificates: "\(directory)/\(certificate)", key: "\(directory)/\(key)")
      }
      #expect(found == .configuration, "\(certificate) \(key)")
    }
  }
}

enum PythonClient {
  static let path: String = {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    return "\(root)/.venv/bin/python"
  }()

  static var isInstalled: Bool {
    if access(path, X_OK) == 0 { return true }
    print("skipped: \(path) is not there")
    return false
  }
}
