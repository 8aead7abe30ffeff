import MillBase
import MillLog
import Testing

@testable import MillKafka

/// kcat 1.7.1 against the server.
@Suite(.enabled(if: ChildProcess.has("kcat"))) struct KcatTests {
  private static let text = (1...500).map { "line \($0) with text that repeats and repeats\n" }.joined()

  private func kcat(_ harness: Harness, _ arguments: String, input: String = "") throws -> String {
    let all = ["kcat", "-b", harness.server!.address.description] + arguments.split(separator: " ").map(String.init)
    let (code, output) = try ChildProcess.run(all, input: input)
    #expect(code == 0, "kcat \(arguments)")
    return output
  }

  @Test(arguments: Codec.allCases) func producesAndConsumesWithEveryCodec(codec: Codec) throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    try harness.local.createTopic("pop", partitions: 1, configuration: [:])
    _ = try kcat(harness, "-P -t pop -z \(codec) -X linger.ms=100", input: Self.text)
    #expect(try kcat(harness, "-C -t pop -o beginning -e -q -X check.crcs=true") == Self.text)
    let stored = try harness.local.readStored(TopicPartition("pop", 0), from: 0, maxBytes: 1)
    #expect(stored.bytes.withUnsafeBytes { BatchHeader($0)!.codec } == codec)
  }

  /// What the log writes by itself, with every codec, kcat reads.
  @Test(arguments: Codec.allCases) func readsWhatTheLogWrote(codec: Codec) throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    try harness.local.createTopic("pop", partitions: 1, configuration: [:])
    let records = Self.text.split(separator: "\n").map { Record(value: Array($0.utf8)) }
    _ = try harness.local.append(records, to: TopicPartition("pop", 0), codec: codec)
    #expect(try kcat(harness, "-C -t pop -o beginning -e -q -X check.crcs=true") == Self.text)
  }

  @Test func keysHeadersNullsAndTopicsMadeOnTheWay() throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    _ = try kcat(harness, "-P -t users -K: -Z -H source=api -H n=1", input: "k1:v1\nk2:\n")
    #expect(
      try kcat(harness, "-C -t users -o beginning -e -q -f %k|%s|%S|%h|%o\\n")
        == "k1|v1|2|source=api,n=1|0\nk2||-1|source=api,n=1|1\n")
    let list = try kcat(harness, "-L")
    #expect(list.contains("1 brokers:") && list.contains("topic \"users\" with 1 partitions:"))
    let missing = try kcat(harness, "-L -t nosuch -X allow.auto.create.topics=false")
    #expect(missing.contains("nosuch"))
  }

  @Test func offsetsByTime() throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    try harness.local.createTopic("pop", partitions: 1, configuration: [:])
    _ = try harness.local.append(
      (0..<10).map { Record(value: [65], timestamp: 1000 + $0 * 10) }, to: TopicPartition("pop", 0), codec: .gzip)
    for (time, offset) in [("-2", 0), ("-1", 10), ("1000", 0), ("1041", 5), ("1090", 9), ("1091", -1)] {
      #expect(try kcat(harness, "-Q -t pop:0:\(time)") == "pop [0] offset \(offset)\n")
    }
    #expect(try kcat(harness, "-C -t pop -o s@1075 -e -q -f %o,") == "8,9,")
  }

  @Test func anIdempotentProducerIsServed() throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    _ = try kcat(harness, "-P -t pop -X enable.idempotence=true -X batch.num.messages=10", input: Self.text)
    #expect(try kcat(harness, "-C -t pop -o beginning -e -q") == Self.text)
  }

  /// The same records as one batch: kcat's bytes are the golden ones.
  @Test func theEncoderWritesTheBytesThatLibrdkafkaWrites() throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    try harness.local.createTopic("pop", partitions: 1, configuration: [:])
    _ = try kcat(
      harness, "-P -t pop -K: -H source=api -X linger.ms=200", input: "k1:v1\nk2:v2\nlonger key:longer value\n")
    let partition = TopicPartition("pop", 0)
    let stored = try harness.local.readStored(partition, from: 0, maxBytes: 1 << 20).bytes
    let batch = try harness.local.read(partition, from: 0, maxBytes: 1 << 20, wait: .zero)
    #expect(batch.count == 3)
    let header = stored.withUnsafeBytes { BatchHeader($0)! }
    #expect(header.size == stored.count, "kcat sent one batch")
    #expect(try BatchEncoder.encode((0..<3).map { batch.record($0) }, codec: .none, now: 0) == stored)
  }

  @Test func aGroupConsumesAndGoesOnWhereItStopped() throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    let partition = TopicPartition("pop", 0)
    try harness.local.createTopic("pop", partitions: 1, configuration: [:])
    _ = try harness.local.append((0..<10).map { Record(value: Array("r\($0)".utf8)) }, to: partition, codec: .none)
    let group = "-G hdfs -q -e -X auto.offset.reset=earliest pop"
    #expect(try kcat(harness, group) == (0..<10).map { "r\($0)\n" }.joined())
    #expect(try harness.local.committed(group: "hdfs", [partition]) == [partition: 10])
    _ = try harness.local.append([Record(value: Array("next".utf8))], to: partition, codec: .none)
    #expect(try kcat(harness, group) == "next\n")
  }
}
