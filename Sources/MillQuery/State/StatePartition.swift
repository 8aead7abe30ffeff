import MillBase

/// One partition of a stateful operator's state: the keys whose hash leads here.
///
/// What is committed lies in memory, or, when memory is short, partly in a snapshot file with the newer changes in
/// memory above it. What the running micro-batch changes lies apart, until it is committed or given up.
///
/// @unchecked: one thread has it at a time; the query's thread and the one that computes its rows take turns.
final class StatePartition: @unchecked Sendable {
  /// Deltas after which a snapshot may follow (spark.sql.streaming.stateStore.minDeltasForSnapshot).
  static let deltasMin = 10
  /// Deltas after which one follows, however small they are: a restart reads them all.
  static let deltasMax = 200

  let files: StateFiles
  /// Micro-batches that are in it: version v is the state after micro-batch v − 1.
  private(set) var version: Int64 = 0
  /// Keys that are committed.
  private(set) var committedCount = 0
  private var live = StateMap()
  private var base: StateFileReader?
  private var pending = StateMap()
  private var pendingChange = 0
  /// Of the running micro-batch's.
  private var deltaBytes: Int64 = 0
  private var deltasSinceSnapshot = 0
  private var deltaBytesSinceSnapshot: Int64 = 0
  private var snapshotBytes: Int64 = 0

  /// No key expires before this; nil = not known. For the operator, which knows what a key's time is.
  var earliest: Int64?

  init(_ files: StateFiles) { self.files = files }

  /// Keys, the running micro-batch's among them.
  var count: Int { committedCount + pendingChange }
  var memoryBytes: Int { live.byteCount + pending.byteCount + (base?.memoryBytes ?? 0) }
  /// Bytes that lie in a file only.
  var spilledBytes: Int64 { base?.byteCount ?? 0 }

  // MARK: A micro-batch's access

