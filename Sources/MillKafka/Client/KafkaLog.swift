import CRdKafka
import MillBase
import MillLog
import Synchronization

/// Any Kafka server (2.1 or newer, or ``KafkaServer``) as a ``RecordLog``, through librdkafka.
///
/// Connections are made on first use. All calls block their thread; each gives up after ``requestTimeout``, appends
/// after the producer's `delivery.timeout.ms` (default 30 s).
public final class KafkaLog: RecordLog {
  /// For everything but appending and waiting for records.
  public let requestTimeout: Duration
  public let bootstrapServers: String

  let properties: KafkaProperties
  private let producers = Mutex<[Codec: KafkaProducer]>([:])
  private let groups = Mutex<[String: KafkaGroup]>([:])
  private let readers: KafkaReaders
  private let control = Mutex<KafkaHandle?>(nil)
  /// Topics that are known to exist, with their number of partitions.
  private let sizes = Mutex<[String: Int]>([:])

  /// - Parameters:
  ///   - bootstrapServers: `host:port[,host:port…]`.
  ///   - properties: Kafka client properties, with Java's or librdkafka's names (`security.protocol`, `acks`, …).
  ///     Names that only Java has are translated, or ignored with a warning.
  /// - Throws: `.configuration` naming the property that is unknown or has a value that can't be.
  public init(
    bootstrapServers: String, properties: [String: String] = [:], requestTimeout: Duration = .seconds(10)
  ) throws {
    var all = properties
    all["bootstrap.servers"] = bootstrapServers
    let translated = try KafkaProperties(all)
    self.bootstrapServers = bootstrapServers
    self.properties = translated
    self.requestTimeout = requestTimeout
    readers = KafkaReaders { try KafkaReader(translated, requestTimeout: requestTimeout) }
  }

  /// An instance for questions about topics.
  func handle() throws -> KafkaHandle {
    try control.withLock { control in
      if let control { return control }
      let made = try KafkaHandle(
        .consumer, properties, defaults: [], fixed: [("allow.auto.create.topics", "false")])
      control = made
      return made
    }
  }

  func admin() throws -> KafkaAdmin { KafkaAdmin(handle: try handle(), requestTimeout: requestTimeout) }

  /// Asks the server when the topic or partition is not known yet; a client must not create it by asking.
  private func require(_ topicPartition: TopicPartition) throws {
    func isKnown(_ sizes: [String: Int]) -> Bool {
      (0..<Int32(sizes[topicPartition.topic] ?? 0)).contains(topicPartition.partition)
    }
    if sizes.withLock({ isKnown($0) }) { return }
    let fresh = try handle().topicSizes(timeout: requestTimeout)
    sizes.withLock { $0 = fresh }
    guard isKnown(fresh) else {
      let what = fresh[topicPartition.topic].map { "has partitions 0 to \($0 - 1)" } ?? "does not exist"
      throw MillError(
        .notFound, "topic '\(topicPartition.topic)' \(what)", at: .init(key: topicPartition.description),
        wayOut: "create it first")
    }
  }

  /// A topic that turned out to be gone is asked for again next time.
  private func forgettingMissing<Result>(_ topic: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as MillError where error.code == .notFound {
      sizes.withLock { $0[topic] = nil }
      throw error
    }
  }

  // MARK: Topics

  /// Without the server's own topics (`__consumer_offsets`, `__transaction_state`).
  public func topics() throws -> [TopicDescription] { try describe { !$0.hasPrefix("__") } }

  public func topic(_ name: String) throws -> TopicDescription? { try describe { $0 == name }.first }

  private func describe(_ isWanted: (String) -> Bool) throws -> [TopicDescription] {
    let (fresh, hasController) = try handle().overview(timeout: requestTimeout)
    sizes.withLock { $0 = fresh }
    let wanted = fresh.filter { isWanted($0.key) }
    var configurations: [String: [String: String]] = [:]
    if hasController {
      configurations = try admin().configurations(of: Array(wanted.keys))
    } else {
      // There are topics all the same.
      Log.warning("kafka", "\(bootstrapServers) names no controller now: topic settings are not known")
    }
    return wanted.map { name, partitions in
      TopicDescription(name: name, partitions: partitions, configuration: configurations[name] ?? [:])
    }.sorted { $0.name < $1.name }
  }

