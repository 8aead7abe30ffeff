import MillLog

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
  public var clusterID: String??
  public var replicaState: ReplicaState?
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ReplicaId", &replicaID, 0...14)
    try v.int32("MaxWaitMs", &maxWait)
    try v.int32("MinBytes", &minBytes)
    try v.int32("MaxBytes", &maxBytes, 3...)
    try v.int8("IsolationLevel", &isolationLevel, 4...)
    try v.int32("SessionId", &sessionID, 7...)
    try v.int32("SessionEpoch", &sessionEpoch, 7...)
    try v.array("Topics", &topics)
    try v.array("ForgottenTopicsData", &forgotten, 7...)
    try v.string("RackId", &rackID, 11...)
    try v.tagged(0, "ClusterId", &clusterID, 12..., nil) { try $0.nullableString("ClusterId", &$1) }
    try v.tagged(1, "ReplicaState", &replicaState, 15...)
  }

  public struct ReplicaState: ProtocolStruct {
    public var replicaID: Int32 = -1
    public var replicaEpoch: Int64 = -1
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("ReplicaId", &replicaID)
      try v.int64("ReplicaEpoch", &replicaEpoch)
    }
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var id = TopicID.zero
    public var partitions: [Partition] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Topic", &name, 0...12)
      try v.uuid("TopicId", &id, 13...)
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
    public var replicaDirectoryID: TopicID?
    public var highWatermark: Int64?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("Partition", &index)
      try v.int32("CurrentLeaderEpoch", &currentLeaderEpoch, 9...)
      try v.int64("FetchOffset", &fetchOffset)
      try v.int32("LastFetchedEpoch", &lastFetchedEpoch, 12...)
      try v.int64("LogStartOffset", &logStartOffset, 5...)
      try v.int32("PartitionMaxBytes", &maxBytes)
      try v.tagged(0, "ReplicaDirectoryId", &replicaDirectoryID, 17..., .zero) {
        try $0.uuid("ReplicaDirectoryId", &$1, 17...)
      }
      try v.tagged(1, "HighWatermark", &highWatermark, 18..., .max) { try $0.int64("HighWatermark", &$1) }
    }
  }

  public struct Forgotten: ProtocolStruct {
    public var topic = ""
    public var id = TopicID.zero
    public var partitions: [Int32] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Topic", &topic, 0...12)
      try v.uuid("TopicId", &id, 13...)
      try v.int32s("Partitions", &partitions)
    }
  }
}

public struct FetchResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var errorCode: Int16 = 0
  public var sessionID: Int32 = 0
  public var topics: [Topic] = []
  /// Where leaders of other partitions are reached.
  public var nodeEndpoints: [BrokerAddress]?
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 1...)
    try v.int16("ErrorCode", &errorCode, 7...)
    try v.int32("SessionId", &sessionID, 7...)
    try v.array("Responses", &topics)
    try v.tagged(0, "NodeEndpoints", &nodeEndpoints, 16...)
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var id = TopicID.zero
    public var partitions: [Partition] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Topic", &name, 0...12)
      try v.uuid("TopicId", &id, 13...)
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
    public var divergingEpoch: EpochEnd?
    public var currentLeader: LeaderAndEpoch?
    public var snapshotID: SnapshotID?
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
      try v.tagged(0, "DivergingEpoch", &divergingEpoch, 12...)
      try v.tagged(1, "CurrentLeader", &currentLeader, 12...)
      try v.tagged(2, "SnapshotId", &snapshotID, 12...)
    }
  }

  public struct EpochEnd: ProtocolStruct {
    public var epoch: Int32 = -1
    public var endOffset: Int64 = -1
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("Epoch", &epoch)
      try v.int64("EndOffset", &endOffset)
    }
  }

  public struct SnapshotID: ProtocolStruct {
    public var endOffset: Int64 = -1
    public var epoch: Int32 = -1
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int64("EndOffset", &endOffset)
      try v.int32("Epoch", &epoch)
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
