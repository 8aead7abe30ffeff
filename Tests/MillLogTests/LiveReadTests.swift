import MillBase
import MillDiskSupport
import Synchronization
import Testing

@testable import MillLog

/// Readers that wait at the end of a partition see every record, whoever else reads or writes.
@Suite struct LiveReadTests {
  @Test(arguments: [Codec.none, .snappy])
  func waitingReadersMissNothing(_ codec: Codec) throws {
    let directory = try Files.makeTemporaryDirectory("millrace-live")
    defer { try? Files.removeTree(directory) }
    let log = try LocalLog(directory: directory)
    try log.createTopic("t", partitions: 1, configuration: [:])
    let partition = TopicPartition("t", 0)
    let count: Int64 = 400
    let readers = (0..<2).map { _ in
      let seen = Seen()
      let worker = Worker("reader") { _ in
        var next: Int64 = 0
        while next < count {
          guard let batch = try? log.read(partition, from: next, maxBytes: 1 << 20, wait: .seconds(5)),
            batch.nextOffset > next
          else { return }
          seen.add(batch.slots.map(\.offset))
          next = batch.nextOffset
        }
      }
      return (worker, seen)
    }
    for number in 0..<count {
      let value = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 2300)
      _ = try log.append([Record(value: value)], to: partition, codec: codec)
      if number % 3 == 0 { _ = Signal().wait(.milliseconds(1)) }
    }
    for (worker, seen) in readers {
      worker.join()
      #expect(seen.offsets == Array(0..<count))
    }
    try log.close()
  }

  /// With `flush.messages` a record can be read when a power cut can't take it back any more, not before.
  @Test func whatIsNotOnTheDiskYetIsNotRead() throws {
    let directory = try Files.makeTemporaryDirectory("millrace-live")
    defer { try? Files.removeTree(directory) }
    let log = try LocalLog(directory: directory)
    let partition = TopicPartition("t", 0)
    try log.createTopic("t", partitions: 1, configuration: ["flush.messages": "1"])
    // Called after the sync of a segment, before anybody else knows of it.
    let seen = Mutex<[Int64]>([])
    let observer = FileChanges.observe { change in
      guard case .sync(let path) = change, path.hasSuffix("t-0/00000000000000000000.log") else { return }
      let next = Int64(seen.withLock { $0.count })
      let committed = (try? log.read(partition, from: next, maxBytes: 1 << 20, wait: .zero))?.nextOffset
      let stored = (try? log.readStored(partition, from: next, maxBytes: 1 << 20))?.nextOffset
      seen.withLock { $0.append(max(committed ?? -1, stored ?? -1, (try? log.highWatermark(partition)) ?? -1)) }
    }
    defer { FileChanges.stop(observer) }
    for number in 0..<4 {
      _ = try log.append([Record(value: [UInt8(number)])], to: partition, codec: .none)
      #expect(
        try log.read(partition, from: Int64(number), maxBytes: 1 << 20, wait: .zero).nextOffset == Int64(number) + 1)
      #expect(try log.highWatermark(partition) == Int64(number) + 1)
    }
    #expect(seen.withLock { $0 } == [0, 1, 2, 3])
    try log.close()
  }

  @Test func whatAKilledProcessLeftIsOnTheDiskBeforeItIsRead() throws {
    let fixture = try Fixture()
    // Let go of without being closed, as by a kill.
    try withExtendedLifetime(try fixture.open()) { log in
      try log.createTopic("pop", partitions: 1, configuration: [:])
      _ = try log.append([Record(value: [1])], to: Fixture.partition, codec: .none)
      try log.alterTopic("pop") { _ in ["flush.messages": "1"] }
    }
    let recorder = DiskRecorder(fixture.directory)
    defer { recorder.stop() }
    let log = try fixture.open()
    #expect(recorder.changes.contains(.sync("\(fixture.directory)/pop-0/00000000000000000000.log")))
    #expect(try log.read(Fixture.partition, from: 0, maxBytes: 1 << 20, wait: .zero).count == 1)
    try log.close()
  }

  @Test func whoWaitsForSeveralPartitionsIsWokenByEach() throws {
    let directory = try Files.makeTemporaryDirectory("millrace-live")
    defer { try? Files.removeTree(directory) }
    let log = try LocalLog(directory: directory)
    try log.createTopic("t", partitions: 3, configuration: [:])
    var known = Dictionary(uniqueKeysWithValues: (0..<3).map { (TopicPartition("t", $0), Int64(0)) })
    for round in 0..<30 {
      let partition = TopicPartition("t", Int32(round % 3))
      let after = known
      let worker = Worker("reader") { _ in try? log.waitForRecords(after: after, atMost: .seconds(600)) }
      if round % 2 == 0 { _ = Signal().wait(.milliseconds(2)) }
      _ = try log.append([Record(value: [1])], to: partition, codec: .none)
      // It would wait for ten minutes, or has not begun to wait and sees the record.
      #expect(worker.join(atMost: .seconds(60)))
      known[partition]! += 1
    }
    #expect(throws: MillError.self) { try log.waitForRecords(after: [TopicPartition("t", 7): 0], atMost: .zero) }
    try log.close()
  }

  private final class Seen: Sendable {
    private let mutex = Mutex<[Int64]>([])
    func add(_ offsets: [Int64]) { mutex.withLock { $0 += offsets } }
    var offsets: [Int64] { mutex.withLock { $0 } }
  }
}