  public func createTopic(_ name: String, partitions: Int, configuration: [String: String]) throws {
    try createTopic(name, partitions: partitions, replicationFactor: -1, configuration: configuration)
  }

  /// - Parameter replicationFactor: −1 = the server's default.
  public func createTopic(
    _ name: String, partitions: Int, replicationFactor: Int, configuration: [String: String]
  ) throws {
    try admin().createTopic(
      name, partitions: partitions, replicationFactor: replicationFactor, configuration: configuration)
  }

  public func deleteTopic(_ name: String) throws {
    sizes.withLock { $0[name] = nil }
    try admin().deleteTopic(name)
  }

  // MARK: Records

  public func append(_ records: [Record], to topicPartition: TopicPartition, codec: Codec) throws -> Int64 {
    try require(topicPartition)
    if records.isEmpty { return try offsets(topicPartition).end }
    let producer = try producers.withLock { producers in
      if let producer = producers[codec] { return producer }
      let made = try KafkaProducer(properties, codec: codec)
      producers[codec] = made
      return made
    }
    defer {
      // Calls that are under way keep it until they have their answer.
      if producer.hasEnded { producers.withLock { if $0[codec] === producer { $0[codec] = nil } } }
    }
    return try forgettingMissing(topicPartition.topic) { try producer.append(records, to: topicPartition) }
  }

  public func read(
    _ topicPartition: TopicPartition, from offset: Int64, maxBytes: Int, wait: Duration
  ) throws -> RecordBatch {
    try require(topicPartition)
    return try forgettingMissing(topicPartition.topic) {
      try readers.with(topicPartition, offset) { reader in
        try reader.read(topicPartition, from: offset, maxBytes: maxBytes, wait: wait)
      }
    }
  }

  // MARK: Offsets

  public func offsets(_ topicPartition: TopicPartition) throws -> (start: Int64, end: Int64) {
    try require(topicPartition)
    var start: Int64 = 0
    var end: Int64 = 0
    try forgettingMissing(topicPartition.topic) {
      let handle = try handle()
      try handle.check(
        rd_kafka_query_watermark_offsets(
          handle.pointer, topicPartition.topic, topicPartition.partition, &start, &end,
          requestTimeout.timeoutMilliseconds),
        "offsets", at: topicPartition.description)
    }
    return (start, end)
  }

  public func offset(_ topicPartition: TopicPartition, atOrAfter timestamp: Int64) throws -> Int64? {
    try require(topicPartition)
    let list = rd_kafka_topic_partition_list_new(1)!
    defer { rd_kafka_topic_partition_list_destroy(list) }
    // Negative times have special meanings in the protocol; no record is older than 1970 by Kafka's rules.
    let element = rd_kafka_topic_partition_list_add(list, topicPartition.topic, topicPartition.partition)
    element!.pointee.offset = max(0, timestamp)
    let handle = try handle()
    try handle.check(
      rd_kafka_offsets_for_times(handle.pointer, list, requestTimeout.timeoutMilliseconds), "offset by time",
      at: topicPartition.description)
    try KafkaGroup.check(list, "offset by time")
    let found = KafkaGroup.elements(list)[0].offset
    return found < 0 ? nil : found
  }

  public func commit(group: String, _ offsets: [TopicPartition: Int64]) throws {
    for topicPartition in offsets.keys { try require(topicPartition) }
    if offsets.isEmpty { return }
    try member(of: group).commit(offsets)
  }

  public func committed(group: String, _ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    partitions.isEmpty ? [:] : try member(of: group).committed(partitions)
  }

  private func member(of group: String) throws -> KafkaGroup {
    try groups.withLock { groups in
      if let known = groups[group] { return known }
      let made = try KafkaGroup(group, properties, requestTimeout: requestTimeout)
      groups[group] = made
      return made
    }
  }

  public func close() throws {
    let open = producers.withLock { producers in
      defer { producers = [:] }
      return producers
    }
    for producer in open.values { producer.close() }
    readers.close()
    groups.withLock { $0 = [:] }
    control.withLock { $0 = nil }
  }
}
