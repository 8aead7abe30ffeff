import MillBase
import Synchronization

/// What the coordinator knows of a producer with a transactional id.
public struct TransactionState: Sendable, Equatable {
  /// Numbers as in Kafka's `TransactionState`.
  public enum Phase: Int8, Sendable {
    case empty = 0
    case ongoing = 1
    case prepareCommit = 2
    case prepareAbort = 3
    case completeCommit = 4
    case completeAbort = 5
  }
  public var producerID: Int64
  public var epoch: Int16
  /// Milliseconds that a transaction may stay open.
  public var timeout: Int32
  public var phase = Phase.empty
  /// With records of the transaction.
  public var partitions: Set<TopicPartition> = []
  /// Offsets that the commit will commit, by consumer group.
  public var offsets: [String: [TopicPartition: CommittedOffset]] = [:]
  /// Milliseconds since 1970.
  public var started: Int64 = -1
  public var updated: Int64 = -1
  /// What the producer had before it asked for a new epoch itself; −1 = it did not, or another one came since.
  public var previousID: Int64 = -1
  public var previousEpoch: Int16 = -1

  /// Records of it have no marker yet, or not all of them.
  public var isOpen: Bool { [.ongoing, .prepareCommit, .prepareAbort].contains(phase) }

  public init(producerID: Int64, epoch: Int16, timeout: Int32) {
    self.producerID = producerID
    self.epoch = epoch
    self.timeout = timeout
  }
}

/// The coordinator's memory: keyed records in `__transaction_state`, the last one of each transactional id counts.
/// The topic's folder is made with the first of them.
final class TransactionStore: Sendable {
  static let topic = "__transaction_state"
  private let directory: String
  private let configuration: TopicConfiguration
  private let compactionSize: Int
  private let state: Mutex<State>
  private struct State {
    var partition: PartitionLog?
    var transactions: [String: TransactionState] = [:]
    var bytes = 0
  }

  init(directory: String, configuration: TopicConfiguration, compactionSize: Int, _ run: LastRun) throws {
    self.configuration = configuration
    self.directory = "\(directory)/\(Self.topic)-0"
    self.compactionSize = compactionSize
    var opened = State()
    if Files.exists(self.directory) {
      let partition = try Self.open(self.directory, configuration, run)
      opened.partition = partition
      var (offset, end) = partition.offsets
      while offset < end {
        let records = try partition.read(from: offset, maxBytes: 1 << 20)
        for index in 0..<records.count {
          let record = records.record(index)
          guard let key = record.key else { continue }
          opened.transactions[String(decoding: key, as: UTF8.self)] = record.value.flatMap(TransactionState.init)
        }
        offset = records.nextOffset
      }
      opened.bytes = Int(partition.state.withLock { $0.segments.reduce(0) { $0 + $1.size } })
    }
    state = Mutex(opened)
  }

  private static func open(
    _ directory: String, _ configuration: TopicConfiguration, _ run: LastRun
  ) throws -> PartitionLog {
    try PartitionLog(TopicPartition(topic, 0), directory: directory, configuration: configuration, run)
  }

  var transactions: [String: TransactionState] { state.withLock { $0.transactions } }

  /// Writes the state down; nil forgets the transactional id.
  func save(_ id: String, _ transaction: TransactionState?) throws {
    let record = Record(key: Array(id.utf8), value: transaction?.encoded)
    try state.withLock { state in
      let partition = try state.partition ?? Self.open(directory, configuration, .none)
      // Its folder is lost with its name.
      if state.partition == nil { try Files.syncDirectory(Files.split(directory).directory) }
      state.partition = partition
      var batch = try BatchEncoder.encode([record], codec: .none, now: Clock.nowMilliseconds())
      var headers = [batch.withUnsafeBytes { BatchHeader($0)! }]
      _ = try partition.append(&batch, &headers)
      state.transactions[id] = transaction
      state.bytes += batch.count
      if state.bytes > compactionSize { try Self.compact(partition, &state) }
    }
  }

