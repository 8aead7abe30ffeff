import MillBase

/// The part of Go templates that alert texts mostly use: `{{ $labels.x }}`, `{{ $values.B }}`, `{{ $values.B.Value }}`,
/// `{{ $value }}`, `{{ index $labels "x" }}`, `humanize`, `humanizePercentage`, `humanizeDuration`, `printf`, pipes.
enum AlertTemplate {
  /// The expressions of a text that are not understood; they stay in the text as they are.
  static func unknown(in text: String) -> [String] {
    var unknown: [String] = []
    _ = render(text) { expression in
      if Self.evaluate(expression, labels: nil, values: [:]) == nil { unknown.append(expression) }
      return ""
    }
    return unknown
  }

  /// Labels that are missing become `[no value]`, as in Grafana.
  static func expand(_ text: String, labels: Labels, values: [String: Double?]) -> String {
    render(text) { evaluate($0, labels: labels, values: values) }
  }

  private static func render(_ text: String, _ evaluate: (String) -> String?) -> String {
    var out = ""
    var rest = text[...]
    while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
      out += rest[..<open.lowerBound]
      var inside = rest[open.upperBound..<close.lowerBound]
      if inside.hasPrefix("- ") { inside = inside.dropFirst(2) }
      if inside.hasSuffix(" -") { inside = inside.dropLast(2) }
      out += evaluate(inside.trimmingSpaces()) ?? String(rest[open.lowerBound..<close.upperBound])
      rest = rest[close.upperBound...]
    }
    return out + rest
  }

  private enum Value {
    case text(String)
    case number(Double)
    case missing

    var shown: String {
      switch self {
      case .text(let text): text
      case .number(let number): AlertTemplate.shown(number)
      case .missing: "[no value]"
      }
    }
  }

  /// - Parameter labels: nil when only the form is looked at.
  private static func evaluate(_ expression: String, labels: Labels?, values: [String: Double?]) -> String? {
    var value: Value?
    for part in expression.split(separator: "|").map({ $0.trimmingSpaces() }) {
      let words = words(of: part)
      guard let first = words.first else { return nil }
      if functions.contains(first) {
        let arguments =
          words.dropFirst().map { Self.value($0, labels: labels, values: values) } + (value.map { [$0] } ?? [])
        guard let result = call(first, arguments: arguments, words: Array(words.dropFirst()), labels, values) else {
          return nil
        }
        value = result
      } else {
        guard words.count == 1, let found = Self.value(first, labels: labels, values: values) else { return nil }
        value = found
      }
    }
    return value?.shown
  }

  private static let functions: Set<String> = [
    "index", "humanize", "humanizePercentage", "humanizeDuration", "printf", "toUpper", "toLower",
  ]

  private static func value(_ word: String, labels: Labels?, values: [String: Double?]) -> Value? {
    if word.hasPrefix("\""), word.hasSuffix("\""), word.count >= 2 { return .text(String(word.dropFirst().dropLast())) }
    if let number = Double(word) { return .number(number) }
    let path = word.split(separator: ".").map(String.init)
    switch path.first {
    case "$value" where path.count == 1:
      let all = values.sorted { $0.key < $1.key }.compactMap { $0.value }
      return all.first.map { .number($0) } ?? .missing
    case "$labels" where path.count == 1, "$values" where path.count == 1: return .text("")
    case "$labels", "Labels":
      let name = path.dropFirst().joined(separator: ".")
      return labels?[name].map { .text($0) } ?? .missing
    case "$values", "Values":
      guard path.count == 2 || path.count == 3 && path[2] == "Value" else { return nil }
      return number(path[1], values)
    default: return nil
    }
  }

  private static func number(_ refId: String, _ values: [String: Double?]) -> Value {
    values[refId].flatMap { $0 }.map { .number($0) } ?? .missing
  }

  private static func call(
    _ name: String, arguments: [Value?], words: [String], _ labels: Labels?, _ values: [String: Double?]
  ) -> Value? {
    if name == "index" {
      guard words.count == 2, case .text(let key)? = arguments[1] else { return nil }
      if words[0] == "$labels" { return labels?[key].map { .text($0) } ?? .missing }
      return words[0] == "$values" ? number(key, values) : nil
    }
    guard let last = arguments.last, let argument = last else { return nil }
    switch (name, argument) {
    case ("toUpper", _): return .text(argument.shown.uppercased())
    case ("toLower", _): return .text(argument.shown.lowercased())
    case ("printf", _):
      guard case .text(let format)? = arguments[0], arguments.count == 2 else { return nil }
      return .text(printf(format, argument))
    case (_, .missing), (_, .text): return argument
    case ("humanizePercentage", .number(let number)): return .text(shown((number * 10_000).rounded() / 100) + "%")
    case ("humanizeDuration", .number(let number)): return .text(duration(number))
    case (_, .number(let number)): return .text(humanized(number))
    }
  }

  private static func humanized(_ number: Double) -> String {
    var scaled = number
    for prefix in ["", "k", "M", "G", "T", "P"] {
      if abs(scaled) < 1000 || prefix == "P" { return shown((scaled * 1000).rounded() / 1000) + prefix }
      scaled /= 1000
    }
    return shown(number)
  }

  private static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 1e15 else { return shown(seconds) }
    if abs(seconds) < 1 { return shown((seconds * 1_000_000).rounded() / 1000) + "ms" }
    let total = Int64(seconds)
    let parts = [(total / 86_400, "d"), (total / 3600 % 24, "h"), (total / 60 % 60, "m"), (total % 60, "s")]
    return parts.drop { $0.0 == 0 }.map { "\($0.0)\($0.1)" }.joined(separator: " ")
  }

  /// One verb: `%.1f`, `%d`, `%s`, `%v`.
  private static func printf(_ format: String, _ argument: Value) -> String {
    guard let match = format.firstMatch(of: /%(?:\.(\d+))?([fdsvg])/) else { return format }
    var text = argument.shown
    if case .number(let number) = argument {
      switch match.output.2 {
      case "f": text = fixed(number, digits: match.output.1.flatMap { Int($0) } ?? 6)
      case "d": text = fixed(number, digits: 0)
      default: break
      }
    }
    return format.replacing(match.output.0, with: text, maxReplacements: 1)
  }

  private static func fixed(_ number: Double, digits: Int) -> String {
    let digits = min(digits, 9)
    let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
    let scaled = (abs(number) * scale).rounded()
    guard scaled.isFinite, scaled < 1e18 else { return number.description }
    var text = String(Int64(scaled))
    text = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
    let sign = number < 0 && scaled > 0 ? "-" : ""
    return sign + text.dropLast(digits) + (digits > 0 ? "." + text.suffix(digits) : "")
  }

  static func shown(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : number.description
  }

  private static func words(of text: String) -> [String] {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    for character in text {
      if character == "\"" { isQuoted.toggle() }
      if character == " ", !isQuoted {
        if !word.isEmpty { words.append(word) }
        word = ""
      } else {
        word.append(character)
      }
    }
    return word.isEmpty ? words : words + [word]
  }
}
