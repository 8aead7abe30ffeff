import Glibc
import MillArchive
import MillBase
import MillColumns
import MillLog
import Testing

@testable import MillQuery

/// A directory of files, a checkpoint beside it, and what a query needs to run over them.
final class FileStreamBench: Sendable {
  let directory: String
  var input: String { directory + "/in" }
  var checkpoint: String { directory + "/checkpoint" }

  init() throws {
    directory = try Files.makeTemporaryDirectory("filestream")
    try Files.makeDirectory(directory + "/in")
  }

  deinit { try? Files.removeTree(directory) }

  /// - Parameter age: seconds since the file was modified.
  func put(_ name: String, _ text: String, age: Int = 0) throws {
    let path = "\(input)/\(name)"
    try Files.makeDirectory(Files.split(path).directory)
    try Files.writeAtomically(text, to: path)
    var times = [timespec(), timespec()]
    times[0].tv_sec = time(nil) - age
    times[1] = times[0]
    guard utimensat(AT_FDCWD, path, times, 0) == 0 else { throw System.error("utimensat", path) }
  }

  func script(_ options: String, path: String? = nil) -> String {
    "CREATE TEMPORARY VIEW f USING text OPTIONS (path '\(path ?? input)'\(options)); SELECT value FROM STREAM(f)"
  }

  /// Runs until everything is done; the rows of each micro-batch, joined.
  @discardableResult
  func run(
    _ options: String = "", path: String? = nil, script: String? = nil, trigger: Trigger = .availableNow,
    sink: MemorySink = MemorySink(), onMalformed: @escaping MicroBatch.Malformed = { _, _, _ in },
    onStep: @escaping @Sendable (MicroBatchStep, Int64) throws -> Void = { _, _ in }
  ) throws -> [String] {
    let query = try query(
      options, path: path, script: script, trigger: trigger, sink: sink, onMalformed: onMalformed, onStep: onStep)
    query.start()
    try query.awaitTermination(.seconds(60))
    return Self.texts(sink)
  }

  static func texts(_ sink: MemorySink) -> [String] {
    sink.batchIds.map { id in
      sink.rows(ofBatch: id).map { row in
        row.map { if case .string(let text) = $0 { text } else { "\($0)" } }.joined(separator: "|")
      }.joined(separator: " ")
    }
  }

  func query(
    _ options: String = "", path: String? = nil, script: String? = nil, trigger: Trigger = .unlimited,
    sink: any StreamSink, log: LocalLog? = nil, files: FileSystems? = nil, mode: OutputMode = .append,
    onMalformed: @escaping MicroBatch.Malformed = { _, _, _ in },
    onStep: @escaping @Sendable (MicroBatchStep, Int64) throws -> Void = { _, _ in }
  ) throws -> StreamingQuery {
    var settings = StreamingQuery.Options()
    settings.onStep = onStep
    return try StreamingQuery(
      name: "q", query: CompiledQuery(script: script ?? self.script(options, path: path), file: "q.sql"),
      log: { _ in
        guard let log else { throw MillError(.notFound, "no log here") }
        return log
      }, files: files, sink: sink, checkpointLocation: checkpoint, outputMode: mode, trigger: trigger,
      options: settings,
      metrics: Metrics(), onMalformed: onMalformed)
  }

  func file(_ name: String) throws -> String { try Files.readText("\(checkpoint)/\(name)") }
  func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return ""
  }
}
