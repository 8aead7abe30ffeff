import MillBase

/// Which request gets which answer.
struct StoreRoutes: Sendable {
  let engine: StoreEngine
  /// Milliseconds since 1970.
  let started: Int64

  func answer(_ request: HTTPRequest) -> HTTPResponse {
    var response: HTTPResponse
    switch (request.target, request.method) {
    case ("/write", "POST"): response = WriteRoute(engine: engine).answerV1(request)
    case ("/api/v2/write", "POST"): response = WriteRoute(engine: engine).answerV2(request)
    case ("/query", "GET"), ("/query", "POST"): response = QueryRoute(engine: engine).answer(request)
    case ("/api/v2/query", "POST"): response = FluxRoute(engine: engine).answer(request)
    case ("/ping", "GET"), ("/ping", "HEAD"): response = ping(request)
    case ("/health", "GET"): response = health()
    case ("/ready", "GET"): response = ready()
    case ("/metrics", "GET"): response = .text(Metrics.shared.prometheusText(), type: "text/plain; version=0.0.4")
    case ("/write", "OPTIONS"), ("/query", "OPTIONS"): response = HTTPResponse(status: 200)
    case ("/write", _), ("/query", _), ("/api/v2/write", _), ("/api/v2/query", _), ("/ping", _):
      response = .text("Method Not Allowed\n", status: 405)
      response.headers["Allow"] = request.target == "/query" ? "GET, OPTIONS, POST" : "OPTIONS, POST"
    default: response = .text("404 page not found\n", status: 404)
    }
    response.headers["X-Influxdb-Version"] = StoreServer.version
    response.headers["X-Influxdb-Build"] = "Millrace"
    return response
  }

  private func ping(_ request: HTTPRequest) -> HTTPResponse {
    if let verbose = request.parameter("verbose"), verbose != "false", verbose != "0" {
      return .json(["version": .string(StoreServer.version)])
    }
    return HTTPResponse(status: 204)
  }

  private func health() -> HTTPResponse {
    .json([
      "name": "influxdb", "message": "ready for queries and writes", "status": "pass", "checks": [],
      "version": .string(StoreServer.version), "commit": "millrace",
    ])
  }

  private func ready() -> HTTPResponse {
    let up = (Clock.nowMilliseconds() - started) / 1000
    return .json([
      "status": "ready", "started": .string(Clock.iso8601(milliseconds: started)),
      "up": .string("\(up / 3600)h\(up / 60 % 60)m\(up % 60)s"),
    ])
  }
}

/// Errors as InfluxDB 1 and 2 word them.
enum InfluxErrors {
  /// `{"error":"…"}`, and the message in a header.
  static func v1(_ status: Int, _ message: String) -> HTTPResponse {
    var body = Array("{\"error\":".utf8)
    GoJSON.write(message, to: &body)
    body += "}\n".utf8
    let header = message.split { $0.isNewline }.joined(separator: " ")
    return HTTPResponse(
      status: status,
      headers: ["Content-Type": "application/json", "X-Influxdb-Error": String(header.prefix(headerMax))], body: body)
  }

  /// Characters of a message in a header.
  private static let headerMax = 1000

  /// `{"code":"…","message":"…"}`
  static func v2(_ status: Int, _ code: String, _ message: String) -> HTTPResponse {
    .json(["code": .string(code), "message": .string(message)], status: status)
  }
}
