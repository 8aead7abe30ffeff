import MillColumns

/// Strings: sixteen bytes at a time where they are plain, byte by byte where not.
extension JSONMachine {
  /// A string of at most 31 plain characters, as many as the one before in this column had; nil = it is another.
  ///
  /// A guess that is right lets the processor go on with what follows before it has found the end.
  @inline(__always) static func stringLikeBefore(_ node: NodePointer, _ p: BytePointer, _ row: Int) -> BytePointer? {
    let used = node.pointee.bytesCount
    let guess = node.pointee.lengthGuess
    guard p.pointee == UInt8(ascii: "\""), used <= node.pointee.blocksLimit else { return nil }
    let start = p + 1
    let target = node.pointee.values.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self) + used
    let block = TextBlock(start)
    block.store(to: target)
    let odd = block.specialsAndNonASCII
    if guess < TextBlock.count {
      guard odd.first == guess else { return nil }
    } else {
      let next = TextBlock(start + TextBlock.count)
      next.store(to: target + TextBlock.count)
      guard odd.isEmpty, next.specialsAndNonASCII.first == guess &- TextBlock.count else { return nil }
    }
    guard start[guess] == UInt8(ascii: "\"") else { return nil }
    node.pointee.bytesCount = used &+ guess
    node.pointee.count = row &+ 1
    node.pointee.offsets.unsafelyUnwrapped[row &+ 1] = Int32(truncatingIfNeeded: used &+ guess)
    return start + (guess &+ 1)
  }

  /// Copies a string into its column while looking for its end; `start` is after the opening quote.
  @inline(never) mutating func string(_ node: NodePointer, _ start: BytePointer) -> BytePointer? {
    let room = end - start + TextBlock.count
    if node.pointee.bytesCapacity - node.pointee.bytesCount < room { JSONNode.growBytes(node, by: room) }
    var target = node.pointee.values.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self) + node.pointee.bytesCount
    var p = start
    while true {
      let block = TextBlock(p)
      block.store(to: target)
      let odd = block.specialsAndNonASCII
      if !odd.isEmpty {
        p += odd.first
        break
      }
      p += TextBlock.count
      target += TextBlock.count
    }
    let count = p - start
    if p.pointee != UInt8(ascii: "\"") || count > options.maxStringLen { return oddString(node, start, p) }
    node.pointee.lengthGuess = min(count, 2 * TextBlock.count - 1)
    node.pointee.bytesCount += count
    JSONNode.closeBytes(node)
    return p + 1
  }

  /// A string with escapes, control characters or bytes past ASCII; `stop` is the first of these, or its end.
  @inline(never) private mutating func oddString(
    _ node: NodePointer, _ start: BytePointer, _ stop: BytePointer
  ) -> BytePointer? {
    let stop = Self.special(stop)
    if stop.pointee == UInt8(ascii: "\""), stop - start <= options.maxStringLen,
      Self.isUTF8(UnsafeBufferPointer(start: start, count: stop - start))
    {
      JSONNode.appendBytes(node, UnsafeRawBufferPointer(start: start, count: stop - start))
      return stop + 1
    }
    guard let q = decode(start, quote: UInt8(ascii: "\"")) else { return nil }
    guard scratch.count <= options.maxStringLen else {
      outcome = .misfit
      return q
    }
    scratch.withUnsafeBytes { JSONNode.appendBytes(node, $0) }
    return q
  }

  /// The first `"`, `\` or control character from here on.
  @inline(__always) static func special(_ start: BytePointer) -> BytePointer {
    var p = start
    while true {
      let special = TextBlock(p).specials
      if !special.isEmpty { return p + special.first }
      p += TextBlock.count
    }
  }

  static func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let count = bytes.count
    guard let start = bytes.baseAddress else { return true }
    var index = 0
    while index <= count - TextBlock.count, TextBlock(start + index).isASCII { index += TextBlock.count }
    // The last block may begin before the place that was reached.
    if index > 0, index > count - TextBlock.count, TextBlock(start + (count - TextBlock.count)).isASCII { return true }
    func isTail(_ offset: Int) -> Bool { index + offset < count && bytes[index + offset] & 0xC0 == 0x80 }
    while index < count {
      let byte = bytes[index]
      switch byte {
      case 0..<0x80:
        let isPlain = index + TextBlock.count <= count && TextBlock(bytes.baseAddress! + index).isASCII
        index += isPlain ? TextBlock.count : 1
      case 0xC2...0xDF:
        guard isTail(1) else { return false }
        index += 2
      case 0xE0...0xEF:
        guard isTail(1), isTail(2) else { return false }
        let second = bytes[index + 1]
        if byte == 0xE0 && second < 0xA0 || byte == 0xED && second > 0x9F { return false }
        index += 3
      case 0xF0...0xF4:
        guard isTail(1), isTail(2), isTail(3) else { return false }
        let second = bytes[index + 1]
        if byte == 0xF0 && second < 0x90 || byte == 0xF4 && second > 0x8F { return false }
        index += 4
      default: return false
      }
    }
    return true
  }

  /// Decodes a string into ``scratch`` (what is not UTF-8 becomes U+FFFD, as in Java); returns the place after it.
  mutating func decode(_ start: BytePointer, quote: UInt8) -> BytePointer? {
    scratch.removeAll(keepingCapacity: true)
    var p = start
    var isASCII = true
    while true {
      let byte = p.pointee
      if byte == quote { break }
      if byte == UInt8(ascii: "\\") {
        guard let q = escape(p) else { return nil }
        p = q
      } else {
        if byte < 32, !options.allowUnquotedControlChars || p >= end {
          return fail("a control character in a string", p)
        }
        if byte >= 128 { isASCII = false }
        scratch.append(byte)
        p += 1
      }
    }
    if !isASCII, !scratch.withUnsafeBufferPointer({ Self.isUTF8($0) }) {
      scratch = JSONText.betweenSurrogates(scratch, keepsSurrogates) { Array(String(decoding: $0, as: UTF8.self).utf8) }
    }
    return p + 1
  }

  /// One escape (`p` is at its backslash), appended to ``scratch``.
  private mutating func escape(_ p: BytePointer) -> BytePointer? {
    let letter = p[1]
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): scratch.append(letter)
    case UInt8(ascii: "b"): scratch.append(8)
    case UInt8(ascii: "t"): scratch.append(9)
    case UInt8(ascii: "n"): scratch.append(10)
    case UInt8(ascii: "f"): scratch.append(12)
    case UInt8(ascii: "r"): scratch.append(13)
    case UInt8(ascii: "u"): return unicodeEscape(p)
    case UInt8(ascii: "'") where options.allowSingleQuotes: scratch.append(letter)
    default:
      guard options.allowBackslashEscapingAnyCharacter, p + 1 < end else { return fail("unknown escape", p) }
      scratch.append(letter)
    }
    return p + 2
  }

  private mutating func unicodeEscape(_ p: BytePointer) -> BytePointer? {
    guard let unit = Self.hex4(p + 2) else { return fail("\\u needs four hexadecimal digits", p) }
    if keepsSurrogates, unit & 0xF800 == 0xD800 {
      scratch += [0xED, UInt8(0x80 | unit >> 6 & 0x3F), UInt8(0x80 | unit & 0x3F)]
      return p + 6
    }
    if unit & 0xFC00 == 0xD800, p[6] == UInt8(ascii: "\\"), p[7] == UInt8(ascii: "u"), let low = Self.hex4(p + 8),
      low & 0xFC00 == 0xDC00
    {
      appendScalar(0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF)
      return p + 12
    }
    // Half of a pair: Java writes '?' for it.
    appendScalar(unit & 0xF800 == 0xD800 ? 0x3F : unit)
    return p + 6
  }

  private static func hex4(_ p: BytePointer) -> UInt32? {
    var value: UInt32 = 0
    for index in 0..<4 {
      switch p[index] {
      case 48...57: value = value << 4 | UInt32(p[index] - 48)
      case 65...70: value = value << 4 | UInt32(p[index] - 55)
      case 97...102: value = value << 4 | UInt32(p[index] - 87)
      default: return nil
      }
    }
    return value
  }

  private mutating func appendScalar(_ scalar: UInt32) {
    scratch.append(contentsOf: UTF8.encode(Unicode.Scalar(scalar)!)!)
  }
}
