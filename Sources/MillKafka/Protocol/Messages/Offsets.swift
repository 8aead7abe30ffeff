public struct ListOffsetsRequest: ProtocolStruct {
  public var replicaID: Int32 = -1
  public var isolationLevel: Int8 = 0
  public var topics: [Topic] = []
  public var timeout: Int32 = 0
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ReplicaId", &replicaID)
    try v.int8("IsolationLevel", &isolationLevel, 2...)
    try v.array("Topics", &topics)
    try v.int32("TimeoutMs", &timeout, 10...)
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
    /// Instead of a time: the end, the start, the record with the greatest timestamp.
    static let latest: Int64 = -1
    static let earliest: Int64 = -2
    static let maxTimestamp: Int64 = -3
    /// Of what lies on the broker itself, which is everything here.
    static let earliestLocal: Int64 = -4
    /// Of what was moved to remote storage, which is nothing here.
    static let latestTiered: Int64 = -5
    /// Of what waits to be moved there.
    static let earliestPendingUpload: Int64 = -6

    public var index: Int32 = 0
    public var currentLeaderEpoch: Int32 = -1
    public var timestamp: Int64 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("PartitionIndex", &index)
      try v.int32("CurrentLeaderEpoch", &currentLeaderEpoch, 4...)
      try v.int64("Timestamp", &timestamp)
    }
  }
}

public struct ListOffsetsResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var topics: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 2...)
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
    public var errorCode: Int16 = 0
    public var timestamp: Int64 = -1
    public var offset: Int64 = -1
    public var leaderEpoch: Int32 = -1
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("PartitionIndex", &index)
      try v.int16("ErrorCode", &errorCode)
      try v.int64("Timestamp", &timestamp, 1...)
      try v.int64("Offset", &offset, 1...)
      try v.int32("LeaderEpoch", &leaderEpoch, 4...)
    }
  }
}

public struct OffsetCommitRequest: ProtocolStruct {
  public var groupID = ""
  public var generationID: Int32 = -1
  public var memberID = ""
  public var groupInstanceID: String?
  public var retentionTime: Int64 = -1
  public var topics: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("GroupId", &groupID)
    try v.int32("GenerationIdOrMemberEpoch", &generationID, 1...)
    try v.string("MemberId", &memberID, 1...)
    try v.nullableString("GroupInstanceId", &groupInstanceID, 7...)
    try v.int64("RetentionTimeMs", &retentionTime, 2...4)
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
    public var commitTimestamp: Int64 = -1
    public var committedMetadata: String?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("PartitionIndex", &index)
      try v.int64("CommittedOffset", &committedOffset)
      try v.int32("CommittedLeaderEpoch", &committedLeaderEpoch, 6...)
      try v.int64("CommitTimestamp", &commitTimestamp, 1...1)
      try v.nullableString("CommittedMetadata", &committedMetadata)
    }
  }
}

public struct OffsetCommitResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var topics: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 3...)
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
    public var errorCode: Int16 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("PartitionIndex", &index)
      try v.int16("ErrorCode", &errorCode)
    }
  }
}

/// Partitions of a topic, as OffsetFetch asks for them.
public struct TopicPartitions: ProtocolStruct {
  public var name = ""
  public var partitions: [Int32] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("Name", &name)
    try v.int32s("PartitionIndexes", &partitions)
  }
}

public struct OffsetFetchRequest: ProtocolStruct {
  public var groupID = ""
  /// nil = all that the group has.
  public var topics: [TopicPartitions]?
  public var groups: [Group] = []
  public var requireStable = false
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("GroupId", &groupID, 0...7)
    try v.nullableArray("Topics", &topics, 0...7, null: 2...7)
    try v.array("Groups", &groups, 8...)
    try v.bool("RequireStable", &requireStable, 7...)
  }

  public struct Group: ProtocolStruct {
    public var groupID = ""
    public var memberID: String?
    public var memberEpoch: Int32 = -1
    public var topics: [TopicPartitions]?
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("GroupId", &groupID)
      try v.nullableString("MemberId", &memberID, 9...)
      try v.int32("MemberEpoch", &memberEpoch, 9...)
      try v.nullableArray("Topics", &topics)
    }
  }
}

public struct OffsetFetchResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var topics: [Topic] = []
  public var errorCode: Int16 = 0
  public var groups: [Group] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime, 3...)
    try v.array("Topics", &topics, 0...7)
    try v.int16("ErrorCode", &errorCode, 2...7)
    try v.array("Groups", &groups, 8...)
  }

  public struct Group: ProtocolStruct {
    public var groupID = ""
    public var topics: [Topic] = []
    public var errorCode: Int16 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("GroupId", &groupID)
      try v.array("Topics", &topics)
      try v.int16("ErrorCode", &errorCode)
    }
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
    public var committedOffset: Int64 = -1
    public var committedLeaderEpoch: Int32 = -1
    public var metadata: String? = ""
    public var errorCode: Int16 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("PartitionIndex", &index)
      try v.int64("CommittedOffset", &committedOffset)
      try v.int32("CommittedLeaderEpoch", &committedLeaderEpoch, 5...)
      try v.nullableString("Metadata", &metadata)
      try v.int16("ErrorCode", &errorCode)
    }
  }
}
