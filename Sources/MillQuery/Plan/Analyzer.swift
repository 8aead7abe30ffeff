import MillArchive
import MillBase
import MillColumns

/// Syntax → plan: looks up views, columns and functions, finds every type, and says what is wrong with its place.
struct Analyzer {
  let file: String?
  var ansi: Bool
  var enablePartialResults = true
  /// spark.sql.sources.partitionColumnTypeInference.enabled
  var infersPartitionTypes = true
  /// Where paths with a scheme lie.
  var systems: FileSystems?
  /// spark.sql.session.timeZone; nil = UTC.
  var zone: ZoneRules?
  var views: [String: View] = [:]
  /// Tables that need no CREATE VIEW; nil = there are none.
  var catalog: (any TableCatalog)?
  private(set) var fromJSONCount = 0
  var watermarkCount = 0
  /// The aggregate calls of the select under analysis; nil where they can't be.
  var aggregates: [AggregateCall]?
  /// The window functions of the select under analysis; nil where they can't be.
  var windows: [WindowCall]?
  /// The WINDOW clause of the select under analysis.
  var namedWindows: [String: WindowSpec] = [:]
  /// The sub-queries of the clause under analysis; nil where they can't be.
  var subqueries: Subqueries?
  /// The columns of the query around a sub-query, while its WHERE is analysed.
  var outerScope: Scope?
  /// grouping() and grouping_id() have a meaning.
  var allowsGrouping = false
  /// Lambdas around the expression under analysis.
  var lambdaDepth = 0

  enum View {
    case source(Source)
    case query(Plan)
  }

  init(file: String?, ansi: Bool, catalog: (any TableCatalog)? = nil, systems: FileSystems? = nil) {
    self.file = file
    self.systems = systems
    self.ansi = ansi
    self.catalog = catalog
  }

  /// Another query's result is a view: what is numbered goes on after its numbers.
  mutating func begin(after plan: Plan, as view: String) {
    fromJSONCount = plan.fromJSONCount
    watermarkCount = (plan.watermarks.map(\.number).max() ?? -1) + 1
    views[view.lowercased()] = .query(plan)
  }

  func error(_ message: String, at position: SourcePosition, wayOut: String? = nil) -> MillError {
    MillError(
      .configuration, message, at: .init(file: file, line: position.line, column: position.column), wayOut: wayOut)
  }

  // MARK: Script

  /// A script's statements in order; the one SELECT is the result.
  mutating func analyze(_ statements: [Statement]) throws -> Plan {
    var result: Plan?
    for statement in statements {
      if try define(statement) { continue }
      guard case .query(let query) = statement.kind else {
        throw error(
          "a script holds views, settings and one SELECT", at: statement.position,
          wayOut: "EXPLAIN, SHOW and DESCRIBE are for millrace sql")
      }
      guard result == nil else {
        throw error(
          "a script holds one SELECT, this is the second", at: statement.position,
          wayOut: "put it in a file of its own")
      }
      result = try plan(query)
    }
    guard let result else {
      throw error("the script has no SELECT", at: .init(line: 1, column: 1), wayOut: "end it with SELECT … FROM …")
    }
    return result
  }

  /// Does what a statement says about views and settings; false when it says nothing of the kind.
  mutating func define(_ statement: Statement) throws -> Bool {
    switch statement.kind {
    case .set(let key, let value): try set(key, value, at: statement.position)
    case .createSource(let name, let format, let schema, let options, let replaces):
      try checkNew(name, replaces, at: statement.position)
      views[name.lowercased()] = try source(name, format, schema, options, at: statement.position)
    case .createView(let name, let columns, let query, let replaces):
      try checkNew(name, replaces, at: statement.position)
      views[name.lowercased()] = .query(try rename(plan(query), columns, at: statement.position))
    case .dropView(let name, let ifExists):
      if views.removeValue(forKey: name.lowercased()) == nil, !ifExists {
        throw unknownView(name, at: statement.position)
      }
    case .query, .explain, .showTables, .showColumns, .describe, .describeQuery: return false
    }
    return true
  }

  private func checkNew(_ name: String, _ replaces: Bool, at position: SourcePosition) throws {
    if !replaces, views[name.lowercased()] != nil {
      throw error(
        "the view \(name) exists already", at: position, wayOut: "choose another name, or write CREATE OR REPLACE")
    }
  }

  private static let settings = [
    "spark.sql.ansi.enabled", "spark.sql.json.enablePartialResults", "spark.sql.session.timeZone",
    "spark.sql.caseSensitive", "spark.sql.sources.partitionColumnTypeInference.enabled",
  ]

  private mutating func set(_ key: String, _ value: String, at position: SourcePosition) throws {
    func flag() throws -> Bool {
      guard let flag = Bool(value.lowercased()) else {
        throw error("\(key) wants true or false, not \(value)", at: position)
      }
      return flag
    }
    switch key {
    case "spark.sql.ansi.enabled": ansi = try flag()
    case "spark.sql.sources.partitionColumnTypeInference.enabled": infersPartitionTypes = try flag()
    case "spark.sql.json.enablePartialResults": enablePartialResults = try flag()
    case "spark.sql.session.timeZone":
      if ["UTC", "GMT", "Z", "+00:00", "Etc/UTC"].contains(value) {
        zone = nil
      } else {
        do { zone = try ZoneCache.rules(value) } catch {
          throw self.error(
            "the time zone \(value) is not known", at: position, wayOut: "write a name like Europe/Berlin, or +02:00")
        }
      }
    case "spark.sql.caseSensitive":
      if try flag() { throw error("spark.sql.caseSensitive = true is not supported yet", at: position) }
    default:
      let nearest = Nearest.name(to: key, among: Self.settings)
      throw error(
        "unknown setting \(key)", at: position,
        wayOut: nearest.map { "did you mean \($0)?" } ?? "known are: \(Self.settings.joined(separator: ", "))")
    }
  }

