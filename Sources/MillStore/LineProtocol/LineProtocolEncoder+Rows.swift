import MillColumns

/// One batch on its way to lines: plain pointers, no allocation and no reference counting a row.
struct LineProtocolRun {
  /// A part of the line and where its column lies.
  private struct Step {
    var form: PointPlan.Form
    var scale: Int
    var prefix: UnsafePointer<UInt8>
    var prefixCount: Int
    var values: UnsafeRawPointer
    var offsets: UnsafePointer<Int32>
    var validity: UnsafePointer<UInt8>?

    func isNull(_ row: Int) -> Bool {
      guard let validity else { return form == .null }
      return !Validity.isValid(validity, row)
    }
    func isEmptyText(_ row: Int) -> Bool { form == .text && offsets[row] == offsets[row + 1] }
    func fixed<T: BitwiseCopyable>(_ row: Int, _ type: T.Type) -> T { values.assumingMemoryBound(to: T.self)[row] }
    func text(_ row: Int) -> (start: UnsafePointer<UInt8>, count: Int) {
      let start = Int(offsets[row])
      return (values.assumingMemoryBound(to: UInt8.self) + start, Int(offsets[row + 1]) - start)
    }
  }

  /// Room for any number, date or timestamp, and for words that are written whole.
  static let slack = 80

  private let plan: PointPlan
  private let measurement: Step?
  private let time: Step?
  private let tags: [Step]
  private let fields: [Step]
  private let identity: [Step]
  private let plain: PlainRows?
  private var reason = ""
  private var omittedValueCount = 0

  /// Where the next byte goes, and where the room ends. Local variables of this type stay in registers.
  private struct Cursor {
    var next: UnsafeMutablePointer<UInt8>
    var end: UnsafeMutablePointer<UInt8>

    init(_ output: borrowing BufferBuilder) {
      next = (output.base + output.count).assumingMemoryBound(to: UInt8.self)
      end = (output.base + output.capacity).assumingMemoryBound(to: UInt8.self)
    }
  }

  init(_ plan: PointPlan, _ batch: ColumnBatch) {
    self.plan = plan
    let step = { (part: PointPlan.Part) in
      let column = batch.columns[part.column]
      let nowhere = plan.texts.base
      return Step(
        form: part.form, scale: part.scale, prefix: plan.texts.pointer(UInt8.self) + part.prefixStart,
        prefixCount: part.prefixCount, values: column.values?.base ?? nowhere,
        offsets: (column.offsets?.base ?? nowhere).assumingMemoryBound(to: Int32.self),
        validity: column.validity?.pointer(UInt8.self))
    }
    measurement = plan.measurementColumn.map(step)
    time = plan.time.map(step)
    tags = plan.tags.map(step)
    fields = plan.fields.map(step)
    identity = plan.identity.map(step)
    plain = PlainRows(plan, batch)
  }

  /// - Parameter looksForPlainRows: false writes each row by itself.
  mutating func encode(rows: Int, into output: inout BufferBuilder, looksForPlainRows: Bool = true) -> EncodedPoints {
    var points = EncodedPoints(bytes: [], lineCount: 0, rejected: [], omittedValueCount: 0)
    var start = 0
    while start < rows {
      let block = start..<min(start + PlainRows.blockRows, rows)
      if looksForPlainRows, encodePlain(block, &output) {
        points.lineCount += block.count
      } else {
        encodeRows(block, &output, &points)
      }
      start = block.upperBound
    }
    points.omittedValueCount = omittedValueCount
    return points
  }

  private mutating func encodePlain(_ rows: Range<Int>, _ output: inout BufferBuilder) -> Bool {
    guard let plain else { return false }
    guard let time else { return plain.encode(rows, nil, into: &output) }
    return withUnsafeTemporaryAllocation(of: Int64.self, capacity: rows.count) { moments in
      for row in rows {
        guard let moment = moment(time, row) else { return false }
        moments[row - rows.lowerBound] = moment
      }
      return plain.encode(rows, UnsafePointer(moments.baseAddress!), into: &output)
    }
  }

  private mutating func encodeRows(_ rows: Range<Int>, _ output: inout BufferBuilder, _ points: inout EncodedPoints) {
    let (tags, fields) = (self.tags, self.fields)
    tags.withUnsafeBufferPointer { tags in
      fields.withUnsafeBufferPointer { fields in
        for row in rows {
          let start = output.count
          if line(row, tags, fields, &output) {
            points.lineCount += 1
          } else {
            output.count = start
            points.rejected.append(RejectedRow(row: row, reason: reason))
          }
        }
      }
    }
  }

