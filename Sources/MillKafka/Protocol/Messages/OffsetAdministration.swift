public struct DeleteRecordsRequest: ProtocolStruct {
  public var topics: [Topic] = []
  public var timeout: Int32 = 60_000
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.array("Topics", &topics)
    try v.int32("TimeoutMs", &timeout)
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
    /// Instead of an offset: everything that is there now.
    static let everything: Int64 = -1

    public var index: Int32 = 0
    /// The first record that stays.
    public var offset: Int64 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("PartitionIndex", &index)
      try v.int64("Offset", &offset)
    }
  }
}

public struct DeleteRecordsResponse: ProtocolStruct {
  public var throttleTime: Int32 = 0
  public var topics: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ThrottleTimeMs", &throttleTime)
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
    /// The first offset that can be read; −1 with an error.
    public var lowWatermark: Int64 = -1
    public var errorCode: Int16 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("PartitionIndex", &index)
      try v.int64("LowWatermark", &lowWatermark)
      try v.int16("ErrorCode", &errorCode)
    }
  }
}

public struct OffsetForLeaderEpochRequest: ProtocolStruct {
  public var replicaID: Int32 = -2
  public var topics: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int32("ReplicaId", &replicaID, 3...)
    try v.array("Topics", &topics)
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
    public var leaderEpoch: Int32 = 0
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int32("Partition", &index)
      try v.int32("CurrentLeaderEpoch", &currentLeaderEpoch, 2...)
      try v.int32("LeaderEpoch", &leaderEpoch)
    }
  }
}

public struct OffsetForLeaderEpochResponse: ProtocolStruct {
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
      try v.string("Topic", &name)
      try v.array("Partitions", &partitions)
    }
  }

  public struct Partition: ProtocolStruct {
    public var errorCode: Int16 = 0
    public var index: Int32 = 0
    public var leaderEpoch: Int32 = -1
    public var endOffset: Int64 = -1
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.int16("ErrorCode", &errorCode)
      try v.int32("Partition", &index)
      try v.int32("LeaderEpoch", &leaderEpoch, 1...)
      try v.int64("EndOffset", &endOffset)
    }
  }
}

public struct OffsetDeleteRequest: ProtocolStruct {
  public var groupID = ""
  public var topics: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.string("GroupId", &groupID)
    try v.array("Topics", &topics)
  }

  public struct Topic: ProtocolStruct {
    public var name = ""
    public var partitions: [Int32] = []
    public init() {}
    public mutating func fields(_ v: inout some FieldVisitor) throws {
      try v.string("Name", &name)
      // Structs of one field each, which without tagged fields is the same as numbers.
      try v.int32s("Partitions", &partitions)
    }
  }
}

public struct OffsetDeleteResponse: ProtocolStruct {
  public var errorCode: Int16 = 0
  public var throttleTime: Int32 = 0
  public var topics: [Topic] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int16("ErrorCode", &errorCode)
    try v.int32("ThrottleTimeMs", &throttleTime)
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

/// What a consumer says about itself when it joins a group: the part of it that the server looks at.
struct ConsumerSubscription: ProtocolStruct {
  var version: Int16 = 0
  var topics: [String] = []
  init() {}
  mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int16("Version", &version)
    try v.strings("Topics", &topics, 0...)
  }
}
