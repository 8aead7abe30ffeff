import Glibc
import MillBase
import MillDiskSupport
import Testing

@testable import MillLog

/// What a start has to look at, and what it may take on trust: flushed records are there, whatever the disk did to the
/// others, and offsets have no gap.
@Suite struct RecoveryPointTests {
  private static let options = LogOptions(flushInterval: .seconds(3600), checkpointSize: 600)
  private static let folder = "pop-0"
  private static let point = "recovery-point-offset-checkpoint"

  /// Leaves the log as a kill does: `body` is done with it when this returns.
  private func run(_ fixture: Fixture, _ options: LogOptions = options, _ body: (LocalLog) throws -> Void) throws {
    try withExtendedLifetime(try fixture.open(options)) { log in
      if try log.topic("pop") == nil {
        try log.createTopic("pop", partitions: 1, configuration: ["index.interval.bytes": "200"])
      }
      try body(log)
    }
  }

  private func append(_ numbers: Range<Int>, to log: LocalLog, size: Int = 100) throws {
    for number in numbers {
      #expect(
        try log.append([Fixture.record(number, size: size)], to: Fixture.partition, codec: .none) == Int64(number))
    }
  }

  private func segment(_ log: LocalLog, _ number: Int = 0) throws -> Segment {
    try log.partition(Fixture.partition).state.withLock { $0.segments[number] }
  }

  // MARK: What is looked at

  /// Bytes that this process has read from files, as the system counts them.
  private static func bytesRead() throws -> Int {
    let file = try File("/proc/self/io", .read)
    let line = String(decoding: try file.read(count: 4096, at: 0), as: UTF8.self).split(separator: "\n")[0]
    return Int(line.split(separator: " ")[1])!
  }

  /// In a process of its own, since the system counts a process's reads. After a kill with 4 and with 32 MB of flushed
  /// records in one segment, a start reads what came after the last flush, and a little: the index, the checkpoint.
  @Test func aStartReadsWhatWasNotFlushedAndLittleElse() async {
    await #expect(processExitsWith: .success) {
      for megabytes in [4, 32] {
        let fixture = try Fixture()
        let unflushed = try withExtendedLifetime(try fixture.open(LogOptions(flushInterval: .seconds(3600)))) { log in
          try log.createTopic("pop", partitions: 1, configuration: [:])
          let records = (0..<10).map { Fixture.record($0, size: 50_000) }
          for _ in 0..<(megabytes * 2 + 1) { _ = try log.append(records, to: Fixture.partition, codec: .none) }
          try log.flush()
          for _ in 0..<3 { _ = try log.append(records, to: Fixture.partition, codec: .none) }
          return 1_500_000
        }
        let before = try Self.bytesRead()
        let log = try fixture.open()
        let read = try Self.bytesRead() - before
        precondition(read >= unflushed && read < unflushed + 100_000, "\(read) bytes were read")
        let end = try log.offsets(Fixture.partition).end
        precondition(end == Int64(megabytes * 20 + 40), "all records are there")
      }
    }
  }

  @Test func onlyWhatCameAfterTheCheckpointIsVerified() throws {
    let fixture = try Fixture()
    var position: Int64 = 0
    try run(fixture) { log throws in
      try append(0..<20, to: log)
      try log.flush()
      position = try segment(log).size
      try append(20..<25, to: log)
    }
    try run(fixture) { log throws in
      let index = try segment(log).withIndex { $0.entries }
      #expect(try segment(log).state.withLock { $0.verifiedFrom } == position)
      #expect(try Fixture.all(log).map(\.1) == (0..<25).map { Fixture.record($0, size: 100) })
      #expect(index.count > 8)
      #expect(try log.offset(Fixture.partition, atOrAfter: 1_700_000_000_013) == 13)
      try append(25..<30, to: log)
      try log.flush()
      try log.checkInvariants()
    }
    // The index goes on where it was: as one that is built anew.
    try run(fixture) { log throws in
      let segment = try segment(log)
      let restored = try segment.withIndex { ($0.entries.map(\.relativeOffset), $0.timeEntries) }
      #expect(restored.0.count == 12 && restored.1.count == 12)
      #expect(try Fixture.all(log).count == 30)
      try log.close()
    }
    try run(fixture) { log throws in
      #expect(try segment(log).state.withLock { $0.verifiedFrom == $0.size })
      try append(30..<31, to: log)
    }
  }

  @Test func producersAndTransactionsGoOnFromTheCheckpoint() throws {
    let fixture = try Fixture()
    func send(_ log: LocalLog, _ sequence: Int32) throws -> Int64 {
      var batch = try ProducerTests.batch(producer: 7, epoch: 0, sequence: sequence)
      batch[22] |= 16
      BatchEncoder.seal(&batch)
      return try log.appendStored(batch, to: Fixture.partition).baseOffset
    }
    try run(fixture) { log throws in
      for sequence in 0..<8 { #expect(try send(log, Int32(sequence)) == Int64(sequence)) }
      try log.flush()
    }
    try run(fixture) { log throws in
      #expect(try segment(log).state.withLock { $0.verifiedFrom == $0.size })
      // As many as a producer may have in flight are known again.
      for sequence in 3..<8 { #expect(try send(log, Int32(sequence)) == Int64(sequence)) }
      #expect(throws: MillError.self) { try send(log, 9) }
      #expect(try log.offsets(Fixture.partition).end == 0)
      try log.endTransaction(producerID: 7, epoch: 0, isCommit: false, in: Fixture.partition)
      #expect(try send(log, 8) == 9)
    }
    try run(fixture) { log throws in
      #expect(try log.offsets(Fixture.partition).end == 9)
      let stored = try log.readStored(Fixture.partition, from: 0, maxBytes: 1 << 20, committed: true)
      #expect(stored.aborted == [.init(producerID: 7, firstOffset: 0, lastOffset: 8)])
    }
  }

  // MARK: What can't be trusted

  /// Whatever bit flips in the checkpoint's files: they are passed over, and nothing else changes.
  @Test(arguments: ["checkpoint", "checkpoint-index"]) func aDamagedCheckpointCostsTimeOnly(suffix: String) throws {
    let fixture = try Fixture()
    try run(fixture) { log throws in
      for round in 0..<3 {
        try append(round * 10..<round * 10 + 10, to: log)
        try log.flush()
      }
    }
    let path = "\(fixture.directory)/\(Self.folder)/00000000000000000000.\(suffix)"
    let bytes = try Files.read(path)
    for byte in stride(from: 0, to: bytes.count, by: 3) {
      var damaged = bytes
      damaged[byte] ^= 1 << UInt8(byte % 8)
      try Files.writeAtomically(damaged, to: path)
      try run(fixture) { log throws in
        #expect(try segment(log).state.withLock { $0.verifiedFrom } == 0, "byte \(byte)")
        #expect(try Fixture.all(log).map(\.0) == (0..<30).map(Int64.init), "byte \(byte)")
      }
    }
    for rest in [0, 1, bytes.count / 2, bytes.count - 1] {
      try Files.writeAtomically(Array(bytes[..<rest]), to: path)
      try run(fixture) { log throws in #expect(try Fixture.all(log).count == 30, "\(rest) bytes") }
    }
    try Files.remove(path)
    try run(fixture) { log throws in #expect(try Fixture.all(log).count == 30) }
  }

  /// Below the checkpoint nothing is verified at start: the first read finds the batch, and so does fsck.
  @Test func aBitThatFlippedBelowTheCheckpointIsFoundByTheFirstRead() throws {
    let fixture = try Fixture()
    try run(fixture) { log throws in
      try append(0..<20, to: log)
      try log.flush()
    }
    let path = "\(fixture.directory)/\(Self.folder)/00000000000000000000.log"
    let start = try Files.read(path).withUnsafeBytes { BatchHeader($0)!.size } * 4
    let file = try File(path, .readWrite)
    try file.write([try file.read(count: 1, at: Int64(start + 80))[0] ^ 1], at: Int64(start + 80))
    try run(fixture) { log throws in
      #expect(try segment(log).state.withLock { $0.damage.isEmpty })
      let stored = try log.readStored(Fixture.partition, from: 0, maxBytes: 1 << 20)
      #expect(stored.nextOffset == 4)
      #expect(try segment(log).state.withLock { $0.damage[Int64(start)] != nil })
      #expect(try Fixture.all(log).map(\.0) == (0..<20).filter { $0 != 4 })
    }
    let report = try LogInspector(directory: fixture.directory).inspect(Fixture.partition)
    #expect(report.damages.map(\.start) == [Int64(start)] && report.contradictions.isEmpty)
  }

  /// A disk that lost what it had said was safe: that is named, and no offset is given twice.
  @Test(arguments: ["tail", "batch", "segment", "folder"]) func flushedRecordsThatAreMissingAreNamed(what: String)
    throws
  {
    let fixture = try Fixture()
    try run(fixture) { log throws in
      try append(0..<20, to: log)
      try log.flush()
    }
    let folder = "\(fixture.directory)/\(Self.folder)"
    let path = "\(folder)/00000000000000000000.log"
    let size = try Files.status(path)!.size
    switch what {
    case "tail": try File(path, .readWrite).truncate(to: size - 5)
    case "batch": try File(path, .readWrite).truncate(to: size / 20 * 10)
    case "segment": try Files.remove(path)
    default: try Files.removeTree(folder)
    }
    let left = what == "tail" ? 19 : what == "batch" ? 10 : 0
    let report = try LogInspector(directory: fixture.directory).inspect(Fixture.partition)
    #expect(
      report.contradictions.contains {
        $0.contains(what == "folder" ? "is missing" : "offsets \(left) to 19 had been")
      },
      "\(report.contradictions)")
    try run(fixture) { log throws in
      #expect(try Fixture.all(log).map(\.0) == (0..<left).map(Int64.init))
      #expect(try log.offsets(Fixture.partition).end == 20)
      try append(20..<22, to: log)
      try log.flush()
    }
    try run(fixture) { log throws in
      #expect(try Fixture.all(log).map(\.0) == (0..<left).map(Int64.init) + [20, 21])
      try log.checkInvariants()
    }
  }

  @Test func aTopicOfTheSameNameKnowsNothingOfTheOneBefore() throws {
    let fixture = try Fixture()
    try run(fixture) { log throws in
      try append(0..<20, to: log)
      try log.flush()
      try log.deleteTopic("pop")
    }
    try run(fixture) { log throws in #expect(try log.offsets(Fixture.partition).end == 0) }
    #expect(try !Files.readText("\(fixture.directory)/\(Self.point)").contains("pop 0 20"))
  }

  /// Kafka's own file, in Kafka's own words.
  @Test func theFileIsKafkas() throws {
    let fixture = try Fixture()
    try run(fixture) { log throws in
      try append(0..<3, to: log)
      try log.flush()
      #expect(
        try Files.readText("\(fixture.directory)/\(Self.point)") == "0\n2\n__consumer_offsets 0 0\npop 0 3\n")
      try append(3..<5, to: log)
      try log.close()
    }
    #expect(try Files.readText("\(fixture.directory)/\(Self.point)") == "0\n2\n__consumer_offsets 0 0\npop 0 5\n")
    // One that can't be read is named and written anew.
    try Files.writeAtomically("0\n1\npop zero 3\n", to: "\(fixture.directory)/\(Self.point)")
    try run(fixture) { log throws in #expect(try Fixture.all(log).count == 5) }
    #expect(try Files.readText("\(fixture.directory)/\(Self.point)") == "0\n2\n__consumer_offsets 0 0\npop 0 5\n")
  }

  /// A topic's own `flush.ms` is kept; another topic is left alone, though it was written before.
  @Test func aTopicIsFlushedWhenItWantsIt() throws {
    let fixture = try Fixture()
    let log = try fixture.open(LogOptions(flushInterval: .seconds(3600)))
    try log.createTopic("slow", partitions: 1, configuration: [:])
    try log.createTopic("pop", partitions: 1, configuration: [:])
    func flushed() throws -> Bool {
      try Files.readText("\(fixture.directory)/\(Self.point)").contains("pop 0 1\n")
    }
    for partition in [TopicPartition("slow", 0), Fixture.partition] {
      _ = try log.append([Fixture.record(0)], to: partition, codec: .none)
    }
    // In force at the next look, which is within a second.
    try log.alterTopic("pop") { _ in ["flush.ms": "20"] }
    for _ in 0..<1000 where try !flushed() { usleep(10_000) }
    #expect(try flushed())
    #expect(try Files.readText("\(fixture.directory)/\(Self.point)").contains("slow 0 0\n"))
    try log.close()
  }

  /// The disk refuses a sync and, as Linux does, takes the next one for done without writing what the first could not.
  @Test func whatASyncFailedToSaveIsWrittenAgain() throws {
    let fixture = try Fixture()
    let home = "\(fixture.directory)/data"
    let recorder = DiskRecorder(fixture.directory)
    let path = "\(home)/\(Self.folder)/00000000000000000000.log"
    defer {
      FileChanges.refuseSyncs(of: path, nil)
      recorder.stop()
    }
    let log = try LocalLog(directory: home, options: Self.options)
    try log.createTopic("pop", partitions: 1, configuration: [:])
    try append(0..<5, to: log)
    try log.flush()
    let lost = recorder.count
    try append(5..<9, to: log)
    FileChanges.refuseSyncs(of: path, EIO)
    #expect(throws: MillError.self) { try log.flush() }
    #expect(try Files.readText("\(home)/\(Self.point)").contains("pop 0 5\n"))
    let refused = recorder.count
    FileChanges.refuseSyncs(of: path, nil)
    try append(9..<10, to: log)
    try log.flush()
    var disk = SimulatedDisk(directories: [], files: [:])
    for (number, change) in recorder.changes.enumerated() {
      if (lost..<refused).contains(number), case .write(path, _, _) = change { continue }
      disk.apply(change)
    }
    var random = SeededRandom(1)
    try disk.cutPower(fixture.directory, into: "\(fixture.directory).left", &random)
    defer { try? Files.removeTree("\(fixture.directory).left") }
    let left = try LocalLog(directory: "\(fixture.directory).left/data", options: Self.options)
    #expect(try Fixture.all(left).map(\.1) == (0..<10).map { Fixture.record($0, size: 100) })
    try left.close()
    try log.close()
  }

  // MARK: Holes

  /// A power cut that took one of several unflushed batches: the log ends there, and what came after is set aside.
  @Test(arguments: ["zeros", "torn", "later segment"]) func theFirstHoleAmongUnflushedRecordsEndsTheLog(what: String)
    throws
  {
    let fixture = try Fixture()
    try withExtendedLifetime(try fixture.open(Self.options)) { log in
      try log.createTopic(
        "pop", partitions: 1, configuration: what == "later segment" ? ["segment.bytes": "1100"] : [:])
      try append(0..<3, to: log)
      try log.flush()
      try append(3..<12, to: log)
    }
    let folder = "\(fixture.directory)/\(Self.folder)"
    let path = "\(folder)/00000000000000000000.log"
    let size = Int64(try Files.read(path).withUnsafeBytes { BatchHeader($0)!.size })
    let file = try File(path, .readWrite)
    let hole = what == "zeros" ? Int(size) : 20
    let position = 4 * size + (what == "zeros" ? 0 : 90)
    try file.write([UInt8](repeating: 0, count: hole), at: position)
    // What was flushed may have a flaw, and costs nothing else.
    try file.write([0], at: size + 100)
    let cut = try Int(file.size() - 4 * size)
    try run(fixture) { log throws in
      #expect(try Fixture.all(log).map(\.0) == [0, 2, 3])
      #expect(try log.offsets(Fixture.partition).end == 4)
      #expect(try log.append([Fixture.record(4)], to: Fixture.partition, codec: .none) == 4)
      #expect(try Fixture.all(log).map(\.0) == [0, 2, 3, 4])
      try log.checkInvariants()
    }
    #expect(try Files.read("\(path).\(4 * size).damaged").count == cut)
    let asides = try Files.list(folder).filter { $0.hasSuffix(".damaged") }
    #expect(asides.count == (what == "later segment" ? 3 : 1), "\(asides)")
  }
}
