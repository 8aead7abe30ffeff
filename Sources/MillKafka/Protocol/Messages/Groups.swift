public struct FindCoordinatorRequest: ProtocolStruct {
  public var key = ""
  public var keyType: Int8 = 0
  public var coordinatorKeys: [String] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("Key", &key, 0...3)
    try v.int8("KeyType", &keyType, 1...)
    try v.strings("CoordinatorKeys", &coordinatorKeys, 4...)
  }
}

public struct FindCoordinatorResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var errorCode: Int16 = 0
  public var errorMessage: String?
  public var nodeID: Int32 = 0
  public var host = ""
  public var port: Int32 = 0
  public var coordinators: [Coordinator] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 1...)
    try v.int16("ErrorCode", &errorCode, 0...3)
    try v.nullableString("ErrorMessage", &errorMessage, 1...3)
    try v.int32("NodeId", &nodeID, 0...3)
    try v.string("Host", &host, 0...3)
    try v.int32("Port", &port, 0...3)
    try v.array("Coordinators", &coordinators, 4...)
  }

  public struct Coordinator: ProtocolStruct {
    public var key = ""
    public var nodeID: Int32 = 0
    public var host = ""
    public var port: Int32 = 0
    public var errorCode: Int16 = 0
    public var errorMessage: String?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Key", &key)
      try v.int32("NodeId", &nodeID)
      try v.string("Host", &host)
      try v.int32("Port", &port)
      try v.int16("ErrorCode", &errorCode)
      try v.nullableString("ErrorMessage", &errorMessage)
    }
  }
}

public struct ListGroupsRequest: ProtocolStruct {
  public var statesFilter: [String] = []
  public var typesFilter: [String] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.strings("StatesFilter", &statesFilter, 4...)
    try v.strings("TypesFilter", &typesFilter, 5...)
  }
}

public struct ListGroupsResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var errorCode: Int16 = 0
  public var groups: [Group] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 1...)
    try v.int16("ErrorCode", &errorCode)
    try v.array("Groups", &groups)
  }

  public struct Group: ProtocolStruct {
    public var groupID = ""
    public var protocolType = ""
    public var state = ""
    public var type = ""
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("GroupId", &groupID)
      try v.string("ProtocolType", &protocolType)
      try v.string("GroupState", &state, 4...)
      try v.string("GroupType", &type, 5...)
    }
  }
}

public struct DescribeGroupsRequest: ProtocolStruct {
  public var groups: [String] = []
  public var includeAuthorizedOperations = false
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.strings("Groups", &groups)
    try v.bool("IncludeAuthorizedOperations", &includeAuthorizedOperations, 3...)
  }
}

public struct DescribeGroupsResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var groups: [Group] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 1...)
    try v.array("Groups", &groups)
  }

  public struct Group: ProtocolStruct {
    public var errorCode: Int16 = 0
    public var errorMessage: String?
    public var groupID = ""
    public var state = ""
    public var protocolType = ""
    public var protocolData = ""
    public var members: [Member] = []
    public var authorizedOperations = MetadataResponse.operationsUnknown
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int16("ErrorCode", &errorCode)
      try v.nullableString("ErrorMessage", &errorMessage, 6...)
      try v.string("GroupId", &groupID)
      try v.string("GroupState", &state)
      try v.string("ProtocolType", &protocolType)
      try v.string("ProtocolData", &protocolData)
      try v.array("Members", &members)
      try v.int32("AuthorizedOperations", &authorizedOperations, 3...)
    }
  }

  public struct Member: ProtocolStruct {
    public var memberID = ""
    public var groupInstanceID: String?
    public var clientID = ""
    public var clientHost = ""
    public var metadata: [UInt8] = []
    public var assignment: [UInt8] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("MemberId", &memberID)
      try v.nullableString("GroupInstanceId", &groupInstanceID, 4...)
      try v.string("ClientId", &clientID)
      try v.string("ClientHost", &clientHost)
      try v.bytes("MemberMetadata", &metadata)
      try v.bytes("MemberAssignment", &assignment)
    }
  }
}

public struct DeleteGroupsRequest: ProtocolStruct {
  public var groups: [String] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws { try v.strings("GroupsNames", &groups) }
}

public struct DeleteGroupsResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var results: [Result] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime)
    try v.array("Results", &results)
  }

  public struct Result: ProtocolStruct {
    public var groupID = ""
    public var errorCode: Int16 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("GroupId", &groupID)
      try v.int16("ErrorCode", &errorCode)
    }
  }
}
