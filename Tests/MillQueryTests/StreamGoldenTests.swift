import MillBase
import MillColumns
import MillLog
import Synchronization
import Testing

@testable import MillQuery

/// Sequences of micro-batches with late rows, restarts and a failing sink, row for row and counter for counter as a real
/// Spark 4.3 plays them (Tests/Golden/spark_streams.py).
@Suite struct StreamGoldenTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var line: JSONValue
    var testDescription: String { line["name"]?.string ?? "" }
    var query: String? { line["query"]?.string }
    var batches: [JSONValue] { line["batches"]?.array ?? [] }
  }

  private static let lines: [JSONValue] = {
    let folder = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined()
    let text = (try? Files.readText(folder + "/Golden/spark_streams.jsonl")) ?? ""
    return text.split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }
  }()
  static let cases = lines.filter { $0["view"] == nil }.map { Case(line: $0) }

  private static let script =
    """
    CREATE TEMPORARY VIEW raw USING kafka OPTIONS (
      kafka.bootstrap.servers 'localhost:9092', subscribe 'events', startingOffsets 'earliest');
    CREATE TEMPORARY VIEW events AS SELECT j.* FROM (
      SELECT from_json(CAST(value AS STRING), 'k STRING, ts TIMESTAMP, n INT') AS j FROM raw);
    """
    + lines.filter { $0["view"] != nil }.map { line in
      "CREATE TEMPORARY VIEW \(line["view"]!.string!) AS \(line["query"]!.string!);\n"
    }.joined()

  private static func compile(_ item: Case) throws -> CompiledQuery {
    guard let isWithin = item.line["within"]?.bool else {
      return try CompiledQuery(script: script + item.query!, file: "q.sql")
    }
    var query = try CompiledQuery(script: script + "SELECT k, ts, n FROM events", file: "q.sql")
    if let delay = item.line["delay"]?.string { query = try query.withWatermark("ts", delay) }
    let keys = item.line["keys"]?.array?.compactMap(\.string) ?? []
    query = try isWithin ? query.dropDuplicatesWithinWatermark(keys) : query.dropDuplicates(keys)
    return try item.query.map { try query.sql($0, over: "left") } ?? query
  }

  @Test func goldenFileIsThere() { #expect(Self.cases.count >= 61) }

  @Test(arguments: cases)
  func playsAsSparkDoes(_ item: Case) throws {
    let directory = try Files.makeTemporaryDirectory("streamgolden")
    defer { try? Files.removeTree(directory) }
    let log = try LocalLog(directory: directory + "/log")
    defer { try? log.close() }
    try log.createTopic("events", partitions: 1, configuration: [:])
    let sink = OnceFailingSinkDouble()
    func start() throws -> StreamingQuery {
      let query = try StreamingQuery(
        name: item.testDescription, query: Self.compile(item), log: { _ in log }, sink: sink,
        checkpointLocation: directory + "/checkpoint", outputMode: OutputMode(parsing: item.line["mode"]!.string!),
        metrics: Metrics())
      query.start()
      return query
    }
    if let error = item.line["error"]?.string {
      let thrown = #expect(throws: MillError.self) { _ = try start() }
      if error.hasPrefix("[STREAMING_OUTPUT_MODE") { #expect(thrown?.message == error) }
      return
    }
    var progress: [Int64: JSONValue] = [:]
    func settle(_ query: StreamingQuery) throws {
      defer { for entry in query.recentProgress { progress[entry["batchId"]!.integer!] = entry } }
      #expect(try query.processAllAvailable(.seconds(60)))
    }
    var query = try start()
    for step in item.line["steps"]!.array! {
      switch step {
      case .string("restart"):
        try settle(query)
        query.stop()
        query = try start()
      case .string("fail"): sink.fails()
      default:
        _ = try log.append(
          step.array!.map { Record(value: Array($0.string!.utf8)) }, to: TopicPartition("events", 0), codec: .none)
        do { try settle(query) } catch let error as MillError where error.message.contains("told to fail") {
          query = try start()
          try settle(query)
        }
      }
    }
    query.stop()
    let columns = query.query.schema.columns.map { [$0.name, $0.type.simpleString] }
    #expect(columns == item.line["schema"]!.array!.map { $0.array!.compactMap(\.string) })
    #expect(sink.kept.batchIds == item.batches.map { $0["id"]!.integer! })
    let isOrdered = item.query?.contains("ORDER BY") ?? false
    for batch in item.batches {
      let id = batch["id"]!.integer!
      var rows = sink.texts(id)
      var wanted = batch["rows"]!.array!.map { $0.array!.map(\.string) }
      if !isOrdered {
        rows.sort { "\($0)" < "\($1)" }
        wanted.sort { "\($0)" < "\($1)" }
      }
      #expect(rows == wanted, "batch \(id)")
      let said = progress[id]
      #expect(said?["eventTime"]?["watermark"]?.string == batch["watermark"]?.string, "watermark of batch \(id)")
      for (key, time) in batch["eventTime"]?.object ?? [:] {
        #expect(said?["eventTime"]?[key] == time, "\(key) of batch \(id)")
      }
      // Spark runs a plan with ORDER BY twice (to find the ranges), and counts twice.
      if isOrdered { continue }
      let states = said?["stateOperators"]?.array ?? []
      #expect(states.count == batch["state"]!.array!.count)
      for (state, wanted) in zip(states, batch["state"]!.array!) {
        for (key, value) in wanted.object! { #expect(state[key] == value, "\(key) of batch \(id)") }
      }
    }
  }
}

/// Keeps the rows as texts, and fails once when it is told to, before it has taken anything.
private final class OnceFailingSinkDouble: StreamSink {
  let description = "OnceFailingSinkDouble"
  let kept = MemorySink()
  private let batches = Mutex<[Int64: [[String?]]]>([:])
  private let isFailing = Mutex(false)

  func fails() { isFailing.withLock { $0 = true } }
  func texts(_ id: Int64) -> [[String?]] { batches.withLock { $0[id] ?? [] } }

  func addBatch(id: Int64, _ batch: MicroBatch) throws {
    let fails = isFailing.withLock { flag in
      defer { flag = false }
      return flag
    }
    if fails { throw MillError(.refused, "told to fail") }
    var rows: [[String?]] = []
    while let next = try batch.next() {
      for row in 0..<next.count { rows.append(next.columns.map { $0.text(row) }) }
    }
    batches.withLock { $0[id] = rows }
    try kept.addBatch(id: id, batch)
  }
}
