import MillColumns

/// Objects, arrays and the fast way for plain values.
extension JSONMachine {
  /// Reads a value into a column: one row more, or none when the outcome is `.misfit`. The node has room for the row.
  @inline(__always) mutating func value(_ node: NodePointer, _ p: BytePointer) -> BytePointer? {
    if let q = Self.likeBefore(node, p, node.pointee.count) { return q }
    let first = p.pointee
    switch node.pointee.kind {
    case .string:
      if first == UInt8(ascii: "\"") { return string(node, p + 1) }
    case .integer, .long:
      if let q = integer(node, p) { return q }
    case .structure:
      if first == UInt8(ascii: "{") { return nested(node, p) }
    case .array:
      if first == UInt8(ascii: "[") { return nested(node, p) }
    default: break
    }
    return anyValue(node, p)
  }

  /// Everything that ``value(_:_:)`` does not do itself.
  @inline(never) mutating func anyValue(_ node: NodePointer, _ p: BytePointer) -> BytePointer? {
    if p.pointee == UInt8(ascii: "n") {
      guard Self.starts(p, with: "null") else { return fail("unknown word", p) }
      JSONNode.appendNull(node)
      return p + 4
    }
    switch node.pointee.kind {
    case .structure, .array:
      outcome = .misfit
      return skip(p)
    case .map where p.pointee == UInt8(ascii: "{"): return nested(node, p)
    case .map:
      outcome = .misfit
      return skip(p)
    default: return scalar(node, p)
    }
  }

  @inline(never) mutating func nested(_ node: NodePointer, _ p: BytePointer) -> BytePointer? {
    depth += 1
    guard depth <= options.maxNestingDepth else { return fail("nested too deep", p) }
    let q =
      switch node.pointee.kind {
      case .structure: structure(node, p)
      case .array: array(node, p)
      default: map(node, p)
      }
    depth -= 1
    return q
  }

  // MARK: Objects

