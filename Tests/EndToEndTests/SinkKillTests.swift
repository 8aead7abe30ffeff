import Glibc
import MillBase
import Testing

extension EndToEnd {
  /// A chain whose queries write to a topic and to files is killed, its broker with it: each record is there once.
  @Suite struct SinkKillTests {
    private static let kills = 8
    /// Of a round.
    private static let records = 60

    @Test func eachRecordIsInTheTopicAndInTheFilesOnce() throws {
      let directory = try Files.makeTemporaryDirectory("millrace-sinkkill")
      defer { try? Files.removeTree(directory) }
      let port = try Places.freePort()
      let pipeline = """
        log: {listen: 127.0.0.1:\(port), topics: {t: {partitions: 1}, copy: {partitions: 3}}}
        queries:
          toTopic: {file: topic.sql, format: kafka, topic: copy}
          toFiles: {file: files.sql, format: json, path: /out}
        """
      try Files.writeAtomically(pipeline, to: "\(directory)/pipeline.yaml")
      let view = """
        CREATE TEMPORARY VIEW t USING kafka OPTIONS (kafka.bootstrap.servers '127.0.0.1:\(port)', subscribe 't',
          startingOffsets 'earliest', maxOffsetsPerTrigger '7');

        """
      try Files.writeAtomically(view + "SELECT value AS key, value FROM t", to: "\(directory)/topic.sql")
      try Files.writeAtomically(view + "SELECT CAST(value AS STRING) AS v FROM t", to: "\(directory)/files.sql")

      var random = SystemRandomNumberGenerator()
      for round in 0...Self.kills {
        let chain = try Executable(Places.millrace, ["run", directory])
        let up: Void? = Places.eventually { chain.output.contains("Ctrl-C drains") ? () : nil }
        try #require(up != nil, "\(chain.output)")
        let lines = (round * Self.records..<(round + 1) * Self.records).map { "\($0)\n" }.joined()
        try Files.writeAtomically(lines, to: "\(directory)/records")
        let (output, status) = try Executable.run(
          "sh",
          [
            "-c",
            "'\(Places.millrace)' produce --bootstrap-server 127.0.0.1:\(port) --topic t < '\(directory)/records'",
          ])
        try #require(status == 0, "\(output)")
        if round < Self.kills {
          usleep(UInt32.random(in: 0...1_500_000, using: &random))
          chain.kill()
        } else {
          // It lets what is in the topic go through first.
          #expect(chain.interrupt() == 0, "\(chain.output)")
        }
      }

      let count = (Self.kills + 1) * Self.records
      for source in [
        "(SELECT CAST(value AS STRING) AS v FROM topic.copy)", "v",
      ] {
        let (output, status) = try Executable.run(
          Places.millrace,
          [
            "sql", directory, "--format", "csv", "-e",
            "CREATE TEMPORARY VIEW v (v STRING) USING json OPTIONS (path 'file://\(directory)/var/archive/out'); "
              + "SELECT count(*) AS n, count(DISTINCT v) AS m, max(CAST(v AS INT)) AS g FROM \(source)",
          ])
        #expect(status == 0 && output.hasSuffix("n,m,g\n\(count),\(count),\(count - 1)\n"), "\(source): \(output)")
      }
    }
  }
}
