import MillBase

/// kafka-topics' flags.
struct TopicsArguments {
  enum Action: String, CaseIterable {
    case create = "--create"
    case list = "--list"
    case describe = "--describe"
    case alter = "--alter"
    case delete = "--delete"
  }

  /// Which topics or partitions --describe shows.
  enum Filter: String, CaseIterable {
    case withOverrides = "--topics-with-overrides"
    case underReplicated = "--under-replicated-partitions"
    case unavailable = "--unavailable-partitions"
  }

  var action: Action
  var bootstrapServer: String
  var topic: String?
  /// nil = the server's default.
  var partitions: Int?
  var replicationFactor: Int?
  var configuration: [String: String] = [:]
  /// Of the client.
  var properties: [String: String]
  var ifNotExists: Bool
  var ifExists: Bool
  var filter: Filter?

  /// - Throws: `.configuration`, in kafka-topics' words where it has some.
  init(_ words: [String]) throws {
    let flags = try ToolFlags(
      words,
      valued: [
        "--bootstrap-server", "--topic", "--partitions", "--replication-factor", "--config", "--command-config",
      ],
      plain: Set(
        Action.allCases.map(\.rawValue) + Filter.allCases.map(\.rawValue)
          + ["--if-not-exists", "--if-exists", "--exclude-internal"]),
      refused: [
        "--delete-config": "use millrace configs --alter --delete-config",
        "--replica-assignment": "give --replication-factor, the server places the replicas",
        "--topic-id": "give --topic",
        "--at-min-isr-partitions": "see --under-replicated-partitions",
        "--under-min-isr-partitions": "see --under-replicated-partitions",
      ])
    func wrong(_ message: String, _ wayOut: String? = nil) -> MillError {
      MillError(.configuration, message, wayOut: wayOut)
    }
    let actions = Action.allCases.filter { flags.has($0.rawValue) }
    guard actions.count == 1 else {
      throw wrong("Command must include exactly one action: --list, --describe, --create, --alter or --delete")
    }
    action = actions[0]
    bootstrapServer = try flags.required("--bootstrap-server")
    topic = flags["--topic"]
    partitions = try flags.number("--partitions")
    replicationFactor = try flags.number("--replication-factor")
    properties = try flags.clientProperties("--command-config")
    ifNotExists = flags.has("--if-not-exists")
    ifExists = flags.has("--if-exists")
    let filters = Filter.allCases.filter { flags.has($0.rawValue) }
    if filters.count > 1 || (!filters.isEmpty && action != .describe) {
      throw wrong("\(filters[0].rawValue) goes with --describe, alone")
    }
    filter = filters.first
    for text in flags.all("--config") {
      guard let equals = text.firstIndex(of: "=") else {
        throw wrong("Invalid topic config: all configs to be added must be in the format \"key=val\".")
      }
      configuration[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    if topic == nil, action == .create || action == .delete || action == .alter { _ = try flags.required("--topic") }
    if action == .alter {
      if !configuration.isEmpty {
        throw wrong("--config can't be given with --alter", "use millrace configs --alter --add-config")
      }
      _ = try flags.required("--partitions")
    }
  }
}
