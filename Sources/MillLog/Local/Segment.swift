import MillBase
import Synchronization

/// One `<base offset>.log` file with its sparse index: appended to at its end, read anywhere.
///
/// Appends come one at a time (the partition's lock sees to it); reads may run beside them, up to a size that was
/// published before.
final class Segment: Sendable {
  struct State {
    var size: Int64
    /// The offset after the last record.
    var nextOffset: Int64
    /// nil = not read from its file yet.
    var index: SparseIndex?
    /// Where damage begins → where reading goes on.
    var damage: [Int64: Int64] = [:]
    /// Everything before has had its CRC checked by this process.
    var verified: Int64 = 0
    /// And so has everything from here on: found so when it was opened, or appended since.
    var verifiedFrom: Int64
    /// Where the last batch begins; nil = not known.
    var lastBatch: Int64?
    /// Everything before is on the disk.
    var synced: Int64
    /// The disk refused a sync: the system may take for written what it could not write.
    var hasFailedSync = false
    /// A write broke off and could not be undone: bytes after `size` have to go before the next append.
    var hasLeftover = false
    /// The index files are there and up to date.
    var isSealed = false
    /// The file's name is on the disk.
    var isNamed = false
  }

  let baseOffset: Int64
  let file: File
  /// Milliseconds since 1970 when this process made or opened it.
  let opened: Int64
  let state: Mutex<State>

  var path: String { file.path }
  var indexPath: String { Self.path(directory, baseOffset, "index") }
  var timeIndexPath: String { Self.path(directory, baseOffset, "timeindex") }
  private var directory: String { Files.split(path).directory }

  static func path(_ directory: String, _ baseOffset: Int64, _ suffix: String) -> String {
    let digits = String(baseOffset)
    return "\(directory)/\(String(repeating: "0", count: 20 - digits.utf8.count))\(digits).\(suffix)"
  }

  /// A new, empty segment.
  init(create directory: String, baseOffset: Int64) throws {
    self.baseOffset = baseOffset
    file = try File(Self.path(directory, baseOffset, "log"), .readWrite)
    // What stands there can only be left over from a roll that a kill interrupted before any append.
    try file.truncate(to: 0)
    opened = Clock.nowMilliseconds()
    state = Mutex(State(size: 0, nextOffset: baseOffset, index: SparseIndex(), verifiedFrom: 0, synced: 0))
  }

  /// An existing segment, not scanned. `nextOffset` is where the following segment begins.
  ///
  /// - Parameter suffix: of the file's name, when it is to become a segment only.
  init(
    open directory: String, baseOffset: Int64, nextOffset: Int64, suffix: String = "log",
    _ mode: File.Mode = .readWrite
  ) throws {
    self.baseOffset = baseOffset
    file = try File(Self.path(directory, baseOffset, suffix), mode)
    opened = Clock.nowMilliseconds()
    let size = try file.size()
    var opened = State(size: size, nextOffset: nextOffset, index: nil, verifiedFrom: size, synced: 0)
    // Without index files it may stand in the system's cache only, as a process left it that was killed.
    if Files.exists(Self.path(directory, baseOffset, "index")) {
      opened.isSealed = true
      opened.isNamed = true
      opened.synced = size
    }
    state = Mutex(opened)
  }

  var size: Int64 { state.withLock { $0.size } }
  var nextOffset: Int64 { state.withLock { $0.nextOffset } }
  var isEmpty: Bool { size == 0 }
  var isSealed: Bool { state.withLock { $0.isSealed } }

  func maxTimestamp() throws -> Int64 { try withIndex { $0.maxTimestamp } }

  // MARK: Appending

  /// Writes whole batches, whose offsets are assigned, at the end. Nothing stays of them when it throws.
  func append(_ bytes: [UInt8], _ headers: [BatchHeader], indexInterval: Int) throws {
    let (position, hasLeftover) = state.withLock { ($0.size, $0.hasLeftover) }
    if hasLeftover {
      try file.truncate(to: position)
      state.withLock { $0.hasLeftover = false }
    }
    do { try file.write(bytes, at: position) } catch {
      do { try file.truncate(to: position) } catch let second {
        state.withLock { $0.hasLeftover = true }
        Log.error("log", "a broken-off write can't be undone yet: \(second)")
      }
      throw error
    }
    state.withLock { state in
      var at = position
      for header in headers {
        state.index!.add(
          relativeLastOffset: Int32(header.lastOffset - baseOffset), position: Int32(at), size: header.size,
          maxTimestamp: header.maxTimestamp, interval: indexInterval)
        state.lastBatch = at
        at += Int64(header.size)
        state.nextOffset = header.lastOffset + 1
      }
      precondition(at == position + Int64(bytes.count), "headers and bytes belong together")
      state.size = at
    }
  }

