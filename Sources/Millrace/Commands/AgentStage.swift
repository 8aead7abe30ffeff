import MillAgent
import MillArchive
import MillBase

extension MillraceCommand {
  static let agent = Command(
    name: "agent", summary: "Run an agent of a Flume configuration file, with flume-ng's flags.", usage: "",
    raw: { words in
      guard let command = try AgentCommand.parse(words) else {
        print(AgentCommand.help)
        return 0
      }
      Interruption.prepare()
      if let level = command.logLevel { Log.setThreshold(level) }
      for notice in command.notices { Log.info("agent", notice) }
      let variables = Variables(system: command.properties)
      if command.isDryRun { return judge(command, variables) }

      let logs = LogDirectory(local: nil, properties: [:])
      let archive = command.archive ?? "archive"
      let isHDFS = archive.hasPrefix("http://") || archive.hasPrefix("https://")
      let files = try FileSystems(root: isHDFS ? "." : archive, webHDFS: isHDFS ? [archive] : [])
      let runner = try AgentRunner(
        configurationFile: command.configurationFile, agentName: command.name,
        environment: AgentEnvironment(
          baseDirectory: ".", stateDirectory: command.state ?? ".millrace", variables: variables,
          openLog: { servers, properties in try logs.log(servers, properties: properties) },
          fileSystem: { path in try files.resolve(path) }))
      let monitoring = try command.monitoringPort.map { try AgentMonitor(port: $0, runners: [runner]) }
      runner.start()
      serve("agent \(command.name) of \(command.configurationFile) runs")
      runner.stop()
      monitoring?.stop()
      try logs.close()
      return 0
    })

  private static func judge(_ command: AgentCommand, _ variables: Variables) -> Int32 {
    let problems = AgentRunner.check(command.configurationFile, name: command.name, variables: variables)
    for problem in problems { report("\(problem.code == .configurationWarning ? "warning: " : "")\(problem)") }
    return problems.contains { $0.code != .configurationWarning } ? exitConfiguration : 0
  }
}
