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
    case refuse(String)
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
    "ssl.truststore.location": .refuse("give the authority's certificate as PEM with ssl.ca.location"),
    "ssl.truststore.password": .refuse("give the authority's certificate as PEM with ssl.ca.location"),
    "ssl.truststore.type": .refuse("give the authority's certificate as PEM with ssl.ca.location"),
  ]

  /// Sorted by name, in librdkafka's words.
  let pairs: [(name: String, value: String)]

  /// - Throws: `.configuration` naming the key, for one that neither Kafka's Java clients nor librdkafka have, and for
  ///   a value that can't be.
  init(_ properties: [String: String]) throws {
    var pairs: [(name: String, value: String)] = []
    for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
      if name.contains("password") || name.contains("secret") { Secrets.register(value) }
      if name == "sasl.jaas.config" {
        pairs += try Self.jaas(value)
        continue
      }
      switch Self.fates[name] {
      case nil: pairs.append((name, value))
      case .rename(let other): pairs.append((other, value))
      case .renameKilobytes(let other):
        guard let bytes = Int(value) else {
          throw MillError(.configuration, "'\(value)' is no number of bytes", at: .init(key: name))
        }
        pairs.append((other, String(max(1, bytes / 1024))))
      case .ignore(let why): Log.warning("kafka", "property \(name) has no effect: \(why)")
      case .refuse(let wayOut):
        throw MillError(.configuration, "Java key stores can't be read", at: .init(key: name), wayOut: wayOut)
      }
    }
    // Java turns idempotence off by itself when acks is weaker; librdkafka calls that a conflict.
    if let acks = properties["acks"], acks != "all", acks != "-1", properties["enable.idempotence"] == nil {
      pairs.append(("enable.idempotence", "false"))
    }
    self.pairs = pairs
    let trial = rd_kafka_conf_new()!
    defer { rd_kafka_conf_destroy(trial) }
    for (name, value) in pairs { try Self.set(trial, name, value) }
  }

  /// - Throws: `.configuration` naming the key.
  static func set(_ conf: OpaquePointer, _ name: String, _ value: String) throws {
    var message = [CChar](repeating: 0, count: 512)
    let result = rd_kafka_conf_set(conf, name, value, &message, message.count)
    if result == RD_KAFKA_CONF_OK { return }
    let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    throw MillError(
      .configuration, result == RD_KAFKA_CONF_UNKNOWN ? "unknown Kafka client property" : text, at: .init(key: name),
      wayOut: "see Kafka's producer and consumer properties, or librdkafka's CONFIGURATION.md")
  }

  /// `… username="u" password="p";` as Java's login modules take it.
  private static func jaas(_ text: String) throws -> [(name: String, value: String)] {
    func option(_ name: String) -> String? {
      guard let range = text.firstRange(of: "\(name)=\"") else { return nil }
      let rest = text[range.upperBound...]
      return rest.firstIndex(of: "\"").map { String(rest[..<$0]) }
    }
    guard let user = option("username"), let password = option("password") else {
      throw MillError(
        .configuration, "only login modules with username=\"…\" and password=\"…\" are understood",
        at: .init(key: "sasl.jaas.config"), wayOut: "give sasl.username and sasl.password")
    }
    Secrets.register(password)
    return [("sasl.username", user), ("sasl.password", password)]
  }
}
