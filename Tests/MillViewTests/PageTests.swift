import MillBase
import MillStore
import Testing

@testable import MillView

/// The example's dashboard, as a browser draws it from a store.
@Suite(.serialized) struct PageTests {
  static let canDraw =
    Command.exists("chromium", package: "chromium") && Files.exists(ViewServer.Options().chartScript)

  private func page(_ url: String, _ path: String) throws -> (dom: String, console: [String]) {
    let directory = try Files.makeTemporaryDirectory("millrace-chromium")
    defer { try? Files.removeTree(directory) }
    let dom = try Command.output(
      "timeout 90 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --window-size=1400,1200 "
        + "--user-data-dir=\(directory)/profile --enable-logging=stderr --virtual-time-budget=8000 --dump-dom "
        + "'\(url)\(path)' 2>\(directory)/stderr")
    let console = try Files.readText("\(directory)/stderr").split(separator: "\n").filter { $0.contains("CONSOLE") }
    return (dom, console.map(String.init))
  }

  private func start(_ storeURL: String, alerts: AlertEvaluator? = nil) throws -> ViewServer {
    let source = DataSource(name: "Millrace", uid: "millrace", url: storeURL, database: "case_study")
    var options = ViewServer.Options()
    options.metrics = Metrics()
    return try ViewServer(
      listen: Address("127.0.0.1:0"),
      dashboards: [Dashboard.load(Repository.file("examples/population/grafana/dashboard.json"))],
      dataSources: [source],
      alerts: alerts, options: options)
  }

  @Test(.enabled(if: canDraw)) func theBrowserDrawsTheExample() throws {
    let store = try BuiltInStore()
    defer { store.server.stop() }
    try ExampleData.write(to: store.url, now: Clock.nowMilliseconds())
    let server = try start(store.url)
    defer { server.stop() }
    let (dom, console) = try page("http://\(server.address)", "/")
    #expect(console.isEmpty, "\(console)")
    for text in ["331,097,593", "5-year survey", "Zoë 59", "female", "49.5", "IR"] {
      #expect(dom.contains(text), "\(text)")
    }
    #expect(dom.count(of: "data-state=\"data\"") == 8, "panels with data")
    #expect(dom.count(of: "<canvas") == 3)
    #expect(!dom.contains("No data"))
  }

  @Test(.enabled(if: canDraw)) func withoutDataThePanelsSaySo() throws {
    let store = try BuiltInStore()
    defer { store.server.stop() }
    let server = try start(store.url)
    defer { server.stop() }
    let (dom, console) = try page("http://\(server.address)", "/d/population/population")
    #expect(console.isEmpty, "\(console)")
    #expect(dom.contains("No data") || dom.contains("database not found"))
  }

  @Test(.enabled(if: canDraw)) func chainAndAlertsAreDrawn() throws {
    let rules = try AlertRules.load(
      Repository.file("examples/population/grafana/alerting.yaml"), environment: { _ in nil })
    let alerts = AlertEvaluator(
      rules: rules, stateFile: nil, ask: { _, _, _ in [] }, send: { _, _ in .init(status: 200) })
    alerts.tick(now: Clock.nowMilliseconds())
    let server = try start("http://127.0.0.1:9", alerts: alerts)
    defer { server.stop() }
    let (dom, console) = try page("http://\(server.address)", "/alerts")
    #expect(console.isEmpty, "\(console)")
    #expect(dom.contains("No new users") && dom.contains("pending"))
  }

  /// Every query of the example, on the built-in store and on a real InfluxDB: the frames must be the same.
  @Test(.enabled(if: RealInflux.isInstalled)) func theStoreAnswersTheExampleAsInfluxDBDoes() throws {
    let now: Int64 = 1_711_898_430_000
    let store = try BuiltInStore()
    defer { store.server.stop() }
    let influx = try RealInflux()
    let dashboard = try Dashboard.load(Repository.file("examples/population/grafana/dashboard.json"))
    var answers: [[String]] = []
    for url in [store.url, influx.url] {
      try ExampleData.write(to: url, now: now)
      let runner = QueryRunner(
        [DataSource(name: "S", uid: "millrace", url: url, database: "case_study")], metrics: Metrics())
      answers.append(
        try dashboard.panels.flatMap(\.targets).map { target in
          let years = target.rawQuery?.contains("population") ?? (target.measurement == "population_data")
          let range = TimeRange(from: years ? 0 : now - 900_000, to: now)
          return try runner.run(target, QueryScope(range: range, step: Span(milliseconds: 5000))).map { $0.json.text() }
            .joined(separator: "\n")
        })
    }
    #expect(answers[0].count == 8)
    for (mine, real) in zip(answers[0], answers[1]) {
      #expect(mine == real)
      #expect(mine.contains("\"values\""))
    }
  }
}

extension String {
  fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}
