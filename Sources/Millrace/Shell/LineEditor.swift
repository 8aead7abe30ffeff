import CEdit
import Glibc
import MillBase

/// Lines typed at a terminal, with editing keys and history (libedit). For one thread.
final class LineEditor {
  enum Line {
    case text(String)
    /// Ctrl-C: what was typed is not wanted.
    case cancelled
    /// Ctrl-D on an empty line, or the input's end.
    case end
  }

  /// Lines of history that are kept.
  static let historyMax: Int32 = 2_000

  private let editor: OpaquePointer
  private let history: OpaquePointer
  private let historyFile: String?
  private var prompt: UnsafeMutablePointer<CChar>?

  /// - Parameter historyFile: read now, written by ``close()``; nil = none is kept.
  init(program: String, historyFile: String?) throws {
    setlocale(LC_CTYPE, "")
    guard let history = mill_history_open(Self.historyMax), let editor = mill_edit_open(program, history) else {
      throw MillError(.system, "the terminal can't be used for line editing", wayOut: "give statements with -e or -f")
    }
    self.history = history
    self.editor = editor
    self.historyFile = historyFile
    if let historyFile, Files.exists(historyFile) { _ = mill_history_load(history, historyFile) }
  }

  func line(prompt text: String) -> Line {
    let next = strdup(text)
    mill_edit_set_prompt(editor, next)
    free(prompt)
    prompt = next
    var count: Int32 = 0
    let typed = el_gets(editor, &count)
    if mill_edit_take_cancelled() != 0 {
      print()
      return .cancelled
    }
    guard let typed, count > 0 else { return .end }
    var line = String(decoding: UnsafeRawBufferPointer(start: typed, count: strlen(typed)), as: UTF8.self)
    if line.utf8.last == 10 { line.removeLast() }
    return .text(line)
  }

  func remember(_ statement: String) { _ = mill_history_add(history, statement) }

  /// Writes the history; a file that can't be written is named, the work is done all the same.
  func close() {
    if let historyFile {
      if mill_history_save(history, historyFile) < 0 {
        MillraceCommand.report("the history can't be written to \(historyFile)")
      } else {
        // Statements may hold what is nobody else's business.
        chmod(historyFile, 0o600)
      }
    }
    el_end(editor)
    history_end(history)
    free(prompt)
  }
}
