import MillColumns

/// Objects: members are expected in the order of the object before, and looked for by name where they are others.
extension JSONMachine {
  /// Reads an object (`p` is at its `{`) into the children, one row each.
  mutating func structure(_ node: NodePointer, _ start: BytePointer) -> BytePointer? {
    let row = node.pointee.count
    var slot = node.pointee.slots.first
    let last = slot + node.pointee.slots.count
    // At the `{` or at the end of the value before.
    var p = start
    var isPartial = false
    while slot < last, slot.pointee.isLead(p) {
      let value = p + slot.pointee.leadCount
      if let column = slot.pointee.child {
        if column.pointee.count != row { break }
        if let q = Self.likeBefore(column, value, row) {
          p = q
        } else {
          guard let q = child(column, value, row, &isPartial) else { return nil }
          p = q
        }
      } else if let q = Self.passedLikeBefore(slot, value) {
        p = q
      } else {
        guard let q = pass(slot, value) else { return nil }
        p = q
      }
      slot += 1
    }
    guard slot == last, p.pointee == UInt8(ascii: "}") else {
      return structure(node, start, from: p, slot - node.pointee.slots.first, isPartial)
    }
    if node.pointee.slots.wantedCount < node.pointee.childCount { fillObject(node) }
    return closeObject(node, p + 1, isPartial)
  }

  /// The rest of an object that is as the one before up to `p`, the end of a value; `turn` is the slot of the next.
  @inline(never) private mutating func structure(
    _ node: NodePointer, _ start: BytePointer, from end: BytePointer, _ turn: Int, _ isPartial: Bool
  ) -> BytePointer? {
    let row = node.pointee.count
    let children = node.pointee.children
    var (p, turn, isPartial) = (end, turn, isPartial)
    while true {
      let column: NodePointer?
      if let found = node.pointee.slots.find(from: turn, p) {
        let index = found - node.pointee.slots.miss(turn..<found)
        let slot = node.pointee.slots.first + index
        slot.pointee.missedCount = 0
        p += slot.pointee.leadCount
        turn = index + 1
        column = slot.pointee.child
        if column == nil {
          guard let q = pass(slot, p) else { return nil }
          p = q
          continue
        }
      } else {
        let before = p
        guard let member = member(node, p, isFirst: p == start) else { return nil }
        p = member.value
        if member.isEnd {
          _ = node.pointee.slots.miss(turn..<node.pointee.slots.count)
          fillObject(node)
          return closeObject(node, p, isPartial)
        }
        column = member.child.map { children + $0 }
        if member.isPlain, p - before <= JSONSlot.leadMax {
          turn = node.pointee.slots.learn(before, p - before, column, at: turn)
        }
      }
      guard let column else {
        guard let q = skip(p) else { return nil }
        p = q
        continue
      }
      guard
        let q = column.pointee.count > row
          ? again(column, skipSpace(p), row, &isPartial) : child(column, p, row, &isPartial)
      else { return nil }
      p = q
    }
  }

  /// Members that were not there are null.
  @inline(never) private mutating func fillObject(_ node: NodePointer) {
    let (row, children) = (node.pointee.count, node.pointee.children)
    for index in 0..<node.pointee.childCount where children[index].count == row {
      JSONNode.appendNull(children + index)
    }
  }

  /// Ends an object's row; `p` is after its `}`.
  @inline(__always) private mutating func closeObject(
    _ node: NodePointer, _ p: BytePointer, _ isPartial: Bool
  ) -> BytePointer {
    node.pointee.count &+= 1
    if isPartial { outcome = .partial }
    return p
  }

  /// Reads a value, before which there may be white space, into one of a struct's children: one row more.
  @inline(never) private mutating func child(
    _ child: NodePointer, _ p: BytePointer, _ row: Int, _ isPartial: inout Bool
  ) -> BytePointer? {
    guard let q = value(child, skipSpace(p)) else { return nil }
    if outcome != .fits {
      if isLost {
        JSONNode.truncate(child, to: row)
        JSONNode.appendNull(child)
      }
      isPartial = true
      outcome = .fits
    }
    return q
  }

  /// Does the last value become null as a whole? Without partial results that is so for each column of the top level
  /// with something bad in it.
  private var isLost: Bool {
    mutating get {
      outcome == .misfit || (outcome == .partial && depth == 1 && !options.enablePartialResults)
    }
  }

  /// A key that was there before: the last value wins, unless it does not fit.
  private mutating func again(
    _ child: NodePointer, _ p: BytePointer, _ row: Int, _ isPartial: inout Bool
  ) -> BytePointer? {
    guard let end = value(child, p) else { return nil }
    if outcome != .fits { isPartial = true }
    if isLost {
      JSONNode.truncate(child, to: row + 1)
      outcome = .fits
      return end
    }
    // Only the end of a column can be taken back: read it once more, in the place of the first.
    JSONNode.truncate(child, to: row)
    let q = value(child, p)
    outcome = .fits
    return q
  }

  // MARK: Members that no column wants

