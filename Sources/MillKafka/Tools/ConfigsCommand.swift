import MillBase
import MillLog

/// `millrace configs`: kafka-configs' flags and output for topics, against any Kafka server.
public enum ConfigsCommand {
  public static let help = """
    millrace configs: show and change the settings of topics, while they are used.

    What has topic 'pop' that is not the default? And everything that holds for it:
      millrace configs --bootstrap-server localhost:9092 --entity-type topics --entity-name pop --describe
      millrace configs --bootstrap-server localhost:9092 --topic pop --describe --all
    Keep its records for a day, and of each key the last one:
      millrace configs --bootstrap-server localhost:9092 --topic pop --alter \\
        --add-config 'retention.ms=86400000,cleanup.policy=[compact,delete]'
    Back to the server's default:
      millrace configs --bootstrap-server localhost:9092 --topic pop --alter --delete-config retention.ms

    Actions (exactly one):
      --describe                   show settings; without --entity-name, of all topics
      --alter                      change settings of one topic
      --help                       this text

    Options:
      --bootstrap-server HOST:PORT[,HOST:PORT]   the Kafka server (required)
      --entity-type topics|brokers  with --entity-name NAME; or shorter:
      --topic NAME                 a topic
      --broker NUMBER              a broker (--describe only)
      --add-config NAME=VALUE,…    values with commas in brackets: [a,b]
      --add-config-file FILE       a properties file of them
      --delete-config NAME,…       back to the default
      --all                        --describe: the defaults too
      --command-config FILE        client properties (security.protocol=…)
      --force                      accepted; nothing is asked

    A change is read, merged and written: two at the same moment, and the later one counts.
    Exit code 1 when something could not be done; 64 for a wrong flag.
    """

  /// - Returns: the exit code, 0, 1 or 64.
  public static func run(arguments: [String], output: ToolOutput) -> Int32 {
    output.run("configs", arguments.contains("--help") ? help : nil, parse: { try ConfigsArguments(arguments) }) {
      arguments in
      try Reachability.check(arguments.servers)
      let log = try KafkaLog(bootstrapServers: arguments.servers, properties: arguments.properties)
      defer { try? log.close() }  // What it has changed is acknowledged already.
      if arguments.isDescribing { try describe(arguments, log, output) } else { try alter(arguments, log, output) }
      return 0
    }
  }

  private static func describe(_ arguments: ConfigsArguments, _ log: KafkaLog, _ output: ToolOutput) throws {
    let names = try arguments.name.map { [$0] } ?? log.topics().map(\.name)
    for name in names {
      let resource = KafkaResource(kind: arguments.kind, name: name)
      try requireTopic(resource, log)
      let entries = try log.admin().configuration(of: resource).filter { arguments.all || $0.isOwn }
      let what = arguments.all ? "All" : "Dynamic"
      try output.line("\(what) configs for \(arguments.kind.rawValue) \(name) are:")
      for entry in entries.sorted(by: { $0.name < $1.name }) {
        try output.line(
          "  \(entry.name)=\(entry.value ?? "null") sensitive=\(entry.isSensitive) "
            + "synonyms={\(entry.synonyms.joined(separator: ", "))}")
      }
    }
  }

  private static func alter(_ arguments: ConfigsArguments, _ log: KafkaLog, _ output: ToolOutput) throws {
    let resource = KafkaResource(kind: arguments.kind, name: arguments.name!)
    try requireTopic(resource, log)
    // AlterConfigs replaces all of them.
    var values: [String: String] = [:]
    for entry in try log.admin().configuration(of: resource) where entry.isOwn { values[entry.name] = entry.value }
    let unknown = arguments.deleted.filter { values[$0] == nil }
    guard unknown.isEmpty else {
      throw MillError(
        .configuration, "Invalid config(s): \(unknown.joined(separator: ","))",
        wayOut: "see those that topic '\(resource.name)' has of its own with --describe")
    }
    for name in arguments.deleted { values[name] = nil }
    values.merge(arguments.added) { $1 }
    try log.admin().replaceConfiguration(of: resource, with: values)
    try output.line("Completed updating config for \(resource.kind.rawValue) \(resource.name).")
  }

  /// A describing server would answer a missing topic with the defaults.
  private static func requireTopic(_ resource: KafkaResource, _ log: KafkaLog) throws {
    guard resource.kind == .topic, try log.handle().topicSizes(timeout: log.requestTimeout)[resource.name] == nil
    else { return }
    throw MillError(
      .notFound, "The topic '\(resource.name)' doesn't exist",
      wayOut: "see those that there are: millrace topics --list")
  }
}
