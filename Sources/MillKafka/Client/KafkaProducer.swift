import CRdKafka
import MillBase
import MillLog

/// A producer. Calls wait until the server has acknowledged every record.
final class KafkaProducer: Sendable {
  /// One call's records on their way. librdkafka's callback reports each.
  private final class Delivery: Sendable {
    struct State {
      var remaining: Int
      var baseOffset = Int64.max
      var failed = 0
      var error: rd_kafka_resp_err_t?
    }
    let state: Monitor<State>
    init(_ count: Int) { state = Monitor(State(remaining: count)) }

    func note(_ error: rd_kafka_resp_err_t, _ offset: Int64) {
      state.withLock { state in
        state.remaining -= 1
        if error == RD_KAFKA_RESP_ERR_NO_ERROR {
          state.baseOffset = min(state.baseOffset, offset)
        } else {
          state.failed += 1
          state.error = error
        }
      }
    }
  }

  let handle: KafkaHandle
  /// Serves the callbacks.
  private let poller: Worker

  /// - Parameters:
  ///   - codec: nil = what the properties say.
  ///   - transactionalID: nil = without transactions.
  init(_ properties: KafkaProperties, codec: Codec?, transactionalID: String? = nil) throws {
    var fixed: [(String, String)] = []
    if let codec { fixed.append(("compression.codec", "\(codec)")) }
    if let transactionalID { fixed.append(("transactional.id", transactionalID)) }
    let handle = try KafkaHandle(
      .producer, properties,
      defaults: [
        // A record is kept once and in order, whatever happens on the way.
        ("enable.idempotence", "true"),
        // Where Java's clients put a key, so that both write it to the same partition.
        ("partitioner", "murmur2_random"),
        // A call waits for its own records: gathering more for long would only delay it.
        ("linger.ms", "1"),
        // The topic's max.message.bytes is the server's business.
        ("message.max.bytes", String(DeadLetters.letterSizeMax + 1_000_000)),
        ("message.timeout.ms", "30000"),
        // As long as servers allow by default: a micro-batch may take its time.
        ("transaction.timeout.ms", "900000"),
      ], fixed: fixed, isPolled: true
    ) { conf in
      rd_kafka_conf_set_dr_msg_cb(conf) { _, message, _ in
        guard let message, let opaque = message.pointee._private else { return }
        Unmanaged<Delivery>.fromOpaque(opaque).takeUnretainedValue().note(message.pointee.err, message.pointee.offset)
      }
    }
    self.handle = handle
    poller = Worker("kafka-produce") { stop in while !stop.isSet { rd_kafka_poll(handle.pointer, 200) } }
  }

  deinit { poller.stop() }

  /// Whether a fatal error has ended it: no call succeeds any more.
  var hasEnded: Bool { rd_kafka_fatal_error(handle.pointer, nil, 0) != RD_KAFKA_RESP_ERR_NO_ERROR }

  /// - Throws: why the server can't be used: nobody there, a wrong password.
  func checkConnection(timeout: Duration) throws { try handle.withMetadata("connect", timeout: timeout) { _ in } }

  func close() {
    poller.stop()
    poller.join()
  }

  /// - Returns: the offset of the first record.
  func append(_ records: [Record], to topicPartition: TopicPartition) throws -> Int64 {
    let (base, _, error) = try send(records.count) { (records[$0], topicPartition) }
    if let error { throw handle.failure(error, "append", at: topicPartition.description) }
    return base
  }

  /// Each record to the partition that its key says.
  ///
  /// - Returns: how many of them the server has not taken, and why the last one.
  func deliver(_ records: [Record], to topic: String) throws -> (failed: Int, error: MillError?) {
    let (_, failed, error) = try send(records.count) { (records[$0], TopicPartition(topic, RD_KAFKA_PARTITION_UA)) }
    return (failed, error.map { handle.failure($0, "produce", at: topic) })
  }

  func send(
    _ count: Int, _ record: (Int) -> (Record, TopicPartition)
  ) throws -> (base: Int64, failed: Int, error: rd_kafka_resp_err_t?) {
    let delivery = Delivery(count)
    // Alive until the last report, which the wait below sees.
    let opaque = Unmanaged.passUnretained(delivery).toOpaque()
    for index in 0..<count {
      let (record, topicPartition) = record(index)
      let error = try enqueue(record, topicPartition, opaque)
      if error != RD_KAFKA_RESP_ERR_NO_ERROR {
        // Those not handed over will never be reported.
        for _ in index..<count { delivery.note(error, 0) }
        break
      }
    }
    let result = delivery.state.wait { state in
      state.remaining == 0 ? (state.baseOffset, state.failed, state.error) : nil
    }
    if result.2 == nil { handle.answered() }
    return result
  }

