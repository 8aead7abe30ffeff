import MillBase
import Testing

@testable import MillView

struct AlertExpressionTests {
  private func expectMath(_ text: String, _ expected: Double?, _ values: [String: Double] = ["A": 10, "B": 3]) throws {
    #expect(try MathExpression(text).evaluate { values[$0] } == expected, "\(text)")
  }

  @Test func math() throws {
    try expectMath("$A > 5", 1)
    try expectMath("${A} < 5 || $B == 3", 1)
    try expectMath("$A > 5 && !($B > 5)", 1)
    try expectMath("1 + 2 * $B", 7)
    try expectMath("(1 + 2) * $B - -1", 10)
    try expectMath("2 ** 3 ** 2", 512)
    try expectMath("$A % 4", 2)
    try expectMath("abs(-$B) + round(2.5) + floor(1.9) + ceil(0.1)", 8)
    try expectMath("$X > 1", nil)
    try expectMath("is_null($X)", 1)
    try expectMath("0 && $A", 0)
    try expectMath(".5 >= 0.5", 1)
  }

  @Test(arguments: ["", "$A >", "$", "${A", "A > 1", "foo($A)", "($A", "$A $B", "1..2"])
  func notMath(_ text: String) { #expect(throws: MillError.self) { try MathExpression(text) } }

  @Test func nestingIsLimited() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "(", count: depth) + "1" + String(repeating: ")", count: depth)
    }
    try expectMath(nested(100), 1)
    #expect(throws: MillError.self) { try MathExpression(nested(101)) }
  }

  private func expectReduced(
    _ reducer: AlertReducer, _ values: [Double?], _ mode: AlertExpression.NullMode, _ expected: Double?
  ) {
    let found = reducer.reduce(values, mode)
    #expect(found == expected || (found?.isNaN == true && expected?.isNaN == true), "\(reducer) \(values)")
  }

  @Test func reducers() {
    expectReduced(.last, [1, 2, nil], .strict, nil)
    expectReduced(.last, [1, 2, nil], .drop, 2)
    expectReduced(.mean, [1, nil, 3], .strict, .nan)
    expectReduced(.mean, [1, nil, 3], .drop, 2)
    expectReduced(.sum, [1, nil, 3], .replace(10), 14)
    expectReduced(.min, [4, 2, 3], .strict, 2)
    expectReduced(.max, [4, 2, 3], .strict, 4)
    expectReduced(.median, [4, 1, 3, 2], .strict, 2.5)
    expectReduced(.count, [], .strict, 0)
    expectReduced(.mean, [], .strict, nil)
  }

  private func expectTest(_ type: String, _ parameters: [Double], passes: [Double], fails: [Double]) throws {
    let test = try #require(ThresholdTest(type: type, parameters: parameters))
    for value in passes { #expect(test.passes(value) == true, "\(type) \(value)") }
    for value in fails { #expect(test.passes(value) == false, "\(type) \(value)") }
  }

  @Test func thresholds() throws {
    try expectTest("gt", [5], passes: [6], fails: [5, 4])
    try expectTest("lt", [5], passes: [4], fails: [5])
    try expectTest("gte", [5], passes: [5], fails: [4])
    try expectTest("within_range", [1, 3], passes: [2], fails: [1, 3, 4])
    try expectTest("outside_range", [3, 1], passes: [0, 4], fails: [1, 2, 3])
    #expect(ThresholdTest.above(1).passes(nil) == nil)
    #expect(ThresholdTest.noValue.passes(nil) == true)
    #expect(ThresholdTest(type: "gt", parameters: []) == nil)
  }

  private func evaluated(
    _ expressions: String, _ series: [(labels: [(String, String)], points: [Double?])], condition: String = "C"
  ) throws
    -> [RuleEvaluation.Result]
  {
    let rule = try AlertRules.load(
      files: AlertRulesTests.files(AlertRulesTests.rule(expressions, condition: condition))
    ).rules[0]
    return try RuleEvaluation.run(rule, now: 1_000_000) { _, range, _ in
      #expect(range == TimeRange(from: 940_000, to: 1_000_000))
      return series.map { labels, points in
        DataFrame(
          name: "users",
          fields: [
            .init("Time", .times(points.indices.map { Int64($0) })),
            .init("Value", .numbers(points), labels: labels.map { ($0.0, $0.1) }),
          ])
      }
    }.sorted { AlertState.key($0.labels) < AlertState.key($1.labels) }
  }

  @Test func aRuleJudgesEachSeries() throws {
    let results = try evaluated(
      AlertRulesTests.below1, [([("nat", "DE")], [0]), ([("nat", "FR")], [7]), ([("nat", "US")], [nil])])
    #expect(results.map(\.verdict) == [.alerting, .normal, .noData])
    #expect(results.map(\.labels) == [["nat": "DE"], ["nat": "FR"], ["nat": "US"]])
    #expect(results[1].values["B"] == .some(7))
  }

  @Test func noSeriesIsNoData() throws { #expect(try evaluated(AlertRulesTests.below1, []).isEmpty) }

  @Test func aSeriesIsNoCondition() throws {
    #expect(throws: MillError.self) { try evaluated(AlertRulesTests.below1, [([], [1])], condition: "A") }
  }

  @Test func mathJoinsByLabels() throws {
    let results = try evaluated(
      "          - {refId: C, datasourceUid: __expr__, model: {type: math, expression: '$B > 5'}}",
      [([("nat", "DE")], [9]), ([("nat", "FR")], [1])])
    #expect(results.map(\.verdict) == [.alerting, .normal])
  }

  @Test func classicConditionsAreOneVerdict() throws {
    let classic = """
                - refId: C
                  datasourceUid: __expr__
                  model:
                    type: classic_conditions
                    conditions:
                      - {evaluator: {type: gt, params: [5]}, operator: {type: and}, query: {params: [A]}, reducer: {type: max}}
                      - {evaluator: {type: lt, params: [0]}, operator: {type: or}, query: {params: [A]}, reducer: {type: min}}
      """
    #expect(try evaluated(classic, [([("nat", "DE")], [1, 9]), ([("nat", "FR")], [1])]).map(\.verdict) == [.alerting])
    #expect(try evaluated(classic, [([("nat", "DE")], [1, 2])]).map(\.verdict) == [.normal])
    #expect(try evaluated(classic, []).map(\.verdict) == [.noData])
  }

  private func expectText(_ template: String, _ expected: String) {
    #expect(
      AlertTemplate.expand(template, labels: ["nat": "DE", "a b": "x"], values: ["B": 1234.5678, "C": nil]) == expected)
  }

  @Test func templates() {
    expectText("{{ $labels.nat }}: {{$values.B}}", "DE: 1234.5678")
    expectText("{{ $values.B.Value | humanize }}", "1.235k")
    expectText("{{ printf \"%.1f\" $values.B.Value }} users", "1234.6 users")
    expectText("{{ index $labels \"a b\" }} {{ index $values \"B\" }}", "x 1234.5678")
    expectText("{{ $labels.none }} {{ $values.C }}", "[no value] [no value]")
    expectText("{{ if $x }}y{{ end }}", "{{ if $x }}y{{ end }}")
    expectText("{{ humanizeDuration 93784 }}", "1d 2h 3m 4s")
    #expect(AlertTemplate.unknown(in: "{{ $labels.x }} {{ range .A }}") == ["range .A"])
  }
}
