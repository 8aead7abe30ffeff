import MillBase

/// Log compaction (`cleanup.policy=compact`): of each key in the closed segments the last record stays, at its offset.
///
/// Records without a key stay as they are, and so do segments with damage. The segment that is appended to is never
/// touched, nor is what comes after the last stable offset. A tombstone goes when it has been through a compaction and
/// is older than `delete.retention.ms`.
///
/// Of transactions, records of committed ones count like others, those of aborted ones go. A commit's marker goes as a
/// tombstone does, when no record of its transaction is left. An abort's marker stays: readers are told of the aborted
/// transaction, and go on passing over the producer's records until they meet it.
extension PartitionLog {
  /// Keys of one pass, held in memory while it runs: about 50 bytes each. With more, the pass ends earlier.
  static let compactionKeysMax = 2_000_000

  /// 128 bits of a key's hash, seeded anew in each process: two keys don't meet.
  private struct KeyHash: Hashable {
    let first: Int
    let second: Int

    init(_ key: UnsafeRawBufferPointer) {
      func hash(_ seed: UInt8) -> Int {
        var hasher = Hasher()
        hasher.combine(seed)
        hasher.combine(bytes: key)
        return hasher.finalize()
      }
      first = hash(0)
      second = hash(1)
    }
  }

  private struct Pass {
    /// Where each key's last record is, of records from `cleaned` to `reached`.
    var latest: [KeyHash: Int64] = [:]
    /// Everything before went through an earlier pass.
    let cleaned: Int64
    var reached: Int64
    /// Tombstones with older timestamps go.
    let tombstonesBefore: Int64
    var keepsTombstones: Bool
    let transactions: TransactionIndex
    /// The same by producer: a pass asks for every batch of the partition.
    let aborted: [Int64: [AbortedTransaction]]
    /// While segments are written anew: producers with records since their last marker; nil = not to be known.
    var unmarked: Set<Int64>? = []

    /// Notes what stays of the batches, in their order.
    mutating func note(_ header: BatchHeader, isKept: Bool) {
      if header.isControl {
        unmarked?.remove(header.producerID)
      } else if header.isTransactional, isKept {
        unmarked?.insert(header.producerID)
      }
    }

    /// True for records that their producer took back.
    func isAborted(_ header: BatchHeader) -> Bool {
      guard header.isTransactional, let own = aborted[header.producerID] else { return false }
      // One producer's transactions don't overlap: the first that ends later is the only one that can have it.
      let index = own.partitioningIndex { $0.lastOffset >= header.baseOffset }
      return index < own.count && own[index].firstOffset <= header.baseOffset
    }

    /// True for a marker that nobody needs any more.
    func isSpent(_ header: BatchHeader, _ bytes: [UInt8]) -> Bool {
      guard header.isControl, !keepsTombstones, header.lastOffset < cleaned, header.maxTimestamp < tombstonesBefore,
        let unmarked, !unmarked.contains(header.producerID)
      else { return false }
      return PartitionLog.marker(bytes) == .commit
    }

    func stays(_ record: StoredRecords.View) -> Bool {
      guard let key = record.key, record.offset < reached else { return true }
      if let last = latest[KeyHash(key)], last > record.offset { return false }
      return !record.isTombstone || keepsTombstones || record.offset >= cleaned || record.timestamp >= tombstonesBefore
    }
  }

  /// Compacts when the topic asks for it and at least `min.cleanable.dirty.ratio` of the closed segments is new.
  ///
  /// - Parameters:
  ///   - now: milliseconds since 1970.
  ///   - isStopped: asked often; when true, what is done stays and the rest is left.
  /// - Returns: the bytes that went.
  @discardableResult
  func compact(now: Int64, isStopped: () -> Bool = { false }) throws -> Int64 {
    try cleaning.withLock { _ in try compactOnce(now: now, isStopped: isStopped) }
  }

