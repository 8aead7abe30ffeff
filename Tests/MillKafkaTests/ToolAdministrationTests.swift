import MillBase
import MillLog
import Testing

@testable import MillKafka

/// configs, and what groups can do beside describing, against the built-in server over TCP.
@Suite struct ToolAdministrationTests {
  private let tools = ToolRunner()

  private func harness() throws -> Harness {
    let harness = try Harness(.overTheWire)
    try harness.local.createTopic("pop", partitions: 2, configuration: [:])
    return harness
  }

  // MARK: configs

  @Test func settingsAreShownChangedAndTakenBack() throws {
    let harness = try harness()
    defer { harness.close() }
    let configs = "configs --entity-type topics --entity-name pop "
    #expect(tools.run(harness, configs + "--describe").said.lines == ["Dynamic configs for topic pop are:"])
    let changed = tools.run(
      harness, configs + "--alter --add-config retention.ms=1000,cleanup.policy=[compact,delete]")
    #expect(changed.said.lines == ["Completed updating config for topic pop."], "\(changed.said.errors)")
    #expect(
      try harness.log.topic("pop")?.configuration == ["retention.ms": "1000", "cleanup.policy": "compact,delete"])
    let described = tools.run(harness, "configs --topic pop --describe").said.lines
    #expect(described.count == 3)
    #expect(
      described.last?.hasPrefix("retention.ms=1000 sensitive=false synonyms={") == true,
      "\(described)")
    let all = tools.run(harness, "configs --topic pop --describe --all").said.lines
    #expect(all.first == "All configs for topic pop are:")
    #expect(all.contains { $0.hasPrefix("segment.bytes=") })
    // What is not named stays.
    #expect(tools.run(harness, configs + "--alter --add-config segment.bytes=20000").code == 0)
    #expect(tools.run(harness, configs + "--alter --delete-config retention.ms,cleanup.policy").code == 0)
    #expect(try harness.log.topic("pop")?.configuration == ["segment.bytes": "20000"])
    let unknown = tools.run(harness, configs + "--alter --delete-config retention.ms")
    #expect(unknown.code == 1 && unknown.said.errors[0].contains("Invalid config(s): retention.ms"))
    let wrong = tools.run(harness, configs + "--alter --add-config retention.ms=soon")
    #expect(
      wrong.code == 1 && wrong.said.errors[0].contains("INVALID_CONFIG 40, not retriable"), "\(wrong.said.errors)")
    #expect(try harness.log.topic("pop")?.configuration == ["segment.bytes": "20000"])
    let missing = tools.run(harness, "configs --topic nosuch --alter --add-config retention.ms=1")
    #expect(missing.code == 1 && missing.said.errors[0].contains("The topic 'nosuch' doesn't exist"))
  }

  @Test(arguments: [
    ("configs", "exactly one action"), ("configs --describe", "--entity-type, --topic or --broker"),
    ("configs --topic pop --alter", "At least one of --add-config"),
    ("configs --topic pop --alter --add-config retention.ms", "in the format \"key=val\""),
    ("configs --entity-type users --entity-name u --describe", "users is not served"),
    ("configs --user u --describe", "no stored users"), ("configs --topic pop --describe --al", "did you mean '--all'"),
    ("configs --broker 1 --alter --add-config a=1", "can't be changed from here"),
    ("configs --topic pop --alter --add-config a=1 --delete-config a", "both added and deleted"),
    ("groups --delete-offsets --group g", "takes the following options: --group, --topic"),
    ("groups --reset-offsets --group g --to-latest", "--all-topics, --topic"),
    ("groups --describe --group g --members --state", "at most one of these options"),
    ("groups --list --type classic", "--type is not served here"),
    ("consume --topic t --formatter my.Formatter", "there is no formatter 'my.Formatter'"),
    ("consume --topic t --value-deserializer AvroDeserializer", "there is no deserializer 'AvroDeserializer'"),
    ("consume --topic t --enable-systest-events", "not served here"),
    ("produce --topic t --line-reader my.Reader", "there is no reader 'my.Reader'"),
  ]) func wrongFlags(line: String, message: String) throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    let (code, said) = tools.run(harness, line)
    #expect(code == 64)
    #expect(said.errors.first?.contains(message) == true, "\(said.errors)")
  }

  // MARK: groups

  @Test func offsetsAreKeptInAFileBroughtBackAndForgotten() throws {
    let harness = try harness()
    defer { harness.close() }
    let (first, second) = (TopicPartition("pop", 0), TopicPartition("pop", 1))
    for place in [first, second] {
      _ = try harness.log.append((0..<5).map { Record(value: [UInt8($0)]) }, to: place, codec: .none)
    }
    try harness.local.commit(group: "g", [first: 2, second: 4])
    try harness.local.commit(group: "h", [first: 1])
    let directory = try Files.makeTemporaryDirectory("mill-offsets")
    defer { try? Files.removeTree(directory) }
    let one = tools.run(harness, "groups --reset-offsets --group g --all-topics --to-current --export")
    #expect(one.said.text == "pop,0,2\npop,1,4\n")
    let both = tools.run(harness, "groups --reset-offsets --all-groups --all-topics --to-current --export --dry-run")
    #expect(both.said.text == "g,pop,0,2\ng,pop,1,4\nh,pop,0,1\n")
    try Files.writeAtomically(both.said.text, to: "\(directory)/offsets.csv")
    #expect(tools.run(harness, "groups --reset-offsets --all-groups --all-topics --to-earliest --execute").code == 0)
    #expect(try harness.local.committed(group: "g", [first, second]) == [first: 0, second: 0])
    let back = "groups --reset-offsets --all-groups --from-file \(directory)/offsets.csv"
    #expect(tools.run(harness, back).said.lines.contains("h pop 0 1"))
    #expect(try harness.local.committed(group: "h", [first]) == [first: 0])
    #expect(tools.run(harness, back + " --execute").code == 0)
    #expect(try harness.local.committed(group: "g", [first, second]) == [first: 2, second: 4])
    #expect(try harness.local.committed(group: "h", [first]) == [first: 1])
    let only = tools.run(harness, "groups --reset-offsets --group g --topic pop:1 --shift-by -1 --execute")
    #expect(only.said.lines == ["GROUP TOPIC PARTITION NEW-OFFSET", "g pop 1 3"])
    let forgotten = tools.run(harness, "groups --delete-offsets --group g --topic pop:1")
    #expect(
      forgotten.said.lines == [
        "Request succeed for deleting offsets with topic pop group g", "TOPIC PARTITION STATUS", "pop 1 Successful",
      ], "\(forgotten.said.errors)")
    #expect(try harness.local.committed(group: "g", [first, second]) == [first: 2])
    try Files.writeAtomically("pop,0,2\npop,x,1\n", to: "\(directory)/wrong.csv")
    let wrong = tools.run(harness, "groups --reset-offsets --group g --from-file \(directory)/wrong.csv")
    #expect(
      wrong.code == 64 && wrong.said.errors[0].contains("wrong.csv:2: 'pop,x,1' is no offset"), "\(wrong.said.errors)")
  }

  @Test func statesChooseGroupsAndMembersShowTheirPartitions() throws {
    let harness = try harness()
    defer { harness.close() }
    try harness.local.commit(group: "idle", [TopicPartition("pop", 0): 0])
    let consumer = try KafkaConsumer(
      ["bootstrap.servers": harness.address, "client.id": "me"], group: "busy", fromBeginning: true)
    try consumer.subscribe(["pop"])
    _ = try harness.log.append([Record(value: [1])], to: TopicPartition("pop", 1), codec: .none)
    while try consumer.poll(.seconds(1)) == nil {}
    #expect(tools.run(harness, "groups --list --state stable").said.lines == ["GROUP STATE", "busy Stable"])
    #expect(tools.run(harness, "groups --list --state=Empty").said.lines == ["GROUP STATE", "idle Empty"])
    let members = tools.run(harness, "groups --describe --group busy --members --verbose").said.lines
    #expect(members[0] == "GROUP CONSUMER-ID HOST CLIENT-ID #PARTITIONS ASSIGNMENT")
    #expect(members.count == 2 && members[1].hasSuffix(" me 2 pop(0,1)"))
    let refused = tools.run(harness, "groups --delete-offsets --group busy --topic pop")
    #expect(refused.code == 1)
    #expect(
      (refused.said.text + refused.said.errors.joined()).contains("GROUP_SUBSCRIBED_TO_TOPIC"), "\(refused.said.errors)"
    )
    try consumer.close()
  }

  // MARK: produce and consume

  @Test func numbersArePrintedAsNumbers() throws {
    let harness = try harness()
    defer { harness.close() }
    let values: [[UInt8]] = [
      [0, 0, 0, 7], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE], [0x3F, 0xF8, 0, 0, 0, 0, 0, 0],
      Array("text".utf8),
    ]
    _ = try harness.log.append(
      values.map { Record(key: $0, value: $0) }, to: TopicPartition("pop", 0), codec: .none)
    let serialization = "org.apache.kafka.common.serialization."
    func printed(_ flags: String) -> [String] {
      tools.run(harness, "consume --topic pop --from-beginning --max-messages 4 \(flags)").said.lines
    }
    #expect(printed("--value-deserializer \(serialization)IntegerDeserializer").first == "7")
    #expect(printed("--value-deserializer \(serialization)LongDeserializer")[1] == "-2")
    #expect(
      printed(
        "--formatter-property print.key=true --formatter-property print.value=false "
          + "--property key.deserializer=\(serialization)DoubleDeserializer")[2...] == ["1.5", "text"])
    #expect(printed("--formatter kafka.tools.NoOpMessageFormatter") == [])
  }

  @Test func filesOfPropertiesAreTakenByBothTools() throws {
    let harness = try harness()
    defer { harness.close() }
    let directory = try Files.makeTemporaryDirectory("mill-files")
    defer { try? Files.removeTree(directory) }
    try Files.writeAtomically("parse.key = true\nkey.separator = :\n", to: "\(directory)/read.properties")
    try Files.writeAtomically("print.key = true\nkey.separator = |\n", to: "\(directory)/print.properties")
    try Files.writeAtomically("# a client\nclient.id = me\nlinger.ms = 2\n", to: "\(directory)/client.properties")
    let sent = tools.run(
      harness,
      "produce --topic pop --reader-config \(directory)/read.properties --command-config \(directory)/client.properties "
        + "--sync --batch-size 1000 --timeout 3 --max-block-ms 5000 --command-property acks=1", input: "a:1\n")
    #expect(sent.code == 0, "\(sent.said.errors)")
    let read = tools.run(
      harness,
      "consume --topic pop --from-beginning --max-messages 1 --formatter-config \(directory)/print.properties "
        + "--command-property client.id=you")
    #expect(read.said.text == "a|1\n")
    try Files.writeAtomically("client.id=me\nlinger.ns = 2\n", to: "\(directory)/client.properties")
    let wrong = tools.run(harness, "topics --list --command-config \(directory)/client.properties")
    #expect(wrong.code == 64)
    #expect(
      wrong.said.errors[0].hasPrefix("\(directory)/client.properties:2: linger.ns: unknown Kafka client property"))
  }

  // MARK: Another server

  @Test func theToolsWorkOnAServerThatIsNotOurs() throws {
    let harness = try Harness(.mockCluster)
    defer { harness.close() }
    try harness.createTopic("pop")
    #expect(tools.run(harness, "topics --list").said.lines == ["pop"])
    let described = tools.run(harness, "topics --describe --topic pop").said.lines
    #expect(described.last?.hasPrefix("\tTopic: pop\tPartition: 0\tLeader: ") == true, "\(described)")
    let sent = tools.run(harness, "produce --topic pop --property parse.key=true", input: "k\tone\nk\ttwo\nk\tthree\n")
    #expect(sent.said.errors == ["3 records delivered"])
    let printed = "consume --topic pop --property print.key=true --property print.offset=true --max-messages "
    #expect(tools.run(harness, printed + "2 --from-beginning").said.text == "Offset:0\tk\tone\nOffset:1\tk\ttwo\n")
    #expect(tools.run(harness, printed + "1 --partition 0 --offset 2").said.text == "Offset:2\tk\tthree\n")
    #expect(tools.run(harness, printed + "2 --group g --from-beginning").said.lines.count == 2)
    let place = TopicPartition("pop", 0)
    #expect(try harness.log.committed(group: "g", [place]) == [place: 2])
    // It takes offsets for a group that has had members from its members only.
    let reset = tools.run(harness, "groups --reset-offsets --group other --topic pop --to-offset 1 --execute")
    #expect(reset.said.lines.last == "other pop 0 1", "\(reset.said.errors)")
    #expect(tools.run(harness, printed + "1 --group other").said.text == "Offset:1\tk\ttwo\n")
    let groups = tools.run(harness, "groups --list")
    #expect(groups.code == 1 && groups.said.errors[0].contains("this server does not offer that"))
    print("not offered by librdkafka's mock cluster: listing and describing groups; said so: \(groups.said.errors)")
  }
}
