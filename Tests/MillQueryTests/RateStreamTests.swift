import MillBase
import MillColumns
import Testing

@testable import MillQuery

/// Rows that the engine makes itself, as Spark 4.3 makes them.
@Suite struct RateStreamTests {
  private final class Bench: Sendable {
    let directory: String
    init() throws { directory = try Files.makeTemporaryDirectory("ratestream") }
    deinit { try? Files.removeTree(directory) }

    func query(
      _ format: String, _ options: String, select: String = "SELECT * FROM r", sink: any StreamSink,
      trigger: Trigger = .unlimited, mode: OutputMode = .append
    ) throws -> StreamingQuery {
      let view = "CREATE TEMPORARY VIEW r USING `\(format)` OPTIONS (\(options));"
      return try StreamingQuery(
        name: "q", query: CompiledQuery(script: view + select, file: "q.sql"),
        log: { _ in throw MillError(.notFound, "no log") }, sink: sink, checkpointLocation: directory + "/checkpoint",
        outputMode: mode, trigger: trigger, metrics: Metrics())
    }
  }

  private static func numbers(_ rows: [[Value]]) -> [[Int64]] {
    rows.map { row in
      row.map { value in
        switch value {
        case .integer(let number): number
        case .timestamp(let time): time / 1000
        default: -1
        }
      }
    }
  }

