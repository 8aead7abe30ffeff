import CRdKafka
import MillBase

/// Client properties as users write them for Java (Flume, Spark), turned into librdkafka's.
struct KafkaProperties {
  /// What becomes of a property that librdkafka does not have, or that is not the user's here.
  private enum Fate {
    case rename(String)
    /// Bytes → kilobytes under another name.
    case renameKilobytes(String)
    case ignore(String)
    case refuse(String, _ wayOut: String)
  }

  private static let bytesOnly = "records are bytes here"
  private static let callers = "who reads says where from and commits by itself"
  private static let java = "it names a Java class or a Java habit"

  private static let fates: [String: Fate] = [
    "key.serializer": .ignore(bytesOnly),
    "value.serializer": .ignore(bytesOnly),
    "key.deserializer": .ignore(bytesOnly),
    "value.deserializer": .ignore(bytesOnly),
    "group.id": .ignore(callers),
    "auto.offset.reset": .ignore(callers),
    "enable.auto.commit": .ignore(callers),
    "auto.commit.interval.ms": .ignore(callers),
    "max.poll.records": .ignore(callers),
    "partition.assignment.strategy": .ignore(callers),
    "partitioner.class": .ignore(java),
    "interceptor.classes": .ignore(java),
    "metric.reporters": .ignore(java),
    "metrics.num.samples": .ignore(java),
    "metrics.recording.level": .ignore(java),
    "metrics.sample.window.ms": .ignore(java),
    "max.block.ms": .ignore(java),
    "default.api.timeout.ms": .ignore(java),
    "exclude.internal.topics": .ignore(java),
    "client.dns.lookup": .ignore(java),
    "buffer.memory": .renameKilobytes("queue.buffering.max.kbytes"),
    "max.request.size": .rename("message.max.bytes"),
    "fetch.max.wait.ms": .rename("fetch.wait.max.ms"),
    "send.buffer.bytes": .rename("socket.send.buffer.bytes"),
    "receive.buffer.bytes": .rename("socket.receive.buffer.bytes"),
    "socket.connection.setup.timeout.max.ms": .ignore(java),
    "metadata.max.idle.ms": .ignore(java),
    "metadata.recovery.strategy": .ignore(java),
    "auto.include.jmx.reporter": .ignore(java),
    "enable.metrics.push": .ignore(java),
    "partitioner.ignore.keys": .ignore(java),
    "partitioner.adaptive.partitioning.enable": .ignore(java),
    "partitioner.availability.timeout.ms": .ignore(java),
    "config.providers": .ignore("${env:NAME} is known without it"),
    "security.providers": .ignore(java),
    "ssl.protocol": .ignore("TLS 1.2 and 1.3 are spoken"),
    "ssl.enabled.protocols": .ignore("TLS 1.2 and 1.3 are spoken"),
    "ssl.provider": .ignore(java),
    "ssl.keymanager.algorithm": .ignore(java),
    "ssl.trustmanager.algorithm": .ignore(java),
    "ssl.secure.random.implementation": .ignore(java),
    "sasl.login.class": .ignore(java),
    "sasl.login.callback.handler.class": .ignore(java),
    "sasl.client.callback.handler.class": .ignore(java),
    "ssl.engine.factory.class": .refuse(
      "a Java class can't be loaded here", "give ssl.truststore.location and ssl.keystore.location"),
    "transactional.id": .refuse(
      "this client writes without transactions", "take it out: records are kept once by enable.idempotence"),
  ]

  /// Sorted by name, in librdkafka's words.
  let pairs: [(name: String, value: String)]

  /// - Throws: `.configuration` naming the key, for one that neither Kafka's Java clients nor librdkafka have, and for
  ///   a value that can't be.
  init(_ properties: [String: String]) throws {
    var pairs: [(name: String, value: String)] = []
    for (name, value) in properties.sorted(by: { $0.key < $1.key }) where !KeyStores.names.contains(name) {
      pairs += try Self.translate(name, value)
    }
    pairs += try KeyStores.pairs(properties)
    // Java turns idempotence off by itself when acks is weaker; librdkafka calls that a conflict.
    if let acks = properties["acks"], acks != "all", acks != "-1", properties["enable.idempotence"] == nil {
      pairs.append(("enable.idempotence", "false"))
    }
    self.pairs = pairs
    let trial = rd_kafka_conf_new()!
    defer { rd_kafka_conf_destroy(trial) }
    for (name, value) in pairs { try Self.set(trial, name, value) }
  }

