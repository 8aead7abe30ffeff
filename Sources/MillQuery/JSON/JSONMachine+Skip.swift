/// Passing over what no column wants, checked all the same: a document is malformed wherever the mistake is.
extension JSONMachine {
  /// The place after the value at `p`.
  @inline(never) mutating func skip(_ p: BytePointer) -> BytePointer? { walk(p, open: 0, isObject: false) }

  /// From the place after a value inside of an array or object that is already open, to the place after its end.
  mutating func rest(_ p: BytePointer, isObject: Bool) -> BytePointer? {
    walk(p, open: 1, isObject: isObject)
  }

  private mutating func walk(_ start: BytePointer, open: Int, isObject: Bool) -> BytePointer? {
    var p = start
    var level = open
    nesting[1] = isObject ? 1 : 0
    let levelMax = options.maxNestingDepth - depth + open
    var isValueNext = open == 0
    while true {
      if isValueNext {
        switch p.pointee {
        case UInt8(ascii: "\""):
          guard let q = skipString(p + 1) else { return nil }
          p = q
        case UInt8(ascii: "{"), UInt8(ascii: "["):
          let isObject = p.pointee == UInt8(ascii: "{")
          level += 1
          guard level <= levelMax else { return fail("nested too deep", p) }
          nesting[level] = isObject ? 1 : 0
          p = skipSpace(p + 1)
          if p.pointee == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
            p += 1
            level -= 1
          } else {
            if isObject {
              guard let q = skipName(p) else { return nil }
              p = q
            }
            continue
          }
        default:
          guard let q = skipScalar(p) else { return nil }
          p = q
        }
      }
      // A value ended at `p`.
      if level == 0 { return p }
      p = skipSpace(p)
      let isObject = nesting[level] == 1
      if p.pointee == UInt8(ascii: ",") {
        p = skipSpace(p + 1)
        if isObject {
          guard let q = skipName(p) else { return nil }
          p = q
        }
        isValueNext = true
      } else if p.pointee == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
        p += 1
        level -= 1
        isValueNext = false
      } else {
        return fail(isObject ? "expected ',' or '}'" : "expected ',' or ']'", p)
      }
    }
  }

  /// A name and its colon; returns where the value begins.
  @inline(__always) private mutating func skipName(_ p: BytePointer) -> BytePointer? {
    var q: BytePointer
    if p.pointee == UInt8(ascii: "\"") {
      guard let r = skipString(p + 1) else { return nil }
      q = r
    } else {
      guard let (r, _, _) = key(p) else { return nil }
      q = r
    }
    q = skipSpace(q)
    guard q.pointee == UInt8(ascii: ":") else { return fail("expected ':' after a name", q) }
    return skipSpace(q + 1)
  }

  private mutating func skipScalar(_ p: BytePointer) -> BytePointer? {
    switch p.pointee {
    case UInt8(ascii: "t") where Self.starts(p, with: "true"), UInt8(ascii: "n") where Self.starts(p, with: "null"):
      return p + 4
    case UInt8(ascii: "f") where Self.starts(p, with: "false"): return p + 5
    case UInt8(ascii: "'") where options.allowSingleQuotes: return decode(p + 1, quote: UInt8(ascii: "'"))
    default: return number(p)?.end
    }
  }

  /// The place after the closing double quote; `p` is after the opening one.
  @inline(__always) private mutating func skipString(_ start: BytePointer) -> BytePointer? {
    let p = Self.special(start)
    if p.pointee == UInt8(ascii: "\"") { return p + 1 }
    return decode(start, quote: UInt8(ascii: "\""))
  }
}
