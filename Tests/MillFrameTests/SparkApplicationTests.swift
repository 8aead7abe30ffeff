import MillBase
import MillFrame
import MillKafka
import MillLog
import MillStore
import Synchronization
import Testing

/// The chain's Spark application, written with the DataFrame API.
@Suite struct SparkApplicationTests {
  /// docs/from-spark.md shows this function as it is.
  // begin: application
  func start(
    spark: SparkSession, kafka: String, influxdb: String, checkpoint: String
  ) throws -> StreamingQuery {
    let schema = StructType([
      StructField(
        "data",
        ArrayType(
          StructType([
            StructField("ID Nation", StringType(), true),
            StructField("Nation", StringType(), true),
            StructField("ID Year", IntegerType(), true),
            StructField("Year", StringType(), true),
            StructField("Population", IntegerType(), true),
            StructField("Slug Nation", StringType(), true),
          ])), true)
    ])

    let df = spark.readStream
      .format("kafka")
      .option("kafka.bootstrap.servers", kafka)
      .option("subscribe", "pop")
      .option("startingOffsets", "earliest")
      .load()

    let valueDF = df.selectExpr("CAST(value AS STRING)")

    let structuredDF = valueDF.select(from_json(col("value"), schema).alias("parsed")).select("parsed.*")

    let flattenedDF = structuredDF.select(col("data")).withColumn("nation_data", explode(col("data")))

    let finalDF = flattenedDF.select(
      col("nation_data.`ID Nation`").alias("ID_Nation"),
      col("nation_data.Nation"),
      col("nation_data.`ID Year`").alias("ID_Year"),
      col("nation_data.Population"),
      col("nation_data.`Slug Nation`").alias("Slug_Nation"),
      to_timestamp(col("nation_data.Year")).alias("time")
    )

    return try finalDF.writeStream
      .format("influxdb")
      .option("url", influxdb)
      .option("db", "case_study")
      .option("measurement", "population_data")
      .option("tags", "ID_Nation,Nation,Slug_Nation")
      .option("time", "time")
      .option("checkpointLocation", checkpoint)
      .outputMode("append")
      .start()
  }
  // end: application

  /// A log with a topic `pop` behind the Kafka protocol, and what it holds.
  private final class Broker {
    let directory: String
    let log: LocalLog
    let server: KafkaServer

    init(_ documents: [String]) throws {
      directory = try Files.makeTemporaryDirectory("millframe")
      log = try LocalLog(directory: "\(directory)/log")
      try log.createTopic("pop", partitions: 1, configuration: [:])
      server = try KafkaServer(log: log, listen: Address("127.0.0.1:0"))
      try append(documents)
    }

    deinit {
      server.stop()
      try? log.close()
      try? Files.removeTree(directory)
    }

    var address: String { "\(server.address)" }

    func append(_ documents: [String]) throws {
      _ = try log.append(documents.map { Record(value: Array($0.utf8)) }, to: TopicPartition("pop", 0), codec: .none)
    }
  }

  private static let document = """
    {"data":[{"ID Nation":"01000US","Nation":"United States","ID Year":2020,"Year":"2020","Population":326569308,\
    "Slug Nation":"united-states"},{"ID Nation":"01000US","Nation":"United States","ID Year":2019,"Year":"2019",\
    "Population":324697795,"Slug Nation":"united-states"}],"source":[]}
    """

