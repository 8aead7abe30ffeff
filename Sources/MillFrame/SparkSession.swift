import MillBase
import MillColumns
import MillKafka
import MillLog
import MillQuery
import Synchronization

/// Spark's entry point: makes DataFrames. There is no server: queries run in this process.
public final class SparkSession: Sendable {
  public static var builder: Builder { Builder() }
  public static let version = "4.0.1"

  public struct Builder: Sendable {
    private var settings: [String: String] = [:]

    /// The name of the application; nothing depends on it.
    public func appName(_ name: String) -> Builder { config("spark.app.name", name) }
    /// `local[*]` and the like: this process is all there is.
    public func master(_ master: String) -> Builder { config("spark.master", master) }

    public func config(_ key: String, _ value: String) -> Builder {
      var copy = self
      copy.settings[key] = value
      return copy
    }

    /// - Throws: `.configuration` for a `spark.sql.*` setting that the engine does not know.
    public func getOrCreate() throws -> SparkSession { try SparkSession(settings) }
  }

  private struct State {
    var settings: [String]
    /// By the name that users gave, with the name of this definition: a frame keeps the one it was made with.
    var views: [String: (name: String, frame: DataFrame)] = [:]
    var made = 0
  }

  private let state: Mutex<State>
  private let logs = Mutex<[String: KafkaLog]>([:])
  private let tables = Tables()

  private init(_ settings: [String: String]) throws {
    removesCheckpoints = settings[Self.removal]?.lowercased() == "true"
    let sql = settings.filter { $0.key.hasPrefix("spark.sql.") && !Self.ignored.contains($0.key) }
    let statements = sql.sorted { $0.key < $1.key }.map { "SET \($0.key) = \($0.value);\n" }
    state = Mutex(State(settings: statements))
    _ = try CompiledQuery(script: statements.joined() + "SELECT 1")
  }

  /// Settings of Spark's that change no answer.
  private static let ignored: Set<String> = ["spark.sql.shuffle.partitions", "spark.sql.adaptive.enabled", removal]
  private static let removal = "spark.sql.streaming.forceDeleteTempCheckpointLocation"
  /// Checkpoints that nobody named go also after an error.
  let removesCheckpoints: Bool

  /// Lets go of connections. Streaming queries are stopped by themselves.
  public func stop() throws {
    let open = logs.withLock { logs in
      defer { logs = [:] }
      return Array(logs.values)
    }
    for log in open { try log.close() }
  }

  var places: BatchQuery.Places { BatchQuery.Places(log: { [self] in try log($0) }) }

  /// One client for each set of servers and `kafka.` options.
  func log(_ source: KafkaSource) throws -> any RecordLog { try log(source.bootstrapServers, source.clientOptions) }

  func log(_ servers: String, _ properties: [String: String]) throws -> any RecordLog {
    let key = servers + properties.sorted { $0.key < $1.key }.map { "\n\($0.key)=\($0.value)" }.joined()
    return try logs.withLock { logs in
      if let log = logs[key] { return log }
      let log = try KafkaLog(bootstrapServers: servers, properties: properties)
      logs[key] = log
      return log
    }
  }

  // MARK: Frames

  /// Bounded data: topics up to what is there, files.
  public var read: DataFrameReader { DataFrameReader(session: self, isStreaming: false) }
  /// Unbounded data, for ``DataFrame/writeStream``: topics, files as they come, rate.
  public var readStream: DataFrameReader { DataFrameReader(session: self, isStreaming: true) }

  /// A SELECT in Spark SQL, over the session's views.
  public func sql(_ text: String, file: String = #fileID, line: Int = #line) -> DataFrame {
    var body = Substring(text)
    while let last = body.last, last == ";" || last.isWhitespace { body.removeLast() }
    // Which views a text names is for the engine to say: too many do no harm.
    let lower = body.lowercased()
    let named = state.withLock { $0.views }.filter { lower.contains($0.key.lowercased()) }.sorted { $0.key < $1.key }
    var definitions: [(name: String, definition: String)] = []
    for (_, view) in named {
      let known = Set(definitions.map(\.name))
      definitions += (view.frame.views + [(view.name, "CREATE TEMPORARY VIEW \(view.name) AS \(view.frame.query)")])
        .filter { !known.contains($0.name) }
    }
    let bound = named.map { "\(Text.name($0.key)) AS (SELECT * FROM \($0.value.name))" }
    return DataFrame(
      session: self, views: definitions,
      query: bound.isEmpty ? String(body) : "WITH \(bound.joined(separator: ", ")) (\(body))",
      isStreaming: named.contains { $0.value.frame.isStreaming }, from: SourcePlace(file, line))
  }

