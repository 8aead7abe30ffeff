import MillBase

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

  /// Memory after a spill, in parts of the limit.
  private static let spillTarget = 0.5

  /// - Parameter directory: `<checkpoint>/state/<operator>`; made when missing.
  init(directory: String, partitions count: Int, memoryLimit: Int) throws {
    self.memoryLimit = memoryLimit
    partitions = try (0..<count).map { number in
      let path = "\(directory)/\(number)"
      try Files.makeDirectory(path, isDurable: true)
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

  /// - Throws: `.corrupt` with the file that is missing or damaged.
  func load(_ version: Int64) throws {
    for partition in partitions { try partition.load(version, memoryShare: memoryLimit / partitions.count / 2) }
    try spill()
  }

  /// A version is loaded that is not the last one: snapshots of later ones are not to be.
  func removeSnapshots(after version: Int64) throws {
    for partition in partitions { try partition.files.removeSnapshots(after: version) }
  }

  func begin() {
    for partition in partitions { partition.abort() }
    counts = Counts()
  }

  /// Writes the changes of the micro-batch.
  ///
  /// - Parameter written: called after every partition.
  /// - Returns: the files, which must be synced yet.
  func writeDeltas(_ written: (_ partition: Int) throws -> Void) throws -> [UnsyncedStateFile] {
    try partitions.enumerated().map { number, partition in
      let delta = try partition.writeDelta()
      try written(number)
      return delta
    }
  }

  /// What the version that was loaded came with: whoever wrote it may have been killed before it was synced.
  func lastDeltas() throws -> [UnsyncedStateFile] { try partitions.compactMap { try $0.lastDelta() } }

  /// The micro-batch is committed: its changes become the state.
  func commit() {
    for partition in partitions { partition.commit() }
  }

  /// Snapshots are written where they are due, what is too much for the memory goes to files, and what no restart needs
  /// is removed. May be called again when it failed.
  ///
  /// - Parameters:
  ///   - mayWrite: else snapshots that are due wait for the next time.
  ///   - later: gets what waits for the disk, to be done in this order on another thread.
  func maintain(mayWrite: Bool = true, _ later: (@escaping DiskThreads.Work) -> Void) throws {
    for partition in partitions where partition.version % Int64(StatePartition.deltasMin) == 0 {
      let oldest = partition.version - Checkpoint.batchesRetained
      if oldest > 0 { later { [files = partition.files] in try files.purge(before: oldest) } }
    }
    // First: a partition that has gone to a file needs no other snapshot.
    try spill()
    guard mayWrite else { return }
    for partition in partitions where partition.wantsSnapshot {
      let snapshot = try partition.writeSnapshot()
      later { try snapshot.place() }
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
