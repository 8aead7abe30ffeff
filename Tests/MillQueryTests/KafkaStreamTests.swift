import MillBase
import MillColumns
import MillLog
import Testing

@testable import MillQuery

/// Options of a Kafka source: which topics, where to begin, how much at a time.
@Suite struct KafkaStreamTests {
  private final class Bench: Sendable {
    let directory: String
    let log: LocalLog

    init(_ topics: [String: Int]) throws {
      directory = try Files.makeTemporaryDirectory("kafkastream")
      log = try LocalLog(directory: directory + "/log")
      for (topic, partitions) in topics { try log.createTopic(topic, partitions: partitions, configuration: [:]) }
    }

    deinit {
      try? log.close()
      try? Files.removeTree(directory)
    }

    func append(_ values: String..., topic: String = "pop", partition: Int32 = 0, timestamp: Int64 = 1000) throws {
      _ = try log.append(
        values.map { Record(value: Array($0.utf8), timestamp: timestamp) }, to: TopicPartition(topic, partition),
        codec: .none)
    }

    func query(
      _ options: String, sink: any StreamSink, trigger: Trigger = .availableNow, limit: Int64? = nil
    ) throws -> StreamingQuery {
      var settings = StreamingQuery.Options()
      settings.maxOffsetsPerTrigger = limit
      let script = """
        CREATE TEMPORARY VIEW t USING kafka OPTIONS (kafka.bootstrap.servers 'h:1', \(options));
        SELECT CAST(value AS STRING) AS v FROM t
        """
      return try StreamingQuery(
        name: "q", query: CompiledQuery(script: script), log: { [log] _ in log }, sink: sink,
        checkpointLocation: directory + "/checkpoint", trigger: trigger, options: settings, metrics: Metrics())
    }

    /// The rows of each micro-batch, or the error.
    func run(_ options: String, limit: Int64? = nil) throws -> [String] {
      let sink = MemorySink()
      let query = try query(options, sink: sink, limit: limit)
      query.start()
      do { try query.awaitTermination(.seconds(60)) } catch let error as MillError { return ["\(error)"] }
      return Self.texts(sink)
    }

    static func texts(_ sink: MemorySink) -> [String] {
      sink.batchIds.map { id in
        sink.rows(ofBatch: id).map { if case .string(let text) = $0[0] { text } else { "?" } }.joined(separator: " ")
      }
    }
  }

