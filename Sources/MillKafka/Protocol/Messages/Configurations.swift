/// New settings of topics, all of them: what is not named goes back to its default.
public struct AlterConfigsRequest: ProtocolStruct {
  public var resources: [Resource] = []
  public var validateOnly = false
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.array("Resources", &resources)
    try v.bool("ValidateOnly", &validateOnly)
  }

  public struct Resource: ProtocolStruct {
    public var type: Int8 = 0
    public var name = ""
    public var configs: [Config] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int8("ResourceType", &type)
      try v.string("ResourceName", &name)
      try v.array("Configs", &configs)
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

/// Some settings of topics; the others stay as they are.
public struct IncrementalAlterConfigsRequest: ProtocolStruct {
  public var resources: [Resource] = []
  public var validateOnly = false
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.array("Resources", &resources)
    try v.bool("ValidateOnly", &validateOnly)
  }

  public struct Resource: ProtocolStruct {
    public var type: Int8 = 0
    public var name = ""
    public var configs: [Config] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int8("ResourceType", &type)
      try v.string("ResourceName", &name)
      try v.array("Configs", &configs)
    }
  }

  public struct Config: ProtocolStruct {
    static let set: Int8 = 0
    static let delete: Int8 = 1
    static let append: Int8 = 2
    static let subtract: Int8 = 3

    public var name = ""
    public var operation: Int8 = 0
    public var value: String?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.int8("ConfigOperation", &operation)
      try v.nullableString("Value", &value)
    }
  }
}

/// The answer to both.
public struct AlterConfigsResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var responses: [Result] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime)
    try v.array("Responses", &responses)
  }

  public struct Result: ProtocolStruct {
    public var errorCode: Int16 = 0
    public var errorMessage: String?
    public var type: Int8 = 0
    public var name = ""
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int16("ErrorCode", &errorCode)
      try v.nullableString("ErrorMessage", &errorMessage)
      try v.int8("ResourceType", &type)
      try v.string("ResourceName", &name)
    }
  }
}
