import MillBase
import MillColumns
import MillLog
import Testing

@testable import MillQuery

/// Topics and tables as the input of a batch.
@Suite struct BatchInputTests {
  private func run(_ options: String, _ select: String = "SELECT CAST(value AS STRING) FROM t") throws -> [String] {
    let directory = try Files.makeTemporaryDirectory("millquery")
    defer { try? Files.removeTree(directory) }
    let log = try LocalLog(directory: directory)
    defer { try? log.close() }
    try log.createTopic("t", partitions: 2, configuration: [:])
    for partition in 0..<2 {
      let records = (0..<3).map { Record(key: nil, value: Array("\(partition)-\($0)".utf8), timestamp: 1000 + $0) }
      _ = try log.append(records, to: TopicPartition("t", Int32(partition)), codec: .none)
    }
    let query = try CompiledQuery(
      script: "CREATE TEMPORARY VIEW t USING kafka OPTIONS (kafka.bootstrap.servers 'h:1', \(options)); \(select)")
    var made: [String] = []
    try BatchQuery.run(query, places: .init(log: { _ in log }), sink: { made += rows($0) })
    return made
  }

  @Test(arguments: [
    ("subscribe 't'", ["0-0", "0-1", "0-2", "1-0", "1-1", "1-2"]), ("assign '{\"t\":[1]}'", ["1-0", "1-1", "1-2"]),
    ("subscribe 't', startingOffsets '{\"t\":{\"0\":2,\"1\":-1}}'", ["0-2"]),
    ("subscribe 't', endingOffsets '{\"t\":{\"0\":1,\"1\":-1}}'", ["0-0", "1-0", "1-1", "1-2"]),
    ("subscribe 't', startingTimestamp '1001', endingTimestamp '1002'", ["0-1", "1-1"]),
  ])
  func aBatchReadsTheOffsetsThatItsOptionsSay(_ options: String, _ wanted: [String]) throws {
    #expect(try run(options) == wanted)
  }

  @Test func aBatchCanGroupATopic() throws {
    let made = try run("subscribe 't'", "SELECT partition, count(*), max(offset) FROM t GROUP BY 1 ORDER BY 1")
    #expect(made == ["0|3|2", "1|3|2"])
  }

  @Test func endingOffsetsCannotBeEarliestNorInAStream() throws {
    #expect(throws: MillError.self) { try run("subscribe 't', endingOffsets 'earliest'") }
    let query = try CompiledQuery(
      script: """
        CREATE TEMPORARY VIEW t USING kafka OPTIONS (kafka.bootstrap.servers 'h:1', subscribe 't', endingOffsets 'latest');
        SELECT value FROM t
        """)
    let problem = #expect(throws: MillError.self) {
      try StreamingQuery(
        name: "q", query: query, log: { _ in throw MillError(.notFound, "none") }, sink: MemorySink(),
        checkpointLocation: "/nonexistent")
    }
    #expect(problem?.message == "the view t has endingOffsets, and a stream does not end")
  }

  @Test func tablesOfACatalogNeedNoView() throws {
    struct Numbers: TableCatalog {
      let tableNames = ["store.numbers"]
      func table(_ name: String) throws -> Source? {
        guard name == "store.numbers" else { return nil }
        let schema = Schema([.init("n", .integer)])
        let source = TableSource("numbers") { ColumnBatch(schema, [Column(.integer, [.integer(4), .integer(5)])]) }
        return .table(source, schema, named: name)
      }
    }
    var session = SQLSession(catalog: Numbers())
    var made: [String] = []
    try session.run(
      "CREATE TEMP VIEW v AS SELECT n + 1 AS m FROM store.numbers; SELECT m, numbers.n FROM v, store.numbers"
    ) {
      guard case .query(let query) = $0 else { return }
      try BatchQuery.run(query, sink: { made += rows($0) })
    }
    #expect(made == ["5|4", "5|5", "6|4", "6|5"])
    let problem = #expect(throws: MillError.self) { try session.run("SELECT * FROM store.number") { _ in } }
    #expect(problem?.wayOut == "did you mean store.numbers?")
  }
}
