import MillBase

/// kafka-topics' flags.
struct TopicsArguments {
  enum Action: String, CaseIterable {
    case create = "--create"
    case list = "--list"
    case describe = "--describe"
    case alter = "--alter"
    case delete = "--delete"
    case help = "--help"
  }

  var action: Action
  var bootstrapServer: String
  var topic: String?
  /// nil = the server's default.
  var partitions: Int?
  var replicationFactor: Int?
  var configuration: [String: String] = [:]
  /// A properties file for the client (`security.protocol=…`).
  var commandConfig: String?
  var ifNotExists = false
  var ifExists = false

  private static let withValue: Set<String> = [
    "--bootstrap-server", "--topic", "--partitions", "--replication-factor", "--config", "--command-config",
  ]
  private static let plain: Set<String> = ["--if-not-exists", "--if-exists", "--exclude-internal"]

  /// - Throws: `.configuration`, in kafka-topics' words where it has some.
  init(_ arguments: [String]) throws {
    var actions: [Action] = []
    var values: [String: [String]] = [:]
    var index = 0
    while index < arguments.count {
      var name = arguments[index]
      var value: String?
      if let equals = name.firstIndex(of: "="), name.hasPrefix("--") {
        value = String(name[name.index(after: equals)...])
        name = String(name[..<equals])
      }
      index += 1
      if let action = Action(rawValue: name) {
        actions.append(action)
      } else if Self.plain.contains(name) {
        values[name] = []
      } else if Self.withValue.contains(name) {
        if value == nil, index < arguments.count {
          value = arguments[index]
          index += 1
        }
        guard let value else { throw Self.wrong("Option \(name.dropFirst(2)) requires an argument") }
        values[name, default: []].append(value)
      } else if name == "--zookeeper" {
        throw Self.wrong("zookeeper is not a recognized option; give --bootstrap-server HOST:PORT")
      } else {
        throw Self.wrong("\(name.drop { $0 == "-" }) is not a recognized option")
      }
    }
    guard actions.count == 1 else {
      throw Self.wrong(
        "Command must include exactly one action: --list, --describe, --create, --alter or --delete")
    }
    action = actions[0]
    func number(_ name: String) throws -> Int? {
      guard let text = values[name]?.last else { return nil }
      guard let number = Int(text) else { throw Self.wrong("Cannot parse argument '\(text)' of option \(name)") }
      return number
    }
    guard let server = values["--bootstrap-server"]?.last ?? (action == .help ? "" : nil) else {
      throw Self.wrong("Missing required argument \"[bootstrap-server]\"")
    }
    bootstrapServer = server
    topic = values["--topic"]?.last
    partitions = try number("--partitions")
    replicationFactor = try number("--replication-factor")
    commandConfig = values["--command-config"]?.last
    ifNotExists = values["--if-not-exists"] != nil
    ifExists = values["--if-exists"] != nil
    for text in values["--config"] ?? [] {
      guard let equals = text.firstIndex(of: "=") else {
        throw Self.wrong("Invalid topic config: all configs to be added must be in the format \"key=val\".")
      }
      configuration[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    if topic == nil, action == .create || action == .delete || action == .alter {
      throw Self.wrong("Missing required argument \"[topic]\"")
    }
    if action == .alter, partitions == nil { throw Self.wrong("Missing required argument \"[partitions]\"") }
  }

  private static func wrong(_ message: String) -> MillError { MillError(.configuration, message) }
}
