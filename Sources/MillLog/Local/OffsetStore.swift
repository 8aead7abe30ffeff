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
  /// When it goes, in the same unit, if the consumer asked for a time of its own (OffsetCommit 2 to 4).
  public var expires: Int64?

  public init(
    offset: Int64, leaderEpoch: Int32 = -1, metadata: String = "", timestamp: Int64, expires: Int64? = nil
  ) {
    self.offset = offset
    self.leaderEpoch = leaderEpoch
    self.metadata = metadata
    self.timestamp = timestamp
    self.expires = expires
  }
}

/// What is remembered of a group beside its offsets: whether it has members.
public struct GroupPresence: Sendable, Equatable {
  /// As the members said it: "consumer".
  public var protocolType: String
  public var generation: Int32
  /// When the last member left, in milliseconds since 1970; nil = there are members.
  public var emptySince: Int64?

  public init(protocolType: String, generation: Int32, emptySince: Int64?) {
    self.protocolType = protocolType
    self.generation = generation
    self.emptySince = emptySince
  }
}

/// Consumer groups' offsets, kept as Kafka keeps them: keyed records in `__consumer_offsets`, the last one counts.
final class OffsetStore: Sendable {
  static let topic = "__consumer_offsets"

  typealias Groups = [String: [TopicPartition: CommittedOffset]]
  let partition: PartitionLog
  private let state: Mutex<State>
  private let compactionSize: Int
  private struct State {
    var groups: Groups = [:]
    var presence: [String: GroupPresence] = [:]
    var bytes = 0

    mutating func set(_ offset: CommittedOffset?, _ group: String, _ partition: TopicPartition) {
      groups[group, default: [:]][partition] = offset
      if groups[group]?.isEmpty == true { groups[group] = nil }
    }
  }

  init(directory: String, configuration: TopicConfiguration, compactionSize: Int, _ run: LastRun) throws {
    partition = try PartitionLog(
      TopicPartition(Self.topic, 0), directory: "\(directory)/\(Self.topic)-0",
      configuration: configuration, run)
    self.compactionSize = compactionSize
    var state = State()
    var (offset, end) = partition.offsets
    while offset < end {
      let records = try partition.read(from: offset, maxBytes: 1 << 20)
      for index in 0..<records.count {
        switch OffsetRecord.parse(records.record(index)) {
        case .offset(let group, let partition, let offset): state.set(offset, group, partition)
        case .presence(let group, let presence): state.presence[group] = presence
        case nil: break
        }
      }
      offset = records.nextOffset
    }
    state.bytes = Int(partition.state.withLock { $0.segments.reduce(0) { $0 + $1.size } })
    self.state = Mutex(state)
    // Nobody is a member any more when the process that served them has ended.
    let now = Clock.nowMilliseconds()
    for (group, presence) in state.presence where presence.emptySince == nil {
      var presence = presence
      presence.emptySince = now
      try note(group: group, presence)
    }
  }

  /// Writes the offsets down; nil forgets a partition.
  ///
  /// - Parameter durable: wait for the disk. Else a kill loses nothing, a power cut may lose the last second.
  func commit(group: String, _ offsets: [TopicPartition: CommittedOffset?], durable: Bool) throws {
    if offsets.isEmpty { return }
    let isLarge = try state.withLock { try set(group, offsets, in: &$0) }
    if durable { try partition.flush() }
    if isLarge { try compact() }
  }

  /// Writes down whether the group has members; nil forgets it. A kill loses nothing.
  func note(group: String, _ presence: GroupPresence?) throws {
    let isLarge = try state.withLock { state in
      state.presence[group] = presence
      return try append([OffsetRecord.encode(group, presence)], in: &state)
    }
    if isLarge { try compact() }
  }

