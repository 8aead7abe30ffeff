/// Runs SHOW statements.
struct ShowRun {
  let reader: SourceReader

  func run(_ statement: Statement) throws -> [ResultSeries] {
    switch statement {
    case .showDatabases:
      return [list("databases", "name", reader.engine.databaseNames(), keepsEmpty: true)].compactMap { $0 }
    case .showRetentionPolicies(let name):
      let retention = try reader.database(name).currentCatalog().retention
      let row: [FieldValue] = [
        .string("autogen"), .string(Self.duration(retention)), .string(Self.duration(Self.shardDuration(retention))),
        .integer(1), .boolean(true),
      ]
      return [
        ResultSeries(
          name: "", columns: ["name", "duration", "shardGroupDuration", "replicaN", "default"], rows: [row])
      ]
    case .showMeasurements(let clauses):
      let names = try chosen(clauses).map(\.name)
      return [list("measurements", "name", limited(names, clauses))].compactMap { $0 }
    case .showFieldKeys(let clauses):
      return try chosen(clauses).compactMap { measurement in
        let fields = measurement.fields.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let rows: [[FieldValue]] = limited(fields, clauses).map { [.string($0.name), .string($0.type.name)] }
        if rows.isEmpty { return nil }
        return ResultSeries(name: measurement.name, columns: ["fieldKey", "fieldType"], rows: rows)
      }
    case .showTagKeys(let clauses):
      return try chosen(clauses).compactMap { measurement in
        let keys = Set(measurement.series.flatMap { $0.tags.map(\.key) })
        return list(measurement.name, "tagKey", limited(Self.sorted(keys), clauses))
      }
    case .showTagValues(let clauses, let key):
      return try chosen(clauses).compactMap { measurement in
        let tags = Set(measurement.series.flatMap(\.tags).filter { key.contains($0.key) })
        let sorted = tags.sorted { a, b in
          a.key == b.key
            ? a.value.utf8.lexicographicallyPrecedes(b.value.utf8) : a.key.utf8.lexicographicallyPrecedes(b.key.utf8)
        }
        let rows: [[FieldValue]] = limited(sorted, clauses).map { [.string($0.key), .string($0.value)] }
        return rows.isEmpty ? nil : ResultSeries(name: measurement.name, columns: ["key", "value"], rows: rows)
      }
    case .showSeries(let clauses):
      let keys = try chosen(clauses).flatMap { $0.series.map { String(decoding: $0.key, as: UTF8.self) } }
      return [list("", "key", limited(Self.sorted(keys), clauses))].compactMap { $0 }
    case .showNothing(let columns):
      return columns.isEmpty ? [] : [ResultSeries(name: "", columns: columns, rows: [])]
    default: preconditionFailure("not a SHOW statement")
    }
  }

  // MARK: Parts

  /// Measurements of the sources, sorted by name, with the series that meet the condition.
  private func chosen(_ clauses: ShowClauses) throws -> [MeasurementInfo] {
    let catalog: Catalog
    do {
      catalog = try reader.database(clauses.database).currentCatalog()
    } catch let error as InfluxQLError {
      // InfluxDB answers a database that is named but not there with nothing.
      if clauses.database != nil { return [] }
      throw error
    }
    let condition = try ConditionSplitter(now: reader.now, zone: .utc).split(clauses.condition).1
    try Self.checkTagCondition(condition)
    return catalog.measurements.values.filter { Self.isNamed($0.name, by: clauses.sources) }
      .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      .compactMap { measurement in
        guard let condition else { return measurement }
        var measurement = measurement
        measurement.series = measurement.series.filter { Self.holds(condition, $0, measurement) }
        return measurement.series.isEmpty ? nil : measurement
      }
  }

  static func isNamed(_ name: String, by sources: [Source]) -> Bool {
    sources.isEmpty
      || sources.contains { source in
        switch source {
        case .measurement(_, _, let wanted): name == wanted
        case .pattern(_, _, let pattern): pattern.matches(name)
        case .query: false
        }
      }
  }

  private static func checkTagCondition(_ condition: Expression?) throws {
    switch condition {
    case .binary(.and, let left, let right)?, .binary(.or, let left, let right)?:
      try checkTagCondition(left)
      try checkTagCondition(right)
    case .parenthesis(let inner)?: try checkTagCondition(inner)
    case .binary(let symbol, _, _)?:
      if ![.equal, .notEqual, .matches, .notMatches].contains(symbol) {
        throw InfluxQLError("invalid tag comparison operator")
      }
    default: break
    }
  }

  /// Fields can't be asked for here: only tags decide. `_name` is the measurement.
  static func holds(_ condition: Expression, _ series: SeriesInfo, _ measurement: MeasurementInfo) -> Bool {
    Evaluation.decide(
      condition, tag: { $0 == "_name" ? measurement.name : series.tag($0) }, isField: { _ in false }) == true
  }

  private func list(_ name: String, _ column: String, _ values: [String], keepsEmpty: Bool = false) -> ResultSeries? {
    if values.isEmpty, !keepsEmpty { return nil }
    return ResultSeries(name: name, columns: [column], rows: values.map { [.string($0)] })
  }

  private func limited<Element>(_ all: [Element], _ clauses: ShowClauses) -> [Element] {
    let rest = all.dropFirst(clauses.offset)
    return Array(clauses.limit > 0 ? rest.prefix(clauses.limit) : rest)
  }

  private static func sorted(_ values: some Sequence<String>) -> [String] {
    values.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// As Go prints a duration of whole seconds: `0s`, `1h0m0s`.
  private static func duration(_ nanoseconds: Int64) -> String {
    let seconds = nanoseconds / 1_000_000_000
    if seconds < 60 { return "\(seconds)s" }
    if seconds < 3600 { return "\(seconds / 60)m\(seconds % 60)s" }
    return "\(seconds / 3600)h\(seconds / 60 % 60)m\(seconds % 60)s"
  }

  /// What InfluxDB would choose: this store has no shards, but clients expect the column.
  private static func shardDuration(_ retention: Int64) -> Int64 {
    let day: Int64 = 86_400_000_000_000
    return retention == 0 || retention >= 180 * day ? 7 * day : retention >= 2 * day ? day : day / 24
  }
}
