import MillBase

/// The arguments of `millrace agent`: those of `flume-ng agent`, so that a command line can be kept as it is.
public struct AgentCommand: Sendable {
  public var configurationFile: String
  public var name: String
  /// From `-Dkey=value`.
  public var properties: [String: String] = [:]
  /// From `-Dflume.root.logger=LEVEL,…`.
  public var logLevel: Log.Level?
  /// From `-Dflume.monitoring.type=http -Dflume.monitoring.port=N`.
  public var monitoringPort: UInt16?
  /// Where `hdfs.path` without a scheme is: a local directory, or `http://NAMENODE:9870`.
  public var archive: String?
  /// Where sinks keep what they have to remember.
  public var state: String?
  /// Judge the configuration and end.
  public var isDryRun = false
  /// Flags that were accepted and do nothing here, each with the reason.
  public private(set) var notices: [String] = []

  /// Flume's default port of http monitoring.
  public static let monitoringPortDefault: UInt16 = 41414

  public static let help = """
    usage: millrace agent --conf-file FILE --name AGENT [options]

      -f, --conf-file FILE     Flume configuration file
      -n, --name AGENT         which of its agents to run
      -Dkey=value              a property, for ${sys:key} in the file; these have a meaning of their own:
         -Dflume.root.logger=DEBUG,console       log level: DEBUG, INFO, WARN or ERROR
         -Dflume.monitoring.type=http            serve the counters as JSON at /metrics, on 127.0.0.1 …
         -Dflume.monitoring.port=41414           … and this port
      -d, --dryrun             judge the configuration, run nothing
          --archive DIR|URL    where an hdfs.path without a scheme is: a directory (default ./archive), or
                               http://NAMENODE:9870 for HDFS through WebHDFS
          --state DIR          where the agent keeps what it has to remember (default ./.millrace)
      -h, --help               this text

    Accepted from flume-ng and without effect, since there is no JVM here: -c/--conf, -C/--classpath, --plugins-path,
    -X…; the file is not read again while the agent runs, so --no-reload-conf and -i/--poll-interval change nothing.
    """

  /// - Parameter arguments: what follows `millrace agent`; nil comes back for `--help`.
  /// - Throws: `.configuration` naming the flag.
  public static func parse(_ arguments: [String]) throws -> AgentCommand? {
    var command = AgentCommand(configurationFile: "", name: "")
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "-h" || argument == "--help" { return nil }
      try command.take(argument, &rest)
    }
    if command.configurationFile.isEmpty { throw usage("--conf-file is missing") }
    if command.name.isEmpty { throw usage("--name is missing") }
    try command.readProperties()
    return command
  }

  private static func usage(_ message: String) -> MillError {
    MillError(.configuration, message, wayOut: "see millrace agent --help")
  }

  private mutating func take(_ argument: String, _ rest: inout ArraySlice<String>) throws {
    if argument.hasPrefix("-D") {
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      properties[String(parts[0])] = parts.count == 2 ? String(parts[1]) : "true"
      return
    }
    if argument.hasPrefix("-X") || argument.hasPrefix("-agent") || argument.hasPrefix("-javaagent") {
      return notices.append("\(argument): there is no JVM here")
    }
    var flag = argument
    var attached: String?
    if argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") {
      flag = String(argument[..<equals])
      attached = String(argument[argument.index(after: equals)...])
    }
    func value() throws -> String {
      guard let value = attached ?? rest.popFirst() else { throw Self.usage("\(flag) needs a value") }
      return value
    }
    switch flag {
    case "-f", "--conf-file":
      guard configurationFile.isEmpty else {
        throw Self.usage("\(flag) is given twice; several files are not supported")
      }
      configurationFile = try value()
    case "-n", "--name": name = try value()
    case "--archive": archive = try value()
    case "--state": state = try value()
    case "-d", "--dryrun": isDryRun = true
    case "-c", "--conf", "-C", "--classpath", "--plugins-path":
      notices.append("\(flag) \(try value()): there is no JVM here")
    case "-i", "--poll-interval", "-b", "--backup-directory":
      notices.append("\(flag) \(try value()): the file is not read again while the agent runs")
    case "--no-reload-conf": notices.append("\(flag): the file is never read again while the agent runs")
    case "-u", "--conf-uri", "-z", "--zkConnString", "-p", "--zkBasePath", "-a", "--auth-provider", "-prov",
      "--conf-provider", "-user", "--conf-user", "-pwd", "--conf-password":
      throw Self.usage("\(flag) is not supported: the configuration is a file, give it with --conf-file")
    default:
      let known = ["--conf-file", "--name", "--archive", "--state", "--dryrun", "--no-reload-conf", "--help"]
      throw MillError(
        .configuration, "'\(argument)' is no flag of agent",
        wayOut: Nearest.name(to: flag, among: known).map { "did you mean '\($0)'?" } ?? "see millrace agent --help")
    }
  }

  private mutating func readProperties() throws {
    if let logger = properties["flume.root.logger"] {
      let levels: [String: Log.Level] = [
        "TRACE": .debug, "DEBUG": .debug, "INFO": .info, "WARN": .warning, "ERROR": .error, "FATAL": .error,
      ]
      let level = logger.split(separator: ",").first.map { $0.uppercased() } ?? ""
      logLevel = levels[level]
      if logLevel == nil { throw Self.usage("-Dflume.root.logger: '\(level)' is no level") }
    }
    guard let type = properties["flume.monitoring.type"] else { return }
    guard type.lowercased() == "http" else {
      throw Self.usage("-Dflume.monitoring.type=\(type) is not supported, http is")
    }
    guard let port = UInt16(properties["flume.monitoring.port"] ?? "\(Self.monitoringPortDefault)") else {
      throw Self.usage("-Dflume.monitoring.port=\(properties["flume.monitoring.port"] ?? "") is no port")
    }
    monitoringPort = port
  }
}
