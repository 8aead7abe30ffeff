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
  private let trouble: ConnectionTrouble
  /// Whether someone else serves the queue of events; a group consumer's holds its records.
  private let isPolled: Bool

  /// How long trouble that can't mend may yet be one broker's among several.
  private static let patience = Duration.seconds(1)

  /// - Parameters:
  ///   - defaults: what the user's properties may override.
  ///   - fixed: what they may not.
  ///   - isPolled: whether the caller serves the instance's events, or else this does it where it waits.
  init(
    _ role: Role, _ properties: KafkaProperties, defaults: [(String, String)], fixed: [(String, String)],
    isPolled: Bool = false, configure: (OpaquePointer) -> Void = { _ in }
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
    let trouble = ConnectionTrouble()
    trouble.observe(conf)
    configure(conf)
    var message = [CChar](repeating: 0, count: 512)
    let type = role == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
    guard let created = rd_kafka_new(type, conf, &message, message.count) else {
      rd_kafka_conf_destroy(conf)
      throw MillError(.configuration, "the Kafka client can't start: \(KafkaError.text(message))")
    }
    pointer = created
    self.trouble = trouble
    self.isPolled = isPolled
  }

  deinit { rd_kafka_destroy(pointer) }

  /// Runs the body with librdkafka's handle of the topic.
  func withTopic<Result>(_ name: String, _ body: (OpaquePointer) throws -> Result) throws -> Result {
    guard let topic = rd_kafka_topic_new(pointer, name, nil) else {
      throw failure(rd_kafka_last_error(), "topic", at: name)
    }
    defer { rd_kafka_topic_destroy(topic) }
    return try body(topic)
  }

  // MARK: Errors

  /// The error, with the reason that the connection had, or the fatal one behind it.
  func failure(_ error: rd_kafka_resp_err_t, _ what: String, at key: String? = nil) -> MillError {
    if error == RD_KAFKA_RESP_ERR__FATAL {
      var text = [CChar](repeating: 0, count: 512)
      let cause = rd_kafka_fatal_error(pointer, &text, text.count)
      return KafkaError.make(cause, what, at: key, explanation: KafkaError.text(text))
    }
    let unanswered = [
      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
      RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__WAIT_COORD,
    ]
    guard unanswered.contains(error), let report = currentTrouble() else {
      return KafkaError.make(error, what, at: key)
    }
    return KafkaError.make(report.error, what, at: key, explanation: report.text)
  }

  func check(_ error: rd_kafka_resp_err_t, _ what: String, at key: String? = nil) throws {
    if error != RD_KAFKA_RESP_ERR_NO_ERROR { throw failure(error, what, at: key) }
    answered()
  }

  /// The server has answered: trouble from before explains nothing any more.
  func answered() { trouble.clear() }

  /// - Throws: the connection's trouble when waiting on can't help.
  func checkHope(_ what: String, waited: Duration) throws {
    guard waited >= Self.patience, let report = currentTrouble(), report.isHopeless else { return }
    throw KafkaError.make(report.error, what, explanation: report.text)
  }

  private func currentTrouble() -> ConnectionTrouble.Report? {
    if !isPolled { rd_kafka_poll(pointer, 0) }
    return trouble.report
  }

  // MARK: Metadata

  /// All topics and partitions that the server has. Asking for all never creates one.
  func withMetadata<Result>(
    _ what: String, timeout: Duration, _ body: (rd_kafka_metadata) throws -> Result
  ) throws -> Result {
    let began = Clock.steadyNanoseconds()
    // A wrong password is noticed between the tries; a slow answer has time in the last one.
    var step = Duration.milliseconds(250)
    while true {
      let waited = Duration.nanoseconds(Int64(Clock.steadyNanoseconds() - began))
      let left = max(.zero, timeout - waited)
      var result: UnsafePointer<rd_kafka_metadata>?
      let error = rd_kafka_metadata(pointer, 1, nil, &result, min(step, left).timeoutMilliseconds)
      if error == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata = result {
        defer { rd_kafka_metadata_destroy(metadata) }
        answered()
        return try body(metadata.pointee)
      }
      try checkHope(what, waited: waited)
      if left <= step { throw failure(error, what) }
      step *= 2
    }
  }

  /// Partition counts of all topics that exist.
  func topicSizes(timeout: Duration) throws -> [String: Int] { try overview(timeout: timeout).sizes }

  /// - Returns: also whether one of the brokers is the controller, whom librdkafka asks about settings.
  func overview(timeout: Duration) throws -> (sizes: [String: Int], hasController: Bool) {
    try withMetadata("list topics", timeout: timeout) { metadata in
      var sizes: [String: Int] = [:]
      for topic in UnsafeBufferPointer(start: metadata.topics, count: Int(metadata.topic_cnt))
      where topic.err == RD_KAFKA_RESP_ERR_NO_ERROR {
        sizes[String(cString: topic.topic)] = Int(topic.partition_cnt)
      }
      let controller = rd_kafka_controllerid(pointer, 0)
      let brokers = UnsafeBufferPointer(start: metadata.brokers, count: Int(metadata.broker_cnt))
      return (sizes, brokers.contains { $0.id == controller })
    }
  }
}

extension Duration {
  /// Rounded up, so that a short wait is not none.
  var timeoutMilliseconds: Int32 {
    let (seconds, attoseconds) = components
    let value = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int32(clamping: value)
  }
}
