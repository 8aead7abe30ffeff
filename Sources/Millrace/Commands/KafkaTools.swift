import Glibc
import MillBase
import MillKafka

/// Kafka's command-line tools, with their own flags.
extension MillraceCommand {
  static let groups = Command(
    name: "groups", summary: "List, describe, reset and delete consumer groups, with kafka-consumer-groups' flags.",
    usage: "--bootstrap-server HOST:PORT [flags]; all of them: millrace groups --help",
    raw: { words in GroupsCommand.run(arguments: words, output: terminal) })

  static let configs = Command(
    name: "configs", summary: "Show and change topic settings, with kafka-configs' flags.",
    usage: "--bootstrap-server HOST:PORT --entity-type topics [flags]; all of them: millrace configs --help",
    raw: { words in ConfigsCommand.run(arguments: words, output: terminal) })

  static let produce = Command(
    name: "produce", summary: "Send lines as records, with kafka-console-producer's flags.",
    usage: "--bootstrap-server HOST:PORT --topic NAME [flags]; all of them: millrace produce --help",
    raw: { words in
      ProduceCommand.run(arguments: words, input: ProduceCommand.standardInput, output: terminal)
    })

  static let consume = Command(
    name: "consume", summary: "Print records as they come, with kafka-console-consumer's flags.",
    usage: "--bootstrap-server HOST:PORT --topic NAME [flags]; all of them: millrace consume --help",
    raw: { words in
      // Reading into a pipe whose reader has gone ends by SIGPIPE, as with any tool.
      Interruption.prepare()
      signal(SIGPIPE, SIG_DFL)
      return untilInterrupted { ConsumeCommand.run(arguments: words, stop: $0, output: terminal) }
    })

  static var terminal: ToolOutput {
    ToolOutput(
      out: { bytes in try bytes.withUnsafeBytes { try System.writeAll($0, to: 1, "standard output") } },
      err: { line in
        let bytes = Array((line + "\n").utf8)
        _ = write(2, bytes, bytes.count)
      })
  }
}
