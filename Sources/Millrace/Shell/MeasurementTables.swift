import MillBase
import MillColumns
import MillQuery

/// The measurements of a store as tables: a column `time`, then tags and fields by name. Asks in InfluxQL, so any
/// server that answers `/query` will do.
struct MeasurementTables: Sendable {
  /// Points of one request, and at most of one table.
  static let pageRows = 50_000
  static let rowsMax = 10_000_000

  let database: String
  /// Gets InfluxQL, returns the answer of `/query` with times in nanoseconds.
  let ask: @Sendable (_ query: String) throws -> [UInt8]

  func names() throws -> [String] {
    try rows("SHOW MEASUREMENTS").compactMap { $0.first?.string }
  }

  /// nil when there is no such measurement.
  func table(_ measurement: String, named name: String) throws -> Source? {
    let from = "FROM \(Self.quoted(measurement))"
    let fields = try rows("SHOW FIELD KEYS \(from)").compactMap { row in
      row.count == 2 ? (name: row[0].string ?? "", type: row[1].string ?? "") : nil
    }
    guard !fields.isEmpty else { return nil }
    let tags = try rows("SHOW TAG KEYS \(from)").compactMap { $0.first?.string }
    var columns = [Schema.Column("time", .timestamp)]
    columns += tags.sorted().map { .init($0, .string) }
    for field in fields.sorted(by: { $0.name < $1.name }) where !columns.contains(where: { $0.name == field.name }) {
      columns.append(.init(field.name, Self.type(field.type)))
    }
    let schema = Schema(columns)
    let table = TableSource("influxdb \(database).\(measurement)") { try read(from, schema) }
    return .table(table, schema, named: name)
  }

  private static func type(_ name: String) -> DataType {
    switch name {
    case "integer", "unsigned": .long
    case "boolean": .boolean
    case "string": .string
    default: .double
    }
  }

  private func read(_ from: String, _ schema: Schema) throws -> ColumnBatch {
    var pages: [ColumnBatch] = []
    var count = 0
    while true {
      guard count < Self.rowsMax else {
        throw MillError(
          .limit, "more than \(Self.rowsMax) points \(from)", wayOut: "ask the store in InfluxQL for a part of them")
      }
      let series = try answer("SELECT * \(from) LIMIT \(Self.pageRows) OFFSET \(count)").first
      guard let names = series?["columns"]?.array?.map({ $0.string ?? "" }), let values = series?["values"]?.array
      else { break }
      let columns = schema.columns.map { column -> Column in
        let index = names.firstIndex(of: column.name)
        var builder = ColumnBuilder(column.type, capacity: values.count)
        for row in values { builder.append(Self.value(index.flatMap { row.array?[$0] } ?? .null, column.type)) }
        return builder.finish()
      }
      pages.append(ColumnBatch(schema, columns, count: values.count))
      count += values.count
      if values.count < Self.pageRows { break }
    }
    return ColumnBatch.concatenate(pages, schema: schema)
  }

  private static func value(_ json: JSONValue, _ type: DataType) -> Value {
    switch (type, json) {
    // Nanoseconds, rounded down as Spark's microseconds are.
    case (.timestamp, .integer(let nanoseconds)):
      .timestamp(nanoseconds >= 0 ? nanoseconds / 1000 : (nanoseconds - 999) / 1000)
    case (.long, .integer(let integer)): .integer(integer)
    case (.double, .integer(let integer)): .double(Double(integer))
    case (.double, .double(let number)): .double(number)
    case (.boolean, .bool(let flag)): .boolean(flag)
    case (.string, .string(let text)): .string(text)
    default: .null
    }
  }

  private func rows(_ query: String) throws -> [[JSONValue]] {
    try answer(query).flatMap { $0["values"]?.array?.compactMap(\.array) ?? [] }
  }

  /// The series of an answer.
  private func answer(_ query: String) throws -> [JSONValue] {
    let document = try JSONValue(parsing: try ask(query))
    let result = document["results"]?.array?.first
    if let error = document["error"]?.string ?? result?["error"]?.string {
      throw MillError(.refused, "the store refuses \(query): \(error)")
    }
    return result?["series"]?.array ?? []
  }

  private static func quoted(_ name: String) -> String {
    "\"\(name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
  }
}
