import MillBase
import MillColumns
import Synchronization
import Testing

@testable import MillQuery

/// Queries over files.
@Suite struct BatchQueryTests {
  private func withFiles(_ files: [(String, String)], _ body: (String) throws -> Void) throws {
    let directory = try Files.makeTemporaryDirectory("millquery")
    defer { try? Files.removeTree(directory) }
    for (name, text) in files { try Files.writeAtomically(text, to: "\(directory)/\(name)") }
    try body(directory)
  }

  private func text(_ path: String, _ select: String = "SELECT value FROM lines") throws -> CompiledQuery {
    try CompiledQuery(script: "CREATE TEMPORARY VIEW lines USING text OPTIONS (path '\(path)'); \(select)")
  }

  private func run(_ query: CompiledQuery, chunkBytes: Int = 1 << 20, lanes: Int = 2) throws -> [String] {
    var made: [String] = []
    try BatchQuery.run(query, lanes: lanes, chunkBytes: chunkBytes, encode: { $0 }, sink: { made += rows($0) })
    return made
  }

  @Test(arguments: [
    ("a\nb\n", ["a", "b"]), ("a\nb", ["a", "b"]), ("a\r\nb\r\n", ["a", "b"]), ("a\rb\n", ["a", "b"]), ("", []),
    ("\n\n", ["", ""]), ("a\n\nb", ["a", "", "b"]), ("a\r\n\r\nb", ["a", "", "b"]), ("é😀\n", ["é😀"]), ("a\r", ["a"]),
  ])
  func linesEndAsInSpark(_ content: String, _ wanted: [String]) throws {
    try withFiles([("a.txt", content)]) { directory in
      let made = try run(text(directory + "/a.txt"))
      #expect(made == wanted)
    }
  }

  @Test(arguments: [1, 2, 7, 64, 4096])
  func chunksAndLanesDoNotShow(_ chunkBytes: Int) throws {
    let lines = (0..<300).map { "line \($0) " + String(repeating: "x", count: $0 % 37) }
    try withFiles([("b.txt", lines.joined(separator: "\n")), ("a.txt", "first\n"), ("_c", "no"), (".d", "no")]) {
      directory in
      let made = try run(text(directory), chunkBytes: chunkBytes)
      #expect(made == ["first"] + lines)
    }
  }

  @Test func seedQueryRunsOverLines() throws {
    let document = #"{"data": [{"ID Nation": "1", "Population": 5}, {"Year": "2020"}], "source": []}"#
    try withFiles([("a.txt", "\(document)\n{\"data\":\n\n\(document)\n")]) { directory in
      var problems: [String] = []
      var made: [String] = []
      let query = try text(directory, seedSelect.replacing("FROM pop", with: "FROM lines"))
      let summary = try BatchQuery.run(
        query, onMalformed: { problems.append("\($0): \($1)") }, encode: { $0 }, sink: { made += rows($0) })
      #expect(
        made == [
          "1|null|null|null|5|null", "null|null|null|2020|null|null", "1|null|null|null|5|null",
          "null|null|null|2020|null|null",
        ])
      #expect(summary.inputRows == 4 && summary.outputRows == 4 && summary.malformed == 1)
      #expect(
        problems == ["\(directory)/a.txt@\(document.utf8.count + 1): from_json: the text ends too early at byte 8"])
    }
  }

  @Test func jsonFilesAreASourceOfTheirOwn() throws {
    try withFiles([("a.json", "{\"a\":1,\"b\":\"x\"}\n\n{\"a\":2}\n{broken\n")]) { directory in
      let query = try CompiledQuery(
        script:
          "CREATE TEMPORARY VIEW t (a INT, b STRING) USING json OPTIONS (path 'file:\(directory)'); SELECT b, a FROM t")
      let made = try run(query)
      #expect(made == ["x|1", "null|2", "null|null"])
    }
  }

  @Test func errorsNameTheLinesPlace() throws {
    try withFiles([("a.txt", "1\n2\nx\n")]) { directory in
      let error = #expect(throws: MillError.self) {
        _ = try run(text(directory, "SELECT CAST(value AS INT) FROM lines"))
      }
      #expect(error?.place?.key == "\(directory)/a.txt@4")
      #expect(throws: MillError.self) { _ = try run(text(directory + "/missing")) }
    }
  }

  @Test func encodingRunsOnLanesAndOutputKeepsItsOrder() throws {
    try withFiles([("a.txt", (0..<5000).map { "\($0)\n" }.joined())]) { directory in
      var seen = 0
      try BatchQuery.run(
        text(directory, "SELECT CAST(value AS INT) AS n FROM lines WHERE CAST(value AS INT) % 2 = 0"), lanes: 3,
        chunkBytes: 100, encode: { batch in (0..<batch.count).map { batch.columns[0].fixed($0, as: Int32.self) } }
      ) { numbers in
        for number in numbers {
          #expect(number == seen)
          seen += 2
        }
      }
      #expect(seen == 5000)
    }
  }
}
