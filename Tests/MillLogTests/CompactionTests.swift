import MillBase
import Testing

@testable import MillLog

@Suite struct CompactionTests {
  private static let settings = [
    "cleanup.policy": "compact", "segment.bytes": "1000", "min.cleanable.dirty.ratio": "0",
  ]
  private static let base: Int64 = 1_700_000_000_000

  /// Two hundred records of ten keys, a few in a batch; key 3 is deleted in the end.
  private func filled(_ fixture: Fixture, _ codec: Codec = .none) throws -> LocalLog {
    let log = try fixture.open()
    try log.createTopic("pop", partitions: 1, configuration: Self.settings)
    for number in stride(from: 0, to: 200, by: 4) {
      let records = (number..<number + 4).map { number in
        Record(
          key: Array("k\(number % 10)".utf8), value: number == 193 ? nil : Array("v\(number)".utf8),
          headers: [.init("n", "\(number)")], timestamp: Self.base + Int64(number))
      }
      _ = try log.append(records, to: Fixture.partition, codec: codec)
    }
    return log
  }

  /// Last value of each key, which compaction must not change.
  private func table(_ log: LocalLog) throws -> [[UInt8]: [UInt8]] {
    var table: [[UInt8]: [UInt8]] = [:]
    for (_, record) in try Fixture.all(log) { table[record.key!] = record.value }
    return table
  }

