import MillBase

/// Offset → position and time → offset, every few kilobytes; on disk as Kafka's `.index` and `.timeindex` files.
struct SparseIndex {
  /// Last offset of a batch (relative to the segment's base) and where that batch begins in the file.
  struct Entry: Equatable {
    var relativeOffset: Int32
    var position: Int32
  }
  /// The greatest timestamp so far, and the (relative) last offset of the batch that has it.
  struct TimeEntry: Equatable {
    var timestamp: Int64
    var relativeOffset: Int32
  }

  private(set) var entries: [Entry] = []
  private(set) var timeEntries: [TimeEntry] = []
  private(set) var maxTimestamp: Int64 = -1
  private(set) var offsetOfMaxTimestamp: Int32 = 0
  private(set) var bytesSinceEntry = 0

  init() {}

  init(entries: [Entry], timeEntries: [TimeEntry], _ mark: Mark) {
    self.entries = entries
    self.timeEntries = timeEntries
    maxTimestamp = mark.maxTimestamp
    offsetOfMaxTimestamp = mark.offsetOfMaxTimestamp
    bytesSinceEntry = mark.bytesSinceEntry
  }

  /// Notes a batch that was appended at `position`.
  mutating func add(
    relativeLastOffset: Int32, position: Int32, size: Int, maxTimestamp batchMaxTimestamp: Int64, interval: Int
  ) {
    if batchMaxTimestamp > maxTimestamp {
      maxTimestamp = batchMaxTimestamp
      offsetOfMaxTimestamp = relativeLastOffset
    }
    if bytesSinceEntry > interval {
      entries.append(Entry(relativeOffset: relativeLastOffset, position: position))
      noteTime()
      bytesSinceEntry = 0
    }
    bytesSinceEntry += size
  }

  private mutating func noteTime() {
    guard maxTimestamp > timeEntries.last?.timestamp ?? -1 else { return }
    timeEntries.append(TimeEntry(timestamp: maxTimestamp, relativeOffset: offsetOfMaxTimestamp))
  }

  /// The last entry of a batch that ends before the offset: reading begins behind that batch. nil = begin at the start
  /// of the segment.
  func entry(before relativeOffset: Int64) -> Entry? {
    let after = entries.partitioningIndex { Int64($0.relativeOffset) >= relativeOffset }
    return after == 0 ? nil : entries[after - 1]
  }

  /// A (relative) offset such that every record before it is older than the time.
  func offset(before timestamp: Int64) -> Int64 {
    let after = timeEntries.partitioningIndex { $0.timestamp >= timestamp }
    return after == 0 ? 0 : Int64(timeEntries[after - 1].relativeOffset)
  }

  /// Both files, for a segment whose bytes are on the disk already.
  func write(toIndex indexPath: String, timeIndex timePath: String) throws {
    var closed = self
    closed.noteTime()
    var times = ByteWriter(capacity: closed.timeEntries.count * 12)
    for entry in closed.timeEntries {
      times.append(entry.timestamp)
      times.append(entry.relativeOffset)
    }
    var offsets = ByteWriter(capacity: entries.count * 8)
    for entry in entries {
      offsets.append(entry.relativeOffset)
      offsets.append(entry.position)
    }
    // The offset index comes last: where it is, the segment needs no scan.
    try Files.writeAtomically(times.bytes, to: timePath)
    try Files.writeAtomically(offsets.bytes, to: indexPath)
  }

  /// nil when a file is missing or can't belong to a segment of this size: then it is rebuilt.
  static func read(index indexPath: String, timeIndex timePath: String, segmentSize: Int64) throws -> SparseIndex? {
    guard Files.exists(indexPath), Files.exists(timePath) else { return nil }
    let offsets = try Files.read(indexPath)
    let times = try Files.read(timePath)
    guard offsets.count % 8 == 0, times.count % 12 == 0 else { return nil }
    var index = SparseIndex()
    offsets.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      while let offset = reader.integer(Int32.self), let position = reader.integer(Int32.self) {
        index.entries.append(Entry(relativeOffset: offset, position: position))
      }
    }
    times.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      while let timestamp = reader.integer(Int64.self), let offset = reader.integer(Int32.self) {
        index.timeEntries.append(TimeEntry(timestamp: timestamp, relativeOffset: offset))
      }
    }
    // A running Kafka preallocates its index files with zeros.
    while let last = index.entries.last, last.position == 0, last.relativeOffset == 0 { index.entries.removeLast() }
    while let last = index.timeEntries.last, last.timestamp == 0 { index.timeEntries.removeLast() }
    if let last = index.timeEntries.last {
      index.maxTimestamp = last.timestamp
      index.offsetOfMaxTimestamp = last.relativeOffset
    }
    return index.flaw(segmentSize: segmentSize) == nil ? index : nil
  }

  /// What breaks the order or lies outside the segment, or nil.
  func flaw(segmentSize: Int64) -> String? {
    if let last = entries.last, Int64(last.position) >= max(segmentSize, 1) { return "an entry is past the end" }
    for (entry, next) in zip(entries, entries.dropFirst())
    where entry.position >= next.position || entry.relativeOffset >= next.relativeOffset {
      return "index entries are out of order"
    }
    for (entry, next) in zip(timeEntries, timeEntries.dropFirst()) where entry.timestamp >= next.timestamp {
      return "time index entries are out of order"
    }
    return nil
  }
}

extension Array {
  /// The first index whose element satisfies the predicate, which must be false, then true, in order.
  func partitioningIndex(_ predicate: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
