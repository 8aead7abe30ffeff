import Glibc
import MillBase
import Synchronization

/// The built-in log: topics as Kafka lays them out on disk, in one data directory, for one process.
///
/// `<data>/<topic>-<partition>/<20-digit base offset>.log` holds record batches v2; beside it `.index` and
/// `.timeindex` (rebuilt when missing) and `.snapshot`. `topics.json` names the topics, `__consumer_offsets-0` holds
/// the groups' offsets, `__transaction_state-0` the transactions, `.lock` keeps a second process out,
/// `.kafka_cleanshutdown` says that nothing needs a scan, `recovery-point-offset-checkpoint` up to where partitions are
/// on the disk.
///
/// Durability: an append is in the system's page cache when it returns, so a killed process loses nothing. It is on
/// the disk after at most a topic's `flush.ms`; a power cut may lose what came since.
public final class LocalLog: RecordLog {
  /// Topics that hold the log's own state, and that nobody else reads or writes.
  static let ownTopics = [OffsetStore.topic, TransactionStore.topic]
  static let lockName = ".lock"
  static let cleanShutdownName = ".kafka_cleanshutdown"
  static let metaName = "meta.properties"
  static let closed = MillError(.stopped, "the log is closed")
  /// More would exhaust files and memory of one machine.
  public static let partitionsMax = 10_000

  /// A topic with its open partitions.
  final class Topic: Sendable {
    let name: String
    let id: TopicID
    let configuration: TopicConfiguration
    let partitions: [PartitionLog]

    init(name: String, id: TopicID, configuration: TopicConfiguration, partitions: [PartitionLog]) {
      self.name = name
      self.id = id
      self.configuration = configuration
      self.partitions = partitions
    }
  }

  public let directory: String
  public let options: LogOptions
  /// Kafka's cluster id, made once for the data directory.
  public let clusterID: String
  let topicsByName: Mutex<[String: Topic]>
  /// Held while topics are made, changed and deleted.
  let changes = Mutex(())
  let offsetStore: OffsetStore
  let transactionStore: TransactionStore
  /// Groups that have read or written their offsets through this object, not through a server.
  let readersInside = Mutex<Set<String>>([])
  /// As they stand in their file.
  let recoveryPoints = Mutex<[TopicPartition: Int64]?>(nil)
  private let lock: Mutex<File?>
  private let workers = Mutex<[Worker]>([])
  private let listeners = Mutex<[Int: @Sendable (TopicPartition) -> Void]>([:])
  private let listenersCount = Atomic<Int>(0)

  /// Opens the data directory, made when missing.
  ///
  /// - Throws: `.configuration` when another process has it, `.system`, `.corrupt`.
  public init(directory: String, options: LogOptions = LogOptions()) throws {
    self.directory = directory
    self.options = options
    _ = try Self.configuration([:], options)
    try Files.makeDirectory(directory, isDurable: true)
    Self.raiseOpenFilesLimit()
    lock = Mutex(try Self.takeLock(directory))
    clusterID = try Self.clusterID(directory)
    let run = try LastRun(of: directory)
    let entries = try TopicCatalog.read(directory) ?? TopicCatalog.adopt(directory)
    try Self.removeLeftovers(directory)
    var topics: [String: Topic] = [:]
    for entry in entries where !Self.ownTopics.contains(entry.name) {
      topics[entry.name] = try Self.open(entry, directory, options, run)
    }
    topicsByName = Mutex(topics)
    let own = try Self.ownConfiguration(options)
    offsetStore = try OffsetStore(
      directory: directory, configuration: own, compactionSize: options.offsetsCompactionSize, run)
    transactionStore = try TransactionStore(
      directory: directory, configuration: own, compactionSize: options.offsetsCompactionSize, run)
    // A kill may have come between a topic's deletion and that of its offsets.
    try offsetStore.forget { topics[$0.topic] == nil }
    if !Files.exists(TopicCatalog.path(directory)) { try TopicCatalog.write(entries, directory) }
    try restoreStartOffsets()
    recoveryPoints.withLock { $0 = run.flushed }
    try storeRecoveryPoints()
    // Folders of partitions are there and the mark of a clean shutdown is gone before anything is appended.
    try Files.syncDirectory(directory)
    if options.housekeeps { workers.withLock { $0 = startHousekeeping() } }
  }

  deinit { workers.withLock { for worker in $0 { worker.stop() } } }

  static func open(
    _ entry: TopicCatalog.Entry, _ directory: String, _ options: LogOptions, _ run: LastRun
  ) throws -> Topic {
    let configuration = try Self.configuration(entry.configuration, options)
    let partitions = try (0..<entry.partitions).map { number in
      let topicPartition = TopicPartition(entry.name, Int32(number))
      return try PartitionLog(
        topicPartition, directory: "\(directory)/\(topicPartition)", configuration: configuration, run)
    }
    return Topic(name: entry.name, id: entry.id, configuration: configuration, partitions: partitions)
  }