  private func enqueue(
    _ record: Record, _ topicPartition: TopicPartition, _ opaque: UnsafeMutableRawPointer
  ) throws -> rd_kafka_resp_err_t {
    // The list is librdkafka's as soon as it takes the record.
    let headers = Self.headers(record)
    while true {
      let error = try withArguments(record, headers, topicPartition, opaque) { arguments in
        rd_kafka_produceva(handle.pointer, arguments.baseAddress, arguments.count)
      }
      guard let error else { return RD_KAFKA_RESP_ERR_NO_ERROR }
      defer { rd_kafka_error_destroy(error) }
      let code = rd_kafka_error_code(error)
      guard code == RD_KAFKA_RESP_ERR__QUEUE_FULL else {
        if let headers { rd_kafka_headers_destroy(headers) }
        return code
      }
      // The queue is bounded: wait for room, the poller makes some.
      _ = Signal().wait(.milliseconds(5))
    }
  }

  private func withArguments<Result>(
    _ record: Record, _ headers: OpaquePointer?, _ topicPartition: TopicPartition,
    _ opaque: UnsafeMutableRawPointer, _ body: (UnsafeBufferPointer<rd_kafka_vu_t>) throws -> Result
  ) throws -> Result {
    func argument(_ type: rd_kafka_vtype_t, _ set: (inout rd_kafka_vu_t) -> Void) -> rd_kafka_vu_t {
      var argument = rd_kafka_vu_t()
      argument.vtype = type
      set(&argument)
      return argument
    }
    func withBytes(_ bytes: [UInt8]?, _ type: rd_kafka_vtype_t, _ body: (rd_kafka_vu_t?) throws -> Result) rethrows
      -> Result
    {
      guard let bytes else { return try body(nil) }
      return try bytes.withUnsafeBytes { raw in
        // An empty value is not a null one: it needs an address.
        let address = raw.baseAddress ?? UnsafeRawPointer(opaque)
        return try body(
          argument(type) {
            $0.u.mem.ptr = UnsafeMutableRawPointer(mutating: address)
            $0.u.mem.size = raw.count
          })
      }
    }
    return try topicPartition.topic.withCString { topic in
      var arguments = [
        argument(RD_KAFKA_VTYPE_TOPIC) { $0.u.cstr = topic },
        argument(RD_KAFKA_VTYPE_PARTITION) { $0.u.i32 = topicPartition.partition },
        argument(RD_KAFKA_VTYPE_MSGFLAGS) { $0.u.i = Int32(RD_KAFKA_MSG_F_COPY) },
        argument(RD_KAFKA_VTYPE_OPAQUE) { $0.u.ptr = opaque },
      ]
      if let timestamp = record.timestamp {
        arguments.append(argument(RD_KAFKA_VTYPE_TIMESTAMP) { $0.u.i64 = timestamp })
      }
      return try withBytes(record.key, RD_KAFKA_VTYPE_KEY) { key in
        try withBytes(record.value, RD_KAFKA_VTYPE_VALUE) { value in
          if let key { arguments.append(key) }
          if let value { arguments.append(value) }
          if let headers { arguments.append(argument(RD_KAFKA_VTYPE_HEADERS) { $0.u.headers = headers }) }
          return try arguments.withUnsafeBufferPointer(body)
        }
      }
    }
  }

  private static func headers(_ record: Record) -> OpaquePointer? {
    if record.headers.isEmpty { return nil }
    let headers = rd_kafka_headers_new(record.headers.count)!
    for header in record.headers {
      let error: rd_kafka_resp_err_t =
        if let value = header.value {
          value.withUnsafeBytes { raw in
            rd_kafka_header_add(headers, header.key, -1, raw.baseAddress ?? UnsafeRawPointer(headers), raw.count)
          }
        } else {
          rd_kafka_header_add(headers, header.key, -1, nil, 0)
        }
      precondition(error == RD_KAFKA_RESP_ERR_NO_ERROR, "a fresh list of headers takes any")
    }
    return headers
  }
}
