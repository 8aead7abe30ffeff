import MillBase
import Synchronization

@testable import MillKafka

/// Runs Kafka's tools in this process against a harness' server.
struct ToolRunner {
  /// What a tool has said.
  final class Said: Sendable {
    let out = Mutex<[UInt8]>([])
    let err = Mutex<[String]>([])
    var output: ToolOutput {
      ToolOutput(
        out: { bytes in self.out.withLock { $0 += bytes } }, err: { line in self.err.withLock { $0 += [line] } })
    }
    var text: String { String(decoding: out.withLock { $0 }, as: UTF8.self) }
    /// Without the padding of columns.
    var lines: [String] {
      text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    }
    var errors: [String] { err.withLock { $0 } }
  }

  /// Runs one tool against the server.
  func run(_ harness: Harness, _ line: String, input: String = "") -> (code: Int32, said: Said) {
    let said = Said()
    var words = line.split(separator: " ").map(String.init)
    let tool = words.removeFirst()
    words += ["--bootstrap-server", harness.address]
    var chunks = input.isEmpty ? [] : [Array(input.utf8)]
    let code =
      switch tool {
      case "produce":
        ProduceCommand.run(
          arguments: words, input: { chunks.isEmpty ? [] : chunks.removeFirst() }, output: said.output)
      case "consume": ConsumeCommand.run(arguments: words, stop: Signal(), output: said.output)
      case "configs": ConfigsCommand.run(arguments: words, output: said.output)
      case "topics": TopicsCommand.run(arguments: words, output: said.output)
      default: GroupsCommand.run(arguments: words, output: said.output)
      }
    return (code, said)
  }
}
