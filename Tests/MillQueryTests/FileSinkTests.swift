import MillArchive
import MillBase
import MillColumns
import MillLog
import Synchronization
import Testing

@testable import MillQuery

/// Files that a query writes, and the log of those that count.
@Suite struct FileSinkTests {
  /// A topic whose records are documents of `a INT, b STRING, t TIMESTAMP`, and a directory for output.
  private final class Bench: Sendable {
    let directory: String
    let log: LocalLog

    init(_ documents: [String]) throws {
      directory = try Files.makeTemporaryDirectory("filesink")
      log = try LocalLog(directory: directory + "/log")
      try log.createTopic("pop", partitions: 1, configuration: [:])
      for document in documents {
        _ = try log.append([Record(value: Array(document.utf8))], to: TopicPartition("pop", 0), codec: .none)
      }
    }

    deinit {
      try? log.close()
      try? Files.removeTree(directory)
    }

    var out: String { "\(directory)/out" }

    static func query(_ select: String, perBatch: Int = 1) throws -> CompiledQuery {
      try CompiledQuery(
        script: """
          CREATE TEMPORARY VIEW pop USING kafka OPTIONS (kafka.bootstrap.servers 'localhost:9092', subscribe 'pop',
            startingOffsets 'earliest', maxOffsetsPerTrigger '\(perBatch)');
          SET TIME ZONE 'Europe/Berlin';
          SELECT \(select) FROM (SELECT from_json(CAST(value AS STRING), 'a INT, b STRING, t TIMESTAMP') AS j FROM pop)
          """)
    }

    /// Runs the query until the topic's end, or dies.
    func run(
      _ query: CompiledQuery, _ sink: any StreamSink, checkpoint: String = "c",
      onStep: @escaping @Sendable (MicroBatchStep, Int64) throws -> Void = { _, _ in }
    ) throws {
      var options = StreamingQuery.Options()
      options.onStep = onStep
      options.retryPauseMin = .milliseconds(1)
      let running = try StreamingQuery(
        name: "q", query: query, log: { [log] _ in log }, sink: sink, checkpointLocation: "\(directory)/\(checkpoint)",
        trigger: .availableNow, options: options, metrics: Metrics())
      running.start()
      try running.awaitTermination(.seconds(60))
    }

    /// Visible files below a directory with their content; in the place of a UUID stands `U`.
    func files(_ path: String) throws -> [String: String] {
      var found: [String: String] = [:]
      for name in try Files.list(path) where !name.hasPrefix(".") && !name.hasPrefix("_") {
        if try Files.status("\(path)/\(name)")!.isDirectory {
          for (inner, text) in try files("\(path)/\(name)") { found["\(name)/\(inner)"] = text }
        } else {
          let parts = name.split(separator: "-", maxSplits: 2).map(String.init)
          found["\(parts[0])-\(parts[1])-U\(parts[2].dropFirst(36))", default: ""] += try Files.readText(
            "\(path)/\(name)")
        }
      }
      return found
    }

    /// What our own reader finds in a directory.
    func read(_ path: String, format: String = "json", columns: String = "a INT, b STRING") throws -> [String] {
      let query = try CompiledQuery(
        script: "CREATE TEMPORARY VIEW v (\(columns)) USING \(format) OPTIONS (path '\(path)'); SELECT * FROM v")
      var lines: [String] = []
      try BatchQuery.run(query, sink: { lines += MillQueryTests.rows($0) })
      return lines
    }

    func log(_ name: String) throws -> [Substring] {
      try Files.readText("\(out)/_spark_metadata/\(name)").split(separator: "\n")
    }
  }

  /// What Spark 4.3 wrote for the same rows.
  private static let documents = [
    #"{"a":1,"b":"x y","t":"2024-01-01T00:00:00.5Z"}"#, #"{"a":2,"b":null}"#, #"{"b":""}"#,
    #"{"a":3,"b":"a/b:c=d%é","t":"2024-07-01T00:00:00Z"}"#, #"{"a":4,"b":"q\"uo,te\nline"}"#,
  ]

