import Glibc

/// One pass over one line. Positions are counted from the start of the body.
struct LineScanner {
  /// Why a line is refused.
  struct Reason: Error {
    var text: String
    init(_ text: String) { self.text = text }
  }

  // The caller keeps the body alive and unchanged while the scanner lives; every access is below `end`.
  let base: UnsafePointer<UInt8>
  let bodyCount: Int
  /// Nanoseconds of one unit of the timestamps.
  let precision: Int64
  let defaultTime: Int64

  /// Where each tag begins, and where its key ends.
  private var tags: [(start: Int, keyEnd: Int, end: Int)] = []

  init(base: UnsafePointer<UInt8>, bodyCount: Int, precision: Int64, defaultTime: Int64) {
    self.base = base
    self.bodyCount = bodyCount
    self.precision = precision
    self.defaultTime = defaultTime
  }

  // MARK: Lines

  /// The end of the line: a newline within a quoted string or after a backslash belongs to the line.
  func lineEnd(from start: Int) -> Int {
    let found = memchr(base + start, 0x0A, bodyCount - start)
    let end = found.map { base.distance(to: $0.assumingMemoryBound(to: UInt8.self)) } ?? bodyCount
    let count = end - start
    if memchr(base + start, Int32(UInt8(ascii: "\"")), count) == nil,
      memchr(base + start, Int32(UInt8(ascii: "\\")), count) == nil
    {
      return end
    }
    return quotedLineEnd(from: start)
  }

  private func quotedLineEnd(from start: Int) -> Int {
    var i = start
    var isQuoted = false
    var inFields = false
    var equals = 0
    var commas = 0
    while i < bodyCount {
      switch base[i] {
      case UInt8(ascii: "\\"): i += 1
      case 0x20: inFields = true
      case UInt8(ascii: "=") where inFields && !isQuoted: equals += 1
      case UInt8(ascii: ",") where inFields && !isQuoted: commas += 1
      case UInt8(ascii: "\"") where inFields && equals > commas: isQuoted.toggle()
      case 0x0A where !isQuoted: return i
      default: break
      }
      i += 1
    }
    return bodyCount
  }

  // MARK: Points

  mutating func point(
    _ start: Int, _ end: Int, _ fields: inout [ParsedPoints.Field], _ arena: inout [UInt8]
  ) throws(Reason) -> ParsedPoints.Point {
    let fieldsStart = fields.count
    var (keyEnd, measurementEnd) = try scanKey(start, end)
    let keyCount = keyEnd - start
    var keyStart = start
    if let sorted = try sortedTags(measurementEnd) {
      keyStart = bodyCount + arena.count
      arena.append(contentsOf: UnsafeBufferPointer(start: base + start, count: measurementEnd - start))
      for tag in sorted {
        arena.append(UInt8(ascii: ","))
        arena.append(contentsOf: UnsafeBufferPointer(start: base + tag.start, count: tag.end - tag.start))
      }
    }
    if keyCount > LineParser.keyLengthMax {
      throw Reason("max key length exceeded: \(keyCount) > \(LineParser.keyLengthMax)")
    }
    keyEnd = try scanFields(keyEnd, end, &fields)
    for field in fields[fieldsStart...] where keyCount + field.keyCount + 4 > LineParser.keyLengthMax {
      // InfluxDB counts the separator #!~# between series key and field key.
      throw Reason("max key length exceeded: \(keyCount + field.keyCount + 4) > \(LineParser.keyLengthMax)")
    }
    let time = try scanTime(keyEnd, end)
    return ParsedPoints.Point(
      keyStart: keyStart, keyCount: keyCount, measurementCount: measurementEnd - start, fieldsStart: fieldsStart,
      fieldsCount: fields.count - fieldsStart, time: time, lineStart: start, lineCount: end - start)
  }

