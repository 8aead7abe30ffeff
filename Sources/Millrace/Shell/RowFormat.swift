import MillBase
import MillColumns

/// Prints rows: as a table for people, as CSV, or as a JSON object a row.
enum RowFormat: String, CaseIterable, Sendable {
  case table, csv, json

  /// - Throws: `.configuration` for a name that is none.
  init(name: String) throws {
    guard let format = Self(rawValue: name) else {
      throw MillError(
        .configuration, "the format '\(name)' is not known",
        wayOut: Nearest.advice(for: name, among: Self.allCases.map(\.rawValue)))
    }
    self = format
  }
}

/// Prints the rows of one answer, column batch after column batch: however many there are, few are in memory.
struct RowPrinter {
  /// Rows that decide how wide a table's columns are; later cells may be wider.
  static let rowsMeasured = 1_000

  private let format: RowFormat
  private let schema: Schema
  private let write: (String) throws -> Void
  private var widths: [Int]?
  private var hasHead = false
  private var waiting: [[String]] = []
  private(set) var rowCount = 0

  init(_ format: RowFormat, _ schema: Schema, write: @escaping (String) throws -> Void) {
    self.format = format
    self.schema = schema
    self.write = write
  }

  mutating func add(_ batch: ColumnBatch) throws {
    switch format {
    case .json:
      var lines: [UInt8] = []
      for row in 0..<batch.count { lines += batch.rowJSON(row) + [10] }
      try write(String(decoding: lines, as: UTF8.self))
    case .csv:
      try writeHead()
      for row in 0..<batch.count { try write(Self.csv(batch.columns.map { $0.text(row) })) }
    case .table:
      for row in 0..<batch.count {
        waiting.append(batch.columns.map { Self.cell($0.text(row) ?? "NULL") })
        if waiting.count >= Self.rowsMeasured { try writeWaiting() }
      }
    }
    rowCount += batch.count
  }

  /// Ends the answer: a table without rows still has a head.
  mutating func finish() throws {
    switch format {
    case .json: break
    case .csv: try writeHead()
    case .table:
      try writeWaiting()
      try write(rule(widths!))
    }
  }

  // MARK: CSV

  private mutating func writeHead() throws {
    if !hasHead { try write(Self.csv(schema.columns.map(\.name))) }
    hasHead = true
  }

  /// RFC 4180; null is an empty cell, an empty text is `""`.
  private static func csv(_ cells: [String?]) -> String {
    cells.map { cell in
      guard let cell else { return "" }
      let needsQuotes = cell.isEmpty || cell.utf8.contains { [10, 13, 34, 44].contains($0) }
      return needsQuotes ? "\"\(cell.replacing("\"", with: "\"\""))\"" : cell
    }.joined(separator: ",") + "\n"
  }

  // MARK: Table

  private mutating func writeWaiting() throws {
    if widths == nil {
      let widths = schema.columns.indices.map { index in
        max(schema.columns[index].name.count, waiting.map { $0[index].count }.max() ?? 0, 1)
      }
      self.widths = widths
      try write(rule(widths) + line(schema.columns.map(\.name), widths, isHead: true) + rule(widths))
    }
    try write(waiting.map { line($0, widths!, isHead: false) }.joined())
    waiting = []
  }

  /// A cell is one line: line ends and tabs are shown as escapes.
  private static func cell(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 32 }) else { return text }
    return text.replacing("\r", with: "\\r").replacing("\n", with: "\\n").replacing("\t", with: "\\t")
  }

  private func rule(_ widths: [Int]) -> String {
    "+" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "+") + "+\n"
  }

  private func line(_ cells: [String], _ widths: [Int], isHead: Bool) -> String {
    let padded = zip(cells, zip(widths, schema.columns)).map { cell, column in
      let blanks = String(repeating: " ", count: max(0, column.0 - cell.count))
      return !isHead && column.1.type.isNumber ? " \(blanks)\(cell) " : " \(cell)\(blanks) "
    }
    return "|" + padded.joined(separator: "|") + "|\n"
  }
}

extension DataType {
  fileprivate var isNumber: Bool {
    switch self {
    case .byte, .short, .integer, .long, .float, .double, .decimal: true
    default: false
    }
  }
}
