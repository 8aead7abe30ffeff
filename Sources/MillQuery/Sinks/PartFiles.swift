import MillArchive
import MillBase
import MillColumns

/// The files that one writing makes, one for each combination of the partition columns, named as Spark names them. They
/// get their names when they are complete.
///
/// Used by one thread.
final class PartFiles {
  /// Files that are open at once; with more partitions the one that was begun first is closed, and its partition gets
  /// another file.
  private static let openFilesMax = 200
  /// Bytes of a file that wait before they are handed on.
  private static let bufferMax = 1 << 20

  private final class Part {
    let relative: String
    let temporary: String
    let path: String
    let writer: any FileWriter
    var buffer: [UInt8]
    var rows = 0

    init(_ relative: String, in place: SinkPlace, head: [UInt8]) throws {
      self.relative = relative
      path = "\(place.path)/\(relative)"
      let (directory, name) = Files.split(path)
      temporary = "\(directory)/.\(name).tmp"
      try place.system.makeDirectories(directory)
      writer = try place.system.create(temporary)
      buffer = head
    }
  }

  private let place: SinkPlace
  private let lines: RowLines
  private let partitions: [(index: Int, name: String)]
  private let time: LocalTime
  private var open: [String: Part] = [:]
  private var order: [String] = []
  /// Files of a partition so far, but the one that is open.
  private var counts: [String: Int] = [:]
  private var closed: [Part] = []
  private var finished: [Part] = []

  init(_ layout: FileLayout, at place: SinkPlace) {
    self.place = place
    (lines, partitions, time) = (layout.lines, layout.partitions, layout.time)
  }

  func write(_ batch: ColumnBatch) throws {
    let columns = lines.columns(of: batch)
    let keys = partitions.map { time.local(batch.columns[$0.index]) }
    var last: (key: String, part: Part)?
    for row in 0..<batch.count {
      let key = zip(partitions, keys).map { SinkPlace.partition($0.name, $1.text(row)) }.joined(separator: "/")
      let part: Part
      if let last, last.key == key { part = last.part } else { part = try self.part(key) }
      lines.append(row, of: columns, to: &part.buffer)
      part.rows += 1
      last = (key, part)
      if part.buffer.count >= Self.bufferMax { try handOn(part, isLast: false) }
      if part.rows == lines.options.recordsMax {
        try close(key)
        last = nil
      }
    }
  }

  private func part(_ key: String) throws -> Part {
    if let part = open[key] { return part }
    if open.count >= Self.openFilesMax { try close(order[0]) }
    let count = counts[key, default: 0]
    let number = String(count)
    let suffix = String(repeating: "0", count: max(0, 3 - number.utf8.count)) + number + lines.options.suffix
    let name = "part-00000-\(Checkpoint.newId())\(partitions.isEmpty ? "-" : ".")c\(suffix)"
    let part = try Part(key.isEmpty ? name : "\(key)/\(name)", in: place, head: lines.head)
    open[key] = part
    order.append(key)
    return part
  }

  private func handOn(_ part: Part, isLast: Bool) throws {
    part.writer.write(lines.options.compression.pack(part.buffer))
    part.buffer.removeAll(keepingCapacity: !isLast)
    if !isLast { try part.writer.flush() }
  }

  private func close(_ key: String) throws {
    guard let part = open[key] else { return }
    if !part.buffer.isEmpty { try handOn(part, isLast: true) }
    try part.writer.close()
    open[key] = nil
    order.removeAll { $0 == key }
    counts[key, default: 0] += 1
    closed.append(part)
  }

  /// Closes all files: they are stored durably then, under hidden names.
  func close() throws { for key in order { try close(key) } }

  /// Where the files lie that are closed and have no name yet.
  var temporaries: Set<String> { Set(closed.map(\.temporary)) }

  /// Gives the files their names.
  func finish() throws -> [SinkFileLog.Entry] {
    try close()
    return try closed.map { part in
      try place.system.rename(part.temporary, to: part.path)
      finished.append(part)
      guard let status = try place.system.status(part.path) else {
        throw MillError(.notFound, "the file is gone after it was written", at: .init(file: part.path))
      }
      return SinkFileLog.Entry(path: place.uri(part.relative), size: status.size, modified: status.modified)
    }
  }

  /// Removes what has been written.
  func discard() {
    for part in closed + open.values {
      let isFinished = finished.contains { $0 === part }
      do { _ = try place.system.delete(isFinished ? part.path : part.temporary) } catch {
        Log.warning("query", "\(error)")
      }
    }
  }
}

/// How rows become files: format, and the columns that become directories.
struct FileLayout: Sendable {
  let lines: RowLines
  let partitions: [(index: Int, name: String)]
  let time: LocalTime

  /// - Parameter partitionBy: names of columns, not case sensitive.
  /// - Throws: `.configuration`, in Spark's words.
  init(_ query: CompiledQuery, _ options: FileFormatOptions, partitionBy: [String]) throws {
    let columns = query.schema.columns
    partitions = try partitionBy.map { name in
      guard let index = columns.firstIndex(where: { $0.name.lowercased() == name.lowercased() }) else {
        throw MillError(
          .configuration,
          "Partition column \(name) not found in existing columns (\(columns.map(\.name).joined(separator: ", "))).")
      }
      switch columns[index].type {
      case .array, .map, .struct:
        throw MillError(
          .configuration,
          "[INVALID_PARTITION_COLUMN_DATA_TYPE] Cannot use \"\(columns[index].type.sql)\" for partition column. "
            + "SQLSTATE: 0A000")
      default: return (index, columns[index].name)
      }
    }
    let directories = Set(partitions.map(\.index))
    let others = columns.indices.filter { !directories.contains($0) }
    if others.isEmpty, !partitions.isEmpty {
      throw MillError(
        .configuration,
        "[ALL_PARTITION_COLUMNS_NOT_ALLOWED] Cannot use all columns for partition columns. SQLSTATE: KD005")
    }
    time = query.time
    lines = try RowLines(options, query.schema, columns: others, time: query.time)
  }
}
