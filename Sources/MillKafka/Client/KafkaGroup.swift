import CRdKafka
import MillBase
import MillLog

/// Reads and writes one consumer group's offsets, without being a member of it.
struct KafkaGroup {
  let handle: KafkaHandle
  let requestTimeout: Duration

  init(_ name: String, _ properties: KafkaProperties, requestTimeout: Duration) throws {
    self.requestTimeout = requestTimeout
    handle = try KafkaHandle(
      .consumer, properties, defaults: [], fixed: [("group.id", name), ("enable.auto.commit", "false")])
  }

  func commit(_ offsets: [TopicPartition: Int64]) throws {
    let list = rd_kafka_topic_partition_list_new(Int32(offsets.count))!
    defer { rd_kafka_topic_partition_list_destroy(list) }
    for (topicPartition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
      rd_kafka_topic_partition_list_add(list, topicPartition.topic, topicPartition.partition).pointee.offset = offset
    }
    guard let queue = rd_kafka_queue_new(handle.pointer) else {
      throw MillError(.system, "commit: librdkafka is out of memory")
    }
    defer { rd_kafka_queue_destroy(queue) }
    try handle.check(rd_kafka_commit_queue(handle.pointer, list, queue, nil, nil), "commit")
    guard let event = rd_kafka_queue_poll(queue, requestTimeout.timeoutMilliseconds) else {
      throw handle.failure(RD_KAFKA_RESP_ERR__TIMED_OUT, "commit")
    }
    defer { rd_kafka_event_destroy(event) }
    if let results = rd_kafka_event_topic_partition_list(event) { try Self.check(results, "commit") }
    try handle.check(rd_kafka_event_error(event), "commit")
  }

  func committed(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    let list = rd_kafka_topic_partition_list_new(Int32(partitions.count))!
    defer { rd_kafka_topic_partition_list_destroy(list) }
    for partition in partitions { rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition) }
    try handle.check(rd_kafka_committed(handle.pointer, list, requestTimeout.timeoutMilliseconds), "committed offsets")
    try Self.check(list, "committed offsets")
    var found: [TopicPartition: Int64] = [:]
    for element in Self.elements(list) where element.offset >= 0 {
      found[TopicPartition(String(cString: element.topic), element.partition)] = element.offset
    }
    return found
  }

  static func elements(
    _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
  ) -> UnsafeBufferPointer<rd_kafka_topic_partition_t> {
    UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt))
  }

  static func check(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>, _ what: String) throws {
    for element in elements(list) {
      try KafkaError.check(element.err, what, at: "\(String(cString: element.topic))-\(element.partition)")
    }
  }
}
