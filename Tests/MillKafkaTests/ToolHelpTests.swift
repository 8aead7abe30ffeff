import MillBase
import Testing

@testable import MillKafka

/// What --help shows can be typed.
@Suite struct ToolHelpTests {
  /// The command lines of a help text, as a shell would split them, without the tool's name and redirections.
  private func examples(_ tool: String, _ help: String) -> [[String]] {
    let joined = help.replacing("\\\n", with: "")
    return joined.split(separator: "\n").compactMap { line in
      guard let mark = line.firstRange(of: "millrace \(tool) "), line.hasPrefix("  ") else { return nil }
      var words: [String] = []
      var quote: Character?
      var isInWord = false
      for character in line[mark.upperBound...] {
        switch character {
        case "'" where quote == nil || quote == "'":
          quote = quote == nil ? "'" : nil
          if !isInWord { words.append("") }
          isInWord = true
        case "<" where quote == nil, ">" where quote == nil: return words
        case " " where quote == nil: isInWord = false
        default:
          if !isInWord { words.append("") }
          isInWord = true
          words[words.count - 1].append(character)
        }
      }
      return words
    }
  }

  private func check(_ tool: String, _ help: String, _ parse: ([String]) throws -> Void) {
    let lines = examples(tool, help)
    #expect(lines.count >= 4)
    for words in lines {
      do { try parse(words) } catch let error as MillError {
        // The files that examples name are not here.
        #expect(error.code == .system || error.code == .notFound, "\(tool) \(words): \(error)")
      } catch { Issue.record("\(tool) \(words): \(error)") }
    }
  }

  @Test func everyExampleIsUnderstood() {
    check("topics", TopicsCommand.help) { _ = try TopicsArguments($0) }
    check("groups", GroupsCommand.help) { _ = try GroupsArguments($0) }
    check("configs", ConfigsCommand.help) { _ = try ConfigsArguments($0) }
    check("produce", ProduceCommand.help) { _ = try ProduceCommand.Parsed($0) }
    check("consume", ConsumeCommand.help) { _ = try ConsumeCommand.Parsed($0) }
  }
}
