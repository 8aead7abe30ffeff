import MillArchive
import MillBase
import MillQuery

extension DataFrame {
  public var write: DataFrameWriter { DataFrameWriter(self) }
}

/// Spark's DataFrameWriter: the rows of a frame into files or a topic, once.
public struct DataFrameWriter: Sendable {
  private let frame: DataFrame
  private var sink = ""
  private var options: [String: String] = [:]
  private var columns: [String] = []
  private var saveMode = "errorifexists"

  init(_ frame: DataFrame) { self.frame = frame }

  private func with(_ change: (inout DataFrameWriter) -> Void) -> DataFrameWriter {
    var copy = self
    change(&copy)
    return copy
  }

  /// json, csv, text, kafka.
  public func format(_ name: String) -> DataFrameWriter { with { $0.sink = name } }
  public func option(_ key: String, _ value: String) -> DataFrameWriter { with { $0.options[key] = value } }
  public func option(_ key: String, _ value: Int) -> DataFrameWriter { option(key, "\(value)") }
  public func option(_ key: String, _ value: Bool) -> DataFrameWriter { option(key, "\(value)") }
  /// append, overwrite, ignore, error (or errorifexists; the default).
  public func mode(_ mode: String) -> DataFrameWriter { with { $0.saveMode = mode } }
  /// Columns that become directories `name=value`.
  public func partitionBy(_ columns: String...) -> DataFrameWriter { with { $0.columns = columns } }

  /// Runs the frame and writes its rows.
  ///
  /// - Parameter path: of the directory, for files; or the option `path`.
  /// - Throws: what is wrong with the frame or the options, and what stands in the way of writing.
  public func save(_ path: String? = nil) async throws {
    let query = try frame.compiled()
    guard !frame.isStreaming else {
      throw MillError(
        .configuration,
        "[CALL_ON_STREAMING_DATASET_UNSUPPORTED] The method `write` can not be called on streaming Dataset/DataFrame. "
          + "SQLSTATE: 42KDE", wayOut: "use writeStream")
    }
    let mode = try SaveMode(parsing: saveMode)
    let session = frame.session
    var options = options
    if let path { options["path"] = path }
    let target = try BatchTarget(
      query, format: DataStreamWriter.known(sink, "write", more: []), options: options, partitionBy: columns
    ) { try session.log($0, $1) }
    let places = session.places
    try await blocking {
      try target.write(mode) { take in try BatchQuery.run(query, places: places, sink: take) }
    }
  }

  public func json(_ path: String) async throws { try await format("json").save(path) }
  public func csv(_ path: String) async throws { try await format("csv").save(path) }
  public func text(_ path: String) async throws { try await format("text").save(path) }
}
