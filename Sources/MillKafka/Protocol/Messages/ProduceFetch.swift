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
    public var partitions: [Partition] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
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
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.array("Responses", &topics)
    try v.int32("ThrottleTimeMs", &throttleTime, 1...)
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var partitions: [Partition] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
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
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("Index", &index)
      try v.int16("ErrorCode", &errorCode)
      try v.int64("BaseOffset", &baseOffset)
      try v.int64("LogAppendTimeMs", &logAppendTime, 2...)
      try v.int64("LogStartOffset", &logStartOffset, 5...)
      try v.array("RecordErrors", &recordErrors, 8...)
      try v.nullableString("ErrorMessage", &errorMessage, 8...)
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

public struct FetchRequest: ProtocolStruct {
  public var replicaID: Int32 = -1
  public var maxWait: Int32 = 0
  public var minBytes: Int32 = 0
  public var maxBytes: Int32 = .max
  public var isolationLevel: Int8 = 0
  public var sessionID: Int32 = 0
  public var sessionEpoch: Int32 = -1
  public var topics: [Topic] = []
  public var forgotten: [Forgotten] = []
  public var rackID = ""
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ReplicaId", &replicaID)
    try v.int32("MaxWaitMs", &maxWait)
    try v.int32("MinBytes", &minBytes)
    try v.int32("MaxBytes", &maxBytes, 3...)
    try v.int8("IsolationLevel", &isolationLevel, 4...)
    try v.int32("SessionId", &sessionID, 7...)
    try v.int32("SessionEpoch", &sessionEpoch, 7...)
    try v.array("Topics", &topics)
    try v.array("ForgottenTopicsData", &forgotten, 7...)
    try v.string("RackId", &rackID, 11...)
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var partitions: [Partition] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Topic", &name)
      try v.array("Partitions", &partitions)
    }
  }

  public struct Partition: ProtocolStruct {
    public var index: Int32 = 0
    public var currentLeaderEpoch: Int32 = -1
    public var fetchOffset: Int64 = 0
    public var lastFetchedEpoch: Int32 = -1
    public var logStartOffset: Int64 = -1
    public var maxBytes: Int32 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("Partition", &index)
      try v.int32("CurrentLeaderEpoch", &currentLeaderEpoch, 9...)
      try v.int64("FetchOffset", &fetchOffset)
      try v.int32("LastFetchedEpoch", &lastFetchedEpoch, 12...)
      try v.int64("LogStartOffset", &logStartOffset, 5...)
      try v.int32("PartitionMaxBytes", &maxBytes)
    }
  }

  public struct Forgotten: ProtocolStruct {
    public var topic = ""
    public var partitions: [Int32] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Topic", &topic)
      try v.int32s("Partitions", &partitions)
    }
  }
}

public struct FetchResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var errorCode: Int16 = 0
  public var sessionID: Int32 = 0
  public var topics: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 1...)
    try v.int16("ErrorCode", &errorCode, 7...)
    try v.int32("SessionId", &sessionID, 7...)
    try v.array("Responses", &topics)
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var partitions: [Partition] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Topic", &name)
      try v.array("Partitions", &partitions)
    }
  }

  public struct Partition: ProtocolStruct {
    public var index: Int32 = 0
    public var errorCode: Int16 = 0
    public var highWatermark: Int64 = -1
    public var lastStableOffset: Int64 = -1
    public var logStartOffset: Int64 = -1
    public var abortedTransactions: [AbortedTransaction]?
    public var preferredReadReplica: Int32 = -1
    public var records: ArraySlice<UInt8>?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("PartitionIndex", &index)
      try v.int16("ErrorCode", &errorCode)
      try v.int64("HighWatermark", &highWatermark)
      try v.int64("LastStableOffset", &lastStableOffset, 4...)
      try v.int64("LogStartOffset", &logStartOffset, 5...)
      try v.nullableArray("AbortedTransactions", &abortedTransactions, 4...)
      try v.int32("PreferredReadReplica", &preferredReadReplica, 11...)
      try v.records("Records", &records, 0...)
    }
  }

  public struct AbortedTransaction: ProtocolStruct {
    public var producerID: Int64 = 0
    public var firstOffset: Int64 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int64("ProducerId", &producerID)
      try v.int64("FirstOffset", &firstOffset)
    }
  }
}
