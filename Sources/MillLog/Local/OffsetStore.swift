import MillBase
import Synchronization

/// What a consumer group has committed for a partition.
public struct CommittedOffset: Sendable, Equatable {
  /// Of the next record to read.
  public var offset: Int64
  /// −1 = not known.
  public var leaderEpoch: Int32
  /// The consumer's own note.
  public var metadata: String
  /// Milliseconds since 1970.
  public var timestamp: Int64

  public init(offset: Int64, leaderEpoch: Int32 = -1, metadata: String = "", timestamp: Int64) {
    self.offset = offset
    self.leaderEpoch = leaderEpoch
    self.metadata = metadata
    self.timestamp = timestamp
  }
}

/// Consumer groups' offsets, kept as Kafka keeps them: keyed records in `__consumer_offsets`, the last one counts.
final class OffsetStore: Sendable {
  static let topic = "__consumer_offsets"
  private static let keyVersion: Int16 = 1
  private static let valueVersion: Int16 = 3

  typealias Groups = [String: [TopicPartition: CommittedOffset]]
  private let partition: PartitionLog
  private let state: Mutex<State>
  private let compactionSize: Int
  private struct State {
    var groups: Groups = [:]
    var bytes = 0
  }

  init(directory: String, compactionSize: Int, wasClosed: Bool) throws {
    let unlimited = ["retention.ms": "-1", "max.message.bytes": "2147483647"]
    partition = try PartitionLog(
      TopicPartition(Self.topic, 0), directory: "\(directory)/\(Self.topic)-0",
      configuration: TopicConfiguration(unlimited), wasClosed: wasClosed)
    self.compactionSize = compactionSize
    var groups: Groups = [:]
    var (offset, end) = partition.offsets
    while offset < end {
      let records = try partition.read(from: offset, maxBytes: 1 << 20)
      for index in 0..<records.count { Self.apply(records.record(index), to: &groups) }
      offset = records.nextOffset
    }
    let bytes = Int(partition.state.withLock { $0.segments.reduce(0) { $0 + $1.size } })
    state = Mutex(State(groups: groups, bytes: bytes))
  }

  /// Writes the offsets down; nil forgets a partition.
  ///
  /// - Parameter durable: wait for the disk. Else a kill loses nothing, a power cut may lose the last second.
  func commit(group: String, _ offsets: [TopicPartition: CommittedOffset?], durable: Bool) throws {
    if offsets.isEmpty { return }
    let records = offsets.sorted { $0.key < $1.key }.map { Self.record(group, $0.key, $0.value) }
    var batch = try BatchEncoder.encode(records, codec: .none, now: Clock.nowMilliseconds())
    let isLarge = try state.withLock { state in
      try append(&batch)
      for (partition, offset) in offsets { Self.set(offset, group, partition, in: &state.groups) }
      state.bytes += batch.count
      return state.bytes > compactionSize
    }
    if durable { try partition.flush() }
    if isLarge { try compact() }
  }

  private func append(_ batch: inout [UInt8]) throws {
    var headers = [batch.withUnsafeBytes { BatchHeader($0)! }]
    _ = try partition.append(&batch, &headers)
  }

  func committed(group: String) -> [TopicPartition: CommittedOffset] { state.withLock { $0.groups[group] ?? [:] } }

  var groups: Groups { state.withLock { $0.groups } }

  /// A deleted topic's offsets mean nothing any more.
  func forget(topic: String) throws {
    for (group, offsets) in groups {
      let gone = offsets.keys.filter { $0.topic == topic }
      try commit(
        group: group, Dictionary(uniqueKeysWithValues: gone.map { ($0, CommittedOffset?.none) }), durable: false)
    }
  }

  func forget(group: String) throws {
    let offsets = committed(group: group).mapValues { _ in CommittedOffset?.none }
    try commit(group: group, offsets, durable: false)
  }

  func flush() throws { if partition.needsFlush { try partition.flush() } }
  func close() throws { try partition.close() }

  /// Replaces the log by one batch with the last value of each key, when that makes it much smaller.
  private func compact() throws {
    try state.withLock { state in
      let records = state.groups.flatMap { group, offsets in
        offsets.map { Self.record(group, $0.key, $0.value) }
      }
      let batch =
        records.isEmpty ? [] : try BatchEncoder.encode(records, codec: .none, now: Clock.nowMilliseconds())
      guard batch.count * 2 < state.bytes else { return }
      let headers = batch.isEmpty ? [] : [batch.withUnsafeBytes { BatchHeader($0)! }]
      try partition.rewrite(batch, headers)
      state.bytes = batch.count
    }
  }

  // MARK: Kafka's key and value

  private static func record(_ group: String, _ partition: TopicPartition, _ offset: CommittedOffset?) -> Record {
    var key = ByteWriter(capacity: 64)
    key.append(keyVersion)
    append(group, to: &key)
    append(partition.topic, to: &key)
    key.append(partition.partition)
    guard let offset else { return Record(key: key.bytes, value: nil) }
    var value = ByteWriter(capacity: 32)
    value.append(valueVersion)
    value.append(offset.offset)
    value.append(offset.leaderEpoch)
    append(offset.metadata, to: &value)
    value.append(offset.timestamp)
    return Record(key: key.bytes, value: value.bytes)
  }

  private static func append(_ text: String, to out: inout ByteWriter) {
    out.append(Int16(truncatingIfNeeded: text.utf8.count))
    out.append(contentsOf: text.utf8)
  }

  /// Records of other kinds and versions are a newer Kafka's, and none of this store's business.
  private static func apply(_ record: Record, to groups: inout Groups) {
    guard let key = record.key else { return }
    key.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      guard reader.integer(Int16.self) == keyVersion, let group = string(&reader, raw),
        let topic = string(&reader, raw), let partition = reader.integer(Int32.self)
      else { return }
      set(record.value.flatMap(value), group, TopicPartition(topic, partition), in: &groups)
    }
  }

  private static func value(_ bytes: [UInt8]) -> CommittedOffset? {
    bytes.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      guard reader.integer(Int16.self) == valueVersion, let offset = reader.integer(Int64.self),
        let epoch = reader.integer(Int32.self), let metadata = string(&reader, raw),
        let timestamp = reader.integer(Int64.self)
      else { return nil }
      return CommittedOffset(offset: offset, leaderEpoch: epoch, metadata: metadata, timestamp: timestamp)
    }
  }

  private static func string(_ reader: inout ByteReader, _ raw: UnsafeRawBufferPointer) -> String? {
    guard let length = reader.integer(Int16.self) else { return nil }
    let start = reader.position
    return reader.skip(Int(length)) ? String(decoding: raw[start..<reader.position], as: UTF8.self) : nil
  }

  private static func set(
    _ offset: CommittedOffset?, _ group: String, _ partition: TopicPartition, in groups: inout Groups
  ) {
    groups[group, default: [:]][partition] = offset
    if groups[group]?.isEmpty == true { groups[group] = nil }
  }
}
