import MillLog

public struct ProduceRequest: ProtocolStruct {
  public var transactionalID: String?
  public var acks: Int16 = -1
  public var timeout: Int32 = 0
  public var topics: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.nullableString("TransactionalId", &transactionalID, 3...)
    try v.int16("Acks", &acks)
    try v.int32("TimeoutMs", &timeout)
    try v.array("TopicData", &topics)
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var id = TopicID.zero
    public var partitions: [Partition] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name, 0...12)
      try v.uuid("TopicId", &id, 13...)
      try v.array("PartitionData", &partitions)
    }
  }

  public struct Partition: ProtocolStruct {
    public var index: Int32 = 0
    public var records: ArraySlice<UInt8>?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("Index", &index)
      try v.records("Records", &records, 0...)
    }
  }
}

public struct ProduceResponse: ProtocolStruct {
  public var topics: [Topic] = []
  public var throttleTime: Int32 = 0
  /// Where leaders of other partitions are reached.
  public var nodeEndpoints: [BrokerAddress]?
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.array("Responses", &topics)
    try v.int32("ThrottleTimeMs", &throttleTime, 1...)
    try v.tagged(0, "NodeEndpoints", &nodeEndpoints, 10...)
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var id = TopicID.zero
    public var partitions: [Partition] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name, 0...12)
      try v.uuid("TopicId", &id, 13...)
      try v.array("PartitionResponses", &partitions)
    }
  }

  public struct Partition: ProtocolStruct {
    public var index: Int32 = 0
    public var errorCode: Int16 = 0
    public var baseOffset: Int64 = -1
    public var logAppendTime: Int64 = -1
    public var logStartOffset: Int64 = -1
    public var recordErrors: [RecordError] = []
    public var errorMessage: String?
    public var currentLeader: LeaderAndEpoch?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("Index", &index)
      try v.int16("ErrorCode", &errorCode)
      try v.int64("BaseOffset", &baseOffset)
      try v.int64("LogAppendTimeMs", &logAppendTime, 2...)
      try v.int64("LogStartOffset", &logStartOffset, 5...)
      try v.array("RecordErrors", &recordErrors, 8...)
      try v.nullableString("ErrorMessage", &errorMessage, 8...)
      try v.tagged(0, "CurrentLeader", &currentLeader, 10...)
    }
  }

  public struct RecordError: ProtocolStruct {
    public var batchIndex: Int32 = 0
    public var message: String?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("BatchIndex", &batchIndex)
      try v.nullableString("BatchIndexErrorMessage", &message)
    }
  }
}

/// Who leads a partition, told with an error that says that another one does (KIP-951).
public struct LeaderAndEpoch: ProtocolStruct {
  public var leaderID: Int32 = -1
  public var leaderEpoch: Int32 = -1
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("LeaderId", &leaderID)
    try v.int32("LeaderEpoch", &leaderEpoch)
  }
}
