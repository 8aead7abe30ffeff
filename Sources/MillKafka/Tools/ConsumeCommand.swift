import MillBase
import MillLog

/// `millrace consume`: kafka-console-consumer's flags, output and exit codes, against any Kafka server.
public enum ConsumeCommand {
  public static let help = """
    millrace consume: print a topic's records, each on a line, as they come.

    All that is there, then what comes; Ctrl-C ends it:
      millrace consume --bootstrap-server localhost:9092 --topic pop --from-beginning
    Keys, times and places too:
      millrace consume --bootstrap-server localhost:9092 --topic pop --from-beginning --max-messages 5 \\
        --property print.key=true --property print.timestamp=true --property print.offset=true
    As a consumer group, which goes on where it was:
      millrace consume --bootstrap-server localhost:9092 --topic pop --group audit --from-beginning
    Only what transactions have committed, over TLS with a password (docs/log.md shows such a file):
      millrace consume --bootstrap-server broker:9093 --topic pop --isolation-level read_committed \\
        --command-config client.properties
    One partition from offset 42 on, until nothing comes for a second:
      millrace consume --bootstrap-server localhost:9092 --topic pop --partition 0 --offset 42 --timeout-ms 1000

    Options:
      --bootstrap-server HOST:PORT[,HOST:PORT]   the Kafka server (required)
      --topic NAME                   what to read; or
      --include REGEX                all topics whose whole name matches (--whitelist is the older name)
      --from-beginning               without committed offsets: from the start, not the end
      --group NAME                   share the partitions with the group's other members; commit what is printed
      --partition N                  only this partition
      --offset N|earliest|latest     with --partition: where to begin; default latest
      --max-messages N               end after so many
      --timeout-ms N                 end when nothing comes for so long
      --isolation-level LEVEL        read_uncommitted (default) or read_committed
      --formatter CLASS              DefaultMessageFormatter (default) or NoOpMessageFormatter (only counts)
      --formatter-config FILE        the names of --property, in a file
      --key-deserializer CLASS       StringDeserializer (default), LongDeserializer, IntegerDeserializer,
                                     DoubleDeserializer …; --value-deserializer the same
      --skip-message-on-error        accepted; a record that is no number is printed as text
      --property NAME=VALUE          print.timestamp, print.partition, print.offset, print.headers, print.key,
                                     print.value, key.separator (a tab), line.separator, headers.separator (,),
                                     null.literal (null)
      --consumer-property NAME=VALUE a client property, as for Java's clients (or --command-property)
      --consumer.config FILE         client properties: security.protocol=… (or --command-config)
      --help                         this text
    """

  struct Parsed {
    var servers: String
    var topic: String?
    var include: String?
    var group: String?
    var partition: Int32?
    /// librdkafka's: −2 = begin, −1 = end.
    var offset: Int64
    var fromBeginning: Bool
    var maxMessages: Int?
    var timeout: Duration?
    var formatter: RecordFormatter
    var properties: [String: String]

    init(_ words: [String]) throws {
      let flags = try ToolFlags(
        words,
        valued: [
          "--bootstrap-server", "--topic", "--include", "--whitelist", "--group", "--partition", "--offset",
          "--max-messages", "--timeout-ms", "--isolation-level", "--property", "--consumer-property",
          "--consumer.config", "--formatter", "--formatter-config", "--key-deserializer", "--value-deserializer",
        ], plain: ["--from-beginning", "--skip-message-on-error"],
        aliases: [
          "--command-property": "--consumer-property", "--command-config": "--consumer.config",
          "--formatter-property": "--property",
        ], refused: ["--enable-systest-events": "it is for the tests of Kafka itself"])
      func wrong(_ message: String) -> MillError { MillError(.configuration, message) }
      servers = try flags.required("--bootstrap-server")
      topic = flags["--topic"]
      include = flags["--include"] ?? flags["--whitelist"]
      guard (topic == nil) != (include == nil) else {
        throw wrong("Exactly one of --include/--topic is required.")
      }
      properties = try flags.clientProperties("--consumer.config", "--consumer-property")
      let named = properties.removeValue(forKey: "group.id")
      if let named, let group = flags["--group"], named != group {
        throw wrong("The group ids '\(group)' of --group and '\(named)' of the consumer's properties differ.")
      }
      group = flags["--group"] ?? named
      partition = try flags.number("--partition").map { Int32(clamping: $0) }
      fromBeginning = flags.has("--from-beginning")
      if partition != nil, topic == nil { throw wrong("The topic is required when partition is specified.") }
      if flags.has("--offset"), partition == nil {
        throw wrong("The partition is required when offset is specified.")
      }
      if flags.has("--offset"), fromBeginning {
        throw wrong("Options from-beginning and offset cannot be specified together.")
      }
      if partition != nil, flags.has("--group") {
        throw wrong("Options group and partition cannot be specified together.")
      }
      switch flags["--offset"] {
      case nil: offset = fromBeginning ? -2 : -1
      case "earliest": offset = -2
      case "latest": offset = -1
      case let text?:
        guard let number = Int64(text), number >= 0 else {
          throw wrong(
            "The provided offset value '\(text)' is incorrect. Valid values are 'earliest', 'latest', or a non-negative "
              + "number.")
        }
        offset = number
      }
      maxMessages = try flags.number("--max-messages").flatMap { $0 < 0 ? nil : $0 }
      timeout = try flags.number("--timeout-ms").flatMap { $0 < 0 ? nil : .milliseconds($0) }
      properties["isolation.level"] =
        flags["--isolation-level"] ?? properties["isolation.level"] ?? "read_uncommitted"
      var format = try flags["--formatter-config"].map(PropertiesFile.plain) ?? [:]
      format.merge(try flags.properties("--property")) { $1 }
      if let name = flags["--key-deserializer"] { format["key.deserializer"] = name }
      if let name = flags["--value-deserializer"] { format["value.deserializer"] = name }
      formatter = try RecordFormatter(format, class: flags["--formatter"])
    }
  }

