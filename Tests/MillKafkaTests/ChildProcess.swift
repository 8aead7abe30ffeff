import Glibc
import MillBase

/// Another program, run to its end with text on its standard input.
enum ChildProcess {
  /// Whether the program is on the PATH; says so when it is not.
  static func has(_ program: String) -> Bool {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    if path.split(separator: ":").contains(where: { access("\($0)/\(program)", X_OK) == 0 }) { return true }
    print("skipped: \(program) is not installed")
    return false
  }

  /// - Returns: the exit code, and what it wrote to standard output.
  static func run(_ arguments: [String], input: String = "") throws -> (code: Int32, output: String) {
    let directory = try Files.makeTemporaryDirectory("mill-child")
    defer { try? Files.removeTree(directory) }
    let inputPath = "\(directory)/in"
    let outputPath = "\(directory)/out"
    try Files.writeAtomically(input, to: inputPath)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, inputPath, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var pid = pid_t()
    var argv = arguments.map { strdup($0) } + [nil]
    defer { for argument in argv { free(argument) } }
    let result = posix_spawnp(&pid, arguments[0], &actions, nil, &argv, environ)
    guard result == 0 else { throw MillError(.system, "spawn \(arguments[0]): \(String(cString: strerror(result)))") }
    var status: Int32 = 0
    try System.call("waitpid", arguments[0]) { waitpid(pid, &status, 0) }
    return (status >> 8 & 0xFF, try Files.readText(outputPath))
  }
}
