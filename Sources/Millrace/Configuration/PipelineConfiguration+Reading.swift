import MillBase
import MillQuery

extension PipelineConfiguration {
  public static let fileName = "pipeline.yaml"

  /// Reads `pipeline.yaml` in the directory, with the file that its `include` names.
  ///
  /// - Parameter data: replaces the file's `data`.
  /// - Returns: the configuration, or nil when too little of it could be read; and all that is wrong with it.
  static func read(
    directory: String, data: String? = nil, environment: [String: String]
  ) -> (configuration: PipelineConfiguration?, problems: Problems) {
    let problems = Problems()
    let configuration = problems.collect {
      try PipelineConfiguration(directory: directory, data: data, variables: .init(values: environment), problems)
    }
    return (configuration, problems)
  }

  private static let topKeys = [
    "name", "include", "data", "collect", "sampleApi", "log", "agents", "archive", "queries", "store", "view",
  ]

  private init(directory: String, data: String?, variables: EnvironmentVariables, _ problems: Problems) throws {
    guard try Files.status(directory)?.isDirectory == true else {
      throw MillError(
        .configuration, "there is no such directory", at: .init(file: directory),
        wayOut: "name the directory that holds \(Self.fileName)")
    }
    let file = "\(directory)/\(Self.fileName)"
    guard Files.exists(file) else {
      throw MillError(
        .configuration, "there is no \(Self.fileName)", at: .init(file: file),
        wayOut: "see examples/population for one")
    }
    var root = try Self.load(file, variables, problems)
    if let include = root["include"], let name = include.string {
      let path = Files.resolve(name, in: directory)
      guard Files.exists(path) else { throw include.error("include: there is no file \(path)") }
      root = try Self.merge(root, with: try Self.load(path, variables, problems))
    }
    let top = Section(root, "the pipeline", keys: Self.topKeys, problems)
    self.directory = directory
    self.file = file
    name = top.string("name") ?? Files.split(directory).name
    self.data = data ?? Files.resolve(top.string("data") ?? "var", in: directory)

    readSources(top, problems)
    readLog(top, problems)
    readAgents(top, problems)
    readArchive(top, problems)
    readQueries(top, problems)
    readStore(top, problems)
    readView(top, problems)
  }

  private static func load(
    _ file: String, _ variables: EnvironmentVariables, _ problems: Problems
  ) throws -> YAMLNode {
    let node = try YAMLNode(parsing: Files.readText(file), file: file)
    refuseLiteralSecrets(node, problems)
    return variables.fill(node, problems)
  }

  /// A file in which a token stands gets committed one day.
  private static func refuseLiteralSecrets(_ node: YAMLNode, _ problems: Problems) {
    for (key, _, value) in node.pairs ?? [] {
      if ["token", "password"].contains(key), let text = value.string, !text.contains("${") {
        Secrets.register(text)
        problems.add(
          value.error("'\(key)' holds a secret", wayOut: "put it into the environment and write ${NAME} here"))
      }
      refuseLiteralSecrets(value, problems)
    }
  }

  /// Keys of both; below `collect`, `queries` and the like the names of both. A name in both files is an error.
  private static func merge(_ main: YAMLNode, with other: YAMLNode) throws -> YAMLNode {
    guard case .mapping(var pairs) = main.content, let added = other.pairs else {
      throw other.error("an included file must be a mapping, as the pipeline is")
    }
    for pair in added {
      guard let index = pairs.firstIndex(where: { $0.key == pair.key }) else {
        pairs.append(pair)
        continue
      }
      guard pairs[index].value.pairs != nil, pair.value.pairs != nil else {
        throw MillError(
          .configuration, "'\(pair.key)' is in both files (there in line \(pairs[index].line))",
          at: .init(file: other.file, line: pair.line))
      }
      pairs[index].value = try merge(pairs[index].value, with: pair.value)
    }
    var result = main
    result.content = .mapping(pairs)
    return result
  }

