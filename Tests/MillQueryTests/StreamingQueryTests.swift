import MillBase
import MillColumns
import MillLog
import Synchronization
import Testing

@testable import MillQuery

/// A log in a new directory, a checkpoint beside it, and what a query needs to run over them.
private final class Bench: Sendable {
  let directory: String
  let log: LocalLog
  var checkpoint: String { directory + "/checkpoint" }

  init(topic: String = "pop", partitions: Int = 1) throws {
    directory = try Files.makeTemporaryDirectory("millquery")
    log = try LocalLog(directory: directory + "/log")
    try log.createTopic(topic, partitions: partitions, configuration: [:])
  }

  deinit {
    try? log.close()
    try? Files.removeTree(directory)
  }

  func append(_ values: String..., topic: String = "pop", partition: Int32 = 0) throws {
    _ = try log.append(
      values.map { Record(value: Array($0.utf8)) }, to: TopicPartition(topic, partition), codec: .none)
  }

  func query(
    _ select: String = "SELECT CAST(value AS STRING) AS v FROM pop", sink: any StreamSink = MemorySink(),
    options: String = "", trigger: Trigger = .availableNow, script: CompiledQuery? = nil, metrics: Metrics = Metrics(),
    onMalformed: @escaping @Sendable (Record, String, String) throws -> Void = { _, _, _ in }
  ) throws -> StreamingQuery {
    var settings = StreamingQuery.Options()
    settings.retryPauseMin = .milliseconds(1)
    return try StreamingQuery(
      name: "q", query: script ?? overTopic(select, options: options), log: { [log] _ in log }, sink: sink,
      checkpointLocation: checkpoint, trigger: trigger, options: settings, metrics: metrics, onMalformed: onMalformed)
  }

  /// Runs an AvailableNow query to its end; the rows that it brought.
  @discardableResult
  func run(
    _ select: String = "SELECT CAST(value AS STRING) AS v FROM pop", options: String = "",
    sink: MemorySink = MemorySink()
  ) throws -> [String] {
    let query = try query(select, sink: sink, options: options)
    query.start()
    try query.awaitTermination(.seconds(60))
    return sink.rows.map { $0.map { "\($0)" }.joined(separator: "|") }.map {
      $0.replacing("string(\"", with: "").replacing("\")", with: "")
    }
  }

  func file(_ name: String) throws -> String { try Files.readText(checkpoint + "/" + name) }
  func files(_ folder: String) throws -> [String] { try Files.list(checkpoint + "/" + folder) }
}

/// Fails as often as it is told to, before or after it has taken the micro-batch.
private final class FailingSinkDouble: StreamSink {
  let description = "FailingSinkDouble"
  let kept = MemorySink()
  private let failures: Mutex<Int>
  private let error: MillError

  init(failures: Int, _ error: MillError) {
    self.failures = Mutex(failures)
    self.error = error
  }

  func addBatch(id: Int64, _ batch: MicroBatch) throws {
    try kept.addBatch(id: id, batch)
    let fails = failures.withLock { left in
      left -= 1
      return left >= 0
    }
    if fails { throw error }
  }
}

@Suite struct StreamingQueryTests {
  @Test func checkpointIsLaidOutAsSparkDoes() throws {
    let bench = try Bench(partitions: 2)
    try bench.append("a", "b")
    try bench.append("c", partition: 1)
    #expect(try bench.run() == ["a", "b", "c"])
    #expect(try Files.list(bench.checkpoint) == ["commits", "metadata", "offsets", "sources"])
    #expect(try bench.file("commits/0") == "v1\n{\"nextBatchWatermarkMs\":0}")
    #expect(try bench.file("sources/0/0") == "\0v1\n{\"pop\":{\"0\":0,\"1\":0}}")
    let lines = try bench.file("offsets/0").split(separator: "\n")
    #expect(lines.count == 3 && lines[0] == "v1" && lines[2] == #"{"pop":{"0":2,"1":1}}"#)
    #expect(lines[1].hasPrefix(#"{"batchWatermarkMs":0,"batchTimestampMs":1"#))
    #expect(lines[1].contains(#""conf":{"spark.sql.streaming.stateStore.providerClass":"#))
    #expect(try JSONValue(parsing: String(lines[1]))["conf"]?.object?.count == 11)
    let id = try JSONValue(parsing: bench.file("metadata"))["id"]?.string ?? ""
    #expect(id.count == 36 && id.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
  }

