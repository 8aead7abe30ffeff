import MillArchive
import MillBase
import MillColumns

/// The columns that the names of directories make (Spark's PartitioningUtils.parsePartitions).
struct PartitionColumns {
  /// Columns of the view that the user named, with the types that count.
  let named: Schema
  /// Without it, values are STRING.
  let infersTypes: Bool
  let time: LocalTime

  /// - Parameter directories: those that hold files, each with the path that the source reads.
  /// - Returns: in the order of the path; none when no directory is a partition's.
  /// - Throws: `.badInput`, in Spark's words, for directories that don't go together and values that don't fit.
  func columns(of directories: [(path: String, top: String)]) throws -> [Schema.Column] {
    let paths = try directories.compactMap { try PartitionPath(of: $0.path, below: $0.top) }
    let partitions = paths.filter { !$0.parts.isEmpty }
    guard let first = partitions.first else { return [] }
    let bases = Set(paths.map { $0.base.lowercased() })
    guard bases.count == 1 else {
      throw MillError(
        .badInput,
        "[CONFLICTING_DIRECTORY_STRUCTURES] Conflicting directory structures detected. Suspicious paths: "
          + "\(Set(paths.map(\.base)).sorted().joined(separator: ", ")) SQLSTATE: KD009",
        wayOut: "if they are partitions, name the directory above them by the option basePath; else read each by a "
          + "view of its own, and UNION ALL them")
    }
    let lists = Set(partitions.map { $0.parts.map { $0.name.lowercased() } })
    guard lists.count == 1 else { throw Self.conflict(lists) }
    let names = first.parts.map(\.name)
    for (index, name) in names.enumerated()
    where names[..<index].contains(where: { $0.lowercased() == name.lowercased() }) {
      throw MillError(
        .badInput,
        "[COLUMN_ALREADY_EXISTS] The column `\(name.lowercased())` already exists. Choose another name or rename the "
          + "existing column. SQLSTATE: 42711")
    }
    return try names.indices.map { index in
      let values = Set(partitions.map { $0.parts[index].value })
      let known = named.columns.first { $0.name.lowercased() == names[index].lowercased() }
      let type =
        known?.type
        ?? values.map { PartitionValue.type(of: $0, infers: infersTypes) }.reduce(.null, PartitionValue.wider)
      let column = Schema.Column(known?.name ?? names[index], type)
      for value in values.sorted() where PartitionValue.value(value, as: type, time) == nil {
        throw Self.misfit(value, column)
      }
      return column
    }
  }

  static func conflict(_ lists: Set<[String]>) -> MillError {
    let texts = lists.map { $0.joined(separator: ", ") }.sorted()
    return MillError(
      .badInput,
      "[CONFLICTING_PARTITION_COLUMN_NAMES] Conflicting partition column names detected: \(texts.joined(separator: " and ")) "
        + "SQLSTATE: KD009",
      wayOut: "directories of one depth have one column's name, and files lie in the innermost ones only")
  }

  static func misfit(_ value: String, _ column: Schema.Column) -> MillError {
    MillError(
      .badInput,
      "[INVALID_PARTITION_VALUE] Failed to cast value '\(value)' to data type \"\(column.type.sql)\" for partition column "
        + "`\(column.name)`. Ensure the value matches the expected data type for this partition column. SQLSTATE: 42846"
    )
  }
}

/// What files get from their directories: the values of a scan's columns behind the line.
struct PartitionReader {
  private let source: FileSource
  private let time: LocalTime
  /// The last directory and its values.
  private var last: (directory: String, values: [Value]?)?

  init(_ source: FileSource, _ time: LocalTime) {
    self.source = source
    self.time = time
  }

  /// - Parameters:
  ///   - top: where the partitions begin; nil = wherever a directory is no partition's.
  /// - Returns: nil for a file beside the partitions, which Spark leaves out.
  /// - Throws: `.badInput`, with the file, for directories of other names, and values that don't fit.
  mutating func values(of file: String, below top: String?) throws -> [Value]? {
    if source.partitions == .none { return [] }
    let directory = Files.split(PathAddress.absolute(file)).directory
    if let last, last.directory == directory { return last.values }
    do {
      let values = try read(directory, top)
      last = (directory, values)
      return values
    } catch var problem as MillError {
      problem.place = .init(file: file)
      throw problem
    }
  }

  static func warnOfFile(beside file: String) {
    Log.warning("query", "\(file) is left out: it lies beside directories that make columns (name=value)")
  }

  private func read(_ directory: String, _ top: String?) throws -> [Value]? {
    let parts = try PartitionPath(of: directory, below: top)?.parts ?? []
    func value(_ column: Schema.Column) throws -> Value? {
      guard let part = parts.last(where: { $0.name.lowercased() == column.name.lowercased() }) else { return nil }
      guard let value = PartitionValue.value(part.value, as: column.type, time) else {
        throw PartitionColumns.misfit(part.value, column)
      }
      return value
    }
    switch source.partitions {
    case .none: return []
    case .known(let columns):
      if parts.isEmpty { return nil }
      let values = try columns.compactMap { try value($0) }
      guard values.count == columns.count, top == nil || parts.count == columns.count else {
        throw PartitionColumns.conflict([columns.map { $0.name.lowercased() }, parts.map { $0.name.lowercased() }])
      }
      return values
    case .possible(let columns):
      return try columns.flatMap { column in
        let value = try value(column)
        return [.boolean(value != nil), value ?? .null]
      }
    }
  }
}
