import MillBase
import MillColumns
import MillLog
import Synchronization
import Testing

@testable import MillQuery

/// The examples of docs/streaming.md give what stands there.
@Suite struct StreamingDocumentTests {
  struct Example: Sendable, CustomTestStringConvertible {
    var mode: String
    var query: String
    var wanted: [String]
    var testDescription: String { "\(mode): \(query.prefix { $0 != "\n" })" }
  }

  private static let text: String = {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    return (try? Files.readText(root + "/docs/streaming.md")) ?? ""
  }()

  /// Blocks in fences: what stands behind the opening fence, and the lines.
  private static let blocks: [(kind: String, lines: [String])] = {
    var blocks: [(String, [String])] = []
    var open: (String, [String])?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("```") {
        if let block = open {
          blocks.append(block)
          open = nil
        } else {
          open = (String(line.dropFirst(3)), [])
        }
      } else {
        open?.1.append(line)
      }
    }
    return blocks
  }()

  private static func block(_ kind: String) -> [String] { blocks.first { $0.kind == kind }?.lines ?? [] }

  static let examples: [Example] = zip(blocks, blocks.dropFirst()).compactMap { block, next in
    guard block.kind.hasPrefix("sql "), next.kind == "text" else { return nil }
    return Example(
      mode: String(block.kind.dropFirst(4)), query: block.lines.joined(separator: "\n"), wanted: next.lines)
  }

  @Test func examplesAreThere() {
    #expect(Self.examples.count >= 7)
    #expect(Self.block("json").split(separator: "").count == 3)
  }

  @Test func sourcesAreWhatTheyAreCalled() throws {
    let query = try CompiledQuery(script: Self.block("sql sources").joined(separator: "\n"))
    try query.checkStreams(.append)
    #expect(query.sources.map(\.name) == ["STREAM readings"])
  }

  /// Rows as `batch: a|b`.
  private final class LineSink: StreamSink {
    let description = "LineSink"
    let lines = Mutex<[String]>([])
    func addBatch(id: Int64, _ batch: MicroBatch) throws {
      while let next = try batch.next() {
        let new = rows(next).map { "\(id): \($0)" }
        lines.withLock { $0 += new }
      }
    }
  }

  @Test(arguments: examples)
  func giveWhatStandsThere(_ example: Example) throws {
    let directory = try Files.makeTemporaryDirectory("streamingdocument")
    defer { try? Files.removeTree(directory) }
    let log = try LocalLog(directory: directory + "/log")
    defer { try? log.close() }
    try log.createTopic("events", partitions: 1, configuration: [:])
    let sink = LineSink()
    let script = Self.block("sql views").joined(separator: "\n") + "\n" + example.query
    let query = try StreamingQuery(
      name: "q", query: CompiledQuery(script: script), log: { _ in log }, sink: sink,
      checkpointLocation: directory + "/checkpoint", outputMode: OutputMode(parsing: example.mode), metrics: Metrics())
    query.start()
    for lines in Self.block("json").split(separator: "") {
      _ = try log.append(
        lines.map { Record(value: Array($0.utf8)) }, to: TopicPartition("events", 0), codec: .none)
      try query.processAllAvailable(.seconds(60))
    }
    query.stop()
    let lines = sink.lines.withLock { $0 }
    let isOrdered = example.query.contains("ORDER BY")
    #expect(isOrdered ? lines == example.wanted : lines.sorted() == example.wanted.sorted())
  }
}
