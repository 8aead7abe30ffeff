import MillBase
import MillLog

/// A broker's `server.properties`, as far as it makes sense for one broker: where it listens, how that is guarded, the
/// limits of ``ServerOptions``, how the log flushes and cleans up, and what topics have that don't set it. (Kafka documentation, broker configs and security.)
public struct BrokerProperties: Sendable {
  public struct Entry: Sendable {
    public var key: String
    public var value: String
    public var line: Int
    public init(key: String, value: String, line: Int) {
      self.key = key
      self.value = value
      self.line = line
    }
  }

  /// `listeners` with `advertised.listeners` and `listener.security.protocol.map`; default PLAINTEXT on 127.0.0.1:9092.
  public private(set) var listeners: [KafkaListener] = []
  /// `log.dirs`.
  public private(set) var dataDirectory: String?
  public private(set) var options = ServerOptions()
  public internal(set) var logOptions = LogOptions()

  private let file: String
  let values: [String: Entry]
  private let environment: @Sendable (String) -> String?

  /// - Parameters:
  ///   - entries: of the file in its order; a later one replaces an earlier one.
  ///   - environment: for `${env:NAME}`, Kafka's EnvVarConfigProvider.
  /// - Throws: `.configuration` naming file, line and key. Keys that have no effect here are logged, those about
  ///   security are refused: what should close a door must not be passed over.
  public init(_ entries: [Entry], file: String, environment: @escaping @Sendable (String) -> String?) throws {
    self.file = file
    self.environment = environment
    values = Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
    try readLimits()
    try readLog()
    options.configured = Set(values.keys)
    dataDirectory = try text("log.dirs") ?? text("log.dir")
    if dataDirectory?.contains(",") == true {
      throw wrong(values["log.dirs"] == nil ? "log.dir" : "log.dirs", "there is one data directory only", "keep one")
    }
    listeners = try readListeners()
    try checkNames()
  }

  /// Another address to listen on; the rest stays.
  ///
  /// - Throws: `.configuration` when there are several listeners.
  public mutating func replaceListen(_ address: Address) throws {
    guard listeners.count == 1 else {
      throw wrong("listeners", "there are \(listeners.count), of which --listen can't replace one", "change the file")
    }
    listeners[0].listen = address
  }

  /// - Throws: `.configuration` for a listener beyond loopback without SASL over TLS.
  public func requireEnoughSecurity() throws {
    for listener in listeners { try listener.security.requireEnough(for: listener.listen) }
  }

  // MARK: Values

  private func place(_ key: String) -> MillError.Place { .init(file: file, line: values[key]?.line, key: key) }

  func wrong(_ key: String, _ message: String, _ wayOut: String? = nil) -> MillError {
    MillError(.configuration, message, at: place(key), wayOut: wayOut)
  }

  /// `${env:NAME}` filled in.
  func fill(_ text: String, _ key: String, isSecret: Bool) throws -> String {
    try VariableReference.fill(text, at: place(key), isSecret: isSecret, environment)
  }

  func text(_ key: String, isSecret: Bool = false) throws -> String? {
    guard let entry = values[key] else { return nil }
    return try fill(entry.value, key, isSecret: isSecret)
  }

  func number(_ key: String, _ value: inout Int, least: Int = 1) throws {
    guard let text = try text(key) else { return }
    guard let number = Int(text), number >= least else {
      throw wrong(key, "'\(text)' is not a whole number from \(least) on")
    }
    value = number
  }

  func milliseconds(_ key: String, _ value: inout Duration, least: Int = 0) throws {
    var count = Int(value.milliseconds)
    try number(key, &count, least: least)
    value = .milliseconds(count)
  }

  // MARK: Parts

  private mutating func readLimits() throws {
    try number("max.connections", &options.connectionsMax)
    try number("socket.request.max.bytes", &options.requestSizeMax)
    try number("queued.max.request.bytes", &options.requestMemoryMax)
    try number("fetch.max.bytes", &options.fetchSizeMax)
    try number("max.incremental.fetch.session.cache.slots", &options.fetchSessionsMax, least: 0)
    try number("sasl.server.max.receive.size", &options.requestSizeUntilAuthenticated)
    try number("num.partitions", &options.partitionsDefault)
    try number("num.network.threads", &options.loops)
    try number("offset.metadata.max.bytes", &options.offsetMetadataMax, least: 0)
    var minutes = Int(options.offsetsRetention.milliseconds / 60_000)
    try number("offsets.retention.minutes", &minutes)
    options.offsetsRetention = .seconds(60 * minutes)
    try milliseconds("offsets.retention.check.interval.ms", &options.offsetsRetentionCheckInterval, least: 1)
    try milliseconds("connections.max.idle.ms", &options.idleMax)
    try milliseconds("connection.failed.authentication.delay.ms", &options.authenticationDelay)
    switch try text("auto.create.topics.enable") {
    case nil: break
    case "true": options.autoCreateTopics = true
    case "false": options.autoCreateTopics = false
    default: throw wrong("auto.create.topics.enable", "true or false is wanted")
    }
  }

  // MARK: Names

  private static let known =
    [
      "listeners", "advertised.listeners", "listener.security.protocol.map", "log.dirs", "log.dir", "max.connections",
      "socket.request.max.bytes", "queued.max.request.bytes", "fetch.max.bytes",
      "max.incremental.fetch.session.cache.slots", "sasl.server.max.receive.size",
      "num.partitions", "num.network.threads", "offset.metadata.max.bytes", "connections.max.idle.ms",
      "offsets.retention.minutes", "offsets.retention.check.interval.ms",
      "connection.failed.authentication.delay.ms", "auto.create.topics.enable",
    ] + logNames
  /// These can also stand behind `listener.name.NAME.`, and then hold for that listener.
  private static let knownOfListeners = [
    "ssl.keystore.location", "ssl.keystore.type", "ssl.key.password", "ssl.client.auth", "ssl.enabled.protocols",
    "sasl.enabled.mechanisms",
  ]

  /// Between brokers there is nothing to guard.
  private static let betweenBrokers = [
    "sasl.mechanism.inter.broker.protocol", "security.inter.broker.protocol", "inter.broker.listener.name",
  ]
  private static let guarding = ["ssl.", "sasl.", "security.", "listener", "authorizer.", "advertised."]

  private func checkNames() throws {
    for entry in values.values.sorted(by: { $0.line < $1.line }) {
      let key = entry.key
      let all = Self.known + Self.knownOfListeners
      let prefix = listeners.map { Self.prefix(of: $0.name) }.first(where: key.hasPrefix)
      let isListeners = prefix.map { Self.knownOfListeners.contains(String(key.dropFirst($0.count))) } ?? false
      let isUsers = key.hasSuffix("sasl.jaas.config") && (prefix != nil || !key.hasPrefix("listener."))
      if all.contains(key) || isListeners || isUsers { continue }
      let advice = Nearest.advice(for: key, among: all)
      if !Self.betweenBrokers.contains(key), Self.guarding.contains(where: key.hasPrefix) {
        throw wrong(key, "this broker does not have it, and it is about security", advice)
      }
      if Self.withoutEffect.contains(key) || Self.withoutEffectPrefixes.contains(where: key.hasPrefix) {
        Log.info("kafka", "\(place(key)): has no effect on one broker")
      } else {
        let near = Nearest.name(to: key, among: all).map { ": did you mean '\($0)'?" } ?? ""
        Log.warning("kafka", "\(place(key)): is not known here and has no effect\(near)")
      }
    }
  }
}
