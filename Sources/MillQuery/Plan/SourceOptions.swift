import MillBase
import MillColumns

/// Reads the OPTIONS of CREATE TEMPORARY VIEW.
struct SourceOptions {
  let file: String?
  let position: SourcePosition
  let options: [Statement.Option]

  func error(_ message: String, at option: Statement.Option? = nil, wayOut: String? = nil) -> MillError {
    let place = option?.position ?? position
    return MillError(
      .configuration, message, at: .init(file: file, line: place.line, column: place.column), wayOut: wayOut)
  }

  func unknown(_ option: Statement.Option, among keys: [String]) -> MillError {
    let nearest = Nearest.name(to: option.key, among: keys)
    return error(
      "unknown option \(option.key)", at: option,
      wayOut: nearest.map { "did you mean \($0)?" } ?? "known are: \(keys.joined(separator: ", "))")
  }

  func option(_ key: String) -> Statement.Option? {
    options.last { $0.key.lowercased() == key.lowercased() }
  }

  // MARK: kafka

  private static let kafkaKeys = [
    "kafka.bootstrap.servers", "subscribe", "subscribePattern", "assign", "startingOffsets", "startingTimestamp",
    "startingOffsetsByTimestamp", "startingOffsetsByTimestampStrategy", "endingOffsets", "endingTimestamp",
    "endingOffsetsByTimestamp", "failOnDataLoss", "maxOffsetsPerTrigger", "minOffsetsPerTrigger", "maxTriggerDelay",
    "minPartitions", "maxRecordsPerPartition", "includeHeaders", "groupIdPrefix", "kafka.group.id",
    "kafkaConsumer.pollTimeoutMs", "fetchOffset.numRetries", "fetchOffset.retryIntervalMs",
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
      guard option.key.lowercased().hasPrefix("kafka.") else {
        throw unknown(option, among: Self.kafkaKeys)
      }
      clientOptions[String(option.key.dropFirst(6))] = option.value
    }
    guard let servers = option("kafka.bootstrap.servers"), !servers.value.isEmpty else {
      throw error(
        "the option kafka.bootstrap.servers is missing", wayOut: "write kafka.bootstrap.servers 'host:9092'")
    }
    // Lanes take pieces of every range as they come: there is nothing to be split by these.
    for key in ["minPartitions", "maxRecordsPerPartition"] { _ = try positiveNumber(key) }
    var kafka = KafkaSource(
      bootstrapServers: servers.value, subscription: try subscription(), startingOffsets: try offsets("starting"),
      endingOffsets: try offsets("ending"),
      failOnDataLoss: try boolean("failOnDataLoss", default: true),
      maxOffsetsPerTrigger: try positiveNumber("maxOffsetsPerTrigger"),
      minOffsetsPerTrigger: try positiveNumber("minOffsetsPerTrigger"),
      includeHeaders: try boolean("includeHeaders", default: false), clientOptions: clientOptions)
    if let least = kafka.minOffsetsPerTrigger, let most = kafka.maxOffsetsPerTrigger, least > most {
      throw error(
        "minOffsetsPerTrigger (\(least)) is greater than maxOffsetsPerTrigger (\(most))",
        at: option("minOffsetsPerTrigger"))
    }
    if let delay = try milliseconds("maxTriggerDelay") { kafka.maxTriggerDelayMilliseconds = delay }
    if let strategy = option("startingOffsetsByTimestampStrategy") {
      guard ["error", "latest"].contains(strategy.value.lowercased()) else {
        throw error("\(strategy.key) wants error or latest, not \(strategy.value)", at: strategy)
      }
      kafka.startsAtLatestWithoutMatch = strategy.value.lowercased() == "latest"
    }
    return kafka
  }

  private func subscription() throws -> KafkaSource.Subscription {
    let given = ["subscribe", "subscribePattern", "assign"].compactMap { self.option($0) }
    guard let option = given.first else {
      throw error(
        "one of subscribe, subscribePattern and assign must be given", wayOut: "write subscribe 'topic'")
    }
    guard given.count == 1 else {
      throw error("only one of subscribe, subscribePattern and assign can be given", at: given[1])
    }
    switch option.key.lowercased() {
    case "subscribe":
      let topics = option.value.split(separator: ",").map { String($0.filter { !$0.isWhitespace }) }
      guard !topics.isEmpty, !topics.contains("") else { throw error("subscribe names no topic", at: option) }
      return .topics(Array(Set(topics)).sorted())
    case "subscribepattern":
      guard !option.value.isEmpty else { throw error("subscribePattern names no topic", at: option) }
      do { _ = try KafkaSource.regex(option.value) } catch let problem as MillError {
        throw error(problem.message, at: option, wayOut: problem.wayOut)
      }
      return .pattern(option.value)
    default:
      var result: [String: [Int32]] = [:]
      for (topic, partitions) in try object(option) {
        guard let numbers = partitions.array?.compactMap(\.integer), numbers.count == partitions.array?.count else {
          throw error("assign wants {\"topic\":[0,1]}, not \(option.value)", at: option)
        }
        result[topic] = numbers.map { Int32(clamping: $0) }
      }
      guard !result.isEmpty else { throw error("assign names no topic", at: option) }
      return .partitions(result)
    }
  }

  /// `startingTimestamp`, `startingOffsetsByTimestamp` and `startingOffsets`, or the three with `ending`; the first wins.
  private func offsets(_ which: String) throws -> KafkaSource.StartingOffsets? {
    if let option = option("\(which)Timestamp") {
      guard let milliseconds = Int64(option.value) else {
        throw error("\(which)Timestamp wants milliseconds since 1970, not \(option.value)", at: option)
      }
      return .timestamp(milliseconds)
    }
    if let option = option("\(which)OffsetsByTimestamp") {
      return .timestamps(try partitions(option, "{\"topic\":{\"0\":1700000000000}}", least: 0))
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
    return .exact(try partitions(option, "{\"topic\":{\"0\":23,\"1\":-1}}", least: which == "ending" ? -1 : -2))
  }

  /// topic → partition → number
  private func partitions(
    _ option: Statement.Option, _ example: String, least: Int64
  ) throws -> [String: [Int32: Int64]] {
    var result: [String: [Int32: Int64]] = [:]
    for (topic, partitions) in try object(option) {
      guard let partitions = partitions.object else {
        throw error("\(option.key) wants \(example), not \(option.value)", at: option)
      }
      for (partition, number) in partitions {
        guard let partition = Int32(partition), let value = number.integer, value >= least else {
          throw error("\(option.key) wants \(example), not \(option.value)", at: option)
        }
        result[topic, default: [:]][partition] = value
      }
    }
    return result
  }

  private func object(_ option: Statement.Option) throws -> JSONValue.Object {
    guard let document = try? JSONValue(parsing: option.value), let object = document.object else {
      throw error("\(option.key) wants a JSON object, not \(option.value)", at: option)
    }
    return object
  }

  func boolean(_ key: String, default value: Bool) throws -> Bool {
    guard let option = option(key) else { return value }
    switch option.value.lowercased() {
    case "true": return true
    case "false": return false
    default: throw error("\(key) wants true or false, not \(option.value)", at: option)
    }
  }

  func positiveNumber(_ key: String, atMost most: Int64 = .max) throws -> Int64? {
    guard let option = option(key) else { return nil }
    guard let number = Int64(option.value), number > 0 else {
      throw error("\(key) wants a whole number above 0, not \(option.value)", at: option)
    }
    guard number <= most else { throw error("\(key) is \(most) at most, not \(option.value)", at: option) }
    return number
  }

  /// A length of time in milliseconds as Spark has it in options: `30s`, `5min`, `100ms`.
  ///
  /// - Parameter unit: of a number alone.
  func milliseconds(_ key: String, unit: String = "ms") throws -> Int64? {
    guard let option = option(key) else { return nil }
    let text = option.value.lowercased().filter { !$0.isWhitespace }
    let sign = text.hasPrefix("-") ? 1 : 0
    let digits = text.dropFirst(sign).prefix { $0.isASCII && $0.isNumber }
    let given = String(text.dropFirst(sign + digits.count))
    let lengths: [String: Int64] = [
      "ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]
    let (number, length) = (Int64(digits), lengths[given.isEmpty ? unit : given])
    // Microseconds are less than anything here can do with.
    if let number, sign == 0, given == "us" { return number / 1000 }
    guard let number, let length, sign == 0, number <= Self.millisecondsMax / length else {
      throw error(
        "\(key) wants a length of time, not \(option.value)", at: option,
        wayOut: "write 500ms, 30s, 5m, 2h or 7d")
    }
    return number * length
  }

  /// A thousand years.
  private static let millisecondsMax: Int64 = 365_250 * 86_400_000
}
