import Glibc
import MillBase
import MillLog
import Testing

@testable import MillAgent

@Suite struct SpoolToTopicTests {
  @Test func filesBecomeRecordsAndAreRenamed() throws {
    let log = RecordLogDouble()
    let bench = try Bench(log: log)
    try bench.put("b.json", "one\ntwo\n")
    try bench.put("c.json", "last without newline")
    let agent = try bench.agent(spoolToTopic("a1.sources.r1.fileHeader = true"))
    agent.start()
    #expect(eventually { log.values("pop").count == 3 })
    #expect(try eventually { try bench.spooled() == ["b.json.COMPLETED", "c.json.COMPLETED"] })
    #expect(log.values("pop") == ["one", "two", "last without newline"])
    agent.stop()
    #expect(agent.status.component("r1")?.counter("EventAcceptedCount") == 3)
    #expect(agent.status.component("k1")?.counter("EventDrainSuccessCount") == 3)
    #expect(agent.status.component("c1")?.counter("ChannelSize") == 0)
  }

  @Test func anEmptyFileIsOneEmptyEvent() throws {
    let log = RecordLogDouble()
    let bench = try Bench(log: log)
    try bench.put("empty.json", "")
    let agent = try bench.agent(spoolToTopic())
    agent.start()
    #expect(try eventually { try bench.spooled() == ["empty.json.COMPLETED"] })
    agent.stop()
    #expect(log.values("pop") == [""])
  }

  @Test func aChangedFileIsSetAsideAndTheOthersGoOn() throws {
    let log = RecordLogDouble()
    let bench = try Bench(log: log)
    // Room for one batch of ten: the source stands in the middle of the file until the sink goes on.
    let slow = spoolToTopic(
      "a1.sources.r1.batchSize = 10\na1.channels.c1.capacity = 10\na1.channels.c1.transactionCapacity = 10\n"
        + "a1.sinks.k1.flumeBatchSize = 10")
    for _ in 0..<2 { log.fail(MillError(.unreachable, "away")) }
    try bench.put("a.txt", (0..<100).map { "\($0)\n" }.joined())
    let agent = try bench.agent(slow)
    agent.start()
    #expect(eventually { agent.status.component("k1")?.counter("ConnectionFailedCount") ?? 0 > 0 })
    let file = try File("\(bench.spool)/a.txt", .readWrite)
    try file.write(Array("more\n".utf8), at: try file.size())
    #expect(eventually { agent.status.component("r1")?.counter("FilesSetAsideCount") == 1 })
    try bench.put("z.txt", "good")
    #expect(eventually { log.values("pop").contains("good") })
    agent.stop()
    #expect(try bench.spooled() == ["a.txt", "z.txt.COMPLETED"])
    // Still set aside after a restart.
    let count = log.values("pop").count
    let again = try bench.agent(slow)
    again.start()
    try bench.put("zz.txt", "better")
    #expect(eventually { log.values("pop").contains("better") })
    again.stop()
    #expect(log.values("pop").count == count + 1)
  }

  @Test func aNameThatWasUsedBeforeIsSetAsideUnread() throws {
    let log = RecordLogDouble()
    let bench = try Bench(log: log)
    try bench.put("a.txt", "new")
    try bench.put("a.txt.COMPLETED", "old")
    try bench.put("b.txt", "good")
    let agent = try bench.agent(spoolToTopic())
    agent.start()
    #expect(eventually { log.values("pop") == ["good"] })
    #expect(eventually { agent.status.component("r1")?.counter("FilesSetAsideCount") == 1 })
    agent.stop()
    #expect(try bench.spooled().contains("a.txt"))
  }

  @Test func aFileThatIsStillBeingWrittenWaits() throws {
    let log = RecordLogDouble()
    let bench = try Bench(log: log)
    let writer = Monitor<File?>(try File("\(bench.spool)/slow.json", .createNew))
    let agent = try bench.agent(spoolToTopic())
    agent.start()
    try bench.put("other.json", "other")
    #expect(eventually { log.values("pop") == ["other"] })
    try writer.withLock { try $0!.write(Array("whole".utf8), at: 0) }
    writer.withLock { $0 = nil }
    #expect(eventually { log.values("pop") == ["other", "whole"] })
    agent.stop()
  }

  @Test func anAppendWithoutAnswerIsNotRepeated() throws {
    let log = RecordLogDouble()
    let bench = try Bench(log: log)
    log.fail(MillError(.unreachable, "the answer got lost", isRetriable: true), keeping: true)
    log.fail(MillError(.unreachable, "away", isRetriable: true), keeping: false)
    try bench.put("a.txt", "1\n2\n3\n")
    let agent = try bench.agent(spoolToTopic())
    agent.start()
    #expect(try eventually { try bench.spooled() == ["a.txt.COMPLETED"] })
    agent.stop()
    #expect(log.values("pop") == ["1", "2", "3"])
  }

  @Test func aRecordThatIsTooLargeBecomesADeadLetter() throws {
    let log = RecordLogDouble()
    log.state.withLock { $0.recordSizeMax = 20 }
    let bench = try Bench(log: log)
    try bench.put("a.txt", "1\n" + String(repeating: "x", count: 30) + "\n3\n")
    let agent = try bench.agent(spoolToTopic())
    agent.start()
    #expect(try eventually { try bench.spooled() == ["a.txt.COMPLETED"] })
    agent.stop()
    #expect(log.values("pop") == ["1", "3"])
    // Too large for the dead letter topic as well: the value is in a file.
    let letter = try #require(log.records("dead-letters").first)
    let path = try #require(letter.headers.first { $0.key == "deadletter.file" }?.value)
    #expect(try Files.readText(String(decoding: path, as: UTF8.self)) == String(repeating: "x", count: 30))
  }

  @Test func keysDecideThePartitionAsInKafka() {
    // Values of org.apache.kafka.common.utils.Utils.murmur2, from Kafka's own UtilsTest.
    let known: [(String, Int32)] = [
      ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
      ("a-little-bit-longer-string", -1_486_304_829), ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
      ("abc", 479_470_107),
    ]
    for (text, hash) in known { #expect(Int32(bitPattern: Partitioner.murmur2(Array(text.utf8))) == hash, "\(text)") }
  }

  @Test func headersChooseTopicAndPartition() throws {
    let log = RecordLogDouble()
    try log.createTopic("made", partitions: 3, configuration: [:])
    let bench = try Bench(log: log)
    try bench.put("made", "x")
    let agent = try bench.agent(
      spoolToTopic(
        """
        a1.sources.r1.basenameHeader = true
        a1.sources.r1.basenameHeaderKey = topic
        a1.sources.r1.interceptors = i1
        a1.sources.r1.interceptors.i1.type = static
        a1.sources.r1.interceptors.i1.key = p
        a1.sources.r1.interceptors.i1.value = 2
        a1.sinks.k1.partitionIdHeader = p
        """))
    agent.start()
    #expect(eventually { log.values("made") == ["x"] })
    agent.stop()
    #expect(log.state.withLock { $0.topics["made"]!.map(\.count) } == [0, 0, 1])
  }
}