  private mutating func readSources(_ top: Section, _ problems: Problems) {
    let keys = [
      "url", "spool", "interval", "timeout", "headers", "onlyWhenChanged", "changedPart", "documentBytesMax",
      "spoolBytesMax", "spoolFilesMax",
    ]
    for (name, section) in top.sections("collect", keys: keys) {
      var source = Source(name: name, url: section.required("url"), spool: section.required("spool"))
      if !source.url.isEmpty, !source.url.hasPrefix("http://"), !source.url.hasPrefix("https://") {
        problems.add(section.node["url"]!.error("'\(section.name).url' must begin with http:// or https://"))
      }
      if let interval = section.duration("interval") { source.interval = interval }
      if let timeout = section.duration("timeout") { source.timeout = timeout }
      source.headers = (section.map("headers") ?? []).map { ($0.key, $0.value) }
      source.onlyWhenChanged = section.bool("onlyWhenChanged") ?? false
      source.changedPart = section.string("changedPart") ?? ""
      if let limit = section.size("documentBytesMax") { source.documentBytesMax = limit }
      if let limit = section.size("spoolBytesMax") { source.spoolBytesMax = limit }
      if let limit = section.integer("spoolFilesMax", 1...Int.max) { source.spoolFilesMax = limit }
      source.spool = dataPath(source.spool)
      sources.append(source)
    }
    if let section = top.section("sampleApi", keys: ["listen", "seed", "vintageInterval"]) {
      var sample = SampleAPI(listen: section.address("listen") ?? Address(host: "127.0.0.1", port: 8071))
      if let seed = section.integer("seed") { sample.seed = UInt64(seed) }
      if let interval = section.duration("vintageInterval") { sample.vintageInterval = interval }
      sampleAPI = sample
    }
  }

  private mutating func readLog(_ top: Section, _ problems: Problems) {
    guard let section = top.section("log", keys: ["listen", "servers", "properties", "topics", "deadLetterTopic"])
    else {
      log.listen = Address(host: "127.0.0.1", port: 9092)
      return
    }
    log.servers = section.string("servers")
    log.listen = section.address("listen") ?? (log.servers == nil ? Address(host: "127.0.0.1", port: 9092) : nil)
    if log.servers != nil, section.has("listen") {
      problems.add(
        section.node.error(
          "'log' has both 'listen' (built in) and 'servers' (a real Kafka)", wayOut: "keep one of them"))
    }
    log.properties = Dictionary(
      (section.map("properties") ?? []).map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    if let name = section.string("deadLetterTopic") { log.deadLetterTopic = name }
    for (name, topic) in section.sections("topics", keys: ["partitions", "configuration"]) {
      log.topics.append(
        .init(
          name: name, partitions: topic.integer("partitions", 1...10_000) ?? 1,
          configuration: Dictionary(
            (topic.map("configuration") ?? []).map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })))
    }
  }

  private mutating func readAgents(_ top: Section, _ problems: Problems) {
    guard let node = top.node["agents"] else { return }
    guard let items = node.items else { return problems.add(node.error("'agents' must be a list of {file, name}")) }
    for item in items {
      let section = Section(item, "agents", keys: ["file", "name"], problems)
      agents.append(Agent(file: section.required("file"), name: section.required("name")))
    }
  }

  private mutating func readArchive(_ top: Section, _ problems: Problems) {
    guard let section = top.section("archive", keys: ["root", "webhdfs", "user"]) else { return }
    archive.root = section.string("root") ?? archive.root
    archive.webhdfs = section.string("webhdfs")
    archive.user = section.string("user")
  }

