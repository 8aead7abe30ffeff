import MillColumns

/// Values in the names of directories: their types and what they are (Spark's PartitioningUtils).
enum PartitionValue {
  /// Hive's word for null.
  static let null = "__HIVE_DEFAULT_PARTITION__"

  // MARK: Types

  /// - Parameter infers: spark.sql.sources.partitionColumnTypeInference.enabled; else everything is a STRING.
  static func type(of text: String, infers: Bool) -> DataType {
    if text == null { return .null }
    guard infers else { return .string }
    if Int32(text) != nil { return .integer }
    if Int64(text) != nil { return .long }
    if let precision = wholePrecision(text) { return .decimal(precision: precision, scale: 0) }
    if CastFromText.javaDouble(text) != nil { return .double }
    if isTimestamp(PartitionPath.unescaped(text)) { return .timestamp }
    return isDate(text) ? .date : .string
  }

  /// The type for both of two values.
  static func wider(_ a: DataType, _ b: DataType) -> DataType {
    switch (a, b) {
    case (.null, let type), (let type, .null): type
    case (.double, .decimal), (.decimal, .double), (.double, .long), (.long, .double): .string
    case (.date, .timestamp), (.timestamp, .date): .timestamp
    default: a == b ? a : TypeCoercion(ansi: false).numeric(a, b) ?? .string
    }
  }

  /// Digits of a number without a fraction, as Java's BigDecimal reads it: `1e5` has 6; nil for any other text.
  private static func wholePrecision(_ text: String) -> Int? {
    var rest = text.utf8[...]
    if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
    let end = rest.firstIndex { $0 | 32 == UInt8(ascii: "e") } ?? rest.endIndex
    var exponent = 0
    if end < rest.endIndex {
      guard let number = Int32(String(rest[rest.index(after: end)...]) ?? "") else { return nil }
      exponent = Int(number)
    }
    let parts = rest[..<end].split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    let digits = parts.flatMap { Array($0) }
    guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
    let scale = (parts.count == 2 ? parts[1].count : 0) - exponent
    guard scale <= 0 else { return nil }
    let precision = max(1, digits.drop { $0 == 48 }.count) - scale
    return precision <= 38 ? precision : nil
  }

  /// `yyyy-MM-dd`, a day that there is.
  private static func isDate(_ text: String) -> Bool { fits(text, "0000-00-00") && Calendar.date(text) != nil }

  /// `yyyy-MM-dd HH:mm:ss[.S]`
  private static func isTimestamp(_ text: String) -> Bool {
    (fits(text, "0000-00-00 00:00:00") || fits(text, "0000-00-00 00:00:00.0")) && Calendar.timestamp(text) != nil
  }

  /// Has the text digits where the pattern has zeros, and its signs?
  private static func fits(_ text: String, _ pattern: String) -> Bool {
    text.utf8.count == pattern.utf8.count
      && zip(text.utf8, pattern.utf8).allSatisfy { $1 == 48 ? (48...57).contains($0) : $0 == $1 }
  }

  // MARK: Values

  /// nil: the text does not fit the type.
  static func value(_ text: String, as type: DataType, _ time: LocalTime) -> Value? {
    if text == null { return .null }
    switch type {
    case .null: return .null
    case .string: return .string(PartitionPath.unescaped(text))
    // As Java narrows an int.
    case .byte: return Int32(text).map { .integer(Int64(Int8(truncatingIfNeeded: $0))) }
    case .short: return Int32(text).map { .integer(Int64(Int16(truncatingIfNeeded: $0))) }
    case .integer: return Int32(text).map { .integer(Int64($0)) }
    case .long: return Int64(text).map { .integer($0) }
    case .float: return CastFromText.javaDouble(text).map { .float(Float($0)) }
    case .double: return CastFromText.javaDouble(text).map { .double($0) }
    case .decimal(let precision, let scale):
      return Array(text.utf8).withUnsafeBufferPointer { digits in
        if let unscaled = DecimalText.parse(digits, precision: precision, scale: scale) {
          return .decimal(unscaled: unscaled, scale: scale)
        }
        // A number that is too long is null.
        return DecimalText.parse(digits, precision: 38, scale: 0) == nil ? nil : .null
      }
    case .date: return Calendar.date(text).map { .date($0) }
    case .timestamp:
      return Array(PartitionPath.unescaped(text).utf8).withUnsafeBufferPointer { time.parse($0) }.map { .timestamp($0) }
    case .binary: return .binary(Array(text.utf8))
    case .boolean: return Bool(text.lowercased()).map { .boolean($0) }
    default: return nil
    }
  }
}
