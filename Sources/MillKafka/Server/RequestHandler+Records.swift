import MillBase
import MillLog

/// A fetch that found too little and waits for more.
struct FetchWait: Sendable {
  let request: FetchRequest
  let version: Int16
  let correlationID: Int32
  /// Steady clock, nanoseconds.
  let deadline: UInt64

  func concerns(_ appended: Set<TopicPartition>) -> Bool {
    request.topics.contains { topic in
      topic.partitions.contains { appended.contains(TopicPartition(topic.name, $0.index)) }
    }
  }
}

extension RequestHandler {
  // MARK: Produce

  func produce(_ request: Request) throws -> Answer {
    let produce = try request.read(ProduceRequest.self)
    var response = ProduceResponse()
    var failure: String?
    for topic in produce.topics {
      var answer = ProduceResponse.Topic()
      answer.name = topic.name
      for partition in topic.partitions {
        let result = append(partition, topic.name, produce)
        if result.errorCode != 0 { failure = "\(topic.name)-\(partition.index): \(result.errorMessage ?? "")" }
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

  private func append(
    _ partition: ProduceRequest.Partition, _ topic: String, _ request: ProduceRequest
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
      if let (code, message) = try append(Array(records), to: topicPartition, request.transactionalID, &answer) {
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
  private func append(
    _ batch: [UInt8], to partition: TopicPartition, _ transactionalID: String?,
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
    let code = try transactions.append(producer, to: partition) {
      (answer.baseOffset, answer.logAppendTime) = try log.appendStored(batch, to: partition)
    }
    return code == .none ? nil : (code, "\(transactionalID) has no open transaction with \(partition) in this epoch")
  }

  // MARK: Fetch

  func fetch(_ request: Request) throws -> Answer {
    let fetch = try request.read(FetchRequest.self)
    // Sessions are an optimisation of clusters: every fetch is a full one here, which clients accept.
    if fetch.sessionID != 0 {
      var refusal = FetchResponse()
      refusal.errorCode = ErrorCode.fetchSessionIDNotFound.rawValue
      return .now(try request.reply(refusal))
    }
    let wait = FetchWait(
      request: fetch, version: request.version, correlationID: request.header.correlationID,
      deadline: Clock.steadyNanoseconds() + UInt64(max(0, fetch.maxWait)) * 1_000_000)
    if let bytes = retry(wait, isDue: fetch.maxWait <= 0 || fetch.topics.isEmpty) { return .now(bytes) }
    return .wait(wait)
  }

  /// The answer, when there is enough for it or its time is up.
  func retry(_ wait: FetchWait, isDue: Bool) -> [UInt8]? {
    let fetch = wait.request
    if !isDue, !isEnough(fetch) { return nil }
    var response = FetchResponse()
    var room = min(Int(max(0, fetch.maxBytes)), options.fetchSizeMax)
    var isFirst = true
    for topic in fetch.topics {
      var answer = FetchResponse.Topic()
      answer.name = topic.name
      for partition in topic.partitions {
        let result = read(
          partition, topic.name, room: room, isFirst: isFirst, committed: fetch.isolationLevel == 1)
        let count = result.records?.count ?? 0
        if count > 0 { isFirst = false }
        room -= count
        answer.partitions.append(result)
      }
      response.topics.append(answer)
    }
    do {
      return try Self.frame(response, api: .fetch, version: wait.version, correlationID: wait.correlationID)
    } catch { preconditionFailure("writing to memory can't fail: \(error)") }
  }

  /// At least `minBytes` are there, or there is an error to tell.
  private func isEnough(_ fetch: FetchRequest) -> Bool {
    var count: Int64 = 0
    for topic in fetch.topics {
      for partition in topic.partitions {
        let topicPartition = TopicPartition(topic.name, partition.index)
        guard let available = try? log.bytesAvailable(topicPartition, from: partition.fetchOffset),
          let stable = try? log.offsets(topicPartition).end
        else {
          // What it is, reading it will say.
          return true
        }
        if fetch.isolationLevel == 0 || partition.fetchOffset < stable { count += available }
        if count >= Int64(max(1, fetch.minBytes)) { return true }
      }
    }
    return false
  }

  private func read(
    _ partition: FetchRequest.Partition, _ topic: String, room: Int, isFirst: Bool, committed: Bool
  ) -> FetchResponse.Partition {
    var answer = FetchResponse.Partition()
    answer.index = partition.index
    answer.records = []
    let topicPartition = TopicPartition(topic, partition.index)
    do {
      let offsets = try log.offsets(topicPartition)
      answer.highWatermark = try log.highWatermark(topicPartition)
      answer.lastStableOffset = offsets.end
      answer.logStartOffset = offsets.start
      let limit = min(Int(max(0, partition.maxBytes)), room)
      guard limit > 0 || isFirst else { return answer }
      let stored = try log.readStored(
        topicPartition, from: partition.fetchOffset, maxBytes: limit, committed: committed)
      // One batch goes out however large it is, so that a consumer never stands still; but only one.
      if stored.bytes.count <= limit || isFirst { answer.records = stored.bytes[...] }
      if committed {
        answer.abortedTransactions = stored.aborted.map { transaction in
          var aborted = FetchResponse.AbortedTransaction()
          aborted.producerID = transaction.producerID
          aborted.firstOffset = transaction.firstOffset
          return aborted
        }
      }
    } catch {
      answer.errorCode = Self.code(error).rawValue
      if Self.code(error) == .storageError { Log.error("kafka", "\(topicPartition): \(error)") }
    }
    return answer
  }
}