  /// Lines are written together when more records are there already.
  private static let bufferBytesMax = 1 << 16

  /// - Parameter stop: set from outside to end it.
  /// - Returns: the exit code, 0, 1 or 64.
  public static func run(arguments: [String], stop: Signal, output: ToolOutput) -> Int32 {
    return output.run("consume", arguments.contains("--help") ? help : nil, parse: { try Parsed(arguments) }) {
      parsed in
      try Reachability.check(parsed.servers)
      var properties = parsed.properties
      properties["bootstrap.servers"] = parsed.servers
      let consumer = try KafkaConsumer(properties, group: parsed.group, fromBeginning: parsed.fromBeginning)
      var count = 0
      do {
        try begin(consumer, parsed)
        try pump(consumer, parsed, stop, output, &count)
      } catch {
        try? consumer.close()  // The first failure is the one to report.
        output.err("Processed a total of \(count) messages")
        throw error
      }
      try consumer.close()
      output.err("Processed a total of \(count) messages")
      return 0
    }
  }

  private static func begin(_ consumer: KafkaConsumer, _ parsed: Parsed) throws {
    if parsed.group != nil, parsed.partition == nil {
      return try consumer.subscribe([parsed.topic ?? "^(\(parsed.include!))$"])
    }
    // Without a group the partitions are taken directly: nothing is left behind on the server.
    var properties = parsed.properties
    for name in ["auto.offset.reset", "enable.auto.commit", "auto.commit.interval.ms"] { properties[name] = nil }
    let log = try KafkaLog(bootstrapServers: parsed.servers, properties: properties)
    defer { try? log.close() }  // It has only asked.
    let regex = try parsed.include.map { pattern in
      do { return try Regex(pattern) } catch {
        throw MillError(.configuration, "'\(pattern)' is no regular expression: \(error)")
      }
    }
    let sizes = try log.handle().topicSizes(timeout: log.requestTimeout).filter { name, _ in
      regex.map { name.wholeMatch(of: $0) != nil } ?? (name == parsed.topic)
    }
    if sizes.isEmpty {
      throw MillError(
        .notFound, "there is no topic '\(parsed.topic ?? parsed.include!)'",
        wayOut: "see millrace topics --list --bootstrap-server \(parsed.servers)")
    }
    var offsets: [TopicPartition: Int64] = [:]
    for (name, size) in sizes {
      if let partition = parsed.partition, !(0..<Int32(size)).contains(partition) {
        throw MillError(.notFound, "topic '\(name)' has partitions 0 to \(size - 1), not \(partition)")
      }
      for partition in 0..<Int32(size) where parsed.partition ?? partition == partition {
        offsets[TopicPartition(name, partition)] = parsed.offset
      }
    }
    try consumer.assign(offsets)
  }

  private static func pump(
    _ consumer: KafkaConsumer, _ parsed: Parsed, _ stop: Signal, _ output: ToolOutput, _ count: inout Int
  ) throws {
    /// How soon an end from outside is seen.
    let step = Duration.milliseconds(100)
    var idle = Duration.zero
    var lines: [UInt8] = []
    /// What `lines` holds the last of, by partition.
    var last: [TopicPartition: ConsumedRecord] = [:]
    /// A record counts as done when it is written.
    func flush() throws {
      if !lines.isEmpty { try output.out(lines) }
      lines = []
      if parsed.group != nil, parsed.partition == nil { for record in last.values { try consumer.done(record) } }
      last = [:]
    }
    while !stop.isSet, count < parsed.maxMessages ?? .max {
      if lines.count >= bufferBytesMax { try flush() }
      let wait = !lines.isEmpty ? .zero : min(step, parsed.timeout.map { $0 - idle } ?? step)
      let began = Clock.steadyNanoseconds()
      guard let record = try consumer.poll(wait) else {
        try flush()
        idle += .nanoseconds(Int64(Clock.steadyNanoseconds() - began))
        if let timeout = parsed.timeout, idle >= timeout { break }
        continue
      }
      idle = .zero
      lines += parsed.formatter.line(record)
      last[record.topicPartition] = record
      count += 1
    }
    try flush()
  }
}
