import MillBase
import MillFrame
import Testing

/// What DataFrames give, and what they say when they can't.
@Suite struct DataFrameTests {
  private let spark = try! SparkSession.builder.appName("tests").getOrCreate()

  /// (1, a), (2, b), (3, null)
  private var frame: DataFrame { spark.sql("SELECT * FROM VALUES (1, 'a'), (2, 'b'), (3, NULL) AS t(n, s)") }

  private func check(_ frame: DataFrame, _ wanted: String) async throws {
    let rows = try await frame.collect()
    #expect(
      rows.map { $0.values.map(Self.text).joined(separator: "|") }.joined(separator: " ") == wanted, "\(frame.sql)")
  }

  private static func text(_ value: Value) -> String {
    switch value {
    case .null: "null"
    case .integer(let number): "\(number)"
    case .string(let text): text
    case .double(let number): "\(number)"
    case .boolean(let flag): "\(flag)"
    default: "\(value)"
    }
  }

  @Test func columns() async throws {
    try await check(frame.select(col("n"), (col("n") * 10 + 1).alias("m")), "1|11 2|21 3|31")
    try await check(frame.select("s", "n"), "a|1 b|2 null|3")
    try await check(frame.selectExpr("n + 1 AS m", "upper(s)"), "2|A 3|B 4|null")
    try await check(frame.withColumn("s", coalesce(col("s"), lit("it's \\ none"))).select("s"), "a b it's \\ none")
    try await check(frame.withColumn("twice", col("n") * 2), "1|a|2 2|b|4 3|null|6")
    #expect(try frame.withColumn("N", col("n").cast("string")).columns == ["N", "s"])
    #expect(try frame.withColumnRenamed("n", "a b").columns == ["a b", "s"])
    #expect(try frame.drop("s", "nothing").columns == ["n"])
    #expect(try frame.toDF("x", "y").columns == ["x", "y"])
    try await check(
      frame.select(when(col("n") == 1, "one").when(col("n") == 2, "two").otherwise("many")), "one two many")
    try await check(frame.select(explode(array(col("n"), col("n") + 5)).alias("x")), "1 6 2 7 3 8")
    try await check(
      frame.select(`struct`(col("n"), col("s").alias("t")).alias("st")).select("st.t", "st.n"), "a|1 b|2 null|3")
  }

  @Test func rows() async throws {
    try await check(frame.filter("n > 1 AND s IS NOT NULL"), "2|b")
    try await check(frame.where(col("n") >= 2 && col("s").isNull()), "3|null")
    try await check(frame.filter(!col("n").isin(1, 3)), "2|b")
    try await check(frame.filter(col("n").between(2, 3) || col("s").like("a%")), "1|a 2|b 3|null")
    try await check(frame.orderBy(col("s").desc(), col("n")).select("n"), "2 1 3")
    try await check(frame.sort("s").limit(1), "3|null")
    try await check(frame.union(frame).distinct().orderBy("n").offset(1).select("n"), "2 3")
    try await check(spark.range(2, 8, 3), "2 5")
    try await check(spark.range(0), "")
    #expect(try await frame.count() == 3)
    #expect(try await frame.first()?["s"] == .string("a"))
    #expect(try await frame.filter("n > 5").isEmpty())
  }

  @Test func groupsAndJoins() async throws {
    let more = frame.union(frame)
    try await check(more.groupBy("n").count().orderBy("n"), "1|2 2|2 3|2")
    try await check(
      more.groupBy(col("s").isNull().alias("none")).agg(sum(col("n")).alias("total"), countDistinct(col("n")))
        .orderBy("none"), "false|6|2 true|6|1")
    try await check(more.agg(max(col("n")), avg(col("n"))), "3|2.0")
    let names = spark.sql("SELECT * FROM VALUES (1, 'one'), (2, 'two') AS t(n, name)")
    try await check(frame.join(names, on: ["n"]).orderBy("n"), "1|a|one 2|b|two")
    try await check(
      frame.alias("l").join(names.alias("r"), on: col("l.n") == col("r.n"), joinType: "left_outer")
        .select("l.n", "name").orderBy("n"), "1|one 2|two 3|null")
    try await check(frame.join(names, on: ["n"], joinType: "left_anti"), "3|null")
  }

  @Test func viewsAreKnownToSQL() async throws {
    try frame.filter("n < 3").createOrReplaceTempView("small")
    let before = spark.sql("SELECT max(n) m FROM small;")
    try await check(before, "2")
    try frame.createOrReplaceTempView("small")
    let after = spark.sql("WITH s AS (SELECT n FROM Small) SELECT max(n) m FROM s")
    try await check(before.union(after), "2 3")
  }

  @Test func theWrongMethodIsNamed() async throws {
    let wrong = frame.select("n")
      .filter("m > 1")
      .limit(1)
    let line = #line - 2
    let problem = await #expect(throws: MillError.self) { try await wrong.collect() }
    #expect(problem?.place?.line == line && problem?.place?.file == #fileID, "\(problem!)")
    #expect(problem?.message.contains("m") == true)
    for (frame, text) in [
      (frame.select(col("nn")), "did you mean n?"), (frame.selectExpr("n +"), "syntax error"),
      (frame.join(frame, on: ["n"], joinType: "lef"), "did you mean left?"),
      (spark.read.format("kafkaa").load(), "did you mean kafka?"), (frame.select(col("n").cast("intt")), "intt"),
    ] {
      let problem = #expect(throws: MillError.self) { try frame.schema }
      #expect(problem.map { "\($0)".contains(text) } == true, "\(problem!)")
    }
    #expect(throws: MillError.self) { try SparkSession.builder.config("spark.sql.ansi.enable", "x").getOrCreate() }
  }

  @Test func eventTimeAndDuplicates() async throws {
    let doubles = spark.sql("SELECT * FROM VALUES (1, 'a'), (2, 'a'), (2, 'b'), (1, 'a') AS t(n, s)")
    try await check(doubles.dropDuplicates("s"), "1|a 2|b")
    try await check(doubles.dropDuplicates(), "1|a 2|a 2|b")
    let timed = doubles.select(col("n"), to_timestamp(lit("2024-01-01 00:00:07")).alias("t")).withWatermark(
      "t", "1 minute")
    try await check(timed.groupBy(expr("window(t, '5 seconds')")).agg(sum(col("n")).alias("x")).selectExpr("x"), "6")
    #expect(throws: MillError.self) { _ = try doubles.withWatermark("s", "1 minute").schema }
    #expect(throws: MillError.self) { _ = try doubles.dropDuplicates("z").schema }
  }

  /// A directory's files as they come, beside the same files as they are.
  @Test func filesAreStreamsToReadStream() async throws {
    let directory = try Files.makeTemporaryDirectory("dataframe")
    defer { try? Files.removeTree(directory) }
    try Files.makeDirectory(directory + "/in")
    try Files.writeAtomically("{\"k\":1}\n{\"k\":2}\n", to: directory + "/in/a.json")
    let new = spark.readStream.format("json").schema("k INT").option("maxFilesPerTrigger", 1).load(directory + "/in")
    let known = spark.read.schema("k INT, name STRING").json(directory + "/in")
    let query = try new.join(known, on: ["k"]).select("k").writeStream.format("memory").queryName("files")
      .option("checkpointLocation", directory + "/checkpoint").start()
    #expect(try query.processAllAvailable(.seconds(60)))
    try Files.writeAtomically("{\"k\":3}\n", to: directory + "/in/b.json")
    #expect(try query.processAllAvailable(.seconds(60)))
    query.stop()
    try await check(spark.sql("SELECT * FROM files"), "1 2 3")
    await #expect(throws: MillError.self) { try await new.collect() }
    #expect(new.sql.hasSuffix("SELECT * FROM STREAM(\(new.sql.split(separator: " ")[3]))"))
  }

  @Test func rateIsAStreamOnly() async throws {
    let rate = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 3).load()
    #expect(try rate.columns == ["timestamp", "value"])
    let query = try rate.select("value").writeStream.format("memory").queryName("rates").trigger(.availableNow).start()
    try query.awaitTermination(.seconds(60))
    try await check(spark.sql("SELECT * FROM rates"), "0 1 2")
    let error = await #expect(throws: MillError.self) {
      try await spark.read.format("rate").load().collect()
    }
    #expect(error?.message.contains("it can be read as a stream only") == true)
  }
}
