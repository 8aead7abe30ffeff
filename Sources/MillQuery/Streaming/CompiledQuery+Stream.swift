import MillBase
import MillColumns

/// Spark's DataFrame operations on streams that SQL has no words for.
extension CompiledQuery {
  /// The result with `eventTime` as its event time: rows come at most `delay` late (Dataset.withWatermark).
  ///
  /// - Parameter delay: `10 minutes`, `1 hour 30 minutes`.
  /// - Throws: `.configuration` for an unknown column, one that is no TIMESTAMP, and a delay that is no fixed length.
  public func withWatermark(_ eventTime: String, _ delay: String) throws -> CompiledQuery {
    let column = try self.column(eventTime, "withWatermark")
    guard [.timestamp, TimeWindow.type].contains(schema.columns[column].type) else {
      throw MillError(
        .configuration,
        "[EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE] the event time \(eventTime) is \(schema.columns[column].type.sql), but "
          + "must be TIMESTAMP", at: .init(file: file))
    }
    guard let length = Parser.fixedInterval(delay), length >= 0 else {
      throw MillError(
        .configuration, "the watermark's delay '\(delay)' is no interval of fixed length", at: .init(file: file),
        wayOut: "write '10 minutes'")
    }
    let number = (plan.watermarks.map(\.number).max() ?? -1) + 1
    return with(
      .watermark(Watermark(number: number, column: column, delayMilliseconds: length / 1000), plan))
  }

  /// The first row of every combination of the columns; of all columns when none is named (Dataset.dropDuplicates).
  ///
  /// Over a stream the keys are kept for ever, or, when the event time is one of the columns, until the watermark
  /// passes it.
  ///
  /// - Throws: `.configuration` for an unknown column.
  public func dropDuplicates(_ columns: [String] = []) throws -> CompiledQuery {
    try deduplicated(columns, isWithinWatermark: false, "dropDuplicates")
  }

  /// The same, but a key is forgotten once the watermark has passed its first row's event time and the delay
  /// (Dataset.dropDuplicatesWithinWatermark).
  ///
  /// - Throws: `.configuration` for an unknown column.
  public func dropDuplicatesWithinWatermark(_ columns: [String] = []) throws -> CompiledQuery {
    try deduplicated(columns, isWithinWatermark: true, "dropDuplicatesWithinWatermark")
  }

  /// A script over this query's result, which it finds as a view of that name.
  ///
  /// - Throws: as ``init(script:file:ansi:)``.
  public func sql(_ script: String, over view: String) throws -> CompiledQuery {
    var analyzer = Analyzer(file: file, ansi: ansi)
    analyzer.zone = time.zone
    analyzer.begin(after: plan, as: view)
    let plan = try analyzer.analyze(Parser.statements(of: script, file: file))
    return CompiledQuery(plan, file: file, ansi: ansi, time: LocalTime(zone: analyzer.zone))
  }

  private func with(_ plan: Plan) -> CompiledQuery {
    CompiledQuery(plan, file: file, ansi: ansi, time: time)
  }

  private func deduplicated(
    _ columns: [String], isWithinWatermark: Bool, _ what: String
  ) throws -> CompiledQuery {
    let named = try columns.map { try column($0, what) }
    let keys = columns.isEmpty ? Array(schema.columns.indices) : named
    for key in keys where schema.columns[key].type.containsMap {
      throw MillError(
        .configuration, "\(what) over \(schema.columns[key].type.sql) is not supported", at: .init(file: file))
    }
    let deduplication = Deduplication(columns: keys, isWithinWatermark: isWithinWatermark)
    return with(.deduplicate(deduplication, SourcePosition(line: 1, column: 1), plan))
  }

  private func column(_ name: String, _ what: String) throws -> Int {
    let found = schema.columns.indices.filter { schema.columns[$0].name.lowercased() == name.lowercased() }
    if found.count == 1 { return found[0] }
    let names = schema.columns.map(\.name)
    let nearest = Nearest.name(to: name, among: names)
    throw MillError(
      .configuration, "\(what): the column \(name) \(found.isEmpty ? "can't be found" : "is ambiguous")",
      at: .init(file: file),
      wayOut: found.isEmpty
        ? nearest.map { "did you mean \($0)?" } ?? "there are: \(names.joined(separator: ", "))" : nil)
  }
}
