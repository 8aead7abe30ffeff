import Glibc
import MillBase
import MillKafka

extension MillraceCommand {
  /// All commands, in the order of the overview.
  static var commands: [Command] {
    [run, check, query, agent, broker, topics, produce, consume, fsck, dump, store, view, sampleAPI]
  }

  static let topics = Command(
    name: "topics", summary: "List, make, describe and delete topics, with kafka-topics' flags.", usage: "",
    raw: { words in TopicsCommand.run(arguments: words) { print($0) } })

  static let produce = Command(
    name: "produce", summary: "Write lines as records, with kafka-console-producer's flags.", usage: "",
    raw: { words in
      signal(SIGPIPE, SIG_IGN)
      return ProduceCommand.run(arguments: words, input: 0, report: isHelp(words) ? { print($0) } : standardError)
    })

  static let consume = Command(
    name: "consume", summary: "Show records, with kafka-console-consumer's flags.", usage: "",
    raw: { words in
      Interruption.prepare()
      var isBroken = false
      return ConsumeCommand.run(
        arguments: words,
        output: { bytes in
          // A reader that has seen enough (head) ends the tool.
          if !put(bytes, on: STDOUT_FILENO) { isBroken = true }
        }, report: isHelp(words) ? { print($0) } : standardError,
        isStopping: { isBroken || Interruption.wait(atMost: .zero) })
    })

  private static func isHelp(_ words: [String]) -> Bool { words.contains("--help") }

  private static func standardError(_ line: String) { _ = put(Array("\(line)\n".utf8), on: STDERR_FILENO) }

  /// False when nobody takes the bytes.
  private static func put(_ bytes: [UInt8], on descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
