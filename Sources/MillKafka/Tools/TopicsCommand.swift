import MillBase
import MillLog

/// `millrace topics`: kafka-topics' flags, output and exit codes, against any Kafka server.
public enum TopicsCommand {
  public static let help = """
    millrace topics: create, list, describe, alter or delete topics, on the built-in log or any Kafka server.

    Make the topic 'pop':
      millrace topics --create --topic pop --partitions 1 --replication-factor 1 --bootstrap-server localhost:9092
    Keep its records for a day:
      millrace topics --create --topic pop --config retention.ms=86400000 --bootstrap-server localhost:9092
    See what is there:
      millrace topics --list --bootstrap-server localhost:9092
      millrace topics --describe --topic pop --bootstrap-server localhost:9092

    Actions (exactly one):
      --create                     make a topic
      --list                       names of all topics
      --describe                   partitions and settings, of one topic or of all
      --alter                      more partitions (with --partitions)
      --delete                     remove a topic with its records
      --help                       this text

    Options:
      --bootstrap-server HOST:PORT[,HOST:PORT]   the Kafka server (required)
      --topic NAME                 for --list and --describe also a regular expression
      --partitions N               default: the server's
      --replication-factor N       default: the server's
      --config NAME=VALUE          a topic setting; may be repeated
      --command-config FILE        client properties (security.protocol=…)
      --if-not-exists              --create: no error when the topic exists
      --if-exists                  --describe, --alter, --delete: no error when it does not
      --exclude-internal           accepted; internal topics are never listed
    """

  /// What the tool waits at most for an answer.
  private static let timeout = Duration.seconds(10)

  /// - Parameter output: gets the tool's lines, without line ends.
  /// - Returns: the exit code, 0 or 1.
  public static func run(arguments: [String], output: (String) -> Void) -> Int32 {
    let parsed: TopicsArguments
    do { parsed = try TopicsArguments(arguments) } catch {
      output((error as? MillError)?.message ?? "\(error)")
      output("See millrace topics --help")
      return 1
    }
    if parsed.action == .help {
      output(help)
      return 0
    }
    do {
      try Reachability.check(parsed.bootstrapServer)
      let properties = try parsed.commandConfig.map(PropertiesFile.read) ?? [:]
      let log = try KafkaLog(
        bootstrapServers: parsed.bootstrapServer, properties: properties, requestTimeout: timeout)
      defer { try? log.close() }
      try perform(parsed, log, output)
      return 0
    } catch {
      output("Error while executing topic command : \(text(error))")
      return 1
    }
  }

  /// The server's own sentences stand alone; ours need place and way out.
  private static func text(_ error: any Error) -> String {
    guard let error = error as? MillError else { return "\(error)" }
    return error.wayOut == nil ? Secrets.redact(error.message) : error.description
  }

  private static func perform(_ arguments: TopicsArguments, _ log: KafkaLog, _ output: (String) -> Void) throws {
    switch arguments.action {
    case .create: try create(arguments, log, output)
    case .list: for topic in try matching(arguments.topic, log) { output(topic.name) }
    case .describe: try describe(arguments, log, output)
    case .alter:
      try existing(arguments) { try log.createPartitions(arguments.topic!, count: arguments.partitions!) }
    case .delete: try existing(arguments) { try log.deleteTopic(arguments.topic!) }
    case .help: break
    }
  }

  private static func create(_ arguments: TopicsArguments, _ log: KafkaLog, _ output: (String) -> Void) throws {
    let name = arguments.topic!
    if name.contains(where: { $0 == "." || $0 == "_" }) {
      output(
        "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. "
          + "To avoid issues it is best to use either, but not both.")
    }
    do {
      try log.createTopic(
        name, partitions: arguments.partitions ?? -1, replicationFactor: arguments.replicationFactor ?? -1,
        configuration: arguments.configuration)
    } catch let error as MillError where error.code == .topicExists && arguments.ifNotExists {
      return
    }
    output("Created topic \(name).")
  }

  /// A missing topic is an error, unless --if-exists.
  private static func existing(_ arguments: TopicsArguments, _ body: () throws -> Void) throws {
    do { try body() } catch let error as MillError where error.code == .notFound {
      if arguments.ifExists { return }
      throw MillError(.notFound, "Topic '\(arguments.topic!)' does not exist as expected")
    }
  }

  private static func describe(_ arguments: TopicsArguments, _ log: KafkaLog, _ output: (String) -> Void) throws {
    let topics = try matching(arguments.topic, log)
    if topics.isEmpty, let name = arguments.topic, !arguments.ifExists {
      throw MillError(.notFound, "Topic '\(name)' does not exist as expected")
    }
    for topic in topics {
      let partitions = try log.layout(topic.name)
      let configs = topic.configuration.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      output(
        "Topic: \(topic.name)\tPartitionCount: \(partitions.count)\tReplicationFactor: "
          + "\(partitions.first?.replicas.count ?? 0)\tConfigs: \(configs.joined(separator: ","))")
      for partition in partitions {
        func list(_ numbers: [Int32]) -> String { numbers.map(String.init).joined(separator: ",") }
        output(
          "\tTopic: \(topic.name)\tPartition: \(partition.index)\tLeader: "
            + "\(partition.leader < 0 ? "none" : String(partition.leader))\tReplicas: \(list(partition.replicas))"
            + "\tIsr: \(list(partition.inSyncReplicas))")
      }
    }
  }

  /// All topics, or those whose whole name the pattern matches.
  private static func matching(_ pattern: String?, _ log: KafkaLog) throws -> [TopicDescription] {
    guard let pattern else { return try log.topics() }
    guard let regex = try? Regex(pattern) else {
      throw MillError(.configuration, "'\(pattern)' is neither a topic name nor a regular expression")
    }
    return try log.topics().filter { $0.name == pattern || $0.name.wholeMatch(of: regex) != nil }
  }
}
