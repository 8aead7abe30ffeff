import MillBase
import Testing

@testable import MillView

private struct ChainDouble: ChainStatusSource {
  var notReadyReason: String?
  func chainStatus() -> ChainStatus {
    ChainStatus(
      name: "population", startedAt: 1, rooms: [.init("Collect", recordsPerSecond: 2, items: [.init("files", 3)])],
      deadLetterCount: 1, deadLetters: [.init(at: 2, room: "Query", reason: "token tok-en-4711 is not JSON")])
  }
}

struct ViewServerTests {
  private let client = HTTPClient()
  /// 2024-03-31T15:20:30Z
  private static let now: Int64 = 1_711_898_430_000

  private func server(
    _ sources: [DataSource] = [], dashboards: [Dashboard] = [], status: (any ChainStatusSource)? = nil,
    chart: String? = nil
  ) throws -> ViewServer {
    var options = ViewServer.Options()
    options.clock = { Self.now }
    options.metrics = Metrics()
    if let chart { options.chartScript = chart }
    return try ViewServer(
      listen: Address("127.0.0.1:0"), dashboards: dashboards, dataSources: sources, status: status, options: options)
  }

  private func get(_ server: ViewServer, _ path: String, host: String? = nil) throws -> (status: Int, text: String) {
    var headers: HTTPHeaders = [:]
    headers["Host"] = host
    let response = try client.send(HTTPRequest("GET", "http://\(server.address)\(path)", headers: headers))
    return (response.status, String(decoding: response.body, as: UTF8.self))
  }

  private func query(_ server: ViewServer, _ body: JSONValue, type: String = "application/json") throws -> (
    status: Int, json: JSONValue
  ) {
    let response = try client.send(
      HTTPRequest("POST", "http://\(server.address)/api/ds/query", headers: ["Content-Type": type], body: body.bytes()))
    return (response.status, try JSONValue(parsing: response.body))
  }

  @Test func pagesAndOwnFiles() throws {
    let server = try server(chart: Repository.file("Package.swift"))
    defer { server.stop() }
    for path in ["/", "/d/x/y", "/chain", "/alerts"] {
      #expect(try get(server, path).text.contains("/assets/app.js"), "\(path)")
    }
    for name in ["app.js", "style.css", "icon.svg", "panel.js"] {
      #expect(try get(server, "/assets/\(name)").status == 200)
    }
    #expect(try get(server, "/healthz").text == "ok\n")
    #expect(try get(server, "/readyz").status == 200)
    #expect(try get(server, "/metrics").text.contains("millrace_view_queries_total"))
    #expect(try get(server, "/nothing").status == 404)
    #expect(try get(server, "/assets/..%2F..%2Fetc%2Fpasswd").status == 404)
  }

  @Test func withoutChartJSThePageSaysSo() throws {
    let server = try server(chart: "/nowhere/chart.js")
    defer { server.stop() }
    let page = try get(server, "/")
    #expect(page.status == 503)
    #expect(page.text.contains("/nowhere/chart.js") && page.text.contains("apt-get install libjs-chart.js"))
  }

