import MillBase

/// Scripts/step_killer.c, compiled: preloaded, it kills the process at a step that it takes with files.
struct StepKiller {
  static let compiler = ["clang", "gcc", "cc"].lazy.compactMap(Executable.find).first
  let library: String

  /// - Parameter directory: where the library goes.
  init(in directory: String) throws {
    library = "\(directory)/step_killer.so"
    let (output, status) = try Executable.run(
      Self.compiler!,
      [
        "-shared", "-fPIC", "-O1", "-Wall", "-o", library, "\(Places.root)/Tests/EndToEndTests/Scripts/step_killer.c",
        "-ldl",
      ])
    guard status == 0 else { throw MillError(.system, "step_killer.c: \(output)") }
  }

  /// - Parameter step: the step to die at; 0 = none.
  func environment(below directories: [String], dieAt step: Int, record: String) -> [String: String] {
    [
      "LD_PRELOAD": library, "STEP_BELOW": directories.joined(separator: ":"), "STEP_DIE": "\(step)",
      "STEP_RECORD": record,
    ]
  }

  /// The kind of each recorded step: `rename checkpoints/q/offsets/#`, `write checkpoints/q/offsets/#.tmp`.
  static func kinds(_ record: String, below data: String) -> [String] {
    record.split(separator: "\n").map { line in
      var path = line.split(separator: " ", maxSplits: 2)[2].replacing(data + "/", with: "")
      path = path.replacing(/\/\.([^\/]+?)\.\d+(\.\d+)?\.tmp$/) { "/\($0.1).tmp" }
      return "\(line.split(separator: " ")[1]) \(path.replacing(/\d+/, with: "#"))"
    }
  }
}
