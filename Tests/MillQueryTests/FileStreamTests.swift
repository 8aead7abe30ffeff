import Glibc
import MillArchive
import MillBase
import MillColumns
import MillLog
import Synchronization
import Testing

@testable import MillQuery

/// Files as a stream: each once, in order, through restarts and crashes, with the log that Spark writes. What Spark 4.3
/// does in these cases was looked at with spark.readStream.
@Suite struct FileStreamTests {
  private typealias Bench = FileStreamBench

  @Test func checkpointIsLaidOutAsSparkDoes() throws {
    let bench = try Bench()
    try bench.put("b ü.txt", "b1\nb2\n", age: 300)
    try bench.put("a.txt", "a1\n", age: 200)
    try bench.put("empty%.txt", "", age: 100)
    let sink = MemorySink()
    let query = try bench.query(", maxFilesPerTrigger '2'", trigger: .availableNow, sink: sink)
    query.start()
    try query.awaitTermination(.seconds(60))
    #expect(Bench.texts(sink) == ["b1 b2 a1", ""])
    func time(_ name: String) throws -> Int64 { try Files.status("\(bench.input)/\(name)")!.modified / 1_000_000 }
    #expect(
      try bench.file("sources/0/0") == """
        v1
        {"path":"file://\(bench.input)/b%20ü.txt","timestamp":\(time("b ü.txt")),"batchId":0}
        {"path":"file://\(bench.input)/a.txt","timestamp":\(time("a.txt")),"batchId":0}
        """)
    #expect(try bench.file("sources/0/1").contains("/empty%25.txt\""))
    #expect(try bench.file("offsets/0").hasSuffix("\n{\"logOffset\":0}"))
    #expect(try bench.file("offsets/1").hasSuffix("\n{\"logOffset\":1}"))
    let sources = query.recentProgress.map { $0["sources"]![0]! }
    #expect(sources.allSatisfy { $0["description"]?.string == "FileStreamSource[file:\(bench.input)]" })
    #expect(sources.map { $0["startOffset"]!.text() } == ["null", #"{"logOffset":0}"#])
    #expect(sources.map { $0["endOffset"]!.text() } == [#"{"logOffset":0}"#, #"{"logOffset":1}"#])
    #expect(sources.map { $0["latestOffset"]!.text() } == ["null", "null"])
    #expect(sources.map { $0["numInputRows"]! } == [3, 0])
  }

  @Test func aRestartReadsWhatIsNew() throws {
    let bench = try Bench()
    try bench.put("a", "a", age: 30)
    #expect(try bench.run() == ["a"])
    #expect(try bench.run() == [], "no new file, no micro-batch")
    try bench.put("c", "c", age: 10)
    try bench.put("b", "b", age: 20)
    #expect(try bench.run() == ["b c"])
    try bench.put("a", "a again", age: 5)
    #expect(try bench.run() == [], "a file is known by its path, not by its content")
  }

  /// As Spark goes on from its own checkpoint.
  @Test func aCheckpointOfSparksIsTakenOver() throws {
    let bench = try Bench()
    try bench.put("a b.txt", "old", age: 30)
    try bench.put("c.txt", "new", age: 10)
    let checkpoint = try Checkpoint(bench.checkpoint)
    try Files.makeDirectory(bench.checkpoint + "/sources/0")
    let line = #"{"path":"file://\#(bench.input)/a%20b.txt","timestamp":1795533682000,"batchId":0}"#
    try Files.writeAtomically("v1\n\(line)", to: bench.checkpoint + "/sources/0/0")
    try checkpoint.write(.init(batchTimestampMs: 1, conf: [:], offsets: [.object(["logOffset": 0])]), batchId: 0)
    try checkpoint.commit(0)
    #expect(try bench.run(", maxFileAge '100000d'") == ["new"])
  }

  @Test(arguments: [
    ("", "", ["a b c d"]), ("", ", recursiveFileLookup 'false'", ["a b"]), ("", ", pathGlobFilter '*.txt'", ["a c"]),
    ("/*", "", ["a b c d"]), ("/*.txt", "", ["a"]), ("/s?b/*", "", ["c d"]), ("/{a.txt,s*/d.csv}", "", ["a d"]),
    ("/[^a]*", "", ["b c d"]), ("/nothing*", "", []), ("/a.txt", "", ["a"]),
  ])
  func pathsAndPatterns(_ path: String, _ options: String, _ wanted: [String]) throws {
    let bench = try Bench()
    try bench.put("a.txt", "a", age: 50)
    try bench.put("b.csv", "b", age: 40)
    try bench.put("sub/c.txt", "c", age: 30)
    try bench.put("sub/d.csv", "d", age: 20)
    for name in ["_x.txt", ".y.txt", "z.txt._COPYING_", "_hidden/h.txt", ".hidden/h.txt"] {
      try bench.put(name, "never", age: 10)
    }
    #expect(try bench.run(options, path: bench.input + path) == wanted)
    // As a batch the same are read, in the order of their names.
    let batch = try CompiledQuery(
      script: bench.script(options, path: bench.input + path).replacing("STREAM(f)", with: "f"))
    var rows: [String] = []
    try BatchQuery.run(batch) { rows += MillQueryTests.rows($0) }
    let texts = wanted.joined(separator: " ").split(separator: " ").map(String.init)
    #expect(rows.sorted() == texts.sorted())
  }

  @Test func newFilesAreFoundWhileItRuns() throws {
    let bench = try Bench()
    let sink = MemorySink()
    let query = try bench.query(sink: sink)
    query.start()
    for round in 0..<5 {
      try bench.put("f\(round)", "\(round)")
      #expect(try query.processAllAvailable(.seconds(60)))
      #expect(Bench.texts(sink) == (0...round).map(String.init))
    }
    query.stop()
    #expect(query.exception == nil)
  }

  @Test func aDirectoryThatIsNotThereIsWaitedFor() throws {
    let bench = try Bench()
    let sink = MemorySink()
    let query = try bench.query(path: bench.input + "/later", sink: sink)
    query.start()
    while query.isActive, !query.status.message.contains("the path does not exist") { Signal().wait(.milliseconds(5)) }
    #expect(query.status.message.contains("make the directory; the query waits for it"))
    try bench.put("later/a", "a")
    #expect(try query.processAllAvailable(.seconds(60)))
    query.stop()
    #expect(Bench.texts(sink) == ["a"])
  }

  @Test func streamIsAWordBeforeViewsOnly() throws {
    let bench = try Bench()
    try bench.put("a", "a")
    let views = """
      CREATE TEMPORARY VIEW stream USING text OPTIONS (path '\(bench.input)');
      CREATE TEMPORARY VIEW v AS SELECT value AS w FROM stream;
      CREATE TEMPORARY VIEW none AS SELECT * FROM VALUES (1);

      """
    func plan(_ select: String) throws -> String { try CompiledQuery(script: views + select, file: "q.sql").planText }
    for select in ["SELECT * FROM stream", "SELECT * FROM stream AS s", "SELECT t.value FROM stream, stream AS t"] {
      #expect(try !plan(select).contains("stream of"))
    }
    for select in [
      "SELECT x.w FROM STREAM v AS x WHERE w > ''", "SELECT * FROM STREAM(stream)", "SELECT * FROM stream stream",
    ] {
      #expect(try plan(select).contains("[stream of text"))
    }
    #expect(
      bench.message { _ = try plan("SELECT * FROM STREAM(none)") }
        == "q.sql:4:15: STREAM wants a view over a topic, files or rate: nothing comes to what this one reads")
    // As a batch a stream of files is what is there.
    var rows: [String] = []
    try BatchQuery.run(CompiledQuery(script: views + "SELECT * FROM STREAM v")) { rows += MillQueryTests.rows($0) }
    #expect(rows == ["a"])
  }

  @Test func anotherSourceNeedsAnotherCheckpoint() throws {
    let bench = try Bench()
    try bench.put("a", "a")
    try bench.run()
    let rate = "CREATE TEMPORARY VIEW r USING `rate-micro-batch` OPTIONS (rowsPerBatch 1); SELECT * FROM r"
    let text = bench.message { try bench.run(script: rate) }
    #expect(text.contains(#"the checkpoint holds {"logOffset":0}, which is no offset of a rate-micro-batch source"#))
    #expect(text.contains("use another checkpointLocation"))
  }

  @Test func documentsAndTheirFaults() throws {
    let bench = try Bench()
    try bench.put("a.json", "{\"i\":1,\"s\":\"x\"}\n{\"i\":\n\n{\"i\":2}\n")
    let seen = Mutex<[String]>([])
    let script = """
      CREATE TEMPORARY VIEW f (i INT, s STRING) USING json OPTIONS (path '\(bench.input)');
      SELECT CAST(i AS STRING) AS i, s FROM STREAM f AS x
      """
    let rows = try bench.run(script: script) { record, origin, reason in
      seen.withLock { $0.append("\(String(decoding: record.value!, as: UTF8.self)) \(origin): \(reason)") }
    }
    #expect(rows == ["1|x null|null 2|null"])
    #expect(
      seen.withLock { $0 } == ["{\"i\": \(bench.input)/a.json@16: from_json: the text ends too early at byte 5"])
  }

  @Test func csvFilesHaveHeaders() throws {
    let bench = try Bench()
    try bench.put("a.csv", "i,s\n1,x\n2,y\n", age: 20)
    try bench.put("b.csv", "i,s\n3,z\n", age: 10)
    let script = """
      CREATE TEMPORARY VIEW f (i INT, s STRING) USING csv OPTIONS (path '\(bench.input)', header 'true');
      SELECT concat(i, s) FROM STREAM(f)
      """
    #expect(try bench.run(script: script) == ["1x 2y 3z"])
  }

  @Test func packedFilesAreUnpacked() throws {
    let bench = try Bench()
    let lines = (0..<300_000).map { "\($0) \($0 * 7919)" }
    let text = Array((lines.joined(separator: "\n") + "\n").utf8)
    // Two members, one after the other.
    let packed = Gzip.compress(Array(text[..<1_000_000])) + Gzip.compress(Array(text[1_000_000...]))
    #expect(packed.count > 1 << 20 && text.count > 4 << 20)
    try Files.writeAtomically(packed, to: bench.input + "/a.txt.gz")
    #expect(try bench.run() == [lines.joined(separator: " ")])
    for (name, bytes, wanted) in [
      ("b.gz", Array(packed[..<(packed.count - 5)]), "the gzip data is cut"),
      ("c.gz", Array("no".utf8), "the data is not gzip, or is damaged"),
      ("d.bz2", [1], "files of the kind .bz2 are not read yet"),
      ("e.deflate", Array("no".utf8), "the data is not zlib, or is damaged"),
      ("f.lz4", [0, 0, 0, 9, 0, 0, 0, 2, 1, 2], "a chunk of 2 bytes: the data is not Hadoop's lz4, or is damaged"),
      ("g.snappy", Array("sNaPpY".utf8), "a block of 1934516560 bytes: the data is not Hadoop's snappy, or is damaged"),
      ("h.zst", Array("what?".utf8), "the data is not Hadoop's zstd, or is damaged"),
      ("i.lz4", Array(HadoopCodec.lz4.pack(text).dropLast(3)), "the file is cut"),
      ("j.snappy", [0, 0, 0, 9], "the file is cut"), ("k.snappy", [0, 0], "the file is cut"),
    ] {
      try Files.writeAtomically(bytes, to: "\(bench.input)/\(name)")
      let text = bench.message { try bench.run() }
      #expect(text.contains(wanted) && text.contains("\(bench.input)/\(name)"), "\(text)")
      try Files.remove("\(bench.input)/\(name)")
      #expect(try bench.run(", ignoreMissingFiles 'true'") == [""])
    }
  }

  @Test func bigFilesKeepTheirOrderOnTwoLanes() throws {
    let bench = try Bench()
    let line = String(repeating: "x", count: 1000)
    for file in 0..<3 {
      try bench.put("f\(file)", (0..<3000).map { "\(file * 3000 + $0) \(line)\n" }.joined(), age: 10 - file)
    }
    let sink = MemorySink()
    try bench.run(
      script: bench.script("").replacing("SELECT value", with: "SELECT CAST(split(value, ' ')[0] AS INT) AS n"),
      sink: sink)
    #expect(sink.rows.map { $0[0] } == (0..<9000).map { .integer($0) })
  }

  /// The same view may be the stream and the static side of its join; what is not called STREAM is no stream.
  @Test func streamAndStaticSide() throws {
    let bench = try Bench()
    try bench.put("a", "a", age: 20)
    let view = "CREATE TEMPORARY VIEW f USING text OPTIONS (path '\(bench.input)');"
    let join = view + "SELECT s.value, count(*) FROM STREAM(f) AS s CROSS JOIN f GROUP BY s.value"
    let sink = MemorySink()
    func run() throws {
      let query = try bench.query(script: join, trigger: .availableNow, sink: sink, mode: .update)
      query.start()
      try query.awaitTermination(.seconds(60))
    }
    try run()
    try bench.put("b", "b", age: 10)
    try run()
    #expect(Bench.texts(sink) == ["a|integer(1)", "b|integer(2)"])
    let text = bench.message { _ = try bench.query(script: view + "SELECT * FROM f", sink: sink) }
    #expect(text.contains("the query reads no stream") && text.contains("FROM STREAM(view) of files"))
    #expect(
      try CompiledQuery(script: view + "SELECT * FROM STREAM f").planText.contains("[stream of text \(bench.input)]"))
  }

  @Test func filesAndATopicTogether() throws {
    let bench = try Bench()
    let log = try LocalLog(directory: bench.directory + "/log")
    defer { try? log.close() }
    try log.createTopic("pop", partitions: 1, configuration: [:])
    let script = """
      CREATE TEMPORARY VIEW f USING text OPTIONS (path '\(bench.input)');
      CREATE TEMPORARY VIEW k USING kafka OPTIONS (kafka.bootstrap.servers 'h:1', subscribe 'pop',
        startingOffsets 'earliest');
      SELECT value FROM STREAM(f) UNION ALL SELECT CAST(value AS STRING) FROM k
      """
    let sink = MemorySink()
    let query = try bench.query(script: script, sink: sink, log: log)
    query.start()
    _ = try log.append([Record(value: Array("t".utf8))], to: TopicPartition("pop", 0), codec: .none)
    #expect(try query.processAllAvailable(.seconds(60)))
    #expect(try bench.file("offsets/0").hasSuffix("\n-\n{\"pop\":{\"0\":1}}"))
    try bench.put("a", "a")
    #expect(try query.processAllAvailable(.seconds(60)))
    #expect(try bench.file("offsets/1").hasSuffix("\n{\"logOffset\":0}\n{\"pop\":{\"0\":1}}"))
    query.stop()
    #expect(Bench.texts(sink) == ["t", "a"])
    #expect(query.lastProgress?["sources"]?.array?.map { $0["numInputRows"]! } == [1, 0])
  }

  /// The address of a real HDFS, as scripts/hdfs/up.sh prints it.
  static let webHDFS = getenv("MILLRACE_WEBHDFS").map { String(cString: $0) }

  @Test(.enabled(if: webHDFS != nil, "skipped: MILLRACE_WEBHDFS names no HDFS (scripts/hdfs/up.sh)"))
  func realHDFS() throws {
    let bench = try Bench()
    let systems = try FileSystems(root: "/nowhere", webHDFS: [Self.webHDFS!], user: "hdfs")
    let root = "hdfs://cluster/filestream/\(Clock.nowNanoseconds())"
    func put(_ name: String, _ text: String) throws {
      let (system, path) = try systems.resolve("\(root)/in/\(name)")
      let writer = try system.create(path + "._COPYING_")
      writer.write(Array(text.utf8))
      try writer.close()
      try system.rename(path + "._COPYING_", to: path)
      // HDFS's times are of milliseconds, and their order is what is looked at here.
      Signal().wait(.milliseconds(5))
    }
    let options = ", cleanSource 'archive', sourceArchiveDir '\(root)/read', maxFilesPerTrigger '2'"
    let sink = MemorySink()
    func run() throws {
      let query = try bench.query(
        options, path: "\(root)/in/*.txt", trigger: .availableNow, sink: sink, files: systems)
      query.start()
      try query.awaitTermination(.seconds(60))
    }
    try put("b c.txt", "b1\nb2\n")
    try put("a.txt", "a\n")
    try put("d.txt", "d")
    try put("x.csv", "x")
    try run()
    try put("e.txt", "e\n")
    try run()
    #expect(Bench.texts(sink) == ["b1 b2 a", "d", "e"])
    #expect(try bench.file("sources/0/0").contains("\"path\":\"\(root)/in/b%20c.txt\""))
    let (system, input) = try systems.resolve("\(root)/in")
    #expect(try system.list(input).map(\.name) == ["x.csv"])
    #expect(
      try system.list(systems.resolve("\(root)/read").path + input).map(\.name) == [
        "a.txt", "b c.txt", "d.txt", "e.txt",
      ])
  }
}
