import MillBase
import MillLog

/// `millrace groups`: kafka-consumer-groups' flags and output, against any Kafka server.
public enum GroupsCommand {
  public static let help = """
    millrace groups: who reads which topic, and how far behind; reset and delete consumer groups.

    All groups, with their states:
      millrace groups --bootstrap-server localhost:9092 --list --state
    How far behind is 'hdfs'?
      millrace groups --bootstrap-server localhost:9092 --describe --group hdfs
    Read topic 'pop' again from the start (first only shown, then done; the group must have no members):
      millrace groups --bootstrap-server localhost:9092 --group hdfs --topic pop --reset-offsets --to-earliest
      millrace groups --bootstrap-server localhost:9092 --group hdfs --topic pop --reset-offsets --to-earliest --execute

    Actions (exactly one):
      --list                       names of all groups (with --state: and what they do)
      --describe                   offsets and lag (--offsets, the default), or --members, or --state
      --delete                     remove groups without members, with their offsets
      --reset-offsets              to another place, with one of:
        --to-earliest  --to-latest  --to-current  --to-offset N  --shift-by N (may be negative)
        --to-datetime 2026-01-31T12:00:00.000 (UTC)  --by-duration P1DT2H30M (so long ago)

    Options:
      --bootstrap-server HOST:PORT[,HOST:PORT]   the Kafka server (required)
      --group NAME                 may be repeated; or
      --all-groups
      --topic NAME[:P,P]           for --reset-offsets, may be repeated; or
      --all-topics                 those that the group has offsets of
      --dry-run                    show where --reset-offsets would go (the default)
      --execute                    go there
      --command-config FILE        client properties (security.protocol=…)
      --help                       this text

    Exit code 1 when something could not be done; 64 for a wrong flag.
    """

  /// - Returns: the exit code, 0, 1 or 64.
  public static func run(arguments: [String], output: ToolOutput) -> Int32 {
    output.run("groups", arguments.contains("--help") ? help : nil, parse: { try GroupsArguments(arguments) }) {
      arguments in
      try Reachability.check(arguments.servers)
      let log = try KafkaLog(bootstrapServers: arguments.servers, properties: arguments.properties)
      defer { try? log.close() }  // What it has changed is acknowledged already.
      switch arguments.action {
      case .list:
        let groups = try log.groups()
        if arguments.showsState {
          try table([["GROUP", "STATE"]] + groups.map { [$0.name, $0.state] }, output)
        } else {
          for group in groups { try output.line(group.name) }
        }
        return 0
      case .describe: return try describe(arguments, log, output)
      case .delete: return try delete(arguments, log, output)
      case .reset: return try reset(arguments, log, output)
      }
    }
  }

  private static func names(_ arguments: GroupsArguments, _ log: KafkaLog) throws -> [String] {
    arguments.allGroups ? try log.groups().map(\.name) : arguments.groups
  }

  /// Left-aligned columns, at least as wide as Kafka's.
  private static func table(_ rows: [[String]], _ output: ToolOutput) throws {
    let widths = (rows.first ?? []).indices.map { column in max(15, rows.map { $0[column].count }.max() ?? 0) }
    for row in rows {
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      try output.line(cells.joined(separator: " "))
    }
  }

  private static func describe(_ arguments: GroupsArguments, _ log: KafkaLog, _ output: ToolOutput) throws -> Int32 {
    var code: Int32 = 0
    for name in try names(arguments, log) {
      let group = try log.groups(name).first
      let committed = try offsets(of: name, log)
      guard let group, group.state != "Dead" || !committed.isEmpty else {
        output.err("Error: Consumer group '\(name)' does not exist.")
        code = 1
        continue
      }
      if group.members.isEmpty { output.err("Consumer group '\(name)' has no active members.") }
      try output.line("")
      if arguments.showsState {
        try table(
          [
            ["GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"],
            [name, group.coordinator, group.strategy, group.state, "\(group.members.count)"],
          ], output)
      } else if arguments.showsMembers {
        try table(
          [["GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS"]]
            + group.members.map { [name, $0.id, $0.host, $0.client, "\($0.partitions.count)"] }, output)
      } else {
        try table(lag(group, committed, log), output)
      }
    }
    return code
  }

