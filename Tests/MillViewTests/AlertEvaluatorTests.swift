import MillBase
import Synchronization
import Testing

@testable import MillView

/// A store and a webhook that the test plays, and a clock that it turns: nothing waits or looks at the wall clock.
private final class World: Sendable {
  struct State {
    /// Labels and count of each series that the store answers; nil = the store fails.
    var answer: [(labels: [(key: String, value: String)], count: Double?)]? = [([], 5)]
    var status = 200
    var headers: HTTPHeaders = [:]
    var bodies: [JSONValue] = []
  }
  let state = Mutex(State())

  func ask() throws -> [DataFrame] {
    guard let answer = state.withLock({ $0.answer }) else { throw MillError(.unreachable, "connection refused") }
    return answer.map { labels, count in
      DataFrame(name: "users", fields: [.init("Time", .times([0])), .init("Value", .numbers([count]), labels: labels)])
    }
  }

  func take(_ body: [UInt8]) throws -> HTTPResponse {
    try state.withLock { state in
      if state.status == 200 { state.bodies.append(try JSONValue(parsing: body)) }
      return HTTPResponse(status: state.status, headers: state.headers)
    }
  }
}

private struct Bench {
  let world = World()
  let rules: AlertRules
  let stateFile: String
  var evaluator: AlertEvaluator
  var now: Int64 = 1_700_000_000_000

  /// A rule "count below 1 for 20 s", every 10 s.
  init(_ more: String = "", groupWait: String = "0s") throws {
    let tail = """
      contactPoints:
        - {name: ops, receivers: [{uid: w, type: webhook, settings: {url: "http://127.0.0.1:1/"}}]}
      policies:
        - {receiver: ops, group_wait: \(groupWait), group_interval: 30s, repeat_interval: 1h}
      """
    let files = try AlertRulesTests.files(AlertRulesTests.rule(AlertRulesTests.below1, more: more, tail: tail))
    rules = try AlertRules.load(files: files)
    stateFile = Files.split(files[0]).directory + "/state/alerts.json"
    evaluator = Self.start(rules, stateFile, world)
  }

  private static func start(_ rules: AlertRules, _ file: String, _ world: World) -> AlertEvaluator {
    AlertEvaluator(
      rules: rules, stateFile: file, externalURL: "http://127.0.0.1:3000/", ask: { _, _, _ in try world.ask() },
      send: { _, body in try world.take(body) })
  }

  /// As after a kill: nothing but the file is left.
  mutating func restart() { evaluator = Self.start(rules, stateFile, world) }

  func counts(_ count: Double?...) { world.state.withLock { $0.answer = count.map { ([], $0) } } }

  /// Turns the clock on by steps of one second, with an evaluation and a delivery each.
  mutating func run(seconds: Int) {
    for _ in 0..<seconds {
      now += 1000
      evaluator.tick(now: now)
      evaluator.deliver(now: now)
    }
  }

  var states: [String] {
    evaluator.state.withLock { state in
      (state.instances["r"] ?? [:]).sorted { $0.key < $1.key }.map { key, instance in
        "\(key) \(instance.state.rawValue)" + (instance.reason.isEmpty ? "" : " \(instance.reason)")
      }
    }
  }
  var sent: [String] { world.state.withLock { $0.bodies.map { $0["title"]?.string ?? "" } } }
}

struct AlertEvaluatorTests {
  @Test func fromNormalOverPendingToFiringAndBack() throws {
    var bench = try Bench()
    bench.run(seconds: 10)
    #expect(bench.states == ["{} normal"])
    bench.counts(0)
    bench.run(seconds: 10)
    #expect(bench.states == ["{} pending"])
    bench.run(seconds: 10)
    #expect(bench.states == ["{} pending"])
    bench.run(seconds: 10)
    #expect(bench.states == ["{} alerting"])
    #expect(bench.sent == ["[FIRING:1] Rule F"])
    #expect(bench.evaluator.firingCount == 1)
    bench.counts(3)
    bench.run(seconds: 10)
    #expect(bench.states == ["{} normal"])
    bench.run(seconds: 30)
    #expect(bench.sent == ["[FIRING:1] Rule F", "[RESOLVED] Rule F"])
  }

