import MillBase
import MillColumns

/// A Kafka topic as a source, by Spark's options (structured-streaming-kafka-integration.md).
public struct KafkaSource: Sendable, Hashable {
  public enum Subscription: Sendable, Hashable, CustomStringConvertible {
    /// `subscribe`: topics by name.
    case topics([String])
    /// `subscribePattern`: all topics whose whole name matches, also those that are made later. Java's syntax.
    case pattern(String)
    /// `assign`: these partitions only.
    case partitions([String: [Int32]])
    public var description: String {
      switch self {
      case .topics(let names): names.joined(separator: ",")
      case .pattern(let pattern): pattern
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
    /// topic → partition → milliseconds since 1970.
    case timestamps([String: [Int32: Int64]])
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
  /// A micro-batch waits for so many records, but not longer than `maxTriggerDelay`. nil = it does not wait.
  public var minOffsetsPerTrigger: Int64?
  /// Default 15 minutes.
  public var maxTriggerDelayMilliseconds: Int64 = 15 * 60_000
  /// startingOffsetsByTimestampStrategy: where no record is at or after the time, begin at the latest offset (`latest`)
  /// or fail (`error`, the default).
  public var startsAtLatestWithoutMatch = false
  /// A column `headers`. Default false.
  public var includeHeaders: Bool
  /// `kafka.*` options but the servers, without the prefix: for the client.
  public var clientOptions: [String: String]

  /// Kafka's own topics, which no pattern finds.
  static let internalTopics: Set<String> = ["__consumer_offsets", "__transaction_state"]

  /// - Throws: `.configuration` for a pattern that is none.
  static func regex(_ pattern: String) throws -> Regex<AnyRegexOutput> {
    do { return try Regex(pattern).matchingSemantics(.unicodeScalar) } catch {
      throw MillError(
        .configuration, "subscribePattern '\(pattern)' is no regular expression", wayOut: "write topics-.* or the like")
    }
  }

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
  /// A file, a directory or a pattern (`/in/*.json`); files whose names begin with `.` or `_` are not read.
  public var path: String
  /// How documents, or lines of CSV, are read.
  var json: JSONOptions?
  var csv: CSVOptions?
  /// A file is one document; a record of CSV may have line ends in its quotes. Default false.
  public var isMultiLine = false
  /// Read as a stream, file by file as they come: `STREAM(view)`, readStream.
  public var isStreaming = false
  /// Files of directories inside of directories too. Default true (Spark: only with recursiveFileLookup).
  public var isRecursive = true
  /// Directories `name=value` make columns; not with recursiveFileLookup.
  public var readsPartitions = true
  /// Where partitions begin; nil = at the path.
  public var basePath: String?
  public var partitions = Partitions.none
  /// Only files whose names match. nil = all.
  public var pathGlobFilter: String?
  /// A file that is gone when it is to be read is left out; else the query fails. Default false.
  public var ignoresMissingFiles = false
  public var stream = StreamOptions()

  /// Which columns the names of directories make.
  public enum Partitions: Sendable, Hashable {
    case none
    /// In the order of the path.
    case known([Schema.Column])
    /// There were no files yet when the query was made: those of the view's columns that directories may turn out to
    /// hold. A scan has two columns for each: whether it is so, and the value.
    case possible([Schema.Column])

    /// What a scan has behind the line.
    var scanned: [Schema.Column] {
      switch self {
      case .none: []
      case .known(let columns): columns
      case .possible(let columns): columns.flatMap { [.init("has \($0.name)", .boolean), $0] }
      }
    }
  }

  /// What counts for streams only, by Spark's options.
  public struct StreamOptions: Sendable, Hashable {
    /// What becomes of files once they are read.
    public enum Cleaning: Sendable, Hashable {
      case off, delete
      /// Moved below this directory, under their whole path.
      case archive(String)
    }
    /// Most files of a micro-batch; nil = all that are new.
    public var maxFilesPerTrigger: Int?
    /// Bytes after which a micro-batch takes no further file.
    public var maxBytesPerTrigger: Int64?
    /// The newest files first.
    public var latestFirst = false
    /// Files that are older than the newest one seen by more than this are not read. Default a week.
    public var maxFileAgeMilliseconds: Int64 = 7 * 24 * 3_600_000
    /// Files of the same name in other directories are the same file.
    public var fileNameOnly = false
    public var cleaning = Cleaning.off
    public init() {}
  }
}

/// Rows that the engine makes itself: `timestamp` and `value`, which counts from 0. For tests and for load.
public struct RateSource: Sendable, Hashable {
  public enum Pace: Sendable, Hashable {
    /// `rate`: so many rows for every second that goes by, after a time of growing speed.
    case perSecond(Int64, rampUpSeconds: Int64)
    /// `rate-micro-batch`: so many rows a micro-batch; its rows have one time, which grows by `advance` from micro-batch
    /// to micro-batch. Milliseconds.
    case perBatch(Int64, startTimestamp: Int64, advance: Int64)
  }
  public var pace: Pace
  /// Taken for Spark's sake: lanes read what there is.
  public var numPartitions: Int?

  static let schema = Schema([.init("timestamp", .timestamp), .init("value", .long)])
}
