import MillBase

/// Settings of the Kafka source (Flume user guide, Kafka Source).
struct KafkaSourceSettings: Sendable {
  enum Reset: String, CaseIterable, Sendable { case latest, earliest, none }

  var bootstrapServers: String
  var topics: [String]
  /// Wins over `topics`.
  var topicsPattern: Pattern?
  var group: String
  var batchSize: Int
  var batchDuration: Duration
  var backoffFirst: Duration
  var backoffLongest: Duration
  var topicHeader: String?
  var usesFlumeEventFormat: Bool
  /// Where to begin when the group has no offset.
  var reset: Reset
  /// `kafka.consumer.*` without the prefix, handed to the client of a real Kafka.
  var consumer: [String: String]

  static let spec = ComponentSpec(
    kind: .source, type: "org.apache.flume.source.kafka.KafkaSource", otherNames: ["kafka"],
    source: "Flume user guide, Kafka Source",
    keys: [
      KeySpec("kafka.bootstrap.servers", nil, "the brokers: HOST:PORT,…", .required),
      KeySpec("kafka.topics", nil, "topics, separated by commas"),
      KeySpec("kafka.topics.regex", nil, "topics whose whole name matches; wins over kafka.topics"),
      KeySpec("kafka.consumer.group.id", "flume", "the consumer group"),
      KeySpec("batchSize", "1000", "events in one put, at most"),
      KeySpec("batchDurationMillis", "1000", "longest time that a put waits to be full"),
      KeySpec("backoffSleepIncrement", "1000", "first wait in milliseconds after an error"),
      KeySpec("maxBackoffSleep", "5000", "longest wait in milliseconds after an error"),
      KeySpec("useFlumeEventFormat", "false", "records are Flume's Avro envelopes"),
      KeySpec("setTopicHeader", "true", "add a header with the topic"),
      KeySpec("topicHeader", "topic", "name of that header"),
      KeySpec(
        "kafka.consumer.auto.offset.reset", "latest", "where a group without an offset begins: earliest, latest, none"),
      KeySpec(
        "kafka.consumer.enable.auto.commit", nil, "forced to false",
        .reported("always false, as in Flume: offsets are committed when the events have arrived")),
      KeySpec("kafka.consumer.", nil, "options of the Kafka client", .prefix),
      KeySpec("topic", nil, "old name", .alias(of: "kafka.topics")),
      KeySpec("groupId", nil, "old name", .alias(of: "kafka.consumer.group.id")),
      KeySpec(
        "zookeeperConnect", nil, "obsolete",
        .reported("obsolete: offsets are kept by the brokers, set kafka.bootstrap.servers")),
      KeySpec(
        "migrateZookeeperOffsets", nil, "obsolete", .reported("obsolete: offsets are no longer read from ZooKeeper")),
    ])

  init(_ reader: inout SettingsReader) {
    bootstrapServers = reader.required("kafka.bootstrap.servers")
    topics = (reader.string("kafka.topics") ?? "").split(separator: ",").map { trim($0) }.filter { !$0.isEmpty }
    topicsPattern = reader.pattern("kafka.topics.regex")
    group = reader.string("kafka.consumer.group.id")!
    batchSize = reader.integer("batchSize", in: 1...Int.max)
    batchDuration = .milliseconds(reader.integer("batchDurationMillis", in: 1...86_400_000))
    backoffFirst = .milliseconds(reader.integer("backoffSleepIncrement", in: 1...86_400_000))
    backoffLongest = .milliseconds(reader.integer("maxBackoffSleep", in: 1...86_400_000))
    topicHeader = reader.bool("setTopicHeader") ? reader.string("topicHeader") : nil
    usesFlumeEventFormat = reader.bool("useFlumeEventFormat")
    reset = reader.choice("kafka.consumer.auto.offset.reset", Reset.self)
    // Where to begin and what to commit is the source's business, not the client's.
    let own = ["group.id", "auto.offset.reset", "enable.auto.commit"]
    consumer = reader.keys(under: "kafka.consumer.").filter { !own.contains($0.key) }
    if topics.isEmpty, topicsPattern == nil {
      reader.error("type", "the source needs 'kafka.topics' or 'kafka.topics.regex'")
    }
    if reset == .latest, !reader.isSet("kafka.consumer.auto.offset.reset") {
      reader.warning(
        "type",
        "a group without an offset begins at the end of the topic (Kafka's default): records from before the first "
          + "start of group '\(group)' are not read",
        wayOut: "set kafka.consumer.auto.offset.reset = earliest to read them, or latest to keep this")
    }
  }
}
