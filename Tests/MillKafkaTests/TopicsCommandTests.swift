import MillBase
import MillLog
import Testing

@testable import MillKafka

@Suite struct TopicsCommandTests {
  /// Runs the command lines one after the other against one server; each with its exit code and lines.
  private func check(_ steps: [(arguments: String, code: Int32, lines: [String])]) throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    for step in steps {
      var lines: [String] = []
      let arguments = step.arguments.split(separator: " ").map(String.init)
      let code = TopicsCommand.run(
        arguments: arguments + ["--bootstrap-server", harness.server!.address.description]
      ) { lines.append($0) }
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
        ["Error while executing topic command : Topic 'pop' already exists."]
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
          "Error while executing topic command : Topic currently has 3 partitions, which is higher than the "
            + "requested 2."
        ]
      ),
      ("--delete --topic users", 0, []),
      ("--delete --topic users", 1, ["Error while executing topic command : Topic 'users' does not exist as expected"]),
      ("--delete --topic users --if-exists", 0, []),
      (
        "--describe --topic users", 1,
        ["Error while executing topic command : Topic 'users' does not exist as expected"]
      ),
    ])
  }

  @Test func whatCannotBeCreatedIsExplained() throws {
    try check([
      (
        "--create --topic a --replication-factor 3", 1,
        [
          "Error while executing topic command : Unable to replicate the partition 3 time(s): The target replication "
            + "factor of 3 cannot be reached because only 1 broker(s) are registered."
        ]
      ),
      (
        "--create --topic a --config no.such=1", 1,
        ["Error while executing topic command : unknown topic config name: no.such"]
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
    ("--list --frob", "frob is not a recognized option"),
    ("--create --topic a --partitions x --bootstrap-server h:1", "Cannot parse argument 'x' of option --partitions"),
  ]) func wrongFlags(line: String, message: String) {
    var lines: [String] = []
    let code = TopicsCommand.run(arguments: line.split(separator: " ").map(String.init)) { lines.append($0) }
    #expect(code == 1)
    #expect(lines.first == message)
  }

  @Test func nobodyThere() throws {
    var lines: [String] = []
    // Port 1 is the system's: nothing listens there.
    let code = TopicsCommand.run(arguments: ["--list", "--bootstrap-server", "127.0.0.1:1"]) { lines.append($0) }
    #expect(code == 1)
    #expect(lines.count == 1 && lines[0].contains("nothing listens at 127.0.0.1:1"))
  }
}
