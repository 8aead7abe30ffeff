import Foundation
import MillBase
import Synchronization

/// A process of ours: started, watched, ended by its pid.
final class Executable: @unchecked Sendable {
  // @unchecked: Process is only used by the test that owns this, and output is behind a lock.
  let process = Process()
  private let captured = Mutex<[UInt8]>([])

  /// - Parameter program: a path, or a name looked up in PATH.
  init(_ program: String, _ arguments: [String], environment: [String: String] = [:], directory: String? = nil) throws {
    let path = program.hasPrefix("/") ? program : Self.find(program)
    guard let path else { throw MillError(.notFound, "no \(program) on the PATH") }
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    pipe.fileHandleForReading.readabilityHandler = { [weak self] handle in
      let data = handle.availableData
      if data.isEmpty { handle.readabilityHandler = nil }
      self?.captured.withLock { $0 += data }
    }
    try process.run()
  }

  /// What it has printed so far, both streams.
  var output: String { String(decoding: captured.withLock { $0 }, as: UTF8.self) }

  /// Ends it at once, as a power cut of the process would.
  func kill() {
    guard process.isRunning else { return }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Asks it to end (Ctrl-C) and waits.
  @discardableResult
  func interrupt() -> Int32 {
    if process.isRunning { Foundation.kill(process.processIdentifier, SIGINT) }
    return wait()
  }

  /// Waits for its end; the exit code.
  @discardableResult
  func wait() -> Int32 {
    process.waitUntilExit()
    // The last output may still be in the pipe.
    usleep(50_000)
    return process.terminationStatus
  }

  static func find(_ program: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
      .first { access($0, X_OK) == 0 }
  }

  /// Runs to the end; output and exit code.
  static func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], directory: String? = nil
  ) throws -> (output: String, status: Int32) {
    let executable = try Executable(program, arguments, environment: environment, directory: directory)
    let status = executable.wait()
    return (executable.output, status)
  }
}
