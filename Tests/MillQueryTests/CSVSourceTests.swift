import MillBase
import Testing

@testable import MillQuery

/// CREATE TEMPORARY VIEW … USING csv over files in chunks.
@Suite struct CSVSourceTests {
  private static let text = """
    id,name,pay,born
    1,Ann,3000.5,2024-01-31
    2,"Bob, jr",,2023-05-01

    # a remark
    3,x"y,oops,2024-03-01
    4
    5,Eve,1.5,2020-02-29,more
    """

  private func rows(_ options: String, _ select: String, chunkBytes: Int = 1 << 20) throws -> [String] {
    let directory = try Files.makeTemporaryDirectory("millquery")
    defer { try? Files.removeTree(directory) }
    try Files.writeAtomically(Self.text, to: "\(directory)/a.csv")
    try Files.writeAtomically("id,name,pay,born\r\n9,Zoe,7,2000-01-01\r\n", to: "\(directory)/b.csv")
    let query = try CompiledQuery(
      script: """
        CREATE TEMPORARY VIEW t (id INT, name STRING, pay DOUBLE, born DATE\(options.contains("corrupt") ? ", bad STRING" : ""))
        USING csv OPTIONS (path '\(directory)', comment '#'\(options));
        \(select)
        """)
    var made: [String] = []
    try BatchQuery.run(
      query, lanes: 2, chunkBytes: chunkBytes, encode: { $0 }, sink: { made += MillQueryTests.rows($0) })
    return made
  }

  @Test(arguments: [16, 64, 1 << 20])
  func everyFileLosesItsHeader(_ chunkBytes: Int) throws {
    #expect(
      try rows(", header 'true'", "SELECT * FROM t", chunkBytes: chunkBytes) == [
        "1|Ann|3000.5|2024-01-31", "2|Bob, jr|null|2023-05-01", "3|x\"y|null|2024-03-01", "4|null|null|null",
        "5|Eve|1.5|2020-02-29", "9|Zoe|7.0|2000-01-01",
      ])
  }

  @Test func withoutTheOptionTheHeaderIsARow() throws {
    #expect(try rows("", "SELECT count(*), count(id) FROM t") == ["8|6"])
  }

  @Test func malformedRowsAreShownOrLeftOut() throws {
    #expect(
      try rows(", header 'true', mode 'DROPMALFORMED'", "SELECT id FROM t") == ["1", "2", "9"])
    #expect(
      try rows(
        ", header 'true', columnNameOfCorruptRecord 'bad' /* corrupt */", "SELECT bad FROM t WHERE bad IS NOT NULL")
        == ["3,x\"y,oops,2024-03-01", "4", "5,Eve,1.5,2020-02-29,more"])
  }

  /// Answers of Spark 4.3.0.
  @Test(arguments: [
    ("csv", "\u{FEFF}1;x\n", "", ["1|x"]), ("csv", "\n \t\na;b\n1;x\n", ", header 'true'", ["1|x"]),
    ("csv", "\u{FEFF}a;b\n\t\n1;x\n", ", header 'true'", ["1|x"]), ("csv", "1,;x\n", "", ["1|x"]),
    ("csv", "1;\"x; \"y\"\n", "", [#"1|"x; "y""#]), ("csv", "1;\"\n", "", [#"1|""#]),
    ("csv", "1\tx\n", ", sep '\\\\t'", ["1|x"]), ("json", "\u{FEFF}{\"a\":1,\"b\":\"x\"}\n", "", ["1|x"]),
    ("json", "{\"a\":1,\"b\":1.50}\n{\"a\":2,\"b\": { \"c\": [ 1e5 ] } }\n", "", ["1|1.50", #"2|{ "c": [ 1e5 ] }"#]),
  ])
  func oddFilesAreReadAsSparkDoes(_ format: String, _ text: String, _ options: String, _ wanted: [String]) throws {
    let directory = try Files.makeTemporaryDirectory("millquery")
    defer { try? Files.removeTree(directory) }
    try Files.writeAtomically(text, to: "\(directory)/a")
    let separator = format == "csv" && !options.contains("sep") ? ", sep '\u{3b}'" : ""
    let query = try CompiledQuery(
      script: """
        CREATE TEMPORARY VIEW t (a DECIMAL(5,0), b STRING)
        USING \(format) OPTIONS (path '\(directory)'\(separator)\(options));
        SELECT a, b FROM t
        """)
    var made: [String] = []
    try BatchQuery.run(query, lanes: 1) { made += MillQueryTests.rows($0) }
    #expect(made == wanted)
  }

  @Test(arguments: [
    (", mode 'STRICT'", "CSV has no mode STRICT; use PERMISSIVE, DROPMALFORMED or FAILFAST"),
    (", heder 'true'", "CSV has no option heder = 'true'; did you mean header?"),
    (", dateFormat 'jj'", "Unrecognized datetime pattern: jj"),
  ])
  func optionsAreChecked(_ options: String, _ wanted: String) throws {
    do {
      _ = try rows(options, "SELECT * FROM t")
      Issue.record("no error")
    } catch { #expect("\(error)".contains(wanted)) }
  }
}
