import MillBase
import Synchronization

/// The state of one stateful operator: keys and values as bytes, in partitions by the hash of the key, with a version
/// for every micro-batch.
///
/// @unchecked: one thread has it at a time; the query's thread and the one that computes its rows take turns.
final class StateStore: @unchecked Sendable {
  let partitions: [StatePartition]
  /// Bytes that the state may take in memory, besides the changes of one micro-batch.
  let memoryLimit: Int
  /// What the running micro-batch did, for its progress.
  var counts = Counts()

  struct Counts: Sendable {
    var updated = 0
    var removed = 0
    var droppedByWatermark = 0
  }

  /// Keys of a partition whose snapshot is written at the same time as others: it takes memory, and mostly waits.
  private static let smallCount = 20_000

  /// Memory after a spill, in parts of the limit.
  private static let spillTarget = 0.5

  /// - Parameter directory: `<checkpoint>/state/<operator>`; made when missing.
  init(directory: String, partitions count: Int, memoryLimit: Int) throws {
    self.memoryLimit = memoryLimit
    partitions = try (0..<count).map { number in
      let path = "\(directory)/\(number)"
      try Files.makeDirectory(path)
      return StatePartition(StateFiles(directory: path))
    }
  }

  var keyCount: Int { partitions.reduce(0) { $0 + $1.count } }
  var memoryBytes: Int { partitions.reduce(0) { $0 + $1.memoryBytes } }
  var spilledBytes: Int64 { partitions.reduce(0) { $0 + $1.spilledBytes } }

  /// The numbers of the keys in the order in which they are to be looked up: that of the files, where some lie in files,
  /// so that a block is read once. Equal keys keep their order.
  func lookupOrder(_ keys: KeyList) -> [Int] {
    if spilledBytes == 0 { return Array(0..<keys.count) }
    var hashes: [UInt64] = []
    hashes.reserveCapacity(keys.count)
    keys.forEach { hashes.append(StateMap.hash($0)) }
    let parts = UInt64(partitions.count)
    return (0..<keys.count).sorted { a, b in
      let (first, second) = (hashes[a], hashes[b])
      return (first >> 32 % parts, first, a) < (second >> 32 % parts, second, b)
    }
  }

  func partition(_ hash: UInt64) -> StatePartition { partitions[Int(hash >> 32) % partitions.count] }

  func load(_ version: Int64) throws {
    for partition in partitions { try partition.load(version, memoryShare: memoryLimit / partitions.count / 2) }
    try spill()
  }

  func begin() {
    for partition in partitions { partition.abort() }
    counts = Counts()
  }

  /// The changes of the micro-batch are durable when this returns.
  ///
  /// - Parameter written: called after every partition.
  func writeDeltas(_ written: (_ partition: Int) throws -> Void) throws {
    let files = try partitions.enumerated().map { number, partition in
      let delta = try partition.writeDelta()
      try written(number)
      return delta
    }
    try Self.together(files) { try $0.file.syncWithName($0.path) }
  }

  /// Does it for all at the same time: what a file system is told to sync at the same time it syncs together.
  private static func together<Item: Sendable>(
    _ items: [Item], _ body: @escaping @Sendable (Item) throws -> Void
  ) throws {
    let failures = Mutex<[any Error]>([])
    let work = { @Sendable (item: Item) in
      do { try body(item) } catch { failures.withLock { $0.append(error) } }
    }
    let workers = items.dropFirst().map { item in Worker("state") { _ in work(item) } }
    if let first = items.first { work(first) }
    for worker in workers { worker.join() }
    if let failure = failures.withLock({ $0.first }) { throw failure }
  }

  /// The micro-batch is committed: its changes become the state.
  func commit() {
    for partition in partitions { partition.commit() }
  }

  /// Snapshots are written where they are due, what is too much for the memory goes to files, and what no restart needs
  /// is removed. May be called again when it failed.
  func maintain() throws {
    let due = partitions.filter(\.wantsSnapshot)
    if due.allSatisfy({ $0.count <= Self.smallCount }) {
      try Self.together(due) { try $0.writeSnapshot() }
    } else {
      for partition in due { try partition.writeSnapshot() }
    }
    try spill()
    for partition in partitions where partition.version % Int64(StatePartition.deltasMin) == 0 {
      let oldest = partition.version - Checkpoint.batchesRetained
      if oldest > 0 { try partition.files.purge(before: oldest) }
    }
  }

  private func spill() throws {
    guard memoryBytes > memoryLimit else { return }
    for partition in partitions.sorted(by: { $0.memoryBytes > $1.memoryBytes }) {
      if Double(memoryBytes) <= Double(memoryLimit) * Self.spillTarget { return }
      try partition.spill()
    }
  }
}
