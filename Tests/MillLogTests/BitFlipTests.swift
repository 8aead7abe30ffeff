import MillBase
import MillDiskSupport
import Testing

@testable import MillLog

/// A bit flips in any part of any file: the batch that has it may go, is named, and nothing else changes.
@Suite struct BitFlipTests {
  private static let fields: [(name: String, bytes: Range<Int>)] = [
    ("base offset", 0..<8), ("length", 8..<12), ("magic", 16..<17), ("CRC", 17..<21), ("attributes", 21..<23),
    ("last offset delta", 23..<27), ("base timestamp", 27..<35), ("max timestamp", 35..<43), ("producer", 43..<57),
    ("count", 57..<61), ("records", 61..<100),
  ]

  /// Ten batches of three records in a few segments, closed in order or left as a kill leaves them.
  private func filled(_ fixture: Fixture, isClosed: Bool) throws {
    let log = try fixture.open()
    try log.createTopic("pop", partitions: 1, configuration: ["segment.bytes": "800", "index.interval.bytes": "100"])
    for batch in 0..<10 {
      let records = (0..<3).map { Fixture.record(batch * 3 + $0) }
      _ = try log.append(records, to: Fixture.partition, codec: batch % 3 == 0 ? .gzip : .none)
    }
    try log.flush()
    if isClosed { try log.close() }
  }

  @Test(arguments: 0..<11, [true, false]) func onlyTheBatchGoes(field: Int, isClosed: Bool) throws {
    for seed in 0..<6 {
      var random = SeededRandom(UInt64(field * 100 + seed * 2 + (isClosed ? 1 : 0)))
      let fixture = try Fixture()
      try filled(fixture, isClosed: isClosed)
      let inspector = try LogInspector(directory: fixture.directory)
      let file = try inspector.segmentFiles(of: Fixture.partition).randomElement(using: &random)!
      var batches: [InspectedBatch] = []
      var walk = try SegmentWalk("\(fixture.directory)/pop-0", baseOffset: Int64(Files.split(file).name.dropLast(4))!)
      try walk.run { batches.append($0) }
      let hit = batches.randomElement(using: &random)!
      let byte = hit.position + Int64(Self.fields[field].bytes.randomElement(using: &random)!)
      let bit = UInt8.random(in: 0..<8, using: &random)
      let old = try File(file, .read).read(count: 1, at: byte)[0]
      try File(file, .readWrite).write([old ^ 1 << bit], at: byte)
      let origin: Comment = "\(Self.fields[field].name), bit \(bit) of byte \(byte) of \(file)"

      let report = try inspector.inspect(Fixture.partition)
      #expect(report.damages.contains { $0.file == file && $0.start <= byte && byte < $0.end }, origin)
      #expect(report.damages.count == 1, origin)
      let log = try fixture.open()
      let lost = hit.header.baseOffset...hit.header.lastOffset
      let records = try Fixture.all(log)
      #expect(records.map(\.0) == (0..<30).map(Int64.init).filter { !lost.contains($0) }, origin)
      #expect(records.allSatisfy { $0.1 == Fixture.record(Int($0.0)) }, origin)
      let end = try log.offsets(Fixture.partition).end
      #expect(try log.append([Fixture.record(99)], to: Fixture.partition, codec: .none) == end, origin)
      #expect(try Fixture.all(log).last?.1 == Fixture.record(99), origin)
    }
  }

  /// Index files and snapshots only save time: whatever stands in them, every record is found.
  @Test(arguments: ["index", "timeindex", "snapshot"]) func recordsAreFoundWithoutWhatStandsBeside(suffix: String)
    throws
  {
    for seed in 0..<30 {
      var random = SeededRandom(UInt64(seed))
      let fixture = try Fixture()
      try filled(fixture, isClosed: true)
      if suffix == "snapshot" {
        let log = try fixture.open()
        _ = try log.appendStored(ProducerTests.batch(producer: 7, epoch: 0, sequence: 0), to: Fixture.partition)
        try log.close()
      }
      let count = suffix == "snapshot" ? 31 : 30
      let folder = "\(fixture.directory)/pop-0"
      let name = try Files.list(folder).filter { $0.hasSuffix(".\(suffix)") }.randomElement(using: &random)!
      let size = try Files.status("\(folder)/\(name)")!.size
      guard size > 0 else { continue }
      let byte = Int64.random(in: 0..<size, using: &random)
      let file = try File("\(folder)/\(name)", .readWrite)
      try file.write([file.read(count: 1, at: byte)[0] ^ 1 << UInt8.random(in: 0..<8, using: &random)], at: byte)
      let log = try fixture.open()
      let origin: Comment = "seed \(seed): byte \(byte) of \(name)"
      #expect(try Fixture.all(log).map(\.0) == (0..<Int64(count)).map { $0 }, origin)
      for offset in 0..<Int64(count) {
        let first = try log.read(Fixture.partition, from: offset, maxBytes: 1, wait: .zero).slots.first?.offset
        #expect(first == offset, origin)
      }
    }
  }
}
