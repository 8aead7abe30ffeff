import MillBase
import MillFrame
import MillKafka
import MillLog
import Synchronization
import Testing

@testable import MillQuery

/// The sink kafka, from topic to topic of one server.
@Suite struct KafkaSinkTests {
  private final class Broker: Sendable {
    let directory: String
    let log: LocalLog
    let server: KafkaServer

    init() throws {
      directory = try Files.makeTemporaryDirectory("millframe-kafka")
      log = try LocalLog(directory: "\(directory)/log")
      for topic in ["in", "out", "other"] {
        try log.createTopic(topic, partitions: topic == "in" ? 1 : 3, configuration: [:])
      }
      server = try KafkaServer(log: log, listen: Address("127.0.0.1:0"))
    }

    deinit {
      server.stop()
      try? log.close()
      try? Files.removeTree(directory)
    }

    var address: String { "\(server.address)" }

    func append(_ values: [String]) throws {
      _ = try log.append(values.map { Record(value: Array($0.utf8)) }, to: TopicPartition("in", 0), codec: .none)
    }

    /// `partition key=value header=…` of all records that are committed, by partition.
    func content(_ topic: String) throws -> [String] {
      try (0..<3).flatMap { partition in
        let place = TopicPartition(topic, Int32(partition))
        var lines: [String] = []
        var (at, end) = try log.offsets(place)
        while at < end {
          let batch = try log.read(place, from: at, maxBytes: 1 << 20, wait: .zero)
          for index in 0..<batch.count {
            let record = batch.record(index)
            func text(_ bytes: [UInt8]?) -> String { bytes.map { String(decoding: $0, as: UTF8.self) } ?? "null" }
            let headers = record.headers.map { " \($0.key)=\(text($0.value))" }.joined()
            lines.append("\(partition) \(text(record.key))=\(text(record.value))\(headers)")
          }
          guard batch.nextOffset > at else { break }
          (at, end) = (batch.nextOffset, try log.offsets(place).end)
        }
        return lines
      }
    }

    func stream(_ spark: SparkSession) -> DataFrame {
      spark.readStream.format("kafka").option("kafka.bootstrap.servers", address).option("subscribe", "in")
        .option("startingOffsets", "earliest").load().selectExpr("CAST(value AS STRING) AS line")
    }
  }

  @Test func columnsBecomePartsOfRecords() throws {
    let broker = try Broker()
    try broker.append(["a", "b", "c"])
    let spark = try SparkSession.builder.getOrCreate()
    let query = try broker.stream(spark).selectExpr(
      "if(line = 'b', 'other', 'out') AS topic", "line AS key", "if(line = 'c', NULL, upper(line)) AS value",
      "if(line = 'a', 2, 1) AS partition",
      "if(line = 'a', array(named_struct('key', 'h', 'value', CAST('x' AS BINARY))), NULL) AS headers"
    )
    .writeStream.format("kafka").option("kafka.bootstrap.servers", broker.address)
    .option("kafka.compression.type", "gzip").trigger(.availableNow)
    .option("checkpointLocation", "\(broker.directory)/c").start()
    try query.awaitTermination(.seconds(60))
    #expect(try broker.content("out") == ["1 c=null", "2 a=A h=x"])
    #expect(try broker.content("other") == ["1 b=B"])
    #expect(query.lastProgress?["sink"]?["description"]?.string == "KafkaSink")
    try spark.stop()
  }

  @Test func theOptionTopicWinsAndKeysSayThePartition() throws {
    let broker = try Broker()
    try broker.append(["k1", "k2", "k3"])
    let spark = try SparkSession.builder.getOrCreate()
    let query = try broker.stream(spark).selectExpr("'nowhere' AS topic", "line AS key", "line AS value")
      .writeStream.format("kafka").option("kafka.bootstrap.servers", broker.address).option("topic", "out")
      .option("kafka.acks", "1").trigger(.availableNow).option("checkpointLocation", "\(broker.directory)/c").start()
    try query.awaitTermination(.seconds(60))
    // As Java's default partitioner: murmur2 of the key.
    #expect(try broker.content("out").sorted() == ["0 k2=k2", "1 k3=k3", "2 k1=k1"])
    try spark.stop()
  }

  @Test(arguments: [
    ("line AS v", "out", "Required attribute 'value' not found"),
    ("1 AS value", "out", "value attribute unsupported type int. value must be a(n) string or binary"),
    (
      "line AS value, 1L AS partition", "out", "partition attribute unsupported type bigint. partition must be a(n) int"
    ),
    ("line AS value, true AS key", "out", "key attribute unsupported type boolean. key must be a(n) string or binary"),
    (
      "line AS value, array('h') AS headers", "out",
      "headers attribute unsupported type array<string>. headers must be a(n) array<struct<key:string,value:binary>>"
    ),
    (
      "line AS value", "",
      "topic option required when no 'topic' attribute is present. Use the topic option for setting a topic."
    ),
  ])
  func errorsAreSparks(columns: String, topic: String, message: String) throws {
    let broker = try Broker()
    let spark = try SparkSession.builder.getOrCreate()
    try broker.stream(spark).createOrReplaceTempView("lines")
    var writer = spark.sql("SELECT \(columns) FROM lines").writeStream.format("kafka")
      .option("kafka.bootstrap.servers", broker.address)
    if !topic.isEmpty { writer = writer.option("topic", topic) }
    let error = #expect(throws: MillError.self) { try writer.start() }
    #expect(error?.message == message)
    try spark.stop()
  }