  /// One property by itself, in Java's or librdkafka's words.
  ///
  /// - Throws: `.configuration` naming the key, as for all together.
  static func check(_ name: String, _ value: String) throws {
    switch fates[name] {
    case .ignore, .rename, .renameKilobytes, .refuse: return
    case nil: if KeyStores.names.contains(name) || name == "sasl.jaas.config" { return }
    }
    let trial = rd_kafka_conf_new()!
    defer { rd_kafka_conf_destroy(trial) }
    try set(trial, name, value)
  }

  /// In librdkafka's words; nothing for what has no meaning here.
  private static func translate(_ name: String, _ value: String) throws -> [(name: String, value: String)] {
    if name.contains("password") || name.contains("secret") { Secrets.register(value) }
    if name == "sasl.jaas.config" { return try jaas(value) }
    switch fates[name] {
    case nil: return [(name, value)]
    case .rename(let other): return [(other, value)]
    case .renameKilobytes(let other):
      guard let bytes = Int(value) else {
        throw MillError(.configuration, "'\(value)' is no number of bytes", at: .init(key: name))
      }
      return [(other, String(max(1, bytes / 1024)))]
    case .ignore(let why):
      Log.warning("kafka", "property \(name) has no effect: \(why)")
      return []
    case .refuse(let why, let wayOut): throw MillError(.configuration, why, at: .init(key: name), wayOut: wayOut)
    }
  }

  /// - Throws: `.configuration` naming the key.
  static func set(_ conf: OpaquePointer, _ name: String, _ value: String) throws {
    var message = [CChar](repeating: 0, count: 512)
    let result = rd_kafka_conf_set(conf, name, value, &message, message.count)
    if result == RD_KAFKA_CONF_OK { return }
    throw MillError(
      .configuration, result == RD_KAFKA_CONF_UNKNOWN ? "unknown Kafka client property" : KafkaError.text(message),
      at: .init(key: name),
      wayOut: "see Kafka's producer and consumer properties, or librdkafka's CONFIGURATION.md")
  }

  /// `org.….ScramLoginModule required username="u" password="p\"q";` as Java's login modules take it.
  private static func jaas(_ text: String) throws -> [(name: String, value: String)] {
    let options = try JAASOptions(text)
    guard let user = options["username"], let password = options["password"] else {
      throw MillError(
        .configuration, "only login modules with username=\"…\" and password=\"…\" are understood",
        at: .init(key: "sasl.jaas.config"), wayOut: "give sasl.username and sasl.password")
    }
    Secrets.register(password)
    return [("sasl.username", user), ("sasl.password", password)]
  }
}

/// What stands behind the module in a line of Java's login configuration: `name=value`, values also in quotes with `\"`
/// and `\\` for those characters, up to `;` (javax.security.auth.login.Configuration).
private struct JAASOptions {
  private var values: [String: String] = [:]

  init(_ text: String) throws {
    var rest = text[...]
    func word() -> String {
      let word = rest.prefix { !$0.isWhitespace && $0 != "=" && $0 != ";" && $0 != "\"" }
      rest = rest[word.endIndex...]
      return String(word)
    }
    while true {
      rest = rest.drop { $0.isWhitespace }
      if rest.isEmpty || rest.first == ";" { return }
      let name = word()
      // Module and flag have no value.
      guard rest.first == "=" else {
        if name.isEmpty { throw Self.wrong(text) }
        continue
      }
      rest.removeFirst()
      guard rest.first == "\"" else {
        values[name] = word()
        continue
      }
      rest.removeFirst()
      var value = ""
      while let character = rest.popFirst(), character != "\"" {
        if character == "\\", let next = rest.popFirst() { value.append(next) } else { value.append(character) }
      }
      values[name] = value
    }
  }

  subscript(name: String) -> String? { values[name] }

  private static func wrong(_ text: String) -> MillError {
    MillError(
      .configuration, "this is no login module with its options", at: .init(key: "sasl.jaas.config"),
      wayOut: "write …ScramLoginModule required username=\"…\" password=\"…\";")
  }
}
