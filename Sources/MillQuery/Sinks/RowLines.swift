import MillColumns

/// Rows as lines of JSON, CSV or text.
struct RowLines: Sendable {
  let options: FileFormatOptions
  private let schema: Schema
  /// Of the columns of a batch, those that are in the lines.
  private let columns: [Int]
  private let time: LocalTime
  private let formats: TimeFormats
  private let line: CSVLine

  /// - Throws: `.configuration` for columns that the format has no room for.
  init(_ options: FileFormatOptions, _ schema: Schema, columns: [Int], time: LocalTime) throws {
    self.options = options
    self.columns = columns
    self.schema = Schema(columns.map { schema.columns[$0] })
    try options.check(self.schema.columns)
    let isCSV = options.format == .csv
    let zone = try (isCSV ? options.csv.timeZone : options.json.timeZone).map { try ZoneCache.rules($0) }
    self.time = zone.map { LocalTime(zone: $0) } ?? time
    formats = try TimeFormats(
      dates: isCSV ? options.csv.dateFormat : options.json.dateFormat,
      timestamps: isCSV ? options.csv.timestampFormat : options.json.timestampFormat)
    line = CSVLine(options.csv)
  }

  /// What every file begins with.
  var head: [UInt8] {
    guard options.format == .csv, options.csv.hasHeader else { return [] }
    return Array(line.text(of: schema.columns.map(\.name)).utf8) + options.lineSeparator
  }

  /// The columns as they are written.
  func columns(of batch: ColumnBatch) -> [Column] {
    columns.map { index in
      let column = batch.columns[index]
      switch options.format {
      case .text: return column
      case .json: return formats.change(column.type, time) ? formats.written(column, time) : column
      case .csv: return column.type == .binary ? Self.hexadecimal(column) : formats.texts(column, time)
      }
    }
  }

  /// Appends the line of a row, with its end.
  ///
  /// - Parameter columns: what ``columns(of:)`` gave.
  func append(_ row: Int, of columns: [Column], to out: inout [UInt8]) {
    switch options.format {
    case .text: columns[0].appendText(row, to: &out)
    case .json: JSONText.append(schema, columns, row, keepsNulls: !options.ignoresNullFields, to: &out)
    case .csv:
      let text = line.text(of: columns.map { $0.text(row) })
      // Spark's writer leaves a row of nothing out.
      if text.isEmpty { return }
      out += text.utf8
    }
    out += options.lineSeparator
  }

  /// `[78 20 79]`, as Spark shows bytes in CSV.
  private static func hexadecimal(_ column: Column) -> Column {
    let digits = Array("0123456789ABCDEF".utf8)
    var builder = ColumnBuilder(.string, capacity: column.count)
    for row in 0..<column.count {
      if column.isNull(row) {
        builder.appendNull()
        continue
      }
      let text = column.withBytes(row) { bytes in
        bytes.map { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }.joined(separator: [UInt8(ascii: " ")])
      }
      builder.append("[\(String(decoding: Array(text), as: UTF8.self))]")
    }
    return builder.finish()
  }
}
