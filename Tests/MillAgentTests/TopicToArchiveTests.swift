import Glibc
import MillArchive
import MillBase
import MillLog
import Testing

@testable import MillAgent

/// The keys of a topic → archive agent, with what a test adds.
func topicToArchive(_ more: String = "") -> String {
  """
  a1.sources = r2
  a1.channels = c2
  a1.sinks = k2
  a1.sources.r2.type = org.apache.flume.source.kafka.KafkaSource
  a1.sources.r2.channels = c2
  a1.sources.r2.batchSize = 50
  a1.sources.r2.kafka.bootstrap.servers = 127.0.0.1:9092
  a1.sources.r2.kafka.topics = pop
  a1.sources.r2.kafka.consumer.auto.offset.reset = earliest
  a1.channels.c2.type = memory
  a1.channels.c2.capacity = 1000
  a1.channels.c2.transactionCapacity = 100
  a1.sinks.k2.type = hdfs
  a1.sinks.k2.channel = c2
  a1.sinks.k2.hdfs.path = archive/case_pop
  a1.sinks.k2.hdfs.filePrefix = events
  a1.sinks.k2.hdfs.fileType = DataStream
  a1.sinks.k2.hdfs.timeZone = UTC
  a1.sinks.k2.hdfs.rollInterval = 0
  a1.sinks.k2.hdfs.rollSize = 0
  \(more)
  """
}

@Suite struct TopicToArchiveTests {
  /// Partition 0 of `pop` with so many numbered records, a minute apart.
  private func log(records: Int, partitions: Int = 1) throws -> RecordLogDouble {
    let log = RecordLogDouble()
    try log.createTopic("pop", partitions: partitions, configuration: [:])
    for number in 0..<records {
      _ = try log.append(
        [Record(value: Array("\(number)".utf8), timestamp: 1_700_000_000_000 + Int64(number) * 60_000)],
        to: TopicPartition("pop", Int32(number % partitions)), codec: .none)
    }
    return log
  }

  private func files(_ bench: Bench, _ directory: String = "case_pop") throws -> [String: String] {
    var found: [String: String] = [:]
    for file in try LocalFileSystem().list("\(bench.archive)/\(directory)") where !file.isDirectory {
      found[file.name] = try Files.readText("\(bench.archive)/\(directory)/\(file.name)")
    }
    return found
  }

  @Test func filesAreNamedByTheirOffsets() throws {
    let log = try log(records: 25)
    let bench = try Bench(log: log)
    let agent = try bench.agent(topicToArchive("a1.sinks.k2.hdfs.rollCount = 10\na1.sinks.k2.hdfs.fileSuffix = .txt"))
    agent.start()
    #expect(try eventually { try files(bench)["events.pop-0-20.txt.tmp"] == "20\n21\n22\n23\n24\n" })
    // Nothing of the open file is committed; what a batch shares with it is not either.
    #expect(try log.committed(group: "flume", [TopicPartition("pop", 0)]) == [TopicPartition("pop", 0): 0])
    agent.stop()
    let found = try files(bench)
    #expect(found.keys.sorted() == ["events.pop-0-0-9.txt", "events.pop-0-10-19.txt", "events.pop-0-20-24.txt"])
    #expect(found["events.pop-0-10-19.txt"] == (10..<20).map { "\($0)\n" }.joined())
    #expect(try log.committed(group: "flume", [TopicPartition("pop", 0)]) == [TopicPartition("pop", 0): 25])
  }

