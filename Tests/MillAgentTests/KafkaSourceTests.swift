import MillBase
import MillLog
import Testing

@testable import MillAgent

@Suite struct KafkaSourceTests {
  private let log = RecordLogDouble()
  private let pop = TopicPartition("pop", 0)

  private func append(_ values: String..., to topic: String = "pop") throws {
    if try log.topic(topic) == nil { try log.createTopic(topic, partitions: 1, configuration: [:]) }
    _ = try log.append(values.map { Record(value: Array($0.utf8)) }, to: TopicPartition(topic, 0), codec: .none)
  }

  /// An agent that copies topics to the topic `copy`.
  private func copier(_ bench: Bench, _ more: String) throws -> AgentRunner {
    try bench.agent(
      """
      a1.sources = r1
      a1.channels = c1
      a1.sinks = k1
      a1.sources.r1.type = org.apache.flume.source.kafka.KafkaSource
      a1.sources.r1.channels = c1
      a1.sources.r1.batchSize = 10
      a1.sources.r1.setTopicHeader = false
      a1.sources.r1.kafka.bootstrap.servers = 127.0.0.1:9092
      a1.channels.c1.type = memory
      a1.sinks.k1.type = org.apache.flume.sink.kafka.KafkaSink
      a1.sinks.k1.channel = c1
      a1.sinks.k1.kafka.bootstrap.servers = 127.0.0.1:9092
      a1.sinks.k1.kafka.topic = copy
      \(more)
      """)
  }

  private func isRunning(_ agent: AgentRunner) -> Bool {
    eventually { agent.status.component("r1")?.state == .running }
  }

  private func committed(_ group: String = "flume") throws -> Int64? { try log.committed(group: group, [pop])[pop] }

  @Test func aNewGroupBeginsAtTheEndAndWritesThatDown() throws {
    try append("old")
    let bench = try Bench(log: log)
    let agent = try copier(bench, "a1.sources.r1.kafka.topics = pop")
    #expect(agent.problems.contains { "\($0)".contains("auto.offset.reset = earliest") })
    agent.start()
    // On the disk before anything is read: a crash now must not lose what comes next.
    #expect(try eventually { try committed() == 1 })
    try append("new")
    #expect(eventually { log.values("copy") == ["new"] })
    agent.stop()
    #expect(try committed() == 2)
  }

  @Test func aTopicThatAppearsLaterIsReadFromItsBeginning() throws {
    let bench = try Bench(log: log)
    let agent = try copier(bench, "a1.sources.r1.kafka.topics = none, pop")
    logged { lines in
      agent.start()
      #expect(eventually { lines().contains { $0.contains("waits for the topic pop") } })
    }
    try append("first")
    #expect(eventually { log.values("copy") == ["first"] })
    agent.stop()
  }

  @Test func topicsAreChosenByPattern() throws {
    try append("a", to: "log-a")
    try append("b", to: "log-b")
    try append("c", to: "other")
    let bench = try Bench(log: log)
    let agent = try copier(
      bench,
      "a1.sources.r1.kafka.topics.regex = log-.\na1.sources.r1.kafka.consumer.auto.offset.reset = earliest\n"
        + "a1.sources.r1.kafka.consumer.group.id = g")
    agent.start()
    #expect(eventually { log.values("copy").sorted() == ["a", "b"] })
    agent.stop()
    #expect(
      try log.committed(group: "g", [TopicPartition("log-a", 0), TopicPartition("log-b", 0)]).values.sorted() == [1, 1])
  }

  @Test func anOffsetThatIsGoneIsReportedAndReset() throws {
    try append("1", "2", "3")
    try log.commit(group: "flume", [pop: 99])
    let bench = try Bench(log: log)
    let agent = try copier(
      bench, "a1.sources.r1.kafka.topics = pop\na1.sources.r1.kafka.consumer.auto.offset.reset = earliest")
    let lines = logged { _ in
      agent.start()
      #expect(eventually { log.values("copy") == ["1", "2", "3"] })
    }
    agent.stop()
    #expect(lines.contains { $0.contains("holds the offsets 0 to 3, not 99") }, "\(lines)")
  }

  @Test func copiesCarryWhereTheyCameFromAndComeOnce() throws {
    try append("1", "2", "3")
    let bench = try Bench(log: log)
    let keys = "a1.sources.r1.kafka.topics = pop\na1.sources.r1.kafka.consumer.auto.offset.reset = earliest"
    let agent = try copier(bench, keys)
    agent.start()
    #expect(eventually { log.values("copy").count == 3 })
    agent.stop()
    let origin = try #require(log.records("copy").last?.headers.first { $0.key == "millrace.origin" }?.value)
    #expect(String(decoding: origin, as: UTF8.self) == "a1/c1/r1/pop-0#2")
    // As if the commit and the ledger had not been written: everything is read again, nothing appended.
    try log.commit(group: "flume", [pop: 0])
    let ledger = "\(bench.directory)/state/agent.conf-a1/a1-k1.ledger.json"
    try Files.writeAtomically(try Files.readText(ledger).replacing("\"offset\":3", with: "\"offset\":0"), to: ledger)
    let again = try copier(bench, keys)
    again.start()
    #expect(eventually { again.status.component("k1")?.counter("EventsSkippedCount") == 3 })
    again.stop()
    #expect(log.values("copy") == ["1", "2", "3"])
  }

  @Test func flumeEventsAreUnpackedAndPackedAgain() throws {
    let event = Event(headers: ["h": "v"], body: Array("body".utf8))
    try log.createTopic("pop", partitions: 1, configuration: [:])
    _ = try log.append([Record(value: AvroEvent.encode(event))], to: pop, codec: .none)
    let bench = try Bench(log: log)
    let agent = try copier(
      bench,
      """
      a1.sources.r1.kafka.topics = pop
      a1.sources.r1.kafka.consumer.auto.offset.reset = earliest
      a1.sources.r1.useFlumeEventFormat = true
      a1.sinks.k1.useFlumeEventFormat = true
      """)
    agent.start()
    #expect(eventually { log.records("copy").count == 1 })
    agent.stop()
    let copied = try AvroEvent.decode(log.records("copy")[0].value ?? [])
    #expect(copied.body == event.body && copied.headers["h"] == "v" && copied.headers["offset"] == "0")
  }

  @Test func aSecondProcessMayNotRunTheSameAgent() throws {
    let bench = try Bench(log: log)
    let first = try copier(bench, "a1.sources.r1.kafka.topics = pop")
    first.start()
    #expect(isRunning(first))
    let second = try copier(bench, "a1.sources.r1.kafka.topics = pop")
    logged { lines in
      second.start()
      #expect(eventually { lines().contains { $0.contains("another process runs this agent") } })
    }
    first.stop()
    // Now it is free.
    #expect(isRunning(second))
    second.stop()
  }

  @Test func aSourceThatCanNotStartLeavesTheRestRunning() throws {
    let bench = try Bench(log: log)
    try bench.put("a.txt", "1")
    let agent = try bench.agent(
      spoolToTopic(
        "a1.sources = r1 r2\na1.sources.r2.type = spooldir\na1.sources.r2.channels = c1\na1.sources.r2.spoolDir = DIR/none"
      ))
    agent.start()
    #expect(eventually { log.values("pop") == ["1"] })
    #expect(eventually { agent.status.component("r2")?.state == .failed })
    #expect(agent.status.component("r2")?.problem?.contains("does not exist") == true)
    agent.stop()
  }
}
