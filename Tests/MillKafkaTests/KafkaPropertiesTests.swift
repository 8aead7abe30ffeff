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
    ("no.such.property", "1"), ("linger.ms", "soon"), ("ssl.truststore.location", "/x.jks"), ("buffer.memory", "much"),
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
