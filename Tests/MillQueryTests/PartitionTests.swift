import MillBase
import MillColumns
import Testing

@testable import MillQuery

/// Directories `name=value` as columns, beyond what is compared with Spark (FileSourceGoldenTests, FileStreamGoldenTests).
@Suite struct PartitionTests {
  private typealias Bench = FileStreamBench

  private static func rows(_ script: String, inputs: [String]? = nil) throws -> [String] {
    var rows: [String] = []
    let query = try CompiledQuery(script: script)
    try BatchQuery.run(query, inputs: inputs) { rows += MillQueryTests.rows(query.onClock($0)) }
    return rows.sorted()
  }

  /// A file that can't be read says whether it was opened.
  @Test(arguments: [
    ("p = 1", true), ("p = 1 AND k > 0", true), ("p IN (1, 3)", true), ("NOT p = 2", true), ("p <=> 1", true),
    ("p < 2 OR p = 1", true), ("p = 1 OR k = 9", false), ("k = 1", false), ("p = k", false), ("p = 2", false),
  ])
  func filesThatNoFilterLetsThroughStayClosed(_ condition: String, _ works: Bool) throws {
    let bench = try Bench()
    try bench.put("p=1/a.json", #"{"k":1}"#)
    try bench.put("p=2/b.json.gz", "no gzip")
    let view = "CREATE TEMPORARY VIEW t (k INT) USING json OPTIONS (path '\(bench.input)');"
    let nested = "SELECT k FROM (SELECT k, p + 0 AS p FROM t) WHERE \(condition)"
    for select in ["SELECT k FROM t WHERE \(condition)", nested, "SELECT max(k) FROM t WHERE \(condition)"] {
      var rows: [String] = []
      let text = bench.message { rows = try Self.rows(view + select) }
      #expect(works ? rows == ["1"] && text.isEmpty : text.contains("p=2/b.json.gz"), "\(select): \(rows) \(text)")
    }
    // What another branch wants is read.
    let both = "SELECT k FROM t WHERE \(condition) UNION ALL SELECT p FROM t"
    let text = bench.message { _ = try Self.rows(view + both) }
    #expect(text.contains("p=2/b.json.gz"))
  }

  @Test func streamsOpenNoOthersEither() throws {
    let bench = try Bench()
    try bench.put("day=2026-11-24/a", "a", age: 20)
    try bench.put("day=2026-11-25/b.gz", "no gzip", age: 10)
    let script =
      "CREATE TEMPORARY VIEW f USING text OPTIONS (path '\(bench.input)'); SELECT value FROM STREAM(f) WHERE "
    #expect(try bench.run(script: script + "day < '2026-11-25'") == ["a"])
  }

  /// Columns that the view names, before there was any directory to see.
  @Test func directoriesThatComeAfterTheQuery() throws {
    let bench = try Bench()
    let script = """
      CREATE TEMPORARY VIEW f (day DATE, k INT, hour STRING) USING json OPTIONS (path '\(bench.input)');
      SELECT day, k, hour FROM STREAM(f) WHERE k > 0
      """
    let sink = MemorySink()
    let query = try bench.query(script: script, sink: sink)
    query.start()
    try bench.put("day=2026-11-24/hour=07/a", #"{"k":1,"day":"1999-01-01"}"# + "\n" + #"{"k":2,"hour":"no"}"#)
    #expect(try query.processAllAvailable(.seconds(60)))
    try bench.put("day=__HIVE_DEFAULT_PARTITION__/hour=a%2Fb/b", #"{"k":3,"day":"1999-01-01"}"#)
    #expect(try query.processAllAvailable(.seconds(60)))
    try bench.put("c", #"{"k":4,"day":"1999-01-01"}"#)
    #expect(try query.processAllAvailable(.seconds(60)))
    query.stop()
    let day = Value.date(Calendar.date("2026-11-24")!)
    let wanted: [[Value]] = [
      [day, .integer(1), .string("07")], [day, .integer(2), .string("07")], [.null, .integer(3), .string("a/b")],
      [.date(Calendar.date("1999-01-01")!), .integer(4), .null],
    ]
    #expect(sink.batchIds.flatMap { sink.rows(ofBatch: $0) } == wanted)
  }

  @Test func pathsThatAreGivenInstead() throws {
    let bench = try Bench()
    try bench.put("p=1/q=x/a", "a")
    try bench.put("p=2/q=y/b", "b")
    let script = "CREATE TEMPORARY VIEW f USING text OPTIONS (path '\(bench.input)'); SELECT p, q, value FROM f"
    #expect(try Self.rows(script) == ["1|x|a", "2|y|b"])
    #expect(try Self.rows(script, inputs: [bench.input + "/p=2"]) == ["2|y|b"])
    #expect(try Self.rows(script, inputs: [bench.input + "/p=1/q=x/a"]) == ["1|x|a"])
    try bench.put("../other/q=y/c", "c")
    let text = bench.message { _ = try Self.rows(script, inputs: [bench.directory + "/other"]) }
    #expect(text.contains("/q=y/c") && text.contains("[CONFLICTING_PARTITION_COLUMN_NAMES]"))
  }

  @Test func aStreamMayBeginBelowItsBasePath() throws {
    let bench = try Bench()
    try bench.put("p=1/q=2/a", "a")
    let script = """
      CREATE TEMPORARY VIEW f USING text OPTIONS (path '\(bench.input)/p=1', basePath '\(bench.input)');
      SELECT concat(p, ' ', q, ' ', value) AS v FROM STREAM(f)
      """
    #expect(try bench.run(script: script) == ["1 2 a"])
  }

  @Test func aValueThatFitsNoLongerNamesItsFile() throws {
    let bench = try Bench()
    let sink = MemorySink()
    try bench.put("p=1/a", "a")
    let script = "CREATE TEMPORARY VIEW f USING text OPTIONS (path '\(bench.input)'); SELECT * FROM STREAM(f)"
    let query = try bench.query(script: script, sink: sink)
    query.start()
    #expect(try query.processAllAvailable(.seconds(60)))
    try bench.put("p=x/b", "b")
    let text = bench.message { try query.awaitTermination(.seconds(60)) }
    #expect(text.contains("[INVALID_PARTITION_VALUE]") && text.contains("\(bench.input)/p=x/b"), "\(text)")
    query.stop()
  }

  /// What is written by partitionBy comes back, whatever is in the values.
  @Test func writtenAndReadAgain() throws {
    let bench = try Bench()
    let values = ["x", "a/b", "a=b", "50%", "'\"", "a b", "ä+ö", "{[^]}", "1#?*\\:", "\u{1}", "%41", ".", "_"]
    let list = values.indices.map {
      "(\($0), unhex('\(values[$0].utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())'))"
    }
    let query = try CompiledQuery(
      script: """
        SELECT n, CAST(v AS STRING) AS `na=me`, CAST(NULL AS INT) AS none, DATE '2026-11-24' AS day,
          TIMESTAMP '2026-11-24 07:08:09' AS at FROM VALUES \(list.joined(separator: ", ")) AS t(n, v)
        """)
    let target = try BatchTarget(
      query, format: .json, options: ["path": bench.input + "/out"], partitionBy: ["na=me", "none", "day", "at"]
    ) { _, _ in throw MillError(.notFound, "no log") }
    try target.write(.errorIfExists) { take in try BatchQuery.run(query) { try take($0) } }
    let view = "CREATE TEMPORARY VIEW t (n INT) USING json OPTIONS (path '\(bench.input)/out');"
    let wanted = values.indices.map { "\($0)|\(values[$0])|null|2026-11-24|2026-11-24 07:08:09" }
    #expect(try Self.rows(view + "SELECT * FROM t") == wanted.sorted())
    #expect(
      try CompiledQuery(script: view + "SELECT * FROM t").schema.columns.map(\.type) == [
        .integer, .string, .null, .date, .timestamp,
      ])
  }
}
