import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// `millrace agent` in the place of `flume-ng agent`, one process an agent, beside `millrace broker`.
  @Suite struct AgentAloneTests {
    /// The two files that Millrace was made from, without their comments; only directory and port are the test's.
    private static func spoolToTopic(_ directory: String, _ servers: String) -> String {
      """
      s# Name the components on this agent
      a1.sources = r1
      a1.sinks = k1
      a1.channels = c1
      a1.sources.r1.type = spooldir
      a1.sources.r1.channels = c1
      a1.sources.r1.spoolDir = \(directory)
      a1.sources.r1.fileHeader = true
      a1.sinks.k1.channel = c1
      a1.sinks.k1.type = org.apache.flume.sink.kafka.KafkaSink
      a1.sinks.k1.kafka.topic = pop\u{20}
      a1.sinks.k1.kafka.bootstrap.servers = \(servers)
      a1.sinks.k1.kafka.flumeBatchSize = 20
      a1.sinks.k1.kafka.producer.acks = 1
      a1.sinks.k1.kafka.producer.linger.ms = 1
      a1.sinks.k1.kafka.producer.compression.type = snappy
      a1.channels.c1.type = memory
      a1.channels.c1.capacity = 1000
      a1.channels.c1.transactionCapacity = 1000
      a1.sources.r1.channels = c1
      a1.sinks.k1.channel = c1

      """
    }

    private static func topicToHDFS(_ servers: String) -> String {
      """
      a2.sources = r2
      a2.sinks = k2
      a2.channels = c2
      a2.sources.r2.type = org.apache.flume.source.kafka.KafkaSource
      a2.sources.r2.channels = c2
      a2.sources.r2.batchSize = 5000
      a2.sources.r2.batchDurationMillis = 2000
      a2.sources.r2.kafka.bootstrap.servers = \(servers)
      a2.sources.r2.kafka.topics = pop
      a2.sinks.k2.type = hdfs
      a2.sinks.k2.channel = c2
      a2.sinks.k2.hdfs.path = /case_pop
      a2.sinks.k2.hdfs.filePrefix = events-
      a2.sinks.k2.hdfs.round = true
      a2.sinks.k2.hdfs.roundValue = 10\u{20}
      a2.sinks.k2.hdfs.roundUnit = minute
      a2.channels.c2.type = memory
      a2.channels.c2.capacity = 5000
      a2.channels.c2.transactionCapacity = 5000
      a2.sources.r2.channels = c2
      a2.sinks.k2.channel = c2

      """
    }

    @Test(.enabled(if: Executable.find("kcat") != nil, "skipped: kcat is not installed"))
    func theSeedsFilesCarryADocumentFromTheSpoolThroughTheTopicToTheArchive() throws {
      let directory = try Files.makeTemporaryDirectory("millrace-agents")
      defer { try? Files.removeTree(directory) }
      let broker = try Stage("broker")
      let spool = "\(directory)/pop"
      try Files.makeDirectory(spool)
      try Files.writeAtomically(Self.spoolToTopic(spool, broker.address), to: "\(directory)/a1.conf")
      try Files.writeAtomically(Self.topicToHDFS(broker.address), to: "\(directory)/a2.conf")
      func agent(_ name: String) throws -> Executable {
        try Executable(
          Places.millrace,
          [
            "agent", "--conf-file", "\(directory)/\(name).conf", "--name", name, "--archive", "\(directory)/hdfs",
            "--state", "\(directory)/\(name)",
          ], directory: directory)
      }
      let (made, _) = try Executable.run(
        Places.millrace, ["topics", "--create", "--topic", "pop", "--bootstrap-server", broker.address])
      #expect(made == "Created topic pop.\n")
      let (a2, a1) = (try agent("a2"), try agent("a1"))
      defer {
        a1.kill()
        a2.kill()
      }

      // The file names no auto.offset.reset: as with Flume, a2 gets what comes after it joined.
      var dropped: [String] = []
      func drop() throws {
        let document = "{\"data\": [{\"Nation\": \"United States\", \"n\": \(dropped.count)}]}"
        try Files.writeAtomically(document, to: "\(spool)/response_\(dropped.count).json")
        dropped.append(document)
      }
      func archived() throws -> [String] {
        guard Files.exists("\(directory)/hdfs/case_pop") else { return [] }
        let bytes = try Files.list("\(directory)/hdfs/case_pop").flatMap {
          try Files.read("\(directory)/hdfs/case_pop/\($0)")
        }
        return String(decoding: bytes, as: UTF8.self).matches(of: /{"data": \[{[^}]*}\]}/).map { String($0.0) }
      }
      let first: Int? = try Places.eventually {
        try drop()
        usleep(300_000)
        return try archived().first.flatMap { dropped.firstIndex(of: $0) }
      }
      let joined = try #require(first, "nothing is archived: \(a1.output)\(a2.output)")
      try drop()
      let all: Void? = try Places.eventually { try archived().contains(dropped.last!) ? () : nil }
      #expect(all != nil, "\(a2.output)")
      #expect(a1.interrupt() == 0 && a2.interrupt() == 0, "\(a1.output)\(a2.output)")

      try expectOnce(archived(), Array(dropped[joined...]))
      #expect(
        try Files.list("\(directory)/hdfs/case_pop").allSatisfy { $0.hasPrefix("events-.") && !$0.hasSuffix(".tmp") })
      let (records, _) = try Executable.run(
        "kcat", ["-b", broker.address, "-C", "-t", "pop", "-e", "-q", "-o", "beginning"])
      #expect(records.split(separator: "\n").map(String.init) == dropped)
      #expect(try Files.list(spool).filter { $0.hasSuffix(".json") } == [])
    }
  }
}
