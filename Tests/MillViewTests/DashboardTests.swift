import MillBase
import Testing

@testable import MillView

struct DashboardTests {
  static func file(_ text: String, name: String = "dash.json") throws -> String {
    let path = "\(try Files.makeTemporaryDirectory("millrace-dashboard"))/\(name)"
    try Files.writeAtomically(text, to: path)
    return path
  }

  /// As "Share → Export → Save to file" writes it, with "Export for sharing externally" switched on.
  static let exported = """
    {
      "__inputs": [{"name": "DS_INFLUXDB", "label": "InfluxDB", "type": "datasource", "pluginId": "influxdb"}],
      "__requires": [{"type": "grafana", "id": "grafana", "name": "Grafana", "version": "12.0.0"}],
      "annotations": {"list": [{"builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"}, "enable": true}]},
      "editable": true, "fiscalYearStartMonth": 0, "graphTooltip": 1, "id": null, "links": [], "liveNow": false,
      "panels": [
        {
          "id": 4, "type": "timeseries", "title": "CPU of $host", "gridPos": {"h": 8, "w": 12, "x": 0, "y": 0},
          "datasource": {"type": "influxdb", "uid": "${DS_INFLUXDB}"}, "timeFrom": "2h", "interval": "10s",
          "fieldConfig": {"defaults": {"unit": "percent", "custom": {"drawStyle": "line"}}, "overrides": []},
          "options": {"legend": {"calcs": ["mean"], "displayMode": "table", "placement": "bottom", "showLegend": true}},
          "targets": [
            {
              "refId": "A", "alias": "$tag_host $col", "measurement": "cpu", "policy": "default", "resultFormat": "time_series",
              "orderByTime": "ASC", "limit": 5, "tz": "Europe/Berlin",
              "groupBy": [{"params": ["$__interval"], "type": "time"}, {"params": ["host"], "type": "tag"}, {"params": ["null"], "type": "fill"}],
              "select": [[{"params": ["usage_idle"], "type": "field"}, {"params": [], "type": "mean"}, {"params": ["* -1 + 100"], "type": "math"}]],
              "tags": [{"key": "host", "operator": "=~", "value": "/^$host$/"}, {"condition": "AND", "key": "cpu", "operator": "=", "value": "cpu-total"}]
            },
            {"refId": "B", "query": "SELECT 1", "rawQuery": true, "hide": true}
          ]
        },
        {"id": 9, "type": "row", "title": "More", "collapsed": true, "gridPos": {"h": 1, "w": 24, "x": 0, "y": 8},
         "panels": [{"id": 10, "type": "candlestick", "title": "inside", "gridPos": {"h": 4, "w": 6, "x": 0, "y": 9}}]}
      ],
      "refresh": "10s", "schemaVersion": 41, "tags": ["linux", "host"],
      "templating": {"list": [
        {"name": "host", "type": "query", "label": "Host", "multi": true, "includeAll": true, "allValue": null, "sort": 1, "hide": 0,
         "current": {"text": ["All"], "value": ["$__all"]}, "query": "SHOW TAG VALUES WITH KEY = \\"host\\"", "regex": "/web-(.*)/", "options": []},
        {"name": "step", "type": "interval", "query": "1m,10m", "auto": true, "current": {"text": "1m", "value": "1m"}}
      ]},
      "time": {"from": "now-24h", "to": "now"}, "timepicker": {}, "timezone": "utc", "title": "Linux: hosts & co.", "uid": "", "version": 7, "weekStart": ""
    }
    """

