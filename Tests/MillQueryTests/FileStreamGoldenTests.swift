import Glibc
import MillBase
import MillColumns
import Synchronization
import Testing

@testable import MillQuery

/// Sequences of files, micro-batch for micro-batch and list for list in the checkpoint as a real Spark 4.3 reads them
/// (Tests/Golden/spark_files.py).
@Suite struct FileStreamGoldenTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var line: JSONValue
    var testDescription: String { line["name"]?.string ?? "" }
  }

  static let cases: [Case] = {
    let folder = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined()
    let text = (try? Files.readText(folder + "/Golden/spark_files.jsonl")) ?? ""
    return text.split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }.map { Case(line: $0) }
  }()

  @Test func goldenFileIsThere() { #expect(Self.cases.count >= 46) }

  private static func script(_ item: Case, in directory: String) -> String {
    var options = (item.line["options"]?.object ?? [:]).map {
      "\($0.key) '\($0.value.string!.replacing("$DIR", with: directory))'"
    }
    if let path = item.line["path"]?.string { options.append("path '\(directory)/\(path)'") }
    let columns = item.line["columns"]?.string.map { " (\($0))" } ?? ""
    return "CREATE TEMPORARY VIEW f\(columns) USING `\(item.line["format"]!.string!)` OPTIONS ("
      + options.joined(separator: ", ") + "); SELECT * FROM STREAM(f)"
  }

  private static func run(_ item: Case, in directory: String, _ sink: TextSink) throws {
    let query = try StreamingQuery(
      name: "q", query: CompiledQuery(script: script(item, in: directory)),
      log: { _ in throw MillError(.notFound, "no log") }, sink: sink, checkpointLocation: directory + "/checkpoint",
      trigger: .availableNow, metrics: Metrics())
    query.start()
    try query.awaitTermination(.seconds(60))
  }

  private static func put(_ file: JSONValue, in directory: String) throws {
    let path = "\(directory)/in/\(file[0]!.string!)"
    try Files.makeDirectory(Files.split(path).directory)
    let bytes = Array(file[2]!.string!.utf8)
    try Files.writeAtomically(path.hasSuffix(".gz") ? Gzip.compress(bytes) : bytes, to: path)
    var times = [timespec(), timespec()]
    times[0].tv_sec = time(nil) - Int(file[1]!.integer!)
    times[1] = times[0]
    guard utimensat(AT_FDCWD, path, times, 0) == 0 else { throw System.error("utimensat", path) }
  }

  @Test(arguments: cases)
  func readsAsSparkDoes(_ item: Case) throws {
    let directory = try Files.makeTemporaryDirectory("filestreamgolden")
    defer { try? Files.removeTree(directory) }
    try Files.makeDirectory(directory + "/in")
    let sink = TextSink()
    for step in item.line["steps"]!.array! {
      if step == .string("run") {
        do { try Self.run(item, in: directory, sink) } catch { sink.fail(error) }
      } else if step[0] == .string("remove") {
        try Files.remove("\(directory)/in/\(step[1]!.string!)")
      } else {
        for file in step.array! { try Self.put(file, in: directory) }
      }
    }
    let wanted = item.line["batches"]!.array!.map { batch in
      batch.array?.map { "\($0.array!.map { $0.string ?? "null" })" }.sorted() ?? ["[\(batch.string!)]"]
    }
    #expect(sink.batches == wanted)
    guard let lists = item.line["lists"]?.object, lists.count > 0 else { return }
    let log = "\(directory)/checkpoint/sources/0"
    let names = try Files.list(log)
    // Spark keeps lists that a compact one holds for ten minutes.
    #expect(Set(names).isSubset(of: lists.keys) && names.count >= min(lists.count, 10), "\(names)")
    for name in names {
      let entries = try Files.readText("\(log)/\(name)").split(separator: "\n").dropFirst().map { line in
        let json = try JSONValue(parsing: String(line))
        return "\(json["path"]!.string!.replacing(directory, with: "$DIR")) \(json["batchId"]!.integer!)"
      }
      #expect(entries == lists[name]?.array?.map { "\($0[0]!.string!) \($0[1]!.integer!)" }, "list \(name)")
    }
  }

  /// The rows of every micro-batch as texts, sorted.
  private final class TextSink: StreamSink {
    let description = "TextSink"
    private let kept = Mutex<[[String]]>([])
    var batches: [[String]] { kept.withLock { $0 } }

    /// An error counts by its name, `[NAME]`.
    func fail(_ error: any Error) {
      let text = "\(error)"
      let name = text.firstMatch(of: /\[[A-Z_.]+\]/).map { String($0.output) } ?? text
      kept.withLock { $0.append([name]) }
    }

    func addBatch(id: Int64, _ batch: MicroBatch) throws {
      var rows: [String] = []
      while let next = try batch.next() {
        for row in 0..<next.count { rows.append("\(next.columns.map { $0.text(row) ?? "null" })") }
      }
      rows.sort()
      kept.withLock { [rows] in $0.append(rows) }
    }
  }
}
