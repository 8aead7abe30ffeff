import MillBase

extension MillraceCommand {
  static let test = Command(
    name: "test", summary: "Run a pipeline's tests: recorded records in, expected rows and points out.",
    usage: "DIR [flags]",
    flags: [
      Flag("--only", "TEXT", "tests whose names contain it"),
      Flag("--update", "write the files of expected rows and points from what comes out"),
    ],
    examples: [
      "millrace test examples/population",
      "millrace test examples/population --only survey",
    ],
    notes: """
      The tests are in DIR/tests/*.yaml:

        tests:
          - name: a row a year
            query: population                # of pipeline.yaml
            input: {pop: population.jsonl}   # topic: a file with a record a line, or a list of records
            rows: population.rows.jsonl      # a file, or a list of rows; nulls may be left out
            points: population.points        # the points as line protocol
            ordered: true                    # default: rows may come in any order
            deadLetters: 1                   # records that can't be read; default 0

      A list under 'input' is several steps, each a micro-batch of its own. A record may be a text, a document, or
      {value: …, key: …, timestamp: 2024-05-01T12:00:00Z}.

      """,
    run: { arguments in
      Log.setThreshold(.warning)
      let directory = try arguments.only("DIR, the pipeline's directory")
      let (configuration, problems) = PipelineConfiguration.read(directory: directory, environment: environment)
      let folder = "\(directory)/tests"
      let files = Files.exists(folder) ? try Files.list(folder).filter { $0.hasSuffix(".yaml") } : []
      guard !files.isEmpty else {
        throw MillError(
          .configuration, "there are no tests", at: .init(file: folder),
          wayOut: "write tests/NAME.yaml; millrace help test shows how")
      }
      var tests = files.flatMap { PipelineTest.read("\(folder)/\($0)", problems) }
      for error in problems.errors { report("\(error)") }
      guard let configuration, problems.errors.isEmpty else { return exitConfiguration }
      if let only = arguments["--only"] { tests = tests.filter { $0.name.contains(only) } }
      let run = PipelineTestRun(configuration: configuration, updates: arguments.has("--update"))
      var failed = 0
      for test in tests {
        do {
          let outcome = try run.run(test)
          let count = "\(outcome.rowCount) rows" + (test.points == nil ? "" : ", \(outcome.pointCount) points")
          say("\(outcome.differences.isEmpty ? "ok  " : "FAIL") \(test.query): \(test.name) (\(count))")
          for difference in outcome.differences { say("       \(difference)") }
          if !outcome.differences.isEmpty { failed += 1 }
        } catch {
          failed += 1
          say("FAIL \(test.query): \(test.name)")
          say("       \(Secrets.redact("\(error)"))")
        }
      }
      say("\(tests.count - failed) passed, \(failed) failed")
      return failed == 0 && !tests.isEmpty ? 0 : 1
    })
}
