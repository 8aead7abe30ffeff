import Foundation
import MillBase
import MillLog
import Testing

extension EndToEnd {
  /// `millrace fsck`, `millrace dump` and the broker's configuration, through the executable.
  @Suite struct LogToolsTests {
    private static let partition = TopicPartition("pop", 0)

    /// A data directory with `name-0` folders, removed at the end.
    private final class Directory {
      let path: String
      init() throws { path = try Files.makeTemporaryDirectory("millrace-log") }
      deinit { try? Files.removeTree(path) }

      /// Sixty records of three keys in several segments.
      func filled(_ configuration: [String: String] = [:]) throws -> LocalLog {
        let log = try LocalLog(directory: path)
        try log.createTopic(
          "pop", partitions: 1, configuration: ["segment.bytes": "1000"].merging(configuration) { $1 })
        for number in 0..<60 {
          let record = Record(key: Array("k\(number % 3)".utf8), value: Array("v\(number)".utf8))
          _ = try log.append([record], to: LogToolsTests.partition, codec: .none)
        }
        return log
      }

      var folder: String { "\(path)/pop-0" }
      func files(_ suffix: String) throws -> [String] {
        try Files.list(folder).filter { $0.hasSuffix(suffix) }.map { "\(folder)/\($0)" }
      }
    }

    private func fsck(_ directory: Directory, _ status: Int32, _ words: String, _ comment: Comment) throws {
      let result = try Executable.run(Places.millrace, ["fsck", directory.path])
      #expect(result.status == status && result.output.contains(words), "\(comment): \(result.output)")
    }

    @Test func fsckOfARunningAndAStoppedLog() throws {
      let directory = try Directory()
      let log = try directory.filled()
      try fsck(directory, 0, "pop-0: offsets 0 to 60, 60 records in 60 batches", "running")
      try fsck(directory, 0, "2 partitions, all clean", "running")
      try log.close()
      try fsck(directory, 0, "2 partitions, all clean", "stopped")
      let first = try directory.files(".log")[0]
      var bytes = try Files.read(first)
      bytes[70] ^= 1
      try Files.writeAtomically(bytes, to: first)
      try fsck(directory, 1, "damaged: \(first): bytes 0 to ", "a flipped bit")
      let dump = try Executable.run(Places.millrace, ["dump", directory.path, "--topic", "pop", "--print-data-log"])
      #expect(dump.output.contains("payload: v1") && dump.output.contains("wrong CRC"), "\(dump.output)")
    }

    /// Every state in which a kill can leave a compaction: no overlap and no damage is told of, and the next start makes
    /// up for it.
    @Test(arguments: ["half-written", "whole", "some removed", "all removed"])
    func fsckOfAnInterruptedCompaction(state: String) throws {
      let directory = try Directory()
      var log = try directory.filled(["cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0"])
      try log.flush()
      let old = try directory.files(".log").dropLast().map { ($0, try Files.read($0)) }
      // So that all closed segments become one.
      try log.alterTopic("pop") { $0.merging(["segment.bytes": "100000"]) { $1 } }
      try log.compact(now: Clock.nowMilliseconds())
      try log.close()
      let left = try directory.files(".log")
      let compacted = old[0].0
      #expect(left.count == 2 && left[0] == compacted)
      let end = Int64(Files.split(left[1]).name.dropLast(4))!
      let swap = "\(compacted.dropLast(4)).\(end).swap"
      let new = try Files.read(compacted)
      for path in try directory.files("index") where path.hasPrefix(String(compacted.dropLast(4))) {
        try Files.remove(path)
      }
      try Files.remove(compacted)
      let removed = state == "all removed" ? old.count : state == "some removed" ? 2 : 0
      // The segment that takes the name is the last that goes.
      for (path, bytes) in old.dropFirst().dropFirst(max(0, removed - 1)) + (removed == old.count ? [] : [old[0]]) {
        try Files.writeAtomically(bytes, to: path)
      }
      if state == "half-written" {
        try Files.writeAtomically(Array(new[..<(new.count / 2)]), to: "\(compacted).cleaned")
      } else {
        try Files.writeAtomically(new, to: swap)
      }
      try Files.writeAtomically([1, 2, 3], to: "\(directory.folder)/.x.2000000000.2.tmp")
      try fsck(directory, 0, "a compaction is at work", "\(state)")
      log = try LocalLog(directory: directory.path)
      if state == "half-written" { try log.compact(now: Clock.nowMilliseconds()) }
      try log.close()
      try fsck(directory, 0, "2 partitions, all clean", "\(state), after a start")
      #expect(try directory.files(".log").count == 2)
      #expect(try directory.files(".swap") + directory.files(".cleaned") + directory.files(".tmp") == [])
      #expect(try Files.read(compacted) == new)
    }

    /// Files beside the segments, each with a byte changed.
    @Test(arguments: [
      (".transactions", "looks through the segments before"), (".snapshot", "looks through the segments before"),
      (".checkpoint", "looks through the whole segment"),
    ])
    func fsckOfWhatStandsBesideTheSegments(suffix: String, words: String) throws {
      let directory = try Directory()
      let log = try directory.filled()
      var batch = try BatchEncoder.encode([Record(value: [1])], codec: .none, now: 0)
      // Of producer 7, in a transaction.
      batch[22] |= 16
      batch.replaceSubrange(43..<57, with: [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0])
      let crc = batch.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[BatchHeader.crcStart...])) }
      withUnsafeBytes(of: crc.bigEndian) { batch.replaceSubrange(17..<21, with: $0) }
      _ = try log.appendStored(batch, to: Self.partition)
      for _ in 0..<20 { _ = try log.append([Record(value: [2])], to: Self.partition, codec: .none) }
      try log.close()
      try fsck(directory, 0, "all clean", "before")
      let path = try directory.files(suffix).last!
      var bytes = try Files.read(path)
      bytes[bytes.count - 1] ^= 1
      try Files.writeAtomically(bytes, to: path)
      try fsck(directory, 1, "\(path) is damaged", "after")
      try fsck(directory, 1, words, "after")
    }

    @Test func aBrokersPropertiesAreTakenOrNamed() throws {
      let directory = try Directory()
      let port = try Places.freePort()
      let file = "\(directory.path)/server.properties"
      let text = """
        listeners=PLAINTEXT://127.0.0.1:\(port)
        log.dirs=\(directory.path)/data
        log.retention.hour=1
        retention.ms=5
        num.io.threads=8
        log.segment.bytes=5000
        """
      try Files.writeAtomically(text, to: file)
      let broker = try Executable(Places.millrace, ["broker", "--config", file])
      defer { broker.kill() }
      let up: Void? = Places.eventually { broker.output.contains("Ctrl-C ends") ? () : nil }
      #expect(up != nil)
      let near = [("log.retention.hour", 3, "log.retention.hours"), ("retention.ms", 4, "log.retention.ms")]
      for (name, line, meant) in near {
        let told = broker.output.split(separator: "\n").first { $0.contains("'\(meant)'?") }
        #expect(told?.contains(name) == true && told?.contains(":\(line)") == true, "\(broker.output)")
      }
      #expect(broker.output.contains("num.io.threads: has no effect on one broker"), "\(broker.output)")
      #expect(broker.interrupt() == 0)
      try Files.writeAtomically(text + "\nlog.roll.hours=soon\n", to: file)
      let refused = try Executable.run(Places.millrace, ["broker", "--config", file])
      #expect(refused.status != 0 && refused.output.contains("log.roll.hours"), "\(refused.output)")
    }
  }
}
