import MillBase
import MillLog

extension RequestHandler {
  /// What creating or changing a topic came to.
  static func outcome(_ error: any Error) -> (code: ErrorCode, message: String) {
    let message = (error as? MillError)?.message ?? "\(error)"
    guard let error = error as? MillError, error.code == .configuration else { return (code(error), message) }
    // Of what a configuration error can mean here, only keys of settings have a dot.
    return (error.place?.key == "topic" || error.message.contains("collides") ? .invalidTopic : .invalidConfig, message)
  }

  func createTopics(_ request: CreateTopicsRequest) -> CreateTopicsResponse {
    var response = CreateTopicsResponse()
    response.topics = request.topics.map { topic in
      var answer = CreateTopicsResponse.Topic()
      answer.name = topic.name
      do {
        let partitions = try partitionsWanted(topic)
        let configuration = Dictionary(
          topic.configs.compactMap { config in config.value.map { (config.name, $0) } }, uniquingKeysWith: { $1 })
        if request.validateOnly {
          try log.checkTopic(topic.name, partitions: partitions, configuration: configuration)
        } else {
          try log.createTopic(topic.name, partitions: partitions, configuration: configuration)
        }
        answer.id = log.topicID(topic.name) ?? .zero
        answer.partitions = Int32(partitions)
        answer.replicationFactor = 1
        answer.configs = configuration.sorted { $0.key < $1.key }.map { key, value in
          var config = CreateTopicsResponse.Config()
          config.name = key
          config.value = value
          config.source = DescribeConfigsResponse.Config.topicSource
          return config
        }
      } catch let refusal as Refusal {
        answer.errorCode = refusal.code.rawValue
        answer.errorMessage = refusal.message
      } catch {
        let outcome = Self.outcome(error)
        answer.errorCode = outcome.code.rawValue
        answer.errorMessage = outcome.message
      }
      return answer
    }
    return response
  }

  struct Refusal: Error {
    let code: ErrorCode
    let message: String
  }

  private func partitionsWanted(_ topic: CreateTopicsRequest.Topic) throws -> Int {
    if !topic.assignments.isEmpty {
      guard topic.assignments.allSatisfy({ $0.brokers == [Self.nodeID] }) else {
        throw Refusal(code: .invalidReplicaAssignment, message: "The only broker is \(Self.nodeID).")
      }
      return topic.assignments.count
    }
    guard topic.replicationFactor == 1 || topic.replicationFactor == -1 else {
      throw Refusal(
        code: .invalidReplicationFactor,
        message: "Unable to replicate the partition \(topic.replicationFactor) time(s): "
          + "The target replication factor of \(topic.replicationFactor) cannot be reached because only 1 broker(s) "
          + "are registered.")
    }
    return topic.partitions == -1 ? options.partitionsDefault : Int(topic.partitions)
  }

  func deleteTopics(_ request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    var targets = request.topics
    for name in request.names {
      var topic = DeleteTopicsRequest.Topic()
      topic.name = name
      targets.append(topic)
    }
    var response = DeleteTopicsResponse()
    response.responses = targets.map { target in
      var answer = DeleteTopicsResponse.Topic()
      answer.name = target.name ?? log.topicName(target.id)
      answer.id = target.name.flatMap { log.topicID($0) } ?? target.id
      guard let name = answer.name else {
        answer.errorCode = ErrorCode.unknownTopicID.rawValue
        answer.errorMessage = "This server does not host this topic ID."
        return answer
      }
      do { try log.deleteTopic(name) } catch {
        answer.errorCode = Self.code(error).rawValue
        answer.errorMessage = (error as? MillError)?.message ?? "\(error)"
      }
      return answer
    }
    return response
  }

  func createPartitions(_ request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    var response = CreatePartitionsResponse()
    response.results = request.topics.map { topic in
      var answer = CreatePartitionsResponse.Result()
      answer.name = topic.name
      do {
        if !request.validateOnly { try log.createPartitions(topic.name, count: Int(topic.count)) }
      } catch {
        let outcome = Self.outcome(error)
        answer.errorCode = outcome.code.rawValue
        answer.errorMessage = outcome.message
      }
      return answer
    }
    return response
  }
}
