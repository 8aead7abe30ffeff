import MillBase
import MillColumns

/// Reads the OPTIONS of CREATE TEMPORARY VIEW.
struct SourceOptions {
  let file: String?
  let position: SourcePosition
  let options: [Statement.Option]

  private func error(_ message: String, at option: Statement.Option? = nil, wayOut: String? = nil) -> MillError {
    let place = option?.position ?? position
    return MillError(
      .configuration, message, at: .init(file: file, line: place.line, column: place.column), wayOut: wayOut)
  }

  private func unknown(_ option: Statement.Option, among keys: [String]) -> MillError {
    let nearest = Nearest.name(to: option.key, among: keys)
    return error(
      "unknown option \(option.key)", at: option,
      wayOut: nearest.map { "did you mean \($0)?" } ?? "known are: \(keys.joined(separator: ", "))")
  }

  private func option(_ key: String) -> Statement.Option? {
    options.last { $0.key.lowercased() == key.lowercased() }
  }

  // MARK: kafka

  private static let kafkaKeys = [
    "kafka.bootstrap.servers", "subscribe", "assign", "startingOffsets", "startingTimestamp", "endingOffsets",
    "endingTimestamp", "failOnDataLoss",
    "maxOffsetsPerTrigger", "includeHeaders", "groupIdPrefix", "kafka.group.id", "kafkaConsumer.pollTimeoutMs",
    "fetchOffset.numRetries", "fetchOffset.retryIntervalMs",
  ]
  /// Spark has them, this engine not yet.
  private static let kafkaKeysLater = [
    "subscribePattern", "startingOffsetsByTimestamp", "endingOffsetsByTimestamp",
    "startingOffsetsByTimestampStrategy", "minOffsetsPerTrigger", "maxTriggerDelay", "minPartitions",
  ]
  /// Spark refuses these too: offsets and formats are the query's business.
  private static let kafkaKeysRefused = [
    "kafka.auto.offset.reset", "kafka.key.deserializer", "kafka.value.deserializer", "kafka.enable.auto.commit",
    "kafka.interceptor.classes", "kafka.key.serializer", "kafka.value.serializer",
  ]

  func kafka() throws -> KafkaSource {
    func isKey(_ option: Statement.Option, in keys: [String]) -> Bool {
      keys.contains { $0.lowercased() == option.key.lowercased() }
    }
    var clientOptions: [String: String] = [:]
    for option in options where !isKey(option, in: Self.kafkaKeys) {
      if isKey(option, in: Self.kafkaKeysRefused) {
        throw error("the Kafka option \(option.key) can't be set: the query looks after it itself", at: option)
      }
      if isKey(option, in: Self.kafkaKeysLater) {
        throw error("the option \(option.key) is not supported yet", at: option)
      }
      guard option.key.lowercased().hasPrefix("kafka.") else {
        throw unknown(option, among: Self.kafkaKeys + Self.kafkaKeysLater)
      }
      clientOptions[String(option.key.dropFirst(6))] = option.value
    }
    guard let servers = option("kafka.bootstrap.servers"), !servers.value.isEmpty else {
      throw error(
        "the option kafka.bootstrap.servers is missing", wayOut: "write kafka.bootstrap.servers 'host:9092'")
    }
    return KafkaSource(
      bootstrapServers: servers.value, subscription: try subscription(), startingOffsets: try offsets("starting"),
      endingOffsets: try offsets("ending"),
      failOnDataLoss: try boolean("failOnDataLoss", default: true),
      maxOffsetsPerTrigger: try positiveNumber("maxOffsetsPerTrigger"),
      includeHeaders: try boolean("includeHeaders", default: false), clientOptions: clientOptions)
  }

