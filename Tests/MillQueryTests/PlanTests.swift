import MillBase
import MillColumns
import Testing

@testable import MillQuery

/// What the plan looks like, and what is read for it.
@Suite struct PlanTests {
  @Test func planIsATree() throws {
    let query = try overTopic("SELECT upper(CAST(value AS STRING)) AS u FROM pop WHERE `offset` > 5")
    #expect(
      query.planText == """
        Project [upper(CAST(value AS STRING)) AS u]
          Filter >(offset, CAST(5 AS BIGINT))
            Scan pop [kafka pop] (key, value, topic, partition, offset, timestamp, timestampType)

        """)
  }

  @Test func whatStandsBesideAGeneratorIsComputedOnceForARow() throws {
    let query = try overTopic(
      """
      SELECT get(p.source, 0).name AS dataset, explode(p.data) AS d, p.a, 1 / size(p.data) AS share
      FROM (SELECT from_json(CAST(value AS STRING),
        'source ARRAY<STRUCT<name: STRING, other: STRING>>, data ARRAY<INT>, a INT') AS p FROM pop)
      """)
    #expect(
      query.planText.hasPrefix(
        """
        Project [dataset AS dataset, d AS d, a AS a, /(CAST(CAST(1 AS INT) AS DOUBLE), CAST(size(p.data) AS DOUBLE)) AS share]
          Generate explode(p.data)
            Project [p AS p, get(p.source, 0).name AS dataset, p.a AS a]
        """)
        || query.planText.contains(
          "Generate explode(p.data)\n    Project [p AS p, get(p.source, 0).name AS dataset, p.a AS a]"),
      "\(query.planText)")
    let values = [
      #"{"source": [{"name": "acs", "other": "x"}], "data": [1, 2], "a": 7}"#, #"{"data": [], "a": 8}"#,
      #"{"data": [3]}"#,
    ]
    #expect(try rows(query.process(records(values)).batch) == ["acs|1|7|0.5", "acs|2|7|0.5", "null|3|null|1.0"])
  }

  /// What a query needs of each from_json result.
  private func needs(_ select: String) throws -> NeededJSON? {
    var analyzer = Analyzer(file: nil, ansi: true)
    let view = "CREATE TEMPORARY VIEW pop USING kafka OPTIONS (kafka.bootstrap.servers 'h:1', subscribe 'pop');"
    let plan = try analyzer.analyze(Parser.statements(of: view + select.replacing("PARSED", with: Self.parsed)))
    var needs = Needs()
    for index in plan.schema.columns.indices { needs.columns[index] = .all }
    _ = Operator(plan, &needs)
    return needs.json[0]
  }

  private static let parsed = """
    (SELECT from_json(CAST(value AS STRING), 'a INT, s STRUCT<x: INT, y: STRUCT<z: INT, w: INT>>,
      l ARRAY<STRUCT<p: INT, q: INT>>, m MAP<STRING, INT>') AS j FROM pop)
    """

  @Test(arguments: [
    ("SELECT j FROM PARSED", NeededJSON.all),
    ("SELECT j.a FROM PARSED", .columns(["a": .all])),
    ("SELECT j.s.y.z FROM PARSED WHERE j.a > 1", .columns(["a": .all, "s": .columns(["y": .columns(["z": .all])])])),
    ("SELECT e.p FROM (SELECT explode(j.l) AS e FROM PARSED)", .columns(["l": .columns(["p": .all])])),
    ("SELECT p FROM (SELECT inline(j.l) FROM PARSED)", .columns(["l": .columns(["p": .all])])),
    ("SELECT 1 FROM (SELECT explode(j.l) AS e FROM PARSED)", .columns(["l": .columns([:])])),
    ("SELECT get(j.l, 0).q, j.l.p FROM PARSED", .columns(["l": .columns(["p": .all, "q": .all])])),
    ("SELECT j.a FROM PARSED WHERE j.s IS NOT NULL", .columns(["a": .all, "s": .columns([:])])),
    ("SELECT j.m['x'] FROM PARSED", .columns(["m": .all])),
    ("SELECT x FROM (SELECT j.*, j.s.* FROM PARSED)", .columns(["s": .columns(["x": .all])])),
    ("SELECT a FROM (SELECT j.a, j.l FROM PARSED) UNION ALL SELECT j.s.x FROM PARSED", .columns(["a": .all])),
  ])
  func onlyNeededPartsAreRead(_ select: String, _ wanted: NeededJSON) throws {
    #expect(try needs(select) == wanted)
  }
}
