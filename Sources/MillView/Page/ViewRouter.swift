import MillBase

/// Answers the page's requests. Knows no sockets.
struct ViewRouter: Sendable {
  let library: DashboardLibrary
  let runner: QueryRunner
  let status: (any ChainStatusSource)?
  let alerts: AlertEvaluator?
  let options: ViewServer.Options

  /// Bytes of a request.
  static let bodyMax = 1 << 20

  func answer(_ request: HTTPRequest) -> HTTPResponse {
    var response: HTTPResponse
    do {
      try requireOwnHost(request)
      response = try route(request)
    } catch let error as MillError {
      response = Self.failure(error)
    } catch {
      response = Self.failure(MillError(.system, "\(error)"))
    }
    for (name, value) in Self.securityHeaders { response.headers[name] = value }
    if response.headers["Cache-Control"] == nil { response.headers["Cache-Control"] = "no-store" }
    return response
  }

  /// The page takes everything from its own address and sends nothing elsewhere.
  private static let securityHeaders = [
    (
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
  ]

  /// A name that some other site points at 127.0.0.1 must not open the page to that site (DNS rebinding).
  private func requireOwnHost(_ request: HTTPRequest) throws {
    guard let host = request.headers["Host"], !host.isEmpty else { return }
    let name = (try? Address(host))?.host ?? host
    guard Address(host: name, port: 0).isLoopback else {
      throw MillError(
        .refused, "the page answers to localhost only, not to '\(name)'", wayOut: "let a proxy set the Host header")
    }
  }

  private func route(_ request: HTTPRequest) throws -> HTTPResponse {
    let parts = request.target.split(separator: "/").map(String.init)
    switch (request.method, parts.first ?? "", parts.count) {
    case ("GET", "assets", 2): return try Assets.answer(parts[1], chartScript: options.chartScript)
    case ("GET", "favicon.ico", 1): return try Assets.answer("icon.svg", chartScript: options.chartScript)
    case ("GET", "", 0), ("GET", "dashboards", 1), ("GET", "d", 2), ("GET", "d", 3), ("GET", "chain", 1),
      ("GET", "alerts", 1), ("GET", "alerting", _):
      return Assets.page(chartScript: options.chartScript)
    case ("GET", "healthz", 1): return .text("ok\n")
    case ("GET", "readyz", 1):
      if let reason = status?.notReadyReason { return .text("not ready: \(Secrets.redact(reason))\n", status: 503) }
      return .text("ready\n")
    case ("GET", "metrics", 1):
      return .text(options.metrics.prometheusText(), type: "text/plain; version=0.0.4; charset=utf-8")
    case (_, "api", _): return try API(router: self).answer(request, Array(parts.dropFirst()))
    case ("GET", _, _): throw MillError(.notFound, "there is no page \(request.target)")
    default: throw MillError(.badInput, "\(request.method) is not answered here")
    }
  }

  static func failure(_ error: MillError) -> HTTPResponse {
    let status =
      switch error.code {
      case .notFound: 404
      case .badInput: 400
      case .refused: 403
      case .limit: 413
      default: 500
      }
    return .json(["message": .string(error.description)], status: status)
  }
}
