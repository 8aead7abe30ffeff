import Glibc

/// Keys → values in memory, both as bytes: one piece of memory for all entries and a table of 8 bytes a slot, so that
/// ten million small keys fit in a few hundred megabytes. A key may be kept as removed, over an older file that has it.
///
/// @unchecked: one thread has it at a time; the query's thread and the one that computes its rows take turns.
final class StateMap: @unchecked Sendable {
  /// Where an entry begins, in steps of 8 bytes, + 1; 0 = free.
  private struct Slot {
    var hash: UInt32
    var place: UInt32
  }
  enum Found {
    case missing, removed
    /// Good until the next change.
    case value(UnsafeRawBufferPointer)
  }

  private var arena: UnsafeMutableRawPointer?
  private var used = 0
  private var capacity = 0
  /// Bytes of entries that are no more.
  private var garbage = 0
  private var slots: UnsafeMutablePointer<Slot>
  private var mask: Int
  /// Keys, removed ones among them.
  private(set) var count = 0

  init() {
    mask = 15
    slots = Self.allocate(16)
  }

  deinit {
    free(arena)
    free(slots)
  }

  /// Memory in use.
  var byteCount: Int { capacity + (mask + 1) * MemoryLayout<Slot>.stride }

  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Slot> {
    guard let memory = calloc(count, MemoryLayout<Slot>.stride) else { fatalError("no memory for \(count) slots") }
    return memory.assumingMemoryBound(to: Slot.self)
  }

