import MillBase

extension MillraceCommand {
  /// All commands, in the order of the overview.
  static var commands: [Command] { [check] }

  static let check = Command(
    name: "check", summary: "Find the errors of a pipeline without running it.", usage: "DIR",
    examples: ["millrace check examples/population"],
    run: { arguments in
      let directory = try arguments.only("DIR, the pipeline's directory")
      let (_, problems) = PipelineConfiguration.read(directory: directory, environment: environment)
      for warning in problems.warnings { report("warning: \(warning)") }
      for error in problems.errors { report("\(error)") }
      if problems.errors.isEmpty { print("\(directory): no errors") }
      return problems.errors.isEmpty ? 0 : exitConfiguration
    })
}
