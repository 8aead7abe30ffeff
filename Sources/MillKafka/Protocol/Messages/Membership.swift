public struct JoinGroupRequest: ProtocolStruct {
  public var groupID = ""
  public var sessionTimeout: Int32 = 0
  /// −1 = as the session's.
  public var rebalanceTimeout: Int32 = -1
  public var memberID = ""
  public var groupInstanceID: String?
  public var protocolType = ""
  public var protocols: [GroupProtocol] = []
  public var reason: String?
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("GroupId", &groupID)
    try v.int32("SessionTimeoutMs", &sessionTimeout)
    try v.int32("RebalanceTimeoutMs", &rebalanceTimeout, 1...)
    try v.string("MemberId", &memberID)
    try v.nullableString("GroupInstanceId", &groupInstanceID, 5...)
    try v.string("ProtocolType", &protocolType)
    try v.array("Protocols", &protocols)
    try v.nullableString("Reason", &reason, 8...)
  }

  public struct GroupProtocol: ProtocolStruct {
    public var name = ""
    public var metadata: [UInt8] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.bytes("Metadata", &metadata)
    }
  }
}

public struct JoinGroupResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var errorCode: Int16 = 0
  public var generationID: Int32 = -1
  public var protocolType: String?
  public var protocolName: String? = ""
  public var leader = ""
  public var skipAssignment = false
  public var memberID = ""
  public var members: [Member] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 2...)
    try v.int16("ErrorCode", &errorCode)
    try v.int32("GenerationId", &generationID)
    try v.nullableString("ProtocolType", &protocolType, 7...)
    try v.nullableString("ProtocolName", &protocolName, 0..., null: 7...)
    try v.string("Leader", &leader)
    try v.bool("SkipAssignment", &skipAssignment, 9...)
    try v.string("MemberId", &memberID)
    try v.array("Members", &members)
  }

  public struct Member: ProtocolStruct {
    public var memberID = ""
    public var groupInstanceID: String?
    public var metadata: [UInt8] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("MemberId", &memberID)
      try v.nullableString("GroupInstanceId", &groupInstanceID, 5...)
      try v.bytes("Metadata", &metadata)
    }
  }
}

public struct SyncGroupRequest: ProtocolStruct {
  public var groupID = ""
  public var generationID: Int32 = 0
  public var memberID = ""
  public var groupInstanceID: String?
  public var protocolType: String?
  public var protocolName: String?
  public var assignments: [Assignment] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("GroupId", &groupID)
    try v.int32("GenerationId", &generationID)
    try v.string("MemberId", &memberID)
    try v.nullableString("GroupInstanceId", &groupInstanceID, 3...)
    try v.nullableString("ProtocolType", &protocolType, 5...)
    try v.nullableString("ProtocolName", &protocolName, 5...)
    try v.array("Assignments", &assignments)
  }

  public struct Assignment: ProtocolStruct {
    public var memberID = ""
    public var assignment: [UInt8] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("MemberId", &memberID)
      try v.bytes("Assignment", &assignment)
    }
  }
}

public struct SyncGroupResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var errorCode: Int16 = 0
  public var protocolType: String?
  public var protocolName: String?
  public var assignment: [UInt8] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 1...)
    try v.int16("ErrorCode", &errorCode)
    try v.nullableString("ProtocolType", &protocolType, 5...)
    try v.nullableString("ProtocolName", &protocolName, 5...)
    try v.bytes("Assignment", &assignment)
  }
}

public struct HeartbeatRequest: ProtocolStruct {
  public var groupID = ""
  public var generationID: Int32 = 0
  public var memberID = ""
  public var groupInstanceID: String?
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("GroupId", &groupID)
    try v.int32("GenerationId", &generationID)
    try v.string("MemberId", &memberID)
    try v.nullableString("GroupInstanceId", &groupInstanceID, 3...)
  }
}

public struct HeartbeatResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var errorCode: Int16 = 0
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 1...)
    try v.int16("ErrorCode", &errorCode)
  }
}

public struct LeaveGroupRequest: ProtocolStruct {
  public var groupID = ""
  public var memberID = ""
  public var members: [Member] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("GroupId", &groupID)
    try v.string("MemberId", &memberID, 0...2)
    try v.array("Members", &members, 3...)
  }

  public struct Member: ProtocolStruct {
    public var memberID = ""
    public var groupInstanceID: String?
    public var reason: String?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("MemberId", &memberID)
      try v.nullableString("GroupInstanceId", &groupInstanceID)
      try v.nullableString("Reason", &reason, 5...)
    }
  }
}

public struct LeaveGroupResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var errorCode: Int16 = 0
  public var members: [Member] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 1...)
    try v.int16("ErrorCode", &errorCode)
    try v.array("Members", &members, 3...)
  }

  public struct Member: ProtocolStruct {
    public var memberID = ""
    public var groupInstanceID: String?
    public var errorCode: Int16 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("MemberId", &memberID)
      try v.nullableString("GroupInstanceId", &groupInstanceID)
      try v.int16("ErrorCode", &errorCode)
    }
  }
}