  @Test func optionsThatCantBeAreRefused() throws {
    let broker = try Broker()
    let spark = try SparkSession.builder.getOrCreate()
    let writer = broker.stream(spark).selectExpr("line AS value").writeStream.format("kafka").option("topic", "out")
    func message(_ writer: DataStreamWriter) -> String {
      do {
        _ = try writer.start()
        return ""
      } catch { return "\(error)" }
    }
    #expect(message(writer).contains("'kafka.bootstrap.servers' must be specified"))
    let reached = writer.option("kafka.bootstrap.servers", broker.address)
    #expect(message(reached.option("kafka.key.serializer", "X")).contains("serialized with ByteArraySerializer"))
    #expect(message(reached.option("tpoic", "out")).contains("did you mean 'topic'?"))
    #expect(message(reached.option("kafka.no.such", "out")).contains("unknown Kafka client property"))
    try spark.stop()
  }

  @Test func aRowWithoutATopicStopsTheQueryAndNothingOfItsMicroBatchIsSeen() throws {
    let broker = try Broker()
    try broker.append(["a", "none", "b"])
    let spark = try SparkSession.builder.getOrCreate()
    let query = try broker.stream(spark).selectExpr("if(line = 'none', NULL, 'out') AS topic", "line AS value")
      .writeStream.format("kafka").option("kafka.bootstrap.servers", broker.address).trigger(.availableNow)
      .option("checkpointLocation", "\(broker.directory)/c").start()
    let error = #expect(throws: MillError.self) { try query.awaitTermination(.seconds(60)) }
    #expect(error?.message.contains("null topic present in the data") == true)
    #expect(try broker.content("out") == [])
    try spark.stop()
  }

  /// The query dies at every step of every micro-batch, also in the middle of a transaction; what consumers see of the
  /// topic is the same each time.
  @Test func eachRecordIsThereOnceWhereverTheQueryDies() throws {
    let broker = try Broker()
    let lines = (0..<4).map { "line\($0)" }
    try broker.append(lines)
    let query = try CompiledQuery(
      script: """
        CREATE TEMPORARY VIEW raw USING kafka OPTIONS (kafka.bootstrap.servers 'localhost:9092', subscribe 'in',
          startingOffsets 'earliest', maxOffsetsPerTrigger '2');
        SELECT value FROM raw
        """)
    let steps: [MicroBatchStep?] = [nil, .offsetsWritten, .sinkWritten, .committed]
    for (number, (step, id)) in steps.flatMap({ step in (0..<2).map { (step, Int64($0)) } }).enumerated() {
      let topic = "once\(number)"
      try broker.log.createTopic(topic, partitions: 3, configuration: [:])
      let died = Mutex(false)
      for _ in 0..<2 {
        let client = try KafkaLog(bootstrapServers: broker.address)
        let sink = try KafkaSink(query.schema, options: ["kafka.bootstrap.servers": broker.address, "topic": topic]) {
          _, _ in client
        }
        var options = StreamingQuery.Options()
        options.onStep = { at, batch in
          guard at == step, batch == id, !died.withLock({ $0 }) else { return }
          died.withLock { $0 = true }
          throw MillError(.system, "dead")
        }
        let mayBreak = step == nil && !died.withLock { $0 }
        let running = try StreamingQuery(
          name: "q\(number)", query: query, log: { _ in broker.log },
          sink: mayBreak ? BreakingSinkDouble(sink: sink, id: id) : sink,
          checkpointLocation: "\(broker.directory)/c\(number)", trigger: .availableNow, options: options,
          metrics: Metrics())
        running.start()
        do { try running.awaitTermination(.seconds(60)) } catch { died.withLock { $0 = true } }
        try client.close()
      }
      #expect(died.withLock { $0 })
      let seen = try broker.content(topic).map { String($0.split(separator: "=")[1]) }.sorted()
      #expect(seen == lines, "died at \(step.map { "\($0)" } ?? "the records") of micro-batch \(id)")
    }
  }

  /// Writes a micro-batch and then says that it has failed, as a process that dies before it hears of the commit.
  private struct BreakingSinkDouble: StreamSink {
    let sink: KafkaSink
    let id: Int64
    var description: String { "BreakingSinkDouble" }
    func begin(queryId: String) throws { try sink.begin(queryId: queryId) }
    func end() { sink.end() }
    func addBatch(id: Int64, _ batch: MicroBatch) throws {
      try sink.addBatch(id: id, batch)
      if id == self.id { throw MillError(.system, "dead") }
    }
  }
}
