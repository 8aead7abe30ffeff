import Glibc
import MillBase
import MillColumns
import MillLog
import Synchronization
import Testing

@testable import MillQuery

/// A stateful query that dies between any two steps of a micro-batch goes on as if it had not: at every step of every
/// micro-batch the checkpoint and the sink are as they are then, and a new start finds them so.
@Suite struct StreamRecoveryTests {
  /// A topic with rows, some of them late or double.
  private final class Bench: Sendable {
    let directory: String
    let log: LocalLog
    let script: String

    init(_ rows: [String], select: String) throws {
      directory = try Files.makeTemporaryDirectory("streamrecovery")
      log = try LocalLog(directory: directory + "/log")
      try log.createTopic("events", partitions: 1, configuration: [:])
      for row in rows { try Self.append(row, to: log) }
      script = Self.views + select
    }

    deinit {
      try? log.close()
      try? Files.removeTree(directory)
    }

    static let views = """
      CREATE TEMPORARY VIEW raw USING kafka OPTIONS (kafka.bootstrap.servers 'localhost:9092', subscribe 'events',
        startingOffsets 'earliest', maxOffsetsPerTrigger '3');
      CREATE TEMPORARY VIEW events AS SELECT j.* FROM (
        SELECT from_json(CAST(value AS STRING), 'k STRING, ts TIMESTAMP, n INT') AS j FROM raw);

      """

    static func append(_ row: String, to log: LocalLog) throws {
      let parts = row.split(separator: " ")
      let json = "{\"k\": \"\(parts[0])\", \"ts\": \"2024-01-01T00:\(parts[1])Z\", \"n\": \(parts[2])}"
      _ = try log.append([Record(value: Array(json.utf8))], to: TopicPartition("events", 0), codec: .none)
    }

    /// Runs until everything is done, or the query dies.
    func run(
      _ query: CompiledQuery, mode: OutputMode, sink: any StreamSink, checkpoint: String, stateMemory: Int = 1 << 20,
      onStep: @escaping @Sendable (MicroBatchStep, Int64) throws -> Void = { _, _ in }
    ) throws {
      var options = StreamingQuery.Options()
      options.statePartitions = 2
      options.stateMemory = stateMemory
      options.onStep = onStep
      let running = try StreamingQuery(
        name: "q", query: query, log: { [log] _ in log }, sink: sink,
        checkpointLocation: "\(directory)/\(checkpoint)", outputMode: mode, trigger: .availableNow, options: options,
        metrics: Metrics())
      running.start()
      try running.awaitTermination(.seconds(60))
    }
  }

  /// What a sink holds that keeps every micro-batch once; one that comes again must bring the same rows.
  private final class KeepingSinkDouble: StreamSink {
    let description = "KeepingSinkDouble"
    private let kept = Mutex<[Int64: [String]]>([:])
    private let changed = Mutex<[Int64]>([])

    func addBatch(id: Int64, _ batch: MicroBatch) throws {
      var lines: [String] = []
      while let next = try batch.next() { lines += MillQueryTests.rows(next) }
      lines.sort()
      kept.withLock { kept in
        if let before = kept[id], before != lines { changed.withLock { $0.append(id) } }
        kept[id] = lines
      }
    }

    init(_ content: [Int64: [String]] = [:]) { kept.withLock { $0 = content } }

    var content: [Int64: [String]] { kept.withLock { $0 } }
    var changedBatches: [Int64] { changed.withLock { $0 } }
  }

  private static let rows = [
    "x 00:10 1", "x 00:10 1", "y 00:31 3", "y 01:00 4", "x 00:12 5", "z 01:05 7", "z 01:05 7", "x 02:00 8", "y 05:00 9",
  ]

  /// What a death leaves.
  private struct Remains: Sendable {
    var step: MicroBatchStep
    var batchId: Int64
    var checkpoint: String
    var content: [Int64: [String]]
  }

  private static func copy(_ path: String, to target: String) throws {
    try Files.makeDirectory(target)
    for name in try Files.list(path) {
      let (from, to) = ("\(path)/\(name)", "\(target)/\(name)")
      if try Files.status(from)?.isDirectory == true {
        try copy(from, to: to)
      } else {
        try File(to, .createNew).write(Files.read(from), at: 0)
      }
    }
  }