  /// Replaces the log by one batch with the last value of each key, when that makes it much smaller.
  private static func compact(_ partition: PartitionLog, _ state: inout State) throws {
    let records = state.transactions.map { Record(key: Array($0.key.utf8), value: $0.value.encoded) }
    let batch = records.isEmpty ? [] : try BatchEncoder.encode(records, codec: .none, now: Clock.nowMilliseconds())
    guard batch.count * 2 < state.bytes else { return }
    try partition.rewrite(batch, batch.isEmpty ? [] : [batch.withUnsafeBytes { BatchHeader($0)! }])
    state.bytes = batch.count
  }

  /// nil until there is a first record.
  var partition: PartitionLog? { state.withLock { $0.partition } }
  func flush(_ rule: FlushRule) throws { try partition?.flush(rule) }
  func close() throws { try partition?.close() }
}

/// The value of a record: version, then fields in their order.
extension TransactionState {
  private static let version: Int16 = 0

  fileprivate var encoded: [UInt8] {
    var out = ByteWriter(capacity: 128)
    func append(_ text: String) {
      out.append(Int32(text.utf8.count))
      out.append(contentsOf: text.utf8)
    }
    func append(_ partition: TopicPartition) {
      append(partition.topic)
      out.append(partition.partition)
    }
    out.append(Self.version)
    out.append(producerID)
    out.append(epoch)
    out.append(timeout)
    out.append(phase.rawValue)
    out.append(started)
    out.append(updated)
    out.append(Int32(partitions.count))
    for partition in partitions.sorted() { append(partition) }
    out.append(Int32(offsets.count))
    for (group, committed) in offsets.sorted(by: { $0.key < $1.key }) {
      append(group)
      out.append(Int32(committed.count))
      for (partition, offset) in committed.sorted(by: { $0.key < $1.key }) {
        append(partition)
        out.append(offset.offset)
        out.append(offset.leaderEpoch)
        append(offset.metadata)
        out.append(offset.timestamp)
      }
    }
    out.append(previousID)
    out.append(previousEpoch)
    return out.bytes
  }

  fileprivate init?(_ bytes: [UInt8]) {
    guard let state = bytes.withUnsafeBytes({ Self.parse($0) }) else { return nil }
    self = state
  }

  private static func parse(_ raw: UnsafeRawBufferPointer) -> TransactionState? {
    var reader = ByteReader(raw)
    func text() -> String? {
      guard let length = reader.integer(Int32.self) else { return nil }
      let start = reader.position
      return reader.skip(Int(length)) ? String(decoding: raw[start..<reader.position], as: UTF8.self) : nil
    }
    func partition() -> TopicPartition? {
      guard let topic = text(), let number = reader.integer(Int32.self) else { return nil }
      return TopicPartition(topic, number)
    }
    guard reader.integer(Int16.self) == version, let producerID = reader.integer(Int64.self),
      let epoch = reader.integer(Int16.self), let timeout = reader.integer(Int32.self),
      let phase = reader.integer(Int8.self).flatMap(Phase.init), let started = reader.integer(Int64.self),
      let updated = reader.integer(Int64.self), let partitions = reader.integer(Int32.self)
    else { return nil }
    var state = TransactionState(producerID: producerID, epoch: epoch, timeout: timeout)
    state.phase = phase
    state.started = started
    state.updated = updated
    for _ in 0..<max(0, partitions) {
      guard let one = partition() else { return nil }
      state.partitions.insert(one)
    }
    guard let groups = reader.integer(Int32.self) else { return nil }
    for _ in 0..<max(0, groups) {
      guard let group = text(), let count = reader.integer(Int32.self) else { return nil }
      state.offsets[group] = [:]
      for _ in 0..<max(0, count) {
        guard let one = partition(), let offset = reader.integer(Int64.self), let epoch = reader.integer(Int32.self),
          let metadata = text(), let timestamp = reader.integer(Int64.self)
        else { return nil }
        state.offsets[group]![one] = CommittedOffset(
          offset: offset, leaderEpoch: epoch, metadata: metadata, timestamp: timestamp)
      }
    }
    // Not there in what older versions of this program wrote.
    if let id = reader.integer(Int64.self), let epoch = reader.integer(Int16.self) {
      (state.previousID, state.previousEpoch) = (id, epoch)
    }
    return state
  }
}