  /// Reads an object (`p` is at its `{`) into the children, one row each.
  private mutating func structure(_ node: NodePointer, _ start: BytePointer) -> BytePointer? {
    let row = node.pointee.count
    let first = node.pointee.children
    let last = first + node.pointee.childCount
    var p = start
    var isPartial = false
    // The child whose turn it is; `p` is at the `{` or at the end of the value before.
    var next = first
    while next < last, next.pointee.count == row, Self.isLead(of: next, p) {
      p += next.pointee.leadCount
      if let q = Self.likeBefore(next, p, row) {
        p = q
      } else {
        guard let q = child(next, p, row, &isPartial) else { return nil }
        p = q
      }
      next += 1
    }
    guard next == last, p.pointee == UInt8(ascii: "}") else {
      return structure(node, start, from: p, next - first, isPartial)
    }
    node.pointee.count = row + 1
    if isPartial { outcome = .partial }
    return p + 1
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

  /// The value at `p`, when it is of the same length as the one before in this column. Nothing was done when it is nil.
  @inline(__always) private static func likeBefore(_ child: NodePointer, _ p: BytePointer, _ row: Int) -> BytePointer? {
    switch child.pointee.kind {
    case .string: stringLikeBefore(child, p, row)
    case .integer: integerLikeBefore(child, p, row, Int32.self)
    case .long: integerLikeBefore(child, p, row, Int64.self)
    default: nil
    }
  }

  /// The rest of an object that has the members of the one before, in their order, up to `p`: `filled` children's.
  @inline(never) private mutating func structure(
    _ node: NodePointer, _ start: BytePointer, from end: BytePointer, _ filled: Int, _ isPartial: Bool
  ) -> BytePointer? {
    let row = node.pointee.count
    let (children, childCount) = (node.pointee.children, node.pointee.childCount)
    var p = end
    var (next, filled, isPartial) = (filled, filled, isPartial)
    while true {
      // `p` is at the `{` or at the end of the value before; `next` is the child whose turn it is.
      let expected = children + next
      var child = expected
      if next < childCount, child.pointee.count == row, Self.isLead(of: child, p) {
        p += child.pointee.leadCount
        next += 1
      } else {
        if let q = skipAsBefore(expected, p) {
          p = q
          continue
        }
        let before = p
        guard let member = member(node, p, isFirst: p == start, next: next) else { return nil }
        if member.isEnd {
          p = member.value
          break
        }
        p = member.value
        guard let index = member.child else {
          let isContainer = p.pointee == UInt8(ascii: "{") || p.pointee == UInt8(ascii: "[")
          guard let q = skip(p) else { return nil }
          // A container or string ends by itself, so the same bytes would be read the same way again.
          if isContainer || p.pointee == UInt8(ascii: "\"") { Self.remember(expected, before, p, q) }
          p = q
          continue
        }
        child = children + index
        next = index + 1
        if member.isPlain, p - before <= JSONNode.leadMax {
          child.pointee.lead.update(from: before, count: p - before)
          child.pointee.leadCount = p - before
        }
        if child.pointee.count > row {
          guard let q = again(child, p, row, &isPartial) else { return nil }
          p = q
          continue
        }
      }
      guard let q = self.child(child, p, row, &isPartial) else { return nil }
      p = q
      filled += 1
    }
    if filled < childCount {
      for index in 0..<childCount where children[index].count == row { JSONNode.appendNull(children + index) }
    }
    node.pointee.count = row + 1
    if isPartial { outcome = .partial }
    return p
  }

  /// Does what stood before this child's value last time stand at `p`?
  @inline(__always) private static func isLead(of child: NodePointer, _ p: BytePointer) -> Bool {
    let count = child.pointee.leadCount
    let lead = BytePointer(child.pointee.lead)
    // Words may overlap: eight bytes at the beginning, eight at the end.
    if UInt(bitPattern: count &- 8) <= 8 {
      let end = count &- 8
      return (load(p) ^ load(lead)) | (load(p + end) ^ load(lead + end)) == 0
    }
    if UInt(bitPattern: count &- 17) <= 15 {
      let end = count &- 16
      return (load(p) ^ load(lead)) | (load(p + 8) ^ load(lead + 8)) | (load(p + end) ^ load(lead + end))
        | (load(p + (end &+ 8)) ^ load(lead + (end &+ 8))) == 0
    }
    return count > 0 && equal(p, lead, count)
  }

  /// Does the last value become null as a whole? Without partial results that is so for each column of the top level
  /// with something bad in it.
  private var isLost: Bool {
    mutating get {
      outcome == .misfit || (outcome == .partial && depth == 1 && !options.enablePartialResults)
    }
  }

  /// The place after a member that is not in the schema and was before this child's place last time too: with the same
  /// value, or with another plain string.
  @inline(__always) private mutating func skipAsBefore(_ child: NodePointer, _ p: BytePointer) -> BytePointer? {
    let count = child.pointee.skippedCount
    guard count > 0 else { return nil }
    let before = BytePointer(child.pointee.skipped.unsafelyUnwrapped)
    if p + count <= end, Self.equal(p, before, count) { return p + count }
    let lead = child.pointee.skippedLeadCount
    guard p + lead < end, Self.equal(p, before, lead), p[lead] == UInt8(ascii: "\"") else { return nil }
    let q = Self.special(p + (lead + 1))
    return q.pointee == UInt8(ascii: "\"") ? q + 1 : nil
  }

  private static func remember(_ child: NodePointer, _ from: BytePointer, _ value: BytePointer, _ to: BytePointer) {
    let count = to - from
    guard count <= JSONNode.skippedMax else {
      child.pointee.skippedCount = 0
      return
    }
    if child.pointee.skipped == nil {
      child.pointee.skipped = .allocate(capacity: JSONNode.skippedMax + TextBlock.count)
    }
    // The bytes after it are compared too, and don't count: they only have to be there.
    child.pointee.skipped!.update(from: from, count: count + TextBlock.count)
    child.pointee.skippedCount = count
    child.pointee.skippedLeadCount = value - from
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
    _ node: NodePointer, _ start: BytePointer, isFirst: Bool, next: Int
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
      bytes.map { Self.find(node, $0, next) }
      ?? keyScratch.withUnsafeBufferPointer { Self.find(node, $0, next) }
    return Member(value: p, child: child, isPlain: isPlain)
  }

  /// The child of that name; looked for from the expected one on.
  private static func find(_ node: NodePointer, _ key: UnsafeBufferPointer<UInt8>, _ next: Int) -> Int? {
    let (children, count) = (node.pointee.children, node.pointee.childCount)
    for step in 0..<count {
      var index = next + step
      if index >= count { index -= count }
      let child = children + index
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

  // MARK: Arrays and maps

  private mutating func array(_ node: NodePointer, _ start: BytePointer) -> BytePointer? {
    let element = node.pointee.children
    let before = element.pointee.count
    var p = skipSpace(start + 1)
    if p.pointee == UInt8(ascii: "]") {
      JSONNode.closeList(node)
      return p + 1
    }
    let isOfObjects = element.pointee.kind == .structure && depth < options.maxNestingDepth
    var isPartial = false
    while true {
      if element.pointee.count == element.pointee.capacity { JSONNode.grow(element) }
      if isOfObjects, p.pointee == UInt8(ascii: "{") {
        depth &+= 1
        guard let q = structure(element, p) else { return nil }
        depth &-= 1
        p = skipSpace(q)
      } else {
        guard let q = value(element, p) else { return nil }
        p = skipSpace(q)
      }
      if outcome != .fits {
        if outcome == .misfit {
          JSONNode.truncate(element, to: before)
          return rest(p, isObject: false)
        }
        isPartial = true
        outcome = .fits
      }
      if p.pointee == UInt8(ascii: ",") {
        p = skipSpace(p + 1)
      } else if p.pointee == UInt8(ascii: "]") {
        break
      } else {
        return fail("expected ',' or ']'", p)
      }
    }
    JSONNode.closeList(node)
    if isPartial { outcome = .partial }
    return p + 1
  }

  private mutating func map(_ node: NodePointer, _ start: BytePointer) -> BytePointer? {
    let (keys, values) = (node.pointee.children, node.pointee.children + 1)
    let before = keys.pointee.count
    var p = skipSpace(start + 1)
    if p.pointee == UInt8(ascii: "}") {
      JSONNode.closeList(node)
      return p + 1
    }
    var isPartial = false
    while true {
      guard let (afterKey, bytes, _) = key(p) else { return nil }
      p = skipSpace(afterKey)
      guard p.pointee == UInt8(ascii: ":") else { return fail("expected ':' after a name", p) }
      p = skipSpace(p + 1)
      if keys.pointee.count == keys.pointee.capacity { JSONNode.grow(keys) }
      if values.pointee.count == values.pointee.capacity { JSONNode.grow(values) }
      if let bytes {
        JSONNode.appendBytes(keys, UnsafeRawBufferPointer(bytes))
      } else {
        keyScratch.withUnsafeBytes { JSONNode.appendBytes(keys, $0) }
      }
      guard let q = value(values, p) else { return nil }
      p = skipSpace(q)
      if outcome != .fits {
        if outcome == .misfit {
          JSONNode.truncate(keys, to: before)
          JSONNode.truncate(values, to: before)
          return rest(p, isObject: true)
        }
        isPartial = true
        outcome = .fits
      }
      if p.pointee == UInt8(ascii: ",") {
        p = skipSpace(p + 1)
      } else if p.pointee == UInt8(ascii: "}") {
        break
      } else {
        return fail("expected ',' or '}'", p)
      }
    }
    JSONNode.closeList(node)
    if isPartial { outcome = .partial }
    return p + 1
  }
}
