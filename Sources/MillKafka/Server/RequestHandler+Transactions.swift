import MillBase
import MillLog

/// Producers' ids and transactions.
extension RequestHandler {
  func initProducerID(_ request: InitProducerIDRequest, version: Int16) -> InitProducerIDResponse {
    var response = InitProducerIDResponse()
    guard let id = request.transactionalID else {
      response.producerID = transactions.newProducerID()
      return response
    }
    let known = request.producerID >= 0 ? (request.producerID, request.producerEpoch) : nil
    let code = attempt(id, hasFencedCode: version >= 4) {
      let given = try transactions.begin(id, timeout: request.transactionTimeout, known: known)
      response.producerID = given.id
      response.producerEpoch = given.epoch
      return given.0
    }
    response.errorCode = code.rawValue
    return response
  }

  func addPartitions(_ request: AddPartitionsToTxnRequest, version: Int16) -> AddPartitionsToTxnResponse {
    let producer = TransactionCoordinator.Producer(
      transactionalID: request.transactionalID, id: request.producerID, epoch: request.producerEpoch)
    let partitions = request.topics.flatMap { topic in topic.partitions.map { TopicPartition(topic.name, $0) } }
    let missing = Set(partitions.filter { (try? log.offsets($0)) == nil })
    // All or none: those that are there are then not attempted.
    let code =
      missing.isEmpty
      ? attempt(request.transactionalID, hasFencedCode: version >= 2) { try transactions.add(partitions, producer) }
      : .operationNotAttempted
    var response = AddPartitionsToTxnResponse()
    response.topics = request.topics.map { topic in
      Self.results(topic.name, topic.partitions) {
        missing.contains(TopicPartition(topic.name, $0)) ? .unknownTopicOrPartition : code
      }
    }
    return response
  }

  func addOffsets(_ request: AddOffsetsToTxnRequest, version: Int16) -> TransactionResponse {
    let producer = TransactionCoordinator.Producer(
      transactionalID: request.transactionalID, id: request.producerID, epoch: request.producerEpoch)
    var response = TransactionResponse()
    let code =
      request.groupID.isEmpty
      ? ErrorCode.invalidGroupID
      : attempt(request.transactionalID, hasFencedCode: version >= 2) {
        try transactions.add(group: request.groupID, producer)
      }
    response.errorCode = code.rawValue
    return response
  }

  func endTransaction(_ request: EndTxnRequest, version: Int16) -> TransactionResponse {
    let producer = TransactionCoordinator.Producer(
      transactionalID: request.transactionalID, id: request.producerID, epoch: request.producerEpoch)
    var response = TransactionResponse()
    response.errorCode =
      attempt(request.transactionalID, hasFencedCode: version >= 2) {
        try transactions.end(producer, isCommit: request.committed)
      }.rawValue
    return response
  }

  func commitOffsets(_ request: TxnOffsetCommitRequest) -> TxnOffsetCommitResponse {
    let producer = TransactionCoordinator.Producer(
      transactionalID: request.transactionalID, id: request.producerID, epoch: request.producerEpoch)
    var accepted: [TopicPartition: CommittedOffset] = [:]
    var refused: [TopicPartition: ErrorCode] = [:]
    let now = Clock.nowMilliseconds()
    for topic in request.topics {
      for partition in topic.partitions {
        let topicPartition = TopicPartition(topic.name, partition.index)
        let offset = CommittedOffset(
          offset: partition.committedOffset, leaderEpoch: partition.committedLeaderEpoch,
          metadata: partition.committedMetadata ?? "", timestamp: now)
        if let code = refusal(of: offset, topicPartition) {
          refused[topicPartition] = code
        } else {
          accepted[topicPartition] = offset
        }
      }
    }
    let code =
      memberRefusal(request)
      ?? attempt(request.transactionalID, hasFencedCode: false) {
        try transactions.add(accepted, ofGroup: request.groupID, producer)
      }
    var response = TxnOffsetCommitResponse()
    response.topics = request.topics.map { topic in
      Self.results(topic.name, topic.partitions.map(\.index)) { refused[TopicPartition(topic.name, $0)] ?? code }
    }
    return response
  }

  /// Producers that say on whose behalf they commit (version 3 and newer) are fenced with the group's members.
  private func memberRefusal(_ request: TxnOffsetCommitRequest) -> ErrorCode? {
    guard request.generationID >= 0 || !request.memberID.isEmpty else { return nil }
    var commit = OffsetCommitRequest()
    commit.groupID = request.groupID
    commit.generationID = request.generationID
    commit.memberID = request.memberID
    commit.groupInstanceID = request.groupInstanceID
    return groups.refusal(commit)
  }

  /// Runs a step of the coordinator. Clients that don't know PRODUCER_FENCED get the older code for it.
  private func attempt(_ id: String, hasFencedCode: Bool, _ body: () throws -> ErrorCode) -> ErrorCode {
    do {
      let code = try body()
      return code == .producerFenced && !hasFencedCode ? .invalidProducerEpoch : code
    } catch {
      Log.error("kafka", "transaction of \(id): \(error)")
      return .coordinatorNotAvailable
    }
  }

  private static func results(
    _ topic: String, _ partitions: [Int32], _ code: (Int32) -> ErrorCode
  ) -> PartitionResults {
    var results = PartitionResults()
    results.name = topic
    results.partitions = partitions.map { index in
      var partition = PartitionResults.Partition()
      partition.index = index
      partition.errorCode = code(index).rawValue
      return partition
    }
    return results
  }
}
