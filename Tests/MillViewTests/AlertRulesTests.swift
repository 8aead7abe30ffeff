import MillBase
import Testing

@testable import MillView

struct AlertRulesTests {
  /// The files' texts, one directory per call.
  static func files(_ texts: String...) throws -> [String] {
    let directory = try Files.makeTemporaryDirectory("millrace-alerting")
    return try texts.enumerated().map { index, text in
      let path = "\(directory)/\(index).yaml"
      try Files.writeAtomically(text, to: path)
      return path
    }
  }

  /// A rule over query A with the expressions given, and what else the text says.
  static func rule(_ expressions: String, condition: String = "C", more: String = "", tail: String = "") -> String {
    """
    apiVersion: 1
    groups:
      - name: g
        folder: F
        interval: 10s
        rules:
          - uid: r
            title: Rule
            condition: \(condition)
            for: 20s
            \(more)
            data:
              - refId: A
                relativeTimeRange: {from: 60, to: 0}
                datasourceUid: millrace
                model: {refId: A, query: 'SELECT count("age") FROM "users" WHERE $timeFilter', rawQuery: true}
              - {refId: B, datasourceUid: __expr__, model: {type: reduce, expression: A, reducer: last}}
    \(expressions)
    \(tail)
    """
  }
  static let below1 =
    "          - {refId: C, datasourceUid: __expr__, model: {type: threshold, expression: B, conditions: [{evaluator: {type: lt, params: [1]}}]}}"

  private func expectError(_ fragment: String, line: Int, _ text: String) throws {
    let file = try Self.files(text)[0]
    let problems = ViewConfiguration.check(alerting: [file], environment: { _ in nil })
    let hit = problems.first { $0.message.contains(fragment) && $0.place?.line == line && $0.place?.file == file }
    #expect(hit != nil, "\(problems.map(\.description))")
    #expect(throws: MillError.self) { try AlertRules.load(file) }
  }

  @Test func exampleIsReadWhole() throws {
    let file = Repository.file("examples/population/grafana/alerting.yaml")
    let rules = try AlertRules.load(
      file, environment: { $0 == "MILLRACE_ALERT_WEBHOOK" ? "http://127.0.0.1:1/hook" : nil })
    #expect(rules.warnings.isEmpty)
    let rule = try #require(rules.rules.first)
    #expect(rule.title == "No new users")
    #expect(rule.intervalMs == 10_000)
    #expect(rule.pendingMs == 10_000)
    #expect(rule.noData == .alerting)
    #expect(rule.failure == .own)
    #expect(rules.contactPoints.map(\.name) == ["operators"])
    #expect(rules.root?.groupIntervalMs == 10_000)
  }

  @Test func aWebhookWithoutAddressIsOff() throws {
    let file = Repository.file("examples/population/grafana/alerting.yaml")
    let rules = try AlertRules.load(file, environment: { _ in nil })
    #expect(rules.contactPoints[0].receivers.isEmpty)
    #expect(rules.warnings.count == 1)
    #expect(rules.warnings[0].message.contains("$MILLRACE_ALERT_WEBHOOK is not set"))
  }

