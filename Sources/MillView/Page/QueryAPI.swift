import MillBase

/// `POST /api/ds/query`: Grafana's request `{queries, from, to}` and answer `{results: {A: {frames}}}`.
///
/// Beyond Grafana's keys the page sends `maxDataPoints`, `interval`, `timeFrom`, `timeShift` of the panel,
/// `zoneOffset` (minutes), the dashboard's `dashboardUid` and the selected `variables`, and gets back the `range` and
/// `intervalMs` that were used: time arithmetic is done in one place.
struct QueryAPI {
  let runner: QueryRunner
  let now: Int64

  /// Queries in one request.
  static let queriesMax = 26

  func answer(_ body: [UInt8], dashboard: (String) throws -> Dashboard) throws -> HTTPResponse {
    let root = JSONCursor(try JSONValue(parsing: body), file: nil)
    let queries = root.objects("queries")
    guard !queries.isEmpty else { throw MillError(.badInput, "no queries") }
    guard queries.count <= Self.queriesMax else {
      throw MillError(.limit, "\(queries.count) queries in one request, more than \(Self.queriesMax)")
    }
    let zoneOffset = root.integer("zoneOffset") ?? 0
    let range = try TimeRange(
      from: root.text("from") ?? "now-6h", to: root.text("to") ?? "now", now: now, zoneOffset: zoneOffset
    ).overridden(
      timeFrom: root.text("timeFrom"), timeShift: root.text("timeShift"), now: now, zoneOffset: zoneOffset)
    let targets = queries.map { Target($0) }
    if let first = root.problems.errors.first { throw first }
    let maxDataPoints = root.integer("maxDataPoints") ?? queries[0].integer("maxDataPoints") ?? 1000
    let step = runner.step(
      for: range, maxDataPoints: min(max(maxDataPoints, 1), 11_000),
      interval: root.text("interval") ?? queries[0].text("interval") ?? "", datasource: targets[0].datasource)
    var scope = QueryScope(range: range, step: step)
    if let uid = root.text("dashboardUid") {
      try VariableResolver(runner: runner, now: now).fill(
        &scope, for: try dashboard(uid), selected: root["variables"]?.value)
    }
    var results = JSONValue.Object()
    for target in targets { results[target.refId] = result(target, scope) }
    return .json([
      "results": .object(results), "range": ["from": .integer(range.from), "to": .integer(range.to)],
      "intervalMs": .integer(step.milliseconds), "now": .integer(now),
    ])
  }

  /// One query's failure is shown on its panel; the others go on.
  private func result(_ target: Target, _ scope: QueryScope) -> JSONValue {
    do {
      let frames = try runner.run(target, scope)
      return ["status": 200, "frames": .array(frames.map(\.json))]
    } catch {
      let failure = error as? MillError ?? MillError(.system, "\(error)")
      let status: Int64 = failure.code == .unreachable ? 502 : failure.code == .notFound ? 404 : 400
      return ["status": .integer(status), "error": .string(failure.description), "frames": []]
    }
  }
}