  @Test func recordsGoWhereTheirOwnTimeSays() throws {
    let log = try log(records: 30, partitions: 3)
    let bench = try Bench(log: log)
    let agent = try bench.agent(
      topicToArchive(
        """
        a1.sinks.k2.hdfs.path = archive/%{topic}/%Y-%m-%d/%H%M
        a1.sinks.k2.hdfs.round = true
        a1.sinks.k2.hdfs.roundValue = 10
        a1.sinks.k2.hdfs.roundUnit = minute
        a1.sinks.k2.hdfs.rollCount = 0
        """))
    agent.start()
    #expect(eventually { agent.status.component("k2")?.counter("EventDrainSuccessCount") == 30 })
    agent.stop()
    // 2023-11-14T22:13:20Z is the first minute.
    let directories = try Files.list("\(bench.archive)/pop/2023-11-14")
    #expect(directories == ["2210", "2220", "2230", "2240"])
    #expect(
      try files(bench, "pop/2023-11-14/2210").keys.sorted() == [
        "events.pop-0-0-2", "events.pop-1-0-1", "events.pop-2-0-1",
      ])
  }

  @Test func whatIsInCompleteFilesIsSkippedAndWhatWasOpenIsRemoved() throws {
    let log = try log(records: 30)
    let bench = try Bench(log: log)
    let directory = "\(bench.archive)/case_pop"
    try Files.makeDirectory(directory)
    // As a kill leaves it: nothing committed, two complete files, one open, and one of another partition.
    try Files.writeAtomically("0\n1\n2\n", to: "\(directory)/events.pop-0-0-2")
    try Files.writeAtomically("3\n4\n", to: "\(directory)/events.pop-0-3-4")
    try Files.writeAtomically("5\nhal", to: "\(directory)/events.pop-0-5.tmp")
    try Files.writeAtomically("other\n", to: "\(directory)/events.pop-1-5.tmp")
    let agent = try bench.agent(topicToArchive("a1.sinks.k2.hdfs.rollCount = 100"))
    agent.start()
    #expect(eventually { agent.status.component("k2")?.counter("EventDrainSuccessCount") == 30 })
    agent.stop()
    #expect(agent.status.component("k2")?.counter("EventsSkippedCount") == 5)
    let found = try files(bench)
    #expect(found.keys.sorted() == ["events.pop-0-0-2", "events.pop-0-3-4", "events.pop-0-5-29", "events.pop-1-5.tmp"])
    #expect(found["events.pop-0-5-29"] == (5..<30).map { "\($0)\n" }.joined())
  }

  @Test func aTopicThatWasMadeAnewIsNotTakenForTheOldOne() throws {
    // The records are from today, the archive of the topic before is older.
    let log = RecordLogDouble()
    try log.createTopic("pop", partitions: 1, configuration: [:])
    _ = try log.append(
      (0..<5).map { Record(value: Array("new \($0)".utf8)) }, to: TopicPartition("pop", 0), codec: .none)
    let bench = try Bench(log: log)
    let old = "\(bench.archive)/case_pop/events.pop-0-0-4"
    try Files.makeDirectory(Files.split(old).directory)
    try Files.writeAtomically("old\n", to: old)
    var times = [timeval(tv_sec: 1_700_000_000, tv_usec: 0), timeval(tv_sec: 1_700_000_000, tv_usec: 0)]
    #expect(utimes(old, &times) == 0)
    let agent = try bench.agent(topicToArchive("a1.sinks.k2.hdfs.retryInterval = 1"))
    agent.start()
    #expect(eventually { agent.status.component("k2")?.counter("EventDrainSuccessCount") == 5 })
    agent.stop()
    let found = try files(bench)
    #expect(found["events.pop-0-0-4"] == "old\n")
    #expect(found["events.pop-0-0-4-2"] == (0..<5).map { "new \($0)\n" }.joined())
    // Read once more, they are found there.
    try log.commit(group: "flume", [TopicPartition("pop", 0): 0])
    let again = try bench.agent(topicToArchive())
    again.start()
    #expect(eventually { again.status.component("k2")?.counter("EventsSkippedCount") == 5 })
    again.stop()
    #expect(try files(bench).count == 2)
  }

  @Test func noHeaderLeadsOutOfTheArchive() throws {
    let log = RecordLogDouble()
    try log.createTopic("pop", partitions: 1, configuration: [:])
    for key in ["fine", "../../out"] {
      _ = try log.append(
        [Record(key: Array(key.utf8), value: Array("x".utf8))], to: TopicPartition("pop", 0), codec: .none)
    }
    let bench = try Bench(log: log)
    let agent = try bench.agent(topicToArchive().replacing("archive/case_pop", with: "archive/%{key}"))
    agent.start()
    #expect(eventually { agent.status.component("k2")?.counter("DeadLetterCount") == 1 })
    agent.stop()
    #expect(try files(bench, "fine").count == 1)
    #expect(try Files.list(bench.archive) == ["fine"])
    let letters = try Files.readText("\(bench.directory)/state/agent.conf-a1/dead-letters/a1-k2.jsonl")
    #expect(letters.contains("leads out of the archive"))
  }

  @Test func aFileIsCompleteAfterItsTime() throws {
    let log = try log(records: 3)
    let bench = try Bench(log: log)
    let agent = try bench.agent(topicToArchive("a1.sinks.k2.hdfs.rollInterval = 1\na1.sinks.k2.hdfs.rollCount = 0"))
    agent.start()
    #expect(try eventually { try files(bench).keys.contains("events.pop-0-0-2") })
    #expect(try eventually { try log.committed(group: "flume", [TopicPartition("pop", 0)]).values.first == 3 })
    agent.stop()
  }

  @Test func aFileThatVanishesIsWrittenAgain() throws {
    let log = try log(records: 5)
    let bench = try Bench(log: log)
    let agent = try bench.agent(topicToArchive("a1.sinks.k2.hdfs.rollCount = 5"))
    agent.start()
    let open = "\(bench.archive)/case_pop/events.pop-0-0.tmp"
    #expect(eventually { Files.exists(open) })
    try Files.remove(open)
    _ = try log.append([Record(value: Array("5".utf8))], to: TopicPartition("pop", 0), codec: .none)
    #expect(try eventually { try files(bench)["events.pop-0-0-4"] == "0\n1\n2\n3\n4\n" })
    agent.stop()
    #expect(try files(bench).keys.sorted() == ["events.pop-0-0-4", "events.pop-0-5-5"])
  }

  @Test func withoutTheConfiguredDirectoryTheSinkWaits() throws {
    let log = try log(records: 5)
    let bench = try Bench(log: log)
    // A file where the directory should be.
    try Files.writeAtomically("in the way", to: bench.archive)
    let agent = try bench.agent(topicToArchive("a1.sinks.k2.hdfs.retryInterval = 1"))
    agent.start()
    #expect(eventually { agent.status.component("k2")?.counter("ConnectionFailedCount") ?? 0 > 1 })
    try Files.remove(bench.archive)
    #expect(eventually { agent.status.component("k2")?.counter("EventDrainSuccessCount") == 5 })
    agent.stop()
    #expect(try files(bench).keys.sorted() == ["events.pop-0-0-4"])
  }

  @Test func theDefaultsAreFlumes() throws {
    let log = try log(records: 3)
    let bench = try Bench(log: log)
    let text = topicToArchive().split(separator: "\n").filter { line in
      !["fileType", "rollInterval", "rollSize", "filePrefix"].contains { line.contains($0) }
    }.joined(separator: "\n")
    let agent = try bench.agent(text)
    agent.start()
    #expect(eventually { agent.status.component("k2")?.counter("EventDrainSuccessCount") == 3 })
    agent.stop()
    let name = "FlumeData.pop-0-0-2"
    let bytes = try Files.read("\(bench.archive)/case_pop/\(name)")
    #expect(bytes.prefix(4) == [0x53, 0x45, 0x51, 6])
    #expect(String(decoding: bytes, as: UTF8.self).contains("org.apache.hadoop.io.BytesWritable"))
  }

  @Test func eventsFromFilesGetFlumesNamesAndUndeliverableOnesAreKept() throws {
    let bench = try Bench()
    try bench.put("a.txt", "good\n")
    let text =
      spoolToTopic().split(separator: "\n").filter { !$0.contains("sinks.k1.") }.joined(separator: "\n") + """

        a1.sinks.k1.type = hdfs
        a1.sinks.k1.channel = c1
        a1.sinks.k1.hdfs.fileType = DataStream
        a1.sinks.k1.hdfs.filePrefix = events-
        a1.sinks.k1.hdfs.path = archive/
        """
    let agent = try bench.agent(text + "plain")
    agent.start()
    #expect(eventually { agent.status.component("k1")?.counter("EventDrainSuccessCount") == 1 })
    agent.stop()
    let names = try Files.list("\(bench.archive)/plain")
    #expect(names.count == 1 && names[0].wholeMatch(of: /events-\.\d{13}/) != nil, "\(names)")
    #expect(try bench.spooled() == ["a.txt.COMPLETED"])

    try bench.put("b.txt", "no time\n")
    let timed = try bench.agent(text + "%Y")
    #expect(timed.problems.contains { "\($0)".contains("timestamp interceptor") })
    timed.start()
    #expect(try eventually { try bench.spooled() == ["a.txt.COMPLETED", "b.txt.COMPLETED"] })
    timed.stop()
    let letters = try Files.readText("\(bench.directory)/state/agent.conf-a1/dead-letters/a1-k1.jsonl")
    #expect(letters.contains("\"body\":\"no time\"") && letters.contains("no header 'timestamp'"))
  }
}