  // MARK: A line

  private mutating func line(
    _ row: Int, _ tags: UnsafeBufferPointer<Step>, _ fields: UnsafeBufferPointer<Step>, _ output: inout BufferBuilder
  ) -> Bool {
    let start = output.count
    let nanoseconds: Int64?
    if let time {
      guard let time = moment(time, row) else { return false }
      nanoseconds = time
    } else {
      nanoseconds = nil
    }
    let suffixCount = plan.integerSuffix ? 1 : 0
    var at = Cursor(output)
    if let measurement {
      if measurement.isNull(row) || measurement.isEmptyText(row) {
        return reject("the measurement is null or empty")
      }
      guard tagValue(measurement, row, isMeasurement: true, &at, &output) else { return false }
    } else {
      room(plan.measurementCount, &at, &output)
      copy(plan.texts.pointer(UInt8.self), plan.measurementCount, &at)
    }
    for tag in tags where !tag.isNull(row) {
      if tag.isEmptyText(row) { continue }
      room(tag.prefixCount, &at, &output)
      copy(tag.prefix, tag.prefixCount, &at)
      if !tagValue(tag, row, isMeasurement: false, &at, &output) { return false }
    }
    let fieldsStart = Self.count(at, output)
    guard fieldsStart - start + plan.fieldNameBytesMax <= LineProtocolEncoder.seriesKeyBytesMax else {
      return reject("measurement and tags have more than \(LineProtocolEncoder.seriesKeyBytesMax) bytes")
    }
    for field in fields where !field.isNull(row) {
      let prefix = field.prefixCount
      switch field.form {
      case .text:
        let (text, count) = field.text(row)
        // An escape makes two bytes of one.
        room(prefix &+ count &* 2, &at, &output)
        copy(field.prefix, prefix, &at)
        if count > LineProtocolEncoder.stringBytesMax { return rejectLongString() }
        var index = 0
        var isPlain = true
        while index < count {
          let block = TextBlock(text + index)
          block.store(to: at.next + index)
          let special = block.specials
          // The last block has bytes behind it that don't count.
          if !special.isEmpty, index &+ special.first < count {
            isPlain = false
            break
          }
          index &+= TextBlock.count
        }
        at.next += isPlain ? count : Self.escape(text, count, at.next)
        at.next[0] = UInt8(ascii: "\"")
        at.next += 1
      case .int32, .int64:
        room(prefix, &at, &output)
        copy(field.prefix, prefix, &at)
        let value = field.form == .int32 ? Int64(field.fixed(row, Int32.self)) : field.fixed(row, Int64.self)
        at.next += IntegerText.write(value, toRoom: at.next)
        at.next[0] = UInt8(ascii: "i")
        at.next += suffixCount
      default:
        room(prefix, &at, &output)
        at.next += otherField(field, row, at.next)
      }
    }
    guard Self.count(at, output) > fieldsStart else { return reject("no field has a value") }
    // The first field's comma is where the space belongs.
    (output.base + fieldsStart).storeBytes(of: UInt8(ascii: " "), as: UInt8.self)
    room(1, &at, &output)
    if let nanoseconds {
      at.next[0] = UInt8(ascii: " ")
      at.next += 1 + IntegerText.write(nanoseconds, toRoom: at.next + 1)
    }
    at.next[0] = UInt8(ascii: "\n")
    at.next += 1
    output.count = Self.count(at, output)
    return true
  }

  @inline(never) private mutating func rejectLongString() -> Bool {
    reject("a string field has more than \(LineProtocolEncoder.stringBytesMax) bytes")
  }

  private mutating func reject(_ reason: String) -> Bool {
    self.reason = reason
    return false
  }

  /// Bytes of the output up to the cursor.
  @inline(__always) private static func count(_ at: Cursor, _ output: borrowing BufferBuilder) -> Int {
    UnsafeRawPointer(at.next) - UnsafeRawPointer(output.base)
  }

  /// Makes room for `count` bytes and ``slack``.
  @inline(__always) private func room(_ count: Int, _ at: inout Cursor, _ output: inout BufferBuilder) {
    if at.end - at.next < count &+ Self.slack { at = Self.grown(count, at, &output) }
  }