  /// Forgets what nobody has used for so long. Without members and offsets, the group goes too.
  ///
  /// - Parameters:
  ///   - retention: in milliseconds, from the commit on, and from when the group's last member left.
  ///   - now: milliseconds since 1970.
  ///   - isInUse: true for a partition whose offset stays.
  /// - Returns: the partitions whose offsets went.
  func expire(
    group: String, retention: Int64, now: Int64, isInUse: (TopicPartition) -> Bool
  ) throws -> [TopicPartition] {
    let (gone, isLarge) = try state.withLock { state -> ([TopicPartition], Bool) in
      let offsets = state.groups[group] ?? [:]
      let emptySince = state.presence[group]?.emptySince
      let gone = offsets.filter { partition, offset in
        if isInUse(partition) { return false }
        if let expires = offset.expires { return expires <= now }
        return max(offset.timestamp, emptySince ?? .min) <= now - retention
      }
      var isLarge = false
      if !gone.isEmpty { isLarge = try set(group, gone.mapValues { _ in nil }, in: &state) }
      if gone.count == offsets.count, emptySince != nil {
        isLarge = try append([OffsetRecord.encode(group, nil)], in: &state)
        state.presence[group] = nil
      }
      return (gone.keys.sorted(), isLarge)
    }
    if isLarge { try compact() }
    return gone
  }

  private func set(
    _ group: String, _ offsets: [TopicPartition: CommittedOffset?], in state: inout State
  ) throws -> Bool {
    let records = offsets.sorted { $0.key < $1.key }.map { OffsetRecord.encode(group, $0.key, $0.value) }
    let isLarge = try append(records, in: &state)
    for (partition, offset) in offsets { state.set(offset, group, partition) }
    return isLarge
  }

  /// - Returns: true when it is time to compact.
  private func append(_ records: [Record], in state: inout State) throws -> Bool {
    var batch = try BatchEncoder.encode(records, codec: .none, now: Clock.nowMilliseconds())
    var headers = [batch.withUnsafeBytes { BatchHeader($0)! }]
    _ = try partition.append(&batch, &headers)
    state.bytes += batch.count
    return state.bytes > compactionSize
  }

  func committed(group: String) -> [TopicPartition: CommittedOffset] { state.withLock { $0.groups[group] ?? [:] } }

  var groups: Groups { state.withLock { $0.groups } }

  /// Groups with offsets or with a memory of members.
  var names: Set<String> { state.withLock { Set($0.groups.keys).union($0.presence.keys) } }

  func presence(ofGroup group: String) -> GroupPresence? { state.withLock { $0.presence[group] } }

  /// Offsets of a deleted topic mean nothing any more.
  func forget(_ isGone: (TopicPartition) -> Bool) throws {
    for (group, offsets) in groups {
      let gone = offsets.keys.filter(isGone).map { ($0, CommittedOffset?.none) }
      try commit(group: group, Dictionary(uniqueKeysWithValues: gone), durable: false)
    }
  }

  func forget(group: String) throws {
    let offsets = committed(group: group).mapValues { _ in CommittedOffset?.none }
    try commit(group: group, offsets, durable: false)
    if presence(ofGroup: group) != nil { try note(group: group, nil) }
  }

  func flush(_ rule: FlushRule) throws { try partition.flush(rule) }
  func close() throws { try partition.close() }

  /// Replaces the log by one batch with the last value of each key, when that makes it much smaller.
  private func compact() throws {
    try state.withLock { state in
      let records =
        state.groups.flatMap { group, offsets in offsets.map { OffsetRecord.encode(group, $0.key, $0.value) } }
        + state.presence.map { OffsetRecord.encode($0.key, $0.value) }
      let batch =
        records.isEmpty ? [] : try BatchEncoder.encode(records, codec: .none, now: Clock.nowMilliseconds())
      guard batch.count * 2 < state.bytes else { return }
      let headers = batch.isEmpty ? [] : [batch.withUnsafeBytes { BatchHeader($0)! }]
      try partition.rewrite(batch, headers)
      state.bytes = batch.count
    }
  }
}
