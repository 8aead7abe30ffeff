import MillBase
import Synchronization

/// Serves the pages: dashboards, the chain itself, alerts, and the JSON they live on.
///
/// Everything the page needs comes from here, Chart.js from where Debian's `libjs-chart.js` puts it. Queries are
/// sent by this server, so a browser never sees a data source's credentials.
public final class ViewServer: Sendable {
  public struct Options: Sendable {
    /// Chart.js 3, as a script for browsers.
    public var chartScript = "/usr/share/javascript/chart.js/chart.min.js"
    /// Requests that are answered at the same time.
    public var threads = 8
    /// Used for "now" in ranges; tests turn it.
    public var clock: @Sendable () -> Int64 = { Clock.nowMilliseconds() }
    public var metrics: Metrics = .shared
    public init() {}
  }

  private let server: HTTPServer
  /// The address it listens on; with port 0 asked for, the port that the system chose.
  public var address: Address { server.address }

  /// Starts listening; loopback addresses only.
  ///
  /// - Parameters:
  ///   - dashboards: in the order of the list; a single one is the home page. Those with a file are read again when
  ///     the file changes.
  ///   - status: what `/chain` shows; nil for a page without a chain.
  ///   - alerts: what `/alerts` shows.
  /// - Throws: `MillError.configuration` when the address is taken or can be reached from other machines.
  public init(
    listen: Address, dashboards: [Dashboard], dataSources: [DataSource], status: (any ChainStatusSource)? = nil,
    alerts: AlertEvaluator? = nil, options: Options = Options()
  ) throws {
    try listen.requireLoopback(of: "the page")
    let router = ViewRouter(
      library: DashboardLibrary(dashboards), runner: QueryRunner(dataSources, metrics: options.metrics), status: status,
      alerts: alerts, options: options)
    var limits = HTTPServer.Limits()
    limits.body = ViewRouter.bodyMax
    server = try HTTPServer(listen: listen, threads: options.threads, limits: limits) { router.answer($0) }
    Log.info("view", "page on http://\(server.address)/")
  }

  /// Stops accepting, lets running requests finish, closes.
  public func stop() { server.stop() }
}

/// The dashboards that a page shows, read again when their files change.
final class DashboardLibrary: Sendable {
  /// Tells one text of a file from the next: its time alone is as coarse as the kernel's clock tick.
  private struct Stamp: Equatable {
    var modified: Int64
    var size: Int64
    var inode: UInt64
  }
  private struct Entry {
    var dashboard: Dashboard
    var stamp: Stamp?
    /// Why the file's newer text is not shown.
    var problem: MillError?
  }
  private let entries: Mutex<[Entry]>

  init(_ dashboards: [Dashboard]) {
    entries = Mutex(dashboards.map { Entry(dashboard: $0, stamp: Self.stamp($0.file)) })
  }

  var all: [Dashboard] { entries.withLock { $0.map(\.dashboard) } }

  /// The dashboard, and why the file's present text can't be shown, if so.
  func find(_ uid: String) -> (dashboard: Dashboard, problem: MillError?)? {
    entries.withLock { entries in
      guard let index = entries.firstIndex(where: { $0.dashboard.uid == uid }) else { return nil }
      Self.refresh(&entries[index])
      return (entries[index].dashboard, entries[index].problem)
    }
  }

  private static func refresh(_ entry: inout Entry) {
    guard let file = entry.dashboard.file, let stamp = stamp(file), stamp != entry.stamp else { return }
    entry.stamp = stamp
    do {
      var dashboard = try Dashboard.load(file)
      dashboard.uid = entry.dashboard.uid
      entry.dashboard = dashboard
      entry.problem = nil
      Log.info("view", "dashboard \(dashboard.uid) read again from \(file)")
    } catch {
      // The page goes on with what it had; the message is shown on it.
      entry.problem = error as? MillError ?? MillError(.configuration, "\(error)", at: .init(file: file))
      Log.error("view", "\(error)")
    }
  }

  private static func stamp(_ file: String?) -> Stamp? {
    file.flatMap { try? Files.status($0) }.map { Stamp(modified: $0.modified, size: $0.size, inode: $0.inode) }
  }
}
