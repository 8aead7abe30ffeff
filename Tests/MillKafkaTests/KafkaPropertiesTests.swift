import MillBase
import Testing

@testable import MillKafka

@Suite struct KafkaPropertiesTests {
  private func check(_ properties: [String: String], gives expected: [String: String]) throws {
    let pairs = try KafkaProperties(properties).pairs
    #expect(Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }) == expected)
  }

  @Test func namesThatBothHavePass() throws {
    try check(
      ["linger.ms": "5", "compression.type": "snappy", "batch.size": "16384", "acks": "all"],
      gives: ["linger.ms": "5", "compression.type": "snappy", "batch.size": "16384", "acks": "all"])
  }
  @Test func javaNamesAreTranslated() throws {
    try check(
      ["max.request.size": "2000000", "buffer.memory": "33554432", "fetch.max.wait.ms": "10"],
      gives: ["message.max.bytes": "2000000", "queue.buffering.max.kbytes": "32768", "fetch.wait.max.ms": "10"])
  }
  @Test func whatHasNoMeaningHereIsPassedOver() throws {
    try check(
      [
        "key.serializer": "org.apache.kafka.common.serialization.StringSerializer", "group.id": "g",
        "auto.offset.reset": "earliest",
      ], gives: [:])
  }
  @Test func weakerAcksTurnIdempotenceOffAsInJava() throws {
    try check(["acks": "1"], gives: ["acks": "1", "enable.idempotence": "false"])
  }
  @Test func loginModulesAreRead() throws {
    let jaas =
      "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"secret-word\";"
    try check(["sasl.jaas.config": jaas], gives: ["sasl.username": "u", "sasl.password": "secret-word"])
    #expect(!Secrets.redact("a secret-word").contains("secret-word"))
  }

  @Test(arguments: [
    ("a.B required username=alice password=\"sec\\\"ret-1\";", "alice", "sec\"ret-1"),
    ("a.B required\n  password=\"secret=2;x\" debug=true username=\"al ice\" ;", "al ice", "secret=2;x"),
  ]) func optionsOfLoginModulesAreQuotedAsInJava(jaas: String, user: String, password: String) throws {
    try check(["sasl.jaas.config": jaas], gives: ["sasl.username": user, "sasl.password": password])
  }
  @Test func whatOnlyJavaNeedsIsPassedOver() throws {
    try check(
      [
        "ssl.protocol": "TLSv1.3", "ssl.endpoint.identification.algorithm": "", "security.providers": "x",
        "partitioner.ignore.keys": "false", "ssl.enabled.protocols": "TLSv1.2,TLSv1.3",
      ], gives: ["ssl.endpoint.identification.algorithm": "none"])
    try check(
      ["ssl.endpoint.identification.algorithm": "HTTPS"], gives: ["ssl.endpoint.identification.algorithm": "https"])
  }

  @Test(arguments: [
    ("no.such.property", "1"), ("transactional.id", "t"), ("ssl.engine.factory.class", "x"),
    ("ssl.truststore.type", "PEN"), ("sasl.jaas.config", "a.B required username=u;"), ("linger.ms", "soon"),
    ("ssl.truststore.location", "/x.jks"), ("buffer.memory", "much"),
    ("sasl.jaas.config", "nothing"),
  ]) func whatCannotBeIsNamed(name: String, value: String) {
    do {
      _ = try KafkaLog(bootstrapServers: "localhost:9092", properties: [name: value])
      Issue.record("\(name) was taken")
    } catch let error as MillError {
      #expect(error.code == .configuration)
      #expect("\(error)".hasPrefix("\(name): "))
    } catch { Issue.record("\(error)") }
  }

  @Test func nobodyThereIsSaidInTime() throws {
    let log = try KafkaLog(
      bootstrapServers: "127.0.0.1:1", requestTimeout: .milliseconds(300))
    #expect(code { _ = try log.topics() } == .unreachable)
    #expect(code { _ = try log.append([.init(value: [1])], to: .init("t", 0), codec: .none) } == .unreachable)
    try log.close()
  }
}
