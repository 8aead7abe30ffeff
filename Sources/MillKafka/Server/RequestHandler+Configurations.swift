import MillBase
import MillLog

/// Settings of topics and of the broker, asked for and changed.
extension RequestHandler {
  func describeConfigs(_ request: DescribeConfigsRequest) -> DescribeConfigsResponse {
    var response = DescribeConfigsResponse()
    response.results = request.resources.map { resource in
      var answer = DescribeConfigsResponse.Result()
      answer.type = resource.type
      answer.name = resource.name
      switch resource.type {
      case DescribeConfigsRequest.Resource.topicType:
        guard let configuration = log.configuration(ofTopic: resource.name) else {
          answer.errorCode = ErrorCode.unknownTopicOrPartition.rawValue
          return answer
        }
        answer.configs = TopicConfiguration.keys.filter { resource.keys?.contains($0.name) ?? true }.map {
          describe($0, configuration, withDocumentation: request.includeDocumentation)
        }
      case DescribeConfigsRequest.Resource.brokerType:
        guard resource.name.isEmpty || resource.name == String(Self.nodeID) else {
          answer.errorCode = ErrorCode.invalidRequest.rawValue
          answer.errorMessage =
            "Unexpected broker id, expected \(Self.nodeID) or empty string, but got \(resource.name)"
          return answer
        }
        answer.configs = brokerConfigs().filter { resource.keys?.contains($0.name) ?? true }
      default:
        answer.errorCode = ErrorCode.invalidRequest.rawValue
        answer.errorMessage = "resource type \(resource.type): topics (2) and brokers (4) have configurations"
      }
      return answer
    }
    return response
  }

  private func describe(
    _ key: TopicConfiguration.Key, _ configuration: TopicConfiguration, withDocumentation: Bool
  ) -> DescribeConfigsResponse.Config {
    var config = DescribeConfigsResponse.Config()
    let value = configuration.value(key.name)!
    config.name = key.name
    config.value = value.text
    config.isDefault = value.source != .topic
    config.source =
      switch value.source {
      case .topic: DescribeConfigsResponse.Config.topicSource
      case .broker: DescribeConfigsResponse.Config.brokerSource
      case .nobody: DescribeConfigsResponse.Config.defaultSource
      }
    // Kafka's types: 2 text, 5 long, 6 double, 7 list.
    config.type =
      switch key.kind {
      case .integer: 5
      case .fraction: 6
      case .choice: 2
      case .list: 7
      }
    if withDocumentation { config.documentation = key.documentation }
    return config
  }

  private func brokerConfigs() -> [DescribeConfigsResponse.Config] {
    let defaults = log.topicDefaults
    let ofTopics = BrokerTopicSetting.all.map { setting in
      let isSet = setting.names.contains { options.configured.contains($0.name) }
      return (setting.names[0].name, defaults.value(setting.topicName)!.text, isSet)
    }
    let own = [
      ("auto.create.topics.enable", String(options.autoCreateTopics)),
      ("broker.id", String(Self.nodeID)),
      ("connections.max.idle.ms", Self.milliseconds(options.idleMax)),
      ("fetch.max.bytes", String(options.fetchSizeMax)),
      ("log.dirs", log.directory),
      ("log.cleaner.backoff.ms", Self.milliseconds(log.options.cleanerBackoff)),
      ("log.flush.offset.checkpoint.interval.ms", Self.milliseconds(log.options.checkpointInterval)),
      ("log.retention.check.interval.ms", Self.milliseconds(log.options.retentionCheckInterval)),
      ("max.connections", String(options.connectionsMax)),
      ("max.incremental.fetch.session.cache.slots", String(options.fetchSessionsMax)),
      ("num.network.threads", String(options.loops)),
      ("num.partitions", String(options.partitionsDefault)),
      ("offset.metadata.max.bytes", String(options.offsetMetadataMax)),
      ("offsets.retention.check.interval.ms", Self.milliseconds(options.offsetsRetentionCheckInterval)),
      ("offsets.retention.minutes", String(options.offsetsRetention.milliseconds / 60_000)),
      ("queued.max.request.bytes", String(options.requestMemoryMax)),
      ("socket.request.max.bytes", String(options.requestSizeMax)),
    ]
    .map { name, value in (name, value, options.configured.contains(name)) }
    return (own + ofTopics).sorted { $0.0 < $1.0 }.map { name, value, isSet in
      var config = DescribeConfigsResponse.Config()
      config.name = name
      config.value = value
      config.isReadOnly = true
      config.isDefault = !isSet
      config.source =
        isSet ? DescribeConfigsResponse.Config.brokerSource : DescribeConfigsResponse.Config.defaultSource
      config.type = Int64(value) == nil ? 2 : 5
      return config
    }
  }