  @Test func aPatternFindsTopicsThatAreMadeLater() throws {
    let bench = try Bench(["pop-a": 1, "other": 1, "pop": 1])
    try bench.append("1", topic: "pop-a")
    try bench.append("no", topic: "other")
    try bench.append("no", topic: "pop")
    let sink = MemorySink()
    let options = "subscribePattern 'pop-.+|__.*', startingOffsets 'earliest'"
    let query = try bench.query(options, sink: sink, trigger: .unlimited)
    query.start()
    #expect(try query.processAllAvailable(.seconds(60)))
    try bench.log.createTopic("pop-b", partitions: 2, configuration: [:])
    try bench.append("2", topic: "pop-b", partition: 1)
    #expect(try query.processAllAvailable(.seconds(60)))
    query.stop()
    #expect(Bench.texts(sink) == ["1", "2"])
    let source = query.lastProgress?["sources"]?[0]
    #expect(source?["description"] == "KafkaV2[SubscribePattern[pop-.+|__.*]]")
    #expect(source?["startOffset"]?.text() == #"{"pop-a":{"0":1},"pop-b":{"0":0,"1":0}}"#)
    #expect(source?["endOffset"]?.text() == #"{"pop-a":{"0":1},"pop-b":{"0":0,"1":1}}"#)
    // Another pattern is another source, unless it fits what was read.
    #expect(
      try bench.run("subscribePattern 'pop-a'")[0].contains("belongs to the topic pop-b, the query reads those of"))
    try bench.append("3", topic: "pop-a")
    #expect(try bench.run("subscribePattern 'p.*-.*'") == ["3"])
  }

  @Test func aPatternThatFindsNothingYetWaits() throws {
    let bench = try Bench([:])
    let sink = MemorySink()
    let query = try bench.query("subscribePattern 'pop.*'", sink: sink, trigger: .unlimited)
    query.start()
    #expect(try query.processAllAvailable(.seconds(60)))
    try bench.log.createTopic("pop1", partitions: 1, configuration: [:])
    #expect(try query.processAllAvailable(.seconds(60)), "a topic without records is nothing to wait for")
    try bench.append("1", topic: "pop1")
    #expect(try query.processAllAvailable(.seconds(60)))
    query.stop()
    #expect(Bench.texts(sink) == ["1"], "a topic that is made later is read from its first record on")
  }

  @Test func aTopicOfAPatternMayGo() throws {
    let bench = try Bench(["pop1": 1, "pop2": 1])
    try bench.append("1", topic: "pop1")
    for (failOnDataLoss, wanted) in [(false, ["1", "2"]), (true, ["1"])] {
      let sink = MemorySink()
      let options = "subscribePattern 'pop.*', startingOffsets 'earliest', failOnDataLoss \(failOnDataLoss)"
      let query = try bench.query(options, sink: sink, trigger: .unlimited)
      query.start()
      #expect(try query.processAllAvailable(.seconds(60)))
      try bench.log.deleteTopic("pop2")
      try bench.append("2", topic: "pop1")
      do { try query.processAllAvailable(.seconds(60)) } catch let error as MillError {
        #expect(error.message.contains("the partition pop2-0 is gone. Some data may have been lost"))
      }
      #expect(query.isActive == !failOnDataLoss)
      query.stop()
      #expect(Bench.texts(sink).joined(separator: " ").hasPrefix(wanted.joined(separator: " ")))
      try Files.removeTree(bench.directory + "/checkpoint")
      try bench.log.createTopic("pop2", partitions: 1, configuration: [:])
    }
  }

  @Test(arguments: [
    (#"startingOffsetsByTimestamp '{"pop":{"0":2000,"1":1000}}'"#, ["b x"]),
    (#"startingOffsetsByTimestamp '{"pop":{"0":1000,"1":1000}}', startingOffsets 'latest'"#, ["a b x"]),
    (
      #"startingOffsetsByTimestamp '{"pop":{"0":1000,"1":2000}}'"#,
      ["No offset matched from request of topic-partition pop-1 and timestamp 2000"]
    ),
    (
      #"startingOffsetsByTimestamp '{"pop":{"0":1000,"1":2000}}', startingOffsetsByTimestampStrategy 'latest'"#,
      ["a b"]
    ),
    (#"startingOffsetsByTimestamp '{"pop":{"0":1000}}'"#, ["startingOffsets says nothing about the partition pop-1"]),
    ("startingTimestamp '2000'", ["No offset matched from request of topic-partition pop-1 and timestamp 2000"]),
    (#"startingTimestamp '1500', startingOffsetsByTimestampStrategy 'latest'"#, ["b"]),
    (#"startingTimestamp '1000', startingOffsetsByTimestamp '{"pop":{"0":2000,"1":1000}}'"#, ["a b x"]),
  ])
  func beginningByTime(_ options: String, _ wanted: [String]) throws {
    let bench = try Bench(["pop": 2])
    try bench.append("a", timestamp: 1000)
    try bench.append("b", timestamp: 2000)
    try bench.append("x", partition: 1, timestamp: 1000)
    let rows = try bench.run("subscribe 'pop', " + options)
    #expect(rows == wanted || (rows.count == 1 && rows[0].contains(wanted[0]) && wanted[0].count > 10), "\(rows)")
  }

  @Test func endingByTimeIsForBatches() throws {
    let bench = try Bench(["pop": 1])
    for (value, time) in [("a", 1000), ("b", 2000), ("c", 3000)] { try bench.append(value, timestamp: Int64(time)) }
    func batch(_ options: String) throws -> [String] {
      let query = try CompiledQuery(
        script: "CREATE TEMPORARY VIEW t USING kafka OPTIONS (kafka.bootstrap.servers 'h:1', subscribe 'pop', "
          + "\(options)); SELECT CAST(value AS STRING) FROM t")
      var made: [String] = []
      try BatchQuery.run(query, places: .init(log: { _ in bench.log }), sink: { made += rows($0) })
      return made
    }
    #expect(try batch(#"endingOffsetsByTimestamp '{"pop":{"0":2000}}'"#) == ["a"])
    #expect(try batch(#"endingOffsetsByTimestamp '{"pop":{"0":9000}}'"#) == ["a", "b", "c"])
    #expect(
      try batch(#"startingOffsetsByTimestamp '{"pop":{"0":2000}}', endingOffsetsByTimestamp '{"pop":{"0":3000}}'"#)
        == ["b"])
    #expect(try batch("endingTimestamp '9000', endingOffsets 'latest'") == ["a", "b", "c"])
  }

  @Test func aMicroBatchWaitsForEnoughRecords() throws {
    let bench = try Bench(["pop": 1])
    let sink = MemorySink()
    let options = "subscribe 'pop', startingOffsets 'earliest', minOffsetsPerTrigger 3, maxTriggerDelay '1h'"
    let stream = KafkaStream(
      name: "t", kafka: try kafka(options), log: bench.log)
    var at = try stream.initialOffset()
    func next() throws -> Bool {
      let step = try stream.next(after: at)
      if step.hasData { at = step.end }
      return step.hasData
    }
    try bench.append("1")
    #expect(try next(), "the first micro-batch does not wait")
    try bench.append("2", "3")
    #expect(try !next())
    try bench.append("4")
    #expect(try next())
    #expect(at == .kafka(.init([TopicPartition("pop", 0): 4])))
    // What is there at the start of AvailableNow goes through, be it ever so little.
    try bench.append("5")
    let query = try bench.query(options, sink: sink)
    query.start()
    try query.awaitTermination(.seconds(60))
    #expect(Bench.texts(sink) == ["1 2 3 4 5"])
  }

  @Test func aMicroBatchDoesNotWaitForEver() throws {
    let bench = try Bench(["pop": 1])
    let options = "subscribe 'pop', startingOffsets 'earliest', minOffsetsPerTrigger 1000, maxTriggerDelay '50ms'"
    let sink = MemorySink()
    let query = try bench.query(options, sink: sink, trigger: .unlimited)
    query.start()
    for value in ["1", "2", "3"] {
      try bench.append(value)
      #expect(try query.processAllAvailable(.seconds(60)))
    }
    query.stop()
    #expect(Bench.texts(sink) == ["1", "2", "3"])
  }

  static let shares: [([Int64], Int64, [Int64])] = [
    ([1000, 100, 10, 1], 100, [90, 9, 1, 1]), ([1, 1, 1], 2, [1, 1, 1]), ([5, 5], 10, [5, 5]), ([7, 0], 3, [3, 0]),
    ([100, 200, 300], 7, [1, 2, 3]),
  ]

  /// KafkaMicroBatchStream.rateLimit: in proportion to what waits, rounded down, but one at least.
  @Test(arguments: shares)
  func limitIsSharedAsSparkDoes(_ waiting: [Int64], _ limit: Int64, _ wanted: [Int64]) {
    func offsets(_ numbers: [Int64]) -> KafkaOffsets {
      KafkaOffsets(
        Dictionary(uniqueKeysWithValues: numbers.enumerated().map { (TopicPartition("t", Int32($0)), $1) }))
    }
    let start = offsets(waiting.map { _ in 0 })
    #expect(start.limited(to: limit, until: offsets(waiting)) == offsets(wanted))
  }

  @Test func theQuerysLimitIsForViewsWithoutOne() throws {
    let bench = try Bench(["pop": 1])
    try bench.append("1", "2", "3", "4", "5")
    #expect(try bench.run("subscribe 'pop', startingOffsets 'earliest'", limit: 2) == ["1 2", "3 4", "5"])
    try bench.append("1", "2", "3", "4", "5")
    #expect(try bench.run("subscribe 'pop', maxOffsetsPerTrigger 3", limit: 2) == ["1 2 3", "4 5"])
  }

  private func kafka(_ options: String) throws -> KafkaSource {
    let query = try CompiledQuery(
      script: "CREATE TEMPORARY VIEW t USING kafka OPTIONS (kafka.bootstrap.servers 'h:1', \(options)); SELECT 1 FROM t"
    )
    guard case .kafka(let kafka) = query.sources[0].kind else { throw MillError(.badInput, "no topic") }
    return kafka
  }
}
