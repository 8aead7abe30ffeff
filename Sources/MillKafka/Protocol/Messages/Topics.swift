import MillLog

public struct CreateTopicsRequest: ProtocolStruct {
  public var topics: [Topic] = []
  public var timeout: Int32 = 60_000
  public var validateOnly = false
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.array("Topics", &topics)
    try v.int32("timeoutMs", &timeout)
    try v.bool("validateOnly", &validateOnly, 1...)
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var partitions: Int32 = 0
    public var replicationFactor: Int16 = 0
    public var assignments: [Assignment] = []
    public var configs: [Config] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.int32("NumPartitions", &partitions)
      try v.int16("ReplicationFactor", &replicationFactor)
      try v.array("Assignments", &assignments)
      try v.array("Configs", &configs)
    }
  }

  public struct Assignment: ProtocolStruct {
    public var partition: Int32 = 0
    public var brokers: [Int32] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("PartitionIndex", &partition)
      try v.int32s("BrokerIds", &brokers)
    }
  }

  public struct Config: ProtocolStruct {
    public var name = ""
    public var value: String?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.nullableString("Value", &value)
    }
  }
}

public struct CreateTopicsResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var topics: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 2...)
    try v.array("Topics", &topics)
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var id = TopicID.zero
    public var errorCode: Int16 = 0
    public var errorMessage: String?
    public var partitions: Int32 = -1
    public var replicationFactor: Int16 = -1
    public var configs: [Config]? = []
    public var configsErrorCode: Int16?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.uuid("TopicId", &id, 7...)
      try v.int16("ErrorCode", &errorCode)
      try v.nullableString("ErrorMessage", &errorMessage, 1...)
      try v.int32("NumPartitions", &partitions, 5...)
      try v.int16("ReplicationFactor", &replicationFactor, 5...)
      try v.nullableArray("Configs", &configs, 5...)
      try v.tagged(0, "TopicConfigErrorCode", &configsErrorCode, 5..., 0) { try $0.int16("TopicConfigErrorCode", &$1) }
    }
  }

  public struct Config: ProtocolStruct {
    public var name = ""
    public var value: String?
    public var isReadOnly = false
    public var source: Int8 = 0
    public var isSensitive = false
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.nullableString("Value", &value)
      try v.bool("ReadOnly", &isReadOnly)
      try v.int8("ConfigSource", &source)
      try v.bool("IsSensitive", &isSensitive)
    }
  }
}

public struct DeleteTopicsRequest: ProtocolStruct {
  public var topics: [Topic] = []
  public var names: [String] = []
  public var timeout: Int32 = 60_000
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.array("Topics", &topics, 6...)
    try v.strings("TopicNames", &names, 0...5)
    try v.int32("TimeoutMs", &timeout)
  }

  public struct Topic: ProtocolStruct {
    public var name: String?
    public var id = TopicID.zero
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.nullableString("Name", &name)
      try v.uuid("TopicId", &id, 0...)
    }
  }
}

public struct DeleteTopicsResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var responses: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 1...)
    try v.array("Responses", &responses)
  }

  public struct Topic: ProtocolStruct {
    public var name: String? = ""
    public var id = TopicID.zero
    public var errorCode: Int16 = 0
    public var errorMessage: String?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.nullableString("Name", &name, 0..., null: 6...)
      try v.uuid("TopicId", &id, 6...)
      try v.int16("ErrorCode", &errorCode)
      try v.nullableString("ErrorMessage", &errorMessage, 5...)
    }
  }
}

public struct CreatePartitionsRequest: ProtocolStruct {
  public var topics: [Topic] = []
  public var timeout: Int32 = 60_000
  public var validateOnly = false
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.array("Topics", &topics)
    try v.int32("TimeoutMs", &timeout)
    try v.bool("ValidateOnly", &validateOnly)
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var count: Int32 = 0
    public var assignments: [Assignment]?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.int32("Count", &count)
      try v.nullableArray("Assignments", &assignments)
    }
  }

  public struct Assignment: ProtocolStruct {
    public var brokers: [Int32] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws { try v.int32s("BrokerIds", &brokers) }
  }
}

public struct CreatePartitionsResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var results: [Result] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime)
    try v.array("Results", &results)
  }

  public struct Result: ProtocolStruct {
    public var name = ""
    public var errorCode: Int16 = 0
    public var errorMessage: String?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.int16("ErrorCode", &errorCode)
      try v.nullableString("ErrorMessage", &errorMessage)
    }
  }
}

public struct DescribeConfigsRequest: ProtocolStruct {
  public var resources: [Resource] = []
  public var includeSynonyms = false
  public var includeDocumentation = false
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.array("Resources", &resources)
    try v.bool("IncludeSynonyms", &includeSynonyms, 1...)
    try v.bool("IncludeDocumentation", &includeDocumentation, 3...)
  }

  public struct Resource: ProtocolStruct {
    static let topicType: Int8 = 2
    static let brokerType: Int8 = 4

    public var type: Int8 = 0
    public var name = ""
    /// nil = all.
    public var keys: [String]?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int8("ResourceType", &type)
      try v.string("ResourceName", &name)
      try v.nullableStrings("ConfigurationKeys", &keys)
    }
  }
}

public struct DescribeConfigsResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var results: [Result] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime)
    try v.array("Results", &results)
  }

  public struct Result: ProtocolStruct {
    public var errorCode: Int16 = 0
    public var errorMessage: String?
    public var type: Int8 = 0
    public var name = ""
    public var configs: [Config] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int16("ErrorCode", &errorCode)
      try v.nullableString("ErrorMessage", &errorMessage)
      try v.int8("ResourceType", &type)
      try v.string("ResourceName", &name)
      try v.array("Configs", &configs)
    }
  }

  public struct Config: ProtocolStruct {
    // Kafka's DescribeConfigsResponse.ConfigSource.
    static let topicSource: Int8 = 1
    static let brokerSource: Int8 = 4
    static let defaultSource: Int8 = 5

    public var name = ""
    public var value: String?
    public var isReadOnly = false
    public var isDefault = false
    public var source: Int8 = -1
    public var isSensitive = false
    public var synonyms: [Synonym] = []
    public var type: Int8 = 0
    public var documentation: String?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.nullableString("Value", &value)
      try v.bool("ReadOnly", &isReadOnly)
      try v.bool("IsDefault", &isDefault, 0...0)
      try v.int8("ConfigSource", &source, 1...)
      try v.bool("IsSensitive", &isSensitive)
      try v.array("Synonyms", &synonyms, 1...)
      try v.int8("ConfigType", &type, 3...)
      try v.nullableString("Documentation", &documentation, 3...)
    }
  }

  public struct Synonym: ProtocolStruct {
    public var name = ""
    public var value: String?
    public var source: Int8 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.nullableString("Value", &value)
      try v.int8("Source", &source)
    }
  }
}
