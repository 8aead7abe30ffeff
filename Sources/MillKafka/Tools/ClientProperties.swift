import MillBase

/// A file of client properties, as `--command-config` and its like name it: `name=value` lines.
enum ClientProperties {
  /// - Throws: `.configuration` with file and line.
  static func read(_ path: String) throws -> [String: String] {
    var properties: [String: String] = [:]
    for (number, line) in try Files.readText(path).split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let text = line.drop { $0 == " " || $0 == "\t" }
      if text.isEmpty || text.hasPrefix("#") || text.hasPrefix("!") { continue }
      guard let equals = text.firstIndex(of: "=") else {
        throw MillError(
          .configuration, "no '=' in '\(text)'", at: .init(file: path, line: number + 1), wayOut: "write NAME=VALUE")
      }
      func trimmed(_ part: Substring) -> String {
        var part = part
        while part.last?.isWhitespace == true { part.removeLast() }
        return String(part.drop { $0.isWhitespace })
      }
      properties[trimmed(text[..<equals])] = trimmed(text[text.index(after: equals)...])
    }
    return properties
  }
}