  @Test func theSeedsApplicationWritesPoints() throws {
    let broker = try Broker([Self.document])
    let engine = try StoreEngine(directory: "\(broker.directory)/store")
    defer { try? engine.close() }
    let store = try StoreServer(engine: engine, listen: Address("127.0.0.1:0"))
    defer { store.stop() }
    let spark = try SparkSession.builder.appName("Kafka-Integration").getOrCreate()
    let query = try start(
      spark: spark, kafka: broker.address, influxdb: "http://\(store.address)", checkpoint: "\(broker.directory)/c")
    defer { query.stop() }
    #expect(try query.processAllAvailable(.seconds(30)))
    let answer = engine.answer(
      InfluxQLRequest("SELECT Population FROM population_data", database: "case_study", epoch: .seconds))
    #expect(
      String(decoding: answer, as: UTF8.self).contains("[[1546300800,324697795],[1577836800,326569308]]"),
      "\(String(decoding: answer, as: UTF8.self))")
    #expect(query.lastProgress?["sink"]?["description"]?.string == "InfluxDBSink")
    try spark.stop()
  }

  @Test func foreachBatchGetsEveryBatchAsAFrame() async throws {
    let broker = try Broker(["1", "2"])
    let spark = try SparkSession.builder.getOrCreate()
    let seen = Mutex<[[Int]]>([])
    let query = try spark.readStream.format("kafka").option("kafka.bootstrap.servers", broker.address)
      .option("subscribe", "pop").option("startingOffsets", "earliest").load()
      .selectExpr("CAST(CAST(value AS STRING) AS INT) AS n")
      .writeStream.foreachBatch { batch, id in
        let rows = try await batch.filter("n > 1").withColumn("m", col("n") * 10).collect()
        seen.withLock { $0.append([Int(id)] + rows.map { $0["m"].integer ?? -1 }) }
      }
      .start()
    defer { query.stop() }
    #expect(try query.processAllAvailable(.seconds(30)))
    try broker.append(["3", "4"])
    #expect(try query.processAllAvailable(.seconds(30)))
    #expect(seen.withLock { $0 } == [[0, 20], [1, 30, 40]])
    // The same topic as a batch.
    let read = spark.read.format("kafka").option("kafka.bootstrap.servers", broker.address).option("subscribe", "pop")
    #expect(try await read.load().agg(sum(col("offset"))).collect()[0][0] == .integer(6))
    try spark.stop()
  }

  /// By way of a Kafka client: topics by a pattern, one of them made later, and a beginning by time.
  @Test func topicsByPatternAndTime() async throws {
    let broker = try Broker(["1", "2"])
    let spark = try SparkSession.builder.getOrCreate()
    let reader = spark.readStream.format("kafka").option("kafka.bootstrap.servers", broker.address)
      .option("subscribePattern", "po.+")
    let query = try reader.option("startingOffsetsByTimestamp", "{\"pop\":{\"0\":1000}}").option("minPartitions", 4)
      .load()
      .selectExpr("concat(topic, CAST(value AS STRING)) AS v").writeStream.format("memory").queryName("found").start()
    defer { query.stop() }
    #expect(try query.processAllAvailable(.seconds(30)))
    try broker.log.createTopic("pony", partitions: 1, configuration: [:])
    _ = try broker.log.append([Record(value: [51])], to: TopicPartition("pony", 0), codec: .none)
    #expect(try query.processAllAvailable(.seconds(30)))
    let rows = try await spark.sql("SELECT v FROM found ORDER BY v").collect()
    #expect(rows.map { $0[0].string } == ["pony3", "pop1", "pop2"])
    try spark.stop()
  }

  @Test func theMemorySinkIsAView() async throws {
    let broker = try Broker(["1", "2"])
    let spark = try SparkSession.builder.getOrCreate()
    let query = try spark.readStream.format("kafka").option("kafka.bootstrap.servers", broker.address)
      .option("subscribe", "pop").option("startingOffsets", "earliest").load().select(col("offset"))
      .writeStream.format("memory").queryName("offsets").trigger(.availableNow).start()
    #expect(try query.awaitTermination(.seconds(30)))
    let rows = try await spark.sql("SELECT max(offset) FROM offsets").collect()
    #expect(rows.map(\.values) == [[.integer(1)]])
    try spark.stop()
  }

  /// docs/from-spark.md shows the application that runs here.
  @Test func theDocumentShowsTheApplicationThatRuns() throws {
    let source = try Files.readText(#filePath)
    let begin = source.firstRange(of: "// begin: application\n")!.upperBound
    let end = source.firstRange(of: "  // end: application")!.lowerBound
    let code = source[begin..<end].split(separator: "\n", omittingEmptySubsequences: false).map { $0.dropFirst(2) }
      .joined(separator: "\n")
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    #expect(try Files.readText("/\(root)/docs/from-spark.md").contains(code))
  }

  @Test func aStreamIsNotCollectedAndABatchNotStreamed() async throws {
    let spark = try SparkSession.builder.getOrCreate()
    let stream = spark.readStream.format("kafka").option("kafka.bootstrap.servers", "h:1").option("subscribe", "t")
      .load()
    let problem = await #expect(throws: MillError.self) { try await stream.collect() }
    #expect(problem?.message == "queries with streaming sources must be executed with writeStream.start()")
    #expect(throws: MillError.self) { try spark.sql("SELECT 1").writeStream.format("console").start() }
    for (writer, text) in [
      (stream.writeStream.format("influx"), "did you mean influxdb?"), (stream.writeStream, "has no format"),
      (stream.writeStream.format("influxdb").option("url", "x").option("tag", "a"), "did you mean tags?"),
      (stream.writeStream.format("influxdb").option("url", "x"), "needs the option db"),
    ] {
      let problem = #expect(throws: MillError.self) { try writer.start() }
      #expect(problem.map { "\($0)".contains(text) } == true, "\(problem!)")
    }
  }
}
