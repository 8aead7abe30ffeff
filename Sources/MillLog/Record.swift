/// A record to be appended. For reading use ``RecordBatch``, which holds many in one buffer.
public struct Record: Sendable, Equatable {
  public struct Header: Sendable, Equatable {
    public var key: String
    public var value: [UInt8]?
    public init(_ key: String, _ value: [UInt8]?) {
      self.key = key
      self.value = value
    }
    public init(_ key: String, _ value: String) { self.init(key, Array(value.utf8)) }
  }

  public var key: [UInt8]?
  public var value: [UInt8]?
  public var headers: [Header]
  /// Milliseconds since 1970; nil = the time of appending.
  public var timestamp: Int64?

  public init(key: [UInt8]? = nil, value: [UInt8]?, headers: [Header] = [], timestamp: Int64? = nil) {
    self.key = key
    self.value = value
    self.headers = headers
    self.timestamp = timestamp
  }
}

public struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
  public var topic: String
  public var partition: Int32
  public init(_ topic: String, _ partition: Int32) {
    self.topic = topic
    self.partition = partition
  }
  public var description: String { "\(topic)-\(partition)" }
  public static func < (a: Self, b: Self) -> Bool { (a.topic, a.partition) < (b.topic, b.partition) }
}

/// Records of one partition, read in one go: one buffer, and for each record where its parts lie in it.
///
/// Nothing is allocated for a single record. Offsets grow, but need not be dense (compaction, control records).
public struct RecordBatch: Sendable {
  public struct Slot: Sendable {
    public var offset: Int64
    /// Milliseconds since 1970.
    public var timestamp: Int64
    /// Start in `bytes`; −1 = null.
    public var keyStart: Int32
    public var keyCount: Int32
    /// Start in `bytes`; −1 = null.
    public var valueStart: Int32
    public var valueCount: Int32
    /// Where the headers (varint count, then key and value each) begin in `bytes`, as Kafka writes them.
    public var headersStart: Int32

    public init(
      offset: Int64, timestamp: Int64, keyStart: Int32, keyCount: Int32, valueStart: Int32, valueCount: Int32,
      headersStart: Int32
    ) {
      self.offset = offset
      self.timestamp = timestamp
      self.keyStart = keyStart
      self.keyCount = keyCount
      self.valueStart = valueStart
      self.valueCount = valueCount
      self.headersStart = headersStart
    }
  }

  public var topicPartition: TopicPartition
  public var bytes: [UInt8]
  public var slots: [Slot]
  /// Where the next read has to begin: past the last record, also past what was skipped.
  public var nextOffset: Int64

  public init(topicPartition: TopicPartition, bytes: [UInt8] = [], slots: [Slot] = [], nextOffset: Int64) {
    self.topicPartition = topicPartition
    self.bytes = bytes
    self.slots = slots
    self.nextOffset = nextOffset
  }

  public var count: Int { slots.count }
  public var isEmpty: Bool { slots.isEmpty }

  public func key(_ index: Int) -> ArraySlice<UInt8>? {
    let slot = slots[index]
    return slot.keyStart < 0 ? nil : bytes[Int(slot.keyStart)..<Int(slot.keyStart + slot.keyCount)]
  }

  public func value(_ index: Int) -> ArraySlice<UInt8>? {
    let slot = slots[index]
    return slot.valueStart < 0 ? nil : bytes[Int(slot.valueStart)..<Int(slot.valueStart + slot.valueCount)]
  }
}