  private static func lag(
    _ group: GroupDescription, _ committed: [TopicPartition: Int64], _ log: KafkaLog
  ) throws -> [[String]] {
    var rows = [
      [
        "GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID",
      ]
    ]
    let places = Set(committed.keys).union(group.members.flatMap(\.partitions))
    for place in places.sorted() {
      let member = group.members.first { $0.partitions.contains(place) }
      let end = try log.offsets(place).end
      let current = committed[place]
      rows.append([
        group.name, place.topic, "\(place.partition)", current.map { "\($0)" } ?? "-", "\(end)",
        current.map { "\(max(0, end - $0))" } ?? "-", member?.id ?? "-", member?.host ?? "-", member?.client ?? "-",
      ])
    }
    return rows
  }

  /// What the group has committed, of all topics.
  private static func offsets(of group: String, _ log: KafkaLog) throws -> [TopicPartition: Int64] {
    let sizes = try log.handle().topicSizes(timeout: log.requestTimeout).filter { !$0.key.hasPrefix("__") }
    return try log.committed(
      group: group, sizes.flatMap { name, size in (0..<Int32(size)).map { TopicPartition(name, $0) } })
  }

  private static func delete(_ arguments: GroupsArguments, _ log: KafkaLog, _ output: ToolOutput) throws -> Int32 {
    var deleted: [String] = []
    var code: Int32 = 0
    for name in try names(arguments, log) {
      do {
        try log.deleteGroup(name)
        deleted.append("'\(name)'")
      } catch {
        output.err("Error: Group '\(name)' could not be deleted: \(error)")
        code = 1
      }
    }
    if !deleted.isEmpty {
      try output.line("Deletion of requested consumer groups (\(deleted.joined(separator: ", "))) was successful.")
    }
    return code
  }

  private static func reset(_ arguments: GroupsArguments, _ log: KafkaLog, _ output: ToolOutput) throws -> Int32 {
    var code: Int32 = 0
    var rows = [["GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"]]
    for name in try names(arguments, log) {
      if let group = try log.groups(name).first, group.state != "Dead", group.state != "Empty" {
        output.err(
          "Error: Assignments can only be reset if the group '\(name)' is inactive, but the current state is "
            + "\(group.state).")
        code = 1
        continue
      }
      let committed = try offsets(of: name, log)
      var goals: [TopicPartition: Int64] = [:]
      for place in try places(arguments, committed, log) {
        goals[place] = try goal(arguments.target!, place, committed[place], log, output)
      }
      if arguments.executes { try log.commit(group: name, goals) }
      for (place, offset) in goals.sorted(by: { $0.key < $1.key }) {
        rows.append([name, place.topic, "\(place.partition)", "\(offset)"])
      }
    }
    try output.line("")
    try table(rows, output)
    if !arguments.executes { output.err("Nothing is changed yet: give --execute to do it.") }
    return code
  }

  private static func places(
    _ arguments: GroupsArguments, _ committed: [TopicPartition: Int64], _ log: KafkaLog
  ) throws -> [TopicPartition] {
    guard let topics = arguments.topics else { return committed.keys.sorted() }
    let sizes = try log.handle().topicSizes(timeout: log.requestTimeout)
    return try topics.flatMap { name, partitions in
      guard let size = sizes[name] else { throw MillError(.notFound, "there is no topic '\(name)'") }
      if let beyond = partitions.first(where: { $0 >= size }) {
        throw MillError(.notFound, "topic '\(name)' has partitions 0 to \(size - 1), not \(beyond)")
      }
      return (partitions.isEmpty ? Array(0..<Int32(size)) : partitions).map { TopicPartition(name, $0) }
    }
  }

  /// Always within what is there, as Kafka's tool does it.
  private static func goal(
    _ target: GroupsArguments.Target, _ place: TopicPartition, _ committed: Int64?, _ log: KafkaLog,
    _ output: ToolOutput
  ) throws -> Int64 {
    let (start, end) = try log.offsets(place)
    let wanted: Int64
    switch target {
    case .earliest: return start
    case .latest: return end
    case .time(let time): return try log.offset(place, atOrAfter: time) ?? end
    case .current: wanted = committed ?? end
    case .offset(let offset): wanted = offset
    case .shift(let by):
      guard let committed else {
        throw MillError(
          .configuration, "Cannot shift offset for partition \(place) since there is no current committed offset",
          wayOut: "choose --to-offset, --to-earliest or --to-latest")
      }
      let (sum, overflow) = committed.addingReportingOverflow(by)
      wanted = overflow ? (by < 0 ? start : end) : sum
    }
    if wanted < start || wanted > end {
      output.err("Warning: offset \(wanted) of \(place) is not in \(start)...\(end); the nearest is taken.")
    }
    return min(max(wanted, start), end)
  }
}
