import Glibc
import MillBase
import MillLog
import Testing

@testable import MillKafka

/// `produce` and `consume` against the built-in log over the wire.
@Suite struct ConsoleCommandTests {
  /// Writes the text with the flags, reads the topic with the others.
  private func pass(
    _ text: String, producing: [String] = [], consuming: [String], partitions: Int = 1
  ) throws -> (written: Int32, lines: [String], reports: [String]) {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    try harness.log.createTopic("t", partitions: partitions, configuration: [:])
    let server = ["--bootstrap-server", harness.server!.address.description]
    var reports: [String] = []
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    defer { close(ends[0]) }
    _ = Array(text.utf8).withUnsafeBytes { write(ends[1], $0.baseAddress, $0.count) }
    close(ends[1])
    let written = ProduceCommand.run(arguments: server + ["--topic", "t"] + producing, input: ends[0]) {
      reports.append($0)
    }
    var output: [UInt8] = []
    let code = ConsumeCommand.run(
      arguments: server + ["--topic", "t", "--from-beginning"] + consuming, output: { output += $0 },
      report: { reports.append($0) }, isStopping: { false })
    #expect(code == 0)
    let lines = String(decoding: output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    return (written, lines.dropLast().map(String.init), reports)
  }

  @Test(arguments: ["none", "gzip", "snappy", "lz4", "zstd"]) func linesComeBack(codec: String) throws {
    let result = try pass(
      "one\n\ndreißig\nlast", producing: ["--compression-codec", codec], consuming: ["--max-messages", "4"])
    #expect(result.written == 0)
    #expect(result.lines == ["one", "", "dreißig", "last"])
    #expect(result.reports == ["Processed a total of 4 messages"])
  }

  @Test func keysHeadersAndNulls() throws {
    let result = try pass(
      "a:1,b:2\tk\tv\n\tx\tnil\n",
      producing: ["--property", "parse.key=true", "--property", "parse.headers=true", "--property", "null.marker=nil"],
      consuming: [
        "--max-messages", "2", "--property", "print.key=true", "--property", "print.headers=true", "--property",
        "print.offset=true", "--property", "print.partition=true", "--property", "key.separator=|", "--property",
        "null.literal=NULL",
      ])
    #expect(result.lines == ["Partition:0|Offset:0|a:1,b:2|k|v", "Partition:0|Offset:1|NO_HEADERS|x|NULL"])
  }

  @Test func aLineWithoutItsSeparatorIsNamedAndTheRestWritten() throws {
    let result = try pass(
      "k=1\nbroken\nl=2\n",
      producing: ["--property", "parse.key=true", "--property", "key.separator=="], consuming: ["--max-messages", "2"])
    #expect(result.written == 1)
    #expect(result.lines == ["1", "2"])
    #expect(
      result.reports.prefix(2) == ["line 2: nothing ends the key: no '='", "2 records written, 1 lines were not"])
  }

  @Test func aGroupGoesOnWhereItWas() throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    try harness.log.createTopic("t", partitions: 1, configuration: [:])
    let records = (0..<10).map { Record(value: Array("\($0)".utf8)) }
    _ = try harness.log.append(records, to: TopicPartition("t", 0), codec: .none)
    func consume() -> String {
      var output: [UInt8] = []
      _ = ConsumeCommand.run(
        arguments: [
          "--bootstrap-server", harness.server!.address.description, "--topic", "t", "--group", "g",
          "--from-beginning", "--max-messages", "4",
        ], output: { output += $0 }, report: { _ in }, isStopping: { false })
      return String(decoding: output, as: UTF8.self)
    }
    #expect(consume() == "0\n1\n2\n3\n")
    #expect(consume() == "4\n5\n6\n7\n")
  }

  @Test func onePartitionFromAnOffset() throws {
    let result = try pass(
      "a\nb\nc\n", consuming: ["--partition", "0", "--offset", "1", "--max-messages", "2"])
    #expect(result.lines == ["b", "c"])
  }

  @Test func theEndIsNotWaitedForLongerThanAsked() throws {
    let result = try pass("a\n", consuming: ["--timeout-ms", "300"])
    #expect(result.lines == ["a"])
  }

  @Test(arguments: [
    ("--topic t", "Missing required argument \"[bootstrap-server]\""),
    ("--bootstrap-server localhost:1 --topic", "Option topic requires an argument"),
    ("--bootstrap-sever localhost:1", "bootstrap-sever is not a recognized option; did you mean --bootstrap-server?"),
    ("--bootstrap-server localhost:1 --topic t --property print.kei=true", "unknown property print.kei"),
  ]) func wrongWords(words: String, message: String) {
    var reports: [String] = []
    let code = ConsumeCommand.run(
      arguments: words.split(separator: " ").map(String.init), output: { _ in }, report: { reports.append($0) },
      isStopping: { true })
    #expect(code == 1)
    #expect(reports.first?.contains(message) == true, "\(reports)")
  }
}
