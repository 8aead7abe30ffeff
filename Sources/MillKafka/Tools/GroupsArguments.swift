import MillBase
import MillLog

/// kafka-consumer-groups' flags.
struct GroupsArguments {
  enum Action: String, CaseIterable {
    case list = "--list"
    case describe = "--describe"
    case delete = "--delete"
    case reset = "--reset-offsets"
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
  }

  var action: Action
  var servers: String
  var properties: [String: String]
  var groups: [String]
  var allGroups: Bool
  var showsState: Bool
  var showsMembers: Bool
  var target: Target?
  /// nil = all topics that the group has offsets of; a topic's empty list = all its partitions.
  var topics: [(name: String, partitions: [Int32])]?
  var executes: Bool

  /// - Throws: `.configuration`, in kafka-consumer-groups' words where it has some.
  init(_ words: [String]) throws {
    let flags = try ToolFlags(
      words,
      valued: [
        "--bootstrap-server", "--command-config", "--group", "--topic", "--to-offset", "--shift-by", "--to-datetime",
        "--by-duration", "--timeout",
      ],
      plain: [
        "--list", "--describe", "--delete", "--reset-offsets", "--all-groups", "--all-topics", "--offsets", "--members",
        "--state", "--verbose", "--to-earliest", "--to-latest", "--to-current", "--dry-run", "--execute",
      ])
    func wrong(_ message: String) -> MillError { MillError(.configuration, message) }
    servers = try flags.required("--bootstrap-server")
    let actions = Action.allCases.filter { flags.has($0.rawValue) }
    guard actions.count == 1 else {
      throw wrong("Command must include exactly one action: --list, --describe, --delete or --reset-offsets")
    }
    action = actions[0]
    properties = try flags["--command-config"].map(PropertiesFile.read) ?? [:]
    groups = flags.all("--group")
    allGroups = flags.has("--all-groups")
    showsState = flags.has("--state")
    showsMembers = flags.has("--members")
    executes = flags.has("--execute")
    if action != .list, groups.isEmpty == !allGroups {
      throw wrong("Option \(action.rawValue) takes one of these options: --all-groups, --group")
    }
    if executes, flags.has("--dry-run") {
      throw wrong("Option --reset-offsets only accepts one of --execute and --dry-run")
    }
    topics = flags.has("--topic") ? try flags.all("--topic").map(Self.topic) : nil
    if action == .reset {
      target = try Self.target(flags)
      if (topics == nil) == !flags.has("--all-topics") {
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
    guard targets.count == 1 else {
      throw MillError(
        .configuration,
        "Option --reset-offsets requires exactly one scenario: --to-earliest, --to-latest, --to-current, --to-offset, "
          + "--shift-by, --to-datetime or --by-duration")
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

/// Times as kafka-consumer-groups takes them.
enum DateTimes {
  /// `2026-01-31T12:00:00.000`, without or with `Z` or `+01:00`; UTC by default. → ms since 1970.
  static func moment(_ text: String) throws -> Int64 {
    let pattern = /(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z|[+-]\d\d:?\d\d)?/
    guard let match = text.wholeMatch(of: pattern), let month = Int64(match.2), (1...12).contains(month),
      let day = Int64(match.3), (1...31).contains(day), let year = Int64(match.1), let hour = Int64(match.4),
      let minute = Int64(match.5), hour < 24, minute < 60
    else {
      throw MillError(
        .configuration, "'\(text)' is no time", at: .init(key: "--to-datetime"), wayOut: "write 2026-01-31T12:00:00.000"
      )
    }
    let second = match.6.flatMap { Int64($0) } ?? 0
    let fraction = match.7.flatMap { Int64(($0 + "00").prefix(3)) } ?? 0
    var zone: Int64 = 0
    if let name = match.8, name != "Z" {
      let digits = name.filter(\.isNumber)
      zone = (Int64(digits.prefix(2)) ?? 0) * 60 + (Int64(digits.suffix(2)) ?? 0)
      if name.hasPrefix("-") { zone = -zone }
    }
    let days = Clock.daysSinceEpoch(year: year, month: month, day: day)
    return ((days * 24 + hour) * 60 + minute - zone) * 60_000 + second * 1000 + fraction
  }

  /// `P1DT2H30M5S` → ms.
  static func duration(_ text: String) throws -> Int64 {
    let pattern = /P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?/
    guard let match = text.wholeMatch(of: pattern), text.last?.isNumber == false, text.count > 2, text.last != "T"
    else {
      throw MillError(
        .configuration, "'\(text)' is no duration", at: .init(key: "--by-duration"), wayOut: "write P1DT2H30M")
    }
    func number(_ part: Substring?) -> Int64 { part.flatMap { Int64($0) } ?? 0 }
    return (((number(match.1) * 24 + number(match.2)) * 60 + number(match.3)) * 60 + number(match.4)) * 1000
  }
}
