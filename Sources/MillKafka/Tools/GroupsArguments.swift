import MillBase
import MillLog

/// kafka-consumer-groups' flags.
struct GroupsArguments {
  enum Action: String, CaseIterable {
    case list = "--list"
    case describe = "--describe"
    case delete = "--delete"
    case reset = "--reset-offsets"
    case deleteOffsets = "--delete-offsets"
  }

  /// Where --reset-offsets goes.
  enum Target {
    case earliest
    case latest
    case current
    case offset(Int64)
    case shift(Int64)
    /// Milliseconds since 1970.
    case time(Int64)
    case file(OffsetsFile)
  }

  var action: Action
  var servers: String
  var properties: [String: String]
  var groups: [String]
  var allGroups: Bool
  var showsState: Bool
  /// For --list: only groups in these states, in lower case; empty = all.
  var states: [String]
  var showsMembers: Bool
  var isVerbose: Bool
  var target: Target?
  /// nil = all topics that the group has offsets of; a topic's empty list = all its partitions.
  var topics: [(name: String, partitions: [Int32])]?
  var executes: Bool
  var exports: Bool
  var timeout: Duration

  /// - Throws: `.configuration`, in kafka-consumer-groups' words where it has some.
  init(_ words: [String]) throws {
    let flags = try ToolFlags(
      words,
      valued: [
        "--bootstrap-server", "--command-config", "--group", "--topic", "--to-offset", "--shift-by", "--to-datetime",
        "--by-duration", "--from-file", "--timeout",
      ], optional: ["--state": ""],
      plain: [
        "--list", "--describe", "--delete", "--reset-offsets", "--delete-offsets", "--all-groups", "--all-topics",
        "--offsets", "--members", "--verbose", "--to-earliest", "--to-latest", "--to-current", "--dry-run", "--execute",
        "--export",
      ], refused: ["--type": "all groups are of the type classic"])
    func wrong(_ message: String) -> MillError { MillError(.configuration, message) }
    servers = try flags.required("--bootstrap-server")
    let actions = Action.allCases.filter { flags.has($0.rawValue) }
    guard actions.count == 1 else {
      throw wrong(
        "Command must include exactly one action: --list, --describe, --delete, --reset-offsets, --delete-offsets")
    }
    action = actions[0]
    properties = try flags.clientProperties("--command-config")
    timeout = .milliseconds(max(1, try flags.number("--timeout") ?? 10_000))
    groups = flags.all("--group")
    allGroups = flags.has("--all-groups")
    showsState = flags.has("--state")
    states = (flags["--state"] ?? "").split(separator: ",").map { $0.filter { $0 != " " }.lowercased() }
    showsMembers = flags.has("--members")
    isVerbose = flags.has("--verbose")
    executes = flags.has("--execute")
    exports = flags.has("--export")
    let views = ["--members", "--offsets", "--state"].filter(flags.has)
    if action == .describe, views.count > 1 {
      throw wrong("Option --describe takes at most one of these options: \(views.joined(separator: ", "))")
    }
    if action != .list, !states.isEmpty { throw wrong("--state takes a value with --list only") }
    if action != .list, groups.isEmpty == !allGroups {
      throw wrong("Option \(action.rawValue) takes one of these options: --all-groups, --group")
    }
    if executes, flags.has("--dry-run") {
      throw wrong("Option --reset-offsets only accepts one of --execute and --dry-run")
    }
    if action == .deleteOffsets, !flags.has("--topic") || groups.count != 1 {
      throw wrong("Option --delete-offsets takes the following options: --group, --topic")
    }
    topics = flags.has("--topic") ? try flags.all("--topic").map(Self.topic) : nil
    if action == .reset {
      target = try Self.target(flags)
      let scopes = [topics != nil, flags.has("--all-topics")].count { $0 }
      if scopes > 1 || (scopes == 0 && !flags.has("--from-file")) {
        throw wrong("Option --reset-offsets takes one of these options: --all-topics, --topic")
      }
    }
  }

  private static func target(_ flags: ToolFlags) throws -> Target {
    var targets: [Target] = []
    if flags.has("--to-earliest") { targets.append(.earliest) }
    if flags.has("--to-latest") { targets.append(.latest) }
    if flags.has("--to-current") { targets.append(.current) }
    if let offset = try flags.number("--to-offset") { targets.append(.offset(Int64(offset))) }
    if let shift = try flags.number("--shift-by") { targets.append(.shift(Int64(shift))) }
    if let text = flags["--to-datetime"] { targets.append(.time(try DateTimes.moment(text))) }
    if let text = flags["--by-duration"] {
      targets.append(.time(Clock.nowMilliseconds() - (try DateTimes.duration(text))))
    }
    if let path = flags["--from-file"] { targets.append(.file(try OffsetsFile(path))) }
    guard targets.count == 1 else {
      throw MillError(
        .configuration,
        "Option --reset-offsets requires exactly one scenario: --to-earliest, --to-latest, --to-current, --to-offset, "
          + "--shift-by, --to-datetime, --by-duration or --from-file")
    }
    return targets[0]
  }

  /// `topic` or `topic:0,1`.
  private static func topic(_ text: String) throws -> (String, [Int32]) {
    let parts = text.split(separator: ":", maxSplits: 1)
    guard let name = parts.first else { throw MillError(.configuration, "--topic is empty") }
    let partitions = try parts.dropFirst().flatMap { $0.split(separator: ",") }.map { part in
      guard let number = Int32(part), number >= 0 else {
        throw MillError(.configuration, "'\(part)' in --topic \(text) is no partition", wayOut: "write pop:0,1")
      }
      return number
    }
    return (String(name), partitions)
  }
}
