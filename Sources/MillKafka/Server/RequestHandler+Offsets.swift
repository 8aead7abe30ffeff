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
        if let newest = try log.newestRecord(topicPartition) { (answer.offset, answer.timestamp) = newest }
      case ListOffsetsRequest.Partition.latestTiered: answer.leaderEpoch = -1
      case 0...:
        if let found = try log.offsetAndTimestamp(topicPartition, atOrAfter: partition.timestamp) {
          (answer.offset, answer.timestamp) = found
        }
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
        let metadata = partition.committedMetadata ?? ""
        if let refusal {
          result.errorCode = refusal.rawValue
        } else if (try? log.offsets(topicPartition)) == nil {
          result.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
        } else if metadata.utf8.count > options.offsetMetadataMax {
          result.errorCode = ErrorCode.offsetMetadataTooLarge.rawValue
        } else {
          accepted[topicPartition] = CommittedOffset(
            offset: partition.committedOffset, leaderEpoch: partition.committedLeaderEpoch, metadata: metadata,
            timestamp: now)
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
