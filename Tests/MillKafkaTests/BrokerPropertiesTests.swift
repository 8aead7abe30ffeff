import MillBase
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
    // What would close a door can't be passed over.
    [("ssl.client.authh", "required")], [("authorizer.class.name", "x")],
  ]) func whatCantBeIsRefused(pairs: [(String, String)]) {
    #expect(code { _ = try read(pairs) } == .configuration)
  }

  @Test(arguments: ["PLAINTEXT", "SASL_PLAINTEXT"]) func otherMachinesAreServedWithPasswordsOverTLSOnly(scheme: String)
    throws
  {
    let properties = try read([("listeners", "\(scheme)://:9093"), ("sasl.jaas.config", "user_a=\"one\"")])
    #expect(properties.listeners[0].listen.host == "0.0.0.0")
    #expect(code { try properties.requireEnoughSecurity() } == .configuration)
  }
}
