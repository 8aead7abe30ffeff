import CRdKafka
import Glibc
import MillBase
import MillLog
import Testing

@testable import MillKafka

/// What users hear when a Kafka refuses or can't be reached.
@Suite struct KafkaErrorTests {
  private func failure(_ body: () throws -> Void) -> MillError? {
    do { try body() } catch { return error as? MillError }
    return nil
  }

  @Test func everyErrorSaysNameCodeAndWhetherItMends() {
    var descriptions: UnsafePointer<rd_kafka_err_desc>?
    var count = 0
    rd_kafka_get_err_descs(&descriptions, &count)
    var checked = 0
    for description in UnsafeBufferPointer(start: descriptions, count: count) where description.desc != nil {
      let error = KafkaError.make(description.code, "test")
      let name = String(cString: description.name)
      #expect(error.message.contains("(\(name) \(description.code.rawValue), "))
      #expect(["retriable)", "fatal)", "begins a new one)"].contains { error.message.hasSuffix($0) })
      checked += 1
    }
    #expect(checked > 120)
  }

  @Test(arguments: [
    (RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, MillError.Code.notFound, false, "create the topic"),
    (RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, .limit, false, "max.message.bytes"),
    (RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, .unreachable, true, "bootstrap.servers"),
    (RD_KAFKA_RESP_ERR_PRODUCER_FENCED, .refused, false, "stop one of the two"),
    (RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, .refused, true, "lost track"),
    (RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, .refused, false, "kafka-acls"),
    (RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, .refused, true, "min.insync.replicas"),
    (RD_KAFKA_RESP_ERR__SSL, .configuration, false, "ssl.ca.location"),
    (RD_KAFKA_RESP_ERR__AUTHENTICATION, .configuration, false, "sasl.password"),
    (RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, .refused, false, "group.instance.id"),
  ]) func theWayOut(error: rd_kafka_resp_err_t, code: MillError.Code, isRetriable: Bool, wayOut: String) {
    let made = KafkaError.make(error, "test", at: "place")
    #expect(made.code == code && made.isRetriable == isRetriable)
    #expect(made.wayOut?.contains(wayOut) == true)
  }

  // MARK: Our own listener with TLS and passwords

  private func trouble(
    _ server: Address, _ changed: [String: String], wait: Duration = .seconds(4), host: String = "127.0.0.1"
  ) -> MillError? {
    failure {
      let log = try KafkaLog(
        bootstrapServers: "\(host):\(server.port)", properties: changed, requestTimeout: wait)
      defer { try? log.close() }
      _ = try log.topics()
    }
  }

  @Test(.enabled(if: ChildProcess.has("openssl"))) func whyTheServerLetsNobodyIn() throws {
    let harness = try SecureHarness(listen: "0.0.0.0:0")
    defer { harness.close() }
    let good = [
      "security.protocol": "SASL_SSL", "ssl.ca.location": harness.certificates.authority,
      "sasl.mechanism": "SCRAM-SHA-256", "sasl.username": "alice", "sasl.password": "wonder,land=1",
    ]
    #expect(trouble(harness.server.address, good) == nil)
    for (changes, name, advice) in [
      (["sasl.password": "wrong-word"], "_AUTHENTICATION -169", "check user and password"),
      (["sasl.mechanism": "PLAIN", "sasl.username": "nobody"], "_AUTHENTICATION -169", "check user and password"),
      (
        [
          "sasl.mechanism": "OAUTHBEARER", "sasl.oauthbearer.config": "principal=alice",
          "enable.sasl.oauthbearer.unsecure.jwt": "true",
        ], "_AUTHENTICATION -169", "set sasl.mechanism"
      ),
      (["ssl.ca.location": "/etc/ssl/certs"], "", "give the authority"),
    ] {
      let error = trouble(harness.server.address, good.merging(changes) { $1 })
      #expect(error?.code == .configuration && error?.isRetriable == false, "\(changes) \(String(describing: error))")
      #expect(error?.message.contains("\(name), not retriable)") == true, "\(changes) \(String(describing: error))")
      #expect(error?.wayOut?.contains(advice) == true, "\(changes) \(String(describing: error))")
      #expect("\(error!)".contains("wrong-word") == false)
    }
    let clear = trouble(harness.server.address, ["security.protocol": "PLAINTEXT"], wait: .seconds(2))
    #expect(clear?.code == .unreachable && clear?.wayOut?.contains("SASL_SSL") == true, "\(String(describing: clear))")
    // Its certificate is for localhost and 127.0.0.1.
    let other = trouble(harness.server.address, good, host: "127.0.0.2")
    #expect(
      other?.wayOut?.contains("the host's name") == true || other?.wayOut?.contains("any name") == true,
      "\(String(describing: other))")
    #expect(
      trouble(
        harness.server.address, good.merging(["ssl.endpoint.identification.algorithm": ""]) { $1 }, host: "127.0.0.2"
      ) == nil)
  }

  @Test func aClientWithTLSAtAListenerWithout() throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    let error = trouble(harness.server!.address, ["security.protocol": "SSL"], wait: .seconds(1))
    #expect(error?.code == .unreachable && error?.isRetriable == true, "\(String(describing: error))")
    #expect(error?.wayOut?.contains("speaks no TLS") == true, "\(String(describing: error))")
  }

  @Test func aBrokerThatGoesDownAndComesBack() throws {
    let harness = try Harness(.mockCluster)
    defer { harness.close() }
    try harness.createTopic("pop")
    let log = try KafkaLog(bootstrapServers: harness.address, requestTimeout: .seconds(2))
    defer { try? log.close() }
    #expect(try log.offsets(.init("pop", 0)) == (0, 0))
    harness.mock!.setDown(true)
    let error = failure { _ = try log.topics() }
    #expect(error?.code == .unreachable && error?.isRetriable == true, "\(String(describing: error))")
    harness.mock!.setDown(false)
    var back = false
    for _ in 0..<20 where !back { back = failure { _ = try log.offsets(.init("pop", 0)) } == nil }
    #expect(back)
  }

  @Test(arguments: [
    (RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "OUT_OF_ORDER_SEQUENCE_NUMBER 45"),
    (RD_KAFKA_RESP_ERR_POLICY_VIOLATION, "POLICY_VIOLATION 44"),
    (RD_KAFKA_RESP_ERR_INVALID_RECORD, "INVALID_RECORD 87"),
  ]) func afterARefusedBatchTheNextOneIsWritten(refusal: rd_kafka_resp_err_t, name: String) throws {
    let harness = try Harness(.mockCluster)
    defer { harness.close() }
    try harness.createTopic("pop")
    let place = TopicPartition("pop", 0)
    #expect(try harness.log.append([Record(value: [1])], to: place, codec: .none) == 0)
    harness.mock!.fail(RequestKey.produce, with: refusal)
    let error = failure { _ = try harness.log.append([Record(value: [2])], to: place, codec: .none) }
    #expect(error?.message.contains(name) == true, "\(String(describing: error))")
    #expect(try harness.log.append([Record(value: [3])], to: place, codec: .none) == 1)
    #expect(try harness.all(place).map(\.record.value) == [[1], [3]])
  }
}
