import MillColumns

/// Objects and arrays for a STRING column: written again without white space, as Jackson does.
extension JSONMachine {
  /// Appends the object or array at `p`, which ``skip(_:)`` has found to be right.
  mutating func appendCompact(_ node: NodePointer, _ start: BytePointer) {
    var (p, text, level) = (start, [UInt8](), 0)
    let isString = { [options] (byte: UInt8) in
      byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") && options.allowSingleQuotes
    }
    repeat {
      p = skipSpace(p)
      switch p.pointee {
      case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "}"), UInt8(ascii: "]"):
        level += p.pointee == UInt8(ascii: "{") || p.pointee == UInt8(ascii: "[") ? 1 : -1
        text.append(p.pointee)
        p += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        text.append(p.pointee)
        p += 1
      case let byte where isString(byte):
        keepsSurrogates = true
        p = decode(p + 1, quote: byte)!
        keepsSurrogates = false
        Self.quote(scratch, to: &text)
      case UInt8(ascii: "t") where Self.starts(p, with: "true"):
        text += Array("true".utf8)
        p += 4
      case UInt8(ascii: "n") where Self.starts(p, with: "null"):
        text += Array("null".utf8)
        p += 4
      case UInt8(ascii: "f") where Self.starts(p, with: "false"):
        text += Array("false".utf8)
        p += 5
      default: p = appendNumberOrName(p, to: &text)
      }
    } while level > 0
    text.withUnsafeBytes { JSONNode.appendBytes(node, $0) }
  }

  private mutating func appendNumberOrName(_ p: BytePointer, to text: inout [UInt8]) -> BytePointer {
    if let (end, isWhole, isFinite) = number(p) {
      let token = UnsafeBufferPointer(start: p, count: end - p)
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: options.maxNumLen + 40) { target in
        let count = Self.render(token, isWhole: isWhole, isFinite: isFinite, to: target.baseAddress!)
        text.append(contentsOf: target[..<count])
      }
      return end
    }
    // What is no number here can only be a name without quotes.
    failure = nil
    let (end, _, _) = key(p)!
    Self.quote(keyScratch, to: &text)
    return end
  }

  private static func quote(_ string: [UInt8], to text: inout [UInt8]) {
    guard string.contains(where: { $0 >= 0xED }) else {
      return string.withUnsafeBytes { JSONText.append(string: $0, to: &text) }
    }
    text.append(UInt8(ascii: "\""))
    text += JSONText.betweenSurrogates(string, true) { part in
      var quoted: [UInt8] = []
      part.withUnsafeBytes { JSONText.append(string: $0, to: &quoted) }
      return JSONText.escapedPairs(Array(quoted.dropFirst().dropLast()))
    } surrogate: {
      JSONText.escape($0)
    }
    text.append(UInt8(ascii: "\""))
  }
}
