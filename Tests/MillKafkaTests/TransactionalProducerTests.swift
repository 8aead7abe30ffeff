import MillBase
import MillLog
import Testing

@testable import MillKafka

/// Records of several topics in transactions, through librdkafka.
@Suite struct TransactionalProducerTests {
  private func record(_ topic: String, _ value: String, partition: Int32? = nil) -> AddressedRecord {
    AddressedRecord(topic: topic, partition: partition, record: Record(key: [1], value: Array(value.utf8)))
  }

  /// The own server, with what it holds and a client.
  private func withServer(_ body: (LocalLog, KafkaLog) throws -> Void) throws {
    let directory = try Files.makeTemporaryDirectory("mill-producer")
    defer { try? Files.removeTree(directory) }
    let local = try LocalLog(directory: directory)
    for topic in ["a", "b"] { try local.createTopic(topic, partitions: 2, configuration: [:]) }
    let server = try KafkaServer(log: local, listen: Address("127.0.0.1:0"))
    let client = try KafkaLog(bootstrapServers: "\(server.address)")
    try body(local, client)
    try client.close()
    server.stop()
    try local.close()
  }

  private func values(_ log: LocalLog, _ topic: String, _ partition: Int32) throws -> [String] {
    let batch = try log.read(TopicPartition(topic, partition), from: 0, maxBytes: 1 << 20, wait: .zero)
    return (0..<batch.count).map { String(decoding: batch.value($0) ?? [], as: UTF8.self) }
  }

  @Test func recordsAndOffsetsComeTogetherOrNotAtAll() throws {
    try withServer { local, client in
      let producer = try client.producer(transactionalID: "t")
      try producer.beginTransaction()
      try producer.send([record("a", "1", partition: 1), record("b", "2", partition: 0)])
      #expect(try values(local, "a", 1) == [])
      try producer.commitTransaction(group: "g", [TopicPartition("a", 0): 8])
      #expect(try values(local, "a", 1) == ["1"] && values(local, "b", 0) == ["2"])
      #expect(try client.committed(group: "g", [TopicPartition("a", 0)]) == [TopicPartition("a", 0): 8])
      try producer.beginTransaction()
      try producer.send([record("a", "3", partition: 1)])
      try producer.abortTransaction()
      #expect(try values(local, "a", 1) == ["1"])
      producer.close()
    }
  }

  @Test func aNewProducerFencesTheOldOne() throws {
    try withServer { local, client in
      let old = try client.producer(transactionalID: "t")
      try old.beginTransaction()
      try old.send([record("a", "old", partition: 0)])
      let new = try client.producer(transactionalID: "t")
      let error = #expect(throws: MillError.self) {
        try old.commitTransaction(group: "g", [TopicPartition("a", 0): 1])
      }
      #expect(error?.isRetriable == false, "\(error.map(String.init(describing:)) ?? "")")
      try new.beginTransaction()
      try new.send([record("a", "new", partition: 0)])
      try new.commitTransaction(group: "g", [TopicPartition("a", 0): 1])
      #expect(try values(local, "a", 0) == ["new"])
      for producer in [old, new] { producer.close() }
    }
  }

  @Test(arguments: [nil, "t"]) func anotherKafkaTakesThem(transactionalID: String?) throws {
    let cluster = try MockCluster(brokers: 1)
    cluster.createTopic("a", partitions: 2)
    let client = try KafkaLog(bootstrapServers: cluster.bootstrapServers)
    let producer = try client.producer(transactionalID: transactionalID)
    if transactionalID != nil { try producer.beginTransaction() }
    try producer.send([record("a", "1", partition: 1), record("a", "2", partition: 1)])
    if transactionalID != nil { try producer.commitTransaction(group: "g", [TopicPartition("a", 0): 1]) }
    let read = try client.read(TopicPartition("a", 1), from: 0, maxBytes: 1 << 20, wait: .seconds(10))
    #expect((0..<read.count).map { read.value($0).map(Array.init) } == [Array("1".utf8), Array("2".utf8)])
    producer.close()
    try client.close()
  }
}
