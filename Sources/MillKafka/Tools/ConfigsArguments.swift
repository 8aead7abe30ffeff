import MillBase

/// kafka-configs' flags.
struct ConfigsArguments {
  var servers: String
  var properties: [String: String]
  var isDescribing: Bool
  /// With the defaults.
  var all: Bool
  var kind: KafkaResource.Kind
  /// nil = all topics.
  var name: String?
  var added: [String: String]
  var deleted: [String]

  /// - Throws: `.configuration`, in kafka-configs' words where it has some.
  init(_ words: [String]) throws {
    let noUsers = "there are no quotas and no stored users here; see docs/log.md"
    let flags = try ToolFlags(
      words,
      valued: [
        "--bootstrap-server", "--command-config", "--entity-type", "--entity-name", "--topic", "--broker",
        "--add-config", "--add-config-file", "--delete-config",
      ], plain: ["--alter", "--describe", "--all", "--force"],
      refused: [
        "--user": noUsers, "--user-defaults": noUsers, "--client": noUsers, "--client-defaults": noUsers,
        "--ip": noUsers, "--ip-defaults": noUsers, "--entity-default": "give --entity-name",
        "--broker-defaults": "give --broker", "--broker-logger": "a broker's log levels can't be reached from here",
        "--bootstrap-controller": "give --bootstrap-server",
      ])
    func wrong(_ message: String, _ wayOut: String? = nil) -> MillError {
      MillError(.configuration, message, wayOut: wayOut)
    }
    servers = try flags.required("--bootstrap-server")
    properties = try flags.clientProperties("--command-config")
    guard flags.has("--describe") != flags.has("--alter") else {
      throw wrong("Command must include exactly one action: --describe, --alter")
    }
    isDescribing = flags.has("--describe")
    all = flags.has("--all")
    switch (flags["--entity-type"], flags["--topic"], flags["--broker"]) {
    case ("topics"?, nil, nil): (kind, name) = (.topic, flags["--entity-name"])
    case ("brokers"?, nil, nil): (kind, name) = (.broker, try flags.required("--entity-name"))
    case (nil, let topic?, nil): (kind, name) = (.topic, topic)
    case (nil, nil, let broker?): (kind, name) = (.broker, broker)
    case (let type?, nil, nil):
      throw wrong("--entity-type \(type) is not served here", "topics and brokers are")
    default: throw wrong("At least one of --entity-type, --topic or --broker must be specified, and no two")
    }
    added = try flags["--add-config-file"].map(PropertiesFile.plain) ?? [:]
    for text in flags.all("--add-config") { added.merge(try Self.pairs(text)) { $1 } }
    deleted = flags.all("--delete-config").flatMap { $0.split(separator: ",").map { Self.trimmed($0) } }
    if isDescribing {
      if !added.isEmpty || !deleted.isEmpty { throw wrong("--add-config and --delete-config go with --alter") }
      return
    }
    if name == nil { _ = try flags.required("--entity-name") }
    if added.isEmpty, deleted.isEmpty {
      throw wrong("At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter")
    }
    if kind == .broker {
      throw wrong("a broker's settings can't be changed from here", "use its server.properties, or kafka-configs")
    }
    if let both = deleted.first(where: { added[$0] != nil }) {
      throw wrong("'\(both)' is both added and deleted", "keep one of them")
    }
  }

  /// `a=1,b=[x,y],c=`: what has commas in it stands in brackets.
  static func pairs(_ text: String) throws -> [String: String] {
    var parts: [String] = [""]
    var isInside = false
    for character in text {
      switch character {
      case "[": isInside = true
      case "]": isInside = false
      case "," where !isInside: parts.append("")
      default: parts[parts.count - 1].append(character)
      }
    }
    var pairs: [String: String] = [:]
    for part in parts {
      guard let equals = part.firstIndex(of: "=") else {
        throw MillError(
          .configuration, "Invalid entity config: all configs to be added must be in the format \"key=val\".",
          wayOut: "write --add-config retention.ms=86400000,cleanup.policy=[compact,delete]")
      }
      pairs[trimmed(part[..<equals])] = trimmed(part[part.index(after: equals)...])
    }
    return pairs
  }

  private static func trimmed(_ part: some StringProtocol) -> String {
    var part = Substring(part).drop { $0 == " " }
    while part.last == " " { part.removeLast() }
    return String(part)
  }
}
