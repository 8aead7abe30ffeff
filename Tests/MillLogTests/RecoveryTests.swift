import Glibc
import MillBase
import Testing

@testable import MillLog

/// What is left after a kill, a torn write, a flipped bit.
@Suite struct RecoveryTests {
  private static let segment = "pop-0/00000000000000000000.log"

  /// A log with three batches of three records, left without being closed, and its segment's bytes.
  private func abandoned(codec: Codec = .none, isFlushed: Bool = false) throws -> (
    fixture: Fixture, bytes: [UInt8], batches: [Range<Int>]
  ) {
    let fixture = try Fixture()
    try withExtendedLifetime(try fixture.open()) { log in
      try log.createTopic("pop", partitions: 1, configuration: [:])
      for batch in 0..<3 {
        _ = try log.append((0..<3).map { Fixture.record(batch * 3 + $0) }, to: Fixture.partition, codec: codec)
      }
      if isFlushed { try log.flush() }
    }
    let bytes = try Files.read("\(fixture.directory)/\(Self.segment)")
    var batches: [Range<Int>] = []
    while let header = bytes.withUnsafeBytes({ BatchHeader($0, at: batches.last?.upperBound ?? 0) }) {
      let start = batches.last?.upperBound ?? 0
      batches.append(start..<(start + header.size))
    }
    precondition(batches.count == 3 && batches[2].upperBound == bytes.count, "three batches fill the segment")
    return (fixture, bytes, batches)
  }

  private func write(_ bytes: [UInt8], _ fixture: Fixture) throws {
    let file = try File("\(fixture.directory)/\(Self.segment)", .truncate)
    try file.write(bytes, at: 0)
  }

  @Test func aTornTailIsCutAtEveryByte() throws {
    let (fixture, bytes, batches) = try abandoned()
    for length in batches[1].upperBound..<bytes.count {
      try write(Array(bytes[..<length]), fixture)
      let log = try fixture.open()
      #expect(try log.offsets(Fixture.partition) == (0, 6), "cut at \(length)")
      #expect(try Fixture.all(log).map(\.1) == (0..<6).map { Fixture.record($0) }, "cut at \(length)")
      #expect(try log.append([Fixture.record(6)], to: Fixture.partition, codec: .none) == 6)
      #expect(try Fixture.all(log).count == 7)
      try log.checkInvariants()
    }
  }

  @Test func garbageAfterTheLastBatchIsCut() throws {
    let (fixture, bytes, _) = try abandoned()
    for garbage in [[UInt8](repeating: 0, count: 5000), [UInt8](repeating: 2, count: 100), Array(bytes[..<70])] {
      try write(bytes + garbage, fixture)
      let log = try fixture.open()
      #expect(try Fixture.all(log).count == 9)
      try log.checkInvariants()
    }
  }

  /// No flipped bit may invent or change a record; only the batch that has it may be missing, of what was flushed.
  @Test(arguments: [Codec.none, .zstd]) func aFlippedBitCostsItsBatchAtMost(codec: Codec) throws {
    let (fixture, bytes, batches) = try abandoned(codec: codec, isFlushed: true)
    let all = (0..<9).map { Fixture.record($0) }
    for position in batches[1] {
      var damaged = bytes
      damaged[position] ^= 1 << UInt8(position % 8)
      try write(damaged, fixture)
      let log = try fixture.open()
      let records = try Fixture.all(log)
      let isWhole = records.map(\.1) == all && records.map(\.0) == (0..<9).map(Int64.init)
      let isWithout =
        records.map(\.1) == Array(all[..<3] + all[6...]) && records.map(\.0) == [0, 1, 2, 6, 7, 8].map(Int64.init)
      #expect(isWithout || isWhole && (12..<16).contains(position - batches[1].lowerBound), "byte \(position)")
      #expect(try log.offsets(Fixture.partition) == (0, 9))
    }
  }

  @Test func damageWhileRunningIsPassedOver() throws {
    let (fixture, bytes, batches) = try abandoned()
    let log = try fixture.open()
    #expect(try Fixture.all(log).count == 9)
    let file = try File("\(fixture.directory)/\(Self.segment)", .readWrite)
    try file.write([bytes[batches[1].lowerBound + 80] ^ 1], at: Int64(batches[1].lowerBound + 80))
    #expect(try Fixture.all(log).map(\.0) == [0, 1, 2, 6, 7, 8])
    #expect(try Fixture.all(log).count == 6)
  }

