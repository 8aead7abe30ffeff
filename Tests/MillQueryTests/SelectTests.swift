import MillBase
import MillColumns
import MillLog
import Testing

@testable import MillQuery

/// What queries over records give.
@Suite struct SelectTests {
  private let people = [
    #"{"id": 1, "name": {"first": "Ada", "last": "L"}, "tags": ["a", "b"], "m": {"x": 1, "y": 2}}"#,
    #"{"id": 2, "name": {"first": "Bo"}, "tags": [], "m": {}}"#,
    #"{"id": 3, "name": null, "tags": null}"#,
    #"{"id": 4, "tags": [null]}"#,
  ]
  private let parsed = """
    (SELECT from_json(CAST(value AS STRING), 'id INT, name STRUCT<first: STRING, last: STRING>, tags ARRAY<STRING>,
      m MAP<STRING, INT>') AS p, partition, `offset` FROM pop) t
    """

  private func run(_ select: String, ansi: Bool = true) throws -> [String] {
    try rows(overTopic(select.replacing("PARSED", with: parsed), ansi: ansi).process(records(people)).batch)
  }

  @Test(arguments: [
    // Names, stars, fields
    ("SELECT p.id, p.name.first FROM PARSED", ["1|Ada", "2|Bo", "3|null", "4|null"]),
    ("SELECT P.ID, t.p.Name.FIRST FROM PARSED WHERE p.id = 1", ["1|Ada"]),
    ("SELECT p.name.* FROM PARSED WHERE p.id <= 2", ["Ada|L", "Bo|null"]),
    ("SELECT t.offset, partition FROM PARSED WHERE p.id > 3", ["3|0"]),
    ("SELECT p.tags[0], p.m.x, p.m['y'] FROM PARSED WHERE p.id = 1", ["a|1|2"]),
    ("SELECT get(p.tags, 5), try_element_at(p.tags, -1) FROM PARSED WHERE p.id < 3", ["null|b", "null|null"]),
    ("SELECT size(p.tags), size(p.m) FROM PARSED", ["2|2", "0|0", "null|null", "1|null"]),
    // Generators
    ("SELECT p.id, explode(p.tags) FROM PARSED", ["1|a", "1|b", "4|null"]),
    ("SELECT p.id, explode_outer(p.tags) AS tag FROM PARSED", ["1|a", "1|b", "2|null", "3|null", "4|null"]),
    ("SELECT posexplode(p.tags) AS (i, tag), p.id FROM PARSED", ["0|a|1", "1|b|1", "0|null|4"]),
    (
      "SELECT p.id, posexplode_outer(p.tags) FROM PARSED", ["1|0|a", "1|1|b", "2|null|null", "3|null|null", "4|0|null"]
    ),
    ("SELECT p.id, explode(p.m) FROM PARSED", ["1|x|1", "1|y|2"]),
    (
      "SELECT p.id, k, v FROM PARSED LATERAL VIEW OUTER explode(p.m) m AS k, v",
      ["1|x|1", "1|y|2", "2|null|null", "3|null|null", "4|null|null"]
    ),
    (
      "SELECT p.id, a.tag, b.tag FROM PARSED LATERAL VIEW explode(p.tags) a AS tag LATERAL VIEW explode(p.tags) b AS tag WHERE p.id = 1",
      ["1|a|a", "1|a|b", "1|b|a", "1|b|b"]
    ),
    (
      "SELECT inline(array(struct(1 AS a, 'x' AS b), struct(2 AS a, 'y' AS b))) FROM PARSED WHERE p.id = 1",
      ["1|x", "2|y"]
    ),
    // Three-valued logic
    ("SELECT p.id FROM PARSED WHERE p.name.first = 'Ada'", ["1"]),
    ("SELECT p.id FROM PARSED WHERE NOT (p.name.first = 'Ada')", ["2"]),
    ("SELECT p.id FROM PARSED WHERE p.name.first <=> NULL", ["3", "4"]),
    ("SELECT p.id FROM PARSED WHERE p.name.first = 'Ada' OR p.id = 4", ["1", "4"]),
    ("SELECT p.id FROM PARSED WHERE p.name.first IN ('Bo', NULL)", ["2"]),
    ("SELECT p.id FROM PARSED WHERE p.name.first NOT IN ('Bo', NULL)", []),
    ("SELECT p.id FROM PARSED WHERE p.name IS NULL", ["3", "4"]),
    ("SELECT p.id FROM PARSED WHERE p.id BETWEEN 2 AND 3", ["2", "3"]),
    ("SELECT p.id FROM PARSED WHERE p.id NOT BETWEEN 2 AND 3", ["1", "4"]),
    ("SELECT p.id FROM PARSED WHERE p.name.first LIKE '_d%'", ["1"]),
    ("SELECT p.id FROM PARSED WHERE p.name.first RLIKE '^B'", ["2"]),
    // Only the branch that is taken can fail
    ("SELECT CASE WHEN p.id = 1 THEN -1 ELSE 10 div (p.id - 1) END FROM PARSED", ["-1", "10", "5", "3"]),
    ("SELECT p.id FROM PARSED WHERE p.id <> 1 AND 10 / (p.id - 1) > 4", ["2", "3"]),
    ("SELECT coalesce(p.name.first, CAST(p.id AS STRING)) FROM PARSED", ["Ada", "Bo", "3", "4"]),
    ("SELECT if(p.id = 1, 'one', 'more') FROM PARSED", ["one", "more", "more", "more"]),
    // Shapes of queries
    (
      "WITH a AS (SELECT p.id AS x FROM PARSED), b(y) AS (SELECT x + 1 FROM a) SELECT y FROM b WHERE y > 3", ["4", "5"]
    ),
    ("SELECT p.id FROM PARSED WHERE p.id = 1 UNION ALL SELECT 2.5 FROM PARSED WHERE p.id = 2", ["1.0", "2.5"]),
    ("SELECT p.id + 1 AS a, a * 2 AS b FROM PARSED WHERE p.id = 1", ["2|4"]),
    ("SELECT named_struct('a', p.id, 'b', p.tags).b[1] FROM PARSED WHERE p.id = 1", ["b"]),
    ("SELECT topic, timestampType, key FROM pop", ["pop|0|null", "pop|0|null", "pop|0|null", "pop|0|null"]),
    ("SELECT 1 /* a comment */ -- and another\n FROM pop WHERE offset = 0;", ["1"]),
  ])
  func gives(_ select: String, _ wanted: [String]) throws {
    #expect(try run(select) == wanted)
  }

