import MillBase

/// A topic's settings under Kafka's names, with their values read and judged.
public struct TopicConfiguration: Sendable, Equatable {
  /// What a configuration key takes.
  public enum Kind: Sendable, Equatable {
    /// A whole number from `min` on.
    case integer(min: Int64)
    /// A number from 0 to 1.
    case fraction
    case choice([String])
    /// Some of these, separated by commas.
    case list([String])
  }

  /// One key that the built-in log knows.
  public struct Key: Sendable {
    public let name: String
    /// Kafka's own default, unless the documentation says otherwise.
    public let defaultValue: String
    public let kind: Kind
    public let documentation: String
  }

  /// Every key, sorted by name. A new key is one more line here, and one where it is used.
  public static let keys: [Key] = [
    .init(
      name: "cleanup.policy", defaultValue: "delete", kind: .list(["delete", "compact"]),
      documentation:
        "delete: old segments go by retention.ms and retention.bytes; compact: each key's last record stays."
    ),
    .init(
      name: "compression.type", defaultValue: "producer",
      kind: .choice(["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"]),
      documentation: "Codec of stored batches; 'producer' keeps the producer's."),
    .init(
      name: "delete.retention.ms", defaultValue: "86400000", kind: .integer(min: 0),
      documentation: "How long compaction keeps a record without a value, which deletes its key."),
    .init(
      name: "flush.messages", defaultValue: "9223372036854775807", kind: .integer(min: 1),
      documentation: "Flush to the disk after so many records, before they are acknowledged."),
    .init(
      name: "flush.ms", defaultValue: "1000", kind: .integer(min: 0),
      documentation: "Flush to the disk so long after an append at the latest (Kafka's default: never)."),
    .init(
      name: "index.interval.bytes", defaultValue: "4096", kind: .integer(min: 0),
      documentation: "Bytes of log between two entries of the offset index."),
    .init(
      name: "max.message.bytes", defaultValue: "1048588", kind: .integer(min: 0),
      documentation: "Largest record batch, after compression."),
    .init(
      name: "message.timestamp.type", defaultValue: "CreateTime", kind: .choice(["CreateTime", "LogAppendTime"]),
      documentation: "Whose clock gives the timestamp: the producer's or the log's."),
    .init(
      name: "min.cleanable.dirty.ratio", defaultValue: "0.5", kind: .fraction,
      documentation: "Compaction begins when so much of the closed segments is new."),
    .init(
      name: "min.insync.replicas", defaultValue: "1", kind: .integer(min: 1),
      documentation: "Accepted; one machine has one replica."),
    .init(
      name: "retention.bytes", defaultValue: "-1", kind: .integer(min: -1),
      documentation: "Oldest segments go when a partition is bigger; -1 = no limit."),
    .init(
      name: "retention.ms", defaultValue: "604800000", kind: .integer(min: -1),
      documentation: "Segments whose newest record is older go; -1 = no limit."),
    .init(
      name: "segment.bytes", defaultValue: "1073741824", kind: .integer(min: 14),
      documentation: "A segment that would grow bigger is closed and a new one begun."),
    .init(
      name: "segment.ms", defaultValue: "604800000", kind: .integer(min: 1),
      documentation: "A segment older than this is closed even when it is not full."),
  ]

  /// What was set on the topic itself.
  public private(set) var overrides: [String: String]
  /// `cleanup.policy` has "delete": old segments go.
  public private(set) var deletes: Bool
  /// `cleanup.policy` has "compact": each key's last record stays.
  public private(set) var compacts: Bool
  public private(set) var deleteRetentionMilliseconds: Int64
  public private(set) var minCleanableDirtyRatio: Double
  public private(set) var flushMessages: Int64
  public private(set) var flushMilliseconds: Int64
  public private(set) var indexIntervalBytes: Int
  public private(set) var maxMessageBytes: Int
  public private(set) var isLogAppendTime: Bool
  public private(set) var retentionBytes: Int64
  public private(set) var retentionMilliseconds: Int64
  public private(set) var segmentBytes: Int64
  public private(set) var segmentMilliseconds: Int64
  /// nil = as the producer sent it.
  public private(set) var codec: Codec?
  private var defaults: [String: String]

