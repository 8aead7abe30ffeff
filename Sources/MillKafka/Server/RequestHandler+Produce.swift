import MillBase
import MillLog

extension RequestHandler {
  func produce(_ request: Request) throws -> Answer {
    let produce = try request.read(ProduceRequest.self)
    var response = ProduceResponse()
    var failure: String?
    for topic in produce.topics {
      var answer = ProduceResponse.Topic()
      answer.name = topic.name
      answer.id = topic.id
      let name = request.version >= 13 ? topicNames.name(topic.id, in: log) : topic.name
      for partition in topic.partitions {
        let result = name.map { append(partition, $0, produce, request.version) } ?? Self.unknown(partition, topic.id)
        if result.errorCode != 0 {
          failure = "\(name ?? topic.id.description)-\(partition.index): \(result.errorMessage ?? "")"
        }
        answer.partitions.append(result)
      }
      response.topics.append(answer)
    }
    if produce.acks == 0 {
      // The only way to tell a producer that wants no answer: close the connection, as Kafka does.
      if let failure { throw MillError(.badInput, "produce without acks failed: \(failure)") }
      return .nothing
    }
    return .now(try request.reply(response))
  }

  private static func unknown(_ partition: ProduceRequest.Partition, _ id: TopicID) -> ProduceResponse.Partition {
    var answer = ProduceResponse.Partition()
    answer.index = partition.index
    answer.errorCode = ErrorCode.unknownTopicID.rawValue
    answer.errorMessage = "there is no topic with the id \(id)"
    return answer
  }

  private func append(
    _ partition: ProduceRequest.Partition, _ topic: String, _ request: ProduceRequest, _ version: Int16
  ) -> ProduceResponse.Partition {
    var answer = ProduceResponse.Partition()
    answer.index = partition.index
    func fail(_ code: ErrorCode, _ message: String) {
      answer.errorCode = code.rawValue
      answer.errorMessage = message
    }
    guard (-1...1).contains(request.acks) else {
      fail(.invalidRequiredAcks, "acks \(request.acks): 0, 1 and -1 are known")
      return answer
    }
    guard let records = partition.records, !records.isEmpty else {
      fail(.invalidRecord, "no records")
      return answer
    }
    let magic = records.count > 16 ? Int(records[records.startIndex + 16]) : 2
    guard magic == 2 else {
      fail(.unsupportedForMessageFormat, "record format \(magic) is older than Kafka 0.11; 2 is needed")
      return answer
    }
    let topicPartition = TopicPartition(topic, partition.index)
    do {
      if let (code, message) = try append(
        Array(records), to: topicPartition, request.transactionalID, addsPartition: version >= 12, &answer)
      {
        fail(code, message)
        return answer
      }
      answer.logStartOffset = try log.offsets(topicPartition).start
    } catch {
      fail(Self.code(error), "\(error)")
      if Self.code(error) == .storageError { Log.error("kafka", "\(topicPartition): \(error)") }
    }
    return answer
  }

  /// Records of a transaction are only taken while it is open.
  ///
  /// - Parameter addsPartition: the request stands for AddPartitionsToTxn too (version 12 and newer, KIP-890).
  private func append(
    _ batch: [UInt8], to partition: TopicPartition, _ transactionalID: String?, addsPartition: Bool,
    _ answer: inout ProduceResponse.Partition
  ) throws -> (ErrorCode, String)? {
    let header = batch.withUnsafeBytes { BatchHeader($0) }
    guard let header, header.isTransactional else {
      (answer.baseOffset, answer.logAppendTime) = try log.appendStored(batch, to: partition)
      return nil
    }
    guard let transactionalID else {
      return (.invalidTransactionState, "records of a transaction need the request's transactional id")
    }
    let producer = TransactionCoordinator.Producer(
      transactionalID: transactionalID, id: header.producerID, epoch: header.producerEpoch)
    if addsPartition {
      let code = try transactions.add([partition], producer)
      guard code == .none else {
        return (
          code == .producerFenced ? .invalidProducerEpoch : code, "\(transactionalID) can't write to \(partition)"
        )
      }
    }
    let code = try transactions.append(producer, to: partition) {
      (answer.baseOffset, answer.logAppendTime) = try log.appendStored(batch, to: partition)
    }
    return code == .none ? nil : (code, "\(transactionalID) has no open transaction with \(partition) in this epoch")
  }
}
