import MillAgent
import MillArchive
import MillBase
import MillCollect
import MillKafka
import MillLog
import MillQuery
import MillStore
import MillView

/// The rooms of one pipeline, opened and wired. Servers answer from here on; work begins with ``start()``.
struct Rooms: Sendable {
  /// Held as long as the pipeline runs: two chains in one data directory would write over each other.
  private let lock: File
  let log: any RecordLog
  let localLog: LocalLog?
  let kafkaServer: KafkaServer?
  let logs: LogDirectory
  let deadLetters: DeadLetters
  let engine: StoreEngine?
  let storeServer: StoreServer?
  let writer: (any PointWriter)?
  let queries: [StreamingQuery]
  let agents: [AgentRunner]
  let sampleAPI: SampleAPI?
  let collectors: [Collector]
  let alerts: AlertEvaluator?
  let view: ViewServer?

  /// - Throws: what the first room that can't be opened says; what was opened before is closed again.
  init(
    _ configuration: PipelineConfiguration, sinks: [String: any StreamSink], monitor: ChainMonitor
  ) throws {
    lock = try Self.lock(configuration.data)
    (log, localLog, kafkaServer, logs) = try Self.openLog(configuration)
    deadLetters = try DeadLetters(log: log, topic: configuration.log.deadLetterTopic)
    (engine, storeServer, writer) = try Self.openStore(configuration)
    queries = try Self.openQueries(
      configuration, sinks: sinks, logs: logs, writer: writer, deadLetters: deadLetters)
    agents = try Self.openAgents(configuration, logs: logs)
    sampleAPI = try configuration.sampleAPI.map {
      try SampleAPI(listen: $0.listen, seed: $0.seed, vintageInterval: $0.vintageInterval)
    }
    collectors = try configuration.sources.map {
      try Collector(.init($0), stateDirectory: configuration.dataPath("collect"))
    }
    (alerts, view) = try Self.openView(configuration, store: storeServer, monitor: monitor)
  }

  private static func lock(_ data: String) throws -> File {
    try Files.makeDirectory(data)
    let file = try File("\(data)/.lock", .readWrite)
    guard try file.tryLock() else {
      throw MillError(
        .configuration, "another process runs a chain in this data directory", at: .init(file: data),
        wayOut: "stop that one, or give this one a directory of its own with --data")
    }
    return file
  }

  private static func openLog(
    _ configuration: PipelineConfiguration
  ) throws -> (any RecordLog, LocalLog?, KafkaServer?, LogDirectory) {
    let settings = configuration.log
    var local: LocalLog?
    var server: KafkaServer?
    let logs: LogDirectory
    let log: any RecordLog
    if let listen = settings.listen {
      let opened = try LocalLog(directory: configuration.dataPath("log"))
      local = opened
      log = opened
      let serving = try KafkaServer(log: opened, listen: listen)
      server = serving
      logs = LogDirectory(local: (opened, serving.address), properties: settings.properties)
    } else {
      logs = LogDirectory(local: nil, properties: settings.properties)
      log = try logs.log(settings.servers ?? "")
    }
    for topic in settings.topics where try log.topic(topic.name) == nil {
      try log.createTopic(topic.name, partitions: topic.partitions, configuration: topic.configuration)
    }
    return (log, local, server, logs)
  }

  private static func openAgents(
    _ configuration: PipelineConfiguration, logs: LogDirectory
  ) throws -> [AgentRunner] {
    let files = try configuration.fileSystems()
    return try configuration.agents.map { agent in
      try AgentRunner(
        configurationFile: configuration.file(agent.file), agentName: agent.name,
        environment: AgentEnvironment(
          baseDirectory: configuration.data, stateDirectory: configuration.dataPath("agents"),
          openLog: { servers, properties in try logs.log(servers, properties: properties) },
          fileSystem: { path in try files.resolve(path) }))
    }
  }

  private static func openStore(
    _ configuration: PipelineConfiguration
  ) throws -> (StoreEngine?, StoreServer?, (any PointWriter)?) {
    guard let settings = configuration.store else { return (nil, nil, nil) }
    guard let url = settings.url else {
      let engine = try StoreEngine(directory: configuration.dataPath("store"))
      try engine.createDatabase(settings.database)
      let server = try StoreServer(engine: engine, listen: settings.listen!)
      return (engine, server, LocalWriter(engine: engine, database: settings.database))
    }
    var target = InfluxConfiguration(
      url: url,
      api: settings.version == 2
        ? .v2(organization: settings.organization ?? "", bucket: settings.database)
        : .v1(database: settings.database))
    if let token = settings.token {
      target.credential = .token(token)
    } else if let user = settings.user {
      target.credential = .basic(user: user, password: settings.password ?? "")
    }
    target.createsDatabase = true
    return (nil, nil, InfluxWriter(configuration: target))
  }

