import MillBase
import MillLog
import Testing

@testable import MillKafka

@Suite struct BrokerPropertiesTests {
  private func read(_ pairs: [(String, String)]) throws -> BrokerProperties {
    let entries = pairs.enumerated().map { BrokerProperties.Entry(key: $1.0, value: $1.1, line: $0 + 1) }
    return try BrokerProperties(entries, file: "server.properties") { ["PASS": "from-outside"][$0] }
  }

  @Test func limitsAndPlacesAreRead() throws {
    let properties = try read([
      ("listeners", "SASL_PLAINTEXT://127.0.0.1:9099"), ("advertised.listeners", "SASL_PLAINTEXT://localhost:9098"),
      ("log.dirs", "/data"), ("max.connections", "7"), ("socket.request.max.bytes", "1000"),
      ("connections.max.idle.ms", "5000"), ("auto.create.topics.enable", "false"), ("num.io.threads", "8"),
      ("offsets.retention.minutes", "60"), ("offsets.retention.check.interval.ms", "1000"),
      ("sasl.enabled.mechanisms", "PLAIN, SCRAM-SHA-512"),
      ("sasl.jaas.config", "x.PlainLoginModule required user_a=\"one\" user_b=\"${env:PASS}\";"),
    ])
    let listener = try #require(properties.listeners.first)
    #expect(properties.listeners.count == 1 && listener.listen == Address(host: "127.0.0.1", port: 9099))
    #expect(listener.advertised == Address(host: "localhost", port: 9098))
    #expect(properties.dataDirectory == "/data")
    #expect(properties.options.connectionsMax == 7 && properties.options.requestSizeMax == 1000)
    #expect(properties.options.idleMax == .seconds(5) && !properties.options.autoCreateTopics)
    #expect(properties.options.offsetsRetention == .seconds(3600))
    #expect(properties.options.offsetsRetentionCheckInterval == .seconds(1))
    let users = try #require(listener.security.sasl)
    #expect(users.mechanisms == [.plain, .scramSHA512])
    #expect(users.isRight(Array("from-outside".utf8), of: "b") && users.isRight(Array("one".utf8), of: "a"))
    #expect(Secrets.redact("from-outside") == "***")
  }

