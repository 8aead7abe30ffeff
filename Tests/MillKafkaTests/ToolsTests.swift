import MillBase
import MillLog
import Testing

@testable import MillKafka

/// produce, consume and groups against the built-in server over TCP.
@Suite struct ToolsTests {
  private let tools = ToolRunner()

  private func run(_ harness: Harness, _ line: String, input: String = "") -> (code: Int32, said: ToolRunner.Said) {
    tools.run(harness, line, input: input)
  }

  private func harness(partitions: Int = 1) throws -> Harness {
    let harness = try Harness(.overTheWire)
    try harness.local.createTopic("pop", partitions: partitions, configuration: [:])
    return harness
  }

  @Test func whatIsProducedIsConsumed() throws {
    let harness = try harness()
    defer { harness.close() }
    let sent = run(
      harness,
      "produce --topic pop --compression-codec=zstd --property parse.key=true --property parse.headers=true "
        + "--property key.separator=: --property null.marker=NULL --request-required-acks all",
      input: "src:api,n:1\ta:one\nNULL\tb:two\r\nNULL\tNULL:NULL")
    #expect(sent.code == 0)
    #expect(sent.said.errors == ["3 records delivered"])
    let all = "consume --topic pop --from-beginning --max-messages 3 "
    let plain = run(harness, all)
    #expect(plain.code == 0)
    #expect(plain.said.text == "one\ntwo\nnull\n")
    #expect(plain.said.errors == ["Processed a total of 3 messages"])
    let full = run(
      harness,
      all + "--property print.key=true --property print.headers=true --property print.offset=true "
        + "--property print.partition=true --property key.separator=| --property null.literal=-")
    #expect(
      full.said.text
        == "Partition:0|Offset:0|src:api,n:1|a|one\nPartition:0|Offset:1|NO_HEADERS|b|two\n"
        + "Partition:0|Offset:2|NO_HEADERS|-|-\n")
    let timed = run(harness, all + "--property print.timestamp=true --isolation-level read_committed")
    #expect(timed.said.text.hasPrefix("CreateTime:1"))
  }

  @Test(arguments: [("--compression-codec", Codec.gzip), ("--compression-codec=zstd", .zstd), ("", .none)])
  func theCodecIsTheOneAskedFor(flag: String, codec: Codec) throws {
    let harness = try harness()
    defer { harness.close() }
    // Long enough that compressing it pays.
    #expect(run(harness, "produce --topic pop \(flag)", input: String(repeating: "a", count: 5000) + "\n").code == 0)
    let stored = try harness.local.readStored(TopicPartition("pop", 0), from: 0, maxBytes: 1)
    #expect(stored.bytes.withUnsafeBytes { BatchHeader($0)!.codec } == codec)
  }

  @Test(arguments: [
    ("--partition 0 --offset 2", "2\n3\n"), ("--partition 0 --offset earliest", "0\n1\n2\n3\n"),
    ("--partition 0 --offset latest", ""), ("--from-beginning", "0\n1\n2\n3\n"), ("", ""),
    ("--from-beginning --max-messages 1", "0\n"), ("--group g --from-beginning", "0\n1\n2\n3\n"),
  ]) func readingBeginsWhereItIsTold(flags: String, text: String) throws {
    let harness = try harness()
    defer { harness.close() }
    #expect(run(harness, "produce --topic pop", input: "0\n1\n2\n3\n").code == 0)
    // A busy machine takes its time.
    let read = run(harness, "consume --topic pop --timeout-ms \(text.isEmpty ? 1500 : 6000) \(flags)")
    #expect(read.code == 0)
    #expect(read.said.text == text)
  }

  @Test func topicsAreChosenByPattern() throws {
    let harness = try harness()
    defer { harness.close() }
    try harness.local.createTopic("users", partitions: 1, configuration: [:])
    #expect(run(harness, "produce --topic pop", input: "a\n").code == 0)
    #expect(run(harness, "produce --topic users", input: "b\n").code == 0)
    #expect(run(harness, "consume --include us.* --from-beginning --max-messages 1").said.text == "b\n")
    #expect(run(harness, "consume --include us.* --group g --from-beginning --max-messages 1").said.text == "b\n")
  }

  @Test func aGroupGoesOnIsDescribedResetAndDeleted() throws {
    let harness = try harness()
    defer { harness.close() }
    #expect(run(harness, "produce --topic pop", input: "0\n1\n2\n3\n").code == 0)
    let consume = "consume --topic pop --group g --from-beginning --max-messages "
    #expect(run(harness, consume + "3").said.text == "0\n1\n2\n")
    #expect(run(harness, "groups --list --state").said.lines == ["GROUP STATE", "g Empty"])
    let described = run(harness, "groups --describe --group g")
    #expect(
      described.said.lines == [
        "GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID", "g pop 0 3 4 1 - - -",
      ])
    #expect(described.said.errors == ["Consumer group 'g' has no active members."])
    #expect(run(harness, consume + "1").said.text == "3\n")
    let reset = "groups --group g --topic pop --reset-offsets "
    for (flags, offset) in [
      ("--to-earliest", 0), ("--to-latest", 4), ("--to-offset 2", 2), ("--to-offset 9", 4), ("--shift-by -3", 1),
      ("--to-current", 4), ("--to-datetime 2000-01-01T00:00:00.000", 0), ("--by-duration P1D", 0),
      ("--to-datetime 2100-01-01T00:00:00.000Z", 4),
    ] {
      let moved = run(harness, reset + flags)
      #expect(moved.said.lines == ["GROUP TOPIC PARTITION NEW-OFFSET", "g pop 0 \(offset)"], "\(flags)")
    }
    let place = TopicPartition("pop", 0)
    #expect(try harness.local.committed(group: "g", [place]) == [place: 4])
    #expect(run(harness, reset + "--to-offset 2 --execute").code == 0)
    #expect(run(harness, consume + "2").said.text == "2\n3\n")
    #expect(
      run(harness, "groups --delete --group g").said.lines == [
        "Deletion of requested consumer groups ('g') was successful."
      ])
    #expect(run(harness, "groups --list").said.lines == [])
    #expect(run(harness, "groups --describe --group g").code == 1)
  }

  @Test func membersKeepAGroupFromBeingResetOrDeleted() throws {
    let harness = try harness(partitions: 2)
    defer { harness.close() }
    let consumer = try KafkaConsumer(
      ["bootstrap.servers": harness.server!.address.description, "client.id": "me"], group: "g", fromBeginning: true)
    try consumer.subscribe(["pop"])
    _ = try harness.log.append([Record(value: [1])], to: TopicPartition("pop", 1), codec: .none)
    var got: ConsumedRecord?
    while got == nil { got = try consumer.poll(.seconds(1)) }
    let place = TopicPartition("pop", 1)
    try harness.local.commit(group: "g", [place: 1])
    let members = run(harness, "groups --describe --group g --members").said.lines
    #expect(members.count == 2 && members[1].hasSuffix(" me 2"))
    let lag = run(harness, "groups --describe --all-groups").said.lines
    #expect(lag.count == 3 && lag[1].hasPrefix("g pop 0 - 0 - ") && lag[2].hasPrefix("g pop 1 1 1 0 "))
    let state = run(harness, "groups --describe --group g --state").said.lines
    #expect(state.last?.hasSuffix("range Stable 1") == true)
    let reset = run(harness, "groups --reset-offsets --to-earliest --group g --all-topics --execute")
    #expect(reset.code == 1 && reset.said.errors[0].contains("current state is Stable"))
    #expect(run(harness, "groups --delete --group g").code == 1)
    try consumer.close()
    #expect(run(harness, "groups --delete --group g").code == 0)
  }

  @Test func aLineThatIsNoRecordIsNamedAndThoseBeforeAreKept() throws {
    let harness = try harness()
    defer { harness.close() }
    let sent = run(harness, "produce --topic pop --property parse.key=true", input: "a\tone\ntwo\nc\tthree\n")
    #expect(sent.code == 1)
    #expect(sent.said.errors[0].contains("No key separator found on line number 2: 'two'"))
    #expect(sent.said.errors.last == "1 records delivered")
    let ignored = run(
      harness, "produce --topic pop --property parse.key=true --property ignore.error=true", input: "two\n")
    #expect(ignored.code == 0)
    #expect(try harness.local.offsets(TopicPartition("pop", 0)).end == 2)
  }

  @Test func whatIsNotDeliveredCounts() throws {
    let harness = try harness()
    defer { harness.close() }
    try harness.local.createTopic("small", partitions: 1, configuration: ["max.message.bytes": "1000"])
    let sent = run(
      harness, "produce --topic small", input: String(repeating: "x", count: 2000) + "\n")
    #expect(sent.code == 1)
    #expect(sent.said.errors.last == "0 records delivered, 1 failed")
  }

  @Test(arguments: [
    ("produce", "Missing required argument \"[topic]\""), ("produce --topik t", "did you mean '--topic'?"),
    ("produce --topic t --compression-codec=zst", "did you mean 'zstd'?"),
    ("produce --topic t --property parse.kye=true", "did you mean 'parse.key'?"),
    ("consume", "Exactly one of --include/--topic is required."),
    ("consume --topic t --offset 3", "The partition is required when offset is specified."),
    ("consume --topic t --from-begining", "did you mean '--from-beginning'?"),
    ("consume --topic t --property print.keys=true", "did you mean 'print.key'?"),
    ("groups", "Command must include exactly one action"), ("groups --describe", "--all-groups, --group"),
    ("groups --lits", "did you mean '--list'?"),
    ("groups --reset-offsets --group g --topic t", "requires exactly one scenario"),
    ("groups --reset-offsets --group g --topic t --to-datetime soon", "'soon' is no time"),
    ("groups --reset-offsets --group g --topic t --by-duration P", "'P' is no duration"),
  ]) func wrongFlags(line: String, message: String) throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    let (code, said) = run(harness, line)
    #expect(code == 64)
    #expect(said.errors.first?.contains(message) == true, "\(said.errors)")
  }

  @Test func unknownPropertiesAndTopicsAreNamed() throws {
    let harness = try harness()
    defer { harness.close() }
    for (line, message) in [
      ("consume --topic pop --consumer-property no.such=1", "no.such"),
      ("produce --topic pop --producer-property no.such=1", "no.such"),
      ("consume --topic nosuch", "there is no topic 'nosuch'"),
      ("consume --topic pop --partition 4", "topic 'pop' has partitions 0 to 0, not 4"),
      ("groups --reset-offsets --to-latest --group g --topic nosuch", "there is no topic 'nosuch'"),
    ] {
      let (code, said) = run(harness, line, input: "x\n")
      #expect(code == 1)
      #expect(said.errors.contains { $0.contains(message) }, "\(said.errors)")
    }
  }

  @Test func times() throws {
    #expect(try DateTimes.moment("2026-01-31T12:00:00.5") == 1_769_860_800_500)
    #expect(try DateTimes.moment("2026-01-31T13:00:00+01:00") == 1_769_860_800_000)
    #expect(try DateTimes.duration("P1DT2H3M4S") == 93_784_000)
  }
}
