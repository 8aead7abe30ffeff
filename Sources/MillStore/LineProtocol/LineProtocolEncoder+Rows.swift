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
  private static let slack = 80

  private let plan: PointPlan
  private let measurement: Step?
  private let time: Step?
  private let tags: [Step]
  private let fields: [Step]
  private let identity: [Step]
  private var reason = ""
  private var omittedValueCount = 0
  /// Where the next byte goes, from the output's base.
  private var position: Int

  init(_ plan: PointPlan, _ batch: ColumnBatch, output: Int) {
    self.plan = plan
    position = output
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
  }

  mutating func encode(rows: Int, into output: inout BufferBuilder) -> EncodedPoints {
    var points = EncodedPoints(bytes: [], lineCount: 0, rejected: [], omittedValueCount: 0)
    for row in 0..<rows {
      let start = position
      if line(row, &output) {
        points.lineCount += 1
      } else {
        position = start
        points.rejected.append(RejectedRow(row: row, reason: reason))
      }
    }
    output.reserve(position - output.count)
    output.count = position
    points.omittedValueCount = omittedValueCount
    return points
  }

  // MARK: A line

  private mutating func line(_ row: Int, _ output: inout BufferBuilder) -> Bool {
    let start = position
    let nanoseconds: Int64?
    if let time {
      guard let time = moment(time, row) else { return false }
      nanoseconds = time
    } else {
      nanoseconds = nil
    }
    if let measurement {
      if measurement.isNull(row) || measurement.isEmptyText(row) {
        return reject("the measurement is null or empty")
      }
      guard tagValue(measurement, row, isMeasurement: true, &output) else { return false }
    } else {
      let target = room(plan.measurementCount, &output)
      copy(plan.texts.pointer(UInt8.self), plan.measurementCount, to: target)
    }
    for tag in tags where !tag.isNull(row) {
      if tag.isEmptyText(row) { continue }
      copy(tag.prefix, tag.prefixCount, to: room(tag.prefixCount, &output))
      if !tagValue(tag, row, isMeasurement: false, &output) { return false }
    }
    let fieldsStart = position
    guard fieldsStart - start + plan.fieldNameBytesMax <= LineProtocolEncoder.seriesKeyBytesMax else {
      return reject("measurement and tags have more than \(LineProtocolEncoder.seriesKeyBytesMax) bytes")
    }
    for field in fields where !field.isNull(row) {
      if !fieldValue(field, row, &output) { return false }
    }
    guard position > fieldsStart else { return reject("no field has a value") }
    // The first field's comma is where the space belongs.
    (output.base + fieldsStart).storeBytes(of: UInt8(ascii: " "), as: UInt8.self)
    let target = room(1, &output)
    if let nanoseconds {
      target[0] = UInt8(ascii: " ")
      position += 1 + IntegerText.write(nanoseconds, to: target + 1)
    }
    (output.base + position).storeBytes(of: UInt8(ascii: "\n"), as: UInt8.self)
    position += 1
    return true
  }

  private mutating func reject(_ reason: String) -> Bool {
    self.reason = reason
    return false
  }

  /// Where the next byte goes, with room for `count` bytes and ``slack``.
  @inline(__always) private func room(_ count: Int, _ output: inout BufferBuilder) -> UnsafeMutablePointer<UInt8> {
    if output.capacity - position < count + Self.slack {
      output.count = position
      output.reserve(count + Self.slack)
    }
    return (output.base + position).assumingMemoryBound(to: UInt8.self)
  }

  /// Copies whole words: up to 7 bytes more are read and written.
  @inline(__always) private mutating func copy(
    _ from: UnsafePointer<UInt8>, _ count: Int, to target: UnsafeMutablePointer<UInt8>
  ) {
    var index = 0
    while index < count {
      UnsafeMutableRawPointer(target + index).storeBytes(
        of: UnsafeRawPointer(from + index).loadUnaligned(as: UInt64.self), as: UInt64.self)
      index += 8
    }
    position += count
  }

  // MARK: Values

  @inline(__always) private mutating func fieldValue(
    _ field: Step, _ row: Int, _ output: inout BufferBuilder
  ) -> Bool {
    switch field.form {
    case .text:
      let (text, count) = field.text(row)
      // An escape makes two bytes of one.
      let target = room(field.prefixCount + count * 2, &output)
      copy(field.prefix, field.prefixCount, to: target)
      let body = target + field.prefixCount
      var index = 0
      var special: UInt64 = 0
      while index < count {
        let word = UnsafeRawPointer(text + index).loadUnaligned(as: UInt64.self)
        UnsafeMutableRawPointer(body + index).storeBytes(of: word, as: UInt64.self)
        special = Self.specials(word)
        index += 8
        if special != 0 { break }
      }
      // The word of the end has bytes behind it that don't count.
      if special != 0, index - 8 + special.trailingZeroBitCount >> 3 < count {
        return oddText(text, count, body)
      }
      if count > LineProtocolEncoder.stringBytesMax { return oddText(text, count, body) }
      body[count] = UInt8(ascii: "\"")
      position += count + 1
    case .int32: integer(field, Int64(field.fixed(row, Int32.self)), &output)
    case .int64: integer(field, field.fixed(row, Int64.self), &output)
    default: return otherValue(field, row, &output)
    }
    return true
  }

  /// As in the JSON reader: the high bit of bytes that are `"`, `\` or a control character; the lowest is exact.
  @inline(__always) private static func specials(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5C)
    return (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- ones &* 0x20) & ~word))
      & (ones &* 0x80)
  }

  /// A string field with something to escape; `body` has room for twice its length.
  @inline(never) private mutating func oddText(
    _ text: UnsafePointer<UInt8>, _ count: Int, _ body: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    guard count <= LineProtocolEncoder.stringBytesMax else {
      return reject("a string field has more than \(LineProtocolEncoder.stringBytesMax) bytes")
    }
    var written = 0
    for index in 0..<count {
      let byte = text[index]
      let letter = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? byte : Self.controlLetter(byte)
      if let letter {
        body[written] = UInt8(ascii: "\\")
        body[written + 1] = letter
        written += 2
      } else {
        body[written] = byte
        written += 1
      }
    }
    body[written] = UInt8(ascii: "\"")
    position += written + 1
    return true
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

  @inline(__always) private mutating func integer(_ field: Step, _ value: Int64, _ output: inout BufferBuilder) {
    let target = room(field.prefixCount, &output)
    copy(field.prefix, field.prefixCount, to: target)
    let digits = target + field.prefixCount
    let count = IntegerText.write(value, to: digits)
    digits[count] = UInt8(ascii: "i")
    position += plan.integerSuffix ? count + 1 : count
  }

  @inline(never) private mutating func otherValue(
    _ field: Step, _ row: Int, _ output: inout BufferBuilder
  ) -> Bool {
    switch field.form {
    case .int8: integer(field, Int64(field.fixed(row, Int8.self)), &output)
    case .int16: integer(field, Int64(field.fixed(row, Int16.self)), &output)
    case .float where !field.fixed(row, Float.self).isFinite: omittedValueCount += 1
    case .double where !field.fixed(row, Double.self).isFinite: omittedValueCount += 1
    default:
      let target = room(field.prefixCount, &output)
      copy(field.prefix, field.prefixCount, to: target)
      position += Self.scalar(field, row, target + field.prefixCount)
      if field.form == .date || field.form == .timestamp {
        (output.base + position).storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
        position += 1
      }
    }
    return true
  }

  /// The text of anything but a string.
  private static func scalar(_ step: Step, _ row: Int, _ target: UnsafeMutablePointer<UInt8>) -> Int {
    switch step.form {
    case .boolean:
      let word: StaticString = step.fixed(row, UInt8.self) != 0 ? "true" : "false"
      target.update(from: word.utf8Start, count: word.utf8CodeUnitCount)
      return word.utf8CodeUnitCount
    case .int8: return IntegerText.write(Int64(step.fixed(row, Int8.self)), to: target)
    case .int16: return IntegerText.write(Int64(step.fixed(row, Int16.self)), to: target)
    case .int32: return IntegerText.write(Int64(step.fixed(row, Int32.self)), to: target)
    case .int64: return IntegerText.write(step.fixed(row, Int64.self), to: target)
    case .float: return FloatText.write(step.fixed(row, Float.self), to: target)
    case .double: return FloatText.write(step.fixed(row, Double.self), to: target)
    case .decimal: return DecimalText.write(step.fixed(row, Int128.self), scale: step.scale, to: target)
    case .date: return TimeText.write(date: step.fixed(row, Int32.self), to: target)
    case .timestamp: return TimeText.write(timestamp: step.fixed(row, Int64.self), to: target)
    case .text, .null: return 0
    }
  }

  // MARK: Tags

  /// A tag's value, or the measurement, where commas and spaces (and `=` in tags) are escaped.
  private mutating func tagValue(
    _ tag: Step, _ row: Int, isMeasurement: Bool, _ output: inout BufferBuilder
  ) -> Bool {
    if tag.form != .text {
      // Only timestamps have a space in them.
      let target = room(1, &output)
      let count = Self.scalar(tag, row, target)
      guard tag.form == .timestamp else {
        position += count
        return true
      }
      let text = Array(UnsafeBufferPointer(start: target, count: count))
      return text.withUnsafeBufferPointer { escapeTag($0, isMeasurement, target) }
    }
    let (text, count) = tag.text(row)
    let target = room(count * 2, &output)
    return escapeTag(UnsafeBufferPointer(start: text, count: count), isMeasurement, target)
  }

  private mutating func escapeTag(
    _ text: UnsafeBufferPointer<UInt8>, _ isMeasurement: Bool, _ target: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    var written = 0
    var isAfterBackslash = false
    for byte in text {
      let isSpecial =
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: " ") || (byte == UInt8(ascii: "=") && !isMeasurement)
      if isSpecial || byte < 32 {
        if isAfterBackslash { return reject(Self.backslashTrap) }
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
    if isAfterBackslash { return reject(Self.backslashTrap) }
    if isMeasurement, text.first == UInt8(ascii: "#") || text.first == UInt8(ascii: "_") {
      return reject("a measurement can't begin with '\(Character(Unicode.Scalar(text.first!)))'")
    }
    position += written
    return true
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
