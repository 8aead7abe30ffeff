import MillBase
import MillLog

extension MillraceCommand {
  static let dump = Command(
    name: "dump", summary: "Print the batches and records of a log, stopped or running, as kafka-dump-log does.",
    usage: "DIR --topic TOPIC [flags]  or  --files FILE[,FILE] [flags]",
    flags: [
      Flag("--files", "FILE[,FILE]", "segments (.log) and index files (.index, .timeindex), of a real Kafka too"),
      Flag("--topic", "TOPIC", "with DIR: this topic's segments; default: every topic's"),
      Flag("--partition", "N", "with --topic: only this partition"),
      Flag("--deep-iteration", "a line for each record"),
      Flag("--print-data-log", "a line for each record, with key and value"),
    ],
    examples: [
      "millrace dump /var/lib/millrace/log --topic users --print-data-log",
      "millrace dump --files users-0/00000000000000000000.log --deep-iteration",
      "millrace dump --files users-0/00000000000000000000.index   (exit code: 0 = all valid, 1 = damage)",
    ],
    run: { arguments in
      var dump = LogDump(
        printsRecords: arguments.has("--deep-iteration"), printsData: arguments.has("--print-data-log")
      ) { print($0) }
      for file in try files(arguments) { try dump.dump(file: file) }
      return dump.damaged == 0 ? 0 : 1
    })

  private static func files(_ arguments: Arguments) throws -> [String] {
    if let files = arguments["--files"] {
      guard arguments.positional.isEmpty else {
        throw MillError(.configuration, "--files and a directory don't go together", wayOut: "give one of them")
      }
      return files.split(separator: ",").map(String.init)
    }
    let directory = try arguments.only("DIR, the log's directory, or --files")
    let inspector = try LogInspector(directory: directory)
    let number = try arguments["--partition"].map { text in
      guard let number = Int32(text) else {
        throw MillError(.configuration, "--partition \(text) is not a number")
      }
      return number
    }
    let partitions = try inspector.partitions(topic: arguments["--topic"]).filter {
      number == nil || $0.partition == number
    }
    guard !partitions.isEmpty else {
      throw MillError(.configuration, "there is no partition \(number ?? 0)", at: .init(key: arguments["--topic"]))
    }
    return try partitions.flatMap { try inspector.segmentFiles(of: $0) }
  }
}
