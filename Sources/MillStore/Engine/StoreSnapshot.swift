import MillBase

/// The state of the built-in store, for the chain's page.
public struct StoreSnapshot: Sendable {
  public struct DatabaseState: Sendable {
    public var name: String
    public var measurements: Int
    public var series: Int
    public var points: Int64
    /// On disk.
    public var bytes: Int64
  }
  public var databases: [DatabaseState]

  public var points: Int64 { databases.reduce(0) { $0 + $1.points } }
  public var series: Int { databases.reduce(0) { $0 + $1.series } }
  public var bytes: Int64 { databases.reduce(0) { $0 + $1.bytes } }
}

/// The counters of the built-in store.
struct StoreMetrics: Sendable {
  let requests = Metrics.shared.counter("millrace_store_write_requests_total", help: "Write requests to the store")
  let points = Metrics.shared.counter("millrace_store_points_total", help: "Points written to the store")
  let rejected = Metrics.shared.counter("millrace_store_lines_rejected_total", help: "Lines the store did not take")
  let queries = Metrics.shared.counter("millrace_store_queries_total", help: "InfluxQL requests to the store")
}
