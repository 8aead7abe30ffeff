import MillArchive
import MillBase
import MillLog

/// What an agent needs from outside.
public struct AgentEnvironment: Sendable {
  /// Gives the log for `kafka.bootstrap.servers`: the built-in one or a client of a real Kafka.
  ///
  /// `properties` are the component's `kafka.producer.*` or `kafka.consumer.*` keys without that prefix. Called on a
  /// worker thread, and again after a wait when it throws something other than `.configuration`.
  public var openLog: @Sendable (_ bootstrapServers: String, _ properties: [String: String]) throws -> any RecordLog
  /// Gives the file system for an `hdfs.path` (with its scheme, if it has one), and the path in it.
  public var fileSystem: @Sendable (_ path: String) throws -> (any FileSystem, path: String)
  /// Relative paths in configuration files begin here.
  public var baseDirectory: String
  /// Where sinks keep what they have to remember; made when missing.
  public var stateDirectory: String
  public var variables: Variables
  public var metrics: Metrics

  public init(
    baseDirectory: String, stateDirectory: String, variables: Variables = Variables(), metrics: Metrics = .shared,
    openLog: @escaping @Sendable (_ bootstrapServers: String, _ properties: [String: String]) throws -> any RecordLog,
    fileSystem: @escaping @Sendable (_ path: String) throws -> (any FileSystem, path: String)
  ) {
    self.baseDirectory = baseDirectory
    self.stateDirectory = stateDirectory
    self.variables = variables
    self.metrics = metrics
    self.openLog = openLog
    self.fileSystem = fileSystem
  }
}
