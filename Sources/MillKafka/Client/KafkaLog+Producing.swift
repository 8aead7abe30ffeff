import CRdKafka
import MillBase
import MillLog

extension KafkaLog: ProducingLog {
  public func producer(transactionalID: String?) throws -> any RecordProducer {
    let producer = try KafkaProducer(properties, codec: nil, transactionalID: transactionalID)
    if transactionalID != nil { try producer.initTransactions() }
    return producer
  }
}

/// Transactions of the Kafka protocol, by librdkafka.
extension KafkaProducer: RecordProducer {
  /// How long a step may take: the server may first have to end what was left open.
  private static let stepTimeout = Duration.seconds(60)
  /// For giving up, which the server does by itself later.
  private static let abortTimeout = Duration.seconds(5)

  fileprivate func initTransactions() throws {
    try step("begin of transactions") { rd_kafka_init_transactions($0, Self.stepTimeout.timeoutMilliseconds) }
  }

  func beginTransaction() throws { try step("begin of a transaction") { rd_kafka_begin_transaction($0) } }

  func send(_ records: [AddressedRecord]) throws {
    let (_, _, error) = try send(records.count) { index in
      let one = records[index]
      return (one.record, TopicPartition(one.topic, one.partition ?? RD_KAFKA_PARTITION_UA))
    }
    guard let error else { return }
    let topics = Set(records.map(\.topic)).sorted().prefix(3).joined(separator: ", ")
    throw handle.failure(error, "produce", at: topics)
  }

  func commitTransaction(group: String, _ offsets: [TopicPartition: Int64]) throws {
    let list = rd_kafka_topic_partition_list_new(Int32(offsets.count))!
    defer { rd_kafka_topic_partition_list_destroy(list) }
    for (topicPartition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
      rd_kafka_topic_partition_list_add(list, topicPartition.topic, topicPartition.partition).pointee.offset = offset
    }
    let member = rd_kafka_consumer_group_metadata_new(group)!
    defer { rd_kafka_consumer_group_metadata_destroy(member) }
    try step("offsets of a transaction") {
      rd_kafka_send_offsets_to_transaction($0, list, member, Self.stepTimeout.timeoutMilliseconds)
    }
    try step("commit of a transaction") { rd_kafka_commit_transaction($0, Self.stepTimeout.timeoutMilliseconds) }
  }

  func abortTransaction() throws {
    try step("abort of a transaction") { rd_kafka_abort_transaction($0, Self.abortTimeout.timeoutMilliseconds) }
  }

  private func step(_ what: String, _ body: (OpaquePointer) -> OpaquePointer?) throws {
    guard let error = body(handle.pointer) else { return handle.answered() }
    defer { rd_kafka_error_destroy(error) }
    var failure = handle.failure(rd_kafka_error_code(error), what)
    // What only this transaction has failed by may do in the next one.
    if rd_kafka_error_is_retriable(error) != 0 || rd_kafka_error_txn_requires_abort(error) != 0 {
      failure.isRetriable = true
    }
    throw failure
  }
}
