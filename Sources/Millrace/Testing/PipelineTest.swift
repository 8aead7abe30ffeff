import MillBase
import MillColumns

/// A test of one query of a pipeline: records that come in, and what must come out. Read from `tests/*.yaml` beside
/// the pipeline.
struct PipelineTest: Sendable {
  struct Record: Sendable {
    var key: String?
    /// The bytes of the record.
    var value: String
    /// Milliseconds since 1970.
    var timestamp: Int64
  }
  /// Rows or lines to compare with.
  enum Wanted: Sendable {
    /// In the test's file.
    case inline([JSONValue])
    /// A file with a JSON object, or a point, a line.
    case file(String)
  }

  var name: String
  var file: String
  var line: Int
  /// Of the pipeline.
  var query: String
  /// Steps: the records of the topics; each step has gone through the query before the next one begins.
  var steps: [[(topic: String, records: [Record])]]
  var rows: Wanted?
  /// The points that the sink would write, in line protocol.
  var points: Wanted?
  /// Does the order of rows and points matter? Default false.
  var isOrdered = false
  /// Records that must be set aside because they can't be read. Default 0.
  var deadLetters = 0
}

extension PipelineTest {
  private static let keys = ["name", "query", "input", "timestamp", "rows", "points", "ordered", "deadLetters"]
  private static let recordKeys = ["key", "value", "timestamp"]

  /// The tests of a file, in their order; what is wrong with them is noted.
  static func read(_ file: String, _ problems: Problems) -> [PipelineTest] {
    problems.collect { () -> [PipelineTest] in
      let root = try YAMLNode(parsing: Files.readText(file), file: file)
      _ = Section(root, "the file", keys: ["tests"], problems)
      guard let items = root["tests"]?.items else { throw root.error("'tests' must be a list of tests") }
      return items.compactMap { item in problems.collect { try PipelineTest(item, file: file, problems) } }
    } ?? []
  }

  private init(_ node: YAMLNode, file: String, _ problems: Problems) throws {
    let section = Section(node, "test", keys: Self.keys, problems)
    self.file = file
    line = node.line
    query = section.required("query")
    name = section.string("name") ?? query
    isOrdered = section.bool("ordered") ?? false
    deadLetters = section.integer("deadLetters") ?? 0
    let timestamp = try section.string("timestamp").map { try Self.milliseconds($0, node) } ?? 0
    guard let input = node["input"] else { throw node.error("'test' needs 'input': a topic, and its records") }
    steps = try (input.items ?? [input]).map { try Self.step($0, file, timestamp) }
    rows = try node["rows"].map { try Self.wanted($0, file) }
    points = try node["points"].map { try Self.wanted($0, file) }
    guard rows != nil || points != nil else { throw node.error("'test' needs 'rows' or 'points'") }
  }

  private static func wanted(_ node: YAMLNode, _ file: String) throws -> Wanted {
    if let items = node.items { return .inline(items.map(\.json)) }
    guard let path = node.string else { throw node.error("a list is wanted here, or the name of a file") }
    return .file(Files.resolve(path, in: Files.split(file).directory))
  }

  private static func step(
    _ node: YAMLNode, _ file: String, _ timestamp: Int64
  ) throws -> [(topic: String, records: [Record])] {
    guard let pairs = node.pairs, !pairs.isEmpty else {
      throw node.error("a step of 'input' is a topic's name and its records", wayOut: "write pop: documents.jsonl")
    }
    return try pairs.map { topic, _, node in
      if let path = node.string {
        let path = Files.resolve(path, in: Files.split(file).directory)
        guard Files.exists(path) else { throw node.error("there is no file \(path)") }
        let lines = try Files.readText(path).split(separator: "\n", omittingEmptySubsequences: true)
        return (topic, lines.map { Record(value: String($0), timestamp: timestamp) })
      }
      guard let items = node.items else { throw node.error("a list of records is wanted here, or the name of a file") }
      return (topic, try items.map { try record($0, timestamp) })
    }
  }

  /// A text; or a mapping with `value` and perhaps `key` and `timestamp`; or any other mapping, which is the document.
  private static func record(_ node: YAMLNode, _ timestamp: Int64) throws -> Record {
    if let text = node.string { return Record(value: text, timestamp: timestamp) }
    guard let value = node["value"], node.pairs?.allSatisfy({ recordKeys.contains($0.key) }) == true else {
      return Record(value: node.json.text(), timestamp: timestamp)
    }
    return Record(
      key: node["key"]?.string, value: value.string ?? value.json.text(),
      timestamp: try node["timestamp"]?.string.map { try milliseconds($0, node) } ?? timestamp)
  }

  /// Milliseconds as a number, or an RFC 3339 time.
  private static func milliseconds(_ text: String, _ node: YAMLNode) throws -> Int64 {
    if let number = Int64(text) { return number }
    var copy = text
    guard let time = copy.withUTF8({ TimeText.parseTimestamp($0) }) else {
      throw node.error("'\(text)' is no time", wayOut: "write 2024-05-01T12:00:00Z, or milliseconds since 1970")
    }
    return time / 1000
  }
}
