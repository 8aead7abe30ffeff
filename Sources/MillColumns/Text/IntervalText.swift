/// Intervals as text, in the form of their literals: `INTERVAL '1 02:03:04.5' DAY TO SECOND`.
public enum IntervalText {
  /// - Parameter value: months, or microseconds.
  public static func append(_ value: Int64, from: IntervalField, to: IntervalField, to text: inout [UInt8]) {
    text += Array("INTERVAL '".utf8)
    if value < 0 { text.append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    var field: IntervalField? = from
    while let current = field {
      let amount = rest / UInt64(current.unit)
      rest %= UInt64(current.unit)
      if current != from { text.append(separator(before: current)) }
      if current > .day, amount < 10 { text.append(UInt8(ascii: "0")) }
      text += Array(String(amount).utf8)
      if current == .second, rest > 0 {
        var digits = Array(String(1_000_000 + rest).utf8.dropFirst())
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        text.append(UInt8(ascii: "."))
        text += digits
      }
      field = current < to ? IntervalField(rawValue: current.rawValue + 1) : nil
    }
    text += Array("' \(from.name)".utf8)
    if from != to { text += Array(" TO \(to.name)".utf8) }
  }

  private static func separator(before field: IntervalField) -> UInt8 {
    switch field {
    case .month: UInt8(ascii: "-")
    case .hour: UInt8(ascii: " ")
    default: UInt8(ascii: ":")
    }
  }

  /// `1-2`, `1 02:03:04.5` and their shorter forms, with a sign in front: months, or microseconds. nil: it is none, or
  /// does not fit.
  ///
  /// Digits of a second's fraction beyond the sixth are dropped.
  public static func parse(_ text: some StringProtocol, from: IntervalField, to: IntervalField) -> Int64? {
    var bytes = Array(text.utf8)[...]
    while bytes.first == 32 { bytes.removeFirst() }
    while bytes.last == 32 { bytes.removeLast() }
    var isNegative = false
    if let first = bytes.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
      isNegative = first == UInt8(ascii: "-")
      bytes.removeFirst()
    }
    // Downwards, so that the smallest value fits.
    var total: Int64 = 0
    func add(_ amount: Int64, _ unit: Int64) -> Bool {
      let (product, isOver) = amount.multipliedReportingOverflow(by: unit)
      let (sum, isOverToo) = total.subtractingReportingOverflow(product)
      total = sum
      return !isOver && !isOverToo
    }
    var field = from
    while true {
      let digits = bytes.prefix { $0 &- 48 < 10 }
      guard !digits.isEmpty, let amount = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
      if field != from, amount >= limit(field) { return nil }
      guard add(amount, field.unit) else { return nil }
      bytes = bytes.dropFirst(digits.count)
      if field == .second, bytes.first == UInt8(ascii: ".") {
        let fraction = bytes.dropFirst().prefix { $0 &- 48 < 10 }
        guard fraction.count <= 9 else { return nil }
        let six = String(decoding: (Array(fraction) + [48, 48, 48, 48, 48, 48]).prefix(6), as: UTF8.self)
        guard let micros = Int64(six), add(micros, 1) else { return nil }
        bytes = bytes.dropFirst(fraction.count + 1)
      }
      if field == to { break }
      field = IntervalField(rawValue: field.rawValue + 1)!
      guard bytes.first == separator(before: field) else { return nil }
      bytes.removeFirst()
    }
    guard bytes.isEmpty else { return nil }
    if !isNegative {
      guard total != .min else { return nil }
      total = -total
    }
    guard from.isYearMonth else { return total }
    return Int32(exactly: total).map { Int64($0) }
  }

  private static func limit(_ field: IntervalField) -> Int64 {
    switch field {
    case .month: 12
    case .hour: 24
    default: 60
    }
  }
}