  /// Numbers from `start` up to `end`, which is left out, in a column `id`.
  public func range(
    _ start: Int, _ end: Int? = nil, _ step: Int = 1, file: String = #fileID, line: Int = #line
  ) -> DataFrame {
    let (from, to) = end.map { (start, $0) } ?? (0, start)
    let last = step > 0 ? to - 1 : to + 1
    let isEmpty = step > 0 ? from >= to : from <= to
    let query =
      "SELECT explode(sequence(CAST(\(from) AS BIGINT), CAST(\(isEmpty ? from : last) AS BIGINT), "
      + "CAST(\(step) AS BIGINT))) AS id"
    return DataFrame(
      session: self, views: [], query: isEmpty ? "SELECT * FROM (\(query)) AS r WHERE false" : query,
      isStreaming: false, from: .init(file, line))
  }

  func define(_ name: String, _ frame: DataFrame) {
    let inner = newName("view")
    state.withLock { $0.views[name] = (inner, frame) }
  }

  /// Rows that change as a view: each query reads what is there.
  func define(_ name: String, rows: @escaping @Sendable () -> ColumnBatch, _ schema: Schema) {
    let inner = newName("rows")
    tables.add(.table(TableSource(name, rows: rows), schema, named: inner))
    define(
      name, DataFrame(session: self, views: [], query: "SELECT * FROM \(inner)", isStreaming: false, from: nil))
  }

  /// A name that no other view of the session has.
  func newName(_ prefix: String) -> String {
    state.withLock { state in
      state.made += 1
      return "\(prefix)_\(state.made)"
    }
  }

  func compile(_ script: String) throws -> CompiledQuery {
    let settings = state.withLock { $0.settings }
    return try CompiledQuery(script: settings.joined() + script, catalog: tables)
  }

  /// Rows that are there already, as a frame; it can be used while the body runs.
  func withFrame<Result>(
    of batch: ColumnBatch, _ body: (DataFrame) async throws -> Result
  ) async throws -> Result {
    let name = newName("batch")
    tables.add(.table(TableSource("batch") { batch }, batch.schema, named: name))
    defer { tables.remove(name) }
    return try await body(
      DataFrame(session: self, views: [], query: "SELECT * FROM \(name)", isStreaming: false, from: nil))
  }

  /// Frames of rows by their names.
  private final class Tables: TableCatalog {
    private let tables = Mutex<[String: Source]>([:])
    /// They are nobody's to name.
    var tableNames: [String] { [] }
    func table(_ name: String) -> Source? { tables.withLock { $0[name] } }
    func add(_ source: Source) { tables.withLock { $0[source.name] = source } }
    func remove(_ name: String) { tables.withLock { $0[name] = nil } }
  }
}

/// Spark's DataFrameReader and DataStreamReader.
public struct DataFrameReader: Sendable {
  let session: SparkSession
  let isStreaming: Bool
  private var source = ""
  private var options: [(key: String, value: String)] = []
  private var columns: String?

  init(session: SparkSession, isStreaming: Bool) {
    self.session = session
    self.isStreaming = isStreaming
  }

  /// kafka, json, text, csv; for a stream also rate and rate-micro-batch.
  public func format(_ name: String) -> DataFrameReader {
    var copy = self
    copy.source = name
    return copy
  }

  public func option(_ key: String, _ value: String) -> DataFrameReader {
    var copy = self
    copy.options.append((key, value))
    return copy
  }
  public func option(_ key: String, _ value: Int) -> DataFrameReader { option(key, "\(value)") }
  public func option(_ key: String, _ value: Bool) -> DataFrameReader { option(key, "\(value)") }

  /// - Parameter ddl: `a INT, b STRING`.
  public func schema(_ ddl: String) -> DataFrameReader {
    var copy = self
    copy.columns = ddl
    return copy
  }
  public func schema(_ type: StructType) -> DataFrameReader { schema(type.ddl) }

  /// - Parameter path: of files.
  public func load(_ path: String? = nil, file: String = #fileID, line: Int = #line) -> DataFrame {
    var all = options
    if let path { all.append(("path", path)) }
    let name = session.newName(source.isEmpty ? "source" : source.replacing("-", with: "_"))
    let list = all.map { "\(Text.literal($0.key)) \(Text.literal($0.value))" }.joined(separator: ", ")
    let head = "CREATE TEMPORARY VIEW \(name)\(columns.map { " (\($0))" } ?? "") USING \(Text.name(source))"
    // Files are read as they are unless the query says otherwise; topics and rate are streams by themselves.
    let isFiles = ["json", "text", "csv"].contains(source.lowercased())
    return DataFrame(
      session: session, views: [(name, "\(head) OPTIONS (\(list))")],
      query: "SELECT * FROM \(isStreaming && isFiles ? "STREAM(\(name))" : name)", isStreaming: isStreaming,
      from: .init(file, line))
  }

  public func json(_ path: String, file: String = #fileID, line: Int = #line) -> DataFrame {
    format("json").load(path, file: file, line: line)
  }
  public func text(_ path: String, file: String = #fileID, line: Int = #line) -> DataFrame {
    format("text").load(path, file: file, line: line)
  }
  public func csv(_ path: String, file: String = #fileID, line: Int = #line) -> DataFrame {
    format("csv").load(path, file: file, line: line)
  }
}
