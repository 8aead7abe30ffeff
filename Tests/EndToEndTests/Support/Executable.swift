import Glibc
import MillBase
import Synchronization

/// A process of ours: started, watched, ended by its pid.
///
/// posix_spawn and waitpid rather than Foundation's Process, whose waiting depends on a run loop and on SIGCHLD.
final class Executable: Sendable {
  let pid: pid_t
  private let captured = Monitor<[UInt8]>([])
  private let reader: Worker
  private let status = Mutex<Int32?>(nil)

  /// - Parameters:
  ///   - program: a path, or a name looked up in PATH.
  ///   - environment: added to that of the tests.
  init(_ program: String, _ arguments: [String], environment: [String: String] = [:], directory: String? = nil) throws {
    guard var path = program.hasPrefix("/") ? program : Self.find(program) else {
      throw MillError(.notFound, "no \(program) on the PATH")
    }
    var arguments = arguments
    if let directory {
      arguments = ["-c", "cd \"$0\" && exec \"$@\"", directory, path] + arguments
      path = "/bin/sh"
    }
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw System.error("pipe", path) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    // The child begins with no signal blocked or ignored, whatever the test runner does.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var argv = ([path] + arguments).map { strdup($0) } + [nil]
    var envp = Self.environment.merging(environment) { $1 }.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var pid = pid_t()
    let result = posix_spawn(&pid, path, &actions, &attributes, &argv, &envp)
    close(ends[1])
    guard result == 0 else {
      close(ends[0])
      throw MillError(.system, "can't start \(path): \(String(cString: strerror(result)))")
    }
    self.pid = pid
    let (captured, end) = (captured, ends[0])
    reader = Worker("output") { _ in
      var buffer = [UInt8](repeating: 0, count: 64 << 10)
      while true {
        let count = read(end, &buffer, buffer.count)
        if count > 0 { captured.withLock { $0 += buffer[..<count] } } else if count == 0 || errno != EINTR { break }
      }
      close(end)
    }
  }

  /// What it has printed so far, both streams.
  var output: String { String(decoding: captured.withLock { $0 }, as: UTF8.self) }

  var isRunning: Bool { exitStatus(WNOHANG) == nil }

  /// Ends it at once, as a power cut of the process would.
  func kill() {
    guard isRunning else { return }
    Glibc.kill(pid, SIGKILL)
    wait()
  }

  /// Asks it to end (Ctrl-C) and waits.
  @discardableResult
  func interrupt() -> Int32 {
    if isRunning { Glibc.kill(pid, SIGINT) }
    return wait()
  }

  /// Waits for its end and its last output; the exit code, or 128 + the signal that ended it.
  @discardableResult
  func wait() -> Int32 {
    let status = exitStatus(0)!
    // A grandchild may hold the pipe open; the output of the process itself is there by then.
    _ = reader.join(atMost: .seconds(1))
    return status
  }

  private func exitStatus(_ options: Int32) -> Int32? {
    status.withLock { status in
      if let status { return status }
      var raw: Int32 = 0
      while true {
        let result = waitpid(pid, &raw, options)
        if result == pid { break }
        if result == 0 { return nil }
        if errno != EINTR { return -1 }
      }
      let signal = raw & 0x7F
      status = signal == 0 ? (raw >> 8) & 0xFF : 128 + signal
      return status
    }
  }

  static var environment: [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
      entry += 1
    }
    return result
  }

  static func find(_ program: String) -> String? {
    (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
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
