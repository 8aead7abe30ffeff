import CRdKafka
import MillBase
import MillLog
import Synchronization

/// A consumer instance without a group: at each partition it stands at one offset, and reads on from there.
final class KafkaReader: @unchecked Sendable {
  // @unchecked: `cursors` is touched only by whoever has checked the reader out of ``KafkaReaders``.
  private struct Cursor {
    var nextOffset: Int64
    /// Fetched and not handed out.
    var pending: [UnsafeMutablePointer<rd_kafka_message_t>] = []
  }

  /// Messages taken from librdkafka in one go.
  private static let takeMax = 1000

  private let handle: KafkaHandle
  private let requestTimeout: Duration
  private var cursors: [TopicPartition: Cursor] = [:]

  init(_ properties: KafkaProperties, requestTimeout: Duration) throws {
    self.requestTimeout = requestTimeout
    handle = try KafkaHandle(
      .consumer, properties,
      defaults: [
        ("fetch.wait.max.ms", "100"), ("queued.max.messages.kbytes", "16384"), ("fetch.error.backoff.ms", "100"),
      ],
      fixed: [
        ("auto.offset.reset", "error"), ("enable.auto.commit", "false"), ("allow.auto.create.topics", "false"),
        ("enable.partition.eof", "false"),
      ])
  }

  deinit {
    for (topicPartition, cursor) in cursors {
      for message in cursor.pending { rd_kafka_message_destroy(message) }
      // The instance is going: a topic that can't be had any more needs no stop.
      try? handle.withTopic(topicPartition.topic) { _ = rd_kafka_consume_stop($0, topicPartition.partition) }
    }
  }

  func offset(at topicPartition: TopicPartition) -> Int64? { cursors[topicPartition]?.nextOffset }

  func read(
    _ topicPartition: TopicPartition, from offset: Int64, maxBytes: Int, wait: Duration
  ) throws -> RecordBatch {
    try handle.withTopic(topicPartition.topic) { topic in
      if cursors[topicPartition]?.nextOffset != offset { try start(topic, topicPartition, offset) }
      var builder = BatchBuilder(topicPartition, offset)
      do { try fill(&builder, topic, topicPartition, maxBytes, wait) } catch {
        // What librdkafka does with the partition now is uncertain: the next read begins anew.
        stop(topic, topicPartition)
        if builder.batch.isEmpty { throw error }
      }
      cursors[topicPartition]?.nextOffset = builder.batch.nextOffset
      if builder.batch.isEmpty { try checkEmpty(topicPartition, offset) }
      return builder.batch
    }
  }

  private func fill(
    _ builder: inout BatchBuilder, _ topic: OpaquePointer, _ topicPartition: TopicPartition, _ maxBytes: Int,
    _ wait: Duration
  ) throws {
    while true {
      var pending = cursors[topicPartition]?.pending ?? []
      if pending.isEmpty {
        pending = take(topic, topicPartition.partition, builder.batch.isEmpty ? wait : .zero)
        if pending.isEmpty { return }
      }
      var taken = 0
      defer { cursors[topicPartition]?.pending = Array(pending[taken...]) }
      for message in pending {
        let size = message.pointee.len + message.pointee.key_len
        if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR, !builder.batch.isEmpty,
          builder.batch.bytes.count + size > maxBytes
        {
          return
        }
        taken += 1
        defer { rd_kafka_message_destroy(message) }
        if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR {
          throw handle.failure(message.pointee.err, "read", at: topicPartition.description)
        }
        builder.add(message)
      }
    }
  }

  /// Waits for the first message only.
  private func take(
    _ topic: OpaquePointer, _ partition: Int32, _ wait: Duration
  ) -> [UnsafeMutablePointer<rd_kafka_message_t>] {
    rd_kafka_poll(handle.pointer, 0)
    guard let first = rd_kafka_consume(topic, partition, wait.timeoutMilliseconds) else { return [] }
    var more = [UnsafeMutablePointer<rd_kafka_message_t>?](repeating: nil, count: Self.takeMax)
    let count = rd_kafka_consume_batch(topic, partition, 0, &more, more.count)
    return [first] + more.prefix(max(0, count)).compactMap { $0 }
  }

  private func start(_ topic: OpaquePointer, _ topicPartition: TopicPartition, _ offset: Int64) throws {
    stop(topic, topicPartition)
    try checkRange(topicPartition, offset)
    guard rd_kafka_consume_start(topic, topicPartition.partition, offset) == 0 else {
      throw handle.failure(rd_kafka_last_error(), "read", at: topicPartition.description)
    }
    cursors[topicPartition] = Cursor(nextOffset: offset)
  }

  private func stop(_ topic: OpaquePointer, _ topicPartition: TopicPartition) {
    guard let cursor = cursors.removeValue(forKey: topicPartition) else { return }
    for message in cursor.pending { rd_kafka_message_destroy(message) }
    rd_kafka_consume_stop(topic, topicPartition.partition)
  }