  private static func milliseconds(_ duration: Duration) -> String {
    let parts = duration.components
    return String(parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000)
  }

  // MARK: Changing them

  func alterConfigs(_ request: AlterConfigsRequest) -> AlterConfigsResponse {
    var response = AlterConfigsResponse()
    response.responses = request.resources.map { resource in
      alter(resource.type, resource.name, resource.configs.map(\.name), request.validateOnly) { _ in
        try Dictionary(uniqueKeysWithValues: resource.configs.map { ($0.name, try Self.given($0.value, $0.name)) })
      }
    }
    return response
  }

  func incrementalAlterConfigs(_ request: IncrementalAlterConfigsRequest) -> AlterConfigsResponse {
    var response = AlterConfigsResponse()
    response.responses = request.resources.map { resource in
      alter(resource.type, resource.name, resource.configs.map(\.name), request.validateOnly) { overrides in
        var overrides = overrides
        for config in resource.configs { try apply(config, to: &overrides) }
        return overrides
      }
    }
    return response
  }

  private func apply(
    _ config: IncrementalAlterConfigsRequest.Config, to overrides: inout [String: String]
  ) throws {
    switch config.operation {
    case IncrementalAlterConfigsRequest.Config.set:
      overrides[config.name] = try Self.given(config.value, config.name)
    case IncrementalAlterConfigsRequest.Config.delete: overrides[config.name] = nil
    case IncrementalAlterConfigsRequest.Config.append, IncrementalAlterConfigsRequest.Config.subtract:
      guard let key = TopicConfiguration.keys.first(where: { $0.name == config.name }), case .list = key.kind else {
        throw Refusal(
          code: .invalidConfig, message: "Can't append to or subtract from \(config.name): it is not a list.")
      }
      let given = TopicConfiguration.items(try Self.given(config.value, config.name))
      var items = TopicConfiguration.items(overrides[config.name] ?? log.topicDefaults.value(config.name)!.text)
      items.removeAll(where: given.contains)
      if config.operation == IncrementalAlterConfigsRequest.Config.append { items += given }
      overrides[config.name] = items.joined(separator: ",")
    default:
      throw Refusal(code: .invalidRequest, message: "config operation \(config.operation): 0 to 3 are known")
    }
  }

  private static func given(_ value: String?, _ name: String) throws -> String {
    guard let value else { throw Refusal(code: .invalidRequest, message: "Null value not supported for \(name).") }
    return value
  }

  private func alter(
    _ type: Int8, _ name: String, _ keys: [String], _ validateOnly: Bool,
    _ change: ([String: String]) throws -> [String: String]
  ) -> AlterConfigsResponse.Result {
    var answer = AlterConfigsResponse.Result()
    answer.type = type
    answer.name = name
    do {
      guard type == DescribeConfigsRequest.Resource.topicType else {
        throw Refusal(
          code: .invalidRequest,
          message: "only settings of topics (resource type 2) can be changed; the broker's stand in its configuration")
      }
      guard Set(keys).count == keys.count else {
        throw Refusal(code: .invalidRequest, message: "Error due to duplicate config keys.")
      }
      try log.alterTopic(name, validateOnly: validateOnly, change)
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
}
