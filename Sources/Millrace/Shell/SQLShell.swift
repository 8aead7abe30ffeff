import Glibc
import MillBase
import MillColumns
import MillQuery

/// Runs statements one after the other and prints what they give.
final class SQLShell {
  private var session: SQLSession
  private let places: BatchQuery.Places
  private let format: RowFormat
  private let write: (String) throws -> Void

  /// - Parameters:
  ///   - file: of the statements, for messages.
  ///   - write: gets the answers.
  init(
    file: String?, catalog: (any TableCatalog)?, places: BatchQuery.Places, format: RowFormat,
    write: @escaping (String) throws -> Void
  ) {
    session = SQLSession(file: file, catalog: catalog, systems: places.files)
    self.places = places
    self.format = format
    self.write = write
  }

  /// - Parameters:
  ///   - text: whole statements.
  ///   - countsRows: a line with the number of rows, and how long it took, after a table.
  ///   - stop: ends a query that runs.
  /// - Throws: the first statement's error; statements before it are done.
  func run(_ text: String, countsRows: Bool, stop: Signal = Signal()) throws {
    try session.run(text) { answer in
      let begin = Clock.steadyNanoseconds()
      let rows: Int
      switch answer {
      case .done: return
      case .rows(let batch): rows = try show(batch.schema) { try $0(batch) }
      case .query(let query):
        rows = try show(query.schema) { show in
          var malformed = 0
          try BatchQuery.run(
            query, places: places, stop: stop,
            onMalformed: { origin, reason in
              malformed += 1
              if malformed <= MillraceCommand.malformedShown { MillraceCommand.report("\(origin): \(reason)") }
            }, encode: { $0 },
            // JSON names the moment in UTC, the others show what the clock shows.
            sink: { try show(format == .json ? $0 : query.onClock($0)) })
          let more = malformed - MillraceCommand.malformedShown
          if more > 0 { MillraceCommand.report("… and \(more) more lines or records that are no JSON") }
        }
      }
      guard countsRows else { return }
      let milliseconds = (Clock.steadyNanoseconds() - begin) / 1_000_000
      try write("\(rows) row\(rows == 1 ? "" : "s") in \(milliseconds) ms\n")
    }
  }

  private func show(_ schema: Schema, _ body: ((ColumnBatch) throws -> Void) throws -> Void) throws -> Int {
    // A plan is a text of several lines, not a cell.
    if schema.columns.map(\.name) == ["plan"], format == .table {
      try body { batch in for row in 0..<batch.count { try write(batch.columns[0].text(row) ?? "") } }
      return 1
    }
    var printer = RowPrinter(format, schema, write: write)
    try body { try printer.add($0) }
    try printer.finish()
    return printer.rowCount
  }
}

/// The shell at a terminal: prompts, statements over several lines, history, Ctrl-C.
struct InteractiveShell {
  static let prompt = "millrace> "
  static let continuationPrompt = "       -> "
  static let help = """
    Statements end with ; and may take several lines. Ctrl-C gives a statement up or stops a query, Ctrl-D ends.

      SHOW TABLES;                        topics, archive directories, measurements, views
      DESCRIBE topic.pop;                 columns and types
      SELECT CAST(value AS STRING) FROM topic.pop LIMIT 5;
      EXPLAIN SELECT …;                   the plan
      CREATE TEMPORARY VIEW v AS SELECT …;
      help, exit

    """

  let shell: SQLShell
  let editor: LineEditor

  func run() {
    var splitter = StatementSplitter()
    while true {
      switch editor.line(prompt: splitter.isInStatement ? Self.continuationPrompt : Self.prompt) {
      case .end:
        print()
        return
      case .cancelled: splitter.clear()
      case .text(let line):
        if !splitter.isInStatement {
          let word = line.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
          if ["exit", "quit", "\\q"].contains(word) { return }
          if ["help", "\\h", "\\?", "?"].contains(word) {
            editor.remember(line)
            print(Self.help, terminator: "")
            continue
          }
        }
        for statement in splitter.add(line: line) {
          editor.remember(Self.oneLine(statement))
          execute(statement)
        }
      }
    }
  }

  /// What the history keeps: comments to a line's end would swallow what follows, so such a text keeps its lines.
  private static func oneLine(_ statement: String) -> String {
    let lines = statement.split(separator: "\n").map { $0.drop { $0 == " " } }
    return lines.joined(separator: statement.contains("--") ? "\n" : " ")
  }

  private func execute(_ statement: String) {
    // A Ctrl-C that came between two lines is for no query.
    while Interruption.wait(atMost: .zero) {}
    do {
      try MillraceCommand.untilInterrupted { try shell.run(statement, countsRows: true, stop: $0) }
    } catch {
      MillraceCommand.report(Secrets.redact("\(error)"))
    }
  }
}
