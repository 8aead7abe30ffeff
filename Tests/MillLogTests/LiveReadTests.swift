import MillBase
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
