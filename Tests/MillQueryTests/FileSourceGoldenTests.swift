import MillBase
import MillColumns
import Testing

@testable import MillQuery

/// Directories of files as a batch, with the schema, rows and errors of a real Spark 4.3 (Tests/Golden/spark_sources.py).
@Suite struct FileSourceGoldenTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var line: JSONValue
    var testDescription: String { line["name"]?.string ?? "" }
  }

  static let cases: [Case] = {
    let folder = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined()
    let text = (try? Files.readText(folder + "/Golden/spark_sources.jsonl")) ?? ""
    return text.split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }.map { Case(line: $0) }
  }()

  @Test func goldenFileIsThere() { #expect(Self.cases.count >= 161) }

  private static func script(_ item: Case, in directory: String) -> String {
    var options = ["path": directory]
    for (key, value) in item.line["options"]?.object ?? [:] {
      options[key] = value.string!.replacing("$DIR", with: directory)
    }
    let settings = (item.line["settings"]?.object ?? [:]).map { "SET \($0.key) = \($0.value.string!);\n" }.joined()
    let columns = item.line["columns"]?.string.map { " (\($0))" } ?? ""
    let list = options.sorted { $0.key < $1.key }.map { "`\($0.key)` '\($0.value)'" }.joined(separator: ", ")
    return "\(settings)CREATE TEMPORARY VIEW t\(columns) USING \(item.line["format"]!.string!) OPTIONS (\(list));\n"
      + item.line["query"]!.string!
  }

  /// - Parameter packed: the file as Spark has packed it, in base64.
  private static func put(_ path: String, _ text: String, packed: String?) throws {
    try Files.makeDirectory(Files.split(path).directory)
    if let packed {
      let column = try CompiledQuery(script: "SELECT unbase64('\(packed)')").evaluate().columns[0]
      return try Files.writeAtomically(column.withBytes(0) { Array($0) }, to: path)
    }
    let bytes = Array(text.utf8)
    try Files.writeAtomically(path.hasSuffix(".gz") ? Gzip.compress(bytes) : bytes, to: path)
  }

  @Test(arguments: cases)
  func readsAsSparkDoes(_ item: Case) throws {
    let directory = try Files.makeTemporaryDirectory("filesourcegolden")
    defer { try? Files.removeTree(directory) }
    let input = directory + "/in"
    for (name, text) in item.line["files"]!.object! {
      try Self.put("\(input)/\(name)", text.string!, packed: item.line["packed"]?[name]?.string)
    }
    var found: [String] = []
    do {
      let query = try CompiledQuery(script: Self.script(item, in: input))
      try BatchQuery.run(query) { batch in
        let shown = query.onClock(batch)
        for row in 0..<shown.count { found.append("\(shown.columns.map { $0.text(row) ?? "null" })") }
      }
      let schema = query.schema.columns.map { [$0.name, $0.type.simpleString] }
      #expect(schema == item.line["schema"]?.array?.map { $0.array!.map { $0.string! } })
    } catch {
      let wanted = try #require(item.line["error"]?.string, "\(error)")
      // What went wrong in a file Spark has in the error's cause.
      let text = "\(error)".replacing(directory, with: "$TMP")
      #expect(text.contains(wanted) || wanted.hasPrefix("FAILED_READ_FILE"), "\(text)")
      return
    }
    #expect(item.line["error"] == nil)
    let wanted = item.line["rows"]?.array?.map { row in "\(row.array!.map { $0.string ?? "null" })" }
    #expect(found.sorted() == wanted?.sorted())
  }
}
