import MillColumns

/// A member that objects of a struct had before, in the order in which they had it.
struct JSONSlot {
  /// What stood between the end of the value before (or the `{`) and this member's value: `, "name": `.
  let lead: UnsafeMutablePointer<UInt8>
  var leadCount: Int
  /// nil = no column wants it.
  var child: NodePointer?
  /// Objects since the last one that had it; not counted while all of them have it.
  var missedCount = 0
  /// Of a string that no column wants: bytes (0 ... 31) of the one before.
  var lengthGuess = 0
  /// An object or array that no column wants, as it was before: what is equal to it need not be checked again.
  var passed: UnsafeMutablePointer<UInt8>?
  var passedCount = 0

  static let leadMax = 64
  static let passedMax = 8192

  init(_ from: BytePointer, _ count: Int, _ child: NodePointer?) {
    lead = .allocate(capacity: Self.leadMax + TextBlock.count)
    lead.initialize(repeating: 0, count: Self.leadMax + TextBlock.count)
    lead.update(from: from, count: count)
    leadCount = count
    self.child = child
  }

  func destroy() {
    lead.deallocate()
    passed?.deallocate()
  }

  mutating func remember(_ from: BytePointer, _ to: BytePointer) {
    passedCount = 0
    guard to - from <= Self.passedMax else { return }
    if passed == nil { passed = .allocate(capacity: Self.passedMax + TextBlock.count) }
    // The bytes after it are compared too, and don't count: they only have to be there.
    passed!.update(from: from, count: to - from + TextBlock.count)
    passedCount = to - from
  }
}

/// The slots of a struct. They are learned from its objects; where an object has other members than the slots say, the
/// reader looks for them by name.
struct JSONSlots {
  private(set) var first: UnsafeMutablePointer<JSONSlot>
  private(set) var count = 0
  /// Of these, the ones that a column wants.
  private(set) var wantedCount = 0
  private var capacity: Int

  /// Objects with ever new names would fill the memory.
  private static let countMax = 256
  private static let unwantedMax = 64
  /// So many members may be missing one after the other.
  private static let missingMax = 8
  /// A member that so many objects don't have is forgotten.
  private static let missedMax = 16

  init() {
    capacity = 4
    first = .allocate(capacity: capacity)
  }

  func destroy() {
    for index in 0..<count { first[index].destroy() }
    first.deallocate()
  }

  /// The slot of the member that begins at `p`, from `turn` on.
  func find(from turn: Int, _ p: BytePointer) -> Int? {
    for index in turn..<max(turn, min(turn + Self.missingMax, count)) where first[index].isLead(p) { return index }
    return nil
  }

  /// Learns the member with this lead, which was not expected at `turn`. Returns the turn of the next.
  mutating func learn(_ lead: BytePointer, _ leadCount: Int, _ child: NodePointer?, at turn: Int) -> Int {
    if child == nil {
      if count - wantedCount >= Self.unwantedMax { return turn }
    } else {
      for index in turn..<count where first[index].child == child && first[index].isLead(lead) {
        return index + 1 - miss(turn..<index)
      }
    }
    while count >= Self.countMax, count > turn { remove(count - 1) }
    if count < Self.countMax { insert(JSONSlot(lead, leadCount, child), at: turn) }
    return min(turn + 1, count)
  }

  private mutating func insert(_ slot: JSONSlot, at turn: Int) {
    if count == capacity {
      let more = UnsafeMutablePointer<JSONSlot>.allocate(capacity: capacity * 2)
      more.moveInitialize(from: first, count: count)
      first.deallocate()
      first = more
      capacity *= 2
    }
    (first + turn + 1).moveInitialize(from: first + turn, count: count - turn)
    (first + turn).initialize(to: slot)
    count += 1
    if slot.child != nil { wantedCount += 1 }
  }

  /// The members of these slots were not there. Returns how many slots were removed for that.
  mutating func miss(_ turns: Range<Int>) -> Int {
    var removedCount = 0
    for turn in turns {
      let slot = first + (turn - removedCount)
      slot.pointee.missedCount += 1
      if slot.pointee.missedCount > Self.missedMax {
        remove(turn - removedCount)
        removedCount += 1
      }
    }
    return removedCount
  }

  private mutating func remove(_ turn: Int) {
    let slot = first + turn
    if slot.pointee.child != nil { wantedCount -= 1 }
    slot.pointee.destroy()
    slot.moveInitialize(from: slot + 1, count: count - turn - 1)
    count -= 1
  }
}

extension JSONSlot {
  /// Does this member's lead stand at `p`?
  @inline(__always) func isLead(_ p: BytePointer) -> Bool {
    let lead = BytePointer(lead)
    // Words may overlap: eight bytes at the beginning, eight at the end.
    if UInt(bitPattern: leadCount &- 8) <= 8 {
      let end = leadCount &- 8
      return (JSONMachine.load(p) ^ JSONMachine.load(lead))
        | (JSONMachine.load(p + end) ^ JSONMachine.load(lead + end)) == 0
    }
    if UInt(bitPattern: leadCount &- 17) <= 15 {
      let end = leadCount &- 16
      return (JSONMachine.load(p) ^ JSONMachine.load(lead)) | (JSONMachine.load(p + 8) ^ JSONMachine.load(lead + 8))
        | (JSONMachine.load(p + end) ^ JSONMachine.load(lead + end))
        | (JSONMachine.load(p + (end &+ 8)) ^ JSONMachine.load(lead + (end &+ 8))) == 0
    }
    return JSONMachine.equal(p, lead, leadCount)
  }
}