  private func checkRange(_ topicPartition: TopicPartition, _ offset: Int64) throws {
    let (start, end) = try watermarks(topicPartition)
    guard offset >= start, offset <= end else {
      throw MillError(
        .offsetOutOfRange, "offset \(offset) is not in \(start)..<\(end)", at: .init(key: topicPartition.description),
        wayOut: "read from the start or the end of what is there")
    }
  }

  /// Nothing came: because nothing is there, or because nobody answers?
  private func checkEmpty(_ topicPartition: TopicPartition, _ offset: Int64) throws {
    var start: Int64 = 0
    var end: Int64 = 0
    // What the last fetch brought along costs nothing; the server is asked only when records should have come.
    let known = rd_kafka_get_watermark_offsets(
      handle.pointer, topicPartition.topic, topicPartition.partition, &start, &end)
    if known == RD_KAFKA_RESP_ERR_NO_ERROR, end == offset { return }
    try checkRange(topicPartition, offset)
  }

  func watermarks(_ topicPartition: TopicPartition) throws -> (start: Int64, end: Int64) {
    var start: Int64 = 0
    var end: Int64 = 0
    try handle.check(
      rd_kafka_query_watermark_offsets(
        handle.pointer, topicPartition.topic, topicPartition.partition, &start, &end, requestTimeout.timeoutMilliseconds
      ),
      "offsets", at: topicPartition.description)
    return (start, end)
  }
}

/// Readers to choose from: two that follow the same partition at different places don't disturb each other.
final class KafkaReaders: Sendable {
  /// Places in one partition that are remembered; beyond, the reader used longest ago moves.
  static let readersMax = 8

  private struct State {
    /// Not checked out; the one used last is last.
    var idle: [KafkaReader] = []
    var count = 0
  }
  private let state = Monitor(State())
  private let make: @Sendable () throws -> KafkaReader

  init(_ make: @escaping @Sendable () throws -> KafkaReader) { self.make = make }

  /// Runs the body with a reader that stands at the offset, or else one that is free to go there.
  func with<Result>(
    _ topicPartition: TopicPartition, _ offset: Int64, _ body: (KafkaReader) throws -> Result
  ) throws -> Result {
    let chosen: KafkaReader? = state.wait { state in
      let fitting =
        state.idle.firstIndex { $0.offset(at: topicPartition) == offset }
        ?? state.idle.firstIndex { $0.offset(at: topicPartition) == nil }
      if let fitting { return .some(state.idle.remove(at: fitting)) }
      if state.count < Self.readersMax {
        state.count += 1
        return .some(nil)
      }
      return state.idle.isEmpty ? nil : .some(state.idle.removeFirst())
    }
    let reader: KafkaReader
    do { reader = try chosen ?? make() } catch {
      state.withLock { $0.count -= 1 }
      throw error
    }
    defer { state.withLock { $0.idle.append(reader) } }
    return try body(reader)
  }

  func close() { state.withLock { $0.idle = [] } }
}

/// Gathers messages into one buffer.
struct BatchBuilder {
  private(set) var batch: RecordBatch

  init(_ topicPartition: TopicPartition, _ offset: Int64) {
    batch = RecordBatch(topicPartition: topicPartition, nextOffset: offset)
  }

  mutating func add(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
    let keyStart = append(message.pointee.key, message.pointee.key_len)
    let valueStart = append(message.pointee.payload, message.pointee.len)
    let headersStart = Int32(batch.bytes.count)
    appendHeaders(message)
    batch.slots.append(
      RecordBatch.Slot(
        offset: message.pointee.offset, timestamp: rd_kafka_message_timestamp(message, nil), keyStart: keyStart,
        keyCount: keyStart < 0 ? 0 : Int32(message.pointee.key_len), valueStart: valueStart,
        valueCount: valueStart < 0 ? 0 : Int32(message.pointee.len), headersStart: headersStart))
    batch.nextOffset = message.pointee.offset + 1
  }

  /// Returns where it begins; −1 for null.
  private mutating func append(_ pointer: UnsafeMutableRawPointer?, _ count: Int) -> Int32 {
    guard let pointer else { return -1 }
    defer { batch.bytes.append(contentsOf: UnsafeRawBufferPointer(start: pointer, count: count)) }
    return Int32(batch.bytes.count)
  }

  private mutating func appendHeaders(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
    var list: OpaquePointer?
    guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else {
      batch.bytes.append(0)
      return
    }
    var headers: [Record.Header] = []
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    var index = 0
    while rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
      let bytes = value.map { Array(UnsafeRawBufferPointer(start: $0, count: size)) }
      headers.append(.init(String(cString: name!), bytes))
      index += 1
    }
    var out = ByteWriter()
    BatchEncoder.appendHeaders(headers, to: &out)
    batch.bytes.append(contentsOf: out.bytes)
  }
}
