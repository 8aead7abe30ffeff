/// Series keys → what the write path needs of a series. Looks up bytes in place: no key is allocated to ask.
struct SeriesTable {
  struct Entry {
    var key: [UInt8]
    var id: Int64
    /// Index of the measurement in the write path's list.
    var measurement: Int
  }

  private(set) var entries: [Entry] = []
  // Open addressing: indices into `entries`, −1 = free; at most half full.
  private var slots: [Int32] = Array(repeating: -1, count: 64)

  func find(_ key: UnsafeRawBufferPointer) -> Entry? {
    var slot = Self.hash(key) & (slots.count - 1)
    while slots[slot] >= 0 {
      let entry = entries[Int(slots[slot])]
      if entry.key.count == key.count, entry.key.withUnsafeBytes({ $0.elementsEqual(key) }) { return entry }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// The key must not be in the table yet.
  mutating func insert(_ entry: Entry) {
    entries.append(entry)
    if entries.count * 2 > slots.count {
      slots = Array(repeating: -1, count: slots.count * 2)
      for index in entries.indices { place(index) }
    } else {
      place(entries.count - 1)
    }
  }

  private mutating func place(_ index: Int) {
    var slot = entries[index].key.withUnsafeBytes { Self.hash($0) } & (slots.count - 1)
    while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = Int32(index)
  }

  /// Eight bytes at a time, multiplied and folded.
  private static func hash(_ key: UnsafeRawBufferPointer) -> Int {
    var hash = UInt64(key.count) &* 0x9E37_79B9_7F4A_7C15
    var index = 0
    while index + 8 <= key.count {
      let word = key.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      hash = (hash ^ word) &* 0xD6E8_FEB8_6659_FD93
      hash ^= hash >> 32
      index += 8
    }
    while index < key.count {
      hash = (hash ^ UInt64(key[index])) &* 0xD6E8_FEB8_6659_FD93
      hash ^= hash >> 32
      index += 1
    }
    return Int(truncatingIfNeeded: hash & 0x7FFF_FFFF_FFFF_FFFF)
  }
}
