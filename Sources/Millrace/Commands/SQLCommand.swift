import Glibc
import MillBase
import MillQuery

extension MillraceCommand {
  static let sql = Command(
    name: "sql", summary: "Spark SQL over a pipeline's topics, archive and store: a shell, or statements to run.",
    usage: "[DIR] [flags]",
    flags: [
      Flag("-e", "STATEMENTS", "run these, print what they give, end"),
      Flag("-f", "FILE", "run the statements of a file"),
      Flag("--format", "table|csv|json", "default: table; json is an object a row"),
      Flag("--bootstrap-server", "HOST:PORT", "topics of this Kafka, without a pipeline"),
      Flag("--data", "DIR", "where the chain writes; default: the pipeline's 'data'"),
    ],
    examples: [
      "millrace sql examples/population",
      "millrace sql examples/population -e \"SHOW TABLES; SELECT count(*) FROM topic.pop\"",
      "millrace sql examples/population --format csv -e \"SELECT * FROM store.population ORDER BY time\"",
      "millrace sql --bootstrap-server kafka1:9092 --format json -e \"SELECT CAST(value AS STRING) v FROM topic.pop\"",
      "millrace sql -e \"SELECT date_add(DATE '2024-02-28', 2)\"",
    ],
    run: { arguments in
      let format = try RowFormat(name: arguments["--format"] ?? "table")
      guard arguments.positional.count <= 1 else {
        throw MillError(.configuration, "one DIR is wanted, not \(arguments.positional.count)")
      }
      guard arguments["-e"] == nil || arguments["-f"] == nil else {
        throw MillError(.configuration, "-e and -f exclude each other")
      }
      let isInteractive = arguments["-e"] == nil && arguments["-f"] == nil && isatty(0) == 1
      Interruption.prepare()
      let tables = try tables(arguments)
      let shell = SQLShell(
        file: arguments["-f"], catalog: tables, places: tables?.places ?? .init(), format: format,
        write: { text in
          var text = text
          try text.withUTF8 { try System.writeAll(UnsafeRawBufferPointer($0), to: 1, "standard output") }
        })
      if isInteractive {
        let home = environment["HOME"].map { "\($0)/.millrace_history" }
        let editor = try LineEditor(program: "millrace", historyFile: home)
        print("millrace \(version): Spark SQL. help shows what can be asked, Ctrl-D ends.")
        InteractiveShell(shell: shell, editor: editor).run()
        editor.close()
      } else {
        let text = try arguments["-e"] ?? Files.readText(arguments["-f"] ?? "/dev/stdin")
        try untilInterrupted { try shell.run(text, countsRows: false, stop: $0) }
      }
      try tables?.close()
      return 0
    })

  private static func tables(_ arguments: Arguments) throws -> PipelineTables? {
    if let servers = arguments["--bootstrap-server"] {
      guard arguments.positional.isEmpty else {
        throw MillError(.configuration, "--bootstrap-server and a pipeline's DIR exclude each other")
      }
      return try PipelineTables(servers: servers)
    }
    guard let directory = arguments.positional.first else { return nil }
    let (configuration, problems) = PipelineConfiguration.read(
      directory: directory, data: arguments["--data"], environment: environment)
    if let error = problems.errors.first { throw error }
    return try configuration.map { try PipelineTables($0) }
  }

  /// The body's signal is set by Ctrl-C, which the process's threads have blocked.
  static func untilInterrupted<Result>(_ body: (Signal) throws -> Result) rethrows -> Result {
    let stop = Signal()
    let watcher = Worker("interruption") { ended in
      while !ended.isSet { if Interruption.wait(atMost: .milliseconds(50)) { return stop.set() } }
    }
    defer {
      watcher.stop()
      watcher.join()
    }
    return try body(stop)
  }
}
