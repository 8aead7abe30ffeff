import MillBase
import Testing

extension EndToEnd {
  /// Every client that people have with every case it offers, against one broker: Scripts/client_matrix.
  @Suite struct ClientMatrixTests {
    @Test(
      .enabled(if: ClientMatrix.isInstalled, "skipped: no clients (scripts/setup.sh test)"), arguments: KafkaClient.all)
    func everyCaseIsServed(client: KafkaClient) throws {
      let output = try ClientMatrix.run.get()
      let lines = output.split(separator: "\n").filter { $0.hasPrefix("\(client.name): ") }.map(String.init)
      for line in lines { print("client matrix: \(line)") }
      let expected = client.cases.map {
        "\(client.name): \($0): \(client.notOffered.contains($0) ? "not offered by the client" : "ok")"
      }
      #expect(lines.filter { !$0.contains(": version: ") } == expected, "\(output)")
    }
  }
}

/// One client and what it has no means for; each of its other cases has to succeed.
struct KafkaClient: Sendable, CustomTestStringConvertible {
  let name: String
  var notOffered: Set<String> = []
  var python = Python.path
  /// Only reads what the others have written.
  var isReader = false

  static let all = [
    KafkaClient(
      name: "kcat",
      notOffered: Set(administration + ["committed offsets", "offsets in transactions"])),
    KafkaClient(name: "confluent-kafka", notOffered: ["admin delete group offset"]),
    KafkaClient(name: "kafka-python"),
    KafkaClient(
      name: "python3-kafka",
      notOffered: Set(transactions).union([
        "members of cooperative sticky", "static member comes back", "idempotent producer", "admin delete records",
        "admin delete group offset",
      ]), python: "/usr/bin/python3"),
    KafkaClient(
      name: "aiokafka",
      notOffered: ["members of cooperative sticky", "admin delete group offset", "admin delete group"]),
    KafkaClient(name: "millrace", isReader: true),
  ]

  private static let codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
  private static let transactions = [
    "transactions commit and abort", "read committed", "offsets in transactions", "fencing",
  ]
  private static let administration = [
    "admin topics", "admin settings", "admin delete records", "admin groups", "admin delete group offset",
    "admin delete group",
  ]

  /// In the order in which they are tried.
  var cases: [String] {
    let fetch = Self.codecs.map { "fetch \($0)" }
    if isReader { return fetch + ["read committed"] }
    return Self.codecs.map { "produce \($0)" } + fetch + [
      "offsets by time", "first and end offset", "group resumes after commit", "committed offsets",
      "two members join and leave under load", "members of cooperative sticky", "static member comes back",
      "killed member is replaced", "acks 0 1 and all", "idempotent producer",
    ] + Self.transactions + ["metadata"] + Self.administration
  }

  var testDescription: String { name }
}

/// The clients at work, all at once, each in a process of its own.
enum ClientMatrix {
  static let isInstalled =
    Python.isInstalled && Executable.find("kcat") != nil
    && Files.exists("/usr/lib/python3/dist-packages/kafka/__init__.py")

  /// What they have printed: once for all tests.
  static let run = Result {
    let broker = try Stage("broker")
    let script = "\(Places.root)/Tests/EndToEndTests/Scripts/client_matrix/matrix.py"
    func step(_ name: String, _ clients: [KafkaClient]) throws -> String {
      let processes = try clients.map {
        try Executable(
          $0.python, [script, $0.name, broker.address, broker.data, name],
          environment: ["MILLRACE_BINARY": Places.millrace])
      }
      return processes.map { process in
        process.wait()
        return process.output
      }.joined()
    }
    // What one reads all have written before.
    let output = try step("write", KafkaClient.all.filter { !$0.isReader }) + step("rest", KafkaClient.all)
    let status = broker.executable.interrupt()
    guard status == 0 else { throw MillError(.system, "the broker ends with \(status): \(broker.executable.output)") }
    return output
  }
}
