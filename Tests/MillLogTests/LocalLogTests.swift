import MillBase
import Testing

@testable import MillLog

/// A log in a directory of its own, and records to fill it.
final class Fixture {
  let directory: String
  init() throws { directory = try Files.makeTemporaryDirectory("mill-log") }
  deinit { try? Files.removeTree(directory) }

  func open(_ options: LogOptions = LogOptions(flushInterval: .seconds(3600))) throws -> LocalLog {
    try LocalLog(directory: directory, options: options)
  }

  static let partition = TopicPartition("pop", 0)

  static func record(_ number: Int, size: Int = 10) -> Record {
    Record(
      key: Array("k\(number)".utf8), value: Array("v\(number)".utf8) + [UInt8](repeating: 0x2E, count: size),
      headers: [.init("n", "\(number)"), .init("null", nil)], timestamp: 1_700_000_000_000 + Int64(number))
  }

  /// Every record from the start on.
  static func all(_ log: any RecordLog, _ partition: TopicPartition = partition) throws -> [(Int64, Record)] {
    var (offset, end) = try log.offsets(partition)
    var records: [(Int64, Record)] = []
    while offset < end {
      let batch = try log.read(partition, from: offset, maxBytes: 4096, wait: .zero)
      for index in 0..<batch.count { records.append((batch.slots[index].offset, batch.record(index))) }
      precondition(batch.nextOffset > offset, "a read before the end moves on")
      offset = batch.nextOffset
    }
    return records
  }
}

@Suite struct LocalLogTests {
  @Test(arguments: Codec.allCases) func whatIsAppendedIsRead(codec: Codec) throws {
    let fixture = try Fixture()
    let log = try fixture.open()
    try log.createTopic("pop", partitions: 1, configuration: [:])
    let records = (0..<50).map { Fixture.record($0) }
    #expect(try log.append(Array(records[..<20]), to: Fixture.partition, codec: codec) == 0)
    #expect(try log.append(Array(records[20...]), to: Fixture.partition, codec: codec) == 20)
    let read = try Fixture.all(log)
    #expect(read.map(\.0) == (0..<50).map(Int64.init))
    #expect(read.map(\.1) == records)
    try log.checkInvariants()
  }

  @Test func closedAndOpenedAgainItGoesOn() throws {
    let fixture = try Fixture()
    for round in 0..<3 {
      let log = try fixture.open()
      if round == 0 { try log.createTopic("pop", partitions: 1, configuration: ["segment.bytes": "500"]) }
      for number in 0..<10 {
        let appended = try log.append([Fixture.record(number)], to: Fixture.partition, codec: .none)
        #expect(appended == Int64(round * 10 + number))
      }
      try log.commit(group: "g", [Fixture.partition: Int64(round)])
      try log.checkInvariants()
      if round < 2 { try log.close() }
    }
    let log = try fixture.open()
    #expect(try Fixture.all(log).count == 30)
    #expect(try log.committed(group: "g", [Fixture.partition]) == [Fixture.partition: 2])
    #expect(try log.topic("pop")?.configuration == ["segment.bytes": "500"])
    try log.checkInvariants()
  }
}
