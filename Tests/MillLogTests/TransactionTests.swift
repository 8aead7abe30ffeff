import MillBase
import Testing

@testable import MillLog

/// Records of transactions: read when committed, kept apart when aborted, over every kind of restart.
@Suite struct TransactionTests {
  private static func append(_ log: LocalLog, producer: Int64, sequence: Int32, count: Int = 2) throws {
    var batch = try ProducerTests.batch(producer: producer, epoch: 0, sequence: sequence, count: count)
    batch[22] |= 16
    BatchEncoder.seal(&batch)
    _ = try log.appendStored(batch, to: Fixture.partition)
  }

  private static func end(_ log: LocalLog, producer: Int64, isCommit: Bool) throws {
    try log.endTransaction(producerID: producer, epoch: 0, isCommit: isCommit, in: Fixture.partition)
  }

  /// Offsets: 0–1 aborted, 2 its marker, 3–4 committed, 5 its marker, 6–7 of an open one, 8–9 of another, 10 a commit.
  private func fill(_ log: LocalLog, configuration: [String: String] = [:]) throws {
    try log.createTopic("pop", partitions: 1, configuration: configuration)
    try Self.append(log, producer: 7, sequence: 0)
    try Self.end(log, producer: 7, isCommit: false)
    try Self.append(log, producer: 7, sequence: 2)
    try Self.end(log, producer: 7, isCommit: true)
    try Self.append(log, producer: 7, sequence: 4)
    try Self.append(log, producer: 8, sequence: 0)
    try Self.end(log, producer: 8, isCommit: true)
  }

  /// The committed records, the ends, and what a consumer that filters by itself gets to know.
  private func check(_ log: LocalLog, _ comment: Comment) throws {
    #expect(try Fixture.all(log).map(\.0) == [3, 4], comment)
    #expect(try log.offsets(Fixture.partition).end == 6, comment)
    #expect(try log.highWatermark(Fixture.partition) == 11, comment)
    let aborted = AbortedTransaction(producerID: 7, firstOffset: 0, lastOffset: 2)
    let stored = try log.readStored(Fixture.partition, from: 0, maxBytes: 1 << 20, committed: true)
    #expect(stored.aborted == [aborted], comment)
    let atStable = try log.readStored(Fixture.partition, from: 6, maxBytes: 1 << 20, committed: true)
    #expect(atStable.bytes.isEmpty && atStable.nextOffset == 6, comment)
    #expect(try !log.readStored(Fixture.partition, from: 6, maxBytes: 1 << 20).bytes.isEmpty, comment)
  }

  @Test(arguments: [[:], ["segment.bytes": "200"]]) func whatIsDecidedIsReadOverRestarts(
    configuration: [String: String]
  ) throws {
    let fixture = try Fixture()
    var log = try fixture.open()
    try fill(log, configuration: configuration)
    try check(log, "written")
    try log.close()
    log = try fixture.open()
    try check(log, "closed and opened")
    // Left without closing, as a kill does: the state of the earlier closing must not mix with the walk.
    try Self.end(log, producer: 7, isCommit: false)
    try Self.append(log, producer: 7, sequence: 6, count: 1)
    let directory = try Files.makeTemporaryDirectory("mill-log")
    defer { try? Files.removeTree(directory) }
    for name in try Files.list(fixture.directory) where name.hasPrefix("pop-") {
      try Files.makeDirectory("\(directory)/\(name)")
      for file in try Files.list("\(fixture.directory)/\(name)") {
        try Files.writeAtomically(
          try Files.read("\(fixture.directory)/\(name)/\(file)"), to: "\(directory)/\(name)/\(file)")
      }
    }
    try log.close()
    let killed = try LocalLog(directory: directory)
    #expect(try Fixture.all(killed).map(\.0) == [3, 4, 8, 9])
    #expect(try killed.offsets(Fixture.partition).end == 12)
    #expect(
      try killed.readStored(Fixture.partition, from: 3, maxBytes: 1 << 20, committed: true).aborted.map(\.firstOffset)
        == (configuration.isEmpty ? [6] : []))
    try killed.close()
  }

  /// Which transactions were aborted before the last segment, or when the log was closed, is found in the segments when
  /// the file that says it is damaged.
  @Test(arguments: ["transactions", "transactions-closed"]) func aDamagedIndexOfTransactionsIsMadeUpFor(
    suffix: String
  ) throws {
    let fixture = try Fixture()
    let log = try fixture.open()
    try fill(log, configuration: ["segment.bytes": "200"])
    try log.close()
    if suffix == "transactions" { try Files.remove("\(fixture.directory)/\(LocalLog.cleanShutdownName)") }
    let directory = "\(fixture.directory)/\(Fixture.partition)"
    let last = try #require(try Files.list(directory).filter { $0.hasSuffix(".\(suffix)") }.sorted().last)
    try File("\(directory)/\(last)", .readWrite).truncate(to: 9)
    try check(try fixture.open(), "damaged")
  }

  @Test func theCoordinatorsStateIsKept() throws {
    let fixture = try Fixture()
    var state = TransactionState(producerID: 5, epoch: 3, timeout: 1000)
    state.phase = .prepareCommit
    state.partitions = [TopicPartition("pop", 0), TopicPartition("pop", 1)]
    state.offsets = ["g": [TopicPartition("in", 0): CommittedOffset(offset: 9, metadata: "m", timestamp: 1)], "h": [:]]
    let log = try fixture.open(LogOptions(flushInterval: .seconds(3600), offsetsCompactionSize: 2000))
    for number in 0..<100 {
      state.started = Int64(number)
      try log.saveTransaction("a", state)
    }
    try log.saveTransaction("b", state)
    try log.saveTransaction("b", nil)
    try log.close()
    let again = try fixture.open()
    #expect(again.transactions == ["a": state])
    try again.close()
  }
}
