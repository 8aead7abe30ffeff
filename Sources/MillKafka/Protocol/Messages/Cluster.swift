import MillLog

public struct ApiVersionsRequest: ProtocolStruct {
  public var clientSoftwareName = ""
  public var clientSoftwareVersion = ""
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("ClientSoftwareName", &clientSoftwareName, 3...)
    try v.string("ClientSoftwareVersion", &clientSoftwareVersion, 3...)
  }
}

public struct ApiVersionsResponse: ProtocolStruct {
  public var errorCode: Int16 = 0
  public var apiKeys: [Range] = []
  public var throttleTime: Int32 = 0
  public var supportedFeatures: [SupportedFeature]?
  public var finalizedFeaturesEpoch: Int64?
  public var finalizedFeatures: [FinalizedFeature]?
  public var zkMigrationReady: Bool?
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int16("ErrorCode", &errorCode)
    try v.array("ApiKeys", &apiKeys)
    try v.int32("ThrottleTimeMs", &throttleTime, 1...)
    try v.tagged(0, "SupportedFeatures", &supportedFeatures, 3...)
    try v.tagged(1, "FinalizedFeaturesEpoch", &finalizedFeaturesEpoch, 3..., -1) {
      try $0.int64("FinalizedFeaturesEpoch", &$1)
    }
    try v.tagged(2, "FinalizedFeatures", &finalizedFeatures, 3...)
    try v.tagged(3, "ZkMigrationReady", &zkMigrationReady, 3..., false) { try $0.bool("ZkMigrationReady", &$1) }
  }

  public struct SupportedFeature: ProtocolStruct {
    public var name = ""
    public var minVersion: Int16 = 0
    public var maxVersion: Int16 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.int16("MinVersion", &minVersion)
      try v.int16("MaxVersion", &maxVersion)
    }
  }

  public struct FinalizedFeature: ProtocolStruct {
    public var name = ""
    public var maxVersionLevel: Int16 = 0
    public var minVersionLevel: Int16 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.int16("MaxVersionLevel", &maxVersionLevel)
      try v.int16("MinVersionLevel", &minVersionLevel)
    }
  }

  public struct Range: ProtocolStruct {
    public var apiKey: Int16 = 0
    public var minVersion: Int16 = 0
    public var maxVersion: Int16 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int16("ApiKey", &apiKey)
      try v.int16("MinVersion", &minVersion)
      try v.int16("MaxVersion", &maxVersion)
    }
  }
}

public struct MetadataRequest: ProtocolStruct {
  /// nil = all topics; in version 0 an empty list means that.
  public var topics: [Topic]?
  public var allowAutoTopicCreation = true
  public var includeClusterAuthorizedOperations = false
  public var includeTopicAuthorizedOperations = false
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.nullableArray("Topics", &topics, 0..., null: 1...)
    try v.bool("AllowAutoTopicCreation", &allowAutoTopicCreation, 4...)
    try v.bool("IncludeClusterAuthorizedOperations", &includeClusterAuthorizedOperations, 8...10)
    try v.bool("IncludeTopicAuthorizedOperations", &includeTopicAuthorizedOperations, 8...)
  }

  public struct Topic: ProtocolStruct {
    public var id = TopicID.zero
    public var name: String? = ""
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.uuid("TopicId", &id, 10...)
      try v.nullableString("Name", &name, 0..., null: 10...)
    }
  }
}

/// A broker as Metadata and DescribeCluster name it.
public struct BrokerAddress: ProtocolStruct {
  public var nodeID: Int32 = 0
  public var host = ""
  public var port: Int32 = 0
  public var rack: String?
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("NodeId", &nodeID)
    try v.string("Host", &host)
    try v.int32("Port", &port)
    try v.nullableString("Rack", &rack, 1...)
  }
}

public struct MetadataResponse: ProtocolStruct {
  /// No answer to the question what a client may do: there are no permissions.
  static let operationsUnknown = Int32.min

