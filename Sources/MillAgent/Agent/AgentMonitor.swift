import MillBase

/// Flume's http monitoring: the counters of agents as JSON at `/metrics`, on loopback.
public final class AgentMonitor: Sendable {
  private let server: HTTPServer

  public var address: Address { server.address }

  /// - Throws: `.configuration` when the port is taken.
  public init(port: UInt16, runners: [AgentRunner]) throws {
    server = try HTTPServer(listen: Address(host: "127.0.0.1", port: port), threads: 1) { request in
      guard request.method == "GET", request.target == "/metrics" || request.target == "/" else {
        return .text("not found; the counters are at /metrics\n", status: 404)
      }
      let pairs = runners.flatMap { runner in runner.status.flumeMetrics().object.map(Array.init) ?? [] }
      return .json(.object(JSONValue.Object(pairs.map { ($0.key, $0.value) })))
    }
  }

  public func stop() { server.stop() }
}