  @inline(never) private static func grown(_ count: Int, _ at: Cursor, _ output: inout BufferBuilder) -> Cursor {
    output.count = Self.count(at, output)
    output.reserve(count + slack)
    return Cursor(output)
  }

  /// Copies whole blocks: ``slack`` has room for what is more.
  @inline(__always) private func copy(_ from: UnsafePointer<UInt8>, _ count: Int, _ at: inout Cursor) {
    TextBlock.copy(from, count, to: at.next)
    at.next += count
  }

  // MARK: Values

  /// A field with its name, of the types that are rarer. Returns its bytes; 0 for a number that a line can't hold.
  @inline(never) private mutating func otherField(
    _ field: Step, _ row: Int, _ target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    switch field.form {
    case .float where !field.fixed(row, Float.self).isFinite, .double where !field.fixed(row, Double.self).isFinite:
      omittedValueCount += 1
      return 0
    default: break
    }
    TextBlock.copy(field.prefix, field.prefixCount, to: target)
    var count = field.prefixCount
    count += Self.scalar(field, row, target + count)
    switch field.form {
    case .int8 where plan.integerSuffix, .int16 where plan.integerSuffix:
      target[count] = UInt8(ascii: "i")
      return count + 1
    case .date, .timestamp:
      target[count] = UInt8(ascii: "\"")
      return count + 1
    default: return count
    }
  }

  /// The text of a string field with something to escape; `body` has room for twice its length. Returns its bytes.
  @inline(never) private static func escape(
    _ text: UnsafePointer<UInt8>, _ count: Int, _ body: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var written = 0
    for index in 0..<count {
      let byte = text[index]
      let letter = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? byte : controlLetter(byte)
      if let letter {
        body[written] = UInt8(ascii: "\\")
        body[written + 1] = letter
        written += 2
      } else {
        body[written] = byte
        written += 1
      }
    }
    return written
  }

