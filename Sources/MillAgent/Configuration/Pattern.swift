import MillBase

/// A regular expression from a configuration file, matched against text.
///
/// Java's syntax and Swift's agree on what configuration files use: classes, groups, quantifiers, anchors, flags.
struct Pattern: @unchecked Sendable {
  // @unchecked: a compiled Regex is immutable, but not declared Sendable.
  private let regex: Regex<AnyRegexOutput>
  let text: String

  /// - Throws: `.configuration` saying what is wrong with the expression.
  init(_ text: String) throws {
    self.text = text
    do { regex = try Regex(text) } catch {
      throw MillError(.configuration, "'\(text)' is not a regular expression: \(error)")
    }
  }

  func matchesWhole(_ subject: String) -> Bool { (try? regex.wholeMatch(in: subject)) != nil }

  func isFound(in subject: String) -> Bool { (try? regex.firstMatch(in: subject)) != nil }

  func split(_ subject: String) -> [String] { subject.split(separator: regex).map(String.init) }

  /// The groups of the first match, the whole match first; nil when there is none.
  func firstMatch(in subject: String) -> [String?]? {
    guard let match = try? regex.firstMatch(in: subject) else { return nil }
    return match.output.map { $0.substring.map(String.init) }
  }

  /// Every match replaced; `$1` and `\$` as in Java's Matcher.replaceAll.
  func replaceAll(in subject: String, with replacement: String) -> String {
    subject.replacing(regex) { match in Self.expand(replacement, match.output.map { $0.substring.map(String.init) }) }
  }

  private static func expand(_ replacement: String, _ groups: [String?]) -> String {
    var out = ""
    var rest = replacement[...]
    while let character = rest.popFirst() {
      if character == "\\", let next = rest.popFirst() {
        out.append(next)
      } else if character == "$", let digit = rest.first?.wholeNumberValue {
        rest.removeFirst()
        if groups.indices.contains(digit) { out += groups[digit] ?? "" }
      } else {
        out.append(character)
      }
    }
    return out
  }
}

extension SettingsReader {
  mutating func pattern(_ key: String) -> Pattern? {
    guard let text = string(key) else { return nil }
    do { return try Pattern(text) } catch {
      self.error(writtenName(key), "\(error)", wayOut: "in a .properties file a backslash is written twice")
      return nil
    }
  }
}
