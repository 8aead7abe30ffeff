import MillBase

/// Turns the keys of one agent into components, and notes what is wrong.
struct Planner {
  let file: String
  let agent: AgentConfiguration
  var problems: Problems

  private func place(_ key: String, line: Int?) -> MillError.Place {
    .init(file: file, line: line, key: "\(agent.name).\(key)")
  }

  /// The declared components of a kind that have a type that can be run.
  private mutating func components(_ kind: ComponentKind, _ specs: [ComponentSpec]) -> [SettingsReader] {
    let declared = agent.declared[kind]
    let configured = agent.components[kind] ?? [:]
    for (name, component) in configured.sorted(by: { $0.key < $1.key })
    where !(declared?.names.contains(name) ?? false) {
      let near = Nearest.name(to: name, among: declared?.names ?? []).map { "did you mean '\($0)'?" }
      problems.warning(
        "\(name) is not in '\(agent.name).\(kind.rawValue)': its keys are never used",
        at: place("\(kind.rawValue).\(name)", line: component.properties.values.map(\.line).min()),
        wayOut: near ?? "add it to that line, or remove its keys")
    }
    var readers: [SettingsReader] = []
    var seen: Set<String> = []
    for name in declared?.names ?? [] where seen.insert(name).inserted {
      guard let component = configured[name] else {
        problems.error(
          "the \(kind.singular) \(name) has no keys and is left out",
          at: place("\(kind.rawValue)", line: declared?.line),
          wayOut: "configure it, or take it off the line")
        continue
      }
      if let spec = spec(for: component, kind, specs) {
        readers.append(SettingsReader(component, spec: spec, agent: agent.name, file: file))
      }
    }
    return readers
  }

  private mutating func spec(for component: ComponentConfiguration, _ kind: ComponentKind, _ specs: [ComponentSpec])
    -> ComponentSpec?
  {
    let key = "\(kind.rawValue).\(component.name).type"
    guard let type = component.properties["type"] else {
      problems.error(
        "the \(kind.singular) has no type and is left out",
        at: place(key, line: component.properties.values.map(\.line).min()))
      return nil
    }
    if let spec = specs.first(where: { $0.isNamed(type.value) }) { return spec }
    let supported = specs.map(\.type).joined(separator: ", ")
    let isKnown = (KnownTypes.unsupported[kind] ?? []).contains { $0.lowercased() == type.value.lowercased() }
    let hint =
      kind == .channel
      ? "; the memory channel loses nothing here when the process dies, since sources move on only after delivery" : ""
    let near = isKnown ? nil : Nearest.name(to: type.value, among: specs.map(\.type))
    problems.error(
      isKnown
        ? "Flume's \(kind.singular) '\(type.value)' can't be run here; \(component.name) is left out"
        : "'\(type.value)' is no \(kind.singular) of Flume; \(component.name) is left out",
      at: place(key, line: type.line),
      wayOut: near.map { "did you mean '\($0)'?" } ?? "write one of \(supported)\(hint)")
    return nil
  }

  private mutating func take(_ reader: SettingsReader) -> Bool {
    reader.problems.list.forEach { problems.add($0) }
    return reader.isUsable
  }

  // MARK: The three kinds

  mutating func channels() -> [String: MemoryChannelSettings] {
    var channels: [String: MemoryChannelSettings] = [:]
    for var reader in components(.channel, ChannelSettings.specs) {
      let settings = MemoryChannelSettings(&reader)
      if take(reader) { channels[reader.component.name] = settings }
    }
    return channels
  }

  mutating func sources(channels: [String: MemoryChannelSettings]) -> [AgentPlan.Source] {
    var sources: [AgentPlan.Source] = []
    for var reader in components(.source, SourceSettings.specs) {
      let name = reader.component.name
      let settings = SourceSettings(&reader)
      let listed = reader.string("channels")?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
      for channel in listed where channels[channel] == nil {
        reader.error("channels", "the channel \(channel) is not there", wayOut: hint(channels))
      }
      if reader.isSet("channel"), listed.isEmpty {
        reader.error(
          "channel", "a source has 'channels', in the plural", wayOut: "write \(agent.name).sources.\(name).channels")
      } else if listed.isEmpty {
        reader.error("type", "the source \(name) has no channel", wayOut: "set \(agent.name).sources.\(name).channels")
      }
      let selector = selector(&reader, channels: listed)
      for channel in listed {
        guard let capacity = channels[channel]?.transactionCapacity, settings.batchSize > capacity else { continue }
        reader.error(
          reader.writtenName("batchSize"),
          "batchSize \(settings.batchSize) is above transactionCapacity \(capacity) of channel \(channel); \(name) is left out",
          wayOut: "make one of the two fit the other")
      }
      let isUsable = take(reader)
      let interceptors = InterceptorKeys.make(
        for: reader.component, agent: agent.name, file: file, problems: &problems)
      if isUsable, let interceptors {
        sources.append(
          .init(name: name, settings: settings, channels: listed, selector: selector, interceptors: interceptors))
      }
    }
    return sources
  }

