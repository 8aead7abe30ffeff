import Foundation
import MillBase
import MillQuery
import Synchronization
import Testing

@testable import Millrace

/// The recorded API documents pass through the whole pipeline, spool → Flume → log → Spark SQL, and give exactly the
/// rows that Spark 4.0.1 gave for them.
@Suite struct RecordedDocumentsTests {
  static let data: String? = {
    let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared").path
    let shared = ProcessInfo.processInfo.environment["MILLRACE_SHARED"] ?? beside
    return Files.exists("\(shared)/data/ref") ? "\(shared)/data" : nil
  }()

  private final class JSONRowsSink: StreamSink {
    let description = "JSONRowsSink"
    private let batches = Mutex<[Int64: [JSONValue]]>([:])

    func addBatch(id: Int64, _ batch: MicroBatch) throws {
      var rows: [JSONValue] = []
      while let next = try batch.next() {
        for row in 0..<next.count { rows.append(try JSONValue(parsing: next.rowJSON(row))) }
      }
      batches.withLock { $0[id] = rows }
    }

    var rows: [JSONValue] { batches.withLock { batches in batches.sorted { $0.key < $1.key }.flatMap(\.value) } }
  }

  private let files = [
    "pipeline.yaml": """
    log: {listen: 127.0.0.1:0, topics: {pop: {}}}
    agents: [{file: spool.conf, name: a1}]
    queries:
      seed: {file: seed.sql, format: console}
    """,
    "spool.conf": """
    a1.sources = r1
    a1.channels = c1
    a1.sinks = k1
    a1.sources.r1.type = spooldir
    a1.sources.r1.spoolDir = spool
    a1.sources.r1.channels = c1
    a1.sources.r1.pollDelay = 20
    a1.sources.r1.deserializer = org.apache.flume.sink.solr.morphline.BlobDeserializer$Builder
    a1.channels.c1.type = memory
    a1.sinks.k1.type = org.apache.flume.sink.kafka.KafkaSink
    a1.sinks.k1.channel = c1
    a1.sinks.k1.kafka.bootstrap.servers = localhost:PORT
    a1.sinks.k1.kafka.topic = pop
    """,
    "seed.sql": """
    CREATE TEMPORARY VIEW pop USING kafka OPTIONS (
      kafka.bootstrap.servers 'localhost:PORT', subscribe 'pop', startingOffsets 'earliest');
    SELECT nation_data.`ID Nation` AS ID_Nation, nation_data.Nation, nation_data.`ID Year` AS ID_Year,
      nation_data.Year, nation_data.Population, nation_data.`Slug Nation` AS Slug_Nation
    FROM (SELECT explode(parsed.data) AS nation_data FROM (SELECT from_json(CAST(value AS STRING),
      'data ARRAY<STRUCT<`ID Nation`: STRING, Nation: STRING, `ID Year`: INT, Year: STRING, Population: INT,
      `Slug Nation`: STRING>>') AS parsed FROM pop))
    """,
  ]

  @Test(.enabled(if: data != nil, "skipped: the folder with the recorded documents is missing"))
  func theyGiveSparksRows() throws {
    let golden = try JSONValue(parsing: Files.readText("\(Self.data!)/ref/spark_4.0.1_seed_query_output.json")).object!
    let directory = try Files.makeTemporaryDirectory("millrace-recorded")
    defer { try? Files.removeTree(directory) }
    // A port of this moment: the files have to name it before the log listens.
    let probe = try HTTPServer(listen: Address(host: "127.0.0.1", port: 0)) { _ in .text("") }
    let port = "\(probe.address.port)"
    probe.stop()
    for (name, text) in files {
      let filled = text.replacing("PORT", with: port).replacing("127.0.0.1:0", with: "127.0.0.1:\(port)")
      try Files.writeAtomically(filled, to: "\(directory)/\(name)")
    }
    let spool = "\(directory)/var/spool"
    try Files.makeDirectory(spool)
    // Oldest first is the agent's order: a document is written when the one before is in the log.
    let (configuration, problems) = PipelineConfiguration.read(directory: directory, environment: [:])
    #expect(problems.errors.isEmpty, "\(problems.errors)")
    let sink = JSONRowsSink()
    let pipeline = try Pipeline(try #require(configuration), sinks: ["seed": sink])
    pipeline.start()
    defer { try? pipeline.stop() }
    var expected: [JSONValue] = []
    for (number, name) in golden.keys.enumerated() {
      let path = "\(Self.data!)/\(name)"
      let whole = try Files.readText("\(Self.data!)/datausa_nation_2022_ravdin.json")
      let text =
        switch name {
        case "nation2022 cut at 1000 chars": String(whole.prefix(1000))
        case "rest after the cut": String(whole.dropFirst(1000))
        case "empty": ""
        default: try #require(Files.exists(path) ? try Files.readText(path) : nil, "no document \(name)")
        }
      try Files.writeAtomically(text, to: "\(spool)/\(number).json")
      expected += golden[name]!.array!
      let arrived = (0..<500).contains { _ in
        if (try? pipeline.rooms.log.offsets(.init("pop", 0)).end) == Int64(number) + 1 { return true }
        usleep(20_000)
        return false
      }
      #expect(arrived, "\(name) is not in the topic")
    }
    #expect(try pipeline.rooms.queries[0].processAllAvailable(.seconds(20)))
    #expect(sink.rows.count == expected.count)
    for (row, (made, wanted)) in zip(sink.rows, expected).enumerated() where made != wanted {
      Issue.record("row \(row): \(made.text()) instead of \(wanted.text())")
      break
    }
  }
}
