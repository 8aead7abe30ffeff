import MillBase
import MillLog
import Testing

@testable import MillKafka

@Suite struct TopicsCommandTests {
  /// Exit code, and the lines of both outputs.
  private static func run(_ line: String) -> (code: Int32, lines: [String]) {
    var lines: [String] = []
    let output = ToolOutput(
      out: { bytes in lines.append(String(decoding: bytes.dropLast(), as: UTF8.self)) }, err: { lines.append($0) })
    let code = TopicsCommand.run(arguments: line.split(separator: " ").map(String.init), output: output)
    return (code, lines)
  }

  /// Runs the command lines one after the other against one server; each with its exit code and lines.
  private func check(_ steps: [(arguments: String, code: Int32, lines: [String])]) throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    for step in steps {
      let (code, lines) = Self.run("\(step.arguments) --bootstrap-server \(harness.address)")
      #expect(lines == step.lines, "\(step.arguments)")
      #expect(code == step.code, "\(step.arguments)")
    }
  }

  @Test func createListDescribeAlterDelete() throws {
    try check([
      ("--list", 0, []),
      ("--create --topic pop --partitions 1 --replication-factor 1", 0, ["Created topic pop."]),
      (
        "--create --topic pop --partitions 1", 1,
        [
          "Error while executing topic command : Topic 'pop' already exists. (TOPIC_ALREADY_EXISTS 36, not retriable); "
            + "choose another name, or use what is there"
        ]
      ),
      ("--create --topic pop --if-not-exists", 0, []),
      ("--create --topic=users --partitions=2 --config retention.ms=1000", 0, ["Created topic users."]),
      ("--list", 0, ["pop", "users"]),
      ("--list --topic p.*", 0, ["pop"]),
      (
        "--describe --topic users", 0,
        [
          "Topic: users\tPartitionCount: 2\tReplicationFactor: 1\tConfigs: retention.ms=1000",
          "\tTopic: users\tPartition: 0\tLeader: 1\tReplicas: 1\tIsr: 1",
          "\tTopic: users\tPartition: 1\tLeader: 1\tReplicas: 1\tIsr: 1",
        ]
      ),
      ("--alter --topic pop --partitions 3", 0, []),
      (
        "--alter --topic pop --partitions 2", 1,
        [
          "Error while executing topic command : pop: Topic currently has 3 partitions, which is higher than the "
            + "requested 2. (INVALID_PARTITIONS 37, not retriable); partitions can be added only"
        ]
      ),
      ("--delete --topic users", 0, []),
      ("--delete --topic users", 1, [Self.missing]),
      ("--delete --topic users --if-exists", 0, []),
      ("--describe --topic users", 1, [Self.missing]),
    ])
  }

  private static let missing =
    "Error while executing topic command : Topic 'users' does not exist as expected; see those that there are with "
    + "--list, or give --if-exists"

  @Test func topicsAreDescribedAndDeletedByWhatTheyHave() throws {
    try check([
      ("--create --topic own --config retention.ms=1000", 0, ["Created topic own."]),
      ("--create --topic plain-1", 0, ["Created topic plain-1."]),
      ("--create --topic plain-2", 0, ["Created topic plain-2."]),
      (
        "--describe --topics-with-overrides", 0,
        ["Topic: own\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: retention.ms=1000"]
      ),
      ("--describe --under-replicated-partitions", 0, []),
      ("--describe --unavailable-partitions", 0, []),
      ("--alter --topic plain-.* --partitions 2", 0, []),
      ("--delete --topic plain-.*", 0, []),
      ("--list", 0, ["own"]),
    ])
  }

  @Test func whatCannotBeCreatedIsExplained() throws {
    try check([
      (
        "--create --topic a --replication-factor 3", 1,
        [
          "Error while executing topic command : a: Unable to replicate the partition 3 time(s): The target replication "
            + "factor of 3 cannot be reached because only 1 broker(s) are registered. "
            + "(INVALID_REPLICATION_FACTOR 38, not retriable); there must be as many brokers"
        ]
      ),
      (
        "--create --topic a --config no.such=1", 1,
        [
          "Error while executing topic command : a: unknown topic config name: no.such (INVALID_CONFIG 40, not "
            + "retriable); see Kafka's topic configurations"
        ]
      ),
    ])
  }

  @Test(arguments: [
    ("", "Command must include exactly one action: --list, --describe, --create, --alter or --delete"),
    ("--list --create", "Command must include exactly one action: --list, --describe, --create, --alter or --delete"),
    ("--list", "Missing required argument \"[bootstrap-server]\""),
    ("--create --bootstrap-server h:1", "Missing required argument \"[topic]\""),
    ("--list --bootstrap-server", "Option bootstrap-server requires an argument"),
    ("--list --zookeeper h:1", "zookeeper is not a recognized option; give --bootstrap-server HOST:PORT"),
    ("--list --frob", "--frob is not a recognized option"),
    ("--alter --topic a --bootstrap-server h:1", "Missing required argument \"[partitions]\""),
    ("--list --unavailable-partitions --bootstrap-server h:1", "--unavailable-partitions goes with --describe, alone"),
    ("--describe --topic-id x --bootstrap-server h:1", "--topic-id is not served here; give --topic"),
    ("--create --topic a --partitions x --bootstrap-server h:1", "Cannot parse argument 'x' of option --partitions"),
  ]) func wrongFlags(line: String, message: String) {
    let (code, lines) = Self.run(line)
    #expect(code == 64)
    #expect(lines.first?.hasPrefix(message) == true, "\(lines)")
    #expect(lines.last == "See millrace topics --help")
  }

  @Test func nobodyThere() throws {
    // Port 1 is the system's: nothing listens there.
    let (code, lines) = Self.run("--list --bootstrap-server 127.0.0.1:1")
    #expect(code == 1)
    #expect(lines.count == 1 && lines[0].contains("nothing listens at 127.0.0.1:1"))
  }
}
