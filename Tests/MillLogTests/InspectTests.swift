import MillBase
import Testing

@testable import MillLog

/// What fsck and dump say of a log, stopped or running.
@Suite struct InspectTests {
  /// Forty records of one topic in several segments, in two codecs.
  private func filled(_ fixture: Fixture) throws -> LocalLog {
    let log = try fixture.open()
    try log.createTopic("pop", partitions: 2, configuration: ["segment.bytes": "1500", "index.interval.bytes": "200"])
    for number in 0..<20 {
      let records = [Fixture.record(number * 2), Fixture.record(number * 2 + 1, size: 60)]
      _ = try log.append(records, to: Fixture.partition, codec: number % 2 == 0 ? .none : .lz4)
    }
    return log
  }

  private func inspect(_ fixture: Fixture) throws -> LogInspector.Partition {
    try LogInspector(directory: fixture.directory).inspect(Fixture.partition)
  }

  @Test func aSoundLogIsCleanRunningAndStopped() throws {
    let fixture = try Fixture()
    let log = try filled(fixture)
    for isRunning in [true, false] {
      if !isRunning { try log.close() }
      let before = try Files.list("\(fixture.directory)/pop-0")
      let report = try inspect(fixture)
      #expect(report.isClean, "\(report.damages) \(report.contradictions)")
      #expect(report.startOffset == 0 && report.endOffset == 40 && report.records == 40 && report.batches == 20)
      #expect(report.segments > 2)
      let all = try LogInspector(directory: fixture.directory).partitions()
      #expect(all == [TopicPartition("__consumer_offsets", 0), Fixture.partition, TopicPartition("pop", 1)])
      #expect(try Files.list("\(fixture.directory)/pop-0") == before)
    }
  }

  /// Each kind of harm with the words that tell of it, and the records that stay.
  @Test(arguments: [
    ("record", "wrong CRC", Int64(38)), ("magic", "magic", 38), ("length", "length", 38), ("tail", "breaks off", 38),
    ("offset", "is due", 38), ("index", "no batch with last offset", 40), ("cut index", "is damaged", 40),
    ("time index", "is not the greatest time", 40), ("folder", "is missing", 0),
    ("overlap", "the segment before it", 80),
  ]) func harmIsNamed(what: String, words: String, records: Int64) throws {
    let fixture = try Fixture()
    let log = try filled(fixture)
    try log.close()
    let folder = "\(fixture.directory)/pop-0"
    let segments = try Files.list(folder).filter { $0.hasSuffix(".log") }
    func change(_ name: String, _ body: (inout [UInt8]) -> Void) throws {
      var bytes = try Files.read("\(folder)/\(name)")
      body(&bytes)
      try Files.writeAtomically(bytes, to: "\(folder)/\(name)")
    }
    let stem = segments[0].dropLast(4)
    // The second batch, which is whole in the middle of the first segment.
    let start = try Files.read("\(folder)/\(segments[0])").withUnsafeBytes { BatchHeader($0)!.size }
    switch what {
    case "record": try change(segments[0]) { $0[start + 70] ^= 4 }
    case "magic": try change(segments[0]) { $0[start + 16] = 7 }
    case "length": try change(segments[0]) { $0[start + 8] = 0xFF }
    case "offset": try change(segments[0]) { $0[start + 6] ^= 1 }
    case "tail": try change(segments.last!) { $0.removeLast(3) }
    case "index": try change("\(stem).index") { $0[7] ^= 1 }
    case "cut index": try change("\(stem).index") { $0.removeLast() }
    case "time index": try change("\(stem).timeindex") { $0[7] ^= 1 }
    case "folder": try Files.removeTree(folder)
    default:
      let bytes = try Files.read("\(folder)/\(segments[0])")
      try Files.writeAtomically(bytes, to: Segment.path(folder, 1, "log"))
    }
    let report = try inspect(fixture)
    #expect(!report.isClean)
    let told = report.damages.map(\.reason) + report.contradictions
    #expect(told.contains { $0.contains(words) }, "\(told)")
    if what != "overlap" { #expect(report.records == records) }
    if let range = report.damages.first, what != "tail", what != "overlap" {
      #expect(range.file == "\(folder)/\(segments[0])" && range.start == Int64(start) && range.offset == 2)
    }
  }

  @Test func anUnknownDirectoryOrTopicIsAnError() throws {
    let fixture = try Fixture()
    let log = try filled(fixture)
    #expect(throws: MillError.self) { try LogInspector(directory: "/nonexistent") }
    #expect(throws: MillError.self) { try LogInspector(directory: fixture.directory).partitions(topic: "pob") }
    try log.close()
  }

  @Test func dumpPrintsAsKafkaDoes() throws {
    let fixture = try Fixture()
    let log = try fixture.open()
    try log.createTopic("pop", partitions: 1, configuration: [:])
    _ = try log.append([Fixture.record(0, size: 0), Fixture.record(1, size: 0)], to: Fixture.partition, codec: .zstd)
    _ = try log.appendStored(
      ProducerTests.batch(producer: 7, epoch: 3, sequence: 5), to: Fixture.partition)
    let files = try LogInspector(directory: fixture.directory).segmentFiles(of: Fixture.partition)
    var lines: [String] = []
    var dump = LogDump(printsRecords: false, printsData: true) { lines.append($0) }
    for file in files { try dump.dump(file: file) }
    #expect(dump.damaged == 0)
    #expect(lines.prefix(2) == ["Dumping \(files[0])", "Log starting offset: 0"])
    #expect(
      lines[2].contains(
        #/^baseOffset: 0 lastOffset: 1 count: 2 baseSequence: -1 lastSequence: -1 producerId: -1 producerEpoch: -1 partitionLeaderEpoch: 0 isTransactional: false isControl: false position: 0 CreateTime: 1700000000001 size: \d+ magic: 2 compresscodec: zstd crc: \d+ isvalid: true$/#
      ), "\(lines[2])")
    #expect(
      lines[3]
        == "| offset: 0 CreateTime: 1700000000000 keySize: 2 valueSize: 2 sequence: -1 headerKeys: [n,null]"
        + " key: k0 payload: v0")
    #expect(lines[5].contains("baseSequence: 5 lastSequence: 5 producerId: 7 producerEpoch: 3"))
    #expect(lines[6].contains("| offset: 2 ") && lines[6].contains("sequence: 5"))
    #expect(lines.count == 7)
    try log.close()
  }

  @Test func dumpPrintsIndexesAndDamage() throws {
    let fixture = try Fixture()
    let log = try filled(fixture)
    try log.close()
    let file = try LogInspector(directory: fixture.directory).segmentFiles(of: Fixture.partition)[0]
    let bytes = try Files.read(file)
    try File(file, .readWrite).write([bytes[80] ^ 1], at: 80)
    var lines: [String] = []
    var dump = LogDump(printsRecords: false, printsData: false) { lines.append($0) }
    for suffix in ["index", "timeindex", "log"] { try dump.dump(file: String(file.dropLast(3)) + suffix) }
    #expect(dump.damaged == 1)
    #expect(lines.contains { $0.contains(#/^offset: \d+ position: \d+$/#) })
    #expect(lines.contains { $0.contains(#/^timestamp: 17000000000\d\d offset: \d+$/#) })
    #expect(lines.contains { $0.contains("baseOffset: 0 ") && $0.hasSuffix("isvalid: false") })
    #expect(lines.last!.contains("damaged: bytes 0 to ") && lines.last!.hasSuffix("wrong CRC"))
    #expect(throws: MillError.self) { try dump.dump(file: "/tmp/nonsense") }
  }
}