  public var throttleTime: Int32 = 0
  public var brokers: [BrokerAddress] = []
  public var clusterID: String?
  public var controllerID: Int32 = 0
  public var topics: [Topic] = []
  public var clusterAuthorizedOperations = operationsUnknown
  public var errorCode: Int16 = 0
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 3...)
    try v.array("Brokers", &brokers)
    try v.nullableString("ClusterId", &clusterID, 2...)
    try v.int32("ControllerId", &controllerID, 1...)
    try v.array("Topics", &topics)
    try v.int32("ClusterAuthorizedOperations", &clusterAuthorizedOperations, 8...10)
    try v.int16("ErrorCode", &errorCode, 13...)
  }

  public struct Topic: ProtocolStruct {
    public var errorCode: Int16 = 0
    public var name: String? = ""
    public var id = TopicID.zero
    public var isInternal = false
    public var partitions: [Partition] = []
    public var topicAuthorizedOperations = operationsUnknown
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int16("ErrorCode", &errorCode)
      try v.nullableString("Name", &name, 0..., null: 12...)
      try v.uuid("TopicId", &id, 10...)
      try v.bool("IsInternal", &isInternal, 1...)
      try v.array("Partitions", &partitions)
      try v.int32("TopicAuthorizedOperations", &topicAuthorizedOperations, 8...)
    }
  }

  public struct Partition: ProtocolStruct {
    public var errorCode: Int16 = 0
    public var index: Int32 = 0
    public var leaderID: Int32 = 0
    public var leaderEpoch: Int32 = 0
    public var replicas: [Int32] = []
    public var inSyncReplicas: [Int32] = []
    public var offlineReplicas: [Int32] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int16("ErrorCode", &errorCode)
      try v.int32("PartitionIndex", &index)
      try v.int32("LeaderId", &leaderID)
      try v.int32("LeaderEpoch", &leaderEpoch, 7...)
      try v.int32s("ReplicaNodes", &replicas)
      try v.int32s("IsrNodes", &inSyncReplicas)
      try v.int32s("OfflineReplicas", &offlineReplicas, 5...)
    }
  }
}

public struct DescribeClusterRequest: ProtocolStruct {
  public var includeClusterAuthorizedOperations = false
  public var endpointType: Int8 = 1
  public var includeFencedBrokers = false
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.bool("IncludeClusterAuthorizedOperations", &includeClusterAuthorizedOperations)
    try v.int8("EndpointType", &endpointType, 1...)
    try v.bool("IncludeFencedBrokers", &includeFencedBrokers, 2...)
  }
}

public struct DescribeClusterResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var errorCode: Int16 = 0
  public var errorMessage: String?
  public var endpointType: Int8 = 1
  public var clusterID = ""
  public var controllerID: Int32 = 0
  public var brokers: [Broker] = []
  public var clusterAuthorizedOperations = MetadataResponse.operationsUnknown
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime)
    try v.int16("ErrorCode", &errorCode)
    try v.nullableString("ErrorMessage", &errorMessage)
    try v.int8("EndpointType", &endpointType, 1...)
    try v.string("ClusterId", &clusterID)
    try v.int32("ControllerId", &controllerID)
    try v.array("Brokers", &brokers)
    try v.int32("ClusterAuthorizedOperations", &clusterAuthorizedOperations)
  }

  public struct Broker: ProtocolStruct {
    public var brokerID: Int32 = 0
    public var host = ""
    public var port: Int32 = 0
    public var rack: String?
    public var isFenced = false
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("BrokerId", &brokerID)
      try v.string("Host", &host)
      try v.int32("Port", &port)
      try v.nullableString("Rack", &rack)
      try v.bool("IsFenced", &isFenced, 2...)
    }
  }
}

public struct InitProducerIDRequest: ProtocolStruct {
  public var transactionalID: String?
  public var transactionTimeout: Int32 = 0
  public var producerID: Int64 = -1
  public var producerEpoch: Int16 = -1
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.nullableString("TransactionalId", &transactionalID)
    try v.int32("TransactionTimeoutMs", &transactionTimeout)
    try v.int64("ProducerId", &producerID, 3...)
    try v.int16("ProducerEpoch", &producerEpoch, 3...)
  }
}

public struct InitProducerIDResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var errorCode: Int16 = 0
  public var producerID: Int64 = -1
  public var producerEpoch: Int16 = 0
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime)
    try v.int16("ErrorCode", &errorCode)
    try v.int64("ProducerId", &producerID)
    try v.int16("ProducerEpoch", &producerEpoch)
  }
}