  /// Measurement and tags, up to the space before the fields.
  private mutating func scanKey(_ start: Int, _ end: Int) throws(Reason) -> (end: Int, measurementEnd: Int) {
    tags.removeAll(keepingCapacity: true)
    if base[start] == UInt8(ascii: ",") { throw Reason("missing measurement") }
    var i = start
    while true {
      i += 1
      if i >= end { throw Reason("missing fields") }
      if base[i - 1] == UInt8(ascii: "\\") { continue }
      if base[i] == UInt8(ascii: ",") { break }
      if base[i] == 0x20 { return (i, i) }
    }
    let measurementEnd = i
    while true {
      i += 1
      let tagStart = i
      if i >= end || base[i] == 0x20 || base[i] == UInt8(ascii: ",") || base[i] == UInt8(ascii: "=") {
        throw Reason("missing tag key")
      }
      while true {
        i += 1
        if i >= end { throw Reason("missing tag value") }
        let byte = base[i]
        if byte == UInt8(ascii: "=") || byte == 0x20 || byte == UInt8(ascii: ","), base[i - 1] != UInt8(ascii: "\\") {
          if byte != UInt8(ascii: "=") { throw Reason("missing tag value") }
          break
        }
      }
      let tagKeyEnd = i
      i += 1
      if i >= end || base[i] == UInt8(ascii: ",") || base[i] == 0x20 { throw Reason("missing tag value") }
      while true {
        i += 1
        if i >= end { throw Reason("missing fields") }
        let byte = base[i]
        if byte == UInt8(ascii: "=") || byte == 0x20 || byte == UInt8(ascii: ","), base[i - 1] != UInt8(ascii: "\\") {
          if byte == UInt8(ascii: "=") { throw Reason("invalid tag format") }
          break
        }
      }
      tags.append((tagStart, tagKeyEnd, i))
      if base[i] == 0x20 { return (i, measurementEnd) }
    }
  }

  private func compareTagKeys(_ a: (start: Int, keyEnd: Int, end: Int), _ b: (start: Int, keyEnd: Int, end: Int)) -> Int
  {
    let common = min(a.keyEnd - a.start, b.keyEnd - b.start)
    let order = Int(memcmp(base + a.start, base + b.start, common))
    return order != 0 ? order : (a.keyEnd - a.start) - (b.keyEnd - b.start)
  }

  /// nil when the tags are in order already.
  private func sortedTags(_ measurementEnd: Int) throws(Reason) -> [(start: Int, keyEnd: Int, end: Int)]? {
    var isSorted = true
    for index in tags.indices.dropFirst() {
      let order = compareTagKeys(tags[index - 1], tags[index])
      if order == 0 { throw Reason("duplicate tags") }
      if order > 0 {
        isSorted = false
        break
      }
    }
    if isSorted { return nil }
    let sorted = tags.sorted { compareTagKeys($0, $1) < 0 }
    for index in sorted.indices.dropFirst() where compareTagKeys(sorted[index - 1], sorted[index]) == 0 {
      throw Reason("duplicate tags")
    }
    return sorted
  }

  // MARK: Fields

  private func skipSpace(_ start: Int, _ end: Int) -> Int {
    var i = start
    while i < end, base[i] == 0x20 || base[i] == 0x09 || base[i] == 0 { i += 1 }
    return i
  }

  /// All fields, up to the space before the timestamp.
  private func scanFields(_ from: Int, _ end: Int, _ fields: inout [ParsedPoints.Field]) throws(Reason) -> Int {
    var i = skipSpace(from, end)
    if i >= end { throw Reason("missing fields") }
    while true {
      let keyStart = i
      while true {
        if i >= end { throw Reason("invalid field format") }
        let byte = base[i]
        if byte == UInt8(ascii: "\\"), i + 1 < end {
          i += 2
          continue
        }
        if byte == UInt8(ascii: "=") { break }
        // A key without a value: `a=1,b`, or the fields end here.
        if byte == UInt8(ascii: ",") || byte == 0x20 { throw try keyWithoutValue(i, end) }
        i += 1
      }
      if i == keyStart { throw Reason("missing field key") }
      let keyEnd = i
      i += 1
      if i >= end || base[i] == UInt8(ascii: ",") || base[i] == 0x20 { throw Reason("missing field value") }
      let (type, hasEscapes, bits, valueEnd) = try scanValue(i, end)
      fields.append(
        ParsedPoints.Field(
          keyStart: keyStart, keyCount: keyEnd - keyStart, type: type, hasEscapes: hasEscapes, bits: bits))
      i = valueEnd
      if i >= end || base[i] == 0x20 { return i }
      if base[i] != UInt8(ascii: ",") { throw Reason("invalid field format") }
      i += 1
      if i >= end || base[i] == 0x20 { throw Reason("invalid field format") }
    }
  }

