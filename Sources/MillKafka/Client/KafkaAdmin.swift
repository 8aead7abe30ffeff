import CRdKafka
import MillBase
import MillLog

/// Making, describing and removing topics through librdkafka's admin calls.
struct KafkaAdmin {
  let handle: KafkaHandle
  let requestTimeout: Duration

  /// - Parameter replicationFactor: −1 = the server's default.
  func createTopic(
    _ name: String, partitions: Int, replicationFactor: Int, configuration: [String: String]
  ) throws {
    var message = [CChar](repeating: 0, count: 256)
    var topic: OpaquePointer? = rd_kafka_NewTopic_new(
      name, Int32(clamping: partitions), Int32(clamping: replicationFactor), &message, message.count)
    guard topic != nil else {
      let text = KafkaError.text(message)
      throw MillError(partitions < 1 ? .invalidPartitions : .configuration, text, at: .init(key: name))
    }
    defer { rd_kafka_NewTopic_destroy(topic) }
    for (key, value) in configuration.sorted(by: { $0.key < $1.key }) {
      try KafkaError.check(rd_kafka_NewTopic_set_config(topic, key, value), "create topic", at: key)
    }
    try call(
      RD_KAFKA_ADMIN_OP_CREATETOPICS, "create topic", at: name,
      { rd_kafka_CreateTopics(handle.pointer, &topic, 1, $0, $1) }
    ) { event in
      var count = 0
      let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
      try Self.check(results, count, "create topic", name)
    }
  }

  func deleteTopic(_ name: String) throws {
    var topic: OpaquePointer? = rd_kafka_DeleteTopic_new(name)
    defer { rd_kafka_DeleteTopic_destroy(topic) }
    try call(
      RD_KAFKA_ADMIN_OP_DELETETOPICS, "delete topic", at: name,
      { rd_kafka_DeleteTopics(handle.pointer, &topic, 1, $0, $1) }
    ) { event in
      var count = 0
      let results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count)
      try Self.check(results, count, "delete topic", name)
    }
  }

  func createPartitions(_ name: String, count: Int) throws {
    var message = [CChar](repeating: 0, count: 256)
    guard count >= 1 else { throw MillError(.invalidPartitions, "\(count) partitions", at: .init(key: name)) }
    var partitions: OpaquePointer? = rd_kafka_NewPartitions_new(name, count, &message, message.count)
    defer { rd_kafka_NewPartitions_destroy(partitions) }
    try call(
      RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, "create partitions", at: name,
      { rd_kafka_CreatePartitions(handle.pointer, &partitions, 1, $0, $1) }
    ) { event in
      var count = 0
      let results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count)
      try Self.check(results, count, "create partitions", name)
    }
  }

  func deleteGroup(_ name: String) throws {
    var group: OpaquePointer? = rd_kafka_DeleteGroup_new(name)
    defer { rd_kafka_DeleteGroup_destroy(group) }
    try call(
      RD_KAFKA_ADMIN_OP_DELETEGROUPS, "delete group", at: name,
      { rd_kafka_DeleteGroups(handle.pointer, &group, 1, $0, $1) }
    ) { event in
      var count = 0
      let results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count)
      for result in UnsafeBufferPointer(start: results, count: count) {
        guard let error = rd_kafka_group_result_error(result) else { continue }
        throw KafkaError.make(rd_kafka_error_code(error), "delete group", at: name)
      }
    }
  }

  func deleteOffsets(of group: String, _ partitions: [TopicPartition]) throws -> [TopicPartition: MillError] {
    let list = rd_kafka_topic_partition_list_new(Int32(partitions.count))!
    defer { rd_kafka_topic_partition_list_destroy(list) }
    for place in partitions { rd_kafka_topic_partition_list_add(list, place.topic, place.partition) }
    var request: OpaquePointer? = rd_kafka_DeleteConsumerGroupOffsets_new(group, list)
    defer { rd_kafka_DeleteConsumerGroupOffsets_destroy(request) }
    var failed: [TopicPartition: MillError] = [:]
    try call(
      RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS, "delete offsets", at: group,
      { rd_kafka_DeleteConsumerGroupOffsets(handle.pointer, &request, 1, $0, $1) }
    ) { event in
      var count = 0
      let results = rd_kafka_DeleteConsumerGroupOffsets_result_groups(
        rd_kafka_event_DeleteConsumerGroupOffsets_result(event), &count)
      for result in UnsafeBufferPointer(start: results, count: count) {
        if let error = rd_kafka_group_result_error(result) {
          throw KafkaError.make(
            rd_kafka_error_code(error), "delete offsets", at: group,
            explanation: String(cString: rd_kafka_error_string(error)))
        }
        guard let partitions = rd_kafka_group_result_partitions(result) else { continue }
        for element in KafkaGroup.elements(UnsafeMutablePointer(mutating: partitions))
        where element.err != RD_KAFKA_RESP_ERR_NO_ERROR {
          let place = TopicPartition(String(cString: element.topic), element.partition)
          failed[place] = KafkaError.make(element.err, "delete offsets", at: place.description)
        }
      }
    }
    return failed
  }

  private static func check(
    _ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int, _ what: String, _ name: String
  ) throws {
    for result in UnsafeBufferPointer(start: results, count: count) {
      let error = rd_kafka_topic_result_error(result)
      if error == RD_KAFKA_RESP_ERR_NO_ERROR { continue }
      let sentence = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
      // Such a sentence stands by itself, as kafka-topics shows it.
      throw KafkaError.make(
        error, sentence == nil ? what : "", at: sentence?.contains("'\(name)'") == true ? nil : name,
        explanation: sentence)
    }
  }

  func call(
    _ operation: rd_kafka_admin_op_t, _ what: String, at key: String?,
    _ request: (_ options: OpaquePointer, _ queue: OpaquePointer) -> Void, _ result: (OpaquePointer) throws -> Void
  ) throws {
    guard let queue = rd_kafka_queue_new(handle.pointer),
      let options = rd_kafka_AdminOptions_new(handle.pointer, operation)
    else { throw MillError(.system, "\(what): librdkafka is out of memory") }
    defer {
      rd_kafka_AdminOptions_destroy(options)
      rd_kafka_queue_destroy(queue)
    }
    var message = [CChar](repeating: 0, count: 256)
    rd_kafka_AdminOptions_set_request_timeout(options, requestTimeout.timeoutMilliseconds, &message, message.count)
    request(options, queue)
    let event = try answer(queue, what)
    defer { rd_kafka_event_destroy(event) }
    let error = rd_kafka_event_error(event)
    if error != RD_KAFKA_RESP_ERR_NO_ERROR, let sentence = rd_kafka_event_error_string(event) {
      let text = String(cString: sentence)
      // Without an answer the connection's reason says more.
      if !text.contains("timed out") { throw KafkaError.make(error, what, at: key, explanation: text) }
    }
    try handle.check(error, what, at: key)
    try result(event)
  }

  /// librdkafka itself gives up after the request timeout, and says so.
  private func answer(_ queue: OpaquePointer, _ what: String) throws -> OpaquePointer {
    let began = Clock.steadyNanoseconds()
    while true {
      if let event = rd_kafka_queue_poll(queue, 200) { return event }
      try handle.checkHope(what, waited: .nanoseconds(Int64(Clock.steadyNanoseconds() - began)))
    }
  }
}