  @Test func listenersHaveNamesAndSettingsOfTheirOwn() throws {
    var properties = try read([
      ("listeners", "INSIDE://127.0.0.1:9092, OUTSIDE://127.0.0.1:9093,THIRD://:9094"),
      ("advertised.listeners", "OUTSIDE://broker.example.org:19093"), ("inter.broker.listener.name", "INSIDE"),
      ("listener.security.protocol.map", "INSIDE:PLAINTEXT, OUTSIDE:SASL_PLAINTEXT,THIRD:SASL_PLAINTEXT"),
      ("sasl.jaas.config", "x required user_all=\"one\";"),
      ("listener.name.outside.plain.sasl.jaas.config", "x required user_own=\"two\";"),
      ("listener.name.outside.sasl.enabled.mechanisms", "PLAIN"),
    ])
    let (inside, outside, third) = (properties.listeners[0], properties.listeners[1], properties.listeners[2])
    #expect(inside.security.sasl == nil && inside.advertised == nil && inside.name == "INSIDE")
    #expect(outside.advertised == Address(host: "broker.example.org", port: 19093))
    let (users, others) = (try #require(outside.security.sasl), try #require(third.security.sasl))
    #expect(users.mechanisms == [.plain] && others.mechanisms == SASLMechanism.allCases)
    #expect(users.knows("own") && !users.knows("all") && others.knows("all") && !others.knows("own"))
    // Beyond loopback without TLS: the one is enough to refuse all.
    #expect(code { try properties.requireEnoughSecurity() } == .configuration)
    #expect(code { try properties.replaceListen(Address("127.0.0.1:1")) } == .configuration)
  }

  @Test(arguments: [
    [("listeners", "SASL_SSL://0.0.0.0:9093")],
    [("listeners", "PLAINTEXT://127.0.0.1:1,SSL://127.0.0.1:2")], [("listeners", "")],
    [("listeners", "PLAINTEXT://127.0.0.1:1,PLAINTEXT://127.0.0.1:2")],
    [("listeners", "IN://127.0.0.1:1,OUT://127.0.0.1:1"), ("listener.security.protocol.map", "IN:SSL,OUT:SSL")],
    [("listeners", "PLAINTEXT://127.0.0.1:1"), ("advertised.listeners", "SSL://127.0.0.1:1")],
    [("listener.security.protocol.map", "A:TLS")], [("listener.name.other.ssl.keystore.type", "PEM")],
    [("listeners", "HTTP://127.0.0.1:1")],
    [("listeners", "SASL_PLAINTEXT://127.0.0.1:1")],
    [("listeners", "SASL_PLAINTEXT://127.0.0.1:1"), ("sasl.jaas.config", "x required user_a=\"${env:NONE}\";")],
    [("listeners", "SSL://127.0.0.1:1"), ("ssl.keystore.location", "k.jks")],
    [("max.connections", "many")], [("max.connections", "0")],
    [("offsets.retention.minutes", "0")],
    [("log.retention.hours", "a week")], [("log.segment.bytes", "1")], [("log.cleanup.policy", "compress")],
    [("log.flush.interval.ms", "-1")], [("log.dirs", "/a,/b")],
    // What would close a door can't be passed over.
    [("ssl.client.authh", "required")], [("authorizer.class.name", "x")],
  ]) func whatCantBeIsRefused(pairs: [(String, String)]) {
    #expect(code { _ = try read(pairs) } == .configuration)
  }

  /// Kafka's own order where several names say the same.
  @Test(arguments: [
    ([("log.retention.hours", "2")], "retention.ms", "7200000"),
    ([("log.retention.hours", "2"), ("log.retention.minutes", "3")], "retention.ms", "180000"),
    ([("log.retention.minutes", "3"), ("log.retention.ms", "4")], "retention.ms", "4"),
    ([("log.retention.hours", "-1")], "retention.ms", "-1"), ([("log.roll.hours", "1")], "segment.ms", "3600000"),
    ([("log.roll.hours", "1"), ("log.roll.ms", "5")], "segment.ms", "5"),
    ([("log.flush.interval.messages", "1")], "flush.messages", "1"),
    ([("log.flush.interval.ms", "9223372036854775807")], "flush.ms", "9223372036854775807"),
    ([("log.flush.scheduler.interval.ms", "70")], "flush.ms", "70"), ([], "flush.ms", "1000"),
    ([("log.segment.bytes", "5000")], "segment.bytes", "5000"),
    ([("message.max.bytes", "9")], "max.message.bytes", "9"),
    ([("log.cleanup.policy", "compact")], "cleanup.policy", "compact"),
    ([("compression.type", "lz4")], "compression.type", "lz4"),
    ([("log.message.timestamp.type", "LogAppendTime")], "message.timestamp.type", "LogAppendTime"),
    ([("log.retention.bytes", "77")], "retention.bytes", "77"),
    ([("min.insync.replicas", "2")], "min.insync.replicas", "2"),
    ([("log.index.interval.bytes", "88")], "index.interval.bytes", "88"),
  ]) func whatTopicsHaveThatDontSetIt(pairs: [(String, String)], key: String, value: String) throws {
    let options = try read(pairs).logOptions
    let configuration = try TopicConfiguration([:], defaults: options.topicDefaults)
    #expect(configuration.value(key)?.text == value)
    #expect(configuration.value(key)?.source == (pairs.isEmpty ? .nobody : .broker))
  }

  @Test func timesOfTheLogAreRead() throws {
    let options = try read([
      ("log.flush.scheduler.interval.ms", "70"), ("log.flush.offset.checkpoint.interval.ms", "80"),
      ("log.retention.check.interval.ms", "90"), ("log.cleaner.backoff.ms", "100"),
    ]).logOptions
    #expect(options.flushSchedulerInterval == .milliseconds(70) && options.checkpointInterval == .milliseconds(80))
    #expect(options.retentionCheckInterval == .milliseconds(90) && options.cleanerBackoff == .milliseconds(100))
  }

  /// DescribeConfigs says of each value who set it: topic (1), server.properties (4), nobody (5).
  @Test func eachValueHasItsSource() throws {
    let properties = try read([("log.retention.hours", "2"), ("log.segment.bytes", "5000"), ("max.connections", "9")])
    let directory = try Files.makeTemporaryDirectory("mill-kafka")
    defer { try? Files.removeTree(directory) }
    let log = try LocalLog(directory: directory, options: properties.logOptions)
    try log.createTopic("pop", partitions: 1, configuration: ["segment.bytes": "6000", "flush.ms": "50"])
    let handler = try RequestHandler(log: log, advertised: Address("127.0.0.1:1"), options: properties.options)
    func described(_ type: Int8, _ name: String) -> [String: String] {
      var request = DescribeConfigsRequest()
      var resource = DescribeConfigsRequest.Resource()
      resource.type = type
      resource.name = name
      request.resources = [resource]
      let configs = handler.describeConfigs(request).results[0].configs
      return Dictionary(uniqueKeysWithValues: configs.map { ($0.name, "\($0.value!) \($0.source)") })
    }
    let topic = described(DescribeConfigsRequest.Resource.topicType, "pop")
    #expect(topic["segment.bytes"] == "6000 1" && topic["flush.ms"] == "50 1")
    #expect(topic["retention.ms"] == "7200000 4" && topic["max.message.bytes"] == "1048588 5")
    let broker = described(DescribeConfigsRequest.Resource.brokerType, "1")
    #expect(broker["log.segment.bytes"] == "5000 4" && broker["log.retention.ms"] == "7200000 4")
    #expect(broker["max.connections"] == "9 4" && broker["log.flush.interval.ms"] == "1000 5")
    #expect(broker["num.partitions"] == "1 5")
    try log.close()
  }

  @Test(arguments: ["PLAINTEXT", "SASL_PLAINTEXT"]) func otherMachinesAreServedWithPasswordsOverTLSOnly(scheme: String)
    throws
  {
    let properties = try read([("listeners", "\(scheme)://:9093"), ("sasl.jaas.config", "user_a=\"one\"")])
    #expect(properties.listeners[0].listen.host == "0.0.0.0")
    #expect(code { try properties.requireEnoughSecurity() } == .configuration)
  }
}
