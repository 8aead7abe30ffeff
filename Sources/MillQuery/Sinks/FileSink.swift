import MillArchive
import MillBase
import MillColumns
import Synchronization

/// Spark's file sink: files below a directory, and beside them the log of those that count. Who reads by that log, as
/// Spark and Millrace do, has each row once.
public final class FileSink: StreamSink {
  private struct State {
    var queryId: String?
    /// The log's last micro-batch is known.
    var isOpen = false
    var latest: Int64?
  }
  private let layout: FileLayout
  private let place: SinkPlace
  private let log: SinkFileLog
  private let state = Mutex(State())

  /// - Parameters:
  ///   - format: json, csv or text.
  ///   - path: of the directory; it may have a scheme. nil is an error.
  ///   - options: of the format, and `compression` (none, gzip), `lineSep`, `maxRecordsPerFile`.
  ///   - partitionBy: columns that become directories `name=value`.
  ///   - systems: where paths lie; nil = paths without a scheme are this machine's.
  /// - Throws: `.configuration`, in Spark's words.
  public init(
    _ query: CompiledQuery, format: FileSource.Format, path: String?, options: [String: String] = [:],
    partitionBy: [String] = [], outputMode: OutputMode = .append, systems: FileSystems? = nil
  ) throws {
    guard outputMode == .append else {
      throw MillError(
        .configuration,
        "[STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE] Invalid streaming output mode: \(outputMode.rawValue). This "
          + "output mode is not supported in Data Source \(format.rawValue). SQLSTATE: 42KDE")
    }
    guard let path, !path.isEmpty else { throw MillError(.configuration, "'path' is not specified.") }
    layout = try FileLayout(query, FileFormatOptions(format, options), partitionBy: partitionBy)
    place = try SinkPlace(path, systems)
    log = SinkFileLog(of: place.path, in: place.system)
  }

  /// Into a local directory behind another file system, for tests.
  init(_ query: CompiledQuery, format: FileSource.Format, path: String, on system: any FileSystem) throws {
    layout = try FileLayout(query, FileFormatOptions(format, [:]), partitionBy: [])
    place = SinkPlace(local: path, in: system)
    log = SinkFileLog(of: path, in: system)
  }

  public var description: String { "FileSink[\(place.written)]" }

  public func begin(queryId: String) throws { state.withLock { $0.queryId = queryId } }

  public func addBatch(id: Int64, _ batch: MicroBatch) throws {
    try state.withLock { state in
      do { try add(id, batch, &state) } catch {
        // The log may or may not have been written.
        state.isOpen = false
        throw error
      }
    }
  }

  private func add(_ id: Int64, _ batch: MicroBatch, _ state: inout State) throws {
    if !state.isOpen {
      if let queryId = state.queryId { try log.take(queryId: queryId, at: place.written) }
      state.latest = try log.latest()
      state.isOpen = true
    }
    if let latest = state.latest, id <= latest {
      // Only the last one comes again.
      guard id == latest else {
        throw SinkFileLog.taken(
          "the directory has micro-batch \(latest) already, and this query is at \(id)", place.written)
      }
      Log.info("query", "micro-batch \(id) is in \(place.written) already")
      return
    }
    let files = PartFiles(layout, at: place)
    let entries: [SinkFileLog.Entry]
    do {
      while let rows = try batch.next() { try files.write(rows) }
      entries = try files.finish()
    } catch {
      files.discard()
      throw error
    }
    // After an error from here on they stay: whether the log has them is not known.
    try log.add(id, entries)
    state.latest = id
  }
}