  @Test(arguments: [
    ("dropDuplicates, then windows", OutputMode.append, 1 << 20),
    ("windows", .update, 1 << 20),
    ("windows", .complete, 1 << 20),
    ("dropDuplicates, then windows", .append, 1),
  ])
  func everyStepMayBeTheLast(_ what: String, _ mode: OutputMode, _ stateMemory: Int) throws {
    let windows = "SELECT window.start, k, count(*), sum(n) FROM %s GROUP BY window(ts, '30 seconds'), k"
    let bench = try Bench(
      Self.rows,
      select: what == "windows"
        ? windows.replacing("%s", with: "events WATERMARK ts DELAY OF INTERVAL 10 SECONDS") : "SELECT * FROM events")
    var query = try CompiledQuery(script: bench.script)
    if what != "windows" {
      query = try query.withWatermark("ts", "10 seconds").dropDuplicates(["k", "ts"])
        .sql(windows.replacing("%s", with: "once"), over: "once")
    }
    let remains = Mutex<[Remains]>([])
    let whole = KeepingSinkDouble()
    try bench.run(query, mode: mode, sink: whole, checkpoint: "whole", stateMemory: stateMemory) { step, batch in
      try remains.withLock { remains in
        let checkpoint = "cut\(remains.count)"
        try Self.copy(bench.directory + "/whole", to: "\(bench.directory)/\(checkpoint)")
        remains.append(.init(step: step, batchId: batch, checkpoint: checkpoint, content: whole.content))
      }
    }
    #expect(whole.content.values.joined().count > 4)
    let all = remains.withLock { $0 }
    #expect(Set(all.map(\.step)) == Set(MicroBatchStep.allCases))
    for left in all {
      let sink = KeepingSinkDouble(left.content)
      try bench.run(query, mode: mode, sink: sink, checkpoint: left.checkpoint, stateMemory: stateMemory)
      #expect(sink.content == whole.content, "after \(left.step) of batch \(left.batchId)")
      #expect(sink.changedBatches == [], "after \(left.step) of batch \(left.batchId)")
    }
  }

  /// The same process goes on after an error that may pass: what the failed try has changed in memory is given up.
  @Test func aFailedTryLeavesNoTrace() throws {
    let bench = try Bench(Self.rows, select: "SELECT k, count(*), sum(n) FROM events GROUP BY k")
    let query = try CompiledQuery(script: bench.script)
    let whole = KeepingSinkDouble()
    try bench.run(query, mode: .update, sink: whole, checkpoint: "whole")
    for failing in [MicroBatchStep.sinkWritten, .partitionWritten] {
      let sink = KeepingSinkDouble()
      let failures = Mutex<Set<Int64>>([])
      try bench.run(query, mode: .update, sink: sink, checkpoint: "\(failing)") { step, batch in
        if step == failing, failures.withLock({ $0.insert(batch).inserted }) {
          throw MillError(.unreachable, "told to fail", isRetriable: true)
        }
      }
      #expect(failures.withLock { $0.count } == 3)
      #expect(sink.content == whole.content && sink.changedBatches == [])
    }
  }

  @Test func stateIsLaidOutAsSparkDoes() throws {
    let bench = try Bench(Self.rows, select: "SELECT k, count(*) FROM events GROUP BY k")
    try bench.run(
      CompiledQuery(script: bench.script), mode: .update, sink: MemorySink(), checkpoint: "c")
    let state = bench.directory + "/c/state"
    #expect(try Files.list(state) == ["0"])
    #expect(try Files.list(state + "/0") == ["0", "1", "_metadata"])
    #expect(try Files.list(state + "/0/1") == (1...3).map { "\($0).delta" })
    #expect(
      try Files.readText(state + "/0/_metadata/metadata")
        == "v1\n" + #"{"operatorInfo":{"operatorId":0,"operatorName":"stateStoreSave"},"stateStoreInfo":"#
        + #"[{"storeName":"default","numColsPrefixKey":0,"numPartitions":2}]}"#)
    let offsets = try Files.readText(bench.directory + "/c/offsets/0")
    #expect(offsets.contains(#""spark.sql.shuffle.partitions":"2""#))
  }

