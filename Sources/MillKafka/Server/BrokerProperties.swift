import MillBase

/// A broker's `server.properties`, as far as it makes sense for one broker: where it listens, how that is guarded, and
/// the limits of ``ServerOptions``. (Kafka documentation, broker configs and security.)
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

  /// `listeners`; default 127.0.0.1:9092.
  public private(set) var listen = Address(host: "127.0.0.1", port: 9092)
  /// `advertised.listeners`.
  public private(set) var advertised: Address?
  /// `log.dirs`.
  public private(set) var dataDirectory: String?
  public private(set) var security = ListenerSecurity()
  public private(set) var options = ServerOptions()

  private let file: String
  private let values: [String: Entry]
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
    let scheme = try readListeners()
    try readLimits()
    dataDirectory = try text("log.dirs") ?? text("log.dir")
    if scheme.hasSuffix("SSL") { security.tls = try readIdentity() }
    if scheme.hasPrefix("SASL_") { security.sasl = try readUsers() }
    try checkNames()
  }

  /// Another address to listen on; the rest stays.
  public mutating func replaceListen(_ address: Address) { listen = address }

  /// - Throws: `.configuration` for a listener beyond loopback without SASL over TLS.
  public func requireEnoughSecurity() throws { try security.requireEnough(for: listen) }

  // MARK: Values

  private func place(_ key: String) -> MillError.Place { .init(file: file, line: values[key]?.line, key: key) }

  private func wrong(_ key: String, _ message: String, _ wayOut: String? = nil) -> MillError {
    MillError(.configuration, message, at: place(key), wayOut: wayOut)
  }

  /// `${env:NAME}` filled in.
  private func fill(_ text: String, _ key: String, isSecret: Bool) throws -> String {
    try VariableReference.fill(text, at: place(key), isSecret: isSecret, environment)
  }

  private func text(_ key: String, isSecret: Bool = false) throws -> String? {
    guard let entry = values[key] else { return nil }
    return try fill(entry.value, key, isSecret: isSecret)
  }

  private func number(_ key: String, _ value: inout Int, least: Int = 1) throws {
    guard let text = try text(key) else { return }
    guard let number = Int(text), number >= least else {
      throw wrong(key, "'\(text)' is not a whole number from \(least) on")
    }
    value = number
  }

  private func milliseconds(_ key: String, _ value: inout Duration, least: Int = 0) throws {
    var count = Int(value.milliseconds)
    try number(key, &count, least: least)
    value = .milliseconds(count)
  }

  // MARK: Parts

  /// - Returns: the security protocol.
  private mutating func readListeners() throws -> String {
    var scheme = "PLAINTEXT"
    if let text = try text("listeners") { (scheme, listen) = try listener("listeners", text) }
    if let text = try text("advertised.listeners") {
      let (other, address) = try listener("advertised.listeners", text)
      guard other == scheme else { throw wrong("advertised.listeners", "\(other) is not among the listeners") }
      advertised = address
    }
    return scheme
  }

  private func listener(_ key: String, _ text: String) throws -> (scheme: String, Address) {
    guard !text.contains(",") else { throw wrong(key, "there is one listener only", "keep one of them") }
    guard let mark = text.firstRange(of: "://") else {
      throw wrong(key, "'\(text)' is no listener", "write SASL_SSL://HOST:PORT")
    }
    let scheme = String(text[..<mark.lowerBound])
    guard ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"].contains(scheme) else {
      throw wrong(key, "'\(scheme)' is no security protocol", "use SASL_SSL, SASL_PLAINTEXT, SSL or PLAINTEXT")
    }
    let rest = text[mark.upperBound...]
    // Kafka: without a host it is every address of the machine.
    return (scheme, try Address(rest.hasPrefix(":") ? "0.0.0.0\(rest)" : String(rest)))
  }

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

  private func readIdentity() throws -> TLSIdentity {
    guard let path = try text("ssl.keystore.location") else {
      throw wrong("ssl.keystore.location", "is missing", "give a PEM file with the certificates and the private key")
    }
    guard try text("ssl.keystore.type") == "PEM" else {
      throw wrong(
        "ssl.keystore.type", "only PEM can be read",
        "set PEM; openssl pkcs12 -in keystore.p12 -out server.pem -nodes makes such a file")
    }
    if let auth = try text("ssl.client.auth"), auth != "none" {
      throw wrong("ssl.client.auth", "client certificates are not looked at", "set none; clients show a password")
    }
    let protocols = (try text("ssl.enabled.protocols") ?? "TLSv1.2,TLSv1.3").split(separator: ",").map {
      String($0.drop { $0 == " " })
    }
    guard !protocols.isEmpty, protocols.allSatisfy({ TLSIdentity.Version(rawValue: $0) != nil }) else {
      throw wrong("ssl.enabled.protocols", "TLSv1.2 and TLSv1.3 are spoken")
    }
    return try TLSIdentity(
      certificates: path, key: path, password: text("ssl.key.password", isSecret: true),
      minimum: protocols.contains("TLSv1.2") ? .tls12 : .tls13)
  }

  private func readUsers() throws -> SASLUsers {
    let names = try text("sasl.enabled.mechanisms") ?? SASLMechanism.allCases.map(\.rawValue).joined(separator: ",")
    let mechanisms = try names.split(separator: ",").map { name in
      let name = String(name.drop { $0 == " " })
      guard let mechanism = SASLMechanism(rawValue: name) else {
        throw wrong(
          "sasl.enabled.mechanisms", "'\(name)' is not served",
          "use \(SASLMechanism.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return mechanism
    }
    var passwords: [String: String] = [:]
    for key in values.keys.sorted() where key.hasSuffix("sasl.jaas.config") {
      passwords.merge(try users(key), uniquingKeysWith: { $1 })
    }
    return try SASLUsers(passwords, mechanisms: mechanisms)
  }

  /// `…LoginModule required user_alice="secret" user_bob="${env:BOB_PASSWORD}";` as PlainLoginModule takes it.
  private func users(_ key: String) throws -> [String: String] {
    var rest = (values[key]?.value ?? "")[...]
    // All of it from one variable.
    if rest.hasPrefix("${env:") { rest = try fill(String(rest), key, isSecret: true)[...] }
    var users: [String: String] = [:]
    while let mark = rest.firstRange(of: "user_") {
      rest = rest[mark.upperBound...]
      guard let equals = rest.firstRange(of: "=\""),
        let end = rest[equals.upperBound...].firstIndex(of: "\"")
      else { throw wrong(key, "'user_' without =\"PASSWORD\"", "write user_NAME=\"PASSWORD\"") }
      let password = try fill(String(rest[equals.upperBound..<end]), key, isSecret: true)
      users[String(rest[..<equals.lowerBound])] = password
      rest = rest[rest.index(after: end)...]
    }
    return users
  }

  // MARK: Names

  private static let known = [
    "listeners", "advertised.listeners", "log.dirs", "log.dir", "ssl.keystore.location", "ssl.keystore.type",
    "ssl.key.password", "ssl.client.auth", "ssl.enabled.protocols", "sasl.enabled.mechanisms", "max.connections",
    "socket.request.max.bytes", "queued.max.request.bytes", "fetch.max.bytes",
    "max.incremental.fetch.session.cache.slots", "sasl.server.max.receive.size",
    "num.partitions", "num.network.threads", "offset.metadata.max.bytes", "connections.max.idle.ms",
    "offsets.retention.minutes", "offsets.retention.check.interval.ms",
    "connection.failed.authentication.delay.ms", "auto.create.topics.enable",
  ]

  /// Between brokers there is nothing to guard.
  private static let betweenBrokers = ["sasl.mechanism.inter.broker.protocol", "security.inter.broker.protocol"]
  private static let guarding = ["ssl.", "sasl.", "security.", "listener", "authorizer.", "advertised."]

  private func checkNames() throws {
    for entry in values.values.sorted(by: { $0.line < $1.line }) {
      let key = entry.key
      if Self.known.contains(key) || key.hasSuffix("sasl.jaas.config") { continue }
      let advice = Nearest.advice(for: key, among: Self.known)
      if !Self.betweenBrokers.contains(key), Self.guarding.contains(where: key.hasPrefix) {
        throw wrong(key, "this broker does not have it, and it is about security", advice)
      }
      Log.warning("kafka", "\(place(key)): has no effect")
    }
  }
}