  @Test func anExportIsRead() throws {
    let dashboard = try Dashboard.load(Self.file(Self.exported))
    #expect(dashboard.title == "Linux: hosts & co.")
    #expect(dashboard.uid == "linux-hosts-co")
    #expect(dashboard.path == "/d/linux-hosts-co/linux-hosts-co")
    #expect(dashboard.from == "now-24h" && dashboard.refresh == "10s" && dashboard.timezone == "utc")
    #expect(dashboard.panels.map(\.type) == ["timeseries", "row", "candlestick"])
    #expect(dashboard.json["graphTooltip"] == 1)
    let target = dashboard.panels[0].targets[0]
    let scope = QueryScope(
      range: TimeRange(from: 0, to: 1000), step: Span(milliseconds: 10_000), variables: ["host": ["a", "b"]])
    #expect(
      InfluxQLBuilder.query(target, scope)
        == "SELECT mean(\"usage_idle\") * -1 + 100 FROM \"cpu\" WHERE (\"host\" =~ /^(a|b)$/ AND \"cpu\" = 'cpu-total') AND "
        + "time >= 0ms and time <= 1000ms GROUP BY time(10s), \"host\" fill(null) ORDER BY time ASC limit 5 tz('Europe/Berlin')"
    )
    #expect(dashboard.panels[0].targets[1].isHidden)
    #expect(dashboard.variables.map(\.name) == ["host", "step"])
    #expect(dashboard.variables[1].options.map(\.value) == ["1m", "10m"])
    #expect(dashboard.variables[0].options(fromValues: ["web-2", "db-1", "web-1", "web-2"]).map(\.text) == ["1", "2"])
  }

  @Test func wrappedAndOldForms() throws {
    let wrapped = try Dashboard.load(Self.file("{\"dashboard\": {\"title\": \"A\", \"panels\": []}, \"meta\": {}}"))
    #expect(wrapped.title == "A")
    let spec = try Dashboard.load(
      Self.file(
        "{\"apiVersion\": \"dashboard.grafana.app/v1beta1\", \"metadata\": {}, \"spec\": {\"title\": \"B\", \"panels\": []}}"
      ))
    #expect(spec.title == "B")
    let rows = try Dashboard.load(
      Self.file(
        "{\"title\": \"C\", \"refresh\": false, \"rows\": [{\"height\": \"300px\", \"panels\": [{\"type\": \"graph\", \"span\": 8}, {\"type\": \"graph\", \"span\": 6}]}]}"
      ))
    #expect(rows.json["panels"]?[1]?["gridPos"] == ["x": 0, "y": 10, "w": 12, "h": 10])
  }

  private func expectError(_ fragment: String, at path: String, _ text: String) throws {
    let file = try Self.file(text)
    let problems = ViewConfiguration.check(dashboards: [file])
    #expect(
      problems.contains { $0.message.contains(fragment) && $0.place?.key == path && $0.place?.file == file },
      "\(problems)")
    #expect(throws: MillError.self) { try Dashboard.load(file) }
  }

  @Test func mistakesAreNamedWithFileAndPath() throws {
    try expectError("expected an array, found an object", at: "$.panels", "{\"title\": \"x\", \"panels\": {}}")
    try expectError("no dashboard", at: "$", "{\"a\": 1}")
    try expectError("a dashboard is a JSON object", at: "$", "[]")
    try expectError("a panel has no type", at: "$.panels[0]", "{\"panels\": [{\"id\": 1}]}")
    try expectError(
      "outside the grid", at: "$.panels[0].gridPos",
      "{\"panels\": [{\"type\": \"stat\", \"gridPos\": {\"x\": 20, \"w\": 8, \"h\": 2, \"y\": 0}}]}")
    try expectError(
      "panel id 3 is taken by $.panels[0]", at: "$.panels[1]",
      "{\"panels\": [{\"id\": 3, \"type\": \"stat\"}, {\"id\": 3, \"type\": \"stat\"}]}")
    try expectError(
      "'soon' is no time", at: "$.time.from", "{\"panels\": [], \"time\": {\"from\": \"soon\", \"to\": \"now\"}}")
    try expectError("'often' is no interval", at: "$.refresh", "{\"panels\": [], \"refresh\": \"often\"}")
    try expectError(
      "'average' is no part of a query", at: "$.panels[0].targets[0].select[0][1]",
      "{\"panels\": [{\"type\": \"stat\", \"targets\": [{\"measurement\": \"m\", \"select\": [[{\"type\": \"field\", \"params\": [\"x\"]}, {\"type\": \"average\", \"params\": []}]]}]}]}"
    )
  }

  @Test func brokenTextIsNamedWithLine() throws {
    let file = try Self.file("{\n\"title\": \"x\",\n}")
    let problem = try #require(Dashboard.check(file).first)
    #expect(problem.code == .configuration)
    #expect(problem.place?.file == file && problem.place?.line == 3)
    #expect(ViewConfiguration.check(dashboards: ["/nowhere/x.json"]).first?.code == .notFound)
  }

  @Test func whatIsLeftOutIsAWarning() throws {
    let problems = ViewConfiguration.check(
      dashboards: [try Self.file(Self.exported)],
      dataSources: [DataSource(name: "S", uid: "s", url: "http://127.0.0.1:1", database: "d")])
    #expect(problems.map(\.code) == [.viewWarning])
    #expect(problems[0].place?.key == "$.panels[1].panels[0].type")
  }

  @Test func unknownDataSourcesAndWritingQueriesAreErrors() throws {
    let file = try Self.file(
      "{\"panels\": [{\"type\": \"stat\", \"datasource\": {\"uid\": \"other\"}, \"targets\": [{\"rawQuery\": true, \"query\": \"DROP DATABASE x\"}]}]}"
    )
    let problems = ViewConfiguration.check(
      dashboards: [file], dataSources: [DataSource(name: "S", uid: "s", url: "http://127.0.0.1:1", database: "d")])
    #expect(problems.map { $0.place?.key } == ["$.panels[0].targets[0]", "$.panels[0].targets[0].query"])
    #expect(problems[0].message == "there is no data source 'other'")
  }

  @Test func theExampleHasNoProblems() {
    let source = DataSource(name: "Millrace", uid: "millrace", url: "http://127.0.0.1:1", database: "case_study")
    let problems = ViewConfiguration.check(
      dashboards: [Repository.file("examples/population/grafana/dashboard.json")],
      alerting: [Repository.file("examples/population/grafana/alerting.yaml")], dataSources: [source],
      environment: { _ in "http://127.0.0.1:1/" })
    #expect(problems.isEmpty, "\(problems)")
  }

  @Test func dataSourcesAsGrafanaProvisionsThem() throws {
    let file = try Self.file(
      """
      apiVersion: 1
      datasources:
        - name: Cloud
          uid: millrace
          type: influxdb
          access: proxy
          url: https://influx.example.org/
          isDefault: true
          jsonData: {dbName: $BUCKET, httpMode: POST, timeInterval: 10s, httpHeaderName1: Authorization}
          secureJsonData: {httpHeaderValue1: "Token ${INFLUX_TOKEN}"}
        - {name: Local, type: influxdb, url: "http://127.0.0.1:8086", database: db, user: me, secureJsonData: {password: "p$$w0rd"}}
        - {name: Prometheus, type: prometheus, url: "http://127.0.0.1:9090"}
        - {name: Flux, type: influxdb, url: "http://127.0.0.1:8086", jsonData: {version: Flux}}
      """, name: "ds.yaml")
    let (sources, warnings) = try DataSource.load(file) {
      ["BUCKET": "case_study", "INFLUX_TOKEN": "very-secret-4711"][$0]
    }
    #expect(sources.map(\.name) == ["Cloud", "Local"])
    #expect(sources[0].database == "case_study" && sources[0].usesPost && sources[0].timeInterval == "10s")
    #expect(sources[0].url == "https://influx.example.org")
    #expect(sources[0].headers["Authorization"] == "Token very-secret-4711")
    #expect(sources[1].headers["Authorization"] == "Basic bWU6cCR3MHJk")
    #expect(warnings.map { $0.place?.line } == [12, 13])
    #expect(Secrets.redact("very-secret-4711 p$w0rd") == "*** ***")
    #expect(!"\(sources[0])".contains("4711"))
  }
}
