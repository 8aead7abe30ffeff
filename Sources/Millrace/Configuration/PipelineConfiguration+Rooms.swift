import MillArchive
import MillBase
import MillCollect
import MillKafka
import MillLog
import MillQuery
import MillStore
import MillView

/// The pipeline's settings in the words of the rooms.
extension PipelineConfiguration {
  /// The uid that the example's dashboards name.
  static let dataSourceUID = "millrace"

  /// Where `hdfs.path` leads: `archive.webhdfs`, else `archive.root`.
  ///
  /// - Throws: `.configuration` when an address is none.
  func fileSystems() throws -> FileSystems {
    let nameNodes = (archive.webhdfs ?? "").split(separator: ",").map { String($0.filter { $0 != " " }) }
    return try FileSystems(root: dataPath(archive.root), webHDFS: nameNodes, user: archive.user)
  }

  /// The store as a data source of dashboards and alert rules; nil without a store.
  func dataSource(store address: Address?) -> DataSource? {
    guard let store else { return nil }
    let url = store.url ?? "http://\(address ?? store.listen ?? Address(host: "127.0.0.1", port: 8086))"
    let credentials: DataSource.Credentials =
      if let token = store.token {
        .token(token)
      } else if let user = store.user {
        .basic(user: user, password: store.password ?? "")
      } else {
        .none
      }
    return DataSource(
      name: "Millrace", uid: Self.dataSourceUID, url: url, database: store.database, credentials: credentials)
  }
}

extension PipelineConfiguration.Query {
  /// - Throws: `.configuration` with the SQL file, line and column.
  func compile(_ configuration: PipelineConfiguration) throws -> CompiledQuery {
    let path = configuration.file(file)
    guard Files.exists(path) else {
      throw MillError(
        .configuration, "'queries.\(name).file': there is no file \(path)",
        at: .init(file: configuration.file, line: line))
    }
    let query = try CompiledQuery(
      script: Files.readText(path), file: path, ansi: ansi, systems: configuration.fileSystems())
    try query.checkStreams(outputMode)
    // What the sink has no room for is known before anything starts.
    try located(configuration) {
      if format == "influxdb" {
        _ = try LineProtocolEncoder(mapping, schema: query.schema)
      } else {
        let servers = configuration.log.listen.map { "\($0)" } ?? configuration.log.servers
        _ = try sink(query, configuration, servers: servers) { try KafkaLog(bootstrapServers: $0, properties: $1) }
      }
    }
    return query
  }

  var streamingOptions: StreamingQuery.Options {
    var options = StreamingQuery.Options()
    if let stateMemory { options.stateMemory = stateMemory }
    options.maxOffsetsPerTrigger = maxOffsetsPerTrigger.map { Int64($0) }
    return options
  }

  /// The sink of a format that needs no store.
  ///
  /// - Parameters:
  ///   - servers: of the pipeline's log, where a topic is unless the options say otherwise.
  ///   - log: of Kafka's bootstrap servers, with client properties.
  func sink(
    _ query: CompiledQuery, _ configuration: PipelineConfiguration, servers: String?,
    log: (_ servers: String, _ properties: [String: String]) throws -> any RecordLog
  ) throws -> any StreamSink {
    guard let format = SinkFormat(rawValue: format) else {
      throw MillError(.configuration, "the format '\(self.format)' is not known")
    }
    var options = sinkOptions
    if format == .kafka, !options.keys.contains(where: { $0.lowercased() == "kafka.bootstrap.servers" }) {
      options["kafka.bootstrap.servers"] = servers
    }
    return try format.sink(
      query, options: options, partitionBy: partitionBy, outputMode: outputMode,
      systems: configuration.fileSystems(), log: log)
  }

  private func located(_ configuration: PipelineConfiguration, _ body: () throws -> Void) throws {
    do { try body() } catch let error as MillError {
      throw MillError(
        error.code, "'queries.\(name)': \(error.message)", at: .init(file: configuration.file, line: line),
        wayOut: error.wayOut)
    }
  }

  var mapping: PointMapping {
    PointMapping(
      measurement: .constant(measurement), tags: tags, fields: fields, time: time, identity: identity)
  }
}

extension CollectorConfiguration {
  init(_ source: PipelineConfiguration.Source) {
    self.init(name: source.name, url: source.url, spool: source.spool)
    interval = source.interval
    timeout = source.timeout
    headers = source.headers
    onlyWhenChanged = source.onlyWhenChanged
    changedPart = source.changedPart
    documentBytesMax = source.documentBytesMax
    spoolBytesMax = source.spoolBytesMax
    spoolFilesMax = source.spoolFilesMax
  }
}