  /// The place after a string of at most 31 bytes, as long as the one before; nil = it is something else.
  @inline(__always) private static func passedLikeBefore(
    _ slot: UnsafeMutablePointer<JSONSlot>, _ p: BytePointer
  ) -> BytePointer? {
    let guess = slot.pointee.lengthGuess
    let end = p + (guess &+ 1)
    guard p.pointee == UInt8(ascii: "\""), end.pointee == UInt8(ascii: "\"") else { return nil }
    let specials = TextBlock(p + 1).specials
    if guess < TextBlock.count { return specials.first == guess ? end + 1 : nil }
    let next = TextBlock(p + (TextBlock.count + 1)).specials
    return specials.isEmpty && next.first == guess &- TextBlock.count ? end + 1 : nil
  }

  /// The place after a value, before which there may be white space.
  @inline(never) private mutating func pass(_ slot: UnsafeMutablePointer<JSONSlot>, _ start: BytePointer)
    -> BytePointer?
  {
    let p = skipSpace(start)
    let count = slot.pointee.passedCount
    if count > 0, p + count <= end, Self.equal(p, BytePointer(slot.pointee.passed.unsafelyUnwrapped), count) {
      return p + count
    }
    if p.pointee == UInt8(ascii: "\"") {
      let q = Self.special(p + 1)
      if q.pointee == UInt8(ascii: "\"") {
        slot.pointee.lengthGuess = min(q - p - 1, 2 * TextBlock.count - 1)
        return q + 1
      }
    }
    guard let q = skip(p) else { return nil }
    // It ends by itself, so the same bytes would be read the same way again.
    if p.pointee == UInt8(ascii: "{") || p.pointee == UInt8(ascii: "[") { slot.pointee.remember(p, q) }
    return q
  }

  // MARK: Names

  private struct Member {
    /// Where the value begins; at the object's end, the place after it.
    var value: BytePointer
    var isEnd = false
    /// nil = not in the schema.
    var child: Int?
    /// The key is in double quotes, without escapes.
    var isPlain = false
  }

  /// The general way to the next member's value: `,`, the key, `:`.
  @inline(never) private mutating func member(
    _ node: NodePointer, _ start: BytePointer, isFirst: Bool
  ) -> Member? {
    var p = isFirst ? start : skipSpace(start)
    if p.pointee == UInt8(ascii: "}") { return Member(value: p + 1, isEnd: true) }
    guard isFirst || p.pointee == UInt8(ascii: ",") else {
      _ = fail("expected ',' or '}'", p)
      return nil
    }
    p = skipSpace(p + 1)
    if isFirst, p.pointee == UInt8(ascii: "}") { return Member(value: p + 1, isEnd: true) }
    guard let (afterKey, bytes, isPlain) = key(p) else { return nil }
    p = skipSpace(afterKey)
    guard p.pointee == UInt8(ascii: ":") else {
      _ = fail("expected ':' after a name", p)
      return nil
    }
    p = skipSpace(p + 1)
    let child =
      bytes.map { Self.find(node, $0) } ?? keyScratch.withUnsafeBufferPointer { Self.find(node, $0) }
    return Member(value: p, child: child, isPlain: isPlain)
  }

  /// The child of that name.
  private static func find(_ node: NodePointer, _ key: UnsafeBufferPointer<UInt8>) -> Int? {
    for index in 0..<node.pointee.childCount {
      let child = node.pointee.children + index
      guard let name = child.pointee.key, child.pointee.keyCount == key.count else { continue }
      var offset = 0
      while offset < key.count, name[offset] == key[offset] { offset += 1 }
      if offset == key.count { return index }
    }
    return nil
  }

  /// A member's name. Bytes are nil when it had to be decoded: then it is in ``keyScratch``.
  mutating func key(_ p: BytePointer) -> (end: BytePointer, bytes: UnsafeBufferPointer<UInt8>?, isPlain: Bool)? {
    if p.pointee == UInt8(ascii: "\"") {
      var q = p + 1
      while q.pointee != UInt8(ascii: "\""), q.pointee != UInt8(ascii: "\\"), q.pointee >= 32, q.pointee < 128 {
        q += 1
      }
      if q.pointee == UInt8(ascii: "\"") {
        return (q + 1, UnsafeBufferPointer(start: p + 1, count: q - p - 1), true)
      }
    }
    swap(&scratch, &keyScratch)
    defer { swap(&scratch, &keyScratch) }
    if p.pointee == UInt8(ascii: "\"") || (p.pointee == UInt8(ascii: "'") && options.allowSingleQuotes) {
      return decode(p + 1, quote: p.pointee).map { ($0, nil, false) }
    }
    if options.allowUnquotedFieldNames, let q = unquotedName(p) { return (q, nil, false) }
    _ = fail("expected a name in double quotes", p)
    return nil
  }

  private mutating func unquotedName(_ p: BytePointer) -> BytePointer? {
    var q = p
    while true {
      switch q.pointee {
      case 48...57, 65...90, 97...122, 128...255, UInt8(ascii: "_"), UInt8(ascii: "$"), UInt8(ascii: "-"),
        UInt8(ascii: "@"), UInt8(ascii: "#"), UInt8(ascii: "*"), UInt8(ascii: "+"):
        q += 1
        continue
      default: break
      }
      break
    }
    guard q > p else { return nil }
    scratch = Array(UnsafeBufferPointer(start: p, count: q - p))
    return q
  }
}
