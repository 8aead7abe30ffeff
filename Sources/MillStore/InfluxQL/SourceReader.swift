/// Finds what a FROM names.
struct SourceReader {
  let engine: StoreEngine
  let defaultDatabase: String?
  let now: Int64

  func database(_ name: String?) throws -> Database {
    guard let name = name ?? defaultDatabase, !name.isEmpty else { throw InfluxQLError("database name required") }
    guard let database = engine.database(name) else { throw InfluxQLError("database not found: \(name)") }
    return database
  }

  /// Only the policy that every database has.
  static func check(policy: String?) throws {
    if let policy, policy != "autogen" { throw InfluxQLError("retention policy not found: \(policy)") }
  }

  /// All measurements, sorted by name.
  ///
  /// - Parameter plan: the query that reads them, for sub-queries.
  func measurements(_ sources: [Source], for plan: SelectPlan, dimensions: [String]) throws -> [InputMeasurement] {
    var found: [String: InputMeasurement] = [:]
    for source in sources {
      switch source {
      case .measurement(let name, let policy, let measurement):
        let database = try database(name)
        try Self.check(policy: policy)
        if let info = database.currentCatalog().measurements[measurement] { Self.add(info, of: database, to: &found) }
      case .pattern(let name, let policy, let pattern):
        let database = try database(name)
        try Self.check(policy: policy)
        for info in database.currentCatalog().measurements.values where pattern.matches(info.name) {
          Self.add(info, of: database, to: &found)
        }
      case .query(let statement):
        try add(statement, for: plan, dimensions: dimensions, to: &found)
      }
    }
    return found.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static func add(_ info: MeasurementInfo, of database: Database, to found: inout [String: InputMeasurement]) {
    var measurement = found[info.name] ?? InputMeasurement(name: info.name)
    for field in info.fields { measurement.fields[field.name] = (field.number, field.type) }
    let sorted = info.series.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    measurement.series += sorted.map { InputSeries(tags: $0.tags, origin: .stored(database, seriesID: $0.id)) }
    found[info.name] = measurement
  }

  private func add(
    _ statement: SelectStatement, for plan: SelectPlan, dimensions: [String], to found: inout [String: InputMeasurement]
  ) throws {
    let run = SelectRun(reader: self)
    let (inner, series) = try run.run(statement, parent: plan, moreDimensions: dimensions)
    for one in series {
      var measurement = found[one.name] ?? InputMeasurement(name: one.name)
      measurement.keepsOrder = measurement.keepsOrder || !inner.isRaw && !inner.interval.isSet
      let columns = Array(one.columns.dropFirst())
      for (index, column) in columns.enumerated() {
        let value = one.rows.lazy.map { $0[index] }.first { !$0.isNull }
        if let type = value?.fieldType, measurement.fields[column] == nil { measurement.fields[column] = (0, type) }
        if measurement.fields[column] == nil, value == nil { measurement.fields[column] = (0, .float) }
      }
      measurement.series.append(
        InputSeries(
          tags: one.tags ?? [], origin: .computed(columns: columns, times: one.times ?? [], rows: one.rows)))
      found[one.name] = measurement
    }
  }
}

extension FieldValue {
  var fieldType: FieldType? {
    switch self {
    case .null: nil
    case .float: .float
    case .integer: .integer
    case .string: .string
    case .boolean: .boolean
    }
  }
}