  @Test func mistakesAreNamedWithTheirLine() throws {
    try expectError("'rulez' is no part", line: 2, "apiVersion: 1\nrulez: []")
    try expectError("apiVersion is 1", line: 1, "apiVersion: 2\ngroups: []")
    try expectError("not YAML", line: 2, "groups: [\n}")
    try expectError("needs 'folder'", line: 2, "groups:\n  - name: g\n    interval: 10s\n    rules: []")
    try expectError("interval of 1s", line: 4, "groups:\n  - name: g\n    folder: f\n    interval: 10ms\n    rules: []")
    try expectError(
      "asks for 'X'", line: 7,
      Self.rule("          - {refId: C, datasourceUid: __expr__, model: {type: math, expression: $X > 1}}"))
    try expectError("the condition is 'D'", line: 7, Self.rule(Self.below1, condition: "D"))
    try expectError(
      "depends on itself", line: 7,
      Self.rule("          - {refId: C, datasourceUid: __expr__, model: {type: math, expression: $C > 1}}"))
    try expectError(
      "not a math expression", line: 18,
      Self.rule("          - {refId: C, datasourceUid: __expr__, model: {type: math, expression: '$B >'}}"))
    try expectError(
      "type 'resample'", line: 18,
      Self.rule("          - {refId: C, datasourceUid: __expr__, model: {type: resample, expression: B}}"))
    try expectError(
      "evaluator 'over'", line: 18,
      Self.rule(
        "          - {refId: C, datasourceUid: __expr__, model: {type: threshold, expression: B, conditions: [{evaluator: {type: over, params: [1]}}]}}"
      ))
    try expectError("noDataState 'Maybe'", line: 11, Self.rule(Self.below1, more: "noDataState: Maybe"))
    try expectError("no duration", line: 11, Self.rule(Self.below1, more: "keepFiringFor: 5 minutes"))
    try expectError("no contact point 'nobody'", line: 2, "policies:\n  - receiver: nobody")
    try expectError(
      "http://", line: 6,
      "contactPoints:\n  - name: a\n    receivers:\n      - type: webhook\n        settings:\n          url: ftp://x")
  }

  @Test func whatIsLeftOutIsReported() throws {
    let file = try Self.files(
      """
      contactPoints:
        - name: chat
          receivers:
            - {uid: a, type: slack, settings: {url: https://example.org}}
      muteTimes: []
      """)[0]
    let rules = try AlertRules.load(file)
    #expect(rules.warnings.map { $0.place?.line } == [4, 5])
    #expect(rules.warnings[0].message.contains("'slack' is skipped"))
    #expect(rules.warnings.allSatisfy { $0.code == .viewWarning })
  }

  @Test func secretsOfContactPointsAreNeverShown() throws {
    let file = try Self.files(
      """
      contactPoints:
        - name: hook
          receivers:
            - uid: a
              type: webhook
              settings: {url: "http://127.0.0.1:1/services/T0123456789/$HOOK", authorization_credentials: $TOKEN}
      """)[0]
    let rules = try AlertRules.load(
      file, environment: { ["HOOK": "path-secret-4711", "TOKEN": "token-secret-4711"][$0] })
    #expect(!Secrets.redact("POST http://127.0.0.1:1/services/T0123456789/path-secret-4711").contains("4711"))
    #expect(!Secrets.redact("Bearer token-secret-4711").contains("4711"))
    let evaluator = AlertEvaluator(
      rules: rules, stateFile: nil, ask: { _, _, _ in [] }, send: { _, _ in .init(status: 200) })
    let shown = evaluator.statusJSON(now: 0).text() + evaluator.prometheusJSON().text()
    #expect(!shown.contains("4711"))
    #expect(shown.contains("127.0.0.1:1"))
  }

  private func routed(_ labels: [String: String], _ policies: String) throws -> [String] {
    let points = ["root", "a", "b", "c"].map { "  - {name: \($0), receivers: [{uid: \($0), type: log}]}" }
    let file = try Self.files("contactPoints:\n\(points.joined(separator: "\n"))\npolicies:\n\(policies)")[0]
    return try #require(AlertRules.load(file).root).matching(labels).map(\.receiver)
  }

  @Test func policiesRouteByLabels() throws {
    let tree = """
        - receiver: root
          routes:
            - {receiver: a, matchers: ["team = web"], continue: true}
            - receiver: b
              object_matchers: [[team, "=~", "web|db"]]
              routes: [{receiver: c, matchers: ['severity != "low"']}]
      """
    #expect(try routed([:], tree) == ["root"])
    #expect(try routed(["team": "web", "severity": "low"], tree) == ["a", "b"])
    #expect(try routed(["team": "db", "severity": "high"], tree) == ["c"])
    #expect(try routed(["team": "database"], tree) == ["root"])
  }
}
