import MillBase

/// Makes components from their settings.
struct Builder {
  let plan: AgentPlan
  let environment: AgentEnvironment
  let channels: [String: MemoryChannel]

  init(plan: AgentPlan, environment: AgentEnvironment) {
    self.plan = plan
    self.environment = environment
    var channels: [String: MemoryChannel] = [:]
    for (name, settings) in plan.channels {
      let counters = Counters(.channel, name: name, agent: plan.agent, metrics: environment.metrics)
      channels[name] = MemoryChannel(name: name, settings: settings, counters: counters)
    }
    self.channels = channels
  }

  func source(_ source: AgentPlan.Source) throws -> (name: String, source: any EventSource, counters: Counters) {
    let counters = Counters(.source, name: source.name, agent: plan.agent, metrics: environment.metrics)
    let processor = ChannelProcessor(
      agent: plan.agent, source: source.name, channels: source.channels.map { channels[$0]! },
      selector: source.selector, interceptors: source.interceptors, counters: counters,
      backoffLongest: source.settings.backoffLongest)
    switch source.settings {
    case .spoolDirectory(var settings):
      settings.spoolDirectory = Files.resolve(settings.spoolDirectory, in: environment.baseDirectory)
      settings.trackerDirectory = Files.resolve(settings.trackerDirectory, in: settings.spoolDirectory)
      let made = try SpoolDirectorySource(
        agent: plan.agent, name: source.name, settings: settings, processor: processor, counters: counters)
      return (source.name, made, counters)
    case .kafka(let settings):
      let made = KafkaSource(
        agent: plan.agent, name: source.name, settings: settings, processor: processor, counters: counters
      ) { [environment] in try environment.openLog(settings.bootstrapServers, settings.consumer) }
      return (source.name, made, counters)
    }
  }

  func sink(_ sink: AgentPlan.Sink) throws -> (name: String, sink: any EventSink, counters: Counters) {
    let counters = Counters(.sink, name: sink.name, agent: plan.agent, metrics: environment.metrics)
    let feed = SinkFeed(agent: plan.agent, name: sink.name, channel: channels[sink.channel]!, counters: counters)
    switch sink.settings {
    case .kafka(let settings):
      let made = try KafkaSink(feed: feed, settings: settings, stateDirectory: environment.stateDirectory) {
        [environment] in try environment.openLog(settings.bootstrapServers, settings.producer)
      }
      return (sink.name, made, counters)
    case .hdfs(let settings):
      // With several sinks on the channel the records of a partition are torn apart, and names can't tell them.
      let isAlone = plan.sinks.count { $0.channel == sink.channel } == 1
      let made = HDFSSink(
        feed: feed, settings: settings, usesOffsetNames: isAlone, stateDirectory: environment.stateDirectory,
        fileSystem: environment.fileSystem)
      return (sink.name, made, counters)
    case .simple(let settings): return (sink.name, SimpleSink(feed: feed, settings: settings), counters)
    }
  }
}
