import MillBase
import Testing

extension EndToEnd {
  /// `millrace test`: the tests that stand beside a pipeline.
  @Suite struct PipelineTestTests {
    private func run(_ words: [String]) throws -> (output: String, status: Int32) {
      try Executable.run(Places.millrace, ["test"] + words)
    }

    /// A pipeline with the query `SELECT CAST(value AS STRING) v, timestamp FROM t` and these tests.
    private func check(_ tests: String, _ words: [String] = []) throws -> (output: String, status: Int32) {
      let directory = try Files.makeTemporaryDirectory("millrace-test")
      defer { try? Files.removeTree(directory) }
      let pipeline = """
        log: {listen: 127.0.0.1:9092}
        queries: {q: {file: q.sql, format: console}}
        """
      try Files.writeAtomically(pipeline, to: "\(directory)/pipeline.yaml")
      let query = """
        CREATE TEMPORARY VIEW t USING kafka OPTIONS (kafka.bootstrap.servers 'localhost:9092', subscribe 't');
        SELECT CAST(value AS STRING) v, CAST(key AS STRING) k, timestamp AS time FROM t
        """
      try Files.writeAtomically(query, to: "\(directory)/q.sql")
      try Files.makeDirectory("\(directory)/tests")
      try Files.writeAtomically("tests:\n" + tests, to: "\(directory)/tests/t.yaml")
      return try run([directory] + words)
    }

    @Test func theExamplesTestsPass() throws {
      let (output, status) = try run(["\(Places.root)/examples/population"])
      #expect(status == 0 && output.hasSuffix("4 passed, 0 failed\n"), "\(output)")
    }

    @Test(arguments: [
      (
        "- {query: q, input: {t: [a, b]}, rows: [{v: b, time: '1970-01-01T00:00:00.000Z'}, {v: a, time: '1970-01-01T00:00:00.000Z'}]}",
        0, "ok   q: q (2 rows)"
      ),
      (
        "- {query: q, input: {t: [a]}, rows: []}", 1,
        "unexpected row: {\"time\":\"1970-01-01T00:00:00.000Z\",\"v\":\"a\"}"
      ),
      ("- {query: q, input: {t: []}, rows: [{v: a}]}", 1, "missing row: {\"v\":\"a\"}"),
      (
        "- {query: q, ordered: true, input: {t: [a, b]}, timestamp: 5, rows: [{v: b, time: '1970-01-01T00:00:00.005Z'}, {v: a, time: '1970-01-01T00:00:00.005Z'}]}",
        1, "row 1 is {\"time\":\"1970-01-01T00:00:00.005Z\",\"v\":\"a\"}, wanted is"
      ),
      (
        "- {query: q, input: [{t: [a]}, {t: [{value: b, key: k, timestamp: 2024-05-01T12:00:00Z}]}], rows: [{v: a, time: '1970-01-01T00:00:00.000Z'}, {v: b, k: k, time: '2024-05-01T12:00:00.000Z'}]}",
        0, "1 passed"
      ),
      ("- {query: q, input: {t: [a]}, rows: x.jsonl}", 1, "there is no file"),
      ("- {query: qq, input: {t: [a]}, rows: []}", 1, "t.yaml:2: the pipeline has no query 'qq'; did you mean 'q'?"),
      (
        "- {query: q, inputs: {t: [a]}, rows: []}", 78,
        "t.yaml:2: 'inputs' is not known in 'test'; did you mean 'input'?"
      ),
      ("- {query: q, input: {t: a.jsonl}, rows: []}", 78, "there is no file"),
      ("- {query: q, input: {t: [a]}}", 78, "'test' needs 'rows' or 'points'"),
      ("- {query: q, input: {t: [a]}, timestamp: soon, rows: []}", 78, "'soon' is no time"),
    ])
    func outcomes(_ test: String, _ status: Int32, _ text: String) throws {
      let result = try check(test)
      #expect(result.status == status && result.output.contains(text), "\(result)")
    }

    @Test func aPipelineWithoutTestsSaysHowToWriteSome() throws {
      let directory = try Files.makeTemporaryDirectory("millrace-test")
      defer { try? Files.removeTree(directory) }
      try Files.writeAtomically("log: {listen: 127.0.0.1:9092}\n", to: "\(directory)/pipeline.yaml")
      let (output, status) = try run([directory])
      #expect(status == 78 && output.contains("millrace help test shows how"), "\(output)")
      #expect(try Executable.run(Places.millrace, ["help", "test"]).output.contains("deadLetters: 1"))
    }
  }
}
