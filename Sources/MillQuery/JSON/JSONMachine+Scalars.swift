import MillBase
import MillColumns

/// The long way for plain values: Spark's rules for which token fits which type (facts measured on Spark 4.0.1).
extension JSONMachine {
  @inline(never) mutating func scalar(_ node: NodePointer, _ p: BytePointer) -> BytePointer? {
    switch p.pointee {
    case UInt8(ascii: "\""): return text(node, p)
    case UInt8(ascii: "'") where options.allowSingleQuotes: return text(node, p)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard let q = skip(p) else { return nil }
      if node.pointee.kind != .string {
        outcome = .misfit
      } else if options.keepsText {
        JSONNode.appendBytes(node, UnsafeRawBufferPointer(start: p, count: q - p))
      } else {
        appendCompact(node, p)
      }
      return q
    case UInt8(ascii: "t") where Self.starts(p, with: "true"): return boolean(node, true, p + 4)
    case UInt8(ascii: "f") where Self.starts(p, with: "false"): return boolean(node, false, p + 5)
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return fail("unknown word", p)
    default:
      guard let (q, isWhole, isFinite) = number(p) else { return nil }
      let token = UnsafeBufferPointer(start: p, count: q - p)
      if !appendNumber(node, token, isWhole: isWhole, isFinite: isFinite) { outcome = .misfit }
      return q
    }
  }

