/// `${env:NAME}` in the value of a property, as Kafka's EnvVarConfigProvider takes it.
public enum VariableReference {
  /// - Parameter isSecret: whether what the variables hold must never be shown.
  /// - Throws: `.configuration` at the place for a variable that is not set.
  public static func fill(
    _ text: String, at place: MillError.Place, isSecret: Bool, _ environment: (String) -> String?
  ) throws -> String {
    var out = ""
    var rest = text[...]
    while let open = rest.firstRange(of: "${env:"), let close = rest[open.upperBound...].firstIndex(of: "}") {
      let name = String(rest[open.upperBound..<close])
      guard let value = environment(name), !value.isEmpty else {
        throw MillError(
          .configuration, "the environment variable \(name) is not set", at: place, wayOut: "set it")
      }
      if isSecret { Secrets.register(value) }
      out += rest[..<open.lowerBound] + value
      rest = rest[rest.index(after: close)...]
    }
    return out + rest
  }
}