  @Test(arguments: Codec.allCases) func theLastRecordOfEachKeyStaysAtItsOffset(codec: Codec) throws {
    let fixture = try Fixture()
    let log = try filled(fixture, codec)
    let before = try Fixture.all(log)
    let wanted = try table(log)
    let active = try #require(try log.partition(Fixture.partition).state.withLock { $0.segments.last }).baseOffset
    // An open segment's records don't count.
    var last: [[UInt8]: Int64] = [:]
    for (offset, record) in before where offset < active { last[record.key!] = offset }
    #expect(try log.compact(now: Self.base) > 0)
    try log.checkInvariants()
    let after = try Fixture.all(log)
    #expect(after.map(\.0) == before.map(\.0).filter { $0 >= active || last.values.contains($0) })
    for (offset, record) in after { #expect(record == before[Int(offset)].1) }
    #expect(try table(log) == wanted)
    // Every offset can be read from, also those that are gone.
    for offset in Int64(0)..<200 {
      let read = try log.read(Fixture.partition, from: offset, maxBytes: 100, wait: .zero)
      #expect(read.slots.first?.offset == after.first { $0.0 >= offset }?.0)
    }
    #expect(try log.compact(now: Self.base) == 0)
    #expect(try log.append([Fixture.record(1)], to: Fixture.partition, codec: codec) == 200)
    try log.close()
    let again = try fixture.open()
    #expect(try Fixture.all(again).map(\.0) == after.map(\.0) + [200])
    try again.checkInvariants()
  }

  @Test func aTombstoneGoesAfterItsTime() throws {
    let fixture = try Fixture()
    let log = try filled(fixture)
    func roll(_ from: Int) throws {
      for number in from..<from + 40 {
        _ = try log.append([Fixture.record(number)], to: Fixture.partition, codec: .none)
      }
    }
    func isThere() throws -> Bool { try Fixture.all(log).contains { $0.0 == 193 } }
    try roll(1000)
    let day: Int64 = 86_400_000
    try log.compact(now: Self.base + 10 * day)
    // The first time through it stays, however old.
    #expect(try isThere())
    try roll(2000)
    try log.compact(now: Self.base + 193 + day)
    #expect(try isThere())
    try roll(3000)
    try log.compact(now: Self.base + 194 + day)
    #expect(try !isThere())
    #expect(try table(log)[Array("k3".utf8)] == nil)
    try log.checkInvariants()
  }

  /// Killed at each point between the new file and the end: opened again, the table is the same.
  @Test(arguments: ["cleaned", "swap", "half"]) func aKillInTheMiddleHarmsNothing(moment: String) throws {
    let fixture = try Fixture()
    let log = try filled(fixture)
    let wanted = try table(log)
    let directory = "\(fixture.directory)/\(Fixture.partition)"
    try log.flush()
    var old: [String: [UInt8]] = [:]
    for name in try Files.list(directory) { old[name] = try Files.read("\(directory)/\(name)") }
    try log.compact(now: Self.base)
    let offsets = try Fixture.all(log).map(\.0)
    let merged = try log.partition(Fixture.partition).state.withLock { state in
      try #require(zip(state.segments, state.segments.dropFirst()).map { ($0.baseOffset, $1.baseOffset) }.first)
    }
    let compacted = try Files.read(Segment.path(directory, merged.0, "log"))
    try log.close()
    // The files as they were, and the one that was in the making.
    for name in try Files.list(directory) { try Files.remove("\(directory)/\(name)") }
    for (name, bytes) in old {
      let isGone = moment == "half" && Int64(name.prefix(20)).map { $0 > merged.0 && $0 < merged.1 } == true
      if !isGone { try Files.writeAtomically(bytes, to: "\(directory)/\(name)") }
    }
    let path =
      moment == "cleaned"
      ? CompactedFile.cleanedPath(directory, merged.0) : CompactedFile.swapPath(directory, merged.0, merged.1)
    let bytes = moment == "cleaned" ? Array(compacted.prefix(compacted.count / 2)) : compacted
    try Files.writeAtomically(bytes, to: path)
    try? Files.remove("\(fixture.directory)/\(LocalLog.cleanShutdownName)")
    let again = try fixture.open()
    #expect(try table(again) == wanted)
    #expect(try Files.list(directory).allSatisfy { !$0.hasSuffix("cleaned") && !$0.hasSuffix("swap") })
    try again.checkInvariants()
    let left = try Fixture.all(again).map(\.0)
    #expect(moment == "cleaned" ? left.count == 200 : Set(left).isSuperset(of: offsets) && left == left.sorted())
    try again.compact(now: Self.base)
    #expect(try Fixture.all(again).map(\.0) == offsets)
  }

  /// A transaction's batch, and what ends it.
  private func append(_ log: LocalLog, _ producer: Int64, _ sequence: Int32, _ keys: [String]) throws {
    let records = keys.map { Record(key: Array($0.utf8), value: Array("\(producer)-\(sequence)".utf8)) }
    var out = ByteWriter()
    out.bytes = try BatchEncoder.encode(records[...], codec: .none, now: Self.base)
    out.put(Int16(16), at: 21)
    out.put(producer, at: 43)
    out.put(Int16(0), at: 51)
    out.put(sequence, at: 53)
    BatchEncoder.seal(&out.bytes)
    _ = try log.appendStored(out.bytes, to: Fixture.partition)
  }

  private func end(_ log: LocalLog, _ producer: Int64, isCommit: Bool) throws {
    try log.endTransaction(producerID: producer, epoch: 0, isCommit: isCommit, in: Fixture.partition)
  }

  /// What lies in the log: offset, and "marker" or the record's key.
  private func stored(_ log: LocalLog) throws -> [String] {
    var found: [String] = []
    var (offset, end) = try (log.offsets(Fixture.partition).start, log.highWatermark(Fixture.partition))
    while offset < end {
      let read = try log.readStored(Fixture.partition, from: offset, maxBytes: 1)
      guard let header = read.bytes.withUnsafeBytes({ BatchHeader($0) }) else { break }
      try StoredRecords.walk(read.bytes, header) { record in
        let key = record.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
        found.append("\(record.offset) \(header.isControl ? "marker" : key)")
        return true
      }
      offset = read.nextOffset
    }
    return found
  }

  /// Every transaction in segments of its own; a plain record closes the last of them.
  private func withTransactions(_ fixture: Fixture) throws -> LocalLog {
    let log = try fixture.open()
    var settings = Self.settings
    settings["segment.bytes"] = "150"
    settings["delete.retention.ms"] = "1000"
    try log.createTopic("pop", partitions: 1, configuration: settings)
    try append(log, 7, 0, ["a", "b"])  // 0, 1
    try end(log, 7, isCommit: true)  // 2
    try append(log, 8, 0, ["a", "c"])  // 3, 4
    try end(log, 8, isCommit: false)  // 5
    try append(log, 7, 2, ["b", "d"])  // 6, 7
    try end(log, 7, isCommit: true)  // 8
    _ = try log.append([Record(key: Array("e".utf8), value: [1])], to: Fixture.partition, codec: .none)  // 9
    return log
  }

  @Test func abortedRecordsGoAndCommittedOnesAreCompacted() throws {
    let fixture = try Fixture()
    var log = try withTransactions(fixture)
    let wanted = try table(log)
    #expect(try log.compact(now: Self.base) > 0)
    // An aborted record does not stand for the committed one before it.
    let expected = ["0 a", "2 marker", "5 marker", "6 b", "7 d", "8 marker", "9 e"]
    #expect(try stored(log) == expected)
    #expect(try table(log) == wanted && wanted.count == 4)
    try log.checkInvariants()
    try log.close()
    log = try fixture.open()
    #expect(try stored(log) == expected && table(log) == wanted)
    #expect(try log.offsets(Fixture.partition).end == 10)
    try log.close()
    // After a kill too, whose opening walks what it does not know.
    try Files.remove("\(fixture.directory)/\(LocalLog.cleanShutdownName)")
    log = try fixture.open()
    #expect(try stored(log) == expected && table(log) == wanted)
    #expect(try log.offsets(Fixture.partition).end == 10)
  }

  @Test func whatAnOpenTransactionMayTakeBackIsLeftAlone() throws {
    let fixture = try Fixture()
    let log = try withTransactions(fixture)
    try append(log, 9, 0, ["d"])  // 10
    for _ in 0..<5 {
      _ = try log.append([Record(key: Array("a".utf8), value: [2])], to: Fixture.partition, codec: .none)
    }
    #expect(try log.compact(now: Self.base) > 0)
    let before = try stored(log)
    #expect(Array(before.suffix(7)) == ["9 e", "10 d"] + (11...15).map { "\($0) a" })
    #expect(before.contains("0 a") && before.contains("7 d") && !before.contains("3 a"))
    #expect(try log.compact(now: Self.base) == 0)
    try end(log, 9, isCommit: false)
    _ = try log.append([Record(key: Array("z".utf8), value: [2])], to: Fixture.partition, codec: .none)
    #expect(try log.compact(now: Self.base) > 0)
    let after = try stored(log)
    #expect(after.contains("7 d") && !after.contains("10 d") && !after.contains("0 a") && after.contains("15 a"))
    try log.checkInvariants()
  }

  @Test func aCommitsMarkerGoesWithTheLastOfItsRecords() throws {
    let fixture = try Fixture()
    let log = try withTransactions(fixture)
    func replace(_ keys: [String]) throws {
      for key in keys + ["z", "z"] {
        _ = try log.append([Record(key: Array(key.utf8), value: [3])], to: Fixture.partition, codec: .none)
      }
    }
    let now = Clock.nowMilliseconds()
    try replace(["a", "b"])
    try log.compact(now: now)
    // All of the first transaction is gone; its marker has just been through for the first time.
    #expect(try Array(stored(log).prefix(4)) == ["2 marker", "5 marker", "7 d", "8 marker"])
    try replace(["y"])
    try log.compact(now: now)
    #expect(try stored(log).contains("2 marker"))
    try replace(["x"])
    try log.compact(now: now + 60_000)
    // Its time has come; the abort's stays, and so does the one with a record.
    #expect(try Array(stored(log).prefix(3)) == ["5 marker", "7 d", "8 marker"])
    let stored = try log.readStored(Fixture.partition, from: 0, maxBytes: 1 << 20, committed: true)
    #expect(stored.aborted.map(\.lastOffset) == [5])
    try log.checkInvariants()
  }

  @Test func withoutAKnownIndexNothingIsCompacted() throws {
    let fixture = try Fixture()
    var log = try withTransactions(fixture)
    let before = try stored(log)
    try log.close()
    let directory = "\(fixture.directory)/\(Fixture.partition)"
    for name in try Files.list(directory) {
      if name.contains("transactions") { try Files.remove("\(directory)/\(name)") }
      try RecoveryCheckpoint.remove(directory, Int64(name.prefix(20)) ?? 0)
    }
    log = try fixture.open()
    #expect(try log.compact(now: Self.base) == 0)
    #expect(try stored(log) == before)
  }

  @Test func recordsWithoutKeysAreRefused() throws {
    let fixture = try Fixture()
    let log = try filled(fixture)
    #expect(throws: MillError.self) { try log.append([Record(value: [1])], to: Fixture.partition, codec: .none) }
    let batch = try BatchEncoder.encode([Record(value: [1])], codec: .zstd, now: Self.base)
    #expect(throws: MillError.self) { try log.appendStored(batch, to: Fixture.partition) }
    #expect(try log.offsets(Fixture.partition).end == 200)
  }

  @Test func damageIsLeftWhereItIs() throws {
    let fixture = try Fixture()
    let log = try filled(fixture)
    try log.close()
    let path = Segment.path("\(fixture.directory)/\(Fixture.partition)", 0, "log")
    var bytes = try Files.read(path)
    bytes[100] ^= 1
    try Files.writeAtomically(bytes, to: path)
    let again = try fixture.open()
    let wanted = try table(again)
    try again.compact(now: .max)
    #expect(try table(again) == wanted)
    #expect(try Files.read(path) == bytes)
    try again.checkInvariants()
  }

  @Test func whatIsOnlyCompactedIsNotDeleted() throws {
    let fixture = try Fixture()
    let log = try filled(fixture)
    try log.enforceRetention(now: .max)
    #expect(try log.offsets(Fixture.partition).start == 0)
    try log.alterTopic("pop") { $0.merging(["cleanup.policy": "compact,delete"]) { $1 } }
    try log.enforceRetention(now: .max)
    #expect(try log.offsets(Fixture.partition) == (200, 200))
  }
}
