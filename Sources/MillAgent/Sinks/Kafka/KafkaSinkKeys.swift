import MillArchive
import MillBase
import MillLog

/// Settings of the Kafka sink (Flume user guide, Kafka Sink).
struct KafkaSinkSettings: Sendable {
  var bootstrapServers: String
  var topic: PathTemplate
  var batchSize: Int
  var linger: Duration
  var codec: Codec
  var allowTopicOverride: Bool
  var topicHeader: String
  var partitionIDHeader: String?
  var defaultPartition: Int?
  var usesFlumeEventFormat: Bool
  /// `kafka.producer.*` without the prefix, handed to the client of a real Kafka.
  var producer: [String: String]

  static let spec = ComponentSpec(
    kind: .sink, type: "org.apache.flume.sink.kafka.KafkaSink", otherNames: ["kafka"],
    source: "Flume user guide, Kafka Sink",
    keys: [
      KeySpec("kafka.bootstrap.servers", nil, "the brokers: HOST:PORT,…", .required),
      KeySpec("kafka.topic", "default-flume-topic", "the topic; %{header} and the other escapes work"),
      KeySpec("flumeBatchSize", "100", "events taken and appended in one go"),
      KeySpec("allowTopicOverride", "true", "the header topicHeader names the topic"),
      KeySpec("topicHeader", "topic", "name of that header"),
      KeySpec("partitionIdHeader", nil, "name of the header with the partition"),
      KeySpec("defaultPartitionId", nil, "the partition of all events that have no such header"),
      KeySpec("useFlumeEventFormat", "false", "append Flume's Avro envelope with the headers in it"),
      KeySpec("kafka.producer.acks", "1", "every append is acknowledged when it is durable, whatever is asked for"),
      KeySpec("kafka.producer.linger.ms", "0", "how long a batch waits for more events"),
      KeySpec("kafka.producer.compression.type", "none", "none, gzip, snappy, lz4, zstd"),
      KeySpec("kafka.producer.", nil, "options of the Kafka client", .prefix),
      KeySpec(
        "kafka.flumeBatchSize", nil, "a slip of the user guide's example",
        .reported(
          "Flume reads 'flumeBatchSize'; this key is read by nothing, there and here: 'flumeBatchSize' counts, or its default 100"
        )),
      KeySpec("brokerList", nil, "old name", .alias(of: "kafka.bootstrap.servers")),
      KeySpec("topic", nil, "old name", .alias(of: "kafka.topic")),
      KeySpec("batchSize", nil, "old name", .alias(of: "flumeBatchSize")),
      KeySpec("requiredAcks", nil, "old name", .alias(of: "kafka.producer.acks")),
    ])

  init(_ reader: inout SettingsReader) {
    bootstrapServers = reader.required("kafka.bootstrap.servers")
    topic = reader.template("kafka.topic")
    batchSize = reader.integer("flumeBatchSize", in: 1...Int.max)
    linger = .milliseconds(reader.integer("kafka.producer.linger.ms", in: 0...60_000))
    let codecName = reader.string("kafka.producer.compression.type")!
    codec = Codec(name: codecName.lowercased()) ?? .none
    if Codec(name: codecName.lowercased()) == nil {
      reader.error(
        "kafka.producer.compression.type", "'\(codecName)' is not possible here",
        wayOut: "write none, gzip, snappy, lz4 or zstd")
    }
    let acks = reader.string("kafka.producer.acks")!
    if !["0", "1", "-1", "all"].contains(acks) {
      reader.error(
        reader.writtenName("kafka.producer.acks"), "'\(acks)' is not possible here", wayOut: "write 0, 1, -1 or all")
    }
    allowTopicOverride = reader.bool("allowTopicOverride")
    topicHeader = reader.string("topicHeader")!
    partitionIDHeader = reader.string("partitionIdHeader")
    defaultPartition = reader.optionalInteger("defaultPartitionId", in: 0...Int(Int32.max))
    usesFlumeEventFormat = reader.bool("useFlumeEventFormat")
    producer = reader.keys(under: "kafka.producer.")
  }
}

extension SettingsReader {
  /// A text with escapes.
  mutating func template(_ key: String) -> PathTemplate {
    do { return try PathTemplate(string(key) ?? "") } catch {
      let known = error as? MillError
      self.error(writtenName(key), known?.message ?? "\(error)", wayOut: known?.wayOut)
      return PathTemplate(literal: "")
    }
  }
}