  private mutating func readQueries(_ top: Section, _ problems: Problems) {
    let keys = [
      "file", "format", "trigger", "checkpointLocation", "measurement", "tags", "fields", "time", "identity",
      "maxOffsetsPerTrigger", "ansi", "outputMode", "stateMemory", "path", "topic", "partitionBy", "options",
    ]
    for (name, section) in top.sections("queries", keys: keys) {
      var query = Query(
        name: name, file: section.required("file"), line: section.node.line,
        checkpoint: section.string("checkpointLocation") ?? "checkpoints/\(name)")
      readSink(section, &query, problems)
      query.trigger = section.string("trigger") ?? query.trigger
      query.tags = section.strings("tags") ?? []
      query.fields = section.strings("fields")
      query.time = section.string("time")
      query.identity = section.strings("identity") ?? []
      query.maxOffsetsPerTrigger = section.integer("maxOffsetsPerTrigger", 1...Int.max)
      query.ansi = section.bool("ansi") ?? true
      do { query.outputMode = try section.string("outputMode").map { try OutputMode(parsing: $0) } ?? .append } catch {
        problems.add(section.node["outputMode"]!.error("'\(section.name).outputMode': \(error)"))
      }
      query.stateMemory = section.size("stateMemory")
      queries.append(query)
    }
    if queries.contains(where: { $0.format == "influxdb" }), !top.has("store") {
      problems.add(top.node.error("a query writes to influxdb, but there is no 'store'", wayOut: "add 'store:'"))
    }
  }

  /// Which keys belong to a format; a key of another one would do nothing.
  private static let sinkKeys = [
    "influxdb": ["measurement", "tags", "fields", "time", "identity"], "kafka": ["topic", "options"],
    "json": ["path", "partitionBy", "options"], "csv": ["path", "partitionBy", "options"],
    "text": ["path", "partitionBy", "options"], "console": ["options"],
  ]

  private func readSink(_ section: Section, _ query: inout Query, _ problems: Problems) {
    query.format = section.string("format") ?? "influxdb"
    guard let own = Self.sinkKeys[query.format] else {
      let known = Self.sinkKeys.keys.sorted()
      return problems.add(
        section.node["format"]!.error(
          "the format '\(query.format)' is not known", wayOut: Nearest.advice(for: query.format, among: known)))
    }
    for (key, formats) in Dictionary(
      Self.sinkKeys.flatMap { format, keys in keys.map { ($0, [format]) } }, uniquingKeysWith: +
    ).sorted(by: { $0.key < $1.key }) where !own.contains(key) {
      guard let pair = section.node.pairs?.first(where: { $0.key == key }) else { continue }
      problems.add(
        MillError(
          .configuration, "'\(section.name).\(key)' is nothing for the format \(query.format)",
          at: .init(file: section.node.file, line: pair.line),
          wayOut: "it belongs to \(formats.sorted().joined(separator: ", "))"))
    }
    if own.contains("measurement") { query.measurement = section.required("measurement") }
    query.sinkOptions = Dictionary((section.map("options") ?? []).map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    for key in ["path", "topic"] where own.contains(key) {
      if let value = key == "path" ? section.required(key) : section.string(key) { query.sinkOptions[key] = value }
    }
    query.partitionBy = section.strings("partitionBy") ?? []
  }

  private mutating func readStore(_ top: Section, _ problems: Problems) {
    let keys = ["listen", "url", "database", "version", "organization", "token", "user", "password"]
    guard let section = top.section("store", keys: keys) else { return }
    var store = Store()
    store.url = section.string("url")
    store.listen = section.address("listen") ?? (store.url == nil ? Address(host: "127.0.0.1", port: 8086) : nil)
    if store.url != nil, section.has("listen") {
      problems.add(
        section.node.error(
          "'store' has both 'listen' (built in) and 'url' (a real server)", wayOut: "keep one of them"))
    }
    store.database = section.string("database") ?? store.database
    store.version = section.integer("version", 1...2) ?? 1
    store.organization = section.string("organization")
    store.token = section.string("token")
    store.user = section.string("user")
    store.password = section.string("password")
    for secret in [store.token, store.password].compactMap({ $0 }) { Secrets.register(secret) }
    self.store = store
  }

  private mutating func readView(_ top: Section, _ problems: Problems) {
    guard let section = top.section("view", keys: ["listen", "dashboards", "alerting"]) else { return }
    view = View(
      listen: section.address("listen") ?? Address(host: "127.0.0.1", port: 3000),
      dashboards: section.strings("dashboards") ?? [], alerting: section.strings("alerting") ?? [])
  }
}