  private func subscription() throws -> KafkaSource.Subscription {
    switch (option("subscribe"), option("assign")) {
    case (let option?, nil):
      let topics = option.value.split(separator: ",").map { String($0.filter { !$0.isWhitespace }) }
      guard !topics.isEmpty, !topics.contains("") else { throw error("subscribe names no topic", at: option) }
      return .topics(Array(Set(topics)).sorted())
    case (nil, let option?):
      var result: [String: [Int32]] = [:]
      for (topic, partitions) in try object(option) {
        guard let numbers = partitions.array?.compactMap(\.integer), numbers.count == partitions.array?.count else {
          throw error("assign wants {\"topic\":[0,1]}, not \(option.value)", at: option)
        }
        result[topic] = numbers.map { Int32(clamping: $0) }
      }
      guard !result.isEmpty else { throw error("assign names no topic", at: option) }
      return .partitions(result)
    case (let option?, .some): throw error("only one of subscribe and assign can be given", at: option)
    case (nil, nil): throw error("one of subscribe and assign must be given", wayOut: "write subscribe 'topic'")
    }
  }

  /// `startingOffsets` and `startingTimestamp`, or the two with `ending`.
  private func offsets(_ which: String) throws -> KafkaSource.StartingOffsets? {
    if let option = option("\(which)Timestamp") {
      guard let milliseconds = Int64(option.value) else {
        throw error("\(which)Timestamp wants milliseconds since 1970, not \(option.value)", at: option)
      }
      return .timestamp(milliseconds)
    }
    guard let option = option("\(which)Offsets") else { return nil }
    // A query that ends where everything begins reads nothing: Spark refuses it.
    let words = which == "ending" ? ["latest"] : ["earliest", "latest"]
    switch option.value.lowercased() {
    case "earliest" where words.contains("earliest"): return .earliest
    case "latest": return .latest
    default: break
    }
    guard option.value.hasPrefix("{") else {
      let nearest = Nearest.name(to: option.value, among: words)
      throw error(
        "\(which)Offsets wants \(words.joined(separator: ", ")) or {\"topic\":{\"0\":23}}, not \(option.value)",
        at: option, wayOut: nearest.map { "did you mean \($0)?" })
    }
    var result: [String: [Int32: Int64]] = [:]
    for (topic, partitions) in try object(option) {
      for (partition, offset) in partitions.object ?? [:] {
        guard let number = Int32(partition), let value = offset.integer, value >= (which == "ending" ? -1 : -2) else {
          throw error("\(which)Offsets wants {\"topic\":{\"0\":23,\"1\":-1}}, not \(option.value)", at: option)
        }
        result[topic, default: [:]][number] = value
      }
    }
    return .exact(result)
  }

  private func object(_ option: Statement.Option) throws -> JSONValue.Object {
    guard let document = try? JSONValue(parsing: option.value), let object = document.object else {
      throw error("\(option.key) wants a JSON object, not \(option.value)", at: option)
    }
    return object
  }

  private func boolean(_ key: String, default value: Bool) throws -> Bool {
    guard let option = option(key) else { return value }
    switch option.value.lowercased() {
    case "true": return true
    case "false": return false
    default: throw error("\(key) wants true or false, not \(option.value)", at: option)
    }
  }

  private func positiveNumber(_ key: String) throws -> Int64? {
    guard let option = option(key) else { return nil }
    guard let number = Int64(option.value), number > 0 else {
      throw error("\(key) wants a whole number above 0, not \(option.value)", at: option)
    }
    return number
  }

  // MARK: files

  /// The path, and the other options: from_json's for json, from_csv's for csv.
  func files(_ format: FileSource.Format) throws -> (FileSource, json: JSONOptions, csv: CSVOptions) {
    guard let path = option("path"), !path.value.isEmpty else {
      if let first = options.first { throw unknown(first, among: ["path"]) }
      throw error("the option path is missing", wayOut: "write path '/directory/or/file'")
    }
    var json = JSONOptions()
    var csv = CSVOptions()
    for option in options where option.key.lowercased() != "path" {
      guard format != .text else { throw unknown(option, among: ["path"]) }
      let others = Dictionary(
        options.filter { $0.key.lowercased() != "path" }.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
      do {
        if format == .json { json = try JSONOptions(others) } else { csv = try CSVOptions(others) }
      } catch let problem as MillError {
        throw error(problem.message, at: option, wayOut: problem.wayOut)
      }
    }
    var plain = path.value
    if plain.hasPrefix("file://") { plain.removeFirst(7) } else if plain.hasPrefix("file:") { plain.removeFirst(5) }
    return (FileSource(format: format, path: plain, hasHeader: csv.hasHeader), json, csv)
  }
}
