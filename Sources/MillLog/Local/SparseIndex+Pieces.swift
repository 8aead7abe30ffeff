import MillBase

/// An index on disk while its segment still grows: pieces, each with what was added since the one before.
extension SparseIndex {
  /// How far an index was written down, and what it needs to go on from there.
  struct Mark: Equatable {
    var entries = 0
    var timeEntries = 0
    var maxTimestamp: Int64 = -1
    var offsetOfMaxTimestamp: Int32 = 0
    var bytesSinceEntry = 0

    func write(to out: inout ByteWriter) {
      out.append(Int32(entries))
      out.append(Int32(timeEntries))
      out.append(maxTimestamp)
      out.append(offsetOfMaxTimestamp)
      out.append(Int64(bytesSinceEntry))
    }

    init() {}

    init?(_ reader: inout ByteReader) {
      guard let entries = reader.integer(Int32.self), let timeEntries = reader.integer(Int32.self),
        let maxTimestamp = reader.integer(Int64.self), let offset = reader.integer(Int32.self),
        let bytes = reader.integer(Int64.self)
      else { return nil }
      self.entries = Int(entries)
      self.timeEntries = Int(timeEntries)
      self.maxTimestamp = maxTimestamp
      offsetOfMaxTimestamp = offset
      bytesSinceEntry = Int(bytes)
    }
  }

  var mark: Mark {
    var mark = Mark()
    mark.entries = entries.count
    mark.timeEntries = timeEntries.count
    mark.maxTimestamp = maxTimestamp
    mark.offsetOfMaxTimestamp = offsetOfMaxTimestamp
    mark.bytesSinceEntry = bytesSinceEntry
    return mark
  }

  /// A piece with what was added since: CRC, numbers of entries, entries.
  func piece(since mark: Mark) -> [UInt8] {
    let (newEntries, newTimes) = (entries[mark.entries...], timeEntries[mark.timeEntries...])
    var out = ByteWriter(capacity: 12 + newEntries.count * 8 + newTimes.count * 12)
    out.append(UInt32(0))
    out.append(Int32(newEntries.count))
    out.append(Int32(newTimes.count))
    for entry in newEntries {
      out.append(entry.relativeOffset)
      out.append(entry.position)
    }
    for entry in newTimes {
      out.append(entry.timestamp)
      out.append(entry.relativeOffset)
    }
    out.put(out.bytes.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[4...])) }, at: 0)
    return out.bytes
  }

  /// Pieces in their order; nil when they are damaged or don't lead to the mark.
  init?(pieces bytes: [UInt8], upTo mark: Mark, segmentSize: Int64) {
    var read: [Entry] = []
    var times: [TimeEntry] = []
    let isWhole = bytes.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      while reader.remaining > 0 {
        guard let crc = reader.integer(UInt32.self) else { return false }
        let start = reader.position
        guard let count = reader.integer(Int32.self), let timesCount = reader.integer(Int32.self), count >= 0,
          timesCount >= 0, Int(count) * 8 + Int(timesCount) * 12 <= reader.remaining
        else { return false }
        let end = reader.position + Int(count) * 8 + Int(timesCount) * 12
        guard CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[start..<end])) == crc else { return false }
        read.reserveCapacity(mark.entries)
        for _ in 0..<count {
          read.append(Entry(relativeOffset: reader.integer(Int32.self)!, position: reader.integer(Int32.self)!))
        }
        for _ in 0..<timesCount {
          times.append(
            TimeEntry(timestamp: reader.integer(Int64.self)!, relativeOffset: reader.integer(Int32.self)!))
        }
      }
      return true
    }
    guard isWhole, read.count == mark.entries, times.count == mark.timeEntries else { return nil }
    self.init(entries: read, timeEntries: times, mark)
    if flaw(segmentSize: segmentSize) != nil { return nil }
  }
}
