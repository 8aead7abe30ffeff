import MillBase
import Testing

@testable import Millrace

@Suite struct PipelineConfigurationTests {
  /// Reads a pipeline of this text in a directory of its own.
  private func read(
    _ text: String, files: [String: String] = [:], environment: [String: String] = [:]
  ) throws -> (configuration: PipelineConfiguration?, errors: [String]) {
    let directory = try Files.makeTemporaryDirectory("millrace-pipeline")
    defer { try? Files.removeTree(directory) }
    for (name, text) in files { try Files.writeAtomically(text, to: "\(directory)/\(name)") }
    try Files.writeAtomically(text, to: "\(directory)/pipeline.yaml")
    let (configuration, problems) = PipelineConfiguration.read(directory: directory, environment: environment)
    return (configuration, problems.errors.map { "\($0)".replacing("\(directory)/", with: "") })
  }

  @Test func defaults() throws {
    let (configuration, errors) = try read("name: x\nstore:\nview:\n")
    #expect(errors == [])
    #expect(configuration?.log.listen?.description == "127.0.0.1:9092")
    #expect(configuration?.store?.listen?.description == "127.0.0.1:8086")
    #expect(configuration?.view?.listen.description == "127.0.0.1:3000")
  }

  @Test(arguments: [
    ("nam: x", "pipeline.yaml:1: 'nam' is not known in 'the pipeline'; did you mean 'name'?"),
    ("collect:\n  a:\n    url: http://x/\n", "pipeline.yaml:3: 'collect.a' needs 'spool'"),
    (
      "collect:\n  a:\n    url: ftp://x/\n    spool: s\n",
      "pipeline.yaml:3: 'collect.a.url' must begin with http:// or https://"
    ),
    (
      "collect:\n  a: {url: 'http://x', spool: s, interval: often}",
      "pipeline.yaml:2: 'collect.a.interval' must be a duration such as 500ms, 1s, 5m or 1 hour"
    ),
    (
      "log:\n  listen: nowhere",
      "pipeline.yaml:2: 'log.listen': 'nowhere' is not an address; write HOST:PORT, for example 127.0.0.1:9092"
    ),
    (
      "log:\n  listen: 127.0.0.1:1\n  servers: k:9092",
      "pipeline.yaml:2: 'log' has both 'listen' (built in) and 'servers' (a real Kafka); keep one of them"
    ),
    (
      "store:\n  token: abcdefgh",
      "pipeline.yaml:2: 'token' holds a secret; put it into the environment and write ${NAME} here"
    ),
    (
      "store:\n  database: ${NOT_SET}",
      "pipeline.yaml:2: the environment variable NOT_SET is not set; set it, or write ${NOT_SET:-default}"
    ),
    (
      "queries:\n  q:\n    file: q.sql\n    format: jsn",
      "pipeline.yaml:4: the format 'jsn' is not known; did you mean 'json'?"
    ),
    ("queries:\n  q:\n    file: q.sql\n    format: json", "pipeline.yaml:3: 'queries.q' needs 'path'"),
    (
      "queries:\n  q:\n    file: q.sql\n    format: kafka\n    path: /x",
      "pipeline.yaml:5: 'queries.q.path' is nothing for the format kafka; it belongs to csv, json, text"
    ),
    ("agents: 5", "pipeline.yaml:1: 'agents' must be a list of {file, name}"),
    ("name: x\nname: y", "pipeline.yaml:2: 'name' is here twice (first in line 1)"),
    ("include: no.yaml", "pipeline.yaml:1: include: there is no file"),
    ("a: [", "pipeline.yaml:"),
  ])
  func errorsNameFileAndLine(_ text: String, _ expected: String) throws {
    let (_, errors) = try read(text)
    #expect(errors.contains { $0.hasPrefix(expected) }, "\(errors)")
  }

  @Test func includedFileAddsToSections() throws {
    let (configuration, errors) = try read(
      "include: ${KIND:-a}.yaml\nstore:\nqueries:\n  one: {file: 1.sql, measurement: m}\n",
      files: [
        "a.yaml": "queries:\n  two: {file: 2.sql, measurement: m}\n",
        "b.yaml": "queries:\n  one: {file: 2.sql, measurement: m}\n",
      ])
    #expect(errors == [])
    #expect(configuration?.queries.map(\.name) == ["one", "two"])
  }