  // MARK: Making durable

  /// Blocks until everything appended so far is on the disk.
  func sync() throws {
    let (size, synced, isNamed, hasFailed) = state.withLock { ($0.size, $0.synced, $0.isNamed, $0.hasFailedSync) }
    if synced >= size { return }
    if hasFailed { try writeAgain(from: synced, to: size) }
    do { try file.sync() } catch {
      state.withLock { $0.hasFailedSync = true }
      throw error
    }
    // A file that is on the disk without its name is lost with it.
    if !isNamed { try Files.syncDirectory(directory) }
    state.withLock { state in
      state.synced = max(state.synced, size)
      state.isNamed = true
      state.hasFailedSync = false
    }
  }

  /// After a sync that failed, the next one says that all is well without having written what the first could not
  /// (fsync(2), "error"). So the bytes are written once more, as long as the system still has them.
  private func writeAgain(from start: Int64, to limit: Int64) throws {
    var position = start
    while position < limit {
      guard let header = try header(at: position), header.flaw == nil, try hasRightCRC(header, at: position) else {
        throw MillError(
          .corrupt, "the disk refused to keep what was appended, and at byte \(position) it is lost",
          at: .init(file: path), wayOut: "check the disk, stop the log and open it again: it ends there then")
      }
      try file.write(try file.read(count: header.size, at: position), at: position)
      position += Int64(header.size)
    }
    Log.warning("log", "\(path): the disk refused bytes \(start) to \(limit), which were written once more")
  }

  var isSynced: Bool { state.withLock { $0.synced >= $0.size } }

  /// Syncs, then writes the index files: where they are, the segment needs no scan when it is opened again.
  func seal() throws {
    try sync()
    try withIndex { try $0.write(toIndex: indexPath, timeIndex: timeIndexPath) }
    state.withLock { $0.isSealed = true }
  }

  /// Before appending goes on in a segment that was sealed.
  func unseal() throws {
    // The index has to be in memory before its files go.
    try withIndex { _ in }
    state.withLock { $0.isSealed = false }
    for path in [indexPath, timeIndexPath] where Files.exists(path) { try Files.remove(path) }
  }

  /// The same for a segment that nothing will be appended to any more.
  func finish() throws {
    try seal()
    try RecoveryCheckpoint.remove(directory, baseOffset)
  }

  func remove() throws {
    try removeBeside()
    try Files.remove(path)
  }

  private func removeBeside() throws {
    let beside = [
      "snapshot", TransactionIndex.Moment.begin.rawValue, TransactionIndex.Moment.closed.rawValue,
      RecoveryCheckpoint.suffix, RecoveryCheckpoint.indexSuffix,
    ]
    for path in [indexPath, timeIndexPath] + beside.map({ Self.path(directory, baseOffset, $0) })
    where Files.exists(path) {
      try Files.remove(path)
    }
  }

  /// Takes the segment out of the log, and keeps its bytes beside it when there are any.
  func setAside() throws {
    try removeBeside()
    if isEmpty { return try Files.remove(path) }
    let aside = "\(path).0.damaged"
    try Files.rename(path, to: aside)
    Log.error("log", "\(path) was moved to \(aside)")
  }

  // MARK: Index

  /// Goes on from a checkpoint: what it covers needs no look.
  func restore(_ index: SparseIndex, _ checkpoint: RecoveryCheckpoint) {
    state.withLock { state in
      state.index = index
      state.lastBatch = checkpoint.lastBatch
    }
  }

  /// The index, read or rebuilt when this is the first use.
  func withIndex<Result>(_ body: (SparseIndex) throws -> Result) throws -> Result {
    if state.withLock({ $0.index == nil }) {
      if let index = try SparseIndex.read(index: indexPath, timeIndex: timeIndexPath, segmentSize: size) {
        state.withLock { if $0.index == nil { $0.index = index } }
      } else {
        Log.info("log", "\(indexPath) is missing or wrong: rebuilt from the segment")
        try rebuildIndex()
      }
    }
    return try state.withLock { try body($0.index!) }
  }
}