  @Test func aWholeBatchWithAWrongCRCAtTheEndIsSetAside() throws {
    let (fixture, bytes, batches) = try abandoned()
    var damaged = bytes
    damaged[bytes.count - 5] ^= 1
    try write(damaged, fixture)
    let log = try fixture.open()
    #expect(try Fixture.all(log).count == 6)
    let aside = "\(fixture.directory)/\(Self.segment).\(batches[2].lowerBound).damaged"
    #expect(try Files.read(aside) == Array(damaged[batches[2]]))
  }

  @Test func indexFilesAreRebuiltWhenMissing() throws {
    let fixture = try Fixture()
    let records = (0..<200).map { Fixture.record($0, size: 100) }
    let log = try fixture.open()
    try log.createTopic(
      "pop", partitions: 1, configuration: ["segment.bytes": "5000", "index.interval.bytes": "300"])
    for record in records { _ = try log.append([record], to: Fixture.partition, codec: .none) }
    try log.close()
    for name in try Files.list("\(fixture.directory)/pop-0") where name.hasSuffix("index") {
      try Files.remove("\(fixture.directory)/pop-0/\(name)")
    }
    let again = try fixture.open()
    #expect(try Fixture.all(again).map(\.1) == records)
    #expect(try again.offset(Fixture.partition, atOrAfter: records[150].timestamp!) == 150)
    try again.checkInvariants()
  }

  /// What was flushed before the last segment is not looked at again, however much it is.
  @Test func onlyTheLastSegmentIsScannedAfterAKill() throws {
    let fixture = try Fixture()
    try withExtendedLifetime(try fixture.open()) { log in
      try log.createTopic("pop", partitions: 1, configuration: ["segment.bytes": "5000"])
      for number in 0..<200 {
        _ = try log.append([Fixture.record(number, size: 200)], to: Fixture.partition, codec: .none)
      }
      try log.flush()
    }
    let log = try fixture.open()
    let segments = try log.partition(Fixture.partition).state.withLock { $0.segments }
    #expect(segments.count > 8)
    #expect(segments.dropLast().allSatisfy { $0.state.withLock { $0.verified == 0 && $0.index == nil } })
    #expect(segments.last!.state.withLock { $0.verifiedFrom == 0 })
    #expect(try Fixture.all(log).count == 200)
  }

  /// A snapshot tells of batches that a power cut took: the producer's second try is kept, not called a double.
  @Test func aBatchThatAPowerCutTookIsTakenAgain() throws {
    let fixture = try Fixture()
    try withExtendedLifetime(try fixture.open()) { log in
      try log.createTopic("pop", partitions: 1, configuration: ["segment.bytes": "300"])
      for sequence in 0..<4 {
        let batch = try ProducerTests.batch(producer: 7, epoch: 0, sequence: Int32(sequence))
        _ = try log.appendStored(batch, to: Fixture.partition)
        if sequence == 0 { try log.flush() }
      }
    }
    let files = try LogInspector(directory: fixture.directory).segmentFiles(of: Fixture.partition)
    #expect(files.count > 1)
    // The last record of the first segment was not flushed; the next segment's name and snapshot made it.
    let sizes = try files.map { try Files.status($0)!.size }
    try File(files[0], .readWrite).truncate(to: sizes[0] - 1)
    for file in files.dropFirst() { try File(file, .readWrite).truncate(to: 0) }
    let log = try fixture.open()
    let kept = try Fixture.all(log).count
    #expect(kept < 3)
    let again = try ProducerTests.batch(producer: 7, epoch: 0, sequence: Int32(kept))
    let end = try log.offsets(Fixture.partition).end
    #expect(try log.appendStored(again, to: Fixture.partition).baseOffset == end)
  }

