import MillBase
import MillLog

extension RequestHandler {
  private var broker: BrokerAddress {
    var broker = BrokerAddress()
    broker.nodeID = Self.nodeID
    broker.host = advertised.host
    broker.port = Int32(advertised.port)
    return broker
  }

  func metadata(_ request: MetadataRequest, version: Int16) throws -> MetadataResponse {
    var response = MetadataResponse()
    response.brokers = [broker]
    response.clusterID = log.clusterID
    response.controllerID = Self.nodeID
    let isAll = request.topics == nil || version == 0 && request.topics?.isEmpty == true
    if isAll {
      response.topics = try log.topics().map { describe($0) }
    } else {
      response.topics = (request.topics ?? []).map { topic in
        guard topic.id == .zero || topic.name != nil && topic.name != "" else { return describe(id: topic.id) }
        return describe(name: topic.name ?? "", create: request.allowAutoTopicCreation)
      }
    }
    return response
  }

  private func describe(id: TopicID) -> MetadataResponse.Topic {
    guard let name = log.topicName(id) else {
      var answer = MetadataResponse.Topic()
      answer.id = id
      answer.errorCode = ErrorCode.unknownTopicID.rawValue
      return answer
    }
    return describe(name: name, create: false)
  }

  private func describe(name: String, create: Bool) -> MetadataResponse.Topic {
    var failure = ErrorCode.unknownTopicOrPartition
    do {
      if let topic = try log.topic(name) { return describe(topic) }
      if create, options.autoCreateTopics {
        try log.createTopic(name, partitions: options.partitionsDefault, configuration: [:])
        if let topic = try log.topic(name) { return describe(topic) }
      }
    } catch let error as MillError where error.code == .topicExists {
      // Another client was faster; the next metadata request tells.
    } catch let error as MillError where error.code == .configuration {
      failure = .invalidTopic
    } catch {
      Log.error("kafka", "topic \(name): \(error)")
      failure = Self.code(error)
    }
    var answer = MetadataResponse.Topic()
    answer.name = name
    answer.errorCode = failure.rawValue
    return answer
  }

  private func describe(_ topic: TopicDescription) -> MetadataResponse.Topic {
    var answer = MetadataResponse.Topic()
    answer.name = topic.name
    answer.id = log.topicID(topic.name) ?? .zero
    answer.partitions = (0..<topic.partitions).map { number in
      var partition = MetadataResponse.Partition()
      partition.index = Int32(number)
      partition.leaderID = Self.nodeID
      partition.replicas = [Self.nodeID]
      partition.inSyncReplicas = [Self.nodeID]
      return partition
    }
    return answer
  }

  func describeCluster(_ request: DescribeClusterRequest) -> DescribeClusterResponse {
    var response = DescribeClusterResponse()
    response.clusterID = log.clusterID
    response.controllerID = Self.nodeID
    var broker = DescribeClusterResponse.Broker()
    broker.brokerID = Self.nodeID
    broker.host = advertised.host
    broker.port = Int32(advertised.port)
    response.brokers = [broker]
    return response
  }

  func findCoordinator(_ request: FindCoordinatorRequest, version: Int16) -> FindCoordinatorResponse {
    var response = FindCoordinatorResponse()
    response.nodeID = Self.nodeID
    response.host = advertised.host
    response.port = Int32(advertised.port)
    // Groups and transactional ids.
    if request.keyType != 0, request.keyType != 1 {
      response.errorCode = ErrorCode.invalidRequest.rawValue
      response.errorMessage = "key type \(request.keyType) is not served"
    }
    response.coordinators = request.coordinatorKeys.map { key in
      var coordinator = FindCoordinatorResponse.Coordinator()
      coordinator.key = key
      coordinator.nodeID = Self.nodeID
      coordinator.host = advertised.host
      coordinator.port = Int32(advertised.port)
      coordinator.errorCode = response.errorCode
      coordinator.errorMessage = response.errorMessage
      return coordinator
    }
    return response
  }
}