  /// What Spark gave for these options: every micro-batch its rows, with the time at which it begins.
  @Test func microBatchesAreTheSameInEveryRun() throws {
    let bench = try Bench()
    let options = "rowsPerBatch 3, numPartitions 2, startTimestamp 1700000000000, advanceMillisPerBatch 500"
    let sink = MemorySink()
    for round in 0..<3 {
      let query = try bench.query("rate-micro-batch", options, sink: sink, trigger: .availableNow)
      query.start()
      try query.awaitTermination(.seconds(60))
      #expect(sink.batchIds.count == round + 1)
      let source = query.lastProgress?["sources"]?[0]
      #expect(
        source?["description"]
          == "RatePerMicroBatchStream[rowsPerBatch=3, numPartitions=2, startTimestamp=1700000000000, advanceMsPerBatch=500]"
      )
      let next = #"{"offset":\#(3 * (round + 1)),"timestamp":\#(1_700_000_000_500 + 500 * round)}"#
      #expect(source?["endOffset"]?.text() == next)
      #expect(try Files.readText("\(bench.directory)/checkpoint/offsets/\(round)").hasSuffix("\n" + next))
    }
    let wanted: [[Int64]] = (0..<9).map { [1_700_000_000_000 + 500 * ($0 / 3), $0] }
    #expect(Self.numbers(sink.rows) == wanted)
  }

  @Test func windowsOverMicroBatches() throws {
    let bench = try Bench()
    let sink = MemorySink()
    let query = try bench.query(
      "rate-micro-batch", "rowsPerBatch 10, advanceMillisPerBatch 1000",
      select: """
        SELECT window.start, count(*), sum(value) FROM r WATERMARK timestamp DELAY OF INTERVAL 0 SECONDS
        GROUP BY window(timestamp, '2 seconds')
        """, sink: sink)
    query.start()
    while sink.rows.count < 3, query.isActive { Signal().wait(.milliseconds(10)) }
    query.stop()
    #expect(query.exception == nil)
    #expect(Self.numbers(Array(sink.rows.prefix(3))) == [[0, 20, 190], [2000, 20, 590], [4000, 20, 990]])
  }

  /// RateStreamProvider.valueAtSecond, with its own example.
  @Test func speedGrows() {
    let values = (0...6).map { RateStream.value(at: $0, rowsPerSecond: 10, rampUpSeconds: 4) }
    #expect(values == [0, 2, 6, 12, 20, 30, 40])
    #expect((0...3).map { RateStream.value(at: $0, rowsPerSecond: 10, rampUpSeconds: 0) } == [0, 10, 20, 30])
    #expect((0...3).map { RateStream.value(at: $0, rowsPerSecond: 10, rampUpSeconds: 5) } == [0, 1, 3, 6])
    let most = RateStream.value(at: 1_700_000_000, rowsPerSecond: 1_000_000_000, rampUpSeconds: 1_000_000_000)
    #expect(most == 700_000_000_000_000_000)
  }

  @Test func rowsLieBetweenTheSeconds() throws {
    let rate = RateSource(pace: .perSecond(4, rampUpSeconds: 0), numPartitions: 2)
    let stream = RateStream(
      name: "r", rate: rate, rowsPerSecond: 4, rampUpSeconds: 0, schema: RateSource.schema, beginning: 1_000_000)
    #expect(stream.description == "RateStreamV2[rowsPerSecond=4, rampUpTimeSeconds=0, numPartitions=2")
    let ranges = try stream.ranges(from: .seconds(2), to: .seconds(4))
    let batch = ranges.rows[0].batches[0]()
    let rows = (0..<batch.count).map { batch.row($0) }
    let wanted: [[Int64]] = (8..<16).map { [1_002_000 + ($0 - 8) * 250, $0] }
    #expect(Self.numbers(rows) == wanted)
    #expect(try stream.ranges(from: .seconds(4), to: .seconds(4)).rows.isEmpty)
    #expect(try stream.offset(.integer(5)) == .seconds(5))
    // The clock is far ahead of where it began.
    let step = try stream.next(after: .seconds(4))
    #expect(step.hasData && step.start == .seconds(4) && step.end == step.latest)
  }

  @Test func manyRowsComeInPieces() throws {
    let range = RowRange(source: "r", schema: RateSource.schema, values: 10..<200_010) { $0 }
    let batches = range.batches.map { $0() }
    #expect(batches.map(\.count) == [65_536, 65_536, 65_536, 3392])
    #expect(batches[3].row(3391)[1] == .integer(200_009))
  }

  @Test func aQueryGoesOnCountingAfterARestart() throws {
    let bench = try Bench()
    let sink = MemorySink()
    for wanted in [1, 2] {
      let query = try bench.query("rate", "rowsPerSecond 5", sink: sink)
      query.start()
      let before = sink.batchIds.count
      while sink.batchIds.count == before, query.isActive { Signal().wait(.milliseconds(10)) }
      query.stop()
      #expect(query.exception == nil && sink.batchIds.count >= wanted)
    }
    let numbers = Self.numbers(sink.rows)
    #expect(numbers.map { $0[1] } == Array(0..<Int64(numbers.count)))
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1[0] - $0[0] == 200 })
    let text = try Files.readText(bench.directory + "/checkpoint/sources/0/0")
    #expect(text == "v1\n\(numbers[0][0])")
  }

  @Test(arguments: [
    ("rate", "rowsPerSecond 0", "rowsPerSecond wants a whole number above 0, not 0"),
    ("rate", "rowsPerSecond 2000000000", "rowsPerSecond is 1000000000 at most, not 2000000000"),
    ("rate", "rampUpTime '-1s'", "rampUpTime wants a length of time, not -1s; write 500ms, 30s, 5m, 2h or 7d"),
    ("rate", "numPartitions 0", "numPartitions wants a whole number above 0, not 0"),
    ("rate", "rowPerSecond 1", "unknown option rowPerSecond; did you mean rowsPerSecond?"),
    ("rate-micro-batch", "", "the option rowsPerBatch is missing; write rowsPerBatch '10'"),
    (
      "rate-micro-batch", "rowsPerBatch 1, startTimestamp '-1'",
      "startTimestamp wants milliseconds, 0 or more, not -1"
    ),
    (
      "rate-micro-batch", "rowsPerBatch 1, advanceMillisPerBatch '-1'",
      "advanceMillisPerBatch wants milliseconds, 0 or more, not -1"
    ),
    ("rates", "", "unknown source format rates; did you mean rate?"),
  ])
  func optionErrors(_ format: String, _ options: String, _ wanted: String) throws {
    let bench = try Bench()
    var text = ""
    do { _ = try bench.query(format, options, sink: MemorySink()) } catch { text = "\(error)" }
    #expect(text.hasPrefix("q.sql:1:") && text.hasSuffix(wanted), "\(text)")
  }

  @Test func itIsNoBatch() throws {
    let query = try CompiledQuery(script: "CREATE TEMPORARY VIEW r USING rate OPTIONS (); SELECT * FROM r")
    var text = ""
    do { try BatchQuery.run(query) { _ in } } catch { text = "\(error)" }
    #expect(text.contains("the view r makes its rows as time goes by: it can be read as a stream only"))
  }
}
