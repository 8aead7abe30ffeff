import MillBase
import MillDiskSupport
import MillLog
import Synchronization
import Testing

@testable import MillQuery

/// The power goes at any moment of a query with state: what has not been synced is there, torn, old or gone. What is left
/// of the checkpoint is enough for a sink that knows its last micro-batch by the number, as files and transactions do: no
/// other comes again, and that one has the same rows.
@Suite struct StreamPowerCutTests {
  /// Keeps what has come, and at how many changes of the disk.
  private final class NumberedSinkDouble: StreamSink {
    struct Taken: Sendable {
      var changes: Int
      var id: Int64
      var rows: [String]
    }
    let description = "NumberedSinkDouble"
    private let recorder: DiskRecorder?
    private let state: Mutex<(taken: [Taken], faults: [String])>

    init(_ taken: [Taken] = [], _ recorder: DiskRecorder? = nil) {
      self.recorder = recorder
      state = Mutex((taken, []))
    }

    func addBatch(id: Int64, _ batch: MicroBatch) throws {
      // Rows may go out from the first on.
      let changes = recorder?.count ?? 0
      var rows: [String] = []
      while let next = try batch.next() { rows += MillQueryTests.rows(next) }
      rows.sort()
      state.withLock { state in
        let last = state.taken.last
        if let last, id == last.id, rows == last.rows { return }
        if id == (last?.id ?? -1) + 1 { return state.taken.append(Taken(changes: changes, id: id, rows: rows)) }
        state.faults.append("micro-batch \(id) with \(rows) comes after \(last.map { "\($0)" } ?? "none")")
      }
    }

    var taken: [Taken] { state.withLock { $0.taken } }
    var faults: [String] { state.withLock { $0.faults } }
  }

  struct Scenario: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var select: String
    var mode: OutputMode
    var rowsBefore = 0
    var seeds = 0..<10
    /// Enough for a snapshot or two.
    var rowCount = 30
    var name: String { testDescription.replacing(" ", with: "") }

    static let all = [
      Scenario(
        testDescription: "groups, update", select: "k, count(*), sum(n), now() FROM events GROUP BY k", mode: .update),
      Scenario(
        testDescription: "groups, complete", select: "k, count(*), sum(n), now() FROM events GROUP BY k",
        mode: .complete),
      Scenario(
        testDescription: "windows, append",
        select: "k, count(*), sum(n), now() FROM events WATERMARK ts DELAY OF INTERVAL 10 SECONDS "
          + "GROUP BY window(ts, '20 seconds'), k", mode: .append),
      Scenario(
        testDescription: "without duplicates", select: "k, n, now() FROM events DEDUPLICATE BY (k)", mode: .append),
      Scenario(
        testDescription: "files that are written over", select: "k, count(*), sum(n), now() FROM events GROUP BY k",
        mode: .update, rowsBefore: 112, seeds: 0..<6, rowCount: 150),
    ]
  }

  /// A topic, and queries over it with their checkpoint in any directory.
  private final class Bench: Sendable {
    let scenario: Scenario
    private let directory: String
    private let log: LocalLog

    init(_ scenario: Scenario) throws {
      self.scenario = scenario
      directory = try Files.makeTemporaryDirectory("streampowercut")
      log = try LocalLog(directory: directory)
      try log.createTopic("events", partitions: 1, configuration: [:])
    }

    deinit {
      try? log.close()
      try? Files.removeTree(directory)
    }

    /// Times grow, so that nothing is late however the rows are cut into micro-batches.
    func append(_ numbers: Range<Int>) throws {
      for number in numbers {
        let (minutes, seconds) = (number * 5 / 60, number * 5 % 60)
        let time = "\(minutes < 10 ? "0" : "")\(minutes):\(seconds < 10 ? "0" : "")\(seconds)"
        let json = "{\"k\": \"\(number * number % 11)\", \"ts\": \"2024-01-01T00:\(time)Z\", \"n\": \(number)}"
        _ = try log.append([Record(value: Array(json.utf8))], to: TopicPartition("events", 0), codec: .none)
      }
    }

    /// - Parameter rate: records of a micro-batch that is not recorded yet.
    func run(_ sink: NumberedSinkDouble, in directory: String, rate: Int) throws {
      let script = """
        CREATE TEMPORARY VIEW raw USING kafka OPTIONS (kafka.bootstrap.servers 'localhost:9092', subscribe 'events',
          startingOffsets 'earliest', maxOffsetsPerTrigger '\(rate)');
        CREATE TEMPORARY VIEW events AS SELECT j.* FROM (
          SELECT from_json(CAST(value AS STRING), 'k STRING, ts TIMESTAMP, n INT') AS j FROM raw);
        SELECT \(scenario.select)
        """
      var options = StreamingQuery.Options()
      options.statePartitions = 2
      let query = try StreamingQuery(
        name: "q", query: CompiledQuery(script: script), log: { [log] _ in log }, sink: sink,
        checkpointLocation: directory + "/c", outputMode: scenario.mode, trigger: .availableNow, options: options,
        metrics: Metrics())
      query.start()
      try query.awaitTermination(.seconds(60))
    }

    /// What does not depend on how the rows were cut into micro-batches: a key's last row, or all rows; without times.
    func content(_ taken: [NumberedSinkDouble.Taken]) -> [String] {
      let rows = taken.flatMap(\.rows).map { $0.split(separator: "|").dropLast().joined(separator: "|") }
      if scenario.mode == .append { return rows.sorted() }
      return Dictionary(rows.map { ($0.split(separator: "|")[0], $0) }, uniquingKeysWith: { $1 }).values.sorted()
    }
  }

  @Test(arguments: Scenario.all)
  func theLastMicroBatchAloneComesAgain(_ scenario: Scenario) throws {
    let bench = try Bench(scenario)
    try bench.append(0..<scenario.rowsBefore)
    let base = try PowerCut("stream-base-\(scenario.name)", seed: 0)
    let before = NumberedSinkDouble()
    if scenario.rowsBefore > 0 { try bench.run(before, in: base.directory, rate: 1) }
    try bench.append(scenario.rowsBefore..<scenario.rowCount)
    let whole = NumberedSinkDouble()
    let elsewhere = try PowerCut("stream-whole-\(scenario.name)", seed: 0)
    try bench.run(whole, in: elsewhere.directory, rate: 3)
    let wanted = bench.content(whole.taken)
    #expect(wanted.count > 5)

    var again = 0
    for seed in scenario.seeds {
      // As `Files.writeBlock` says of offsets and commits.
      let power = try PowerCut("stream-\(scenario.name)", seed: UInt64(seed), keepsNewBlocks: true)
      try SimulatedDisk(base.directory).cutPower(base.directory, into: power.directory + "/base", &power.random)
      let place = "/base"
      var taken = before.taken
      for life in 1...4 {
        let origin: Comment = "seed \(seed), life \(life)"
        let (sink, moment) = try power.cut { recorder in
          let sink = NumberedSinkDouble(taken, recorder)
          try bench.run(sink, in: power.directory + place, rate: Int.random(in: 1...3, using: &power.random))
          return sink
        }
        #expect(sink.faults == [], origin)
        taken = sink.taken.filter { $0.changes <= moment }.map { .init(changes: 0, id: $0.id, rows: $0.rows) }
        again += sink.taken.count - taken.count
      }
      let sink = NumberedSinkDouble(taken)
      try bench.run(sink, in: power.directory + place, rate: 2)
      #expect(sink.faults == [], "seed \(seed), at last")
      #expect(bench.content(sink.taken) == wanted, "seed \(seed)")
    }
    #expect(again > 10)
  }
}
