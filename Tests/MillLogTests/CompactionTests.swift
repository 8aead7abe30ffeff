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