  private static func openQueries(
    _ configuration: PipelineConfiguration, sinks: [String: any StreamSink], logs: LogDirectory,
    writer: (any PointWriter)?, deadLetters: DeadLetters
  ) throws -> [StreamingQuery] {
    try configuration.queries.map { settings in
      let query = try settings.compile(configuration)
      let sink: any StreamSink
      if let own = sinks[settings.name] {
        sink = own
      } else if settings.format == "influxdb", let writer {
        let points = InfluxSink(mapping: settings.mapping, writer: writer, deadLetters: deadLetters)
        sink = RowsSink("InfluxDBSink") { try points.addBatch(id: $0, [$1]) }
      } else {
        let servers = logs.localAddress.map { "\($0)" } ?? configuration.log.servers
        sink = try settings.sink(query, configuration, servers: servers) { try logs.client($0, properties: $1) }
      }
      var options = settings.streamingOptions
      options.sinkKnowsRows = settings.format == "influxdb" && sinks[settings.name] == nil
      return try StreamingQuery(
        name: settings.name, query: query, log: { try logs.log($0.bootstrapServers, properties: $0.clientOptions) },
        files: try configuration.fileSystems(), sink: sink,
        checkpointLocation: configuration.dataPath(settings.checkpoint), outputMode: settings.outputMode,
        trigger: Trigger(parsing: settings.trigger), options: options,
        onMalformed: { record, origin, reason in
          try deadLetters.put(record, room: "query", reason: reason, origin: origin)
        })
    }
  }

  private static func openView(
    _ configuration: PipelineConfiguration, store: StoreServer?, monitor: ChainMonitor
  ) throws -> (AlertEvaluator?, ViewServer?) {
    guard let settings = configuration.view else { return (nil, nil) }
    let sources = configuration.dataSource(store: store?.address).map { [$0] } ?? []
    var alerts: AlertEvaluator?
    if !settings.alerting.isEmpty {
      alerts = AlertEvaluator(
        rules: try AlertRules.load(files: settings.alerting.map(configuration.file)), dataSources: sources,
        stateFile: configuration.dataPath("alerts.json"), externalURL: "http://\(settings.listen)/")
    }
    let view = try ViewServer(
      listen: settings.listen, dashboards: settings.dashboards.map { try Dashboard.load(configuration.file($0)) },
      dataSources: sources, status: monitor, alerts: alerts)
    return (alerts, view)
  }

  // MARK: Looking at them

  /// Records that wait for a query.
  func lag(of query: String) -> Int {
    Metrics.shared.gauge("millrace_query_lag_records", ["query": query]).value
  }

  /// How many dead letters there are, and the latest ones, newest first.
  func latestDeadLetters(_ limit: Int) -> (count: Int, latest: [ChainStatus.DeadLetter]) {
    let partition = TopicPartition(deadLetters.topic, 0)
    do {
      let (start, end) = try log.offsets(partition)
      var letters: [ChainStatus.DeadLetter] = []
      var offset = max(start, end - Int64(limit))
      while offset < end {
        let batch = try log.read(partition, from: offset, maxBytes: 1 << 20, wait: .zero)
        guard batch.nextOffset > offset else { break }
        for index in batch.slots.indices {
          let headers = batch.headers(index)
          func text(_ key: String) -> String {
            headers.first { $0.key == key }?.value.map { String(decoding: $0, as: UTF8.self) } ?? ""
          }
          letters.append(
            .init(
              at: batch.slots[index].timestamp, room: text("deadletter.room"), reason: text("deadletter.reason"),
              origin: text("deadletter.origin")))
        }
        offset = batch.nextOffset
      }
      return (Int(end - start), letters.suffix(limit).reversed())
    } catch {
      Log.warning("log", "the dead letters can't be read: \(error)")
      return (Metrics.shared.sum("millrace_dead_letters_total"), [])
    }
  }

  // MARK: Beginning and ending

  /// Begins from the end of the chain, so that nothing waits for a room that is not there yet.
  func start() {
    for query in queries { query.start() }
    for agent in agents { agent.start() }
    for collector in collectors { collector.start() }
    alerts?.start()
  }

  /// Stops in the direction of the flow, so that each room still gets what is on its way to it.
  ///
  /// - Parameter drain: how long each room may take to empty. What is left then is not lost: it is read again at the
  ///   next start.
  func stop(drain: Duration) {
    for collector in collectors { collector.stop() }
    sampleAPI?.stop()
    emptySpools(atMost: drain)
    for agent in agents { agent.stop(drain: drain) }
    for query in queries where query.isActive {
      do {
        if try !query.processAllAvailable(drain) {
          Log.warning("query", "\(query.name): not everything went through in time; the rest comes at the next start")
        }
      } catch {
        Log.error("query", "\(query.name): \(error)")
      }
    }
    alerts?.stop()
    writer?.stop()
    for query in queries { query.stop() }
    view?.stop()
    storeServer?.stop()
    kafkaServer?.stop()
  }

  /// Waits until the agents have taken every spooled file, or take none any more (a file that they set aside stays).
  private func emptySpools(atMost limit: Duration) {
    guard !agents.isEmpty else { return }
    let end = Clock.steadyNanoseconds() + UInt64(limit.milliseconds) * 1_000_000
    var left = Int.max
    var sinceChange = Clock.steadyNanoseconds()
    while true {
      let files = collectors.reduce(0) { $0 + $1.status().spoolFiles }
      let now = Clock.steadyNanoseconds()
      if files == 0 || now >= end { return }
      if files < left { (left, sinceChange) = (files, now) }
      if now - sinceChange > Self.spoolStandstill { return }
      _ = Signal().wait(.milliseconds(20))
    }
  }

  /// Nanoseconds without a file taken after which draining goes on without the rest.
  private static let spoolStandstill: UInt64 = 2_000_000_000

  func close() throws {
    try engine?.close()
    try localLog?.close()
    try logs.close()
  }
}
