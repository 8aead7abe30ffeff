import MillColumns

/// Values, arrays and maps.
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

  /// The value at `p`, when it is of the same length as the one before in this column. Nothing was done when it is nil.
  @inline(__always) static func likeBefore(_ child: NodePointer, _ p: BytePointer, _ row: Int) -> BytePointer? {
    switch child.pointee.kind {
    case .string: stringLikeBefore(child, p, row)
    case .integer: integerLikeBefore(child, p, row, Int32.self)
    case .long: integerLikeBefore(child, p, row, Int64.self)
    case .double: shortDouble(child, p, row)
    case .boolean: boolean(child, p, row)
    default: nil
    }
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
