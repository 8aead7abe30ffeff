import MillAgent
import MillBase
import MillCollect
import MillQuery
import MillView

extension MillraceCommand {
  static let check = Command(
    name: "check", summary: "Find the errors of a pipeline without running it.", usage: "DIR",
    examples: ["millrace check examples/population"],
    run: { arguments in
      let directory = try arguments.only("DIR, the pipeline's directory")
      let (configuration, problems) = PipelineConfiguration.read(directory: directory, environment: environment)
      if let configuration { configuration.checkPieces(problems) }
      for warning in problems.warnings { report("warning: \(warning)") }
      for error in problems.errors { report("\(error)") }
      if problems.errors.isEmpty {
        print("\(directory): no errors\(problems.warnings.isEmpty ? "" : ", \(problems.warnings.count) warnings")")
      }
      return problems.errors.isEmpty ? 0 : exitConfiguration
    })
}

extension PipelineConfiguration {
  /// Judges the files that the pipeline names.
  func checkPieces(_ problems: Problems) {
    for source in sources { _ = problems.collect { try CollectorConfiguration(source).validate() } }
    let files = problems.collect { try fileSystems() }
    for agent in agents {
      note(AgentRunner.check(file(agent.file), name: agent.name, fileSystem: files?.resolve), problems)
    }
    for query in queries {
      _ = problems.collect {
        _ = try query.compile(self)
        _ = try Trigger(parsing: query.trigger)
      }
    }
    if let view {
      note(
        ViewConfiguration.check(
          dashboards: view.dashboards.map(file), alerting: view.alerting.map(file),
          dataSources: dataSource(store: nil).map { [$0] } ?? []), problems)
    }
  }

  private func note(_ found: [MillError], _ problems: Problems) {
    for problem in found {
      if [.configurationWarning, .viewWarning].contains(problem.code) {
        problems.warn(problem)
      } else {
        problems.add(problem)
      }
    }
  }
}
