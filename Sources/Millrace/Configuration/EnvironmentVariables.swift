import MillBase

/// Fills `${NAME}` and `${NAME:-default}` in the values of a configuration from the environment; `${env:NAME}`, as
/// Kafka's files write it, is the same.
struct EnvironmentVariables {
  /// Variables whose names say that their values are secrets. Such values are never shown again.
  static func isSecret(_ name: String) -> Bool {
    let upper = name.uppercased()
    return ["TOKEN", "PASSWORD", "PASSWD", "SECRET", "APIKEY", "API_KEY", "CREDENTIAL"].contains { upper.contains($0) }
  }

  let values: [String: String]

  func fill(_ node: YAMLNode, _ problems: Problems) -> YAMLNode {
    var result = node
    switch node.content {
    case .scalar(let text, let isPlain):
      guard text.contains("${") else { return node }
      if let filled = problems.collect({ try fill(text, at: node) }) {
        result.content = .scalar(filled, isPlain: isPlain)
      }
    case .sequence(let items): result.content = .sequence(items.map { fill($0, problems) })
    case .mapping(let pairs):
      result.content = .mapping(pairs.map { ($0.key, $0.line, fill($0.value, problems)) })
    }
    return result
  }

  private func fill(_ text: String, at node: YAMLNode) throws -> String {
    var result = ""
    var rest = text[...]
    while let start = rest.firstRange(of: "${") {
      result += rest[..<start.lowerBound]
      guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
        throw node.error("'${' without '}'", wayOut: "write ${NAME} or ${NAME:-default}")
      }
      var inner = rest[start.upperBound..<end]
      if inner.hasPrefix("env:") { inner.removeFirst(4) }
      let parts = inner.firstRange(of: ":-")
      let name = String(parts.map { inner[..<$0.lowerBound] } ?? inner)
      if let value = values[name], !value.isEmpty {
        if Self.isSecret(name) { Secrets.register(value) }
        result += value
      } else if let parts {
        result += inner[parts.upperBound...]
      } else {
        throw node.error(
          "the environment variable \(name) is not set", wayOut: "set it, or write ${\(name):-default}")
      }
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }
}
