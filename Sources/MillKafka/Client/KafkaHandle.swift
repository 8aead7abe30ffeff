import CRdKafka
import MillBase
import MillLog

/// One librdkafka instance, and its topic handles.
final class KafkaHandle: @unchecked Sendable {
  // @unchecked: librdkafka's instances may be used from any thread; `pointer` never changes.
  enum Role {
    case producer
    case consumer
  }

  let pointer: OpaquePointer

  /// - Parameters:
  ///   - defaults: what the user's properties may override.
  ///   - fixed: what they may not.
  ///   - opaque: for callbacks; must outlive the handle.
  init(
    _ role: Role, _ properties: KafkaProperties, defaults: [(String, String)], fixed: [(String, String)],
    configure: (OpaquePointer) -> Void = { _ in }
  ) throws {
    let conf = rd_kafka_conf_new()!
    do {
      for (name, value) in defaults { try KafkaProperties.set(conf, name, value) }
      for (name, value) in properties.pairs { try KafkaProperties.set(conf, name, value) }
      for (name, value) in fixed { try KafkaProperties.set(conf, name, value) }
    } catch {
      rd_kafka_conf_destroy(conf)
      throw error
    }
    rd_kafka_conf_set_log_cb(conf) { _, level, _, text in
      guard let text else { return }
      // Connection trouble comes as "error" and mends by itself: what it means for a call, the call says.
      let line = String(cString: text)
      if level <= 2 { Log.warning("kafka", line) } else { Log.debug("kafka", line) }
    }
    configure(conf)
    var message = [CChar](repeating: 0, count: 512)
    let type = role == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
    guard let created = rd_kafka_new(type, conf, &message, message.count) else {
      rd_kafka_conf_destroy(conf)
      let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw MillError(.configuration, "the Kafka client can't start: \(text)")
    }
    pointer = created
  }

  deinit { rd_kafka_destroy(pointer) }

  /// Runs the body with librdkafka's handle of the topic.
  func withTopic<Result>(_ name: String, _ body: (OpaquePointer) throws -> Result) throws -> Result {
    guard let topic = rd_kafka_topic_new(pointer, name, nil) else {
      throw KafkaError.make(rd_kafka_last_error(), "topic", at: name)
    }
    defer { rd_kafka_topic_destroy(topic) }
    return try body(topic)
  }

  /// Partition counts of all topics that exist. Asking for all never creates one.
  func topicSizes(timeout: Duration) throws -> [String: Int] {
    var result: UnsafePointer<rd_kafka_metadata>?
    try KafkaError.check(rd_kafka_metadata(pointer, 1, nil, &result, timeout.milliseconds), "list topics")
    guard let metadata = result else { return [:] }
    defer { rd_kafka_metadata_destroy(metadata) }
    var sizes: [String: Int] = [:]
    for topic in UnsafeBufferPointer(start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt))
    where topic.err == RD_KAFKA_RESP_ERR_NO_ERROR {
      sizes[String(cString: topic.topic)] = Int(topic.partition_cnt)
    }
    return sizes
  }
}

extension Duration {
  /// Rounded up, so that a short wait is not none.
  var milliseconds: Int32 {
    let (seconds, attoseconds) = components
    let value = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int32(clamping: value)
  }
}
