import MillColumns

/// A Kafka topic as a source, by Spark's options (structured-streaming-kafka-integration.md).
public struct KafkaSource: Sendable, Hashable {
  public enum Subscription: Sendable, Hashable, CustomStringConvertible {
    /// `subscribe`: topics by name.
    case topics([String])
    /// `assign`: these partitions only.
    case partitions([String: [Int32]])
    public var description: String {
      switch self {
      case .topics(let names): names.joined(separator: ",")
      case .partitions(let map):
        map.sorted { $0.key < $1.key }.map { "\($0.key)\($0.value.sorted())" }.joined(separator: ",")
      }
    }
  }
  /// Where a new query begins. A checkpoint wins over this.
  public enum StartingOffsets: Sendable, Hashable {
    case earliest
    case latest
    /// topic → partition → offset; −2 = earliest, −1 = latest.
    case exact([String: [Int32: Int64]])
    /// Milliseconds since 1970.
    case timestamp(Int64)
  }

  public var bootstrapServers: String
  public var subscription: Subscription
  /// nil = Spark's default: latest for a stream, earliest for a batch.
  public var startingOffsets: StartingOffsets?
  /// Where a batch ends; a stream refuses it. nil = latest.
  public var endingOffsets: StartingOffsets?
  /// Offsets that are gone stop the query; false = go on with a warning. Default true.
  public var failOnDataLoss: Bool
  /// Most records a micro-batch, split over the partitions in proportion to what waits. nil = no limit.
  public var maxOffsetsPerTrigger: Int64?
  /// A column `headers`. Default false.
  public var includeHeaders: Bool
  /// `kafka.*` options but the servers, without the prefix: for the client.
  public var clientOptions: [String: String]

  static let schema = Schema([
    .init("key", .binary), .init("value", .binary), .init("topic", .string), .init("partition", .integer),
    .init("offset", .long), .init("timestamp", .timestamp), .init("timestampType", .integer),
  ])
  static let headersColumn = Schema.Column(
    "headers", .array(.struct(Schema([.init("key", .string), .init("value", .binary)]))))
}

/// Files as a source: text (one column `value`, a row a line), json (a document a line) or csv.
public struct FileSource: Sendable, Hashable {
  public enum Format: String, Sendable, Hashable { case text, json, csv }
  public var format: Format
  /// A file or a directory; files whose names begin with `.` or `_` are not read.
  public var path: String
  /// The first line of every file is no row.
  public var hasHeader = false
}
