import MillBase

/// The built-in store's HTTP API: that of InfluxDB 1.x, and of InfluxDB 2 for writing.
///
/// `POST /write`, `POST /api/v2/write`, `GET|POST /query` (InfluxQL), `POST /api/v2/query` (only `buckets()`),
/// `/ping`, `/health`, `/ready`, `/metrics`. Listens on loopback only.
public final class StoreServer: Sendable {
  /// What `X-Influxdb-Version` says: the API that is served.
  static let version = "1.8.10"
  /// Bytes of a body of `/write`, after unpacking (InfluxDB: max-body-size).
  static let writeBodyMax = 25_000_000
  /// Bytes of a body of `/api/v2/write`, after unpacking.
  static let v2BodyMax = 50_000_000
  /// How often points beyond their retention are deleted.
  static let retentionInterval = Duration.seconds(60)

  private let server: HTTPServer
  private let keeper: Worker

  /// - Throws: `.configuration` when the address is not loopback or its port is taken.
  public init(engine: StoreEngine, listen: Address) throws {
    try listen.requireLoopback(of: "the store")
    var limits = HTTPServer.Limits()
    // Room above, so that the limits are answered in InfluxDB's words.
    limits.body = Self.v2BodyMax + (10 << 20)
    let started = Clock.nowMilliseconds()
    let routes = StoreRoutes(engine: engine, started: started)
    server = try HTTPServer(listen: listen, limits: limits) { routes.answer($0) }
    keeper = Worker("retention") { stop in
      while !stop.wait(Self.retentionInterval) {
        do {
          try engine.enforceRetention()
        } catch {
          Log.error("store", "points beyond their retention could not be deleted: \(error)")
        }
      }
    }
    Log.info("store", "InfluxDB API on http://\(server.address)")
  }

  /// With the port that the system chose, when port 0 was asked for.
  public var address: Address { server.address }

  /// Lets running requests finish. The engine stays open.
  public func stop() {
    keeper.stop()
    server.stop()
    keeper.join()
  }
}
