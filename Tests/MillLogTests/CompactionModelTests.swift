import MillBase
import Testing

@testable import MillLog

/// Transactions of several producers, compactions and restarts, drawn from a seed: what a reader of committed records
/// finds for each key never changes by a compaction.
@Suite struct CompactionModelTests {
  private struct Dice {
    var state: UInt64
    mutating func roll(_ sides: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(sides))
    }
  }

  private typealias Table = [[UInt8]: [UInt8]]
  private static let settings = [
    "cleanup.policy": "compact", "segment.bytes": "400", "min.cleanable.dirty.ratio": "0",
    "delete.retention.ms": "1000",
  ]

  private static func put(_ key: [UInt8], _ value: [UInt8]?, _ table: inout Table) { table[key] = value }

  /// As readers inside this process find it.
  private func table(_ log: LocalLog) throws -> Table {
    var table: Table = [:]
    for (_, record) in try Fixture.all(log) { Self.put(record.key!, record.value, &table) }
    return table
  }

  /// As a Kafka consumer finds it, which gets stored batches and passes over the aborted ones by itself.
  private func consumed(_ log: LocalLog, maxBytes: Int) throws -> Table {
    var table: Table = [:]
    var (offset, end) = try log.offsets(Fixture.partition)
    while offset < end {
      let read = try log.readStored(Fixture.partition, from: offset, maxBytes: maxBytes, committed: true)
      // No batch is left up to the end.
      if read.bytes.isEmpty { break }
      var toCome = read.aborted.sorted { $0.firstOffset < $1.firstOffset }
      var aborted: Set<Int64> = []
      var position = 0
      while let header = read.bytes.withUnsafeBytes({ BatchHeader($0, at: position) }) {
        let bytes = Array(read.bytes[position..<position + header.size])
        position += header.size
        while let first = toCome.first, first.firstOffset <= header.lastOffset {
          aborted.insert(toCome.removeFirst().producerID)
        }
        if header.isControl {
          if PartitionLog.marker(bytes) == .abort { aborted.remove(header.producerID) }
          continue
        }
        if header.isTransactional, aborted.contains(header.producerID) { continue }
        for (_, record) in try records(bytes, header) where header.lastOffset >= offset {
          Self.put(record.key!, record.value, &table)
        }
      }
      offset = read.nextOffset
    }
    return table
  }

  private func records(_ bytes: [UInt8], _ header: BatchHeader) throws -> [(Int64, Record)] {
    var batch = RecordBatch(topicPartition: Fixture.partition, nextOffset: 0)
    try bytes.withUnsafeBytes {
      try BatchDecoder.index(
        $0, from: BatchHeader.size, to: bytes.count, header: header, offset: 0, into: &batch.slots)
    }
    batch.bytes = bytes
    return (0..<batch.count).map { (batch.slots[$0].offset, batch.record($0)) }
  }

  private func batch(_ dice: inout Dice, number: Int, producer: Int64?, sequence: Int32) throws -> [UInt8] {
    let records = (0...dice.roll(3)).map { index in
      let value = dice.roll(5) == 0 ? nil : Array("\(number)-\(index)".utf8)
      return Record(key: [UInt8(dice.roll(8))], value: value)
    }
    var out = ByteWriter()
    out.bytes = try BatchEncoder.encode(records[...], codec: .none, now: Clock.nowMilliseconds())
    if let producer {
      out.put(Int16(16), at: 21)
      out.put(producer, at: 43)
      out.put(Int16(0), at: 51)
      out.put(sequence, at: 53)
      BatchEncoder.seal(&out.bytes)
    }
    return out.bytes
  }

  @Test(arguments: Array(UInt64(1)...8)) func compactionChangesNoKeysValue(seed: UInt64) throws {
    let fixture = try Fixture()
    var dice = Dice(state: seed)
    var log = try fixture.open()
    try log.createTopic("pop", partitions: 1, configuration: Self.settings)
    var sequences: [Int64: Int32] = [:]
    var isOpen: Set<Int64> = []
    var gone: Int64 = 0
    for number in 0..<300 {
      let producer = Int64(dice.roll(4))
      switch dice.roll(20) {
      case 0..<8:
        let bytes = try batch(&dice, number: number, producer: producer, sequence: sequences[producer] ?? 0)
        sequences[producer, default: 0] += bytes.withUnsafeBytes { BatchHeader($0)!.lastOffsetDelta + 1 }
        isOpen.insert(producer)
        _ = try log.appendStored(bytes, to: Fixture.partition)
      case 8..<14:
        guard isOpen.remove(producer) != nil else { continue }
        let isCommit = dice.roll(2) == 0
        try log.endTransaction(producerID: producer, epoch: 0, isCommit: isCommit, in: Fixture.partition)
      case 14..<16:
        let bytes = try batch(&dice, number: number, producer: nil, sequence: 0)
        _ = try log.appendStored(bytes, to: Fixture.partition)
      case 16..<19:
        let before = try table(log)
        #expect(try consumed(log, maxBytes: 1 << dice.roll(12)) == before, "before \(number)")
        gone += try log.compact(now: Clock.nowMilliseconds() + Int64(dice.roll(2)) * 100_000)
        #expect(try table(log) == before, "step \(number)")
        #expect(try consumed(log, maxBytes: 1 << dice.roll(12)) == before, "consumed at \(number)")
        try log.checkInvariants()
      default:
        let (before, ends) = try (table(log), log.offsets(Fixture.partition))
        try log.close()
        // Without the mark of an orderly end, the last segment is walked.
        if dice.roll(2) == 0 { try Files.remove("\(fixture.directory)/\(LocalLog.cleanShutdownName)") }
        log = try fixture.open()
        #expect(try table(log) == before && log.offsets(Fixture.partition) == ends, "opened at \(number)")
      }
    }
    #expect(gone > 0)
    try log.close()
  }
}