  /// `true` or `false` into a BOOLEAN; nil = something else.
  @inline(__always) static func boolean(_ node: NodePointer, _ p: BytePointer, _ row: Int) -> BytePointer? {
    let word = UInt32(truncatingIfNeeded: load(p).littleEndian)
    let isTrue = word == 0x6575_7274
    guard isTrue || (word == 0x736C_6166 && p[4] == UInt8(ascii: "e")) else { return nil }
    node.pointee.values.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)[row] = isTrue ? 1 : 0
    node.pointee.count = row &+ 1
    return p + (isTrue ? 4 : 5)
  }

  private mutating func boolean(_ node: NodePointer, _ value: Bool, _ end: BytePointer) -> BytePointer? {
    switch node.pointee.kind {
    case .boolean: JSONNode.append(node, UInt8(value ? 1 : 0))
    case .string: JSONNode.appendBytes(node, UnsafeRawBufferPointer(start: end - (value ? 4 : 5), count: value ? 4 : 5))
    default: outcome = .misfit
    }
    return end
  }

  // MARK: Strings

  private mutating func text(_ node: NodePointer, _ p: BytePointer) -> BytePointer? {
    let stop = Self.special(p + 1)
    let plain = UnsafeBufferPointer(start: p + 1, count: stop - p - 1)
    if p.pointee == UInt8(ascii: "\""), stop.pointee == UInt8(ascii: "\""), plain.count <= options.maxStringLen,
      Self.isUTF8(plain)
    {
      if !appendText(node, plain) { outcome = .misfit }
      return stop + 1
    }
    guard let q = decode(p + 1, quote: p.pointee) else { return nil }
    guard scratch.count <= options.maxStringLen else {
      outcome = .misfit
      return q
    }
    // A copy of the reference, so that `self` may be changed in the closure.
    let bytes = scratch
    let fits = bytes.withUnsafeBufferPointer { appendText(node, $0) }
    if !fits { outcome = .misfit }
    return q
  }

  private mutating func appendText(_ node: NodePointer, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    switch node.pointee.kind {
    case .string: JSONNode.appendBytes(node, UnsafeRawBufferPointer(text))
    case .double, .float:
      guard options.allowNonNumericNumbers, let value = Self.nonNumericValue(text) else { return false }
      if node.pointee.kind == .double { JSONNode.append(node, value) } else { JSONNode.append(node, Float(value)) }
    case .decimal:
      // Spark takes commas out of text (as between thousands).
      let digits = text.filter { $0 != UInt8(ascii: ",") }
      let value = digits.withUnsafeBufferPointer {
        DecimalText.parse($0, precision: node.pointee.precision, scale: node.pointee.scale)
      }
      guard let value else { return false }
      JSONNode.append(node, value)
    case .date:
      guard let days = days(text) ?? (withoutGMT(text, TimeText.parseDate) ?? dayNumber(text)) else { return false }
      JSONNode.append(node, days)
    case .timestamp:
      guard let microseconds = moment(text) ?? (time.parse(text) ?? withoutGMT(text, time.parse)) else { return false }
      JSONNode.append(node, microseconds)
    case .binary:
      guard let bytes = Base64.decode(text) else { return false }
      bytes.withUnsafeBytes { JSONNode.appendBytes(node, $0) }
    default: return false
    }
    return true
  }

  /// Spark reads `…GMT+01:00` as `…+01:00` where nothing else helps.
  private func withoutGMT<T>(
    _ text: UnsafeBufferPointer<UInt8>, _ parse: (UnsafeBufferPointer<UInt8>) -> T?
  ) -> T? {
    if let value = parse(text) { return value }
    let mark = Array("GMT".utf8)
    guard text.count >= 3, let at = (0...(text.count - 3)).first(where: { text[$0..<$0 + 3].elementsEqual(mark) })
    else { return nil }
    let shorter = Array(text[..<at]) + Array(text[(at + 3)...])
    return shorter.withUnsafeBufferPointer(parse)
  }

  /// Dates written as days since 1970, in text, as Spark 1.5 did.
  private func dayNumber(_ text: UnsafeBufferPointer<UInt8>) -> Int32? {
    text.count <= 11 ? Int32(String(decoding: text, as: UTF8.self)) : nil
  }

  // MARK: Numbers

  private mutating func appendNumber(
    _ node: NodePointer, _ token: UnsafeBufferPointer<UInt8>, isWhole: Bool, isFinite: Bool
  ) -> Bool {
    switch node.pointee.kind {
    case .double:
      let value = isFinite ? FloatText.parse(token) : Self.nonNumericValue(token)!
      // `-0` is a whole number, which has no sign.
      JSONNode.append(node, isWhole && value == 0 ? 0 : value)
    case .float:
      let value = isFinite ? FloatText.parseFloat(token) : Float(Self.nonNumericValue(token)!)
      JSONNode.append(node, isWhole && value == 0 ? 0 : value)
    case .decimal:
      guard isFinite,
        let value = DecimalText.parse(token, precision: node.pointee.precision, scale: node.pointee.scale)
      else { return false }
      JSONNode.append(node, value)
    case .string where options.keepsText: JSONNode.appendBytes(node, UnsafeRawBufferPointer(token))
    case .string:
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: options.maxNumLen + 40) { target in
        let count = Self.render(token, isWhole: isWhole, isFinite: isFinite, to: target.baseAddress!)
        JSONNode.appendBytes(node, UnsafeRawBufferPointer(start: target.baseAddress!, count: count))
      }
    default:
      guard isWhole, let value = Self.whole(token) else { return false }
      return appendWhole(node, value)
    }
    return true
  }

  private mutating func appendWhole(_ node: NodePointer, _ value: Int64) -> Bool {
    switch node.pointee.kind {
    case .byte:
      // Jackson lets a byte be unsigned: −128 ... 255.
      guard value >= -128, value <= 255 else { return false }
      JSONNode.append(node, Int8(truncatingIfNeeded: value))
    case .short:
      guard let narrow = Int16(exactly: value) else { return false }
      JSONNode.append(node, narrow)
    case .integer:
      guard let narrow = Int32(exactly: value) else { return false }
      JSONNode.append(node, narrow)
    case .long: JSONNode.append(node, value)
    case .timestamp:
      // Past the range it wraps, as in Spark.
      JSONNode.append(node, value &* 1_000_000)
    default: return false
    }
    return true
  }

  private static func whole(_ token: UnsafeBufferPointer<UInt8>) -> Int64? {
    var value: Int64 = 0
    let isNegative = token[0] == UInt8(ascii: "-")
    for byte in token.dropFirst(isNegative ? 1 : 0) {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) = tens.subtractingReportingOverflow(Int64(byte - 48))
      if overflow || overflow2 { return nil }
      value = sum
    }
    // Counted below zero, where there is room for one more.
    if isNegative { return value }
    return value == .min ? nil : -value
  }

  /// A number as Jackson writes it again: whole numbers digit for digit, others as Java's Double.
  static func render(
    _ token: UnsafeBufferPointer<UInt8>, isWhole: Bool, isFinite: Bool, to target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    if isWhole {
      var digits = token[...]
      let isNegative = digits.first == UInt8(ascii: "-")
      if isNegative { digits = digits.dropFirst() }
      while digits.count > 1, digits.first == 48 { digits = digits.dropFirst() }
      var count = 0
      if isNegative, digits.first != 48 {
        target[0] = UInt8(ascii: "-")
        count = 1
      }
      for byte in digits {
        target[count] = byte
        count += 1
      }
      return count
    }
    let value = isFinite ? FloatText.parse(token) : nonNumericValue(token)!
    if value.isFinite { return FloatText.write(value, to: target) }
    // Jackson quotes what is no JSON number.
    target[0] = UInt8(ascii: "\"")
    let count = FloatText.write(value, to: target + 1)
    target[count + 1] = UInt8(ascii: "\"")
    return count + 2
  }
}
