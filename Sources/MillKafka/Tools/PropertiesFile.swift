import Glibc
import MillBase

/// A file of client properties, as Kafka's tools take it: Java's grammar, and `${env:NAME}` for what must not stand in a
/// file (Kafka's EnvVarConfigProvider).
enum PropertiesFile {
  /// - Throws: `.configuration` naming file, line and key: for a name that no Kafka client has, a value that can't be, a
  ///   variable that is not set.
  static func read(_ path: String) throws -> [String: String] {
    try read(path) { name in getenv(name).map { String(cString: $0) } }
  }

  static func read(_ path: String, environment: (String) -> String?) throws -> [String: String] {
    let text = try Files.readText(path, limit: JavaProperties.sizeMax)
    var properties: [String: String] = [:]
    for entry in try JavaProperties(parsing: text, file: path).entries {
      let place = MillError.Place(file: path, line: entry.line, key: entry.key)
      let isSecret = ["password", "secret", "jaas", "key"].contains { entry.key.contains($0) }
      let value = trimmed(try VariableReference.fill(entry.value, at: place, isSecret: isSecret, environment))
      do { try KafkaProperties.check(entry.key, value) } catch var error as MillError {
        error.place = place
        throw error
      }
      properties[entry.key] = value
    }
    return properties
  }

  /// A file of other properties.
  static func plain(_ path: String) throws -> [String: String] {
    let text = try Files.readText(path, limit: JavaProperties.sizeMax)
    let entries = try JavaProperties(parsing: text, file: path).entries
    return Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
  }

  /// As ConfigDef of Kafka's clients does.
  private static func trimmed(_ text: String) -> String {
    var part = text.drop { $0.isWhitespace }
    while part.last?.isWhitespace == true { part.removeLast() }
    return String(part)
  }
}
