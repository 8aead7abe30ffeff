import MillBase

/// Replaces `$name`, `${name}`, `${name:format}` and `[[name]]` in a query, a title, an alias.
enum Interpolation {
  /// - Parameter lookup: the value for a name, its format (may be empty), and whether the place is inside `/…/`;
  ///   nil leaves the text as it is.
  static func expand(
    _ text: String, lookup: (_ name: String, _ format: String, _ isInRegex: Bool) -> String?
  ) -> String {
    guard text.contains("$") || text.contains("[[") else { return text }
    var out = ""
    var isInRegex = false
    var rest = text[...]
    while let character = rest.first {
      if let (name, format, end) = reference(in: rest), let value = lookup(name, format, isInRegex) {
        out += value
        rest = rest[end...]
        continue
      }
      // In InfluxQL a regular expression follows =~, !~ or FROM; a division has a space on its right.
      if character == "/", !out.hasSuffix("\\") {
        isInRegex = isInRegex ? false : opensRegex(after: out)
      }
      out.append(character)
      rest.removeFirst()
    }
    return out
  }

  private static func opensRegex(after text: String) -> Bool {
    let before = text.trimmingSpaces().lowercased()
    return before.hasSuffix("~") || before.hasSuffix("from") || before.hasSuffix(",") || before.hasSuffix(".")
  }

  private static func reference(in text: Substring) -> (name: String, format: String, end: String.Index)? {
    func isNamePart(_ character: Character) -> Bool {
      character.isASCII && (character.isLetter || character.isNumber) || character == "_"
    }
    let close: String
    let open: Int
    if text.hasPrefix("${") {
      (open, close) = (2, "}")
    } else if text.hasPrefix("[[") {
      (open, close) = (2, "]]")
    } else if text.hasPrefix("$") {
      let name = text.dropFirst().prefix(while: isNamePart)
      return name.isEmpty ? nil : (String(name), "", name.endIndex)
    } else {
      return nil
    }
    let inside = text.dropFirst(open)
    guard let end = inside.firstRange(of: close) else { return nil }
    let parts = inside[..<end.lowerBound].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = parts.first, !name.isEmpty else { return nil }
    return (String(name), parts.count > 1 ? String(parts[1]) : "", end.upperBound)
  }
}

/// The selected values of a dashboard's variables, and what Grafana defines itself, for one query.
struct QueryScope {
  var range: TimeRange
  var step: Span
  /// Name → selected values; several values mean that the variable is one of many.
  var variables: [String: [String]] = [:]
  /// Variables whose value is put in as it is: a custom "All" value is a regular expression already.
  var rawVariables: Set<String> = []

  func expand(_ text: String) -> String {
    Interpolation.expand(text) { name, format, isInRegex in
      builtIn(name, format: format) ?? variables[name].map { render($0, name, format: format, isInRegex: isInRegex) }
    }
  }

  /// Grafana's InfluxQL time filter (pkg/tsdb/influxdb/models).
  var timeFilter: String { "time >= \(range.from)ms and time <= \(range.to)ms" }

  private func builtIn(_ name: String, format: String) -> String? {
    let milliseconds = range.to - range.from
    switch name {
    case "timeFilter", "__timeFilter": return timeFilter
    case "interval" where variables["interval"] == nil: return step.influxText
    case "__interval", "__rate_interval": return step.influxText
    case "__interval_ms": return String(step.milliseconds)
    case "__from": return Self.time(range.from, format: format)
    case "__to": return Self.time(range.to, format: format)
    case "__timeFrom": return "'\(Clock.iso8601(milliseconds: range.from))'"
    case "__timeTo": return "'\(Clock.iso8601(milliseconds: range.to))'"
    case "__range": return "\(milliseconds / 1000)s"
    case "__range_s": return String(milliseconds / 1000)
    case "__range_ms": return String(milliseconds)
    default: return nil
    }
  }

  private static func time(_ milliseconds: Int64, format: String) -> String {
    switch format {
    case "date", "date:iso": Clock.iso8601(milliseconds: milliseconds)
    case "date:seconds": String(milliseconds / 1000)
    default: String(milliseconds)
    }
  }

  private func render(_ values: [String], _ name: String, format: String, isInRegex: Bool) -> String {
    func joined(_ separator: String, _ change: (String) -> String = { $0 }) -> String {
      values.map(change).joined(separator: separator)
    }
    if rawVariables.contains(name) { return joined(",") }
    switch format {
    case "raw": return joined(",")
    case "csv": return joined(",")
    case "pipe": return joined("|")
    case "singlequote": return joined(",") { "'\($0.replacing("'", with: "\\'"))'" }
    case "doublequote": return joined(",") { "\"\($0.replacing("\"", with: "\\\""))\"" }
    case "sqlstring": return joined(",") { "'\($0.replacing("'", with: "''"))'" }
    case "json": return JSONValue.array(values.map { .string($0) }).text()
    case "text": return joined(" + ")
    case "regex": return Self.regex(values)
    case "glob": return values.count == 1 ? values[0] : "{\(joined(","))}"
    default:
      if values.count > 1 || isInRegex { return Self.regex(values) }
      // Inside quotes a quote must not end the text.
      return joined("") { $0.replacing("'", with: "\\'") }
    }
  }

  /// Values as alternatives in a regular expression: `(a|b)`. "All" without values of its own is `.*`.
  private static func regex(_ values: [String]) -> String {
    let escaped = values.map { value in
      value == Variable.all ? ".*" : value.map { "\\^$.|?*+()[]{}/".contains($0) ? "\\\($0)" : String($0) }.joined()
    }
    return escaped.count == 1 ? escaped[0] : "(\(escaped.joined(separator: "|")))"
  }
}