  @Test(arguments: [
    (
      "SELECT a + 1, CAST(a AS STRING), upper('x'), s.b, 1.5, 'txt', a IS NULL FROM v",
      ["(a + 1)", "a", "upper(x)", "b", "1.5", "txt", "(a IS NULL)"]
    ),
    ("SELECT a AS x, a y, `a` AS `odd name` FROM v", ["x", "y", "odd name"]),
    ("SELECT posexplode(array(1)) FROM v", ["pos", "col"]), ("SELECT explode(map(1, 2)) FROM v", ["key", "value"]),
    ("SELECT * FROM v", ["a", "s"]), ("SELECT v.*, s.* FROM v", ["a", "s", "b"]),
    ("SELECT CASE WHEN a = 1 THEN 2 END, array(a)[0] FROM v", ["CASE WHEN (a = 1) THEN 2 END", "array(a)[0]"]),
  ])
  func namesColumnsAsSparkDoes(_ select: String, _ wanted: [String]) throws {
    let view = "CREATE TEMPORARY VIEW v AS SELECT 1 AS a, named_struct('b', 2) AS s;"
    #expect(try CompiledQuery(script: view + select).schema.columns.map(\.name) == wanted)
  }

  @Test func kafkaColumnsAreSparks() throws {
    var batch = records(["v"], partition: 2, offset: 17, timestamp: 1_577_934_245_123)
    // One header: key h, value x.
    batch.slots[0].headersStart = Int32(batch.bytes.count)
    batch.bytes += [2, 2, UInt8(ascii: "h"), 2, UInt8(ascii: "x")]
    let query = try overTopic("SELECT * FROM pop", options: ", includeHeaders 'true'")
    #expect(
      query.schema.columns.map { "\($0.name) \($0.type.sql)" } == [
        "key BINARY", "value BINARY", "topic STRING", "partition INT", "offset BIGINT", "timestamp TIMESTAMP",
        "timestampType INT", "headers ARRAY<STRUCT<key: STRING, value: BINARY>>",
      ])
    #expect(try rows(query.process(batch).batch) == ["null|v|pop|2|17|2020-01-02 03:04:05.123|0|[{h, x}]"])
  }

  @Test func castOfBytesThatAreNotTextNeverFails() throws {
    var batch = records(["ab"])
    batch.bytes[0] = 0xFF
    let output = try overTopic("SELECT CAST(value AS STRING), length(CAST(value AS STRING)) FROM pop").process(batch)
    #expect(rows(output.batch) == ["\u{FFFD}b|2"])
  }

  @Test func errorsInARecordNameItsPlace() throws {
    let query = try overTopic("SELECT\n  CAST(CAST(value AS STRING) AS INT) FROM pop")
    let error = #expect(throws: MillError.self) { try query.process(records(["1", "x"], offset: 41)) }
    #expect(error?.description.contains("q.sql:4:3: pop-0@42: [CAST_INVALID_INPUT] The value 'x'") == true, "\(error!)")
    // The query goes on with the next record batch.
    #expect(try rows(query.process(records(["7"])).batch) == ["7"])
  }

  @Test func failFastNamesTheRecord() throws {
    let query = try overTopic(
      "SELECT from_json(CAST(value AS STRING), 'a INT', map('mode', 'FAILFAST')).a FROM pop")
    let error = #expect(throws: MillError.self) { try query.process(records([#"{"a":1}"#, #"{"a":"#], offset: 5)) }
    #expect(error?.description.contains("pop-0@6: [MALFORMED_RECORD_IN_PARSING") == true, "\(error!)")
  }

  @Test func corruptRecordColumnIsTheQuerysOwnBusiness() throws {
    let query = try overTopic(
      "SELECT p.* FROM (SELECT from_json(CAST(value AS STRING), 'a INT, _corrupt_record STRING') AS p FROM pop)")
    let output = try query.process(records([#"{"a":1}"#, #"{"a":"bad"}"#, #"{"a""#]))
    #expect(rows(output.batch) == ["1|null", #"null|{"a":"bad"}"#, #"null|{"a""#])
    #expect(output.malformed == [])
  }

  @Test func settingsOfTheScriptCount() throws {
    #expect(try rows(CompiledQuery(script: "SET spark.sql.ansi.enabled = false; SELECT 1/0").evaluate()) == ["null"])
  }
}