  private func compactOnce(now: Int64, isStopped: () -> Bool) throws -> Int64 {
    let (segments, cleaned, keepsTombstones, configuration, transactions) = state.withLock { state in
      // What an open transaction may still take back is left alone.
      let decided = state.segments.dropLast().prefix { $0.nextOffset <= state.stableOffset }
      return (Array(decided), state.cleanedUpTo, state.keepsTombstones, state.configuration, state.transactions)
    }
    guard configuration.compacts, !state.withLock({ $0.isUncleanable }) else { return 0 }
    let dirty = segments.filter { $0.nextOffset > cleaned }
    let (dirtySize, size) = (dirty.reduce(0) { $0 + $1.size }, segments.reduce(0) { $0 + $1.size })
    guard dirtySize > 0, Double(dirtySize) >= Double(size) * configuration.minCleanableDirtyRatio else { return 0 }
    // From here on all closed segments are on the disk and have their index files.
    try flush()
    var pass = Pass(
      cleaned: cleaned, reached: cleaned, tombstonesBefore: now - configuration.deleteRetentionMilliseconds,
      keepsTombstones: keepsTombstones, transactions: transactions,
      aborted: Dictionary(grouping: transactions.aborted, by: \.producerID))
    guard try index(dirty, &pass, isStopped) else { return 0 }
    for group in groups(segments.filter { $0.baseOffset < pass.reached }, configuration.segmentBytes) {
      guard try rewrite(group, &pass, isStopped) else { break }
    }
    let after = state.withLock { state in
      state.cleanedUpTo = pass.reached
      state.keepsTombstones = pass.keepsTombstones
      return state.segments.reduce(0) { $0 + ($1.baseOffset < segments.last!.nextOffset ? $1.size : 0) }
    }
    Log.info("log", "\(topicPartition): compacted to offset \(pass.reached), from \(size) to \(after) bytes")
    return size - after
  }

  private func isOver(_ isStopped: () -> Bool) -> Bool { isStopped() || state.withLock { $0.isClosed } }

  // MARK: Which record is the last

  /// - Returns: false when it was stopped.
  private func index(_ segments: [Segment], _ pass: inout Pass, _ isStopped: () -> Bool) throws -> Bool {
    // Producers with records that are not ended yet, as this walk finds them.
    var open: Set<Int64> = []
    let start = offsets.start
    for segment in segments {
      var isExplained = true
      let isSound = try walk(segment) { header, bytes in
        if isOver(isStopped) { return false }
        if header.isControl {
          isExplained = !open.contains(header.producerID) || isKnown(header, bytes, pass.transactions, from: start)
          if !isExplained { return false }
          open.remove(header.producerID)
        } else if pass.isAborted(header) {
          open.insert(header.producerID)
        } else {
          if header.isTransactional { open.insert(header.producerID) }
          try StoredRecords.walk(bytes, header) { record in
            if let key = record.key, record.offset >= pass.cleaned { pass.latest[KeyHash(key)] = record.offset }
            return true
          }
        }
        pass.reached = max(pass.reached, header.lastOffset + 1)
        return pass.latest.count < Self.compactionKeysMax
      }
      if isOver(isStopped) { return false }
      guard isExplained else {
        Log.error(
          "log", "\(segment.path): which transactions were aborted is not known; \(topicPartition) stays as it is")
        state.withLock { $0.isUncleanable = true }
        return false
      }
      if pass.latest.count >= Self.compactionKeysMax { return true }
      // What damage hides may be a key's earlier record: then its tombstone has to stay.
      if !isSound { pass.keepsTombstones = true }
      pass.reached = max(pass.reached, segment.nextOffset)
    }
    return true
  }

  /// False for the marker of an abort that the partition's index does not have: its file was damaged.
  private func isKnown(
    _ header: BatchHeader, _ bytes: [UInt8], _ transactions: TransactionIndex, from start: Int64
  ) -> Bool {
    guard header.lastOffset >= start, Self.marker(bytes) == .abort else { return true }
    let aborted = transactions.aborted
    let index = aborted.partitioningIndex { $0.lastOffset >= header.lastOffset }
    return index < aborted.count && aborted[index].lastOffset == header.lastOffset
  }

