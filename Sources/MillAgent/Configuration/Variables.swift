import Glibc
import MillBase

/// What `${…}` in a value stands for: `${env:NAME}`, `${sys:NAME}` (given with -D) and `${KEY}` of the same file,
/// each with `:-default` (Flume ≥ 1.10, Commons Text's StringSubstitutor).
public struct Variables: Sendable {
  /// The process environment unless given.
  public var environment: @Sendable (String) -> String?
  /// From `-Dname=value`.
  public var system: [String: String]

  public init(
    system: [String: String] = [:],
    environment: @escaping @Sendable (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
  ) {
    self.system = system
    self.environment = environment
  }

  /// Values nested deeper than this (`${a}` holding `${b}` …) are left as they are.
  static let depthMax = 16

  func substitute(
    _ text: String, properties: [String: String], place: MillError.Place, problems: inout Problems, depth: Int = 0
  ) -> String {
    guard text.contains("${") else { return text }
    guard depth < Self.depthMax else {
      problems.error("variables are nested more than \(Self.depthMax) deep", at: place, wayOut: "undo the circle")
      return text
    }
    var out = ""
    var rest = text[...]
    while let open = rest.firstRange(of: "${") {
      out += rest[..<open.lowerBound]
      guard let close = rest[open.upperBound...].firstIndex(of: "}") else {
        rest = rest[open.lowerBound...]
        break
      }
      let name = String(rest[open.upperBound..<close])
      rest = rest[rest.index(after: close)...]
      if let value = value(of: name, properties: properties, place: place, problems: &problems) {
        out += substitute(value, properties: properties, place: place, problems: &problems, depth: depth + 1)
      } else {
        out += "${\(name)}"
      }
    }
    return out + rest
  }

  private func value(
    of expression: String, properties: [String: String], place: MillError.Place, problems: inout Problems
  ) -> String? {
    let parts = expression.firstRange(of: ":-")
    let name = String(expression[..<(parts?.lowerBound ?? expression.endIndex)])
    let fallback = parts.map { String(expression[$0.upperBound...]) }
    if name.hasPrefix("env:") {
      let variable = String(name.dropFirst(4))
      if let value = environment(variable) {
        if Self.holdsSecret(place.key ?? "") || Self.holdsSecret(variable) { Secrets.register(value) }
        return value
      }
      if fallback == nil {
        problems.error(
          "the environment variable \(variable) is not set", at: place,
          wayOut: "set it, or write ${env:\(variable):-default}")
      }
      return fallback
    }
    if name.hasPrefix("sys:") {
      let property = String(name.dropFirst(4))
      if system[property] == nil, fallback == nil {
        problems.error("the property \(property) is not given", at: place, wayOut: "give -D\(property)=value")
      }
      return system[property] ?? fallback
    }
    if let value = properties[name] { return value }
    if fallback == nil {
      problems.error(
        "'${\(name)}' stands for nothing", at: place,
        wayOut: "use ${env:NAME}, ${sys:NAME} or a key of this file; config filters are not supported")
    }
    return fallback
  }

  private static func holdsSecret(_ name: String) -> Bool {
    let lower = name.lowercased()
    return ["password", "passwd", "secret", "token", "jaas", "credential", "api_key", "apikey"].contains {
      lower.contains($0)
    }
  }
}