  /// Of a key. The state's partition and the order of its files depend on it: it must not change.
  static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(key.count)
    var at = 0
    while at + 8 <= key.count {
      hash = (hash ^ UInt64(littleEndian: key.loadUnaligned(fromByteOffset: at, as: UInt64.self))) &* prime
      hash ^= hash >> 32
      at += 8
    }
    var rest: UInt64 = 0
    while at < key.count {
      rest = rest << 8 | UInt64(key[at])
      at += 1
    }
    hash = (hash ^ rest) &* prime
    hash ^= hash >> 29
    hash = hash &* 0xBF58_476D_1CE4_E5B9
    return hash ^ hash >> 32
  }
  private static let prime: UInt64 = 0x9FB2_1C65_1E98_DF25

  // MARK: Entries

  /// An entry: length of the key, room for the value, the value's length + 1 (0 = removed) in as many bytes as the
  /// room's, the key, the value; its length is a multiple of 8.
  private struct Entry {
    var key: UnsafeRawBufferPointer
    var value: UnsafeMutableRawPointer
    var room: Int
    var lengthAt: UnsafeMutableRawPointer
    var lengthWidth: Int
    var valueCount: Int
    var end: Int
  }

  private func entry(_ place: UInt32) -> Entry { Self.entry(place, in: arena!) }

  private static func entry(_ place: UInt32, in arena: UnsafeMutableRawPointer) -> Entry {
    var at = arena + (Int(place) - 1) * 8
    let keyCount = read(&at)
    let roomAt = at
    let room = read(&at)
    let width = at - roomAt
    let lengthAt = at
    let valueCount = read(&at) - 1
    let value = at + keyCount
    return Entry(
      key: UnsafeRawBufferPointer(start: at, count: keyCount), value: value, room: room, lengthAt: lengthAt,
      lengthWidth: width, valueCount: valueCount, end: (value + room - arena + 7) / 8 * 8)
  }

  private static func read(_ at: inout UnsafeMutableRawPointer) -> Int {
    var (value, shift) = (0, 0)
    while true {
      let next = Int(at.load(as: UInt8.self))
      at += 1
      value |= (next & 0x7F) << shift
      if next < 0x80 { return value }
      shift += 7
    }
  }

  /// A varint of a given width: with more bytes than it needs.
  private static func write(_ value: Int, width: Int, at: UnsafeMutableRawPointer) {
    var rest = value
    for byte in 0..<width {
      at.storeBytes(of: UInt8(rest & 0x7F) | (byte + 1 < width ? 0x80 : 0), toByteOffset: byte, as: UInt8.self)
      rest >>= 7
    }
  }

  private static func width(_ value: Int) -> Int { max(1, (Int.bitWidth - value.leadingZeroBitCount + 6) / 7) }

  private func slot(_ hash: UInt64, _ key: UnsafeRawBufferPointer) -> (index: Int, found: Entry?) {
    let short = UInt32(truncatingIfNeeded: hash)
    var index = Int(short) & mask
    while slots[index].place != 0 {
      if slots[index].hash == short {
        let entry = entry(slots[index].place)
        if entry.key.count == key.count,
          key.isEmpty || memcmp(entry.key.baseAddress!, key.baseAddress!, key.count) == 0
        {
          return (index, entry)
        }
      }
      index = (index + 1) & mask
    }
    return (index, nil)
  }

  // MARK: Access

  func find(_ hash: UInt64, _ key: UnsafeRawBufferPointer) -> Found {
    guard let entry = slot(hash, key).found else { return .missing }
    return entry.valueCount < 0 ? .removed : .value(.init(start: entry.value, count: entry.valueCount))
  }

  /// - Parameter value: nil keeps the key as removed. Must not lie in this map.
  func set(_ hash: UInt64, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) {
    if (count + 1) * 4 > (mask + 1) * 3 { rehash((mask + 1) * 2) }
    let (index, found) = slot(hash, key)
    let length = value?.count ?? 0
    if let found {
      if length <= found.room {
        Self.write((value?.count ?? -1) + 1, width: found.lengthWidth, at: found.lengthAt)
        if let from = value?.baseAddress { found.value.copyMemory(from: from, byteCount: length) }
        return
      }
      garbage += found.end - (Int(slots[index].place) - 1) * 8
    } else {
      count += 1
    }
    // A value that has grown once grows again.
    let place = append(key, value, room: found == nil ? length : length + length / 2)
    slots[index] = Slot(hash: UInt32(truncatingIfNeeded: hash), place: place)
    compactIfWorthIt()
  }

  private func compactIfWorthIt() { if garbage > 1 << 16, garbage * 2 > used { compact() } }

  private func append(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?, room: Int) -> UInt32 {
    let width = Self.width(room + 1)
    let needed = (Self.width(key.count) + 2 * width + key.count + room + 7) / 8 * 8
    if used + needed > capacity { reserve(used + needed) }
    let place = used / 8 + 1
    guard place <= Int(UInt32.max) else { fatalError("a partition of the state holds at most 32 GiB in memory") }
    var at = arena! + used
    Self.write(key.count, width: Self.width(key.count), at: at)
    at += Self.width(key.count)
    // The room in the same width as room + 1: both may be written into it.
    Self.write(room, width: width, at: at)
    Self.write((value?.count ?? -1) + 1, width: width, at: at + width)
    at += 2 * width
    if let from = key.baseAddress { at.copyMemory(from: from, byteCount: key.count) }
    if let value, let from = value.baseAddress { (at + key.count).copyMemory(from: from, byteCount: value.count) }
    used += needed
    return UInt32(place)
  }

  private func reserve(_ needed: Int) {
    capacity = max(needed, capacity + capacity / 2, 1024)
    // Large blocks are moved by remapping pages, not by copying.
    guard let grown = realloc(arena, capacity) else { fatalError("no memory for \(capacity) bytes of state") }
    arena = grown
  }

  /// Takes the key out.
  func remove(_ hash: UInt64, _ key: UnsafeRawBufferPointer) {
    let (index, found) = slot(hash, key)
    guard let found else { return }
    garbage += found.end - (Int(slots[index].place) - 1) * 8
    count -= 1
    var (hole, next) = (index, (index + 1) & mask)
    // What would not be found past the hole moves into it.
    while slots[next].place != 0 {
      let home = Int(slots[next].hash) & mask
      if (next - home) & mask >= (next - hole) & mask {
        slots[hole] = slots[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    slots[hole] = Slot(hash: 0, place: 0)
    compactIfWorthIt()
  }

  func removeAll() {
    free(arena)
    free(slots)
    (arena, used, capacity, garbage, count, mask) = (nil, 0, 0, 0, 0, 15)
    slots = Self.allocate(16)
  }

  /// All entries, in no order; a nil value = removed. The map must not be changed meanwhile.
  func forEach(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws -> Void) rethrows {
    for index in 0...mask where slots[index].place != 0 { try visit(slots[index].place, body) }
  }

  /// The places of all entries, by the hash of their keys, for ``visit(_:_:)``; above each the upper half of its hash.
  ///
  /// Eight bytes an entry, sorted where they are: a snapshot of millions of keys must not take as much memory as they do.
  func sortedPlaces() -> [UInt64] {
    var places: [UInt64] = []
    places.reserveCapacity(count)
    for index in 0...mask where slots[index].place != 0 {
      places.append(hash(at: slots[index].place) & ~0xFFFF_FFFF | UInt64(slots[index].place))
    }
    places.sort()
    // The few that agree in the upper half, by all of it.
    var start = 0
    while start < places.count {
      var end = start + 1
      while end < places.count, places[end] >> 32 == places[start] >> 32 { end += 1 }
      if end - start > 1 {
        places[start..<end].sort {
          hash(at: UInt32(truncatingIfNeeded: $0)) < hash(at: UInt32(truncatingIfNeeded: $1))
        }
      }
      start = end
    }
    return places
  }

  func hash(at place: UInt32) -> UInt64 { Self.hash(entry(place).key) }

  func visit<Result>(
    _ place: UInt32, _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws -> Result
  ) rethrows -> Result {
    let entry = entry(place)
    return try body(
      entry.key, entry.valueCount < 0 ? nil : UnsafeRawBufferPointer(start: entry.value, count: entry.valueCount))
  }

  private func rehash(_ count: Int) {
    let (old, oldCount) = (slots, mask + 1)
    slots = Self.allocate(count)
    mask = count - 1
    for index in 0..<oldCount where old[index].place != 0 {
      var target = Int(old[index].hash) & mask
      while slots[target].place != 0 { target = (target + 1) & mask }
      slots[target] = old[index]
    }
    free(old)
  }

  /// Writes the entries anew, without what is no more.
  private func compact() {
    guard let old = arena else { return }
    (arena, used, capacity, garbage) = (nil, 0, 0, 0)
    for index in 0...mask where slots[index].place != 0 {
      let entry = Self.entry(slots[index].place, in: old)
      let value = entry.valueCount < 0 ? nil : UnsafeRawBufferPointer(start: entry.value, count: entry.valueCount)
      slots[index].place = append(entry.key, value, room: max(0, entry.valueCount))
    }
    free(old)
  }
}
