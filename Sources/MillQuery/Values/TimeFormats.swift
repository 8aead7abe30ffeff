import MillColumns

/// How dates and timestamps are written into JSON and CSV.
struct TimeFormats: Sendable {
  private let dates: DateTimePattern?
  private let timestamps: DateTimePattern?

  init(dates: String?, timestamps: String?) throws {
    self.dates = try dates.map { try DateTimePattern($0) }
    self.timestamps = try timestamps.map { try DateTimePattern($0) }
    iso = try DateTimePattern("yyyy-MM-dd'T'HH:mm:ss.SSSXXXXX")
  }

  private let iso: DateTimePattern

  /// Does a column with such leaves come out otherwise than it is?
  func change(_ type: DataType, _ time: LocalTime) -> Bool {
    switch type {
    case .date: dates != nil
    case .timestamp: timestamps != nil || time.zone != nil
    case .array(let element): change(element, time)
    case .map(_, let value): change(value, time)
    case .struct(let schema): schema.columns.contains { change($0.type, time) }
    default: false
    }
  }

  /// A field of CSV: timestamps in ISO 8601 with their offset unless there is a pattern.
  func texts(_ column: Column, _ time: LocalTime) -> Column {
    column.type == .timestamp || change(column.type, time) ? written(column, time) : time.local(column)
  }

  /// The column with texts in place of its dates and timestamps.
  func written(_ column: Column, _ time: LocalTime) -> Column {
    func texts(_ body: (Int, inout [UInt8]) -> Void) -> Column {
      var builder = ColumnBuilder(.string, capacity: column.count)
      for row in 0..<column.count {
        if column.isNull(row) {
          builder.appendNull()
        } else {
          var text: [UInt8] = []
          body(row, &text)
          text.withUnsafeBytes { builder.append(bytes: $0) }
        }
      }
      return builder.finish()
    }
    switch column.type {
    case .date:
      guard let dates else { return column }
      return texts { row, text in
        dates.append(Int64(column.fixed(row, as: Int32.self)) &* Calendar.microsecondsPerDay, to: &text)
      }
    case .timestamp:
      let pattern = timestamps ?? iso
      return texts { row, text in pattern.append(column.fixed(row, as: Int64.self), on: time, to: &text) }
    case .array, .map, .struct:
      let children = column.children.map { written($0, time) }
      return Column(
        column.type.with(children.map(\.type)), count: column.count, validity: column.validity, values: column.values,
        offsets: column.offsets, children: children)
    default: return column
    }
  }
}

extension DataType {
  /// The same nested type with other parts.
  fileprivate func with(_ children: [DataType]) -> DataType {
    switch self {
    case .array: .array(children[0])
    case .map: .map(key: children[0], value: children[1])
    case .struct(let schema): .struct(Schema(zip(schema.columns, children).map { .init($0.name, $1) }))
    default: self
    }
  }
}