  mutating func sinks(channels: [String: MemoryChannelSettings]) -> [AgentPlan.Sink] {
    var sinks: [AgentPlan.Sink] = []
    for var reader in components(.sink, SinkSettings.specs) {
      let name = reader.component.name
      let settings = SinkSettings(&reader)
      let channel = reader.string("channel")
      if reader.isSet("channels"), channel == nil {
        reader.error(
          "channels", "a sink has 'channel', in the singular", wayOut: "write \(agent.name).sinks.\(name).channel")
      } else if channel == nil {
        reader.error("type", "the sink \(name) has no channel", wayOut: "set \(agent.name).sinks.\(name).channel")
      } else if channels[channel!] == nil {
        reader.error("channel", "the channel \(channel!) is not there", wayOut: hint(channels))
      }
      if let channel, let capacity = channels[channel]?.transactionCapacity, settings.batchSize > capacity {
        reader.error(
          "type",
          "the batch size \(settings.batchSize) is above transactionCapacity \(capacity) of channel \(channel); \(name) is left out",
          wayOut: "make one of the two fit the other")
      }
      if take(reader) { sinks.append(.init(name: name, settings: settings, channel: channel!)) }
    }
    return sinks
  }

  private func hint(_ channels: [String: MemoryChannelSettings]) -> String {
    channels.isEmpty ? "no channel is usable" : "there are: \(channels.keys.sorted().joined(separator: ", "))"
  }

  private func selector(_ reader: inout SettingsReader, channels: [String]) -> ChannelSelector {
    let properties = reader.component.properties.filter { $0.key.hasPrefix("selector.") }
    let type = properties["selector.type"]?.value.lowercased() ?? "replicating"
    if type == "replicating" {
      if properties["selector.optional"] != nil {
        reader.warning("selector.optional", "a channel that is full is waited for here; none is optional")
      }
      return .replicating
    }
    guard type == "multiplexing" else {
      reader.error(
        "selector.type", "the selector '\(type)' is not supported", wayOut: "write replicating or multiplexing")
      return .replicating
    }
    var mapping: [String: [Int]] = [:]
    var fallback: [Int] = []
    for (key, property) in properties {
      let names = property.value.split(whereSeparator: \.isWhitespace).map(String.init)
      let indices = names.compactMap { channels.firstIndex(of: $0) }
      guard key == "selector.default" || key.hasPrefix("selector.mapping.") else {
        if key.hasPrefix("selector.optional") {
          reader.error(
            key, "optional channels are not supported", wayOut: "map the value to channels with selector.mapping")
        }
        continue
      }
      if indices.count < names.count { reader.error(key, "it names a channel that the source does not have") }
      if key == "selector.default" { fallback = indices } else { mapping[String(key.dropFirst(17))] = indices }
    }
    let header = properties["selector.header"]?.value ?? "flume.selector.header"
    return .multiplexing(header: header, mapping: mapping, fallback: fallback)
  }

  // MARK: The whole

  /// What HDFS sinks need from the rest of the agent.
  private mutating func judgeArchives(sources: [AgentPlan.Source], sinks: [AgentPlan.Sink]) {
    var targets: [String: String] = [:]
    for sink in sinks {
      guard case .hdfs(let settings) = sink.settings else { continue }
      let place = place("sinks.\(sink.name).hdfs.path", line: settings.pathLine)
      if let other = targets.updateValue(sink.name, forKey: "\(settings.path.source)/\(settings.prefix.source)") {
        problems.warning(
          "sink \(other) writes into the same directory with the same file prefix", at: place,
          wayOut: "give one of them another hdfs.filePrefix, or they may write over each other's files")
      }
      guard settings.path.usesTime || settings.prefix.usesTime, !settings.time.usesClock else { continue }
      for source in sources where source.channels.contains(sink.channel) {
        if case .kafka = source.settings,
          source.interceptors.contains(where: { ($0 as? TimestampInterceptor)?.preserves == false })
        {
          problems.warning(
            "the timestamp interceptor of source \(source.name) sends records by the clock: after a crash some may be written a second time, into a later directory",
            at: place, wayOut: "set preserveExisting = true: a Kafka source sets the header to the record's own time")
        }
        guard case .spoolDirectory = source.settings, source.interceptors.isEmpty else { continue }
        problems.warning(
          "the path asks for a time, and events of source \(source.name) have no header 'timestamp': they become dead letters",
          at: place, wayOut: "give the source the timestamp interceptor, or set hdfs.useLocalTimeStamp = true")
      }
    }
  }

  mutating func judge(channels: [String: MemoryChannelSettings], sources: [AgentPlan.Source], sinks: [AgentPlan.Sink]) {
    for (name, group) in agent.components[.sinkGroup] ?? [:] {
      problems.error(
        "sink groups are not supported: each sink takes from its channel by itself",
        at: place("sinkgroups.\(name)", line: group.properties.values.map(\.line).min()),
        wayOut: "remove the group, or give each sink a channel of its own")
    }
    if let filters = agent.declared[.configFilter] {
      problems.error(
        "config filters are not supported", at: place("configfilters", line: filters.line),
        wayOut: "take secrets from the environment: ${env:NAME}")
    }
    for name in channels.keys.sorted() {
      let line = agent.components[.channel]?[name]?.properties["type"]?.line
      let takers = sinks.filter { $0.channel == name }
      if takers.isEmpty, sources.contains(where: { $0.channels.contains(name) }) {
        problems.error(
          "no sink takes from the channel \(name): its sources stop when it is full",
          at: place("channels.\(name)", line: line), wayOut: "give it a sink, type null to drop the events")
      }
      if takers.count > 1 {
        problems.warning(
          "\(takers.count) sinks take from the channel \(name): after a crash some events may arrive twice",
          at: place("channels.\(name)", line: line), wayOut: "one sink for each channel keeps every event once")
      }
    }
    judgeArchives(sources: sources, sinks: sinks)
    if channels.isEmpty || sources.isEmpty && sinks.isEmpty {
      problems.error(
        channels.isEmpty
          ? "no channel is usable: the agent can't run" : "neither a source nor a sink is usable: the agent can't run",
        at: .init(file: file, key: agent.name))
    }
  }
}
