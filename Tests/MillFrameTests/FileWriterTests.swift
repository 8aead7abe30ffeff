import MillBase
import MillFrame
import MillKafka
import MillLog
import Testing

/// Files that frames are written to, as batches and as streams.
@Suite struct FileWriterTests {
  private func withDirectory(_ body: (SparkSession, String) async throws -> Void) async throws {
    let directory = try Files.makeTemporaryDirectory("millframe-files")
    defer { try? Files.removeTree(directory) }
    let spark = try SparkSession.builder.getOrCreate()
    try await body(spark, directory)
    try spark.stop()
  }

  private func message(_ body: () async throws -> Void) async -> String {
    do {
      try await body()
      return ""
    } catch let error as MillError { return error.message } catch { return "\(error)" }
  }

  @Test func aBatchIsWrittenByItsMode() async throws {
    try await withDirectory { spark, directory in
      let path = "\(directory)/out"
      func count() async throws -> Int { try await spark.read.schema("id BIGINT").json(path).count() }
      let frame = spark.range(3)
      try await frame.write.json(path)
      #expect(try await count() == 3)
      #expect(Files.exists("\(path)/_SUCCESS"))
      #expect(
        await message { try await frame.write.json(path) }
          == "[PATH_ALREADY_EXISTS] Path \(path) already exists. Set mode as \"overwrite\" to overwrite the existing "
          + "path. SQLSTATE: 42K04")
      try await frame.write.mode("ignore").json(path)
      #expect(try await count() == 3)
      try await frame.write.mode("append").json(path)
      #expect(try await count() == 6)
      try await frame.limit(1).write.mode("overwrite").json(path)
      #expect(try await count() == 1)
    }
  }

  @Test func overwritingMayReadWhatItReplaces() async throws {
    try await withDirectory { spark, directory in
      let path = "\(directory)/out"
      try await spark.range(9).selectExpr("id", "id % 2 AS p").write.partitionBy("p").format("csv")
        .option("header", true).save(path)
      let read = spark.read.format("csv").option("header", true).schema("id BIGINT").load(path)
      #expect(try await read.count() == 9)
      try await read.filter("id > 5").write.mode("overwrite").option("header", true).csv(path)
      #expect(try await read.collect().map { $0[0] } == [.integer(6), .integer(8), .integer(7)])
      #expect(try Files.list(path).filter { $0.hasPrefix("p=") } == [])
    }
  }

  @Test func whatCantBeWrittenIsRefused() async throws {
    try await withDirectory { spark, directory in
      let frame = spark.range(3)
      #expect(await message { try await frame.write.format("json").save() } == "'path' is not specified.")
      #expect(await message { try await frame.write.mode("nope").json("x") }.hasPrefix("[INVALID_SAVE_MODE]"))
      #expect(await message { try await frame.write.format("parquet").save("x") } == "unknown sink format parquet")
      #expect(await message { try await frame.write.save("x") } == "write has no format")
      #expect(await message { try await frame.write.format("console").save() }.contains("can't be written to console"))
      #expect(await message { try await frame.write.text(directory + "/t") }.contains("The Text datasource doesn't"))
    }
  }

  @Test func aStreamWritesFilesAndItsTemporaryCheckpointGoes() async throws {
    try await withDirectory { spark, directory in
      let log = try LocalLog(directory: "\(directory)/log")
      try log.createTopic("in", partitions: 1, configuration: [:])
      try log.createTopic("out", partitions: 1, configuration: [:])
      let server = try KafkaServer(log: log, listen: Address("127.0.0.1:0"))
      defer {
        server.stop()
        try? log.close()
      }
      func append(_ values: [String]) throws {
        _ = try log.append(values.map { Record(value: Array($0.utf8)) }, to: TopicPartition("in", 0), codec: .none)
      }
      try append(["1", "2"])
      let lines = spark.readStream.format("kafka").option("kafka.bootstrap.servers", "\(server.address)")
        .option("subscribe", "in").option("startingOffsets", "earliest").load()
        .selectExpr("CAST(value AS STRING) AS line")
      let path = "\(directory)/out"
      let query = try lines.writeStream.format("text").start(path)
      #expect(try query.processAllAvailable(.seconds(30)))
      let checkpoint = query.checkpointLocation
      #expect(Files.exists(checkpoint))
      query.stop()
      #expect(!Files.exists(checkpoint))
      #expect(try await spark.read.text(path).collect().map { $0[0] } == [.string("1"), .string("2")])
      #expect(
        await message { try await spark.range(1).selectExpr("'x' AS v").write.mode("append").text(path) }
          .contains("a query writes to this directory"))
      #expect(await message { _ = try lines.writeStream.format("json").start() } == "'path' is not specified.")
      #expect(await message { _ = try lines.writeStream.toTable("t") }.contains("no catalog of tables"))
      #expect(await message { try await lines.write.json(path) }.hasPrefix("[CALL_ON_STREAMING_DATASET_UNSUPPORTED]"))
      #expect(
        await message { _ = try lines.writeStream.format("json").outputMode("complete").start(path) }
          .hasPrefix("[STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE]"))

      // After an error it stays, unless it shall go.
      for isForced in [false, true] {
        let session = try SparkSession.builder
          .config("spark.sql.streaming.forceDeleteTempCheckpointLocation", "\(isForced)").getOrCreate()
        let failing = try session.readStream.format("kafka").option("kafka.bootstrap.servers", "\(server.address)")
          .option("subscribe", "in").option("startingOffsets", "earliest").load()
          .writeStream.foreachBatch { _, _ in throw MillError(.system, "no") }.start()
        #expect(throws: MillError.self) { try failing.awaitTermination(.seconds(30)) }
        #expect(Files.exists(failing.checkpointLocation) == !isForced)
        try Files.removeTree(failing.checkpointLocation)
        try session.stop()
      }

      // The same rows as a batch, to a topic.
      try await spark.read.text(path).write.format("kafka").option("topic", "out")
        .option("kafka.bootstrap.servers", "\(server.address)").save()
      #expect(try log.offsets(TopicPartition("out", 0)).end == 2)
    }
  }
}
