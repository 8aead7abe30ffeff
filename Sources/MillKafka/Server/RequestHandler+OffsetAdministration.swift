import MillBase
import MillLog

/// Moving the start of partitions, and taking back what groups have committed.
extension RequestHandler {
  func deleteRecords(_ request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    var response = DeleteRecordsResponse()
    response.topics = request.topics.map { topic in
      var answer = DeleteRecordsResponse.Topic()
      answer.name = topic.name
      answer.partitions = topic.partitions.map { deleteRecords($0, topic.name) }
      return answer
    }
    return response
  }

  private func deleteRecords(
    _ partition: DeleteRecordsRequest.Partition, _ topic: String
  ) -> DeleteRecordsResponse.Partition {
    var answer = DeleteRecordsResponse.Partition()
    answer.index = partition.index
    // As Kafka: of a topic that is compacted only, records go by their keys.
    if let configuration = log.configuration(ofTopic: topic), !configuration.deletes {
      answer.errorCode = ErrorCode.policyViolation.rawValue
      return answer
    }
    let isEverything = partition.offset == DeleteRecordsRequest.Partition.everything
    do {
      answer.lowWatermark = try log.deleteRecords(
        TopicPartition(topic, partition.index), before: isEverything ? nil : partition.offset)
    } catch {
      answer.errorCode = Self.code(error).rawValue
      if Self.code(error) == .storageError { Log.error("kafka", "\(topic)-\(partition.index): \(error)") }
    }
    return answer
  }

  /// There is one leader and it never changes: its epoch is 0 and ends where the log does.
  func offsetForLeaderEpoch(_ request: OffsetForLeaderEpochRequest) -> OffsetForLeaderEpochResponse {
    var response = OffsetForLeaderEpochResponse()
    response.topics = request.topics.map { topic in
      var answer = OffsetForLeaderEpochResponse.Topic()
      answer.name = topic.name
      answer.partitions = topic.partitions.map { partition in
        var result = OffsetForLeaderEpochResponse.Partition()
        result.index = partition.index
        do {
          let end = try log.highWatermark(TopicPartition(topic.name, partition.index))
          if partition.currentLeaderEpoch > 0 {
            result.errorCode = ErrorCode.unknownLeaderEpoch.rawValue
          } else if partition.leaderEpoch == 0 {
            (result.leaderEpoch, result.endOffset) = (0, end)
          }
        } catch { result.errorCode = Self.code(error).rawValue }
        return result
      }
      return answer
    }
    return response
  }

  func offsetDelete(_ request: OffsetDeleteRequest) -> OffsetDeleteResponse {
    var response = OffsetDeleteResponse()
    func fail(_ code: ErrorCode) -> OffsetDeleteResponse {
      response.errorCode = code.rawValue
      return response
    }
    if request.groupID.isEmpty { return fail(.invalidGroupID) }
    let group = groups.groups()[request.groupID]
    if group == nil, log.committedOffsets(group: request.groupID).isEmpty { return fail(.groupIDNotFound) }
    var inUse: Set<String> = []
    if let group {
      // Nobody knows which topics the members have.
      guard let topics = group.subscribedTopics else { return fail(.nonEmptyGroup) }
      inUse = topics
    }
    var gone: [TopicPartition] = []
    response.topics = request.topics.map { topic in
      var answer = OffsetDeleteResponse.Topic()
      answer.name = topic.name
      answer.partitions = topic.partitions.map { index in
        var result = OffsetDeleteResponse.Partition()
        result.index = index
        let topicPartition = TopicPartition(topic.name, index)
        if (try? log.offsets(topicPartition)) == nil {
          result.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
        } else if inUse.contains(topic.name) {
          result.errorCode = ErrorCode.groupSubscribedToTopic.rawValue
        } else {
          gone.append(topicPartition)
        }
        return result
      }
      return answer
    }
    do { try log.deleteOffsets(group: request.groupID, gone) } catch {
      Log.error("kafka", "offsets of group \(request.groupID): \(error)")
      response.topics = []
      return fail(.coordinatorNotAvailable)
    }
    return response
  }

  /// Forgets offsets that nobody has used for `offsets.retention.minutes`. Runs by itself in the background.
  ///
  /// - Parameter now: milliseconds since 1970.
  func expireOffsets(now: Int64) {
    for name in log.rememberedGroups() {
      do {
        try groups.withUse(ofGroup: name) { use in
          if case .everything = use { return }
          let pending = transactions.pendingOffsets(ofGroup: name)
          let gone = try log.expireOffsets(
            group: name, retention: Int64(options.offsetsRetention.milliseconds), now: now
          ) { partition in
            if case .topics(let topics) = use, topics.contains(partition.topic) { return true }
            return pending.contains(partition)
          }
          if !gone.isEmpty { Log.info("kafka", "offsets of group \(name) have expired: \(gone)") }
        }
      } catch { Log.error("kafka", "offsets of group \(name): \(error)") }
    }
  }
}
