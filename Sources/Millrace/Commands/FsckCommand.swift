import MillBase
import MillLog

extension MillraceCommand {
  static let fsck = Command(
    name: "fsck", summary: "Check every batch and index of a log, stopped or running; changes nothing.",
    usage: "DIR [flags]",
    flags: [Flag("--topic", "TOPIC", "only this topic; default: all, __consumer_offsets too")],
    examples: [
      "millrace fsck /var/lib/millrace/log",
      "millrace fsck examples/population/data/log --topic users   (exit code: 0 = clean, 1 = damage was found)",
    ],
    run: { arguments in
      let directory = try arguments.only("DIR, the log's directory")
      let inspector = try LogInspector(directory: directory)
      let partitions = try inspector.partitions(topic: arguments["--topic"])
      var damaged = 0
      for partition in partitions {
        let report = try inspector.inspect(partition)
        print(summary(report))
        for range in report.damages {
          print(
            "  damaged: \(range.file): bytes \(range.start) to \(range.end), offset \(range.offset) on:"
              + " \(range.reason)")
        }
        for contradiction in report.contradictions { print("  wrong: \(contradiction)") }
        for note in report.notes { print("  note: \(note)") }
        if !report.isClean { damaged += 1 }
      }
      print("\(directory): \(partitions.count) partitions, \(damaged == 0 ? "all clean" : "\(damaged) with damage")")
      return damaged == 0 ? 0 : 1
    })

  private static func summary(_ report: LogInspector.Partition) -> String {
    "\(report.topicPartition): offsets \(report.startOffset) to \(report.endOffset), \(report.records) records in"
      + " \(report.batches) batches, \(report.segments) segments of \(report.bytes) bytes:"
      + " \(report.isClean ? "clean" : "damage")"
  }
}