  @Test func restartGoesOnWhereTheLastOneEnded() throws {
    let bench = try Bench()
    try bench.append("a")
    #expect(try bench.run() == ["a"])
    #expect(try bench.run() == [], "no data, no batch")
    #expect(try bench.files("offsets") == ["0"])
    try bench.append("b", "c")
    #expect(try bench.run(options: ", failOnDataLoss 'true'") == ["b", "c"], "startingOffsets counts once")
    #expect(try bench.files("commits") == ["0", "1"])
  }

  @Test func failedMicroBatchComesAgainWithTheSameRecords() throws {
    let bench = try Bench()
    try bench.append("a")
    try bench.run()
    try bench.append("b")
    let failing = FailingSinkDouble(failures: 1, MillError(.refused, "boom"))
    let query = try bench.query(sink: failing)
    query.start()
    let error = #expect(throws: MillError.self) { try query.awaitTermination(.seconds(60)) }
    #expect(
      error?.message
        == "[STREAM_FAILED] Query [id = \(query.id), runId = \(query.runId)] terminated with exception: boom")
    #expect(query.status.message.hasPrefix("Terminated with exception"))
    #expect(try bench.files("offsets") == ["0", "1"] && bench.files("commits") == ["0"])
    // More has come: it is not part of batch 1.
    try bench.append("c")
    let sink = MemorySink()
    #expect(try bench.run(sink: sink) == ["b", "c"])
    #expect(sink.batchIds == [1, 2])
    #expect(sink.rows(ofBatch: 1) == [[.string("b")]])
  }

  @Test func retriableErrorsDoNotEndTheQuery() throws {
    let bench = try Bench()
    try bench.append("a", "b")
    let sink = FailingSinkDouble(failures: 3, MillError(.unreachable, "away", isRetriable: true))
    let query = try bench.query(sink: sink)
    query.start()
    #expect(try query.awaitTermination(.seconds(60)))
    #expect(sink.kept.batchIds == [0])
    #expect(sink.kept.rows == [[.string("a")], [.string("b")]])
  }

  @Test(arguments: [
    ("latest", ["c"]), ("earliest", ["a", "b", "c"]), (#"{"pop":{"0":1}}"#, ["b", "c"]), (#"{"pop":{"0":-1}}"#, ["c"]),
    (#"{"pop":{"0":-2}}"#, ["a", "b", "c"]),
  ])
  func startingOffsetsAreForNewQueries(_ starting: String, _ wanted: [String]) throws {
    let bench = try Bench()
    try bench.append("a", "b")
    let options = ", startingOffsets '\(starting)'"
    let early = try bench.run(options: options)
    try bench.append("c")
    let late = try bench.run(options: ", startingOffsets 'latest'")
    #expect(early + late == wanted)
  }

  @Test func maxOffsetsPerTriggerSharesByBacklog() throws {
    let bench = try Bench(partitions: 2)
    try bench.append("1", "2", "3", "4", "5", "6", "7", "8", "9")
    try bench.append("x", partition: 1)
    let sink = MemorySink()
    _ = try bench.run(options: ", maxOffsetsPerTrigger '5'", sink: sink)
    #expect(sink.batchIds == [0, 1])
    #expect(sink.rows(ofBatch: 0).count == 5)
    #expect(try bench.file("offsets/0").hasSuffix(#"{"pop":{"0":4,"1":1}}"#))
    #expect(sink.rows.count == 10)
  }

  @Test func anotherTopicNeedsAnotherCheckpoint() throws {
    let bench = try Bench()
    try bench.append("a")
    try bench.run()
    try bench.log.createTopic("other", partitions: 1, configuration: [:])
    let script = try CompiledQuery(
      script:
        "CREATE TEMPORARY VIEW o USING kafka OPTIONS (kafka.bootstrap.servers 'h:1', subscribe 'other'); SELECT * FROM o"
    )
    let query = try bench.query(script: script)
    query.start()
    let error = #expect(throws: MillError.self) { try query.awaitTermination(.seconds(60)) }
    #expect(error?.description.contains("the checkpoint belongs to the topic pop, the query reads other") == true)
    #expect(error?.code == .configuration)
  }

  @Test func recordsThatAreNoJSONAreHandedOver() throws {
    let bench = try Bench()
    try bench.append(#"{"i":1}"#, "")
    let cut = Record(key: [1], value: Array(#"{"i":"#.utf8), headers: [.init("h", "x")], timestamp: 7)
    _ = try bench.log.append([cut], to: TopicPartition("pop", 0), codec: .none)
    try bench.append(#"{"i":2}"#)
    let seen = Mutex<[(Record, String)]>([])
    let query = try bench.query("SELECT from_json(CAST(value AS STRING), 'i INT').i FROM pop") {
      record, origin, reason in
      seen.withLock { $0.append((record, "\(origin): \(reason)")) }
    }
    query.start()
    try query.awaitTermination(.seconds(60))
    #expect(seen.withLock { $0.map(\.1) } == ["pop-0@2: from_json: the text ends too early at byte 5"])
    #expect(seen.withLock { $0.map(\.0) } == [cut])
  }

  @Test func progressHasSparksKeys() throws {
    let bench = try Bench()
    try bench.append("a", "b")
    let metrics = Metrics()
    let query = try bench.query(metrics: metrics)
    query.start()
    try query.awaitTermination(.seconds(60))
    let progress = try #require(query.lastProgress)
    #expect(
      progress.object?.keys == [
        "id", "runId", "name", "timestamp", "batchId", "batchDuration", "numInputRows", "inputRowsPerSecond",
        "processedRowsPerSecond", "durationMs", "stateOperators", "sources", "sink",
      ])
    #expect(
      progress["durationMs"]?.object?.keys == [
        "addBatch", "commitOffsets", "getBatch", "latestOffset", "queryPlanning", "triggerExecution", "walCommit",
      ])
    #expect(progress["numInputRows"] == 2 && progress["sink"]?["numOutputRows"] == 2)
    #expect(
      progress["sources"]?[0]?.object?.keys == [
        "description", "startOffset", "endOffset", "latestOffset", "numInputRows", "inputRowsPerSecond",
        "processedRowsPerSecond", "metrics",
      ])
    #expect(progress["sources"]?[0]?["description"] == "KafkaV2[Subscribe[pop]]")
    #expect(progress["sources"]?[0]?["endOffset"]?.text() == #"{"pop":{"0":2}}"#)
    #expect(metrics.sum("millrace_query_input_rows_total") == 2)
    #expect(metrics.sum("millrace_query_batches_total") == 1)
    #expect(metrics.sum("millrace_query_lag_records") == 0)
  }

  @Test func runsUntilItIsStoppedAndKeepsThePartitionsOrder() throws {
    let bench = try Bench(partitions: 3)
    let sink = MemorySink()
    let query = try bench.query(
      "SELECT partition, `offset`, CAST(value AS STRING) FROM pop", sink: sink, trigger: .unlimited)
    query.start()
    for round in 0..<5 {
      for partition in 0..<3 {
        let records = (0..<200).map { Record(value: Array("\(round)-\($0)".utf8)) }
        _ = try bench.log.append(records, to: TopicPartition("pop", Int32(partition)), codec: .none)
      }
    }
    #expect(try query.processAllAvailable(.seconds(60)))
    #expect(query.isActive)
    query.stop()
    #expect(!query.isActive && query.exception == nil)
    let rows = sink.rows
    #expect(rows.count == 3000)
    for partition in 0..<3 {
      let offsets = rows.filter { $0[0] == .integer(Int64(partition)) }.map { $0[1] }
      #expect(offsets == (0..<1000).map { .integer($0) })
    }
  }

  @Test func bigMicroBatchKeepsItsOrderOnTwoLanes() throws {
    let bench = try Bench()
    let filler = String(repeating: "x", count: 2000)
    for start in stride(from: 0, to: 4000, by: 100) {
      let records = (start..<(start + 100)).map { Record(value: Array("\($0) \(filler)".utf8)) }
      _ = try bench.log.append(records, to: TopicPartition("pop", 0), codec: .none)
    }
    let rows = try bench.run("SELECT CAST(split(CAST(value AS STRING), ' ')[0] AS INT) AS n FROM pop")
    #expect(rows == (0..<4000).map { "integer(\($0))" })
  }

  @Test func ansiErrorEndsTheQueryAndNamesTheRecord() throws {
    let bench = try Bench()
    try bench.append("1", "x")
    let query = try bench.query("SELECT CAST(CAST(value AS STRING) AS INT) FROM pop")
    query.start()
    let error = #expect(throws: MillError.self) { try query.awaitTermination(.seconds(60)) }
    #expect(error?.place?.key == "pop-0@1")
    #expect(error?.message.contains("terminated with exception: [CAST_INVALID_INPUT]") == true)
    #expect(try bench.files("commits") == [])
  }

  @Test func goneOffsetsAreDataLoss() throws {
    let bench = try Bench()
    try bench.append("a", "b", "c")
    try bench.run()
    // As if the topic had been made anew: the checkpoint is ahead of the log.
    let offsets = try bench.file("offsets/0").replacing(#"{"0":3}"#, with: #"{"0":9}"#)
    try Files.writeAtomically(offsets, to: bench.checkpoint + "/offsets/0")
    let query = try bench.query()
    query.start()
    let error = #expect(throws: MillError.self) { try query.awaitTermination(.seconds(60)) }
    #expect(error?.message.contains("went back from 9 to 3. Some data may have been lost") == true)
    #expect(error?.wayOut?.contains("failOnDataLoss") == true)
    #expect(try bench.run(options: ", failOnDataLoss 'false'") == ["a", "b", "c"])
  }

  @Test func newPartitionsBeginAtTheirFirstRecord() throws {
    let bench = try Bench(partitions: 2)
    try bench.append("a")
    try bench.append("b", partition: 1)
    // A checkpoint from when the topic had one partition.
    let checkpoint = try Checkpoint(bench.checkpoint)
    try checkpoint.writeInitialOffsets(0, KafkaOffsets([TopicPartition("pop", 0): 0]).json)
    let entry = Checkpoint.Entry(
      batchTimestampMs: 1, conf: [:], offsets: [KafkaOffsets([TopicPartition("pop", 0): 1]).json])
    try checkpoint.write(entry, batchId: 0)
    try checkpoint.commit(0)
    #expect(try bench.run() == ["b"])
    #expect(try bench.file("offsets/1").hasSuffix(#"{"pop":{"0":1,"1":1}}"#))
  }

  @Test func oldBatchesArePurgedFromTheCheckpoint() throws {
    let bench = try Bench()
    let checkpoint = try Checkpoint(bench.checkpoint)
    let entry = Checkpoint.Entry(batchTimestampMs: 1, conf: [:], offsets: [nil])
    for batch: Int64 in [0, 3, 4, 5, 104] { try checkpoint.write(entry, batchId: batch) }
    try Files.writeAtomically("x", to: bench.checkpoint + "/offsets/.3.crc")
    try checkpoint.commit(104)
    try checkpoint.purge(before: 4)
    #expect(try bench.files("offsets") == ["104", "4", "5"])
    #expect(try checkpoint.entry(4) == entry)
  }

  /// offsets/N is on the disk before the sink has rows, so an empty one was not begun; commits/N may be lost.
  @Test(arguments: [("offsets/2", ["c"]), ("commits/1", ["b", "c"])], ["", "\0\0\0"])
  func emptyFilesOfAPowerCutCountAsNone(_ cut: (file: String, rows: [String]), _ content: String) throws {
    let bench = try Bench()
    for value in ["a", "b"] {
      try bench.append(value)
      try bench.run()
    }
    try Files.writeAtomically(content, to: "\(bench.checkpoint)/\(cut.file)")
    try bench.append("c")
    let sink = MemorySink()
    #expect(try bench.run(sink: sink) == cut.rows)
    #expect(sink.batchIds == (cut.rows.count == 2 ? [1, 2] : [2]))
    #expect(try bench.files("commits") == ["0", "1", "2"])
    #expect(try bench.file("offsets/2").hasSuffix(#"{"pop":{"0":3}}"#))
  }

  @Test(arguments: [
    ("upper(CAST(value AS STRING)) AS v, timestamp FROM pop", true), ("explode(array(1, 2)) FROM pop", true),
    ("now() FROM pop", false), ("1 FROM pop WHERE timestamp < current_timestamp", false),
    ("CAST(curdate() AS STRING) FROM pop", false), ("to_unix_timestamp() FROM pop", false),
    ("DISTINCT value FROM pop", false), ("count(*) FROM pop", false),
  ])
  func rowsOfSomeQueriesAreTheSameInAnyMicroBatch(_ select: String, _ wanted: Bool) throws {
    #expect(try overTopic("SELECT " + select).rowsStandAlone == wanted)
  }

  /// The offsets' sync goes on while the sink works; its failure still ends the micro-batch before its commit.
  @Test func offsetsAreSyncedBeforeTheCommit() throws {
    let bench = try Bench()
    try bench.append("a")
    var options = StreamingQuery.Options()
    options.sinkKnowsRows = true
    let query = try StreamingQuery(
      name: "q", query: overTopic("SELECT CAST(value AS STRING) AS v FROM pop"), log: { [log = bench.log] _ in log },
      sink: MemorySink(), checkpointLocation: bench.checkpoint, trigger: .availableNow, options: options,
      metrics: Metrics())
    let synced = "\(bench.checkpoint)/offsets/0"
    let seen = Mutex<[FileChange]>([])
    let observer = FileChanges.observe { change in seen.withLock { $0.append(change) } }
    defer { FileChanges.stop(observer) }
    query.start()
    try query.awaitTermination(.seconds(60))
    let changes = seen.withLock { $0 }
    let sync = try #require(changes.firstIndex(of: .sync(synced)))
    let commit = try #require(
      changes.firstIndex { if case .rename(_, let to) = $0 { to == "\(bench.checkpoint)/commits/0" } else { false } })
    #expect(sync < commit)
  }

  @Test func damagedCheckpointIsNamed() throws {
    let bench = try Bench()
    try bench.append("a")
    try bench.run()
    try Files.writeAtomically("v1\n{", to: bench.checkpoint + "/offsets/0")
    let query = try bench.query()
    query.start()
    let error = #expect(throws: MillError.self) { try query.awaitTermination(.seconds(60)) }
    #expect(error?.code == .corrupt && error?.place?.file == bench.checkpoint + "/offsets/0")
  }

  @Test(arguments: [
    ("1 second", "ProcessingTime(1.0 seconds)"), ("processingTime 500 milliseconds", "ProcessingTime(0.5 seconds)"),
    ("10s", "ProcessingTime(10.0 seconds)"), ("AvailableNow", "AvailableNow"), ("once", "Once"), ("", "none"),
    ("0 seconds", "none"), ("2 minutes", "ProcessingTime(120.0 seconds)"),
  ])
  func triggersAreRead(_ text: String, _ wanted: String) throws {
    #expect(try Trigger(parsing: text).description == wanted)
  }

  @Test(arguments: ["avialableNow", "1 fortnight", "continuous 1 second", "-1 second"])
  func otherTriggersAreRefused(_ text: String) {
    #expect(throws: MillError.self) { try Trigger(parsing: text) }
  }

  @Test func gridIsFixed() {
    #expect(Trigger.nextOnGrid(.seconds(1), after: 1500) == 2000)
    #expect(Trigger.nextOnGrid(.seconds(1), after: 2000) == 3000)
    #expect(Trigger.nextOnGrid(.milliseconds(250), after: 999) == 1000)
  }

  @Test func consoleSinkPrintsATable() throws {
    let bench = try Bench()
    try bench.append("a", "b", "c")
    let printed = Mutex("")
    let query = try bench.query(sink: ConsoleSink(rowsMax: 2) { text in printed.withLock { $0 += text } })
    query.start()
    try query.awaitTermination(.seconds(60))
    #expect(
      printed.withLock { $0 } == """
        -------------------------------------------
        Batch: 0
        -------------------------------------------
        +---+
        |  v|
        +---+
        |  a|
        |  b|
        +---+
        only showing top 2 rows


        """)
  }
}