  private static func controlLetter(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 10: UInt8(ascii: "n")
    case 9: UInt8(ascii: "t")
    case 13: UInt8(ascii: "r")
    case 12: UInt8(ascii: "f")
    default: nil
    }
  }

  private static func scalar(_ step: Step, _ row: Int, _ target: UnsafeMutablePointer<UInt8>) -> Int {
    scalar(step.form, step.scale, step.values, row, target)
  }

  /// The text of anything but a string.
  static func scalar(
    _ form: PointPlan.Form, _ scale: Int, _ values: UnsafeRawPointer, _ row: Int, _ target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    func fixed<T: BitwiseCopyable>(_ type: T.Type) -> T { values.assumingMemoryBound(to: T.self)[row] }
    switch form {
    case .boolean:
      let word: StaticString = fixed(UInt8.self) != 0 ? "true" : "false"
      target.update(from: word.utf8Start, count: word.utf8CodeUnitCount)
      return word.utf8CodeUnitCount
    case .int8: return IntegerText.write(Int64(fixed(Int8.self)), to: target)
    case .int16: return IntegerText.write(Int64(fixed(Int16.self)), to: target)
    case .int32: return IntegerText.write(Int64(fixed(Int32.self)), to: target)
    case .int64: return IntegerText.write(fixed(Int64.self), to: target)
    case .float: return FloatText.write(fixed(Float.self), to: target)
    case .double: return FloatText.write(fixed(Double.self), to: target)
    case .decimal: return DecimalText.write(fixed(Int128.self), scale: scale, to: target)
    case .date: return TimeText.write(date: fixed(Int32.self), to: target)
    case .timestamp: return TimeText.write(timestamp: fixed(Int64.self), to: target)
    case .text, .null: return 0
    }
  }

  // MARK: Tags

  /// A tag's value, or the measurement, where commas and spaces (and `=` in tags) are escaped.
  @inline(__always) private mutating func tagValue(
    _ tag: Step, _ row: Int, isMeasurement: Bool, _ at: inout Cursor, _ output: inout BufferBuilder
  ) -> Bool {
    let written: Int?
    if tag.form == .text {
      let (text, count) = tag.text(row)
      room(count &* 2, &at, &output)
      let isPlain = Self.copyPlainTag(text, count, to: at.next) && !isMeasurement
      written =
        isPlain ? count : escapeTag(UnsafeBufferPointer(start: text, count: count), isMeasurement, at.next)
    } else {
      room(1, &at, &output)
      let count = Self.scalar(tag, row, at.next)
      // Only timestamps have a space in them.
      if tag.form == .timestamp {
        let text = Array(UnsafeBufferPointer(start: at.next, count: count))
        let target = at.next
        written = text.withUnsafeBufferPointer { escapeTag($0, isMeasurement, target) }
      } else {
        written = count
      }
    }
    guard let written else { return false }
    at.next += written
    return true
  }

  /// Copies the text, unless there is something in it that a tag must escape.
  @inline(__always) private static func copyPlainTag(
    _ text: UnsafePointer<UInt8>, _ count: Int, to target: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    var index = 0
    while index < count {
      let block = TextBlock(text + index)
      block.store(to: target + index)
      let special = block.tagSpecials
      if !special.isEmpty, index &+ special.first < count { return false }
      index &+= TextBlock.count
    }
    return true
  }

  /// Returns the bytes written; nil when ``reason`` says why a line can't hold it.
  private mutating func escapeTag(
    _ text: UnsafeBufferPointer<UInt8>, _ isMeasurement: Bool, _ target: UnsafeMutablePointer<UInt8>
  ) -> Int? {
    var written = 0
    var isAfterBackslash = false
    for byte in text {
      let isSpecial =
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: " ") || (byte == UInt8(ascii: "=") && !isMeasurement)
      if isSpecial || byte < 32 {
        if isAfterBackslash { return rejected(Self.backslashTrap) }
        if let letter = isSpecial ? byte : Self.controlLetter(byte) {
          target[written] = UInt8(ascii: "\\")
          target[written + 1] = letter
          written += 2
          continue
        }
      }
      isAfterBackslash = byte == UInt8(ascii: "\\")
      target[written] = byte
      written += 1
    }
    if isAfterBackslash { return rejected(Self.backslashTrap) }
    if isMeasurement, text.first == UInt8(ascii: "#") || text.first == UInt8(ascii: "_") {
      return rejected("a measurement can't begin with '\(Character(Unicode.Scalar(text.first!)))'")
    }
    return written
  }

  private mutating func rejected(_ reason: String) -> Int? {
    self.reason = reason
    return nil
  }

  private static let backslashTrap =
    "a measurement or tag with a backslash at its end, or before a comma, space or '=': line protocol can't hold it"

  // MARK: Time

  private mutating func moment(_ time: Step, _ row: Int) -> Int64? {
    guard !time.isNull(row) else {
      reason = "the time column is null"
      return nil
    }
    let (value, unit): (Int64, Int64) =
      switch time.form {
      case .date: (Int64(time.fixed(row, Int32.self)), 86_400_000_000_000)
      case .timestamp: (time.fixed(row, Int64.self), 1000)
      case .int8: (Int64(time.fixed(row, Int8.self)), plan.timeUnit)
      case .int16: (Int64(time.fixed(row, Int16.self)), plan.timeUnit)
      case .int32: (Int64(time.fixed(row, Int32.self)), plan.timeUnit)
      default: (time.fixed(row, Int64.self), plan.timeUnit)
      }
    var (nanoseconds, overflow) = value.multipliedReportingOverflow(by: unit)
    if !identity.isEmpty, !overflow {
      // Down to the millisecond, also before 1970.
      let below = nanoseconds % 1_000_000
      nanoseconds -= below < 0 ? below + 1_000_000 : below
      (nanoseconds, overflow) = nanoseconds.addingReportingOverflow(Int64(hash(row) % 1_000_000))
    }
    // InfluxDB keeps three of the 2⁶⁴ values for itself.
    guard !overflow, nanoseconds > .min + 1, nanoseconds < .max else {
      reason = "the time is outside of the years 1677 to 2262"
      return nil
    }
    return nanoseconds
  }

  /// FNV-1a over the identity columns. Stored points depend on it: it must stay as it is.
  private func hash(_ row: Int) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.slack) { scratch in
      for step in identity {
        if step.isNull(row) {
          add(0)
          continue
        }
        // Text of whatever type: an INT that becomes a BIGINT keeps its points.
        var (text, count) = (UnsafePointer(scratch.baseAddress!), 0)
        if step.form == .text {
          (text, count) = step.text(row)
        } else {
          count = Self.scalar(step, row, scratch.baseAddress!)
        }
        add(1)
        for index in 0..<count { add(text[index]) }
        // 255 is in no UTF-8 text, so columns can't run into each other.
        add(255)
      }
    }
    // The low digits alone are weak.
    return ((hash ^ (hash >> 32)) &* 0x9E37_79B9_7F4A_7C15) >> 20
  }
}
