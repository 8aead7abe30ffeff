import MillBase

/// A request to /query, or a question asked in process.
public struct InfluxQLRequest: Sendable {
  /// Statements, separated by semicolons.
  public var query: String
  public var database: String?
  public var retentionPolicy: String?
  /// Unit of the times in the answer; nil = RFC 3339 text.
  public var epoch: TimestampPrecision?
  /// Values for `$name`.
  public var parameters: [String: JSONValue] = [:]
  /// Was it a GET? Then statements that change something come with a warning.
  public var isReadOnly = false

  public init(_ query: String, database: String? = nil, epoch: TimestampPrecision? = nil) {
    self.query = query
    self.database = database
    self.epoch = epoch
  }
}

extension StoreEngine {
  /// What `/query` answers, as JSON; errors are in it, as there.
  public func answer(_ request: InfluxQLRequest) -> [UInt8] {
    let results: [StatementResult]
    do { results = try QueryExecutor(engine: self).run(request) } catch {
      results = [StatementResult(error: "\((error as? InfluxQLError)?.message ?? "\(error)")")]
    }
    return ResultWriter(epoch: request.epoch).json(results)
  }
}

/// Runs InfluxQL on a store.
struct QueryExecutor {
  let engine: StoreEngine

  /// - Throws: `InfluxQLError` when the text can't be read; errors of a statement are in its result, and later
  ///   statements are not run then.
  func run(_ request: InfluxQLRequest) throws -> [StatementResult] {
    engine.metrics.queries.add()
    let statements = try statements(request)
    let reader = SourceReader(engine: engine, defaultDatabase: request.database, now: Clock.nowNanoseconds())
    var results: [StatementResult] = []
    for (statement, text) in statements {
      if results.last?.error != nil {
        results.append(StatementResult(error: "not executed"))
        continue
      }
      var result = StatementResult()
      do {
        try SourceReader.check(policy: request.retentionPolicy.flatMap { $0.isEmpty ? nil : $0 })
        try run(statement, reader, &result)
      } catch let error as InfluxQLError {
        result.error = error.message
      } catch let error as MillError {
        result.error = error.description
      }
      if request.isReadOnly, statement.isWriting {
        result.warning = "deprecated use of '\(text)' in a read only context, please use a POST request instead"
      }
      results.append(result)
    }
    return results
  }

  private func statements(_ request: InfluxQLRequest) throws -> [(statement: Statement, text: String)] {
    do {
      var parser = Parser(request.query, parameters: try request.parameters.mapValues(Self.literal))
      return try parser.query()
    } catch let error as InfluxQLError {
      throw InfluxQLError("error parsing query: \(error.message)")
    }
  }

  private static func literal(_ value: JSONValue) throws -> Expression {
    switch value {
    case .integer(let integer): .integer(integer)
    case .double(let number): .number(number)
    case .string(let text): .string(text)
    case .bool(let flag): .boolean(flag)
    case .object(let object):
      if let pattern = object["regex"]?.string {
        .regex(try Pattern(pattern))
      } else if let name = object["identifier"]?.string {
        .reference(name)
      } else {
        throw InfluxQLError("bound object parameter value must have exactly one entry")
      }
    default: throw InfluxQLError("unable to bind parameter with type \(value.text())")
    }
  }

  private func run(_ statement: Statement, _ reader: SourceReader, _ result: inout StatementResult) throws {
    switch statement {
    case .select(let select):
      let (plan, series) = try SelectRun(reader: reader).run(select)
      result.series = series
      result.zone = plan.zone
    case .createDatabase(let name, let retention):
      try engine.createDatabase(name)
      if let retention { try engine.setRetention(of: name, nanoseconds: retention) }
    case .setRetention(let policy, let database, let nanoseconds, let isNew):
      guard policy == "autogen" else {
        throw InfluxQLError(
          isNew
            ? "the built-in store has one retention policy a database, autogen"
            : "retention policy not found: \(policy)")
      }
      try reader.database(database).setRetention(nanoseconds: nanoseconds)
    case .dropDatabase(let name): try engine.dropDatabase(name)
    case .dropMeasurement(let name):
      let database = try reader.database(nil)
      try database.delete(dropsSeries: true) { measurement, _ in measurement.name == name }
    case .dropSeries(let sources, let condition):
      let (range, rest) = try ConditionSplitter(now: reader.now, zone: .utc).split(condition)
      if range.min != nil || range.max != nil {
        throw InfluxQLError("DROP SERIES doesn't support time in WHERE clause")
      }
      try delete(sources, TimeRange(), rest, dropsSeries: true, reader)
    case .delete(let sources, let condition):
      let (range, rest) = try ConditionSplitter(now: reader.now, zone: .utc).split(condition)
      try delete(sources, range, rest, dropsSeries: false, reader)
    default: result.series = try ShowRun(reader: reader).run(statement)
    }
  }

  private func delete(
    _ sources: [Source], _ range: TimeRange, _ condition: Expression?, dropsSeries: Bool, _ reader: SourceReader
  ) throws {
    let database = try reader.database(nil)
    try database.delete(from: range.min ?? .min, through: range.max ?? .max, dropsSeries: dropsSeries) {
      measurement, series in
      if let condition, condition.references.contains(where: { measurement.field($0) != nil }) {
        throw InfluxQLError("fields not supported in WHERE clause during deletion")
      }
      return ShowRun.isNamed(measurement.name, by: sources)
        && (condition.map { ShowRun.holds($0, series, measurement) } ?? true)
    }
  }
}
