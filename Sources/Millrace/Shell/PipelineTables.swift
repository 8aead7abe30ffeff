import MillArchive
import MillBase
import MillLog
import MillQuery
import MillStore

/// What a pipeline keeps, as tables: `topic.NAME`, `archive.DIRECTORY`, `store.MEASUREMENT`.
///
/// When the pipeline runs (in another process), its log and store are asked by their addresses; when it does not, they
/// are opened here, and it can't be started meanwhile.
final class PipelineTables: TableCatalog {
  private enum Kind: String, CaseIterable { case topic, archive, store }

  let places: BatchQuery.Places
  private let log: any RecordLog
  private let servers: String
  private let files: FileSystems?
  /// In front of an archive directory's name; a scheme leads to ``files``.
  private let archiveRoot: String
  private let measurements: MeasurementTables?
  private let logs: LogDirectory
  private let localLog: LocalLog?
  private let engine: StoreEngine?
  /// Of the data directory, when the pipeline does not run.
  private let lock: File?

  /// The topics of a Kafka.
  init(servers: String) throws {
    logs = LogDirectory(local: nil, properties: [:])
    log = try logs.log(servers)
    self.servers = servers
    (files, measurements, localLog, engine, lock) = (nil, nil, nil, nil, nil)
    archiveRoot = ""
    places = Self.places(logs, nil)
  }

  /// - Throws: `.configuration`; what the log or the store says when it is opened.
  init(_ configuration: PipelineConfiguration) throws {
    var lock: File?
    if Files.exists(configuration.data) {
      let file = try File("\(configuration.data)/.lock", .readWrite)
      if try file.tryLock() { lock = file }
    }
    self.lock = lock
    let address = configuration.log.listen.map { "\($0)" } ?? configuration.log.servers ?? ""
    servers = address
    if let listen = configuration.log.listen, lock != nil {
      let opened = try LocalLog(directory: configuration.dataPath("log"))
      localLog = opened
      logs = LogDirectory(local: (opened, listen), properties: configuration.log.properties)
    } else {
      localLog = nil
      logs = LogDirectory(local: nil, properties: configuration.log.properties)
    }
    log = try logs.log(address)
    files = try configuration.fileSystems()
    archiveRoot = configuration.archive.webhdfs == nil ? configuration.dataPath(configuration.archive.root) : "hdfs://"
    if let store = configuration.store, store.url == nil, lock != nil {
      let opened = try StoreEngine(directory: configuration.dataPath("store"))
      engine = opened
      measurements = MeasurementTables(database: store.database) { query in
        opened.answer(InfluxQLRequest(query, database: store.database, epoch: .nanoseconds))
      }
    } else {
      engine = nil
      measurements = configuration.dataSource(store: configuration.store?.listen).map { source in
        let client = HTTPClient()
        return MeasurementTables(database: source.database) { query in
          let response = try client.send(source.request(query, epoch: "ns"))
          // 400 and the like carry {"error": …}, which says more than the number.
          guard response.status < 500 else {
            throw MillError(.refused, "the store at \(source.url) answers \(response.status)")
          }
          return response.body
        }
      }
    }
    places = Self.places(logs, files)
  }

  private static func places(_ logs: LogDirectory, _ files: FileSystems?) -> BatchQuery.Places {
    BatchQuery.Places(log: { try logs.log($0.bootstrapServers, properties: $0.clientOptions) }, files: files)
  }

  func close() throws {
    try engine?.close()
    try localLog?.close()
    try logs.close()
  }

  // MARK: Tables

  var tableNames: [String] {
    Kind.allCases.flatMap { kind in
      do { return try names(kind).map { "\(kind.rawValue).\($0)" } } catch {
        // The others can be listed all the same.
        Log.warning("sql", "\(kind.rawValue): \(error)")
        return []
      }
    }
  }

  private func names(_ kind: Kind) throws -> [String] {
    switch kind {
    case .topic: try log.topics().map(\.name).filter { !$0.hasPrefix("__") }
    case .archive:
      try files.map { files in
        let (system, root) = try files.resolve("/")
        return try system.list(root).filter(\.isDirectory).map(\.name)
      } ?? []
    case .store: try measurements?.names() ?? []
    }
  }

  func table(_ name: String) throws -> Source? {
    if let dot = name.firstIndex(of: "."), let kind = Kind(rawValue: name[..<dot].lowercased()) {
      return try table(kind, String(name[name.index(after: dot)...]))
    }
    let found = try Kind.allCases.filter { try names($0).contains(name) }
    guard found.count < 2 else {
      let choices = found.map { "\($0.rawValue).\(name)" }.joined(separator: " or ")
      throw MillError(.configuration, "the name \(name) could mean several tables", wayOut: "write \(choices)")
    }
    return try found.first.flatMap { try table($0, name) }
  }

  private func table(_ kind: Kind, _ inner: String) throws -> Source? {
    guard try names(kind).contains(inner) else { return nil }
    let name = "\(kind.rawValue).\(inner)"
    switch kind {
    case .topic: return .topic(inner, servers: servers, named: name)
    case .archive: return .text("\(archiveRoot)/\(inner)", named: name)
    case .store: return try measurements?.table(inner, named: name)
    }
  }
}
