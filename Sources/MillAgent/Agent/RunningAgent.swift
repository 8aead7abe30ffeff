import MillBase

/// The components of an agent at work, from one start to one stop.
final class RunningAgent: Sendable {
  private let plan: AgentPlan
  private let channels: [(name: String, channel: MemoryChannel)]
  private let sources: [(name: String, source: any EventSource, counters: Counters)]
  private let sinks: [(name: String, sink: any EventSink, counters: Counters)]
  private let states: Monitor<[String: (state: AgentStatus.State, problem: String?)]>
  private let workers = Monitor<(sources: [Worker], sinks: [Worker])>(([], []))
  /// Gives up what waits.
  private let abandon = Signal()
  private let restart = Signal()
  private let stopped = Monitor(false)

  init(plan: AgentPlan, environment: AgentEnvironment) throws {
    self.plan = plan
    try Files.makeDirectory(environment.stateDirectory)
    let builder = Builder(plan: plan, environment: environment)
    channels = builder.channels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    sources = try plan.sources.map { try builder.source($0) }
    sinks = try plan.sinks.map { try builder.sink($0) }
    states = Monitor([:])
  }

  /// A sink can't go on without events that it took and never acknowledged.
  var needsRestart: Bool { restart.isSet }

  func start() {
    let sinkWorkers = sinks.map { name, sink, _ in
      Worker("sink-\(name)") { [self] stop in
        guard guarded(name, { try sink.start(abandon: abandon) }) else { return }
        do { try sink.run(stop: stop, abandon: abandon) } catch {
          note(name, .failed, "\(error)")
          Log.error("agent", "\(plan.agent): sink \(name): \(error); the agent reads again from what was acknowledged")
          restart.set()
          return
        }
        note(name, .stopped, nil)
      }
    }
    let sourceWorkers = sources.map { name, source, _ in
      Worker("source-\(name)") { [self] stop in
        guard guarded(name, { try source.start() }) else { return }
        source.run(stop: stop, abandon: abandon)
        note(name, .stopped, nil)
      }
    }
    workers.withLock { $0 = (sourceWorkers, sinkWorkers) }
  }

  /// Starts a component; when it can't work it is left out, as Flume leaves it, and the reason is kept.
  private func guarded(_ name: String, _ start: () throws -> Void) -> Bool {
    note(name, .starting, nil)
    do {
      try start()
      note(name, .running, nil)
      return true
    } catch {
      note(name, .failed, "\(error)")
      Log.error("agent", "\(plan.agent): \(error)")
      return false
    }
  }

  private func note(_ name: String, _ state: AgentStatus.State, _ problem: String?) {
    states.withLock { $0[name] = (state, problem) }
  }

  func stop(drain: Duration) {
    let isFirst = stopped.withLock { stopped in
      defer { stopped = true }
      return !stopped
    }
    guard isFirst else { return }
    let (sourceWorkers, sinkWorkers) = workers.withLock { $0 }
    let end = Clock.steadyNanoseconds() + UInt64(max(0, drain / .nanoseconds(1)))
    if drain == .zero { abandon.set() }
    sourceWorkers.forEach { $0.stop() }
    join(sourceWorkers, until: end)
    sinkWorkers.forEach { $0.stop() }
    join(sinkWorkers, until: end)
    for (_, source, _) in sources { source.finish() }
  }

  private func join(_ workers: [Worker], until end: UInt64) {
    for worker in workers {
      while !worker.join(atMost: .milliseconds(50)) {
        let now = Clock.steadyNanoseconds()
        if now >= end, !abandon.isSet {
          Log.warning(
            "agent", "\(plan.agent): not everything drained in time; the rest is read again at the next start")
          abandon.set()
        }
      }
    }
  }

  var status: AgentStatus {
    let states = states.withLock { $0 }
    func component(_ kind: String, _ name: String, _ counters: Counters) -> AgentStatus.Component {
      AgentStatus.Component(
        kind: kind, name: name, state: states[name]?.state ?? .running, problem: states[name]?.problem,
        counters: counters.values, startTime: counters.startTime)
    }
    var components = sources.map { component("SOURCE", $0.name, $0.counters) }
    for (name, channel) in channels {
      var item = component("CHANNEL", name, channel.counters)
      item.counters += [("ChannelCapacity", channel.settings.capacity), ("ChannelSize", channel.size)]
      components.append(item)
    }
    components += sinks.map { sink in
      var item = component("SINK", sink.name, sink.counters)
      item.isArchive = sink.sink is HDFSSink
      return item
    }
    return AgentStatus(agent: plan.agent, components: components)
  }
}
