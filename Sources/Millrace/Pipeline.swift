import MillBase
import MillLog
import MillQuery
import Synchronization

/// A pipeline that runs: the whole chain, in this process.
///
/// ```swift
/// let pipeline = try Pipeline(directory: "examples/population")
/// pipeline.start()
/// …
/// pipeline.stop()
/// ```
public final class Pipeline: Sendable {
  public let configuration: PipelineConfiguration
  let rooms: Rooms
  let monitor: ChainMonitor
  private let isStopped = Mutex(false)

  /// How long ``stop(drain:)`` waits for each room, unless told otherwise.
  public static let drainDefault = Duration.seconds(10)

  /// Reads the pipeline's files and opens its rooms: servers answer when this returns, work begins with ``start()``.
  ///
  /// - Parameters:
  ///   - data: replaces the data directory of the file.
  ///   - environment: fills `${NAME}`; default: the process's.
  /// - Throws: `.configuration` with file and line, or a port that is taken; `.system`.
  public convenience init(directory: String, data: String? = nil, environment: [String: String]? = nil) throws {
    let environment = environment ?? MillraceCommand.environment
    let (configuration, problems) = PipelineConfiguration.read(
      directory: directory, data: data, environment: environment)
    for warning in problems.warnings { Log.warning("pipeline", "\(warning)") }
    for error in problems.errors.dropFirst() { Log.error("pipeline", "\(error)") }
    if let first = problems.errors.first { throw first }
    try self.init(configuration!)
  }

  /// - Parameter sinks: of queries by name, instead of what the configuration says; for rows in process.
  public init(_ configuration: PipelineConfiguration, sinks: [String: any StreamSink] = [:]) throws {
    self.configuration = configuration
    monitor = ChainMonitor(name: configuration.name, metrics: .shared)
    monitor.start()
    rooms = try Rooms(configuration, sinks: sinks, monitor: monitor)
    let report = ChainReport(configuration: configuration, rooms: rooms, monitor: monitor)
    monitor.attach { report.status() }
  }

  public func start() { rooms.start() }

  /// Lets what is on its way arrive, then stops all rooms. Nothing happens when it is stopped already.
  ///
  /// - Parameter drain: how long each room may take to empty. What is left is not lost: it is read again at the next
  ///   start.
  public func stop(drain: Duration = drainDefault) throws {
    let isFirst = isStopped.withLock { stopped in
      defer { stopped = true }
      return !stopped
    }
    guard isFirst else { return }
    rooms.stop(drain: drain)
    monitor.stop()
    try rooms.close()
  }
}