  @Test func whatAQueryMayTakeAtOnce() throws {
    let (configuration, errors) = try read(
      """
      queries:
        one: {file: 1.sql, format: console, maxOffsetsPerTrigger: 500, stateMemory: 64 MiB}
        two: {file: 2.sql, format: console}
      """)
    #expect(errors == [])
    let options = configuration?.queries.map(\.streamingOptions) ?? []
    #expect(options.map(\.maxOffsetsPerTrigger) == [500, nil])
    #expect(options.map(\.stateMemory) == [64 << 20, 512 << 20])
  }

  /// A query's columns and its sink are judged together, before anything starts.
  @Test(arguments: [
    ("format: kafka, topic: t", "'queries.q': Required attribute 'value' not found"),
    ("format: kafka", "'queries.q': topic option required when no 'topic' attribute is present."),
    ("format: text, path: /x", "'queries.q': The Text datasource doesn't support the column `n` of the type"),
    ("format: json, path: /x, partitionBy: [m]", "'queries.q': Partition column m not found in existing columns (n)."),
    ("format: json, path: /x, options: {compression: zip}", "'queries.q': [CODEC_NOT_AVAILABLE"),
    ("format: csv, path: 's3://x'", "'queries.q': the scheme 's3' is not supported"),
    ("format: console, options: {numRows: many}", "'queries.q': numRows wants a whole number, not many"),
    ("format: json, path: /x", nil), ("format: console, options: {truncate: false}", nil),
  ])
  func sinksFitTheirQueries(_ settings: String, _ expected: String?) throws {
    let directory = try Files.makeTemporaryDirectory("millrace-pipeline")
    defer { try? Files.removeTree(directory) }
    let sql = "CREATE TEMPORARY VIEW t USING kafka OPTIONS (kafka.bootstrap.servers 'localhost:9092', subscribe 't'); "
    try Files.writeAtomically(sql + "SELECT 1 AS n FROM t", to: "\(directory)/q.sql")
    try Files.writeAtomically("queries:\n  q: {file: q.sql, \(settings)}\n", to: "\(directory)/pipeline.yaml")
    let (configuration, problems) = PipelineConfiguration.read(directory: directory, environment: [:])
    try #require(problems.errors.isEmpty, "\(problems.errors)")
    let read = try #require(configuration)
    do {
      _ = try read.queries[0].compile(read)
      #expect(expected == nil)
    } catch let error as MillError {
      let message = "\(error)".replacing("\(directory)/", with: "").replacing(
        "[UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE] ", with: "")
      #expect(expected.map { message.hasPrefix("pipeline.yaml:2: \($0)") } == true, "\(message)")
    }
  }

  @Test func aNameInBothFilesIsAnError() throws {
    let (_, errors) = try read("include: b.yaml\nname: x\n", files: ["b.yaml": "name: y\n"])
    #expect(errors == ["b.yaml:1: 'name' is in both files (there in line 2)"])
  }

  @Test func tokensComeFromTheEnvironmentAndAreRedacted() throws {
    let (configuration, errors) = try read(
      "store:\n  url: http://x\n  token: ${MY_TOKEN}\n", environment: ["MY_TOKEN": "s3cr3t-of-the-test"])
    #expect(errors == [])
    #expect(configuration?.store?.token == "s3cr3t-of-the-test")
    #expect(MillError(.refused, "no: s3cr3t-of-the-test").description == "no: ***")
  }

  @Test(arguments: [
    ("500ms", 500), ("1s", 1000), ("20 seconds", 20_000), ("1.5", 1500), ("5m", 300_000), ("1 hour", 3_600_000),
  ])
  func durations(_ text: String, _ milliseconds: Int) {
    #expect(Duration(spelled: text)?.milliseconds == milliseconds)
  }

  @Test(arguments: ["", "s", "-1s", "1 fortnight", "1e12"])
  func noDurations(_ text: String) { #expect(Duration(spelled: text) == nil) }
}
