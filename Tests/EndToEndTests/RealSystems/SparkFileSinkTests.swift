import Glibc
import MillBase
import Testing

extension EndToEnd.RealSystems {
  /// Directories that a query writes, read by a real Spark; and one that Spark writes, read by us.
  @Suite struct SparkFileSinkTests {
    private static let script = "\(Places.root)/scripts/spark/file_sink.py"

    /// A document of a day; the day's name needs escapes on its way.
    private static func document(_ number: Int) -> String {
      #"{"a":\#(number),"b":"ü \"\#(number)\"","day":"d/\#(number % 3): é"}"#
    }

    private func rows(_ output: String) -> [String] {
      output.split(separator: "\n").filter { $0.hasPrefix("row ") }.map { String($0.dropFirst(4)) }
    }

    @Test(arguments: [("json", "none"), ("json", "gzip"), ("csv", "lz4"), ("json", "snappy"), ("csv", "deflate")])
    func sparkFindsEachRowOnceThoughTheChainIsKilled(format: String, compression: String) throws {
      let directory = try Files.makeTemporaryDirectory("millrace-sparksink")
      defer { try? Files.removeTree(directory) }
      try check(directory, format, compression, path: "file://\(directory)/out")
    }

    /// scripts/hdfs/up.sh gives the NameNode's own protocol the port after WebHDFS's.
    @Test(.enabled(if: HDFS.address != nil, "skipped: MILLRACE_WEBHDFS names no HDFS (make test-real)"))
    func theSameInHDFS() throws {
      let directory = try Files.makeTemporaryDirectory("millrace-sparksink")
      defer { try? Files.removeTree(directory) }
      let address = try Address(String(HDFS.address!.dropFirst(7)))
      let root = "/sink-\(UInt32.random(in: 0...UInt32.max))"
      let path = "hdfs://\(address.host):\(address.port + 1)\(root)"
      try check(
        directory, "json", "gzip", path: path, archive: "archive: {webhdfs: '\(HDFS.address!)', user: hdfs}\n")
      let (read, code) = try Executable.run(
        Places.millrace,
        [
          "sql", directory, "--format", "csv", "-e",
          "CREATE TEMPORARY VIEW v (a INT, b STRING) USING json OPTIONS (path '\(path)'); "
            + "SELECT count(*) AS n, count(DISTINCT a) AS m, max(a) AS g FROM v",
        ])
      #expect(code == 0 && read.hasSuffix("n,m,g\n81,81,80\n"), "\(read)")
    }

    private func check(
      _ directory: String, _ format: String, _ compression: String, path: String, archive: String = ""
    ) throws {
      let port = try Places.freePort()
      let pipeline = """
        \(archive)log: {listen: 127.0.0.1:\(port), topics: {t: {partitions: 1}}}
        queries:
          q: {file: q.sql, format: \(format), path: '\(path)', partitionBy: day,
              options: {compression: \(compression)}}
        """
      try Files.writeAtomically(pipeline, to: "\(directory)/pipeline.yaml")
      let sql = """
        CREATE TEMPORARY VIEW t USING kafka OPTIONS (kafka.bootstrap.servers '127.0.0.1:\(port)', subscribe 't',
          startingOffsets 'earliest', maxOffsetsPerTrigger '3');
        SELECT j.* FROM (SELECT from_json(CAST(value AS STRING), 'a INT, b STRING, day STRING') AS j FROM t)
        """
      try Files.writeAtomically(sql, to: "\(directory)/q.sql")
      func run() throws -> Executable {
        let chain = try Executable(Places.millrace, ["run", directory])
        let up: Void? = Places.eventually { chain.output.contains("Ctrl-C drains") ? () : nil }
        try #require(up != nil, "\(chain.output)")
        return chain
      }
      func produce(_ numbers: Range<Int>) throws {
        let file = "\(directory)/records"
        try Files.writeAtomically(numbers.map { Self.document($0) + "\n" }.joined(), to: file)
        let (output, status) = try Executable.run(
          "sh", ["-c", "'\(Places.millrace)' produce --bootstrap-server 127.0.0.1:\(port) --topic t < '\(file)'"])
        try #require(status == 0, "\(output)")
      }
      for round in 0..<4 {
        let chain = try run()
        try produce(round * 20..<(round + 1) * 20)
        usleep(UInt32(round) * 60_000)
        chain.kill()
      }
      let chain = try run()
      try produce(80..<81)
      // It lets what is in the topic go through first.
      #expect(chain.interrupt() == 0, "\(chain.output)")

      let expected = (0..<81).map { Self.document($0) }.sorted()
      let (output, status) = try Executable.run(
        Python.path, [Self.script, "read", path, format, "a INT, b STRING, day STRING"])
      let parts = output.split(separator: "\nstream\n").map(String.init)
      try #require(status == 0 && parts.count == 2, "\(output)")
      for part in parts {
        let found = rows(part).sorted()
        #expect(found.count == expected.count && Set(expected).subtracting(found) == [])
      }
    }

    @Test func weReadWhatSparkHasWritten() throws {
      let directory = try Files.makeTemporaryDirectory("millrace-sparksink")
      defer { try? Files.removeTree(directory) }
      try Files.makeDirectory("\(directory)/in")
      for number in 0..<13 { try Files.writeAtomically(Self.document(number), to: "\(directory)/in/\(number).json") }
      let (output, status) = try Executable.run(
        Python.path, [Self.script, "write", "\(directory)/in", "\(directory)/out"])
      try #require(status == 0, "\(output)")
      // What a task that failed would leave: no row of it counts.
      try Files.writeAtomically(Self.document(99), to: "\(directory)/out/part-00000-left-c000.json")
      let (read, code) = try Executable.run(
        Places.millrace,
        [
          "sql", "--format", "csv", "-e",
          "CREATE TEMPORARY VIEW v (a INT, b STRING) USING json OPTIONS (path '\(directory)/out'); "
            + "SELECT count(*) AS n, count(DISTINCT a) AS m, max(a) AS g FROM v",
        ])
      #expect(code == 0 && read.hasSuffix("n,m,g\n13,13,12\n"), "\(read)")
    }
  }
}