  private mutating func source(
    _ name: String, _ format: String, _ schema: Schema?, _ options: [Statement.Option], at position: SourcePosition
  ) throws -> View {
    let reader = SourceOptions(file: file, position: position, options: options)
    switch format.lowercased() {
    case "kafka":
      if schema != nil { throw error("kafka has its own columns: leave the column list out", at: position) }
      let kafka = try reader.kafka()
      var columns = KafkaSource.schema
      if kafka.includeHeaders { columns.columns.append(KafkaSource.headersColumn) }
      return .source(Source(name: name, kind: .kafka(kafka), schema: columns))
    case "text", "json", "csv":
      return try fileSource(name, FileSource.Format(rawValue: format.lowercased())!, schema, reader, at: position)
    case "rate", "rate-micro-batch":
      if schema != nil { throw error("\(format) has its own columns: leave the column list out", at: position) }
      let rate = try format.lowercased() == "rate" ? reader.rate() : reader.rateMicroBatch()
      return .source(Source(name: name, kind: .rate(rate), schema: RateSource.schema))
    default:
      let known = ["kafka", "text", "json", "csv", "rate", "rate-micro-batch"]
      let nearest = Nearest.name(to: format, among: known)
      throw error(
        "unknown source format \(format)", at: position,
        wayOut: nearest.map { "did you mean \($0)?" } ?? "known are \(known.joined(separator: ", "))")
    }
  }

  mutating func fromJSON(_ schema: DataType, _ options: JSONOptions) -> FromJSON {
    var options = options
    if !enablePartialResults { options.enablePartialResults = false }
    defer { fromJSONCount += 1 }
    return FromJSON(id: fromJSONCount, schema: schema, options: options)
  }

  func rename(_ plan: Plan, _ names: [String], at position: SourcePosition) throws -> Plan {
    if names.isEmpty { return plan }
    guard names.count == plan.schema.count else {
      throw error("\(names.count) names for \(plan.schema.count) columns", at: position)
    }
    let columns = zip(names, plan.schema.columns).map { Schema.Column($0, $1.type) }
    let picks = columns.enumerated().map { Expression(.column($0.offset), $0.element.type, position) }
    return .project(picks, Schema(columns), plan)
  }

  // MARK: Queries

  mutating func plan(_ query: Query) throws -> Plan {
    let outer = views
    defer { views = outer }
    try define(query.with)
    if case .select(let select) = query.body {
      return try limited(plan(select, order: query.order), query)
    }
    return try limited(sorted(plan(query.body), by: query.order), query)
  }

  /// WITH: views for one query.
  mutating func define(_ with: [Query.Named]) throws {
    for named in with {
      views[named.name.lowercased()] = .query(try rename(plan(named.query), named.columns, at: named.position))
    }
  }

  // MARK: Generators

  mutating func apply(_ lateral: LateralView, _ plan: inout Plan, _ scope: inout Scope) throws {
    guard case .call(let name, let arguments) = lateral.generator.kind,
      case (var generator, var columns)? = try self.generator(name, arguments, scope, at: lateral.generator.position)
    else {
      throw error("LATERAL VIEW wants a generator, like explode(…)", at: lateral.generator.position)
    }
    generator.isOuter = generator.isOuter || lateral.isOuter
    try label(&columns, lateral.aliases, at: lateral.position)
    plan = .generate(generator, Schema(plan.schema.columns + columns), plan)
    scope.entries += columns.map { .init(qualifier: lateral.viewName, name: $0.name, type: $0.type) }
  }

  func label(_ columns: inout [Schema.Column], _ aliases: [String], at position: SourcePosition) throws {
    if aliases.isEmpty { return }
    guard aliases.count == columns.count else {
      throw error(
        "the generator gives \(columns.count) column\(columns.count == 1 ? "" : "s"), but there are \(aliases.count) "
          + "aliases", at: position)
    }
    for index in columns.indices { columns[index].name = aliases[index] }
  }

  /// `*`, `view.*`, `struct.*`
  mutating func star(
    _ parts: [String], _ scope: Scope, at position: SourcePosition
  ) throws -> [(Expression, String)] {
    func picks(_ indices: [Int]) -> [(Expression, String)] {
      indices.map { (Expression(.column($0), scope.entries[$0].type, position), scope.entries[$0].name) }
    }
    if parts.isEmpty {
      guard !scope.entries.isEmpty else { throw error("* needs a FROM", at: position) }
      return picks(scope.visible)
    }
    if parts.count == 1 {
      let indices = scope.indices(qualifier: parts[0])
      if !indices.isEmpty { return picks(indices) }
    }
    let base = try expression(Syntax(kind: .name(parts), position: position), scope)
    guard case .struct(let schema) = base.type else {
      throw error(
        "\(parts.joined(separator: ".")).* wants a struct or a view, not \(base.type.sql)", at: position)
    }
    return schema.columns.enumerated().map { index, column in
      (Expression(.field(base, index), column.type, position), column.name)
    }
  }
}
