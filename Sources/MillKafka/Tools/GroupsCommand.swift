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
    Keep where all groups are, and bring them back there later:
      millrace groups --bootstrap-server localhost:9092 --all-groups --all-topics --reset-offsets --to-current \\
        --export > offsets.csv
      millrace groups --bootstrap-server localhost:9092 --all-groups --reset-offsets --from-file offsets.csv --execute
    Which member has which partitions?
      millrace groups --bootstrap-server localhost:9092 --describe --group hdfs --members --verbose
    The group no longer reads topic 'old': forget its offsets there:
      millrace groups --bootstrap-server localhost:9092 --group hdfs --delete-offsets --topic old

    Actions (exactly one):
      --list                       names of all groups; with --state and what they do; --state empty,stable: only those
      --describe                   offsets and lag (--offsets, the default), --members (--verbose: with partitions),
                                   or --state
      --delete                     remove groups without members, with their offsets
      --delete-offsets             forget what the group has committed for topics that no member reads
      --reset-offsets              to another place, with one of:
        --to-earliest  --to-latest  --to-current  --to-offset N  --shift-by N (may be negative)
        --to-datetime 2026-01-31T12:00:00.000 (UTC)  --by-duration P1DT2H30M (so long ago)
        --from-file FILE (lines topic,partition,offset or group,topic,partition,offset)

    Options:
      --bootstrap-server HOST:PORT[,HOST:PORT]   the Kafka server (required)
      --group NAME                 may be repeated; or
      --all-groups
      --topic NAME[:P,P]           for --reset-offsets and --delete-offsets, may be repeated; or
      --all-topics                 those that the group has offsets of
      --dry-run                    show where --reset-offsets would go (the default)
      --execute                    go there
      --export                     show it as lines for --from-file
      --timeout MS                 how long to wait for the server; default 10000
      --command-config FILE        client properties (security.protocol=…)
      --help                       this text

    Exit code 1 when something could not be done; 64 for a wrong flag.
    """

  /// - Returns: the exit code, 0, 1 or 64.
  public static func run(arguments: [String], output: ToolOutput) -> Int32 {
    output.run("groups", arguments.contains("--help") ? help : nil, parse: { try GroupsArguments(arguments) }) {
      arguments in
      try Reachability.check(arguments.servers)
      let log = try KafkaLog(
        bootstrapServers: arguments.servers, properties: arguments.properties, requestTimeout: arguments.timeout)
      defer { try? log.close() }  // What it has changed is acknowledged already.
      switch arguments.action {
      case .list:
        let groups = try log.groups().filter {
          arguments.states.isEmpty || arguments.states.contains($0.state.lowercased())
        }
        if arguments.showsState {
          try table([["GROUP", "STATE"]] + groups.map { [$0.name, $0.state] }, output)
        } else {
          for group in groups { try output.line(group.name) }
        }
        return 0
      case .describe: return try describe(arguments, log, output)
      case .delete: return try delete(arguments, log, output)
      case .reset: return try reset(arguments, log, output)
      case .deleteOffsets: return try deleteOffsets(arguments, log, output)
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
        try table(members(group, isVerbose: arguments.isVerbose), output)
      } else {
        try table(lag(group, committed, log), output)
      }
    }
    return code
  }

  private static func members(_ group: GroupDescription, isVerbose: Bool) -> [[String]] {
    let head = ["GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS"] + (isVerbose ? ["ASSIGNMENT"] : [])
    return [head]
      + group.members.map { member in
        let topics = Dictionary(grouping: member.partitions, by: \.topic).sorted { $0.key < $1.key }
        let assignment = topics.map { topic, places in
          "\(topic)(\(places.map { "\($0.partition)" }.joined(separator: ",")))"
        }
        return [group.name, member.id, member.host, member.client, "\(member.partitions.count)"]
          + (isVerbose ? [assignment.isEmpty ? "-" : assignment.joined(separator: ", ")] : [])
      }
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

  private static func deleteOffsets(
    _ arguments: GroupsArguments, _ log: KafkaLog, _ output: ToolOutput
  ) throws -> Int32 {
    let group = arguments.groups[0]
    let places = try OffsetReset.partitions(of: arguments.topics ?? [], log)
    let failed = try log.deleteOffsets(of: group, places)
    let names = (arguments.topics ?? []).map(\.name).joined(separator: ",")
    if failed.isEmpty {
      try output.line("Request succeed for deleting offsets with topic \(names) group \(group)")
    } else {
      output.err("Error: the offsets of \(failed.count) of \(places.count) partitions were not deleted.")
    }
    try output.line("")
    try table(
      [["TOPIC", "PARTITION", "STATUS"]]
        + places.map { [$0.topic, "\($0.partition)", failed[$0].map { "Error: \($0.message)" } ?? "Successful"] },
      output)
    return failed.isEmpty ? 0 : 1
  }

  private static func reset(_ arguments: GroupsArguments, _ log: KafkaLog, _ output: ToolOutput) throws -> Int32 {
    var code: Int32 = 0
    var moved: [(group: String, place: TopicPartition, offset: Int64)] = []
    for name in try names(arguments, log) {
      if let state = try state(of: name, log), state != "Dead", state != "Empty" {
        output.err(
          "Error: Assignments can only be reset if the group '\(name)' is inactive, but the current state is \(state).")
        code = 1
        continue
      }
      let reset = OffsetReset(group: name, committed: try offsets(of: name, log), log: log, output: output)
      let goals = try reset.goals(arguments.target!, arguments.topics)
      if arguments.executes { try log.commit(group: name, goals) }
      moved += goals.sorted { $0.key < $1.key }.map { (name, $0.key, $0.value) }
    }
    if arguments.exports {
      let isOne = !arguments.allGroups && arguments.groups.count == 1
      for (group, place, offset) in moved {
        try output.line((isOne ? "" : "\(group),") + "\(place.topic),\(place.partition),\(offset)")
      }
    } else {
      try output.line("")
      let rows = moved.map { [$0.group, $0.place.topic, "\($0.place.partition)", "\($0.offset)"] }
      try table([["GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"]] + rows, output)
    }
    if !arguments.executes { output.err("Nothing is changed yet: give --execute to do it.") }
    return code
  }

  /// nil when the server does not tell; it refuses offsets for a group with members by itself.
  private static func state(of group: String, _ log: KafkaLog) throws -> String? {
    do { return try log.groups(group).first?.state } catch let error as MillError where error.code == .notOffered {
      return nil
    }
  }
}
