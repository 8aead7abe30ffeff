import MillBase

/// The seam of the log: topics of records, and consumer groups' offsets.
///
/// Two implementations: ``LocalLog`` (built in, in process) and MillKafka's `KafkaLog` (any Kafka server, through
/// librdkafka). Calls may block: use them from a worker thread. Safe from several threads.
public protocol RecordLog: AnyObject, Sendable {
  /// All topics, sorted by name.
  func topics() throws -> [TopicDescription]

  /// The topic, or nil.
  func topic(_ name: String) throws -> TopicDescription?

  /// - Parameter configuration: Kafka's topic configuration names (`retention.ms`, …).
  /// - Throws: `.topicExists`, `.invalidPartitions`, `.configuration` when the name is not allowed or a key is unknown.
  func createTopic(_ name: String, partitions: Int, configuration: [String: String]) throws

  /// Removes the topic, its records, and what groups have committed for it.
  ///
  /// - Throws: `.notFound`.
  func deleteTopic(_ name: String) throws

  /// Appends the records in their order, in one go: all are kept or none. No records: nothing happens, the answer is
  /// the end offset.
  ///
  /// They are one record batch as long as that fits `max.message.bytes`, else several.
  ///
  /// - Returns: the offset of the first record.
  /// - Throws: `.notFound` (no such topic or partition), `.limit` (above max.message.bytes), `.system`, `.unreachable`.
  func append(_ records: [Record], to topicPartition: TopicPartition, codec: Codec) throws -> Int64

  /// Records from `offset` on, about `maxBytes` (at least one record, when there is one). Waits at most `wait` for
  /// the first record; then the answer is empty.
  ///
  /// - Throws: `.offsetOutOfRange` when `offset` is before the start or past the end.
  func read(_ topicPartition: TopicPartition, from offset: Int64, maxBytes: Int, wait: Duration) throws -> RecordBatch

  /// Returns when one of the partitions has a record at or after its offset, or after the wait, or a little earlier: who
  /// waits looks again.
  ///
  /// - Throws: as ``read(_:from:maxBytes:wait:)``.
  func waitForRecords(after offsets: [TopicPartition: Int64], atMost wait: Duration) throws

  /// First offset that can be read, and the offset that the next record will get (Kafka's high watermark).
  func offsets(_ topicPartition: TopicPartition) throws -> (start: Int64, end: Int64)

  /// The first offset whose record's timestamp is at or after the time (ms); nil when there is none.
  func offset(_ topicPartition: TopicPartition, atOrAfter timestamp: Int64) throws -> Int64?

  /// Writes down where a consumer group goes on: the offset of the next record to read. Durable when this returns.
  func commit(group: String, _ offsets: [TopicPartition: Int64]) throws

  /// Partitions without a commit are missing in the answer.
  func committed(group: String, _ partitions: [TopicPartition]) throws -> [TopicPartition: Int64]

  /// Makes everything appended so far durable, then lets go of files and connections.
  func close() throws
}

extension RecordLog {
  /// A long poll watches one partition; several are looked at by turns, every 20 ms.
  public func waitForRecords(after offsets: [TopicPartition: Int64], atMost wait: Duration) throws {
    if offsets.count == 1, let (partition, offset) = offsets.first {
      _ = try read(partition, from: offset, maxBytes: 1, wait: wait)
    } else {
      Signal().wait(min(wait, .milliseconds(20)))
    }
  }
}

public struct TopicDescription: Sendable, Hashable {
  public var name: String
  /// Partitions are numbered from 0.
  public var partitions: Int
  /// Only the keys that differ from the defaults.
  public var configuration: [String: String]
  public init(name: String, partitions: Int, configuration: [String: String] = [:]) {
    self.name = name
    self.partitions = partitions
    self.configuration = configuration
  }
}

/// Compression of a record batch; raw values are Kafka's attribute bits 0–2.
public enum Codec: UInt8, Sendable, CaseIterable {
  case none = 0
  case gzip = 1
  case snappy = 2
  case lz4 = 3
  case zstd = 4

  /// Kafka's `compression.type` names.
  public init?(name: String) {
    switch name {
    case "none": self = .none
    case "gzip": self = .gzip
    case "snappy": self = .snappy
    case "lz4": self = .lz4
    case "zstd": self = .zstd
    default: return nil
    }
  }
}

extension MillError.Code {
  /// The offset asked for is not, or no longer, in the log.
  public static let offsetOutOfRange = Self("offset-out-of-range")
}
