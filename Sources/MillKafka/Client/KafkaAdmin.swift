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
      let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
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
      try Self.check(results, count, name)
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
      try Self.check(results, count, name)
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
      try Self.check(results, count, name)
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

  private static func check(
    _ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int, _ name: String
  ) throws {
    for result in UnsafeBufferPointer(start: results, count: count) {
      let error = rd_kafka_topic_result_error(result)
      if error == RD_KAFKA_RESP_ERR_NO_ERROR { continue }
      let detail = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
      var failure = KafkaError.make(error, "", at: name, detail: detail)
      // The server's own sentence, as kafka-topics shows it.
      failure.message = detail ?? String(cString: rd_kafka_err2str(error))
      throw failure
    }
  }

  /// The settings that topics have of their own, without the defaults.
  func configurations(of names: [String]) throws -> [String: [String: String]] {
    if names.isEmpty { return [:] }
    var resources = names.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
    defer { for resource in resources { rd_kafka_ConfigResource_destroy(resource) } }
    var found: [String: [String: String]] = [:]
    try call(
      RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "describe configurations", at: nil,
      { rd_kafka_DescribeConfigs(handle.pointer, &resources, resources.count, $0, $1) }
    ) { event in
      var count = 0
      let results = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
      for result in UnsafeBufferPointer(start: results, count: count) {
        guard rd_kafka_ConfigResource_error(result) == RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
        found[String(cString: rd_kafka_ConfigResource_name(result))] = Self.own(result)
      }
    }
    return found
  }

  private static func own(_ resource: OpaquePointer?) -> [String: String] {
    var count = 0
    let entries = rd_kafka_ConfigResource_configs(resource, &count)
    var own: [String: String] = [:]
    for entry in UnsafeBufferPointer(start: entries, count: count)
    where rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG {
      guard let value = rd_kafka_ConfigEntry_value(entry) else { continue }
      own[String(cString: rd_kafka_ConfigEntry_name(entry))] = String(cString: value)
    }
    return own
  }

  private func call(
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
    rd_kafka_AdminOptions_set_request_timeout(options, requestTimeout.milliseconds, &message, message.count)
    request(options, queue)
    // librdkafka itself gives up after the request timeout, and says so.
    guard let event = rd_kafka_queue_poll(queue, -1) else {
      throw KafkaError.make(RD_KAFKA_RESP_ERR__TIMED_OUT, what, at: key)
    }
    defer { rd_kafka_event_destroy(event) }
    try KafkaError.check(rd_kafka_event_error(event), what, at: key)
    try result(event)
  }
}
