import MillColumns

/// Casts from and to intervals: cut to fewer fields, numbers of the last field, text.
extension Cast {
  func fromInterval(_ vector: Vector) throws -> Vector {
    let field = from.intervalFields!.to
    let isYearMonth = field.isYearMonth
    // What does not fit is an error by the older rules too.
    let strict: CastMode = mode == .attempt ? .attempt : .ansi
    let (column, mask) = vector.compact
    func whole(_ row: Int) -> Int64 {
      isYearMonth
        ? Int64(column.fixed(row & mask, as: Int32.self)) : column.fixed(row & mask, as: Int64.self)
    }
    func long(_ type: DataType, _ body: (Int64) -> Int64) throws -> Vector {
      try evaluation.build([vector], to: type) { row, out in
        out.append(column.isNull(row & mask) ? .null : .integer(body(whole(row))))
      }
    }
    // Seconds keep their fraction.
    if let last = to.intervalFields?.to {
      return try long(to) { last == .second ? $0 : $0 / last.unit * last.unit }
    }
    if case .decimal = to {
      // Months and days are whole; seconds have six digits.
      let scale = field == .second ? 6 : 0
      let exact = try evaluation.build([vector], to: .decimal(precision: 19, scale: scale)) { row, out in
        if column.isNull(row & mask) { return out.appendNull() }
        out.append(fixed: Int128(field == .second ? whole(row) : whole(row) / field.unit))
      }
      return try Cast.apply(exact, to: to, mode: strict, evaluation)
    }
    let count = try long(.long) { $0 / field.unit }
    return try Cast.apply(count, to: to, mode: strict, evaluation)
  }

  /// From a number, or from text by way of ``CastFromText``.
  func toInterval(_ vector: Vector) throws -> Vector {
    let field = to.intervalFields!.to
    let isYearMonth = field.isYearMonth
    let scaled = try Cast.apply(vector, to: .decimal(precision: 38, scale: 6), mode: mode, evaluation)
    let values = scaled.fixed(Int128.self)
    return try evaluation.build([scaled], to: to) { row, out in
      if values.isNull(row) { return out.appendNull() }
      // Only seconds have a fraction.
      let amount = field == .second ? values[row] : values[row] / 1_000_000 * Int128(field.unit)
      if isYearMonth, let value = Int32(exactly: amount) { return out.append(fixed: value) }
      if !isYearMonth, let value = Int64(exactly: amount) { return out.append(fixed: value) }
      if mode == .attempt { return out.appendNull() }
      throw Failure(
        "[CAST_OVERFLOW] The value \(Decimal128.text(values[row], scale: 6)) of the type \"\(from.sql)\" cannot be cast "
          + "to \"\(to.sql)\" due to an overflow. SQLSTATE: 22003")
    }
  }
}

extension IntervalText {
  /// The value alone, or a whole literal: `INTERVAL '1 02' DAY TO HOUR`.
  static func read(_ text: Bytes, _ from: IntervalField, _ to: IntervalField) -> Int64? {
    var words = String(decoding: CastFromText.trimmed(text), as: UTF8.self)[...]
    if let value = parse(words, from: from, to: to) { return value }
    let ending = "' \(from.name)" + (from == to ? "" : " TO \(to.name)")
    guard words.count > 9 + ending.count, words.uppercased().hasPrefix("INTERVAL "),
      words.uppercased().hasSuffix(ending)
    else { return nil }
    words = words.dropFirst(9).dropLast(ending.count).drop { $0 == " " }
    var isNegative = false
    if words.first == "-" || words.first == "+" {
      isNegative = words.first == "-"
      words.removeFirst()
    }
    guard words.first == "'", let value = parse(words.dropFirst(), from: from, to: to) else { return nil }
    return isNegative ? -value : value
  }
}
