public struct AddPartitionsToTxnRequest: ProtocolStruct {
  public var transactionalID = ""
  public var producerID: Int64 = -1
  public var producerEpoch: Int16 = -1
  public var topics: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("V3AndBelowTransactionalId", &transactionalID)
    try v.int64("V3AndBelowProducerId", &producerID)
    try v.int16("V3AndBelowProducerEpoch", &producerEpoch)
    try v.array("V3AndBelowTopics", &topics)
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var partitions: [Int32] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.int32s("Partitions", &partitions)
    }
  }
}

/// A topic's partitions, each with how it went.
public struct PartitionResults: ProtocolStruct {
  public var name = ""
  public var partitions: [Partition] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("Name", &name)
    try v.array("Partitions", &partitions)
  }

  public struct Partition: ProtocolStruct {
    public var index: Int32 = 0
    public var errorCode: Int16 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("PartitionIndex", &index)
      try v.int16("ErrorCode", &errorCode)
    }
  }
}

public struct AddPartitionsToTxnResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var topics: [PartitionResults] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime)
    try v.array("ResultsByTopicV3AndBelow", &topics)
  }
}

public struct AddOffsetsToTxnRequest: ProtocolStruct {
  public var transactionalID = ""
  public var producerID: Int64 = -1
  public var producerEpoch: Int16 = -1
  public var groupID = ""
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("TransactionalId", &transactionalID)
    try v.int64("ProducerId", &producerID)
    try v.int16("ProducerEpoch", &producerEpoch)
    try v.string("GroupId", &groupID)
  }
}

/// The answer to AddOffsetsToTxn and to EndTxn.
public struct TransactionResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var errorCode: Int16 = 0
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime)
    try v.int16("ErrorCode", &errorCode)
  }
}

public struct EndTxnRequest: ProtocolStruct {
  public var transactionalID = ""
  public var producerID: Int64 = -1
  public var producerEpoch: Int16 = -1
  public var committed = false
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("TransactionalId", &transactionalID)
    try v.int64("ProducerId", &producerID)
    try v.int16("ProducerEpoch", &producerEpoch)
    try v.bool("Committed", &committed)
  }
}

public struct TxnOffsetCommitRequest: ProtocolStruct {
  public var transactionalID = ""
  public var groupID = ""
  public var producerID: Int64 = -1
  public var producerEpoch: Int16 = -1
  public var generationID: Int32 = -1
  public var memberID = ""
  public var groupInstanceID: String?
  public var topics: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("TransactionalId", &transactionalID)
    try v.string("GroupId", &groupID)
    try v.int64("ProducerId", &producerID)
    try v.int16("ProducerEpoch", &producerEpoch)
    try v.int32("GenerationId", &generationID, 3...)
    try v.string("MemberId", &memberID, 3...)
    try v.nullableString("GroupInstanceId", &groupInstanceID, 3...)
    try v.array("Topics", &topics)
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var partitions: [Partition] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      try v.array("Partitions", &partitions)
    }
  }

  public struct Partition: ProtocolStruct {
    public var index: Int32 = 0
    public var committedOffset: Int64 = 0
    public var committedLeaderEpoch: Int32 = -1
    public var committedMetadata: String?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("PartitionIndex", &index)
      try v.int64("CommittedOffset", &committedOffset)
      try v.int32("CommittedLeaderEpoch", &committedLeaderEpoch, 2...)
      try v.nullableString("CommittedMetadata", &committedMetadata)
    }
  }
}

public struct TxnOffsetCommitResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var topics: [PartitionResults] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime)
    try v.array("Topics", &topics)
  }
}
