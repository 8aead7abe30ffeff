import MillBase

/// One flag of a command.
struct Flag: Sendable {
  var name: String
  /// What its value is called in the help text; nil = the flag takes none.
  var value: String?
  var help: String

  init(_ name: String, _ value: String, _ help: String) {
    self.name = name
    self.value = value
    self.help = help
  }

  init(_ name: String, _ help: String) {
    self.name = name
    self.help = help
  }
}

/// A command of the executable: how it is called, and what it does.
struct Command: Sendable {
  var name: String
  /// One line for the overview.
  var summary: String
  /// What stands behind the name in the usage line, for example `DIR [flags]`.
  var usage: String
  var flags: [Flag] = []
  /// Shown below the flags: examples, each on a line.
  var examples: [String] = []
  /// Shown at the end.
  var notes = ""
  /// A command that reads its own arguments (the flags of another system's tool).
  var raw: (@Sendable ([String]) throws -> Int32)?
  var run: @Sendable (Arguments) throws -> Int32 = { _ in 0 }

  var help: String {
    var text = "\(summary)\n\nusage: millrace \(name) \(usage)\n"
    if !flags.isEmpty {
      let left = flags.map { "  \($0.name)" + ($0.value.map { " \($0)" } ?? "") }
      let width = (left.map(\.utf8.count).max() ?? 0) + 2
      text += "\n"
      for (flag, head) in zip(flags, left) {
        text += head + String(repeating: " ", count: width - head.utf8.count) + flag.help + "\n"
      }
    }
    if !examples.isEmpty { text += "\nexamples:\n" + examples.map { "  \($0)\n" }.joined() }
    return text + (notes.isEmpty ? "" : "\n\(notes)")
  }
}

/// A command line, split into flags and the rest.
struct Arguments {
  private(set) var values: [String: String] = [:]
  private(set) var positional: [String] = []

  /// `--flag value` and `--flag=value`.
  /// - Throws: `.configuration` for an unknown flag (with the nearest name) or a missing value.
  init(_ words: [String], for command: Command) throws {
    var index = 0
    while index < words.count {
      let word = words[index]
      index += 1
      guard word.hasPrefix("-"), word != "-" else {
        positional.append(word)
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard let flag = command.flags.first(where: { $0.name == parts[0] }) else {
        throw MillError(
          .configuration, "'millrace \(command.name)' has no flag '\(parts[0])'",
          wayOut: command.flags.isEmpty
            ? "it takes none" : Nearest.advice(for: parts[0], among: command.flags.map(\.name)))
      }
      if let value = flag.value {
        if parts.count == 2 {
          values[flag.name] = parts[1]
        } else if index < words.count {
          values[flag.name] = words[index]
          index += 1
        } else {
          throw MillError(.configuration, "\(flag.name) needs a value: \(value)")
        }
      } else {
        values[flag.name] = ""
      }
    }
  }

  func has(_ flag: String) -> Bool { values[flag] != nil }
  subscript(flag: String) -> String? { values[flag] }

  func required(_ flag: String) throws -> String {
    guard let value = values[flag] else { throw MillError(.configuration, "\(flag) is missing") }
    return value
  }

  func address(_ flag: String, default standard: String) throws -> Address { try Address(values[flag] ?? standard) }

  func duration(_ flag: String) throws -> Duration? {
    guard let text = values[flag] else { return nil }
    guard let duration = Duration(spelled: text) else {
      throw MillError(.configuration, "\(flag) \(text) is not a duration", wayOut: "write 20s, 500ms or 5m")
    }
    return duration
  }

  /// The one argument that is not a flag.
  func only(_ what: String) throws -> String {
    guard positional.count == 1 else {
      throw MillError(
        .configuration,
        positional.isEmpty ? "\(what) is missing" : "one \(what) is wanted, not \(positional.count)")
    }
    return positional[0]
  }
}
