import MillBase

/// The kinds of components, with the word that configuration files use.
enum ComponentKind: String, CaseIterable, Sendable {
  case source = "sources"
  case channel = "channels"
  case sink = "sinks"
  case sinkGroup = "sinkgroups"
  case configFilter = "configfilters"

  var singular: String {
    switch self {
    case .source: "source"
    case .channel: "channel"
    case .sink: "sink"
    case .sinkGroup: "sink group"
    case .configFilter: "config filter"
    }
  }
}

/// A value as the file has it, trimmed and with its variables filled in.
struct Property: Sendable, Equatable {
  var value: String
  var line: Int
}

/// The keys of one component, without `<agent>.<kind>.<name>.`.
struct ComponentConfiguration: Sendable {
  var kind: ComponentKind
  var name: String
  var properties: [String: Property] = [:]
}

/// Everything a file says about one agent.
struct AgentConfiguration: Sendable {
  var name: String
  /// `<agent>.sources = …` and its like: the declared names and where.
  var declared: [ComponentKind: (names: [String], line: Int)] = [:]
  var components: [ComponentKind: [String: ComponentConfiguration]] = [:]
}

/// A Flume configuration file: agents by name.
///
/// Flume's outcomes per property (FlumeConfiguration.addRawProperty): a key without a dot, an empty value, a key
/// that is under none of the five groups are ignored with a warning, and never stop the agent.
struct FlumeConfiguration {
  let file: String
  private(set) var agents: [String: AgentConfiguration] = [:]
  private(set) var problems = Problems()

  init(parsing text: String, file: String, variables: Variables = Variables()) throws {
    self.file = file
    let entries = try JavaProperties(parsing: text, file: file).entries
    var last: [String: Int] = [:]
    for (index, entry) in entries.enumerated() { last[entry.key] = index }
    var merged: [String: String] = [:]
    for entry in entries { merged[entry.key] = entry.value }
    for (index, entry) in entries.enumerated() {
      if let final = last[entry.key], final != index {
        // The same once more does no harm, and many files end with a section that binds everything again.
        guard trim(entries[final].value) != trim(entry.value) else { continue }
        problems.warning(
          "'\(entry.key)' is set again in line \(entries[final].line)", at: .init(file: file, line: entry.line),
          wayOut: "the last one wins: keep one of them")
        continue
      }
      let place = MillError.Place(file: file, line: entry.line, key: trim(entry.key))
      let value = variables.substitute(entry.value, properties: merged, place: place, problems: &problems)
      add(key: trim(entry.key), value: trim(value), line: entry.line)
    }
  }

  private mutating func add(key: String, value: String, line: Int) {
    let place = MillError.Place(file: file, line: line, key: key)
    guard !value.isEmpty else { return problems.warning("the key has no value and is ignored", at: place) }
    let parts = key.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else {
      return problems.warning(
        "the line is ignored: it is no comment and names no agent", at: place,
        wayOut: "begin a comment with #, and a key with the agent's name and a dot")
    }
    let agent = String(parts[0])
    let rest = String(parts[1])
    guard !rest.isEmpty else {
      return problems.warning("nothing follows the agent's name; the line is ignored", at: place)
    }
    var configuration = agents[agent] ?? AgentConfiguration(name: agent)
    defer { agents[agent] = configuration }
    if let kind = ComponentKind(rawValue: rest) {
      configuration.declared[kind] = (value.split(whereSeparator: \.isWhitespace).map(String.init), line)
      return
    }
    let path = rest.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard path.count == 3, let kind = ComponentKind(rawValue: path[0]), !path[1].isEmpty, !path[2].isEmpty else {
      let groups = ComponentKind.allCases.map(\.rawValue)
      let near = Nearest.name(to: path[0], among: groups).map { "did you mean '\(agent).\($0)'?" }
      return problems.warning(
        "the key is ignored: it is under none of \(groups.joined(separator: ", ")), or names no component", at: place,
        wayOut: near ?? "write <agent>.<group>.<component>.<key>")
    }
    configuration.components[kind, default: [:]][
      path[1], default: ComponentConfiguration(kind: kind, name: path[1])
    ].properties[path[2]] = Property(value: value, line: line)
  }
}

/// Without blanks at both ends (Java's String.trim).
func trim(_ text: some StringProtocol) -> String {
  var view = Substring(text).unicodeScalars
  while let first = view.first, first.value <= 0x20 { view.removeFirst() }
  while let last = view.last, last.value <= 0x20 { view.removeLast() }
  return String(view)
}
