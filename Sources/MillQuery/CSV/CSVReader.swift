import MillColumns

/// A field's text → its value.
struct CSVReader {
  let options: CSVOptions
  let time: LocalTime
  let dates: DateTimePattern?
  let times: DateTimePattern?

  /// nil: it does not fit the type.
  func value(_ text: String, _ type: DataType) -> Value? {
    switch type {
    case .string: return .string(text)
    case .binary: return .binary(Array(text.utf8))
    case .boolean: return Bool(text.lowercased()).map { .boolean($0) }
    case .byte: return Int8(text).map { .integer(Int64($0)) }
    case .short: return Int16(text).map { .integer(Int64($0)) }
    case .integer: return Int32(text).map { .integer(Int64($0)) }
    case .long: return Int64(text).map { .integer($0) }
    case .float: return number(text).map { .float(Float($0)) }
    case .double: return number(text).map { .double($0) }
    case .decimal(let precision, let scale):
      // Spark takes commas out, as between thousands.
      let digits = text.utf8.filter { $0 != UInt8(ascii: ",") }
      return digits.withUnsafeBufferPointer { DecimalText.parse($0, precision: precision, scale: scale) }.map {
        .decimal(unscaled: $0, scale: scale)
      }
    case .date:
      if let dates {
        return (try? dates.days(text).get()).map { .date($0) }
      }
      return Calendar.date(text).map { .date($0) }
    case .timestamp:
      if let times {
        return (try? times.moment(text, on: time).get()).map { .timestamp($0) }
      }
      return Array(text.utf8).withUnsafeBufferPointer { time.parse($0) }.map { .timestamp($0) }
    default: return nil
    }
  }

  private func number(_ text: String) -> Double? {
    if text == options.nanValue { return .nan }
    if text == options.positiveInfinity { return .infinity }
    if text == options.negativeInfinity { return -.infinity }
    return CastFromText.javaDouble(text)
  }
}
