import MillBase
import MillColumns

/// from_csv, to_csv and schema_of_csv.
extension FunctionLibrary {
  /// A line of CSV → a struct. Null for null; what does not fit its column is null there.
  static func fromCSV(_ call: FunctionCall, _ schema: Schema, _ options: CSVOptions) throws -> Expression {
    for column in schema.columns {
      switch column.type {
      case .array, .map, .struct, .yearMonthInterval, .dayTimeInterval, .null:
        throw call.error("CSV has no columns of type \(column.type.sql)", wayOut: "read a STRING")
      default: break
      }
    }
    let corrupt = schema.index(of: options.columnNameOfCorruptRecord)
    if let corrupt, schema.columns[corrupt].type != .string {
      throw call.error("the column \(options.columnNameOfCorruptRecord) holds texts", wayOut: "give it the type STRING")
    }
    let line = CSVLine(options)
    let dates = try options.dateFormat.map { try DateTimePattern($0) }
    let times = try options.timestampFormat.map { try DateTimePattern($0) }
    let zone = try options.timeZone.map { try ZoneCache.rules($0) }
    let own = schema.columns.indices.filter { $0 != corrupt }
    return call.result(.struct(schema)) { vectors, evaluation in
      let texts = vectors[0].bytes
      let reader = CSVReader(
        options: options, time: zone.map { LocalTime(zone: $0) } ?? evaluation.lane.time, dates: dates, times: times)
      return try evaluation.build(vectors, to: .struct(schema)) { row, out in
        if texts.isNull(row) { return out.appendNull() }
        let bytes = Array(texts[row])
        let fields = bytes.isEmpty ? [] : line.fields(of: bytes)
        var values = [Value](repeating: .null, count: schema.count)
        var isMalformed = fields.count != own.count
        for (number, index) in own.enumerated() where number < fields.count {
          guard let text = fields[number], text != options.nullValue else { continue }
          if let value = reader.value(text, schema.columns[index].type) {
            values[index] = value
          } else {
            isMalformed = true
          }
        }
        if isMalformed, options.mode == .failFast {
          throw Failure(
            "[MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION] Malformed records are detected in record parsing: "
              + "\(String(decoding: bytes, as: UTF8.self)). Parse Mode: FAILFAST. SQLSTATE: 22023")
        }
        if isMalformed, options.mode == .dropMalformed { return out.appendNull() }
        if isMalformed, let corrupt {
          // A quote that is left open goes on to the file's end; its last line end is not the record's.
          let cut = options.isMultiLine && bytes.last == 10 ? 1 : 0
          values[corrupt] = .string(String(decoding: bytes.dropLast(cut), as: UTF8.self))
        }
        out.append(.struct(values))
      }
    }
  }

  /// A struct → a line of CSV.
  static func toCSV(_ call: FunctionCall, _ options: CSVOptions) throws -> Expression {
    guard case .struct(let schema) = call.type(0) else { throw call.mismatch(0, wants: "a struct") }
    let line = CSVLine(options)
    let zone = try options.timeZone.map { try ZoneCache.rules($0) }
    let formats = try TimeFormats(dates: options.dateFormat, timestamps: options.timestampFormat)
    return call.result(.string) { vectors, evaluation in
      let (column, mask) = vectors[0].compact
      let time = zone.map { LocalTime(zone: $0) } ?? evaluation.lane.time
      let children = column.children.map { formats.texts($0, time) }
      return try evaluation.mapBytes(vectors) { row, out in
        let fields = schema.columns.indices.map { index -> String? in
          let child = children[index]
          guard child.type == .binary, !child.isNull(row & mask) else {
            return child.text(row & mask, plainDecimals: false)
          }
          // [FF 00]
          let digits = child.withBytes(row & mask) { bytes in
            bytes.map { byte in withUnsafeBytes(of: byte) { Hexadecimal.text($0.assumingMemoryBound(to: UInt8.self)) } }
          }
          return "[\(digits.joined(separator: " "))]"
        }
        let text = line.text(of: fields)
        // The writer leaves a row of nothing out.
        if text.isEmpty { return false }
        out += text.utf8
        return true
      }
    }
  }

  /// The schema of one line, as inferSchema has it.
  static func schemaOfCSV(_ call: FunctionCall, _ options: CSVOptions) throws -> Expression {
    guard case .string(let text)? = call.arguments[0].constantValue else {
      throw call.mismatch(0, wants: "a text in quotes")
    }
    let fields = CSVLine(options).fields(of: Array(text.utf8))
    let schema = Schema(fields.enumerated().map { .init("_c\($0.offset)", inferred($0.element, options)) })
    return .constant(.string(DataType.struct(schema).sql), .string, call.position)
  }

  private static func inferred(_ field: String?, _ options: CSVOptions) -> DataType {
    guard let text = field, text != options.nullValue else { return .string }
    if Int32(text) != nil { return .integer }
    if Int64(text) != nil { return .long }
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    if !digits.isEmpty, digits.utf8.allSatisfy({ $0 &- 48 < 10 }), digits.utf8.count <= 38 {
      return .decimal(precision: digits.utf8.count, scale: 0)
    }
    return Array(text.utf8).withUnsafeBufferPointer { bytes in
      if CastFromText.double(bytes) != nil { return .double }
      if bytes.count == 10, TimeText.parseDate(bytes) != nil { return .date }
      if text.contains(":") || text.contains("T"), TimeText.parseTimestamp(bytes) != nil { return .timestamp }
      return Bool(text.lowercased()) != nil ? .boolean : .string
    }
  }
}
