import MillArchive
import MillBase
import MillLog

/// The sinks that need no more than a query, options and places: `kafka`, `json`, `csv`, `text`, `console`.
public enum SinkFormat: String, CaseIterable, Sendable {
  case kafka, json, csv, text, console

  /// - Parameters:
  ///   - options: with Spark's names; `path` among them, for files.
  ///   - partitionBy: for files.
  ///   - log: of Kafka's bootstrap servers, with client properties.
  /// - Throws: `.configuration`, in Spark's words.
  public func sink(
    _ query: CompiledQuery, options: [String: String], partitionBy: [String] = [], outputMode: OutputMode = .append,
    systems: FileSystems? = nil, log: (_ servers: String, _ properties: [String: String]) throws -> any RecordLog
  ) throws -> any StreamSink {
    guard let files else {
      guard partitionBy.isEmpty else {
        throw MillError(.configuration, "partitionBy is for files, and the sink \(rawValue) has none")
      }
      if self == .kafka { return try KafkaSink(query.schema, options: options, log: log) }
      return try ConsoleSink(options: options)
    }
    let (path, others) = Self.path(in: options)
    return try FileSink(
      query, format: files, path: path, options: others, partitionBy: partitionBy, outputMode: outputMode,
      systems: systems)
  }

  /// As a format of files.
  public var files: FileSource.Format? { FileSource.Format(rawValue: rawValue) }

  /// The option `path`, and the others.
  public static func path(in options: [String: String]) -> (path: String?, others: [String: String]) {
    var others = options
    let key = options.keys.sorted().first { $0.lowercased() == "path" }
    let path = key.flatMap { others.removeValue(forKey: $0) }
    return (path, others)
  }
}

extension ConsoleSink {
  /// - Parameter options: `numRows`, `truncate` (true, false).
  /// - Throws: `.configuration`.
  init(options: [String: String]) throws {
    self.init()
    for (key, value) in options.sorted(by: { $0.key < $1.key }) {
      switch key.lowercased() {
      case "numrows":
        guard let count = Int(value), count >= 0 else {
          throw MillError(.configuration, "numRows wants a whole number, not \(value)")
        }
        rowsMax = count
      case "truncate":
        guard let flag = Bool(value.lowercased()) else {
          throw MillError(.configuration, "truncate wants true or false, not \(value)")
        }
        truncates = flag
      default:
        throw MillError(
          .configuration, "the sink console has no option \(key)",
          wayOut: Nearest.advice(for: key, among: ["numRows", "truncate"]))
      }
    }
  }
}
