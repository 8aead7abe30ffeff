import MillBase

/// The JSON under `/api`: Grafana's paths and shapes where Grafana has them.
struct API {
  let router: ViewRouter

  func answer(_ request: HTTPRequest, _ parts: [String]) throws -> HTTPResponse {
    let path = parts.joined(separator: "/")
    switch (request.method, path) {
    case ("POST", "ds/query"):
      // A form on another site can't send this type without being asked first, and the answer to that is no.
      guard request.headers["Content-Type"]?.lowercased().hasPrefix("application/json") == true else {
        throw MillError(.badInput, "a query comes as Content-Type: application/json")
      }
      return try QueryAPI(runner: router.runner, now: router.options.clock()).answer(request.body, dashboard: dashboard)
    case ("GET", "health"): return .json(["database": "ok", "version": "millrace"])
    case ("GET", "search"): return .json(.array(router.library.all.map(Self.listing)))
    case ("GET", "datasources"): return .json(.array(router.runner.dataSources.all.map(Self.listing)))
    case ("GET", "chain"):
      guard let status = router.status else { throw MillError(.notFound, "this page runs without a chain") }
      return .json(status.chainStatus().json(now: router.options.clock()))
    case ("GET", "alerts"):
      return .json(router.alerts?.statusJSON(now: router.options.clock()) ?? ["rules": [], "contactPoints": []])
    case ("GET", "prometheus/grafana/api/v1/rules"):
      return .json(router.alerts?.prometheusJSON() ?? ["status": "success", "data": ["groups": []]])
    case ("GET", _) where parts.count == 3 && parts[0] == "dashboards" && parts[1] == "uid":
      return try dashboard(uid: parts[2])
    case ("GET", _) where parts.count == 4 && parts[1] == "uid" && parts[3] == "variables":
      return .json(
        try VariableResolver(runner: router.runner, now: router.options.clock()).options(
          of: try dashboard(parts[2]), request))
    default: throw MillError(.notFound, "there is no \(request.method) /api/\(path)")
    }
  }

  private func dashboard(_ uid: String) throws -> Dashboard {
    guard let found = router.library.find(uid) else { throw MillError(.notFound, "Dashboard not found: \(uid)") }
    return found.dashboard
  }

  private func dashboard(uid: String) throws -> HTTPResponse {
    guard let (dashboard, problem) = router.library.find(uid) else {
      throw MillError(.notFound, "Dashboard not found: \(uid)")
    }
    var meta: JSONValue.Object = [
      "url": .string(dashboard.path), "slug": .string(dashboard.slug), "provisioned": true, "canSave": false,
    ]
    if let problem { meta["problem"] = .string(problem.description) }
    return .json(["dashboard": dashboard.json, "meta": .object(meta)])
  }

  private static func listing(_ dashboard: Dashboard) -> JSONValue {
    [
      "uid": .string(dashboard.uid), "title": .string(dashboard.title), "url": .string(dashboard.path),
      "type": "dash-db", "tags": .array(dashboard.tags.map { .string($0) }),
      "panels": .integer(Int64(dashboard.panels.filter { $0.type != "row" }.count)),
    ]
  }

  /// Without credentials: the page shows where data comes from, never how to get it.
  private static func listing(_ source: DataSource) -> JSONValue {
    [
      "uid": .string(source.uid), "name": .string(source.name), "type": "influxdb", "url": .string(source.url),
      "database": .string(source.database), "isDefault": .bool(source.isDefault), "readOnly": true,
    ]
  }
}
