import MillBase
import MillColumns
import Testing

@testable import MillQuery

/// Expressions with the answers of a real Spark 4, types included, ANSI on and off (Tests/Golden).
@Suite struct ExpressionGoldenTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var sql: String
    var zone = "UTC"
    var ansi: [String]
    var legacy: [String]
    var testDescription: String { sql }
  }

  static let cases = cases([
    "4.0.1_expressions", "4.0.1_functions", "4.0.1_intervals", "4.0.1_operators", "4.0.1_csv", "4.3.0_patterns",
    "4.3.0_found",
  ])
  static let zoneCases = cases(["4.0.1_zones"])

  private static func cases(_ names: [String]) -> [Case] {
    let folder = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined()
    let text = names.map { (try? Files.readText(folder + "/Golden/spark_\($0).tsv")) ?? "" }.joined()
    var zone = "UTC"
    return text.split(separator: "\n").compactMap { line in
      if line.hasPrefix("#") {
        if line.hasPrefix("# zone: ") { zone = String(line.dropFirst(8)) }
        return nil
      }
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map {
        String($0).replacing("\\t", with: "\t").replacing("\\n", with: "\n").replacing("\\\\", with: "\\")
      }
      // The expression is as typed: its backslashes are its own.
      let sql = String(line.prefix { $0 != "\t" })
      return Case(
        sql: sql, zone: zone, ansi: Array(cells[1...2]),
        legacy: cells.count > 4 ? Array(cells[3...4]) : Array(cells[1...2]))
    }
  }

  @Test func goldenFileIsThere() { #expect(Self.cases.count > 1300 && Self.zoneCases.count > 150) }

  @Test(arguments: cases)
  func givesSparksTypeAndValue(_ item: Case) { check(item) }

  @Test(arguments: zoneCases)
  func givesSparksTypeAndValueInOtherTimeZones(_ item: Case) { check(item) }

  private func check(_ item: Case) {
    for (ansi, wanted) in [(true, item.ansi), (false, item.legacy)] {
      // Java's own errors, like "long overflow", have no class either.
      let isAnalysis =
        wanted[0] == "error"
        && (wanted[1].contains(" ") || Self.analysisErrors.contains { wanted[1].hasPrefix($0) })
      #expect(
        answer(item.sql, item.zone, ansi: ansi) == (isAnalysis ? ["error", "analysis"] : wanted),
        "\(item.sql), ANSI \(ansi), \(item.zone)")
    }
  }

  private static let analysisErrors = [
    "DATATYPE_MISMATCH", "INVALID_NUMERIC_LITERAL_RANGE", "INVALID_EXTRACT_FIELD", "PARSE_SYNTAX_ERROR",
    "INVALID_INTERVAL_FORMAT.INVALID_FRACTION", "INVALID_INTERVAL_FORMAT.INTERVAL_PARSING",
    "INVALID_INTERVAL_FORMAT.ARITHMETIC_EXCEPTION", "INVALID_LAMBDA_FUNCTION_CALL", "UNRESOLVED_ROUTINE",
    "UNSUPPORTED_DATATYPE", "PARSE_MODE_UNSUPPORTED",
  ]

  /// Type and value, or `error` and Spark's error class.
  private func answer(_ sql: String, _ zone: String, ansi: Bool) -> [String] {
    do {
      let script = "SET TIME ZONE '\(zone)'; SELECT x, CAST(x AS STRING) FROM (SELECT \(sql) AS x)"
      let batch = try CompiledQuery(script: script, ansi: ansi).evaluate()
      return [batch.schema.columns[0].type.simpleString, batch.columns[1].text(0) ?? "NULL"]
    } catch {
      let text = (error as? MillError)?.message ?? "\(error)"
      // What is found before the query runs is said in our own words.
      guard text.hasPrefix("["), let end = text.firstIndex(of: "]") else { return ["error", "analysis"] }
      return ["error", String(text[text.index(after: text.startIndex)..<end])]
    }
  }
}