  @Test func watermarkIsInTheCheckpoint() throws {
    let bench = try Bench(
      ["x 01:00 1"],
      select: "SELECT ts, count(*) FROM events WATERMARK ts DELAY OF INTERVAL 10 SECONDS GROUP BY ts")
    try bench.run(CompiledQuery(script: bench.script), mode: .append, sink: MemorySink(), checkpoint: "c")
    // 2024-01-01T00:00:50Z
    let marks = try (0...1).map { try Files.readText("\(bench.directory)/c/offsets/\($0)").split(separator: ",")[0] }
    #expect(marks == ["v1\n{\"batchWatermarkMs\":0", "v1\n{\"batchWatermarkMs\":1704067250000"])
    #expect(
      try Files.readText(bench.directory + "/c/commits/0") == "v1\n{\"nextBatchWatermarkMs\":1704067250000}")
  }

  @Test(arguments: [
    ("SELECT k, count(*), sum(n) FROM events GROUP BY k", ""),
    ("SELECT upper(k), count(*) AS other, sum(n + 1) FROM events WHERE n > 1 GROUP BY upper(k)", ""),
    ("SELECT k, n, count(*), sum(n) FROM events GROUP BY k, n", "the keys were STRING, and are STRING, INT"),
    ("SELECT n, count(*), sum(n) FROM events GROUP BY n", "the keys were STRING, and are INT"),
    ("SELECT k, count(*) FROM events GROUP BY k", "the aggregates were count(), sum(BIGINT), and are count()"),
    ("SELECT k, count(*), max(n) FROM events GROUP BY k", "aggregate 2 was sum(BIGINT), and is max(INT)"),
    ("SELECT k FROM events", "the checkpoint has the state of one more operator, a GROUP BY, than the query"),
  ])
  func aQueryMayChangeWhatItsStateDoesNotDependOn(_ select: String, _ wanted: String) throws {
    let bench = try Bench(Self.rows, select: "SELECT k, count(*), sum(n) FROM events GROUP BY k")
    try bench.run(CompiledQuery(script: bench.script), mode: .update, sink: MemorySink(), checkpoint: "c")
    try Bench.append("x 06:00 1", to: bench.log)
    var text = ""
    do {
      try bench.run(
        CompiledQuery(script: Bench.views + select), mode: .update, sink: MemorySink(), checkpoint: "c")
    } catch { text = "\(error)" }
    #expect(
      wanted.isEmpty ? text.isEmpty : text.contains("does not fit its checkpoint") && text.contains(wanted), "\(text)")
  }

  @Test func aStatelessCheckpointHasNoState() throws {
    let bench = try Bench(Self.rows, select: "SELECT k FROM events")
    try bench.run(CompiledQuery(script: bench.script), mode: .append, sink: MemorySink(), checkpoint: "c")
    let error = #expect(throws: MillError.self) {
      try bench.run(
        CompiledQuery(script: Bench.views + "SELECT k, count(*) FROM events GROUP BY k"), mode: .update,
        sink: MemorySink(), checkpoint: "c")
    }
    #expect(error?.message.contains("the checkpoint has no state of operator 0, the GROUP BY of the query") == true)
  }

  @Test func damagedStateIsNamed() throws {
    let bench = try Bench(Self.rows, select: "SELECT k, count(*) FROM events GROUP BY k")
    let query = try CompiledQuery(script: bench.script)
    try bench.run(query, mode: .update, sink: MemorySink(), checkpoint: "c")
    func failure() -> String {
      do { try bench.run(query, mode: .update, sink: MemorySink(), checkpoint: "c") } catch { return "\(error)" }
      return ""
    }
    let path = bench.directory + "/c/state/0/1/2.delta"
    let good = try Files.read(path)
    for byte in stride(from: 0, to: good.count, by: 7) {
      var bad = good
      bad[byte] ^= 0x10
      try Files.writeAtomically(bad, to: path)
      #expect(failure().contains("2.delta"), "byte \(byte)")
    }
    try Files.writeAtomically(Array(good.dropLast(3)), to: path)
    #expect(failure().contains("2.delta"))
    try Files.remove(path)
    #expect(failure().contains("the file is missing"))
    try Files.writeAtomically(good, to: path)
    #expect(failure() == "")
  }

  /// What the last micro-batch left may have been lost in a power cut: it runs again, and leaves the same.
  @Test func damageOfTheLastStateIsMadeGood() throws {
    let bench = try Bench(Self.rows, select: "SELECT k, count(*) FROM events GROUP BY k")
    let query = try CompiledQuery(script: bench.script)
    let whole = KeepingSinkDouble()
    try bench.run(query, mode: .update, sink: whole, checkpoint: "c")
    let path = bench.directory + "/c/state/0/1/3.delta"
    let good = try Files.read(path)
    let old = try Files.read(bench.directory + "/c/state/0/1/2.delta")
    let flipped = stride(from: 0, to: good.count, by: 7).map { byte in
      var bad = good
      bad[byte] ^= 0x10
      return bad
    }
    for bad in flipped + [[], Array(good.dropLast(3)), old, old + good, good + [0]] {
      try Files.writeAtomically(bad, to: path)
      let sink = KeepingSinkDouble(whole.content)
      let begun = Mutex<[Int64]>([])
      try bench.run(query, mode: .update, sink: sink, checkpoint: "c") { step, batch in
        if step == .sinkWritten { begun.withLock { $0.append(batch) } }
      }
      #expect(begun.withLock { $0 } == [2] && sink.changedBatches == [] && sink.content == whole.content)
      #expect(try Files.read(path) == good)
    }
  }

  /// A sync of the state that fails ends the query, and the file goes: what a sync says after that proves nothing.
  @Test func stateThatCannotBeSyncedIsMadeAnew() throws {
    let bench = try Bench(Self.rows, select: "SELECT k, count(*) FROM events GROUP BY k")
    let query = try CompiledQuery(script: bench.script)
    let whole = KeepingSinkDouble()
    try bench.run(query, mode: .update, sink: whole, checkpoint: "whole")
    for version in 1...3 {
      let path = "\(bench.directory)/c\(version)/state/0/1/\(version).delta"
      // Without one syncs are not refused.
      let observer = FileChanges.observe { _ in }
      defer { FileChanges.stop(observer) }
      FileChanges.refuseSyncs(of: path, EIO)
      let sink = KeepingSinkDouble()
      let error = #expect(throws: MillError.self) {
        try bench.run(query, mode: .update, sink: sink, checkpoint: "c\(version)")
      }
      FileChanges.refuseSyncs(of: path, nil)
      #expect(error?.place?.file == path && !Files.exists(path))
      #expect(sink.content.keys.max() == Int64(version - 1), "no row goes out over it")
      try bench.run(query, mode: .update, sink: sink, checkpoint: "c\(version)")
      #expect(sink.content == whole.content && sink.changedBatches == [])
    }
  }
}