  /// A producer may have five batches under way when the log is killed: those that came just before a segment's end are
  /// known too.
  @Test(arguments: [false, true]) func allBatchesUnderWayAreKnownAfterARoll(isClosed: Bool) throws {
    let fixture = try Fixture()
    func send(_ log: LocalLog, _ sequence: Int) throws -> Int64 {
      let batch = try ProducerTests.batch(producer: 7, epoch: 0, sequence: Int32(sequence))
      return try log.appendStored(batch, to: Fixture.partition).baseOffset
    }
    try withExtendedLifetime(try fixture.open()) { log in
      try log.createTopic("pop", partitions: 1, configuration: ["segment.bytes": "800"])
      for sequence in 0..<20 { #expect(try send(log, sequence) == Int64(sequence)) }
      let partition = try log.partition(Fixture.partition)
      try partition.state.withLock { try partition.roll(&$0) }
      try log.flush()
      if isClosed { try log.close() }
    }
    let log = try fixture.open()
    for sequence in 15..<21 { #expect(try send(log, sequence) == Int64(sequence)) }
  }

  /// What a segment's producers had written before is found in the segments before when the file that says it is
  /// damaged: a batch sent twice is kept once.
  @Test(arguments: [false, true]) func aDamagedSnapshotIsMadeUpFor(isClosed: Bool) throws {
    let fixture = try Fixture()
    try withExtendedLifetime(try fixture.open()) { log in
      try log.createTopic("pop", partitions: 1, configuration: ["segment.bytes": "500"])
      for sequence in 0..<40 {
        _ = try log.appendStored(
          try ProducerTests.batch(producer: 7, epoch: 0, sequence: Int32(sequence)), to: Fixture.partition)
      }
      for sequence in 0..<30 {
        _ = try log.appendStored(
          try ProducerTests.batch(producer: 8, epoch: 0, sequence: Int32(sequence)), to: Fixture.partition)
      }
      try log.flush()
      if isClosed { try log.close() }
    }
    let files = try LogInspector(directory: fixture.directory).segmentFiles(of: Fixture.partition)
    #expect(files.count > 5)
    for file in files.suffix(2) {
      let path = file.dropLast(3) + "snapshot"
      try File(String(path), .readWrite).truncate(to: 20)
    }
    let log = try fixture.open()
    for (producer, sequence, offset) in [(7, 39, 39), (8, 29, 69)] {
      let again = try ProducerTests.batch(producer: Int64(producer), epoch: 0, sequence: Int32(sequence))
      #expect(try log.appendStored(again, to: Fixture.partition).baseOffset == Int64(offset))
    }
    try log.checkInvariants()
  }

  @Test func aSecondOpeningOfTheDirectoryIsRefused() throws {
    let fixture = try Fixture()
    let log = try fixture.open()
    do {
      _ = try fixture.open()
      Issue.record("two logs in one directory")
    } catch let error as MillError {
      #expect(error.code == .configuration)
      #expect("\(error)".contains("\(fixture.directory)/.lock"))
      #expect("\(error)".contains("process \(getpid())"))
    }
    try log.close()
    try fixture.open().close()
  }

  @Test func anAbandonedLogKeepsItsGroupsAndProducers() throws {
    let fixture = try Fixture()
    for round in 0..<3 {
      let log = try fixture.open()
      if round == 0 { try log.createTopic("pop", partitions: 1, configuration: ["segment.bytes": "400"]) }
      let expected = round == 0 ? [:] : [Fixture.partition: Int64(round)]
      #expect(try log.committed(group: "g", [Fixture.partition]) == expected)
      try log.commit(group: "g", [Fixture.partition: Int64(round + 1)])
      // The producer's last batch of the round before comes once more.
      for sequence in max(0, round * 4 - 1)..<(round * 4 + 4) {
        let batch = try ProducerTests.batch(producer: 7, epoch: 0, sequence: Int32(sequence))
        #expect(try log.appendStored(batch, to: Fixture.partition).baseOffset == Int64(sequence))
      }
    }
  }

  /// A limit on files' sizes breaks a write off in the middle, as a full disk does. It holds for a whole process, so
  /// this runs in one of its own.
  @Test func aWriteThatBreaksOffLeavesNothingBehind() async {
    await #expect(processExitsWith: .success) {
      let fixture = try Fixture()
      let log = try fixture.open()
      try log.createTopic("pop", partitions: 1, configuration: [:])
      _ = try log.append([Fixture.record(0)], to: Fixture.partition, codec: .none)
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      let old = limit
      signal(SIGXFSZ, SIG_IGN)
      limit.rlim_cur = 5000
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      let big = Record(value: [UInt8](repeating: 1, count: 20_000))
      do {
        _ = try log.append([big], to: Fixture.partition, codec: .none)
        exit(2)
      } catch let error as MillError { precondition(error.code == .system, "\(error)") }
      try log.checkInvariants()
      var limited = old
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limited)
      let offset = try log.append([big], to: Fixture.partition, codec: .none)
      let values = try Fixture.all(log).map(\.1.value)
      precondition(offset == 1 && values == [Fixture.record(0).value, big.value], "the log goes on where it was")
    }
  }
}
