import MillBase

/// One agent of a configuration file, checked by Flume's rules: what can run, and what is wrong with the rest.
///
/// As in Flume a component that is not valid is left out and the agent starts with the rest
/// (FlumeConfiguration, AbstractConfigurationProvider).
struct AgentPlan: Sendable {
  struct Source: Sendable {
    var name: String
    var settings: SourceSettings
    var channels: [String]
    var selector: ChannelSelector
    var interceptors: [any Interceptor]
  }
  struct Sink: Sendable {
    var name: String
    var settings: SinkSettings
    var channel: String
  }

  let agent: String
  private(set) var channels: [String: MemoryChannelSettings] = [:]
  private(set) var sources: [Source] = []
  private(set) var sinks: [Sink] = []
  /// Errors and warnings, those of the whole file first.
  private(set) var problems: [MillError] = []

  /// - Throws: `.configuration` when the file can't be read or has no such agent.
  init(file: String, agent: String, variables: Variables) throws {
    try self.init(
      parsing: Files.readText(file, limit: JavaProperties.sizeMax), file: file, agent: agent, variables: variables)
  }

  init(parsing text: String, file: String, agent: String, variables: Variables = Variables()) throws {
    let configuration = try FlumeConfiguration(parsing: text, file: file, variables: variables)
    guard let own = configuration.agents[agent] else {
      let names = configuration.agents.keys.sorted()
      throw MillError(
        .configuration, "the file configures no agent '\(agent)'", at: .init(file: file),
        wayOut: names.isEmpty ? "it configures none at all" : "it configures: \(names.joined(separator: ", "))")
    }
    self.agent = agent
    var planner = Planner(file: file, agent: own, problems: configuration.problems)
    channels = planner.channels()
    sources = planner.sources(channels: channels)
    sinks = planner.sinks(channels: channels)
    planner.judge(channels: channels, sources: sources, sinks: sinks)
    problems = planner.problems.list
  }

  /// There is something to run.
  var isRunnable: Bool { !channels.isEmpty && !(sources.isEmpty && sinks.isEmpty) }
}
