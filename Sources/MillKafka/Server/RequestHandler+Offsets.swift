import MillBase
import MillLog

extension RequestHandler {
  func listOffsets(_ request: ListOffsetsRequest) -> ListOffsetsResponse {
    var response = ListOffsetsResponse()
    response.topics = request.topics.map { topic in
      var answer = ListOffsetsResponse.Topic()
      answer.name = topic.name
      answer.partitions = topic.partitions.map {
        listOffset($0, topic.name, committed: request.isolationLevel == 1)
      }
      return answer
    }
    return response
  }

  private func listOffset(
    _ partition: ListOffsetsRequest.Partition, _ topic: String, committed: Bool
  ) -> ListOffsetsResponse.Partition {
    var answer = ListOffsetsResponse.Partition()
    answer.index = partition.index
    let topicPartition = TopicPartition(topic, partition.index)
    do {
      let offsets = try log.offsets(topicPartition)
      answer.leaderEpoch = 0
      switch partition.timestamp {
      case ListOffsetsRequest.Partition.latest:
        answer.offset = committed ? offsets.end : try log.highWatermark(topicPartition)
      case ListOffsetsRequest.Partition.earliest, ListOffsetsRequest.Partition.earliestLocal:
        answer.offset = offsets.start
      case ListOffsetsRequest.Partition.maxTimestamp:
        if let newest = try log.newestRecord(topicPartition, committed: committed) {
          (answer.offset, answer.timestamp) = newest
        }
      case ListOffsetsRequest.Partition.latestTiered, ListOffsetsRequest.Partition.earliestPendingUpload:
        answer.leaderEpoch = -1
      case 0...:
        let found = try log.offsetAndTimestamp(
          topicPartition, atOrAfter: partition.timestamp, committed: committed)
        if let found { (answer.offset, answer.timestamp) = found }
      default: answer.errorCode = ErrorCode.invalidRequest.rawValue
      }
    } catch { answer.errorCode = Self.code(error).rawValue }
    return answer
  }

  // MARK: Consumer groups' offsets

  func offsetCommit(_ request: OffsetCommitRequest) -> OffsetCommitResponse {
    var accepted: [TopicPartition: CommittedOffset] = [:]
    let now = Clock.nowMilliseconds()
    let refusal = request.groupID.isEmpty ? ErrorCode.invalidGroupID : groups.refusal(request)
    var response = OffsetCommitResponse()
    response.topics = request.topics.map { topic in
      var answer = OffsetCommitResponse.Topic()
      answer.name = topic.name
      answer.partitions = topic.partitions.map { partition in
        var result = OffsetCommitResponse.Partition()
        result.index = partition.index
        let topicPartition = TopicPartition(topic.name, partition.index)
        let offset = CommittedOffset(
          offset: partition.committedOffset, leaderEpoch: partition.committedLeaderEpoch,
          metadata: partition.committedMetadata ?? "", timestamp: now,
          expires: request.retentionTime < 0 ? nil : now + min(request.retentionTime, .max - now))
        if let code = refusal ?? self.refusal(of: offset, topicPartition) {
          result.errorCode = code.rawValue
        } else {
          accepted[topicPartition] = offset
        }
        return result
      }
      return answer
    }
    do { try log.commit(group: request.groupID, accepted, durable: false) } catch {
      Log.error("kafka", "offsets of group \(request.groupID): \(error)")
      for topic in response.topics.indices {
        for partition in response.topics[topic].partitions.indices {
          response.topics[topic].partitions[partition].errorCode = ErrorCode.coordinatorNotAvailable.rawValue
        }
      }
    }
    return response
  }

  /// Why the offset can't be committed, in a transaction or without one; nil when it can.
  func refusal(of offset: CommittedOffset, _ topicPartition: TopicPartition) -> ErrorCode? {
    if (try? log.offsets(topicPartition)) == nil { return .unknownTopicOrPartition }
    return offset.metadata.utf8.count > options.offsetMetadataMax ? .offsetMetadataTooLarge : nil
  }

  func offsetFetch(_ request: OffsetFetchRequest, version: Int16) -> OffsetFetchResponse {
    var response = OffsetFetchResponse()
    if version < 8 {
      response.topics = committed(request.groupID, request.topics, stable: request.requireStable)
    } else {
      response.groups = request.groups.map { group in
        var answer = OffsetFetchResponse.Group()
        answer.groupID = group.groupID
        answer.topics = committed(group.groupID, group.topics, stable: request.requireStable)
        return answer
      }
    }
    return response
  }

  /// −1 stands for no commit.
  ///
  /// - Parameter stable: refuse those that an open transaction may change.
  private func committed(
    _ group: String, _ topics: [TopicPartitions]?, stable: Bool
  ) -> [OffsetFetchResponse.Topic] {
    let pending = stable ? transactions.pendingOffsets(ofGroup: group) : []
    let all = log.committedOffsets(group: group)
    let wanted =
      topics
      ?? Dictionary(grouping: all.keys, by: \.topic).sorted { $0.key < $1.key }.map { name, partitions in
        var topic = TopicPartitions()
        topic.name = name
        topic.partitions = partitions.map(\.partition).sorted()
        return topic
      }
    return wanted.map { topic in
      var answer = OffsetFetchResponse.Topic()
      answer.name = topic.name
      answer.partitions = topic.partitions.map { index in
        var partition = OffsetFetchResponse.Partition()
        partition.index = index
        let topicPartition = TopicPartition(topic.name, index)
        if pending.contains(topicPartition) {
          partition.errorCode = ErrorCode.unstableOffsetCommit.rawValue
        } else if let offset = all[topicPartition] {
          partition.committedOffset = offset.offset
          partition.committedLeaderEpoch = offset.leaderEpoch
          partition.metadata = offset.metadata
        }
        return partition
      }
      return answer
    }
  }
}