  /// - Throws: `.configuration` for an unknown key or a value that it can't have.
  public init(_ overrides: [String: String] = [:], defaults: [String: String] = [:]) throws {
    for (name, value) in overrides.merging(defaults, uniquingKeysWith: { own, _ in own }) {
      try Self.check(name, value)
    }
    self.overrides = overrides
    self.defaults = defaults
    func value(_ name: String) -> String {
      overrides[name] ?? defaults[name] ?? Self.keys.first { $0.name == name }!.defaultValue
    }
    func integer(_ name: String) -> Int64 { Int64(value(name))! }
    let policies = Self.items(value("cleanup.policy"))
    deletes = policies.contains("delete")
    compacts = policies.contains("compact")
    deleteRetentionMilliseconds = integer("delete.retention.ms")
    minCleanableDirtyRatio = Double(value("min.cleanable.dirty.ratio"))!
    flushMessages = integer("flush.messages")
    flushMilliseconds = integer("flush.ms")
    indexIntervalBytes = Int(integer("index.interval.bytes"))
    maxMessageBytes = Int(min(integer("max.message.bytes"), Int64(Int32.max)))
    isLogAppendTime = value("message.timestamp.type") == "LogAppendTime"
    retentionBytes = integer("retention.bytes")
    retentionMilliseconds = integer("retention.ms")
    // A position within a segment has 31 bits in Kafka's index files.
    segmentBytes = min(integer("segment.bytes"), Int64(Int32.max))
    segmentMilliseconds = integer("segment.ms")
    let compression = value("compression.type")
    codec = compression == "producer" ? nil : compression == "uncompressed" ? Codec.none : Codec(name: compression)
  }

  /// Who set a value.
  public enum Source: Sendable { case topic, broker, nobody }

  /// The value in force, and who set it. nil for an unknown key.
  public func value(_ name: String) -> (text: String, source: Source)? {
    guard let key = Self.keys.first(where: { $0.name == name }) else { return nil }
    if let own = overrides[name] { return (own, .topic) }
    if let brokers = defaults[name] { return (brokers, .broker) }
    return (key.defaultValue, .nobody)
  }

  /// The parts of a list's value.
  public static func items(_ value: String) -> [String] {
    value.split(separator: ",").map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
  }

  private static func check(_ name: String, _ value: String) throws {
    guard let key = keys.first(where: { $0.name == name }) else {
      throw MillError(
        .configuration, "unknown topic config name: \(name)", at: .init(key: name),
        wayOut: "known are \(keys.map(\.name).joined(separator: ", "))")
    }
    switch key.kind {
    case .integer(let least):
      guard let number = Int64(value), number >= least else {
        throw MillError(
          .configuration, "invalid value '\(value)'", at: .init(key: name),
          wayOut: "give a whole number from \(least) on")
      }
    case .fraction:
      guard let number = Double(value), number >= 0, number <= 1 else {
        throw MillError(
          .configuration, "invalid value '\(value)'", at: .init(key: name), wayOut: "give a number from 0 to 1")
      }
    case .choice(let choices):
      guard choices.contains(value) else {
        throw MillError(
          .configuration, "invalid value '\(value)'", at: .init(key: name),
          wayOut: "give one of \(choices.joined(separator: ", "))")
      }
    case .list(let choices):
      let items = items(value)
      guard !items.isEmpty, items.allSatisfy(choices.contains) else {
        throw MillError(
          .configuration, "invalid value '\(value)'", at: .init(key: name),
          wayOut: "give one or more of \(choices.joined(separator: ", ")), with commas between")
      }
    }
  }
}
