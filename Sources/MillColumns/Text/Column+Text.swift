import MillBase

/// Values as text and JSON.
extension Column {
  /// Appends the value of a row as Spark's `CAST(… AS STRING)` gives it (`null` for a null inside of an array, map or
  /// struct: `[1, null, 2]`, `{1, null}`, `{a -> 1}`). Nothing is appended for a null row.
  ///
  /// - Parameter plainDecimals: false shows them as Java's BigDecimal.toString: `0E-10`.
  public func appendText(_ row: Int, plainDecimals: Bool = true, to text: inout [UInt8]) {
    if isNull(row) { return }
    switch type {
    case .null: return
    case .boolean: text += fixed(row, as: UInt8.self) != 0 ? Array("true".utf8) : Array("false".utf8)
    case .string, .binary: withBytes(row) { text += $0 }
    case .yearMonthInterval(let from, let to):
      IntervalText.append(Int64(fixed(row, as: Int32.self)), from: from, to: to, to: &text)
    case .dayTimeInterval(let from, let to):
      IntervalText.append(fixed(row, as: Int64.self), from: from, to: to, to: &text)
    case .array:
      appendList(offset(row)..<offset(row + 1), "[]", to: &text) { children[0].appendInner($0, plainDecimals, to: &$1) }
    case .map:
      appendList(offset(row)..<offset(row + 1), "{}", to: &text) {
        children[0].appendInner($0, plainDecimals, to: &$1)
        $1 += Array(" -> ".utf8)
        children[1].appendInner($0, plainDecimals, to: &$1)
      }
    case .struct:
      appendList(children.indices, "{}", to: &text) { children[$0].appendInner(row, plainDecimals, to: &$1) }
    case .decimal(_, let scale) where scale > 6 && !plainDecimals:
      text += DecimalText.scientific(fixed(row, as: Int128.self), scale: scale).utf8
    default: appendScalar(row, isoForm: false, to: &text)
    }
  }

  /// The value of a row as text; nil for null.
  public func text(_ row: Int, plainDecimals: Bool = true) -> String? {
    if isNull(row) { return nil }
    var bytes: [UInt8] = []
    appendText(row, plainDecimals: plainDecimals, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the value of a row as JSON: binary as base64, dates and timestamps as ISO text, NaN and infinities in
  /// quotes.
  ///
  /// - Parameter keepsNulls: false leaves null columns of structs out, as Spark's `to_json` does.
  public func appendJSON(_ row: Int, keepsNulls: Bool = true, to json: inout [UInt8]) {
    if isNull(row) {
      json += Array("null".utf8)
      return
    }
    switch type {
    case .boolean: appendText(row, to: &json)
    case .string: withBytes(row) { JSONText.append(string: $0, to: &json) }
    case .binary:
      json.append(UInt8(ascii: "\""))
      withBytes(row) { Base64.append($0, to: &json) }
      json.append(UInt8(ascii: "\""))
    case .date, .timestamp:
      json.append(UInt8(ascii: "\""))
      appendScalar(row, isoForm: true, to: &json)
      json.append(UInt8(ascii: "\""))
    case .yearMonthInterval, .dayTimeInterval:
      json.append(UInt8(ascii: "\""))
      appendText(row, to: &json)
      json.append(UInt8(ascii: "\""))
    case .float where !fixed(row, as: Float.self).isFinite, .double where !fixed(row, as: Double.self).isFinite:
      json.append(UInt8(ascii: "\""))
      appendScalar(row, isoForm: false, to: &json)
      json.append(UInt8(ascii: "\""))
    case .array:
      json.append(UInt8(ascii: "["))
      for element in offset(row)..<offset(row + 1) {
        if element > offset(row) { json.append(UInt8(ascii: ",")) }
        children[0].appendJSON(element, keepsNulls: keepsNulls, to: &json)
      }
      json.append(UInt8(ascii: "]"))
    case .map:
      json.append(UInt8(ascii: "{"))
      for entry in offset(row)..<offset(row + 1) {
        if entry > offset(row) { json.append(UInt8(ascii: ",")) }
        var key: [UInt8] = []
        children[0].appendKey(entry, to: &key)
        key.withUnsafeBytes { JSONText.append(string: $0, to: &json) }
        json.append(UInt8(ascii: ":"))
        children[1].appendJSON(entry, keepsNulls: keepsNulls, to: &json)
      }
      json.append(UInt8(ascii: "}"))
    case .struct(let schema):
      JSONText.append(schema, children, row, keepsNulls: keepsNulls, to: &json)
    case .decimal: appendText(row, plainDecimals: false, to: &json)
    default: appendScalar(row, isoForm: false, to: &json)
    }
  }

  /// A map's key in JSON: Spark writes what it holds itself, days and microseconds since 1970.
  private func appendKey(_ row: Int, to text: inout [UInt8]) {
    switch type {
    case .date, .yearMonthInterval: text += String(fixed(row, as: Int32.self)).utf8
    case .timestamp, .dayTimeInterval: text += String(fixed(row, as: Int64.self)).utf8
    default: appendText(row, plainDecimals: false, to: &text)
    }
  }

  private func appendInner(_ row: Int, _ plainDecimals: Bool, to text: inout [UInt8]) {
    if isNull(row) { return text += Array("null".utf8) }
    appendText(row, plainDecimals: plainDecimals, to: &text)
  }

  private func appendList(
    _ range: Range<Int>, _ brackets: StaticString, to text: inout [UInt8], _ body: (Int, inout [UInt8]) -> Void
  ) {
    text.append(brackets.utf8Start[0])
    for index in range {
      if index > range.lowerBound { text += Array(", ".utf8) }
      body(index, &text)
    }
    text.append(brackets.utf8Start[1])
  }

  /// Numbers, dates and timestamps.
  private func appendScalar(_ row: Int, isoForm: Bool, to text: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { scratch in
      let target = scratch.baseAddress!
      let count =
        switch type {
        case .byte: IntegerText.write(Int64(fixed(row, as: Int8.self)), to: target)
        case .short: IntegerText.write(Int64(fixed(row, as: Int16.self)), to: target)
        case .integer: IntegerText.write(Int64(fixed(row, as: Int32.self)), to: target)
        case .long: IntegerText.write(fixed(row, as: Int64.self), to: target)
        case .float: FloatText.write(fixed(row, as: Float.self), to: target)
        case .double: FloatText.write(fixed(row, as: Double.self), to: target)
        case .decimal(_, let scale): DecimalText.write(fixed(row, as: Int128.self), scale: scale, to: target)
        case .date: TimeText.write(date: fixed(row, as: Int32.self), to: target)
        case .timestamp: TimeText.write(timestamp: fixed(row, as: Int64.self), isoForm: isoForm, to: target)
        default: preconditionFailure("\(type) is no scalar")
        }
      text.append(contentsOf: scratch[..<count])
    }
  }
}

extension ColumnBatch {
  /// The row as a JSON object.
  public func rowJSON(_ row: Int, keepsNulls: Bool = true) -> [UInt8] {
    var json: [UInt8] = []
    JSONText.append(schema, columns, row, keepsNulls: keepsNulls, to: &json)
    return json
  }
}
