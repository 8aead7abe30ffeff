import CRdKafka
import MillBase
import MillLog

/// A record as a consumer got it.
struct ConsumedRecord {
  var topicPartition: TopicPartition
  var offset: Int64
  var record: Record
  /// Whether the broker set the time (`message.timestamp.type=LogAppendTime`).
  var isLogAppendTime: Bool
}

/// A consumer: a member of a group that shares the topics' partitions, or one with partitions of its own.
///
/// An offset counts as done when ``done(_:)`` is told; only such offsets are committed, by librdkafka at the
/// interval of `auto.commit.interval.ms`, when partitions go to another member, and at the end.
final class KafkaConsumer: @unchecked Sendable {
  // @unchecked: librdkafka's instances may be used from any thread; `waited` is touched by ``poll(_:)`` only.
  private let handle: KafkaHandle
  /// Since the last record.
  private var waited = Duration.zero

  /// - Parameters:
  ///   - group: nil = none: nothing is committed.
  ///   - properties: `auto.offset.reset`, `enable.auto.commit` and `partition.assignment.strategy` are the caller's.
  init(
    _ properties: [String: String], group: String?, fromBeginning: Bool
  ) throws {
    var properties = properties
    let reset = properties.removeValue(forKey: "auto.offset.reset") ?? (fromBeginning ? "earliest" : "latest")
    let commits = properties.removeValue(forKey: "enable.auto.commit") ?? "true"
    let interval = properties.removeValue(forKey: "auto.commit.interval.ms")
    let strategy = properties.removeValue(forKey: "partition.assignment.strategy")
    properties["group.id"] = nil
    var fixed = [
      ("group.id", group ?? "millrace-without-group"), ("auto.offset.reset", reset),
      ("enable.auto.offset.store", "false"), ("allow.auto.create.topics", "false"),
      ("enable.auto.commit", group == nil ? "false" : commits),
    ]
    if let interval { fixed.append(("auto.commit.interval.ms", interval)) }
    if let strategy { fixed.append(("partition.assignment.strategy", try Self.strategy(strategy))) }
    handle = try KafkaHandle(
      .consumer, KafkaProperties(properties), defaults: [("fetch.wait.max.ms", "100")], fixed: fixed, isPolled: true)
    rd_kafka_poll_set_consumer(handle.pointer)
  }

  /// Java's class names → librdkafka's names.
  private static func strategy(_ text: String) throws -> String {
    let package = "org.apache.kafka.clients.consumer."
    let names = [
      "RangeAssignor": "range", "RoundRobinAssignor": "roundrobin", "CooperativeStickyAssignor": "cooperative-sticky",
      "range": "range", "roundrobin": "roundrobin", "cooperative-sticky": "cooperative-sticky",
    ]
    return try text.split(separator: ",").map { part in
      let name = String(part.drop { $0 == " " })
      guard let known = names[name.hasPrefix(package) ? String(name.dropFirst(package.count)) : name] else {
        throw MillError(
          .configuration, "there is no strategy '\(name)' here", at: .init(key: "partition.assignment.strategy"),
          wayOut: "known are RangeAssignor, RoundRobinAssignor, CooperativeStickyAssignor")
      }
      return known
    }.joined(separator: ",")
  }

  /// Joins the group for the topics; a name that begins with `^` is a regular expression.
  func subscribe(_ topics: [String]) throws {
    let list = rd_kafka_topic_partition_list_new(Int32(topics.count))!
    defer { rd_kafka_topic_partition_list_destroy(list) }
    for topic in topics { rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA) }
    try KafkaError.check(rd_kafka_subscribe(handle.pointer, list), "subscribe")
  }

  /// Takes the partitions, each from the offset on (also librdkafka's −2 = begin, −1 = end).
  func assign(_ offsets: [TopicPartition: Int64]) throws {
    let list = rd_kafka_topic_partition_list_new(Int32(offsets.count))!
    defer { rd_kafka_topic_partition_list_destroy(list) }
    for (place, offset) in offsets {
      rd_kafka_topic_partition_list_add(list, place.topic, place.partition).pointee.offset = offset
    }
    try KafkaError.check(rd_kafka_assign(handle.pointer, list), "assign")
  }

  /// The next record; nil when none came in time.
  ///
  /// - Throws: what does not mend by itself. Lost connections do.
  func poll(_ wait: Duration) throws -> ConsumedRecord? {
    guard let message = rd_kafka_consumer_poll(handle.pointer, wait.timeoutMilliseconds) else {
      waited += wait
      try handle.checkHope("consume", waited: waited)
      return nil
    }
    waited = .zero
    defer { rd_kafka_message_destroy(message) }
    if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR { handle.answered() }
    let error = message.pointee.err
    let place = message.pointee.rkt.map {
      TopicPartition(String(cString: rd_kafka_topic_name($0)), message.pointee.partition)
    }
    guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let place else {
      let failure = handle.failure(error, "consume", at: place?.description)
      if failure.isRetriable { return nil }
      throw failure
    }
    var builder = BatchBuilder(place, message.pointee.offset)
    builder.add(message)
    var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    rd_kafka_message_timestamp(message, &kind)
    return ConsumedRecord(
      topicPartition: place, offset: message.pointee.offset, record: builder.batch.record(0),
      isLogAppendTime: kind == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME)
  }

  /// The record is dealt with: the group goes on behind it.
  func done(_ record: ConsumedRecord) throws {
    try handle.withTopic(record.topicPartition.topic) { topic in
      let error = rd_kafka_offset_store(topic, record.topicPartition.partition, record.offset)
      // The partition is another member's by now: that one reads the record again.
      if error == RD_KAFKA_RESP_ERR__STATE { return }
      try KafkaError.check(error, "offset", at: record.topicPartition.description)
    }
  }

  /// Commits what is done and leaves the group.
  func close() throws { try KafkaError.check(rd_kafka_consumer_close(handle.pointer), "leave the group") }
}