  /// A topic's own settings, on top of what the log's options say for all.
  static func configuration(_ overrides: [String: String], _ options: LogOptions) throws -> TopicConfiguration {
    var defaults = options.topicDefaults
    if let messages = options.flushIntervalMessages { defaults["flush.messages"] = String(messages) }
    if let interval = options.flushInterval { defaults["flush.ms"] = String(interval.milliseconds) }
    return try TopicConfiguration(overrides, defaults: defaults)
  }

  /// Of the log's own topics: nothing in them goes by age or size.
  private static func ownConfiguration(_ options: LogOptions) throws -> TopicConfiguration {
    let flush = try configuration([:], options).value("flush.ms")!.text
    return try TopicConfiguration(["retention.ms": "-1", "max.message.bytes": "2147483647", "flush.ms": flush])
  }

  private static func takeLock(_ directory: String) throws -> File {
    let path = "\(directory)/\(lockName)"
    let file = try File(path, .readWrite)
    guard try file.tryLock() else {
      let owner = String(decoding: try file.read(count: 20, at: 0), as: UTF8.self)
      throw MillError(
        .configuration, "data directory \(directory) is in use by process \(owner)", at: .init(file: path),
        wayOut: "stop that process, or choose another data directory")
    }
    try file.truncate(to: 0)
    try file.write(Array(String(getpid()).utf8), at: 0)
    return file
  }

  /// Kafka's `meta.properties`.
  private static func clusterID(_ directory: String) throws -> String {
    let path = "\(directory)/\(metaName)"
    if Files.exists(path) {
      for line in try Files.readText(path).split(separator: "\n") where line.hasPrefix("cluster.id=") {
        return String(line.dropFirst("cluster.id=".count))
      }
    }
    let id = TopicID.random().description
    try Files.writeAtomically("version=0\nbroker.id=1\ncluster.id=\(id)\n", to: path)
    return id
  }

  /// Files that a kill left half-written, folders of topics whose deletion it interrupted.
  private static func removeLeftovers(_ directory: String) throws {
    try Files.removeLeftovers(in: directory)
    for name in try Files.list(directory) where name.hasSuffix(deletedSuffix) {
      try Files.removeTree("\(directory)/\(name)")
    }
  }

  /// Each segment is an open file.
  private static func raiseOpenFilesLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max else {
      return
    }
    limit.rlim_cur = limit.rlim_max
    // Refused: the old limit holds, and opening a file too many says so.
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  /// - Throws: `.notFound`.
  func partition(_ topicPartition: TopicPartition) throws -> PartitionLog {
    let topic = topicsByName.withLock { $0[topicPartition.topic] }
    guard let topic else {
      throw MillError(
        .notFound, "topic '\(topicPartition.topic)' does not exist", at: .init(key: topicPartition.topic),
        wayOut: "create it first")
    }
    guard topic.partitions.indices.contains(Int(topicPartition.partition)) else {
      throw MillError(
        .notFound, "topic '\(topic.name)' has partitions 0 to \(topic.partitions.count - 1)",
        at: .init(key: topicPartition.description))
    }
    return topic.partitions[Int(topicPartition.partition)]
  }

  // MARK: Listening

  /// Calls `listener` after each append, on the appending thread: it must return at once.
  ///
  /// - Returns: a number for ``removeAppendListener(_:)``.
  public func onAppend(_ listener: @escaping @Sendable (TopicPartition) -> Void) -> Int {
    listeners.withLock { listeners in
      let id = (listeners.keys.max() ?? 0) + 1
      listeners[id] = listener
      listenersCount.store(listeners.count, ordering: .releasing)
      return id
    }
  }

  public func removeAppendListener(_ id: Int) {
    listeners.withLock { listeners in
      listeners[id] = nil
      listenersCount.store(listeners.count, ordering: .releasing)
    }
  }

  func notifyAppend(_ topicPartition: TopicPartition) {
    if listenersCount.load(ordering: .acquiring) == 0 { return }
    for listener in listeners.withLock({ Array($0.values) }) { listener(topicPartition) }
  }

  // MARK: Closing

  public func close() throws {
    let running = workers.withLock { workers in
      defer { workers = [] }
      return workers
    }
    for worker in running { worker.stop() }
    for worker in running { worker.join() }
    try changes.withLock { _ in
      guard lock.withLock({ $0 != nil }) else { return }
      for topic in topicsByName.withLock({ Array($0.values) }) {
        for partition in topic.partitions { try partition.close() }
      }
      try offsetStore.close()
      try transactionStore.close()
      try storeRecoveryPoints()
      try Files.writeAtomically("{\"version\":0}", to: "\(directory)/\(Self.cleanShutdownName)")
      lock.withLock { $0 = nil }
    }
  }
}
