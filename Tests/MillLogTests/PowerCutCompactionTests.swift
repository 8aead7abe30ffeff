import MillBase
import MillDiskSupport
import Testing

@testable import MillLog

/// The power goes while a table is written and compacted: each key has the value that was flushed last, or a later one.
@Suite struct PowerCutCompactionTests {
  private static let partition = TopicPartition("table", 0)
  private static let settings = [
    "cleanup.policy": "compact", "segment.bytes": "1500", "index.interval.bytes": "300",
    "min.cleanable.dirty.ratio": "0",
  ]

  private final class Table {
    let power: PowerCut
    var random: SeededRandom
    /// Every record that was ever written and may still be there.
    var written: [Int64: Record] = [:]
    var number = 0

    init(seed: UInt64) throws {
      power = try PowerCut("table", seed: seed)
      random = SeededRandom(seed)
    }

    func open() throws -> LocalLog {
      let log = try LocalLog(
        directory: "\(power.directory)/data", options: LogOptions(flushInterval: .seconds(3600), checkpointSize: 1000))
      if try log.topic(partition.topic) == nil {
        try log.createTopic(partition.topic, partitions: 1, configuration: settings)
      }
      return log
    }
  }

  @Test(arguments: 0..<4) func noKeyLosesItsLastValue(group: Int) throws {
    for seed in 0..<20 {
      let table = try Table(seed: UInt64(group * 1000 + seed))
      var flushed: Int64 = 0
      for life in 0..<4 {
        var promises = [(changes: 0, flushed: flushed)]
        let (_, moment) = try table.power.cut { try work(table, $0, &promises) }
        flushed = promises.last { $0.changes <= moment }!.flushed
        flushed = try check(table, flushed, "seed \(group * 1000 + seed), life \(life)")
      }
    }
  }

  private func work(
    _ table: Table, _ recorder: DiskRecorder, _ promises: inout [(changes: Int, flushed: Int64)]
  ) throws {
    var log: LocalLog? = try table.open()
    func promise() throws { promises.append((recorder.count, try log!.offsets(Self.partition).end)) }
    for _ in 0..<Int.random(in: 10...80, using: &table.random) {
      switch Int.random(in: 0..<100, using: &table.random) {
      case 0..<75: try write(table, log!)
      case 75..<85:
        try log!.flush()
        try promise()
      case 85..<94: try log!.compact(now: Clock.nowMilliseconds())
      case 94..<97:
        try log!.close()
        try promise()
        log = try table.open()
      default:
        log = nil
        log = try table.open()
      }
    }
  }

  private func write(_ table: Table, _ log: LocalLog) throws {
    let records = (0..<Int.random(in: 1...3, using: &table.random)).map { step in
      let key = Array("k\(Int.random(in: 0..<6, using: &table.random))".utf8)
      let value = Array("\(table.number + step) ".utf8) + [UInt8](repeating: 0x2E, count: 150)
      return Record(key: key, value: table.random.chance(15) ? nil : value, timestamp: Clock.nowMilliseconds())
    }
    table.number += records.count
    let codec = Codec.allCases.randomElement(using: &table.random)!
    let base = try log.append(records, to: Self.partition, codec: codec)
    for (step, record) in records.enumerated() { table.written[base + Int64(step)] = record }
  }

  /// - Returns: up to where all is on the disk now.
  private func check(_ table: Table, _ flushed: Int64, _ origin: Comment) throws -> Int64 {
    let log = try table.open()
    let records = try Fixture.all(log, Self.partition)
    #expect(zip(records, records.dropFirst()).allSatisfy { $0.0 < $1.0 }, origin)
    for (offset, record) in records { #expect(record == table.written[offset], "\(origin): another record @\(offset)") }
    #expect(try log.offsets(Self.partition).end >= flushed, origin)
    let last = Dictionary(records.map { ($0.1.key!, $0.0) }, uniquingKeysWith: { $1 })
    for (offset, record) in table.written where offset < flushed {
      #expect(
        last[record.key!].map { $0 >= offset } == true,
        "\(origin): key \(String(decoding: record.key!, as: UTF8.self)) lacks its value @\(offset)")
    }
    // And so it stays.
    try log.compact(now: Clock.nowMilliseconds())
    let after = try Fixture.all(log, Self.partition)
    #expect(Dictionary(after.map { ($0.1.key!, $0.0) }, uniquingKeysWith: { $1 }) == last, origin)
    try log.checkInvariants()
    try log.flush()
    table.written = Dictionary(uniqueKeysWithValues: after.map { ($0.0, $0.1) })
    return try log.offsets(Self.partition).end
  }
}