  @Test func aShortDipIsNoAlert() throws {
    var bench = try Bench()
    bench.counts(0)
    bench.run(seconds: 20)
    bench.counts(2)
    bench.run(seconds: 10)
    #expect(bench.states == ["{} normal"])
    bench.run(seconds: 100)
    #expect(bench.sent.isEmpty)
  }

  @Test func grafanasWebhookBody() throws {
    var bench = try Bench("labels: {severity: warning}\n        annotations: {summary: 'only {{ $values.B }}'}")
    bench.counts(0)
    bench.run(seconds: 40)
    let body = try #require(bench.world.state.withLock { $0.bodies.first })
    let alert = try #require(body["alerts"]?[0])
    #expect(body["status"] == "firing")
    #expect(body["state"] == "alerting")
    #expect(body["receiver"] == "ops")
    #expect(body["orgId"] == 1)
    #expect(body["version"] == "1")
    #expect(body["truncatedAlerts"] == 0)
    #expect(body["groupLabels"] == ["alertname": "Rule", "grafana_folder": "F"])
    #expect(body["commonLabels"] == ["alertname": "Rule", "grafana_folder": "F", "severity": "warning"])
    #expect(body["commonAnnotations"] == ["summary": "only 0"])
    #expect(body["title"] == "[FIRING:1] Rule F (warning)")
    #expect(alert["status"] == "firing")
    #expect(alert["endsAt"] == "0001-01-01T00:00:00Z")
    #expect(alert["values"] == ["B": 0, "C": 1])
    #expect(alert["fingerprint"]?.string?.count == 16)
    #expect(alert["startsAt"]?.string?.hasPrefix("2023-11-14T22:13:") == true)
  }

  private func expectWithoutData(_ more: String, _ expected: [String], failing: Bool = false) throws {
    var bench = try Bench(more)
    bench.run(seconds: 10)
    if failing { bench.world.state.withLock { $0.answer = nil } } else { bench.counts() }
    bench.run(seconds: 40)
    #expect(bench.states == expected, "\(more)")
  }

  @Test func whatNoDataAndFailuresMean() throws {
    let own = "{\"datasource_uid\":\"millrace\",\"ref_id\":\"A\"}"
    try expectWithoutData("noDataState: Alerting", ["{} alerting NoData"])
    try expectWithoutData("noDataState: OK", ["{} normal NoData"])
    try expectWithoutData("noDataState: KeepLast", ["{} normal NoData"])
    try expectWithoutData("noDataState: NoData", ["\(own) noData NoData"])
    try expectWithoutData("execErrState: Alerting", ["{} alerting Error"], failing: true)
    try expectWithoutData("execErrState: OK", ["{} normal Error"], failing: true)
    try expectWithoutData("execErrState: Error", ["\(own) error Error"], failing: true)
  }

  @Test func anAlertOfItsOwnWithoutData() throws {
    var bench = try Bench()
    bench.counts()
    bench.run(seconds: 40)
    let labels = bench.world.state.withLock { $0.bodies.first?["commonLabels"] }
    #expect(labels?["alertname"] == "DatasourceNoData")
    #expect(labels?["rulename"] == "Rule")
    bench.counts(5)
    bench.run(seconds: 60)
    #expect(bench.states == ["{} normal"])
    #expect(bench.sent.last == "[RESOLVED] DatasourceNoData F (millrace A Rule)")
  }

  @Test func eachSeriesHasItsOwnState() throws {
    var bench = try Bench()
    bench.world.state.withLock { $0.answer = [([("nat", "DE")], 0), ([("nat", "FR")], 4)] }
    bench.run(seconds: 40)
    #expect(bench.states == ["{\"nat\":\"DE\"} alerting", "{\"nat\":\"FR\"} normal"])
    #expect(bench.sent == ["[FIRING:1] Rule F (DE)"])
    // A series that is gone ends after two evaluations.
    bench.world.state.withLock { $0.answer = [([("nat", "FR")], 4)] }
    bench.run(seconds: 10)
    #expect(bench.states.first == "{\"nat\":\"DE\"} alerting")
    bench.run(seconds: 40)
    #expect(bench.states == ["{\"nat\":\"FR\"} normal"])
    #expect(bench.sent.last == "[RESOLVED] Rule F (DE)")
  }

