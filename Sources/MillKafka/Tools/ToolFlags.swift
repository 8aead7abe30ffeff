import MillBase

/// A command line in the way of Kafka's own tools: `--name value`, `--name=value`, flags that may be repeated.
struct ToolFlags {
  private(set) var values: [String: [String]] = [:]
  private(set) var plain: Set<String> = []

  /// - Throws: `.configuration` for what the tool does not know, with the nearest name, and for a missing value.
  init(_ words: [String], withValue: Set<String>, plain known: Set<String>) throws {
    var index = 0
    while index < words.count {
      var name = words[index]
      var value: String?
      if let equals = name.firstIndex(of: "="), name.hasPrefix("--") {
        value = String(name[name.index(after: equals)...])
        name = String(name[..<equals])
      }
      index += 1
      if known.contains(name), value == nil {
        plain.insert(name)
      } else if withValue.contains(name) {
        if value == nil, index < words.count {
          value = words[index]
          index += 1
        }
        guard let value else {
          throw MillError(.configuration, "Option \(name.dropFirst(2)) requires an argument")
        }
        values[name, default: []].append(value)
      } else {
        let nearest = Nearest.name(to: name, among: withValue.union(known).sorted())
        throw MillError(
          .configuration, "\(name.drop { $0 == "-" }) is not a recognized option",
          wayOut: nearest.map { "did you mean \($0)?" })
      }
    }
  }

  /// The last one given counts.
  subscript(_ name: String) -> String? { values[name]?.last }

  /// - Throws: `.configuration`, in Kafka's words.
  func required(_ name: String) throws -> String {
    guard let value = self[name] else {
      throw MillError(.configuration, "Missing required argument \"[\(name.dropFirst(2))]\"")
    }
    return value
  }

  func number(_ name: String) throws -> Int? {
    guard let text = self[name] else { return nil }
    guard let number = Int(text) else {
      throw MillError(.configuration, "Cannot parse argument '\(text)' of option \(name.dropFirst(2))")
    }
    return number
  }

  /// `name=value` words of a flag that may be repeated.
  func pairs(_ name: String) throws -> [String: String] {
    var pairs: [String: String] = [:]
    for text in values[name] ?? [] {
      guard let equals = text.firstIndex(of: "=") else {
        throw MillError(.configuration, "'\(text)' of option \(name.dropFirst(2)) is not NAME=VALUE")
      }
      pairs[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    return pairs
  }
}
