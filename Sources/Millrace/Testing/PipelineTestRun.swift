import MillBase
import MillColumns
import MillLog
import MillQuery
import MillStore
import Synchronization

/// Runs a test: a log of its own, the query as the stream that the pipeline runs, a sink that keeps what comes.
struct PipelineTestRun {
  /// How a test ended.
  struct Outcome {
    var rowCount = 0
    var pointCount = 0
    /// Empty = passed.
    var differences: [String] = []
  }

  /// Differences of one kind that are shown.
  static let shown = 5
  /// How long one step may take.
  static let stepTimeout: Duration = .seconds(60)

  let configuration: PipelineConfiguration
  /// Files of wanted rows and points are written instead of compared.
  let updates: Bool

  /// - Throws: `.configuration` for a query that is not there, or can't be read; what the query ends with.
  func run(_ test: PipelineTest) throws -> Outcome {
    guard let settings = configuration.queries.first(where: { $0.name == test.query }) else {
      let names = configuration.queries.map(\.name)
      throw MillError(
        .configuration, "the pipeline has no query '\(test.query)'", at: .init(file: test.file, line: test.line),
        wayOut: Nearest.advice(for: test.query, among: names))
    }
    let query = try settings.compile(configuration)
    let sink = KeepingSink()
    let deadLetters = try feed(test, query, sink)
    let batches = sink.kept.withLock { $0 }
    var outcome = Outcome(rowCount: batches.reduce(0) { $0 + $1.count })
    if deadLetters.count != test.deadLetters {
      outcome.differences.append("dead letters: \(deadLetters.count) came, \(test.deadLetters) are wanted")
      outcome.differences += deadLetters.prefix(Self.shown).map { "  \($0)" }
    }
    if let wanted = test.rows {
      let rows = batches.flatMap { batch in
        (0..<batch.count).map { String(decoding: batch.rowJSON($0), as: UTF8.self) }
      }
      outcome.differences += try compare("row", rows, wanted, test, Self.normalRow)
    }
    if let wanted = test.points {
      let encoder = try LineProtocolEncoder(settings.mapping, schema: query.schema)
      var lines: [String] = []
      for batch in batches {
        let points = encoder.encode(batch)
        lines += String(decoding: points.bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        for rejected in points.rejected {
          let row = String(decoding: batch.rowJSON(rejected.row), as: UTF8.self)
          outcome.differences.append("a row can't be a point: \(rejected.reason): \(row)")
        }
      }
      outcome.pointCount = lines.count
      outcome.differences += try compare("point", lines, wanted, test) { $0 }
    }
    return outcome
  }

  /// - Returns: places and reasons of records that can't be read.
  private func feed(_ test: PipelineTest, _ query: CompiledQuery, _ sink: KeepingSink) throws -> [String] {
    if let other = query.sources.first(where: { $0.isStreaming && $0.topics.isEmpty }) {
      throw MillError(
        .configuration, "\(other.name) is a stream of no named topic, and a test feeds topics",
        at: .init(file: test.file, line: test.line), wayOut: "test the query over a view USING kafka with subscribe")
    }
    let directory = try Files.makeTemporaryDirectory("millrace-test")
    defer { try? Files.removeTree(directory) }
    let log = try LocalLog(directory: "\(directory)/log")
    defer { try? log.close() }
    for topic in Set(query.sources.flatMap(\.topics) + test.steps.joined().map(\.topic)).sorted() {
      try log.createTopic(topic, partitions: 1, configuration: ["max.message.bytes": "\(64 << 20)"])
    }
    let deadLetters = Mutex<[String]>([])
    let stream = try StreamingQuery(
      name: test.name, query: query, log: { _ in log }, sink: sink, checkpointLocation: "\(directory)/checkpoint",
      metrics: Metrics(),
      onMalformed: { _, origin, reason in deadLetters.withLock { $0.append("\(origin): \(reason)") } })
    stream.start()
    defer { stream.stop() }
    // A query that begins at the latest offsets has to know them first.
    for step in [[]] + test.steps {
      for (topic, records) in step {
        let made = records.map {
          Record(key: $0.key.map { Array($0.utf8) }, value: Array($0.value.utf8), timestamp: $0.timestamp)
        }
        _ = try log.append(made, to: TopicPartition(topic, 0), codec: .none)
      }
      guard try stream.processAllAvailable(Self.stepTimeout) else {
        throw MillError(.unreachable, "a step did not go through within \(Self.stepTimeout)")
      }
    }
    return deadLetters.withLock { $0 }
  }

  /// A document with its keys sorted, nulls left out, whole doubles as whole numbers: what a person may write either way.
  private static func normalRow(_ text: String) -> String {
    guard let document = try? JSONValue(parsing: text) else { return text }
    return normal(document).text()
  }

  private static func normal(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let object):
      let pairs = object.filter { $0.value != .null }.sorted { $0.key < $1.key }
      return .object(.init(pairs.map { ($0.key, normal($0.value)) }))
    case .array(let items): return .array(items.map(normal))
    case .double(let number): return Int64(exactly: number).map { .integer($0) } ?? value
    default: return value
    }
  }

  private func compare(
    _ what: String, _ made: [String], _ wanted: PipelineTest.Wanted, _ test: PipelineTest,
    _ normal: (String) -> String
  ) throws -> [String] {
    var expected: [String]
    switch wanted {
    case .inline(let items): expected = items.map { $0.string ?? $0.text() }
    case .file(let path):
      if updates {
        let lines = test.isOrdered ? made : made.sorted()
        try Files.writeAtomically(lines.map { "\($0)\n" }.joined(), to: path)
        return []
      }
      guard Files.exists(path) else {
        throw MillError(
          .configuration, "there is no file \(path)", at: .init(file: test.file, line: test.line),
          wayOut: "millrace test --update writes it")
      }
      expected = try Files.readText(path).split(separator: "\n").map(String.init)
    }
    expected = expected.map(normal)
    let actual = made.map(normal)
    if test.isOrdered, actual.sorted() == expected.sorted(),
      let at = zip(actual, expected).enumerated().first(where: {
        $0.element.0 != $0.element.1
      })
    {
      return ["\(what) \(at.offset + 1) is \(at.element.0), wanted is \(at.element.1)"]
    }
    var counts: [String: Int] = [:]
    for one in expected { counts[one, default: 0] += 1 }
    for one in actual { counts[one, default: 0] -= 1 }
    return Self.list("missing \(what)", expected, counts.filter { $0.value > 0 })
      + Self.list("unexpected \(what)", actual, counts.filter { $0.value < 0 })
  }

  private static func list(_ what: String, _ order: [String], _ counts: [String: Int]) -> [String] {
    var seen: Set<String> = []
    let found = order.filter { counts[$0] != nil && seen.insert($0).inserted }
    let lines = found.prefix(shown).map { text -> String in
      let times = abs(counts[text]!)
      return "\(what)\(times > 1 ? " (\(times) times)" : ""): \(text)"
    }
    return lines + (found.count > shown ? ["… and \(found.count - shown) more of them"] : [])
  }
}

/// Keeps the rows of all micro-batches.
private final class KeepingSink: StreamSink {
  let description = "KeepingSink"
  let kept = Mutex<[ColumnBatch]>([])

  func addBatch(id: Int64, _ batch: MicroBatch) throws {
    var rows: [ColumnBatch] = []
    while let next = try batch.next() { rows.append(next) }
    kept.withLock { $0 += rows }
  }
}

extension Source {
  fileprivate var topics: [String] {
    guard case .kafka(let kafka) = kind else { return [] }
    return switch kafka.subscription {
    case .topics(let names): names
    case .partitions(let map): Array(map.keys)
    case .pattern: []
    }
  }
}
