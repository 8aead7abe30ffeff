import MillArchive
import MillBase
import MillColumns
import MillLog

/// What a batch does with what is there already: Spark's SaveMode.
public enum SaveMode: String, Sendable, CaseIterable {
  case append, overwrite, ignore
  case errorIfExists = "errorifexists"

  /// - Throws: `.configuration`, in Spark's words.
  public init(parsing text: String) throws {
    switch text.lowercased() {
    case "error", "default": self = .errorIfExists
    case let name:
      guard let mode = SaveMode(rawValue: name) else {
        throw MillError(
          .configuration,
          "[INVALID_SAVE_MODE] The specified save mode \"\(text)\" is invalid. Valid save modes include \"append\", "
            + "\"overwrite\", \"ignore\", \"error\", \"errorifexists\", and \"default\". SQLSTATE: 42000")
      }
      self = mode
    }
  }
}

/// Where the rows of a batch go: files below a directory, or a topic. Spark's DataFrameWriter.
public struct BatchTarget: Sendable {
  public typealias Rows = (_ take: (ColumnBatch) throws -> Void) throws -> Void

  private enum Kind: Sendable {
    case files(FileLayout, SinkPlace)
    case topic(KafkaSink)
  }
  private let kind: Kind

  /// - Throws: `.configuration`, in Spark's words.
  public init(
    _ query: CompiledQuery, format: SinkFormat, options: [String: String], partitionBy: [String] = [],
    systems: FileSystems? = nil, log: (_ servers: String, _ properties: [String: String]) throws -> any RecordLog
  ) throws {
    if let files = format.files {
      let (path, others) = SinkFormat.path(in: options)
      guard let path, !path.isEmpty else { throw MillError(.configuration, "'path' is not specified.") }
      let layout = try FileLayout(query, FileFormatOptions(files, others), partitionBy: partitionBy)
      kind = .files(layout, try SinkPlace(path, systems))
      return
    }
    guard format == .kafka, partitionBy.isEmpty else {
      throw MillError(
        .configuration,
        "a batch can't be written to \(format.rawValue)\(partitionBy.isEmpty ? "" : " with partitionBy")",
        wayOut: format == .console ? "use show()" : nil)
    }
    kind = .topic(try KafkaSink(query.schema, options: options, log: log))
  }

  /// - Parameter rows: runs the query, handing every column batch on.
  /// - Throws: `.refused` when something is there and the mode does not allow it.
  public func write(_ mode: SaveMode, _ rows: Rows) throws {
    switch kind {
    case .topic(let sink):
      guard mode == .append || mode == .errorIfExists else {
        let name = mode == .ignore ? "Ignore" : "Overwrite"
        throw MillError(
          .configuration,
          "Save mode \(name) not allowed for Kafka. Allowed save modes are Append and "
            + "ErrorIfExists (default).")
      }
      try sink.write(rows)
    case .files(let layout, let place): try write(layout, place, mode, rows)
    }
  }

  private func write(_ layout: FileLayout, _ place: SinkPlace, _ mode: SaveMode, _ rows: Rows) throws {
    if try place.system.status(place.path) != nil {
      switch mode {
      case .ignore: return
      case .errorIfExists:
        throw MillError(
          .refused,
          "[PATH_ALREADY_EXISTS] Path \(place.written) already exists. Set mode as \"overwrite\" to overwrite the "
            + "existing path. SQLSTATE: 42K04")
      case .append where try SinkFileLog(of: place.path, in: place.system).exists:
        throw MillError(
          .refused, "a query writes to this directory, and readers see what its log names only",
          at: .init(file: place.written), wayOut: "write to another directory")
      case .append, .overwrite: break
      }
    }
    let files = PartFiles(layout, at: place)
    do {
      try rows { try files.write($0) }
      try files.close()
      if mode == .overwrite { try Self.empty(place.path, in: place.system, but: files.temporaries) }
      _ = try files.finish()
    } catch {
      files.discard()
      throw error
    }
    // Hadoop's sign that all of it is there.
    try place.system.create("\(place.path)/_SUCCESS").close()
  }

  /// Removes what is below a directory; true when nothing is left.
  @discardableResult
  private static func empty(_ path: String, in system: any FileSystem, but kept: Set<String>) throws -> Bool {
    if let status = try system.status(path), !status.isDirectory { return try system.delete(path) }
    var isEmpty = true
    for entry in try system.list(path) {
      let inner = "\(path)/\(entry.name)"
      let isKept = try entry.isDirectory ? !empty(inner, in: system, but: kept) : kept.contains(inner)
      if isKept { isEmpty = false } else { _ = try system.delete(inner) }
    }
    return isEmpty
  }
}
