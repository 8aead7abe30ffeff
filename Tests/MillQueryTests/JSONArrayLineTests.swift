import MillBase
import MillColumns
import Testing

@testable import MillQuery

/// Arrays in JSON files, and files that are one document, beyond what is compared with Spark (FileSourceGoldenTests).
@Suite struct JSONArrayLineTests {
  private static func read(
    _ files: [String: String], columns: String, options: String = "", select: String = "*", chunkBytes: Int = 1 << 20
  ) throws -> (rows: [String], malformed: [String]) {
    let bench = try FileStreamBench()
    for (name, text) in files { try bench.put(name, text) }
    let query = try CompiledQuery(
      script: """
        CREATE TEMPORARY VIEW t (\(columns)) USING json OPTIONS (path '\(bench.input)'\(options)); SELECT \(select) FROM t
        """)
    var (rows, malformed): ([String], [String]) = ([], [])
    try BatchQuery.run(
      query, lanes: 2, chunkBytes: chunkBytes,
      onMalformed: { malformed.append("\($0.dropFirst(bench.input.count + 1)): \($1)") }, encode: { $0 },
      sink: { rows += MillQueryTests.rows($0) })
    return (rows, malformed)
  }

  /// Rows keep their order, and faults their places, however the file is cut.
  @Test(arguments: [16, 100, 1 << 20])
  func orderAndPlaces(_ chunkBytes: Int) throws {
    let lines = (0..<60).map { number in
      switch number % 4 {
      case 0: #"[{"k":\#(number)},{"k":\#(number)}]"#
      case 1: #"{"k":\#(number)}"#
      case 2: "[]"
      default: #"[{"k":\#(number)}, 1]"#
      }
    }
    let text = lines.joined(separator: "\n") + "\n"
    let (rows, malformed) = try Self.read(["f": text], columns: "k INT", chunkBytes: chunkBytes)
    let wanted = (0..<60).flatMap { number in
      [["\(number)", "\(number)"], ["\(number)"], [], ["null"]][number % 4]
    }
    #expect(rows == wanted)
    var position = 0
    var places: [String] = []
    for (number, line) in lines.enumerated() {
      if number % 4 == 3 { places.append("f@\(position): from_json: the document is not an object at byte 0") }
      position += line.utf8.count + 1
    }
    #expect(malformed == places)
  }

  @Test func columnsThatNobodyWants() throws {
    let text = #"[{"k":1,"o":{"a":[1,2]}},{"k":"x","s":"y"}]"# + "\n"
    #expect(try Self.read(["f": text], columns: "k INT, s STRING", select: "s").rows == ["null", "y"])
    #expect(try Self.read(["f": text], columns: "k INT, s STRING", select: "count(*)").rows == ["2"])
    #expect(
      try Self.read(["f": text], columns: "k INT, s STRING", options: ", mode 'DROPMALFORMED'", select: "s").rows
        == ["null", "y"])
    #expect(
      try Self.read(["f": text], columns: "k INT, s STRING", options: ", mode 'DROPMALFORMED'").rows == [])
  }

  /// A file of megabytes is one document, whatever a chunk has.
  @Test func aDocumentOfManyChunks() throws {
    let count = 20_000
    let text =
      "[\n"
      + (0..<count).map { #"{"k": \#($0),\#n "s": "\#(String(repeating: "x", count: 50))"}"# }
      .joined(separator: ",\n") + "\n]\n"
    let (rows, malformed) = try Self.read(
      ["f": text], columns: "k INT, s STRING", options: ", multiLine true", select: "k", chunkBytes: 1000)
    #expect(rows == (0..<count).map(String.init) && malformed.isEmpty)
  }

  @Test func aDocumentThatIsNoneNamesItsFile() throws {
    let files = ["a": "{\"k\":1,\n", "b": "{\"k\"\n:2}"]
    let (rows, malformed) = try Self.read(files, columns: "k INT", options: ", multiLine true")
    #expect(rows == ["null", "2"])
    #expect(malformed.count == 1 && malformed[0].hasPrefix("a@0: from_json: "), "\(malformed)")
  }
}