  /// `m a,b=1`: InfluxDB reads on and names what it finds first.
  private func keyWithoutValue(_ from: Int, _ end: Int) throws(Reason) -> Reason {
    if base[from] == UInt8(ascii: ","), from + 1 < end, base[from + 1] == UInt8(ascii: "=") {
      return Reason("missing field key")
    }
    return Reason("invalid field format")
  }

  private func scanValue(_ start: Int, _ end: Int) throws(Reason) -> (FieldType, Bool, UInt64, Int) {
    switch base[start] {
    case UInt8(ascii: "\""):
      let (hasEscapes, close) = try scanString(start + 1, end)
      let count = close - start - 1
      if count > LineParser.stringLengthMax {
        throw Reason("string field of \(count) bytes is above the limit of \(LineParser.stringLengthMax)")
      }
      return (.string, hasEscapes, UInt64(start + 1) << 32 | UInt64(count), close + 1)
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "N"),
      UInt8(ascii: "n"):
      let (type, bits, numberEnd) = try NumberScanner.scan(base, start, end)
      return (type, false, bits, numberEnd)
    default:
      let (value, booleanEnd) = try scanBoolean(start, end)
      return (.boolean, false, value ? 1 : 0, booleanEnd)
    }
  }

  private func scanString(_ start: Int, _ end: Int) throws(Reason) -> (hasEscapes: Bool, close: Int) {
    var i = start
    var hasEscapes = false
    while i < end {
      if base[i] == UInt8(ascii: "\"") { return (hasEscapes, i) }
      if base[i] == UInt8(ascii: "\\"), i + 1 < end {
        if base[i + 1] == UInt8(ascii: "\"") || base[i + 1] == UInt8(ascii: "\\") { hasEscapes = true }
        i += 1
      }
      i += 1
    }
    throw Reason("unbalanced quotes")
  }

  private func scanBoolean(_ start: Int, _ end: Int) throws(Reason) -> (Bool, Int) {
    var i = start
    while i < end, base[i] != UInt8(ascii: ","), base[i] != 0x20 { i += 1 }
    if isWord(start, i, ["t", "T", "true", "True", "TRUE"]) { return (true, i) }
    if isWord(start, i, ["f", "F", "false", "False", "FALSE"]) { return (false, i) }
    throw Reason("invalid boolean")
  }

  private func isWord(_ start: Int, _ end: Int, _ words: [StaticString]) -> Bool {
    words.contains { $0.utf8CodeUnitCount == end - start && memcmp($0.utf8Start, base + start, end - start) == 0 }
  }

  // MARK: Timestamps

  /// The earliest and latest time that InfluxDB takes, in nanoseconds.
  static let timeMin = Int64.min + 2
  static let timeMax = Int64.max - 1

  private func scanTime(_ from: Int, _ end: Int) throws(Reason) -> Int64 {
    let start = skipSpace(from, end)
    if start >= end { return defaultTime }
    var i = start
    var isNegative = false
    var value: UInt64 = 0
    var isOverflowing = false
    if base[i] == UInt8(ascii: "-") {
      isNegative = true
      i += 1
    }
    let digits = i
    while i < end, base[i] != 0x20 {
      let digit = base[i] &- 0x30
      if digit > 9 { throw Reason("bad timestamp") }
      let (high, isHigh) = value.multipliedReportingOverflow(by: 10)
      let (sum, isOver) = high.addingReportingOverflow(UInt64(digit))
      if isHigh || isOver { isOverflowing = true }
      value = sum
      i += 1
    }
    let text = String(decoding: UnsafeBufferPointer(start: base + start, count: i - start), as: UTF8.self)
    if i == digits { throw Reason("strconv.ParseInt: parsing \"\(text)\": invalid syntax") }
    let limit = isNegative ? UInt64(Int64.max) + 1 : UInt64(Int64.max)
    if isOverflowing || value > limit { throw Reason("strconv.ParseInt: parsing \"\(text)\": value out of range") }
    let units = isNegative ? Int64(truncatingIfNeeded: 0 &- value) : Int64(value)
    let (time, isOver) = units.multipliedReportingOverflow(by: precision)
    if isOver || time < Self.timeMin || time > Self.timeMax {
      throw Reason("time outside range \(Self.timeMin) - \(Self.timeMax)")
    }
    while i < end {
      if base[i] != 0x20 { throw Reason("point is invalid") }
      i += 1
    }
    return time
  }
}