  @Test(arguments: [
    (
      FileSource.Format.json, [:], "part-00000-U-c000.json",
      #"""
      {"a":1,"b":"x y","t":"2024-01-01T01:00:00.500+01:00"}
      {"a":2}
      {"b":""}
      {"a":3,"b":"a/b:c=d%é","t":"2024-07-01T02:00:00.000+02:00"}
      {"a":4,"b":"q\"uo,te\nline"}

      """#
    ),
    (
      .json, ["ignoreNullFields": "false", "timestampFormat": "yyyy/MM/dd HH:mm"], "part-00000-U-c000.json",
      #"""
      {"a":1,"b":"x y","t":"2024/01/01 01:00"}
      {"a":2,"b":null,"t":null}
      {"a":null,"b":"","t":null}
      {"a":3,"b":"a/b:c=d%é","t":"2024/07/01 02:00"}
      {"a":4,"b":"q\"uo,te\nline","t":null}

      """#
    ),
    (
      .csv, ["header": "true"], "part-00000-U-c000.csv",
      #"""
      a,b,t
      1,x y,2024-01-01T01:00:00.500+01:00
      2,,
      ,"",
      3,a/b:c=d%é,2024-07-01T02:00:00.000+02:00
      4,"q\"uo,te
      line",

      """#
    ),
    (
      .csv, ["quoteAll": "true", "nullValue": "NULL", "sep": ";"], "part-00000-U-c000.csv",
      #"""
      "1";"x y";"2024-01-01T01:00:00.500+01:00"
      "2";"NULL";"NULL"
      "NULL";"";"NULL"
      "3";"a/b:c=d%é";"2024-07-01T02:00:00.000+02:00"
      "4";"q\"uo,te
      line";"NULL"

      """#
    ),
  ])
  func filesAreAsSparkWritesThem(
    format: FileSource.Format, options: [String: String], name: String, text: String
  ) throws {
    let bench = try Bench(Self.documents)
    let query = try Bench.query("j.*", perBatch: 100)
    try bench.run(query, FileSink(query, format: format, path: bench.out, options: options))
    #expect(try bench.files(bench.out) == [name: text])
  }

  @Test(arguments: [
    ("j.b", [:], "x y\n\n\na/b:c=d%é\nq\"uo,te\nline\n"),
    ("j.b", ["lineSep": "|"], "x y|||a/b:c=d%é|q\"uo,te\nline|"),
  ])
  func textIsTheColumn(select: String, options: [String: String], text: String) throws {
    let bench = try Bench(Self.documents)
    let query = try Bench.query(select, perBatch: 100)
    try bench.run(query, FileSink(query, format: .text, path: "file://\(bench.out)", options: options))
    #expect(try bench.files(bench.out) == ["part-00000-U-c000.txt": text])
  }

  @Test func csvLeavesRowsOfNothingOutAsSparkDoesAndShowsBytes() throws {
    let bench = try Bench(Self.documents)
    let query = try Bench.query("CAST(j.b AS BINARY) AS s", perBatch: 100)
    try bench.run(query, FileSink(query, format: .csv, path: bench.out))
    #expect(
      try bench.files(bench.out).values.first
        == "[78 20 79]\n[]\n[61 2F 62 3A 63 3D 64 25 C3 A9]\n[71 22 75 6F 2C 74 65 0A 6C 69 6E 65]\n")
  }

  @Test func partitionColumnsBecomeDirectories() throws {
    let bench = try Bench(Self.documents)
    let query = try Bench.query("j.*", perBatch: 100)
    try bench.run(query, FileSink(query, format: .json, path: bench.out, partitionBy: ["T", "b"]))
    #expect(
      try bench.files(bench.out) == [
        "t=2024-01-01 01%3A00%3A00.5/b=x y/part-00000-U.c000.json": "{\"a\":1}\n",
        "t=__HIVE_DEFAULT_PARTITION__/b=__HIVE_DEFAULT_PARTITION__/part-00000-U.c000.json": "{\"a\":2}\n{}\n",
        "t=2024-07-01 02%3A00%3A00/b=a%2Fb%3Ac%3Dd%25é/part-00000-U.c000.json": "{\"a\":3}\n",
        "t=__HIVE_DEFAULT_PARTITION__/b=q%22uo,te%0Aline/part-00000-U.c000.json": "{\"a\":4}\n",
      ])
    let lines = try bench.log("0")
    #expect(lines.count == 5 && lines[0] == "v1")
    let path = try #require(try JSONValue(parsing: String(lines[2]))["path"]?.string)
    #expect(path.hasPrefix("file://\(bench.out)/t=__HIVE_DEFAULT_PARTITION__/b=__HIVE"), "\(path)")
    #expect(lines.contains { $0.contains("/t=2024-07-01%2002%253A00%253A00/b=a%252Fb%253Ac%253Dd%2525é/part-") })
    #expect(try bench.read(bench.out).count == 5)
  }

  @Test func moreThanAFewHundredPartitionsAndRowsOfAFileHaveLimits() throws {
    let bench = try Bench((0..<500).map { "{\"a\":\($0),\"b\":\"\($0 % 250)\"}" })
    let query = try Bench.query("j.a, j.b", perBatch: 1000)
    try bench.run(query, FileSink(query, format: .json, path: bench.out, partitionBy: ["b"]))
    #expect(try bench.read(bench.out).count == 500)
    let rolled = try Bench.query("j.a", perBatch: 1000)
    let options = ["maxRecordsPerFile": "200"]
    let other = "\(bench.directory)/rolled"
    try bench.run(rolled, FileSink(rolled, format: .json, path: other, options: options), checkpoint: "c2")
    #expect(try bench.files(other).keys.sorted() == (0..<3).map { "part-00000-U-c00\($0).json" })
  }

  @Test func everyTenthFileOfTheLogHoldsAllBeforeIt() throws {
    let bench = try Bench((0..<23).map { "{\"a\":\($0)}" })
    let query = try Bench.query("j.a")
    try bench.run(query, FileSink(query, format: .json, path: bench.out))
    let names = try Files.list("\(bench.out)/_spark_metadata").filter { !$0.hasPrefix(".") }
    #expect(Set(names) == Set((0..<23).map { $0 % 10 == 9 ? "\($0).compact" : "\($0)" }))
    #expect(try bench.log("8").count == 2 && bench.log("9.compact").count == 11 && bench.log("19.compact").count == 21)
    // Files before the last compact one are not needed.
    for name in names where name != "19.compact" && (Int(name) ?? 0) < 20 {
      try Files.remove("\(bench.out)/_spark_metadata/\(name)")
    }
    #expect(try bench.read(bench.out, columns: "a INT") == (0..<23).map(String.init))
    try Files.remove("\(bench.out)/_spark_metadata/21")
    let error = #expect(throws: MillError.self) { try bench.read(bench.out, columns: "a INT") }
    #expect(error?.message == "the log of the directory's files lacks micro-batch 21")
  }

  @Test(
    arguments: [
      ([], 10), ([9], 10), ([9, 19], 10), ([4], 5), ([2], 3), ([11], 12), ([29], 10), ([14], 15), ([5, 11], 6),
    ] as [([Int64], Int64)])
  func theLogKeepsTheIntervalThatItHas(compacted: [Int64], interval: Int64) {
    #expect(SinkFileLog.interval(of: compacted) == interval)
  }

  /// The query dies at every step of every micro-batch, and while it writes; who reads by the log has each row once.
  @Test func eachRowIsThereOnceWhereverTheQueryDies() throws {
    let bench = try Bench((0..<4).map { "{\"a\":\($0)}" })
    let query = try Bench.query("j.a", perBatch: 2)
    let steps: [MicroBatchStep?] = [nil] + MicroBatchStep.allCases
    for (number, (step, id)) in steps.flatMap({ step in (0..<2).map { (step, Int64($0)) } }).enumerated() {
      let out = "\(bench.directory)/out\(number)"
      let died = Mutex(false)
      for _ in 0..<2 {
        let system = DyingFileSystemDouble(dies: { path in
          guard step == nil, path.hasSuffix("_spark_metadata/\(id)") else { return false }
          return died.withLock { died in
            defer { died = true }
            return !died
          }
        })
        let sink = try FileSink(query, format: .json, path: out, on: system)
        do {
          try bench.run(query, sink, checkpoint: "c\(number)") { at, batch in
            guard at == step, batch == id, !died.withLock({ $0 }) else { return }
            died.withLock { $0 = true }
            throw MillError(.system, "dead")
          }
        } catch { died.withLock { $0 = true } }
      }
      #expect(died.withLock { $0 } || step == .partitionWritten)
      #expect(
        try bench.read(out, columns: "a INT") == ["0", "1", "2", "3"],
        "died at \(step.map { "\($0)" } ?? "the log") of micro-batch \(id)")
    }
  }

  /// A local file system in which the process dies when a file is about to get a certain name.
  private struct DyingFileSystemDouble: FileSystem {
    let dies: @Sendable (String) -> Bool
    let inner = LocalFileSystem()
    var description: String { "DyingFileSystemDouble" }
    func create(_ path: String) throws -> any FileWriter { try inner.create(path) }
    func status(_ path: String) throws -> ArchiveStatus? { try inner.status(path) }
    func list(_ path: String) throws -> [ArchiveStatus] { try inner.list(path) }
    func makeDirectories(_ path: String) throws { try inner.makeDirectories(path) }
    func rename(_ from: String, to: String) throws {
      if dies(to) { throw MillError(.system, "dead") }
      try inner.rename(from, to: to)
    }
    func delete(_ path: String) throws -> Bool { try inner.delete(path) }
    func read(_ path: String, from: Int64, count: Int) throws -> [UInt8] {
      try inner.read(path, from: from, count: count)
    }
  }

  @Test func aDirectoryBelongsToOneQuery() throws {
    let bench = try Bench(["{\"a\":1}"])
    let query = try Bench.query("j.a")
    try bench.run(query, FileSink(query, format: .json, path: bench.out))
    let error = #expect(throws: MillError.self) {
      try bench.run(query, FileSink(query, format: .json, path: bench.out), checkpoint: "another")
    }
    #expect(error?.message.contains("has written to this directory") == true)
    // Spark's directories don't say whose they are; a micro-batch that can't come again does.
    try Files.remove("\(bench.out)/_spark_metadata/.millrace-query")
    for number in 1..<3 { try Files.writeAtomically("v1", to: "\(bench.out)/_spark_metadata/\(number)") }
    let older = #expect(throws: MillError.self) {
      try bench.run(query, FileSink(query, format: .json, path: bench.out), checkpoint: "third")
    }
    #expect(older?.message.contains("has micro-batch 2 already, and this query is at 0") == true)
  }

  @Test(arguments: [("gzip", "gz"), ("deflate", "deflate"), ("lz4", "lz4"), ("snappy", "snappy")])
  func packedFilesAreWrittenAndRead(_ compression: String, _ suffix: String) throws {
    let bench = try Bench(Self.documents)
    let query = try Bench.query("j.a", perBatch: 3)
    try bench.run(query, FileSink(query, format: .json, path: bench.out, options: ["compression": compression]))
    #expect(try Files.list(bench.out).filter { $0.hasSuffix("-c000.json.\(suffix)") }.count == 2)
    #expect(try bench.read(bench.out, columns: "a INT") == ["1", "2", "null", "3", "4"])
  }

  @Test(
    arguments: [
      (
        FileSource.Format.text, "j.*", [:], [],
        "[UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE] The Text datasource doesn't support the column `a` of the type \"INT\". SQLSTATE: 0A000"
      ),
      (
        .csv, "j", [:], [],
        "[UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE] The CSV datasource doesn't support the column `j` of the type \"STRUCT<a: INT, b: STRING, t: TIMESTAMP>\". SQLSTATE: 0A000"
      ),
      (.json, "j.*", [:], ["zz"], "Partition column zz not found in existing columns (a, b, t)."),
      (
        .json, "j.a", [:], ["a"],
        "[ALL_PARTITION_COLUMNS_NOT_ALLOWED] Cannot use all columns for partition columns. SQLSTATE: KD005"
      ),
      (
        .json, "j, j.a", [:], ["j"],
        "[INVALID_PARTITION_COLUMN_DATA_TYPE] Cannot use \"STRUCT<a: INT, b: STRING, t: TIMESTAMP>\" for partition column. SQLSTATE: 0A000"
      ),
      (
        .json, "j.*", ["compression": "zip"], [],
        "[CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION] The codec zip is not available. Available codecs are deflate, uncompressed, snappy, none, lz4, gzip. SQLSTATE: 56038"
      ),
    ] as [(FileSource.Format, String, [String: String], [String], String)])
  func errorsAreSparks(
    format: FileSource.Format, select: String, options: [String: String], partitionBy: [String], message: String
  ) throws {
    let query = try Bench.query(select)
    let error = #expect(throws: MillError.self) {
      try FileSink(query, format: format, path: "/nowhere", options: options, partitionBy: partitionBy)
    }
    #expect(error?.message == message)
  }

  @Test func onlyAppendIsPossible() throws {
    let query = try Bench.query("j.a")
    let error = #expect(throws: MillError.self) {
      try FileSink(query, format: .json, path: "/nowhere", outputMode: .update)
    }
    #expect(
      error?.message == "[STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE] Invalid streaming output mode: update. This "
        + "output mode is not supported in Data Source json. SQLSTATE: 42KDE")
    #expect(throws: MillError.self) { try FileSink(query, format: .json, path: nil) }
  }

  @Test(arguments: [
    ("hdfs://nn:8020/a b", "hdfs://nn:8020/a%20b/x=%25", "/a b"), ("/a", "file:///root/a/x=%25", "/root/a"),
    ("file:///q/[1]", "file:///q/%5B1%5D/x=%25", "/q/[1]"), ("webhdfs://h:1/d", "webhdfs://h:1/d/x=%25", "/d"),
  ])
  func addressesAreHadoops(path: String, address: String, inner: String) throws {
    let webHDFS = path.hasPrefix("hdfs") ? ["http://nn:9870"] : []
    let place = try SinkPlace(path, FileSystems(root: "/root", webHDFS: webHDFS))
    #expect(place.uri("x=%") == address && place.path == inner)
    #expect(SinkPlace.path(inURI: address) == "\(inner)/x=%")
  }
}
