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
    Three partitions instead of one; drop all topics that begin with test-:
      millrace topics --alter --topic pop --partitions 3 --bootstrap-server localhost:9092
      millrace topics --delete --topic 'test-.*' --bootstrap-server localhost:9092
    With password and TLS; client.properties holds security.protocol=SASL_SSL and the rest (docs/log.md):
      millrace topics --list --bootstrap-server broker:9093 --command-config client.properties

    Actions (exactly one):
      --create                     make a topic
      --list                       names of all topics
      --describe                   partitions and settings, of one topic or of all
      --alter                      more partitions (with --partitions); settings: millrace configs
      --delete                     remove topics with their records
      --help                       this text

    Options:
      --bootstrap-server HOST:PORT[,HOST:PORT]   the Kafka server (required)
      --topic NAME                 but for --create also a regular expression
      --partitions N               default: the server's
      --replication-factor N       default: the server's
      --config NAME=VALUE          a topic setting for --create; may be repeated
      --command-config FILE        client properties (security.protocol=…)
      --if-not-exists              --create: no error when the topic exists
      --if-exists                  --describe, --alter, --delete: no error when it does not
      --topics-with-overrides      --describe: only topics with settings of their own
      --under-replicated-partitions  --unavailable-partitions
                                   --describe: only partitions that miss replicas, or their leader
      --exclude-internal           accepted; internal topics are never listed

    Exit code 1 when something could not be done; 64 for a wrong flag.
    """

  /// What the tool waits at most for an answer.
  private static let timeout = Duration.seconds(10)

  /// - Returns: the exit code, 0, 1 or 64.
  public static func run(arguments: [String], output: ToolOutput) -> Int32 {
    output.run(
      "topics", arguments.contains("--help") ? help : nil, failure: "Error while executing topic command : ",
      parse: { try TopicsArguments(arguments) }
    ) { arguments in
      try Reachability.check(arguments.bootstrapServer)
      let log = try KafkaLog(
        bootstrapServers: arguments.bootstrapServer, properties: arguments.properties, requestTimeout: timeout)
      defer { try? log.close() }  // What it has changed is acknowledged already.
      try perform(arguments, log, output)
      return 0
    }
  }

  private static func perform(_ arguments: TopicsArguments, _ log: KafkaLog, _ output: ToolOutput) throws {
    switch arguments.action {
    case .create: try create(arguments, log, output)
    case .list: for topic in try matching(arguments.topic, log) { try output.line(topic.name) }
    case .describe: try describe(arguments, log, output)
    case .alter:
      for topic in try existing(arguments, log) { try log.createPartitions(topic, count: arguments.partitions!) }
    case .delete: for topic in try existing(arguments, log) { try log.deleteTopic(topic) }
    }
  }

  private static func create(_ arguments: TopicsArguments, _ log: KafkaLog, _ output: ToolOutput) throws {
    let name = arguments.topic!
    if name.contains(where: { $0 == "." || $0 == "_" }) {
      output.err(
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
    try output.line("Created topic \(name).")
  }

  /// Their names; that there is none is an error, unless --if-exists.
  private static func existing(_ arguments: TopicsArguments, _ log: KafkaLog) throws -> [String] {
    let names = try matching(arguments.topic, log).map(\.name)
    if names.isEmpty, !arguments.ifExists { throw missing(arguments) }
    return names
  }

  private static func missing(_ arguments: TopicsArguments) -> MillError {
    MillError(
      .notFound, "Topic '\(arguments.topic ?? "")' does not exist as expected",
      wayOut: "see those that there are with --list, or give --if-exists")
  }

  private static func describe(_ arguments: TopicsArguments, _ log: KafkaLog, _ output: ToolOutput) throws {
    let topics = try matching(arguments.topic, log)
    if topics.isEmpty, arguments.topic != nil, !arguments.ifExists { throw missing(arguments) }
    for topic in topics {
      let partitions = try log.layout(topic.name)
      let configs = topic.configuration.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      let head =
        "Topic: \(topic.name)\tPartitionCount: \(partitions.count)\tReplicationFactor: "
        + "\(partitions.first?.replicas.count ?? 0)\tConfigs: \(configs.joined(separator: ","))"
      switch arguments.filter {
      case nil:
        try output.line(head)
        for partition in partitions { try describe(partition, of: topic.name, output) }
      case .withOverrides: if !configs.isEmpty { try output.line(head) }
      case .underReplicated:
        for partition in partitions where partition.inSyncReplicas.count < partition.replicas.count {
          try describe(partition, of: topic.name, output)
        }
      case .unavailable:
        for partition in partitions where partition.leader < 0 { try describe(partition, of: topic.name, output) }
      }
    }
  }

  private static func describe(
    _ partition: KafkaLog.PartitionLayout, of topic: String, _ output: ToolOutput
  ) throws {
    func list(_ numbers: [Int32]) -> String { numbers.map(String.init).joined(separator: ",") }
    try output.line(
      "\tTopic: \(topic)\tPartition: \(partition.index)\tLeader: "
        + "\(partition.leader < 0 ? "none" : String(partition.leader))\tReplicas: \(list(partition.replicas))"
        + "\tIsr: \(list(partition.inSyncReplicas))")
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
