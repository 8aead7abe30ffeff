import Glibc

/// What a ``KeyTable`` is made of.
struct KeySlots: ~Copyable {
  /// Keys with their hashes, lying one after the other; `starts` has one more for the end.
  struct Keys {
    var bytes: UnsafePointer<UInt8>
    var starts: UnsafePointer<Int>
    var hashes: UnsafePointer<UInt64>
  }

  /// What a key's first slot held a moment ago, and what is there when it is the same key.
  struct Candidate {
    var entry: UInt64
    var start: Int
    var firstByte: UInt8
  }

  /// Rows whose slots are fetched at once, so that the memory's answers are waited for together.
  static let blockRows = 128
  private static let hashMask: UInt64 = 0xFFFF_FFFF_0000_0000

  private var bytes = KeyMemory<UInt8>()
  /// Where a key begins; one more at the end.
  private var starts = KeyMemory<Int>()
  /// Hash, upper half | key number + 1, or 0.
  private var slots: UnsafeMutablePointer<UInt64>
  private var slotBits: UInt64

  init(keys: Int) {
    slotBits = 4
    while 1 << Int(slotBits) < keys * 2 { slotBits += 1 }
    slots = Self.allocate(slotBits)
    starts.append(0)
  }

  deinit { free(slots) }

  var count: Int { starts.count - 1 }

  /// Memory that can be read, for a key of no bytes.
  var anything: UnsafePointer<UInt8> { UnsafePointer(bytes.base) }

  private static func allocate(_ bits: UInt64) -> UnsafeMutablePointer<UInt64> {
    precondition(bits <= 32, "a table of keys holds at most 2^31")
    guard let memory = calloc(1 << Int(bits), 8) else { fatalError("no memory for 2^\(bits) keys") }
    return memory.assumingMemoryBound(to: UInt64.self)
  }

  func find(_ key: UnsafePointer<UInt8>, _ size: Int) -> Int? {
    let hash = KeyBytes.hash(key, size)
    var slot = place(hash)
    while slots[slot] != 0 {
      if let number = match(slots[slot], hash, key, size) { return number }
      slot = next(slot)
    }
    return nil
  }

  /// The key's number.
  mutating func insert(_ key: UnsafePointer<UInt8>, _ size: Int) -> Int {
    reserve(1)
    return insert(KeyBytes.hash(key, size), key, size)
  }

  /// All keys, which have hashes when somebody looks at them.
  func keys(hashes: UnsafeMutablePointer<UInt64>) -> Keys {
    let (bytes, starts) = (bytes.base, starts.base)
    for number in 0..<count {
      hashes[number] = KeyBytes.hash(bytes + starts[number], starts[number + 1] - starts[number])
    }
    return Keys(bytes: bytes, starts: starts, hashes: hashes)
  }

  mutating func insert(
    _ count: Int, _ keys: Keys, numbers: UnsafeMutablePointer<Int32>, _ candidates: UnsafeMutablePointer<Candidate>,
    _ newRows: inout [Int32]
  ) {
    var first = 0
    while first < count {
      let size = min(Self.blockRows, count - first)
      reserve(size)
      look(keys.hashes + first, candidates, size)
      for index in 0..<size {
        let row = first + index
        let (key, keySize) = (keys.bytes + keys.starts[row], keys.starts[row + 1] - keys.starts[row])
        let candidate = candidates[index]
        // A slot that was taken a moment ago still has the same key.
        if candidate.entry != 0, keySize > 0, candidate.firstByte == key[0],
          let number = match(candidate.entry, keys.hashes[row], key, keySize)
        {
          numbers[row] = Int32(truncatingIfNeeded: number)
          continue
        }
        let before = self.count
        numbers[row] = Int32(truncatingIfNeeded: insert(keys.hashes[row], key, keySize))
        if self.count > before { newRows.append(Int32(truncatingIfNeeded: row)) }
      }
      first += size
    }
  }

  /// Fetches first all slots, then all places, then all keys: the memory's answers of one round come together.
  private func look(_ hashes: UnsafePointer<UInt64>, _ candidates: UnsafeMutablePointer<Candidate>, _ count: Int) {
    let (slots, shift) = (slots, 64 - slotBits)
    for row in 0..<count { candidates[row].entry = slots[Int(truncatingIfNeeded: hashes[row] >> shift)] }
    let (starts, bytes) = (starts.base, bytes.base)
    for row in 0..<count {
      let entry = candidates[row].entry
      let isLikely = entry != 0 && (entry ^ hashes[row]) & Self.hashMask == 0
      candidates[row].start = isLikely ? starts[Int(truncatingIfNeeded: entry & ~Self.hashMask) - 1] : 0
    }
    for row in 0..<count { candidates[row].firstByte = bytes[candidates[row].start] }
  }

  @inline(__always)
  private mutating func insert(_ hash: UInt64, _ key: UnsafePointer<UInt8>, _ size: Int) -> Int {
    var slot = place(hash)
    while slots[slot] != 0 {
      if let number = match(slots[slot], hash, key, size) { return number }
      slot = next(slot)
    }
    bytes.append(key, count: size)
    starts.append(bytes.count)
    slots[slot] = hash & Self.hashMask | UInt64(truncatingIfNeeded: count)
    return count - 1
  }

  @inline(__always)
  private func match(_ entry: UInt64, _ hash: UInt64, _ key: UnsafePointer<UInt8>, _ size: Int) -> Int? {
    guard (entry ^ hash) & Self.hashMask == 0 else { return nil }
    let number = Int(truncatingIfNeeded: entry & ~Self.hashMask) - 1
    let start = starts.base[number]
    guard starts.base[number + 1] - start == size, KeyBytes.isEqual(bytes.base + start, key, size) else { return nil }
    return number
  }

  @inline(__always)
  private func place(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> (64 - slotBits)) }

  @inline(__always)
  private func next(_ slot: Int) -> Int { (slot + 1) & (1 << Int(truncatingIfNeeded: slotBits) - 1) }

  /// Half of the slots stay empty.
  private mutating func reserve(_ more: Int) {
    while (count + more) * 2 > 1 << Int(slotBits) { grow() }
  }

  private mutating func grow() {
    let old = slots
    let oldBits = slotBits
    slotBits += 1
    slots = Self.allocate(slotBits)
    for index in 0..<(1 << Int(oldBits)) where old[index] != 0 {
      // The hash's bits that a slot keeps are enough for its place.
      var slot = place(old[index] & Self.hashMask)
      while slots[slot] != 0 { slot = next(slot) }
      slots[slot] = old[index]
    }
    free(old)
  }
}
