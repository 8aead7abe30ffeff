import MillArchive
import MillBase
import MillColumns

/// Views USING text, json and csv.
extension Analyzer {
  mutating func fileSource(
    _ name: String, _ format: FileSource.Format, _ schema: Schema?, _ reader: SourceOptions, at position: SourcePosition
  ) throws -> View {
    var files = try reader.files(format)
    if format != .text, schema == nil {
      throw error(
        "a \(format.rawValue) source needs its columns with their types", at: position,
        wayOut: "write CREATE TEMPORARY VIEW \(name) (a INT, b STRING) USING \(format.rawValue) OPTIONS (…)")
    }
    files.partitions = try partitions(files, schema, at: position)
    // As in Spark: what directories hold comes last, whether the user has named it or not.
    var behind: [Schema.Column] = []
    if case .known(let columns) = files.partitions { behind = columns }
    let isBehind = Set(behind.map { $0.name.lowercased() })
    let own = schema.map { Schema($0.columns.filter { !isBehind.contains($0.name.lowercased()) }) }
    let lines = Schema([.init("value", .string)] + files.partitions.scanned)
    switch format {
    case .text:
      let columns = own ?? Schema([.init("value", .string)])
      guard columns.count == 1, columns.columns[0].type == .string else {
        throw error("text has one column of type STRING", at: position)
      }
      return .source(Source(name: name, kind: .files(files), schema: Schema(columns.columns + behind)))
    case .json:
      let scan = Plan.scan(Source(name: name, kind: .files(files), schema: lines))
      let type = DataType.struct(own!)
      let parsed = Expression(.fromJSON(column(0, .string, position), fromJSON(type, files.json!)), type, position)
      return .query(try fields(of: parsed, own!, over: scan, at: position))
    case .csv:
      let csv = files.csv!
      var scan = Plan.scan(Source(name: name, kind: .files(files), schema: lines))
      if !files.isMultiLine { scan = try rowLines(scan, csv, at: position) }
      let call = FunctionCall(
        name: "from_csv", arguments: [column(0, .string, position)], position: position, ansi: ansi, file: file)
      return .query(try fields(of: FunctionLibrary.fromCSV(call, own!, csv), own!, over: scan, at: position))
    }
  }

  /// A table of the lines of files, with the columns that their directories make.
  func withPartitions(_ table: Source, at position: SourcePosition) throws -> Source {
    guard case .files(var files) = table.kind else { return table }
    var table = table
    files.partitions = try partitions(files, table.schema, at: position)
    table.schema.columns += files.partitions.scanned
    table.kind = .files(files)
    return table
  }

  private func column(_ index: Int, _ type: DataType, _ position: SourcePosition) -> Expression {
    Expression(.column(index), type, position)
  }

  /// Rows of what a line holds, and then of what its directory does. A line that holds none gives no row: a blank one of
  /// JSON, and in mode DROPMALFORMED what can't be read.
  private func fields(
    of parsed: Expression, _ own: Schema, over scan: Plan, at position: SourcePosition
  ) throws -> Plan {
    let more = Array(scan.schema.columns.dropFirst())
    let passed = more.enumerated().map { column($0.offset + 1, $0.element.type, position) }
    let row = Plan.project([parsed] + passed, Schema([.init("row", parsed.type)] + more), scan)
    let line = column(0, parsed.type, position)
    let kept = Plan.filter(FunctionLibrary.notNull(line, position), row)
    var fields = own.columns.enumerated().map { Expression(.field(line, $0.offset), $0.element.type, position) }
    var columns = own.columns
    switch scan.partitions {
    case .none: break
    case .known(let behind):
      fields += passed
      columns += behind
    case .possible(let named):
      for (index, name) in named.enumerated() {
        let place = columns.firstIndex { $0.name == name.name }!
        fields[place] = Expression(
          .branches([(when: passed[2 * index], then: passed[2 * index + 1])], otherwise: fields[place]), name.type,
          position)
      }
    }
    return .project(fields, Schema(columns), kept)
  }

  /// Lines of CSV that are rows: blank lines and comments are none.
  private func rowLines(_ scan: Plan, _ options: CSVOptions, at position: SourcePosition) throws -> Plan {
    let line = column(0, .string, position)
    func call(_ name: String, _ arguments: [Expression]) -> FunctionCall {
      FunctionCall(name: name, arguments: arguments, position: position, ansi: ansi, file: file)
    }
    // As Java's String.trim: whatever is not above a space.
    let spaces = String(String.UnicodeScalarView((0...32).map { Unicode.Scalar(UInt8($0)) }))
    var trim = call("trim", [line, .constant(.string(spaces), .string, position)])
    let trimmed = try FunctionLibrary.all["trim"]!.build(&trim)
    let blank = Expression.constant(.string(""), .string, position)
    var isRow = try FunctionLibrary.comparison("<>", trimmed, blank, call("<>", []))
    if let comment = options.comment {
      var start = call("startswith", [line, .constant(.string(String(comment)), .string, position)])
      let isComment = try FunctionLibrary.all["startswith"]!.build(&start)
      isRow = Expression(.and(isRow, FunctionLibrary.not(isComment, position)), .boolean, position)
    }
    return .filter(isRow, scan)
  }

  /// Looks into the directories.
  private func partitions(
    _ files: FileSource, _ schema: Schema?, at position: SourcePosition
  ) throws -> FileSource.Partitions {
    guard files.readsPartitions else { return .none }
    let named = schema ?? Schema([])
    // Where nothing can be found yet, the query will say so when it is to read.
    guard let finder = try? FileFinder(files, systems: systems), let found = try? finder.find(filtered: false),
      !found.isEmpty
    else {
      return files.format == .json ? .possible(named.columns.filter { $0.type.isAtomic }) : .none
    }
    var directories: [(path: String, top: String)] = []
    var known: Set<String> = []
    for file in found {
      let directory = Files.split(PathAddress.absolute(file.path)).directory
      if known.insert(directory).inserted { directories.append((directory, finder.top(of: file.path))) }
    }
    do {
      try finder.checkBasePath(found)
      let columns = try PartitionColumns(
        named: named, infersTypes: infersPartitionTypes, time: LocalTime(zone: zone)
      ).columns(of: directories)
      return columns.isEmpty ? .none : .known(columns)
    } catch let problem as MillError {
      throw error(problem.message, at: position, wayOut: problem.wayOut)
    }
  }
}

extension Plan {
  fileprivate var partitions: FileSource.Partitions {
    if case .scan(let source) = self, case .files(let files) = source.kind { return files.partitions }
    return inputs.first?.partitions ?? .none
  }
}
