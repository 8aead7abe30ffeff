import Foundation
import MillBase

/// One stage alone, `millrace broker` or `millrace store`, with a port and a directory of its own.
final class Stage {
  let port: UInt16
  let executable: Executable
  private let directory: String

  /// - Parameter arguments: further ones.
  init(_ command: String, _ arguments: String...) throws {
    directory = try Files.makeTemporaryDirectory("millrace-\(command)")
    port = try Places.freePort()
    let executable = try Executable(
      Places.millrace, [command, "--data", "\(directory)/data", "--listen", "127.0.0.1:\(port)"] + arguments)
    self.executable = executable
    let up: Void? = Places.eventually { executable.output.contains("Ctrl-C ends") ? () : nil }
    guard up != nil else { throw MillError(.unreachable, "\(command) does not start: \(executable.output)") }
  }

  deinit {
    executable.kill()
    try? Files.removeTree(directory)
  }

  var address: String { "127.0.0.1:\(port)" }
  var data: String { "\(directory)/data" }
}

/// The Python of scripts/setup.sh, with the clients of the real systems.
enum Python {
  static let path = "\(Places.root)/.venv/bin/python"
  static let isInstalled = access(path, X_OK) == 0

  /// Runs a file of Scripts; what it printed and its exit code.
  static func run(script: String, _ arguments: String...) throws -> (output: String, status: Int32) {
    try Executable.run(path, ["\(Places.root)/Tests/EndToEndTests/Scripts/\(script)"] + arguments)
  }
}
