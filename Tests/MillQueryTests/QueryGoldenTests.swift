import MillBase
import MillColumns
import Testing

@testable import MillQuery

/// Whole queries (GROUP BY, ORDER BY, joins …) with the answers of a real Spark 4: names, types and rows
/// (Tests/Golden/spark_queries.py).
@Suite struct QueryGoldenTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var query: String
    var columns: [[String]]
    var rows: [[String?]]
    var isOrdered: Bool
    /// Spark's error condition, instead of rows.
    var error: String?
    var ansi = true
    var testDescription: String { ansi ? query : "with ANSI off: \(query)" }
  }

  private static let lines: [JSONValue] = {
    let folder = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined()
    let text = (try? Files.readText(folder + "/Golden/spark_queries.jsonl")) ?? ""
    return text.split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }
  }()

  static let views = lines.compactMap { line -> String? in
    guard let name = line["view"]?.string, let query = line["query"]?.string else { return nil }
    return "CREATE TEMPORARY VIEW \(name) AS \(query);"
  }.joined(separator: "\n")

  /// Every query with ANSI on and with ANSI off.
  static let cases = lines.filter { $0["view"] == nil }.flatMap { line in
    [true, false].map { ansi in
      let answer = ansi ? line : line["off"] ?? line
      return Case(
        query: line["query"]?.string ?? "",
        columns: answer["schema"]?.array?.map { $0.array?.compactMap(\.string) ?? [] } ?? [],
        rows: answer["rows"]?.array?.map { $0.array?.map(\.string) ?? [] } ?? [],
        isOrdered: answer["ordered"]?.bool ?? false, error: answer["error"]?.string, ansi: ansi)
    }
  }

  @Test func goldenFileIsThere() {
    #expect(Self.cases.count > 1000)
    #expect(Self.lines.contains { $0["off"] != nil })
  }

  @Test(arguments: cases)
  func givesSparksAnswer(_ item: Case) throws {
    let batch: ColumnBatch
    let setting = item.ansi ? "" : "SET spark.sql.ansi.enabled = false;"
    do { batch = try CompiledQuery(script: setting + Self.views + item.query).evaluate() } catch {
      let text = (error as? MillError)?.message ?? "\(error)"
      // What is found before the query runs is said in our own words.
      let isRuntime = text.hasPrefix("[")
      let condition = isRuntime ? String(text.dropFirst().prefix { $0 != "]" }) : nil
      #expect(item.error != nil && (condition == nil || condition == item.error), "\(error)")
      return
    }
    #expect(item.error == nil, "Spark says \(item.error ?? "")")
    let columns = batch.schema.columns.map { [$0.name, $0.type.simpleString] }
    #expect(columns == item.columns)
    var rows = (0..<batch.count).map { row in batch.columns.map { $0.text(row, plainDecimals: item.ansi) } }
    var wanted = item.rows
    if !item.isOrdered {
      rows.sort { "\($0)" < "\($1)" }
      wanted.sort { "\($0)" < "\($1)" }
    }
    #expect(rows == wanted)
  }
}

/// Operators that need all rows, over files cut into chunks and read by several lanes; and as a stream.
@Suite struct RelationalBatchTests {
  private func run(_ select: String, rows: Int, chunkBytes: Int, lanes: Int) throws -> [String] {
    let directory = try Files.makeTemporaryDirectory("millquery")
    defer { try? Files.removeTree(directory) }
    let lines = (0..<rows).map { #"{"k": \#($0 % 7), "v": \#($0), "n": "x\#($0 % 3)"}"# }
    try Files.writeAtomically(lines.joined(separator: "\n"), to: "\(directory)/a.json")
    let query = try CompiledQuery(
      script: """
        CREATE TEMPORARY VIEW t (k INT, v INT, n STRING) USING json OPTIONS (path '\(directory)');
        \(select)
        """)
    var made: [String] = []
    try BatchQuery.run(
      query, lanes: lanes, chunkBytes: chunkBytes, encode: { $0 }, sink: { made += MillQueryTests.rows($0) })
    return made
  }

  @Test(arguments: [(64, 1), (64, 3), (1000, 2), (1 << 20, 1)])
  func chunksAndLanesDoNotShow(_ chunkBytes: Int, _ lanes: Int) throws {
    func made(_ select: String) throws -> [String] {
      try run(select, rows: 700, chunkBytes: chunkBytes, lanes: lanes)
    }
    #expect(
      try made(
        """
        SELECT k, count(*), sum(v), first(v), last(v), min(v), max(v), count(DISTINCT n), size(collect_list(v)),
          max_by(n, v), avg(v)
        FROM t GROUP BY k HAVING k < 2
        """) == [
          "0|100|34650|0|693|0|693|3|100|x0|346.5", "1|100|34750|1|694|1|694|3|100|x1|347.5",
        ])
    #expect(try made("SELECT first(m) IGNORE NULLS, first(m) FROM (SELECT nullif(v, 0) AS m FROM t)") == ["1|null"])
    #expect(try made("SELECT collect_list(v) FROM t WHERE v < 9") == ["[0, 1, 2, 3, 4, 5, 6, 7, 8]"])
    #expect(try made("SELECT v FROM t ORDER BY n DESC, v LIMIT 3 OFFSET 1") == ["5", "8", "11"])
    #expect(
      try made(
        """
        SELECT v, row_number() OVER (PARTITION BY k ORDER BY v) AS r, sum(v) OVER (PARTITION BY k ORDER BY v) AS s
        FROM t ORDER BY v DESC LIMIT 2
        """) == ["699|100|35250", "698|100|35150"])
    #expect(try made("SELECT v FROM t LIMIT 3") == ["0", "1", "2"])
    #expect(try made("SELECT DISTINCT n FROM t") == ["x0", "x1", "x2"])
    #expect(
      try made("SELECT a.v, b.v FROM t a LEFT JOIN t b ON a.v = b.v - 698 AND b.n = 'x0' WHERE a.v < 3")
        == ["0|null", "1|699", "2|null"])
    #expect(
      try made("SELECT count(*) FROM (SELECT k FROM t UNION ALL SELECT 1 UNION ALL SELECT max(v) FROM t)") == ["702"])
  }

  @Test(arguments: [
    (
      "SELECT count(*) FROM pop",
      "q.sql:3:8: [STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION] Invalid streaming output mode: append."
    ),
    ("SELECT topic FROM pop GROUP BY topic", "q.sql:3:32: [STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION]"),
    ("SELECT DISTINCT topic FROM pop", "q.sql:3:1: [STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION]"),
    ("SELECT topic FROM pop ORDER BY topic", "q.sql:3:32: ORDER BY over a stream"),
    ("SELECT topic FROM pop LIMIT 3", "q.sql:3:29: LIMIT over a stream"),
    (
      "SELECT row_number() OVER (ORDER BY topic) FROM pop",
      "q.sql:3:8: the window function row_number is not supported over a stream"
    ),
    ("SELECT p.topic FROM pop p JOIN pop q USING (topic)", "q.sql:3:27: a join of two streams is not supported yet"),
  ])
  func aStreamRefusesThem(_ select: String, _ wanted: String) throws {
    let query = try overTopic(select)
    var text = "no error"
    do { try query.checkStreams(.append) } catch { text = "\(error)" }
    #expect(text.hasPrefix(wanted), "\(text)")
  }
}