  @Test func keepFiringForDelaysTheEnd() throws {
    var bench = try Bench("keepFiringFor: 30s")
    bench.counts(0)
    bench.run(seconds: 40)
    bench.counts(5)
    bench.run(seconds: 10)
    #expect(bench.states == ["{} recovering"])
    bench.run(seconds: 30)
    #expect(bench.states == ["{} normal"])
  }

  @Test func aRestartNeitherForgetsNorRepeats() throws {
    var bench = try Bench()
    bench.counts(0)
    bench.run(seconds: 40)
    #expect(bench.sent.count == 1)
    let started = bench.evaluator.state.withLock { $0.instances["r"]!.first!.value.startsAt }
    for _ in 0..<5 {
      bench.restart()
      bench.run(seconds: 25)
    }
    #expect(bench.states == ["{} alerting"])
    #expect(bench.sent.count == 1)
    #expect(bench.evaluator.state.withLock { $0.instances["r"]!.first!.value.startsAt } == started)
    bench.counts(5)
    bench.restart()
    bench.run(seconds: 60)
    #expect(bench.sent == ["[FIRING:1] Rule F", "[RESOLVED] Rule F"])
  }

  @Test func anUndeliveredNotificationSurvivesARestart() throws {
    var bench = try Bench()
    bench.world.state.withLock { $0.status = 503 }
    bench.counts(0)
    bench.run(seconds: 40)
    #expect(bench.sent.isEmpty)
    bench.restart()
    bench.world.state.withLock { $0.status = 200 }
    bench.run(seconds: 60)
    #expect(bench.sent == ["[FIRING:1] Rule F"])
  }

  @Test func timeOffIsNotTimeWaited() throws {
    var bench = try Bench()
    bench.counts(0)
    bench.run(seconds: 10)
    #expect(bench.states == ["{} pending"])
    bench.evaluator.save()
    bench.now += 3_600_000
    bench.restart()
    bench.run(seconds: 10)
    #expect(bench.states == ["{} pending"])
    bench.run(seconds: 20)
    #expect(bench.states == ["{} alerting"])
  }

  @Test func retriesKeepTheOrderAndHonourRetryAfter() throws {
    var bench = try Bench()
    bench.world.state.withLock {
      $0.status = 429
      $0.headers = ["Retry-After": "120"]
    }
    bench.counts(0)
    bench.run(seconds: 40)
    bench.counts(5)
    bench.world.state.withLock { $0.status = 200 }
    bench.run(seconds: 60)
    #expect(bench.sent.isEmpty)
    bench.run(seconds: 80)
    #expect(bench.sent == ["[FIRING:1] Rule F", "[RESOLVED] Rule F"])
  }

  @Test func aReceiverThatRefusesIsNotAskedAgain() throws {
    var bench = try Bench()
    bench.world.state.withLock { $0.status = 404 }
    bench.counts(0)
    bench.run(seconds: 60)
    #expect(bench.evaluator.state.withLock { $0.deliveries.isEmpty })
    #expect(bench.evaluator.state.withLock { $0.sent.first?.outcome } == "given up: the webhook answered 404")
  }

  @Test func groupsWaitAndRepeat() throws {
    var bench = try Bench(groupWait: "15s")
    bench.counts(0)
    bench.run(seconds: 40)
    #expect(bench.states == ["{} alerting"])
    #expect(bench.sent.isEmpty)
    bench.run(seconds: 10)
    #expect(bench.sent.count == 1)
    bench.run(seconds: 3500)
    #expect(bench.sent.count == 1)
    bench.run(seconds: 200)
    #expect(bench.sent.count == 2)
  }

  @Test func aBrokenStateFileIsKeptAside() throws {
    var bench = try Bench()
    try Files.makeDirectory(Files.split(bench.stateFile).directory)
    try Files.writeAtomically("{\"instances\":", to: bench.stateFile)
    bench.restart()
    bench.run(seconds: 10)
    #expect(bench.states == ["{} normal"])
    #expect(Files.exists(bench.stateFile + ".broken"))
  }
}
