import MillBase

/// Sends targets to their data source and returns frames. Safe from several threads; calls block.
public final class QueryRunner: Sendable {
  let dataSources: DataSources
  private let client: HTTPClient
  private let queries: Metrics.Counter
  private let failures: Metrics.Counter

  /// - Parameter timeout: of one query. Default 30 s, as in Grafana.
  public init(_ dataSources: [DataSource], timeout: Duration = .seconds(30), metrics: Metrics = .shared) {
    self.dataSources = DataSources(all: dataSources)
    var options = HTTPClient.Options()
    options.timeout = timeout
    client = HTTPClient(options: options)
    queries = metrics.counter("millrace_view_queries_total", help: "Queries sent to data sources.")
    failures = metrics.counter("millrace_view_query_errors_total", help: "Queries that failed.")
  }

  /// Runs one target.
  /// - Throws: `MillError`: no such data source, the server's error, unreachable; secrets redacted.
  func run(_ target: Target, _ scope: QueryScope) throws -> [DataFrame] {
    guard !target.isEmpty else { return [] }
    guard let source = dataSources.find(target.datasource) else {
      let name = target.datasource?.name.map { "'\($0)' " } ?? ""
      throw MillError(
        .notFound, "there is no data source \(name)of type influxdb",
        wayOut: "known: " + (dataSources.all.isEmpty ? "none" : dataSources.all.map(\.uid).joined(separator: ", ")))
    }
    let query = InfluxQLBuilder.query(target, scope)
    try StatementGuard.check(query)
    queries.add()
    do {
      let response = try client.send(source.request(query, policy: target.policy))
      let frames = try InfluxResponse.frames(response, target: target, query: query, step: scope.step)
      return Array(frames.prefix(source.seriesMax))
    } catch {
      failures.add()
      throw error
    }
  }

  /// The step for a panel: no finer than its own `interval` or its data source's.
  func step(for range: TimeRange, maxDataPoints: Int, interval: String, datasource: DataSourceReference?) -> Span {
    let minimum = Span(interval) ?? dataSources.find(datasource).flatMap { Span($0.timeInterval) }
    return Span.step(for: range, maxDataPoints: maxDataPoints, minimum: minimum)
  }
}