  /// - Parameter visit: returns false to stop.
  /// - Returns: false when there is damage; the walk ends there.
  private func walk(_ segment: Segment, _ visit: (BatchHeader, [UInt8]) throws -> Bool) throws -> Bool {
    let limit = segment.size
    var position: Int64 = 0
    var expected = segment.baseOffset
    while true {
      switch try segment.step(at: position, limit: limit, expected: expected) {
      case .end: return true
      case .damage: return false
      case .batch(let header):
        let bytes = try segment.file.read(count: header.size, at: position)
        let isSound = bytes.withUnsafeBytes {
          $0.count == header.size
            && CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[BatchHeader.crcStart...])) == header.crc
        }
        if !isSound {
          _ = try segment.noteDamage(at: position, limit: limit, expected: expected, "wrong CRC")
          return false
        }
        if try !visit(header, bytes) { return true }
        position += Int64(header.size)
        expected = header.lastOffset + 1
      }
    }
  }

  /// Neighbours that become one segment, so that what shrinks does not stay many files.
  private func groups(_ segments: [Segment], _ sizeMax: Int64) -> [[Segment]] {
    var groups: [[Segment]] = []
    var size: Int64 = 0
    for segment in segments {
      if let first = groups.last?.first, size + segment.size <= sizeMax,
        segment.nextOffset - first.baseOffset <= Int64(Int32.max)
      {
        groups[groups.count - 1].append(segment)
        size += segment.size
      } else {
        groups.append([segment])
        size = segment.size
      }
    }
    return groups
  }

  // MARK: Writing it anew

  /// - Returns: false when it was stopped.
  private func rewrite(_ group: [Segment], _ pass: inout Pass, _ isStopped: () -> Bool) throws -> Bool {
    let cleaned = CompactedFile.cleanedPath(directory, group[0].baseOffset)
    let file = try File(cleaned, .truncate)
    var hasChanged = group.count > 1
    var end: Int64 = 0
    var isWhole = true
    for segment in group where isWhole {
      isWhole = try walk(segment) { header, bytes in
        var kept: [UInt8]? = bytes
        if header.isControl {
          if pass.isSpent(header, bytes) { kept = nil }
        } else {
          kept = pass.isAborted(header) ? nil : try StoredRecords.filter(bytes, header, pass.stays)
        }
        pass.note(header, isKept: kept != nil)
        if kept?.count != bytes.count { hasChanged = true }
        if let kept {
          try file.write(kept, at: end)
          end += Int64(kept.count)
        }
        return !isOver(isStopped)
      }
    }
    // Behind damage, records of a transaction may be left whose marker comes later.
    if !isWhole { pass.unmarked = nil }
    let wasStopped = isOver(isStopped)
    guard isWhole, hasChanged, !wasStopped else {
      try Files.remove(cleaned)
      return !wasStopped
    }
    try file.sync()
    try maintenance.withLock { _ in try replace(group, cleaned) }
    return true
  }

  /// Puts the new file in the segments' place. Readers that are at it still hold the old files open.
  private func replace(_ group: [Segment], _ cleaned: String) throws {
    let isThere = state.withLock { state in
      !state.isClosed && group.allSatisfy { segment in state.segments.contains { $0 === segment } }
    }
    // Retention or a deletion was faster.
    guard isThere else { return try Files.remove(cleaned) }
    for segment in group { try segment.withIndex { _ in } }
    let (base, end) = (group[0].baseOffset, group.last!.nextOffset)
    let swap = CompactedFile.swapPath(directory, base, end)
    try Files.rename(cleaned, to: swap)
    try Files.syncDirectory(directory)
    try CompactedFile.finish(directory, swap, base, end)
    let new = try Segment(open: directory, baseOffset: base, nextOffset: end)
    state.withLock { state in
      let first = state.segments.firstIndex { $0 === group[0] }!
      state.segments.replaceSubrange(first..<first + group.count, with: [new])
    }
  }
}

/// The files through which a compacted segment comes into its place, whenever the process is killed.
///
/// `<base>.log.cleaned` is being written: it goes when the log is opened. `<base>.<end>.swap` is whole and on the disk
/// and stands for all segments from base to end: their removal and the last renaming are made up for.
enum CompactedFile {
  private static let swapSuffix = "swap"

  static func cleanedPath(_ directory: String, _ base: Int64) -> String {
    "\(Segment.path(directory, base, "log")).cleaned"
  }

  static func swapPath(_ directory: String, _ base: Int64, _ end: Int64) -> String {
    Segment.path(directory, base, "\(end).\(swapSuffix)")
  }

  static func finish(_ directory: String, _ swap: String, _ base: Int64, _ end: Int64) throws {
    for name in try Files.list(directory) {
      let parts = name.split(separator: ".")
      guard parts.count == 2, let of = Int64(parts[0]), of >= base, of < end else { continue }
      let isOfBase = of == base && ["log", "snapshot", "transactions"].contains(parts[1])
      let isSegments = ["log", "index", "timeindex", "snapshot", "transactions"].contains(parts[1])
      if isSegments, !isOfBase { try Files.remove("\(directory)/\(name)") }
    }
    // Before the segment itself: one without its index is taken for one that was not flushed, and its gaps for losses.
    let segment = try Segment(open: directory, baseOffset: base, nextOffset: end, suffix: "\(end).\(swapSuffix)")
    try segment.rebuildIndex()
    try segment.seal()
    try Files.rename(swap, to: Segment.path(directory, base, "log"))
    try Files.syncDirectory(directory)
  }

  /// What a kill left.
  static func recover(_ directory: String) throws {
    for name in try Files.list(directory) {
      let parts = name.split(separator: ".")
      if name.hasSuffix(".log.cleaned") {
        try Files.remove("\(directory)/\(name)")
      } else if parts.count == 3, parts[2] == "swap", let base = Int64(parts[0]), let end = Int64(parts[1]) {
        try finish(directory, "\(directory)/\(name)", base, end)
      }
    }
  }
}
