import MillBase
import MillLog

/// One partition that a fetch asks for.
struct FetchTarget: Sendable {
  /// The topic's name is empty when the id is not known.
  var partition: TopicPartition
  /// Zero when the topic was named.
  let id: TopicID
  var request: FetchRequest.Partition
  /// What a session's client knows of the partition; nil = it has to be told.
  var told: Told?

  struct Told: Equatable {
    let highWatermark: Int64
    let logStartOffset: Int64
  }
}

/// A fetch that found too little and waits for more.
struct FetchWait: Sendable {
  let targets: [FetchTarget]
  let session: FetchSessions.Role
  let minBytes: Int64
  let maxBytes: Int
  /// Isolation level read_committed.
  let isCommitted: Bool
  let version: Int16
  let correlationID: Int32
  /// Steady clock, nanoseconds.
  let deadline: UInt64

  func concerns(_ appended: Set<TopicPartition>) -> Bool { targets.contains { appended.contains($0.partition) } }
}

extension RequestHandler {
  /// The first version that gives topics by their ids.
  static let fetchByID: Int16 = 13

  func fetch(_ request: Request) throws -> Answer {
    let fetch = try request.read(FetchRequest.self)
    let now = Clock.steadyNanoseconds()
    let usesIDs = request.version >= Self.fetchByID
    let targets: [FetchTarget]
    let role: FetchSessions.Role
    switch sessions.begin(fetch, self.targets(fetch, usesIDs: usesIDs), usesIDs: usesIDs, now: now) {
    case .accepted(let given, let all):
      role = given
      targets = all.allSatisfy { !$0.partition.topic.isEmpty } ? all : all.map(named)
    case .refused(let code):
      var refusal = FetchResponse()
      refusal.errorCode = code.rawValue
      return .now(try request.reply(refusal))
    }
    let wait = FetchWait(
      targets: targets, session: role, minBytes: Int64(max(1, fetch.minBytes)),
      maxBytes: min(Int(max(0, fetch.maxBytes)), options.fetchSizeMax), isCommitted: fetch.isolationLevel == 1,
      version: request.version, correlationID: request.header.correlationID,
      deadline: now + UInt64(max(0, fetch.maxWait)) * 1_000_000)
    if let bytes = retry(wait, isDue: fetch.maxWait <= 0 || targets.isEmpty) { return .now(bytes) }
    return .wait(wait)
  }

  private func targets(_ fetch: FetchRequest, usesIDs: Bool) -> [FetchTarget] {
    var targets: [FetchTarget] = []
    for topic in fetch.topics {
      let name = usesIDs ? topicNames.name(topic.id, in: log) ?? "" : topic.name
      for partition in topic.partitions {
        targets.append(
          FetchTarget(partition: TopicPartition(name, partition.index), id: topic.id, request: partition))
      }
    }
    return targets
  }

  /// A session's topic that was not known may be by now.
  private func named(_ target: FetchTarget) -> FetchTarget {
    guard target.partition.topic.isEmpty, target.id != .zero, let name = topicNames.name(target.id, in: log) else {
      return target
    }
    var target = target
    target.partition = TopicPartition(name, target.partition.partition)
    return target
  }

  /// The answer, when there is enough for it or its time is up.
  func retry(_ wait: FetchWait, isDue: Bool) -> [UInt8]? {
    if !isDue, !isEnough(wait) { return nil }
    var response = FetchResponse()
    var room = wait.maxBytes
    var isFirst = true
    var read: [FetchSessions.Outcome] = []
    for target in wait.targets {
      let result = self.read(target, room: room, isFirst: isFirst, committed: wait.isCommitted)
      let count = result.records?.count ?? 0
      if count > 0 { isFirst = false }
      room -= count
      if wait.session != .none {
        let told = FetchTarget.Told(highWatermark: result.highWatermark, logStartOffset: result.logStartOffset)
        let isError = result.errorCode != 0
        read.append(.init(told: isError ? nil : told, hasRecords: count > 0))
        // What a session's client knows already is left out.
        if wait.session.isIncremental, !isError, count == 0, target.told == told { continue }
      }
      if response.topics.last.map({ $0.id != target.id || $0.name != target.partition.topic }) ?? true {
        var topic = FetchResponse.Topic()
        topic.name = target.partition.topic
        topic.id = target.id
        response.topics.append(topic)
      }
      response.topics[response.topics.count - 1].partitions.append(result)
    }
    if wait.session != .none {
      response.sessionID = sessions.finish(wait.session, wait.targets, read, now: Clock.steadyNanoseconds())
    }
    do {
      return try Self.frame(response, api: .fetch, version: wait.version, correlationID: wait.correlationID)
    } catch { preconditionFailure("writing to memory can't fail: \(error)") }
  }

  /// At least `minBytes` are there, or there is an error to tell.
  private func isEnough(_ wait: FetchWait) -> Bool {
    var count: Int64 = 0
    for target in wait.targets {
      let offset = target.request.fetchOffset
      guard idFlaw(target) == nil, let available = try? log.bytesAvailable(target.partition, from: offset),
        let stable = try? log.offsets(target.partition).end
      else {
        // What it is, reading it will say.
        return true
      }
      if !wait.isCommitted || offset < stable { count += available }
      if count >= wait.minBytes { return true }
    }
    return false
  }

  /// The topic of this id is gone, or there is another of its name.
  private func idFlaw(_ target: FetchTarget) -> ErrorCode? {
    if target.id == .zero { return target.partition.topic.isEmpty ? .unknownTopicID : nil }
    guard let current = log.topicID(target.partition.topic) else { return .unknownTopicID }
    return current == target.id ? nil : .inconsistentTopicID
  }

  private func read(_ target: FetchTarget, room: Int, isFirst: Bool, committed: Bool) -> FetchResponse.Partition {
    let topicPartition = target.partition
    var answer = FetchResponse.Partition()
    answer.index = topicPartition.partition
    answer.records = []
    if let code = idFlaw(target) {
      answer.errorCode = code.rawValue
      return answer
    }
    do {
      let offsets = try log.offsets(topicPartition)
      answer.highWatermark = try log.highWatermark(topicPartition)
      answer.lastStableOffset = offsets.end
      answer.logStartOffset = offsets.start
      let limit = min(Int(max(0, target.request.maxBytes)), room)
      guard limit > 0 || isFirst else { return answer }
      let stored = try log.readStored(
        topicPartition, from: target.request.fetchOffset, maxBytes: limit, committed: committed)
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