  /// The body gets the key's value; nil when there is none.
  func value<Result>(
    _ hash: UInt64, _ key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result? {
    switch pending.find(hash, key) {
    case .value(let value): return try body(value)
    case .removed: return nil
    case .missing: break
    }
    switch live.find(hash, key) {
    case .value(let value): return try body(value)
    case .removed: return nil
    case .missing: return try base?.find(hash, key, body)
    }
  }

  /// - Parameter isNew: the key had no value.
  func set(_ hash: UInt64, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, isNew: Bool) {
    pending.set(hash, key, value)
    if isNew { pendingChange += 1 }
  }

  /// Removes a key that has a value.
  func remove(_ hash: UInt64, _ key: UnsafeRawBufferPointer) {
    pending.set(hash, key, nil)
    pendingChange -= 1
  }

  /// All keys with their values, as the running micro-batch sees them, in no order. Nothing must be changed meanwhile.
  func forEach(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Void) throws {
    func isOverlaid(_ key: UnsafeRawBufferPointer, by maps: StateMap...) -> Bool {
      let hash = StateMap.hash(key)
      return maps.contains { map in
        if map.count == 0 { return false }
        if case .missing = map.find(hash, key) { return false }
        return true
      }
    }
    try base?.forEach { key, value in
      if let value, !isOverlaid(key, by: pending, live) { try body(key, value) }
    }
    try live.forEach { key, value in
      if let value, !isOverlaid(key, by: pending) { try body(key, value) }
    }
    try pending.forEach { key, value in if let value { try body(key, value) } }
  }

  // MARK: Versions

  /// Writes what the micro-batch changed as the delta of the next version.
  ///
  /// - Returns: the file, which must be synced yet.
  func writeDelta() throws -> UnsyncedStateFile {
    var writer = try StateFileWriter(files.delta(version + 1), over: files.spare())
    try pending.forEach { key, value in try writer.append(StateMap.hash(key), key, value) }
    let (file, size) = try writer.finishInPlace(version: version + 1)
    deltaBytes = size
    return file
  }

  /// The delta that the version came with; nil when a snapshot alone is left of it.
  func lastDelta() throws -> UnsyncedStateFile? {
    let path = files.delta(version)
    return Files.exists(path) ? try UnsyncedStateFile(path) : nil
  }

  func abort() {
    if pending.count > 0 { pending.removeAll() }
    pendingChange = 0
  }

  /// The delta is written, and the micro-batch committed.
  func commit() {
    if live.count == 0, base == nil, pendingChange == pending.count {
      // All of it is new: nothing to copy.
      swap(&live, &pending)
    } else {
      pending.forEach { key, value in apply(key, value) }
    }
    committedCount += pendingChange
    version += 1
    deltasSinceSnapshot += 1
    deltaBytesSinceSnapshot += deltaBytes
    abort()
  }

  private func apply(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) {
    let hash = StateMap.hash(key)
    if value == nil, base == nil { live.remove(hash, key) } else { live.set(hash, key, value) }
  }

  /// Reads the state of a version.
  ///
  /// - Parameter memoryShare: bytes that a snapshot may have to be read into memory; a larger one stays a file.
  /// - Throws: `.corrupt` with the file that is missing or damaged.
  func load(_ wanted: Int64, memoryShare: Int) throws {
    abort()
    live.removeAll()
    (base, committedCount, snapshotBytes, earliest) = (nil, 0, 0, nil)
    (deltasSinceSnapshot, deltaBytesSinceSnapshot) = (0, 0)
    try files.sweep()
    let start = try files.snapshots().last { $0 <= wanted } ?? 0
    if start > 0 {
      let snapshot = try StateFileReader(files.snapshot(start), version: start)
      snapshotBytes = snapshot.byteCount
      if snapshot.byteCount > Int64(memoryShare) {
        base = snapshot
      } else {
        try snapshot.forEach { key, value in apply(key, value) }
      }
      committedCount = Int(snapshot.entries)
    }
    for number in start..<wanted {
      let path = files.delta(number + 1)
      guard Files.exists(path) else { throw StateFileReader.corrupt(path, "the file is missing") }
      let delta = try StateFileReader(path, version: number + 1)
      try delta.forEach { key, value in
        let isThere = try self.value(StateMap.hash(key), key) { _ in true } ?? false
        committedCount += (value == nil ? 0 : 1) - (isThere ? 1 : 0)
        apply(key, value)
      }
      deltasSinceSnapshot += 1
      deltaBytesSinceSnapshot += delta.byteCount
    }
    version = wanted
  }

  // MARK: Snapshots

  /// Would a restart read much more than it has to?
  var wantsSnapshot: Bool {
    deltasSinceSnapshot >= Self.deltasMax
      || (deltasSinceSnapshot >= Self.deltasMin && deltaBytesSinceSnapshot * 2 >= snapshotBytes)
  }

  /// Writes all that is committed, by the hash of the keys.
  ///
  /// - Returns: the file, which must be put into its place yet.
  func writeSnapshot() throws -> HiddenStateFile {
    var writer = try StateFileWriter(files.snapshot(version), over: files.spare())
    let places = live.sortedPlaces()
    var next = 0
    func nextHash() -> UInt64? {
      next < places.count ? live.hash(at: UInt32(truncatingIfNeeded: places[next])) : nil
    }
    var hash = nextHash()
    func writeLive(_ writer: inout StateFileWriter, before limit: UInt64?) throws {
      while let own = hash, limit == nil || own < limit! {
        try live.visit(UInt32(truncatingIfNeeded: places[next])) { key, value in
          if let value { try writer.append(own, key, value) }
        }
        next += 1
        hash = nextHash()
      }
    }
    if let base {
      // Entries of one hash come together: the live ones after the base's.
      try base.forEach { key, value in
        let hash = StateMap.hash(key)
        try writeLive(&writer, before: hash)
        if let value, case .missing = live.find(hash, key) { try writer.append(hash, key, value) }
      }
    }
    try writeLive(&writer, before: nil)
    let (file, size) = try writer.finish(version: version)
    snapshotBytes = size
    (deltasSinceSnapshot, deltaBytesSinceSnapshot) = (0, 0)
    return file
  }

  /// Gives the memory back: what is committed lies in a snapshot from now on.
  func spill() throws {
    if deltasSinceSnapshot > 0 || !Files.exists(files.snapshot(version)) { try writeSnapshot().place() }
    base = try StateFileReader(files.snapshot(version), version: version)
    live.removeAll()
  }
}
