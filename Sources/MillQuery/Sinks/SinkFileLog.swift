import MillArchive
import MillBase

/// Which files of a directory count: `_spark_metadata`, as Spark's FileStreamSink writes and reads it. `N` holds the files
/// of micro-batch N, and every tenth, `N.compact`, those of all before it too.
struct SinkFileLog: Sendable {
  static let folder = "_spark_metadata"
  /// spark.sql.streaming.fileSink.log.compactInterval
  private static let compactInterval: Int64 = 10
  /// spark.sql.streaming.minBatchesToRetain
  private static let batchesRetained: Int64 = 100
  /// spark.sql.streaming.fileSink.log.cleanupDelay, in milliseconds.
  private static let cleanupDelay: Int64 = 600_000
  /// Bytes of one file of the log, at most: some five million files.
  private static let fileBytesMax: Int64 = 1 << 30

  /// A line of the log.
  struct Entry: Sendable, Equatable {
    /// An address.
    var path: String
    var size: Int64
    /// Milliseconds since 1970.
    var modified: Int64

    /// Replication and block size help Spark to plan only; these are what Hadoop has for local files.
    fileprivate var line: String {
      let fields: JSONValue.Object = [
        "path": .string(path), "size": .integer(size), "isDir": false, "modificationTime": .integer(modified),
        "blockReplication": 1, "blockSize": 33_554_432, "action": "add",
      ]
      return JSONValue.object(fields).text()
    }
  }

  let system: any FileSystem
  /// Of `_spark_metadata`.
  let directory: String

  /// - Parameter path: of the directory with the files.
  init(of path: String, in system: any FileSystem) {
    self.system = system
    directory = "\(path)/\(Self.folder)"
  }

  var exists: Bool { get throws { try system.status(directory)?.isDirectory == true } }

  private struct Batch {
    var id: Int64
    var name: String
    var size: Int64
    var modified: Int64
    var isCompact: Bool { name.hasSuffix(".compact") }
  }

  /// Ascending; where both kinds are there, the compact one comes last.
  private func batches() throws -> [Batch] {
    try system.list(directory).compactMap { status in
      let number = status.name.hasSuffix(".compact") ? status.name.dropLast(8) : status.name[...]
      guard let id = Int64(number), id >= 0 else { return nil }
      return Batch(id: id, name: status.name, size: status.size, modified: status.modified)
    }.sorted { ($0.id, $0.name.utf8.count) < ($1.id, $1.name.utf8.count) }
  }

  /// The last micro-batch that is complete; nil = none is.
  func latest() throws -> Int64? { try batches().last?.id }

  /// All files that count, in the order of their micro-batches.
  ///
  /// - Throws: `.corrupt` when a part of the log is missing or can't be read.
  func files() throws -> [Entry] { try files(batches()) }

  private func files(_ batches: [Batch]) throws -> [Entry] {
    guard let last = batches.last else { return [] }
    let start = batches.last { $0.isCompact }?.id ?? 0
    let needed = Dictionary(batches.filter { $0.id >= start }.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    return try (start...last.id).flatMap { id in
      guard let batch = needed[id] else {
        throw corrupt("\(directory)/\(id)", "the log of the directory's files lacks micro-batch \(id)")
      }
      return try read(batch)
    }
  }

  private func read(_ batch: Batch) throws -> [Entry] {
    let path = "\(directory)/\(batch.name)"
    guard batch.size <= Self.fileBytesMax else {
      throw MillError(
        .limit, "the log's file has \(batch.size) bytes, above the limit of \(Self.fileBytesMax)",
        at: .init(file: path),
        wayOut: "let the query write to a new directory, with a longer trigger: fewer and larger files")
    }
    let bytes = try system.read(path, from: 0, count: Int(batch.size))
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    guard lines.first == "v1" else { throw corrupt(path, "the file does not begin with v1") }
    return try lines.dropFirst().compactMap { line in
      let json = try? JSONValue(parsing: String(line))
      guard let address = json?["path"]?.string else { throw corrupt(path, "a line is no JSON with a path") }
      // Older versions of Spark could take files back.
      if json?["action"]?.string == "delete" { return nil }
      return Entry(
        path: address, size: json?["size"]?.integer ?? 0, modified: json?["modificationTime"]?.integer ?? 0)
    }
  }

  private func corrupt(_ path: String, _ what: String) -> MillError {
    MillError(
      .corrupt, what, at: .init(file: path),
      wayOut: "restore \(Self.folder), or remove it to read all files of the directory (some rows may be there twice)")
  }

  // MARK: Writing

  /// Makes the files of a micro-batch count, all at once.
  ///
  /// - Throws: `.refused` when the micro-batch is there already.
  func add(_ id: Int64, _ entries: [Entry]) throws {
    let there = try batches()
    let interval = Self.interval(of: there.filter(\.isCompact).map(\.id))
    let isCompact = (id + 1) % interval == 0
    let all = isCompact ? try files(there) + entries : entries
    let text = (["v1"] + all.map(\.line)).joined(separator: "\n")
    try put(text, as: "\(id)\(isCompact ? ".compact" : "")")
    try clean(id, interval, there)
  }

  private func put(_ text: String, as name: String) throws {
    let temporary = "\(directory)/.\(name).\(UInt64.random(in: 0...UInt64.max)).tmp"
    let writer = try system.create(temporary)
    writer.write(Array(text.utf8))
    try writer.close()
    try system.rename(temporary, to: "\(directory)/\(name)")
  }

  /// What a log was begun with stays so (CompactibleFileStreamLog.compactInterval).
  static func interval(of compacted: [Int64]) -> Int64 {
    guard let last = compacted.max() else { return compactInterval }
    if compacted.count >= 2 { return last - compacted.filter { $0 < last }.max()! }
    let count = last + 1
    if count <= compactInterval || compactInterval >= count / 2 { return count }
    return (compactInterval...count / 2).first { count % $0 == 0 } ?? count
  }

  private func clean(_ id: Int64, _ interval: Int64, _ batches: [Batch]) throws {
    let retained = id + 1 - Self.batchesRetained
    guard interval <= retained else { return }
    let first = retained - retained % interval - 1
    let now = Clock.nowMilliseconds()
    for batch in batches where batch.id < first && batch.modified <= now - Self.cleanupDelay {
      _ = try system.delete("\(directory)/\(batch.name)")
    }
  }

  // MARK: Whose it is

  private var owner: String { "\(directory)/.millrace-query" }

  /// Writes the query's id down, in a file that Spark does not look at.
  ///
  /// - Throws: `.configuration` when another query has written here: its micro-batches have the same numbers, and
  ///   this one's would be passed over.
  func take(queryId: String, at place: String) throws {
    guard try system.status(owner) != nil else {
      try system.makeDirectories(directory)
      return try put(queryId, as: ".millrace-query")
    }
    let other = String(decoding: try system.read(owner, from: 0, count: 100), as: UTF8.self)
    if other == queryId { return }
    throw Self.taken("the query \(other) has written to this directory, and this is \(queryId)", place)
  }

  static func taken(_ what: String, _ place: String) -> MillError {
    MillError(
      .configuration, what, at: .init(file: place),
      wayOut: "give this query another path, or the checkpoint that belongs to the directory")
  }
}