  @Test func onlyThisMachineIsAnswered() throws {
    #expect(throws: MillError.self) {
      try ViewServer(listen: Address("0.0.0.0:0"), dashboards: [], dataSources: [])
    }
    let server = try server()
    defer { server.stop() }
    #expect(try get(server, "/healthz", host: "localhost:3000").status == 200)
    #expect(try get(server, "/healthz", host: "evil.example.org").status == 403)
    #expect(try query(server, ["queries": []], type: "text/plain").status == 400)
  }

  @Test func theChainIsShownWithoutSecrets() throws {
    Secrets.register("tok-en-4711")
    let server = try server(status: ChainDouble(notReadyReason: "the log recovers"))
    defer { server.stop() }
    let chain = try get(server, "/api/chain").text
    #expect(chain.contains("\"recordsPerSecond\":2") && chain.contains("token *** is not JSON"))
    #expect(!chain.contains("4711"))
    #expect(try get(server, "/readyz") == (503, "not ready: the log recovers\n"))
  }

  @Test func aQueryGoesOutWithCredentialsAndComesBackAsFrames() throws {
    let store = try StoreDouble { _ in
      .json([
        "results": [
          [
            "statement_id": 0,
            "series": [
              [
                "name": "cpu", "tags": ["host": "a", "dc": "x"], "columns": ["time", "mean", "note"],
                "values": [[1000, 1.5, "n"], [2000, nil, nil]],
              ]
            ],
          ]
        ]
      ])
    }
    defer { store.server.stop() }
    let server = try server([store.source(.token("page-token-4711"))])
    defer { server.stop() }
    let (status, answer) = try query(
      server,
      [
        "from": "now-15m", "to": "now", "maxDataPoints": 900, "timeFrom": "1h",
        "queries": [
          [
            "refId": "A", "datasource": ["uid": "millrace"], "rawQuery": true,
            "query": "SELECT x FROM cpu WHERE $timeFilter GROUP BY time($__interval)",
          ]
        ],
      ])
    #expect(status == 200)
    let request = try #require(store.requests.first)
    #expect(request.headers["Authorization"] == "Token page-token-4711")
    #expect(request.method == "GET" && request.target == "/query")
    #expect(request.parameter("db") == "case_study" && request.parameter("epoch") == "ms")
    #expect(
      request.parameter("q")
        == "SELECT x FROM cpu WHERE time >= 1711894830000ms and time <= 1711898430000ms GROUP BY time(5s)")
    #expect(answer["range"] == ["from": 1_711_894_830_000, "to": 1_711_898_430_000])
    #expect(answer["intervalMs"] == 5000)
    let frames = try #require(answer["results"]?["A"]?["frames"]?.array)
    #expect(frames.count == 2)
    #expect(frames[0]["schema"]?["name"] == "cpu.mean { dc: x, host: a }")
    #expect(frames[0]["schema"]?["fields"]?[1]?["labels"] == ["dc": "x", "host": "a"])
    #expect(frames[0]["data"]?["values"] == [[1000, 2000], [1.5, nil]])
    #expect(frames[1]["schema"]?["fields"]?[1]?["type"] == "string")
    #expect(!answer.text().contains("4711"))
    #expect(!(try get(server, "/api/datasources").text).contains("4711"))
  }

  private func expectNames(_ expected: [String], alias: String, format: String = "time_series") throws {
    var target = Target("SELECT 1")
    target.alias = alias
    target.resultFormat = format
    let response = HTTPResponse.json([
      "results": [
        [
          "series": [
            ["name": "srv.cpu", "tags": ["host": "a"], "columns": ["time", "mean", "max"], "values": [[1, 2, 3]]]
          ]
        ]
      ]
    ])
    let frames = try InfluxResponse.frames(
      response, target: target, query: "SELECT 1", step: Span(milliseconds: 10_000))
    #expect(frames.flatMap { frame in frame.fields.compactMap(\.displayName) } == expected, "\(alias)")
  }

  @Test func aliasesNameSeries() throws {
    try expectNames(["srv.cpu.mean { host: a }", "srv.cpu.max { host: a }"], alias: "")
    try expectNames(["a mean", "a max"], alias: "$tag_host $col")
    try expectNames(["srv.cpu/10s", "srv.cpu/10s"], alias: "[[m]]/$__interval")
    try expectNames(["cpu of srv", "cpu of srv"], alias: "$1 of $0")
    try expectNames(["$tag_none", "$tag_none"], alias: "$tag_none")
    try expectNames(["host", "mean", "max"], alias: "", format: "table")
  }

  private func expectFailure(_ fragment: String, _ answer: HTTPResponse) throws {
    let store = try StoreDouble { _ in answer }
    defer { store.server.stop() }
    let server = try server([store.source()])
    defer { server.stop() }
    let (status, json) = try query(
      server,
      [
        "queries": [
          ["refId": "A", "rawQuery": true, "query": "SELECT 1"], ["refId": "B", "rawQuery": true, "query": "DROP x"],
        ]
      ])
    #expect(status == 200)
    #expect(json["results"]?["A"]?["error"]?.string?.contains(fragment) == true, "\(json.text())")
    #expect(json["results"]?["B"]?["error"]?.string?.contains("does not send DROP") == true)
  }

  @Test func aFailureIsToldPerQuery() throws {
    try expectFailure(
      "database not found", .json(["results": [["statement_id": 0, "error": "database not found: x"]]]))
    try expectFailure("error parsing query", .json(["error": "error parsing query: found EOF"], status: 400))
    try expectFailure("authorization failed", .json(["error": "authorization failed"], status: 401))
    try expectFailure("not JSON", .text("<html>"))
  }

  @Test func aChangedFileIsShownAndABrokenOneKeepsTheOldPage() throws {
    let file = try DashboardTests.file("{\"title\": \"One\", \"uid\": \"x\", \"panels\": []}")
    let server = try server(dashboards: [Dashboard.load(file)])
    defer { server.stop() }
    func shown() throws -> JSONValue { try JSONValue(parsing: get(server, "/api/dashboards/uid/x").text) }
    #expect(try shown()["dashboard"]?["title"] == "One")
    try Files.writeAtomically("{\"title\": \"Two\", \"uid\": \"x\", \"panels\": []}", to: file)
    #expect(try shown()["dashboard"]?["title"] == "Two")
    try Files.writeAtomically("{\"title\": ", to: file)
    #expect(try shown()["dashboard"]?["title"] == "Two")
    #expect(try shown()["meta"]?["problem"]?.string?.contains(file) == true)
    #expect(try get(server, "/api/dashboards/uid/none").status == 404)
  }

  @Test func variablesHaveOptions() throws {
    let store = try StoreDouble { request in
      .json([
        "results": [
          [
            "series": [
              ["name": "cpu", "columns": ["key", "value"], "values": [["host", "web-b"], ["host", "web-a"]]]
            ]
          ]
        ]
      ])
    }
    defer { store.server.stop() }
    let server = try server(
      [store.source()], dashboards: [Dashboard.load(DashboardTests.file(DashboardTests.exported))])
    defer { server.stop() }
    let list = try JSONValue(parsing: get(server, "/api/dashboards/uid/linux-hosts-co/variables?var-step=10m").text)
    #expect(list[0]?["options"] == [["text": "a", "value": "a"], ["text": "b", "value": "b"]])
    #expect(list[0]?["current"] == ["$__all"])
    #expect(list[1]?["current"] == ["10m"])
    _ = try query(
      server,
      [
        "dashboardUid": "linux-hosts-co", "variables": ["host": ["$__all"]],
        "queries": [["refId": "A", "rawQuery": true, "query": "SELECT x FROM m WHERE host =~ /^$host$/"]],
      ])
    #expect(store.requests.last?.parameter("q") == "SELECT x FROM m WHERE host =~ /^(a|b)$/")
  }

  @Test func aQueryInTheBody() throws {
    let store = try StoreDouble()
    defer { store.server.stop() }
    let server = try server([store.source(.basic(user: "u", password: "pass-4711"), usesPost: true)])
    defer { server.stop() }
    _ = try query(server, ["queries": [["refId": "A", "rawQuery": true, "query": "SELECT \"ä\" FROM m"]]])
    let request = try #require(store.requests.first)
    #expect(request.method == "POST" && request.parameter("q") == nil)
    #expect(String(decoding: request.body, as: UTF8.self) == "q=SELECT%20%22%C3%A4%22%20FROM%20m")
    #expect(request.headers["Authorization"] == "Basic dTpwYXNzLTQ3MTE=")
  }
}
