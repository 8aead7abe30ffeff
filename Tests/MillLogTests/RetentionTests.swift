import MillBase
import Testing

@testable import MillLog

@Suite struct RetentionTests {
  private static let base: Int64 = 1_700_000_000_000

  /// Forty records, one each second, in segments of a few; then retention is enforced at `now`.
  private func check(
    _ configuration: [String: String], now: Int64, start: ClosedRange<Int64>
  ) throws {
    let fixture = try Fixture()
    let log = try fixture.open()
    try log.createTopic(
      "pop", partitions: 1, configuration: configuration.merging(["segment.bytes": "1000"]) { own, _ in own })
    for number in 0..<40 {
      let record = Record(value: [UInt8](repeating: 1, count: 100), timestamp: Self.base + Int64(number) * 1000)
      _ = try log.append([record], to: Fixture.partition, codec: .none)
    }
    try log.enforceRetention(now: now)
    let offsets = try log.offsets(Fixture.partition)
    #expect(start.contains(offsets.start), "start \(offsets.start)")
    #expect(offsets.end == 40)
    #expect(try Fixture.all(log).map(\.0) == Array(offsets.start..<40))
    try log.checkInvariants()
    #expect(try log.append([Fixture.record(1)], to: Fixture.partition, codec: .none) == 40)
    if offsets.start > 0 {
      #expect(throws: MillError.self) {
        try log.read(Fixture.partition, from: offsets.start - 1, maxBytes: 1, wait: .zero)
      }
    }
    try log.close()
    let again = try fixture.open()
    #expect(try again.offsets(Fixture.partition) == (offsets.start, 41))
  }

  @Test func nothingGoesBeforeItsTime() throws {
    try check(["retention.ms": "60000"], now: Self.base + 50_000, start: 0...0)
  }
  @Test func oldSegmentsGo() throws { try check(["retention.ms": "20000"], now: Self.base + 40_000, start: 10...20) }
  @Test func everythingGoesInTheEnd() throws {
    try check(["retention.ms": "20000"], now: Self.base + 90_000, start: 40...40)
  }
  @Test func sizeIsALimitToo() throws {
    try check(["retention.bytes": "3000", "retention.ms": "-1"], now: 0, start: 15...25)
  }
  @Test func noLimitMeansNone() throws {
    try check(["retention.bytes": "-1", "retention.ms": "-1"], now: .max, start: 0...0)
  }

  @Test func theOffsetsLogIsCompacted() throws {
    let fixture = try Fixture()
    let log = try fixture.open(LogOptions(offsetsCompactionSize: 4000))
    try log.createTopic("pop", partitions: 1, configuration: [:])
    for round in 0..<200 { try log.commit(group: "g\(round % 3)", [Fixture.partition: Int64(round)]) }
    let files = try Files.list("\(fixture.directory)/__consumer_offsets-0").filter { $0.hasSuffix(".log") }
    let size = try files.reduce(0) { try $0 + Files.status("\(fixture.directory)/__consumer_offsets-0/\($1)")!.size }
    #expect(size < 6000)
    try log.close()
    let again = try fixture.open()
    let committed = try (0..<3).map { try again.committed(group: "g\($0)", [Fixture.partition])[Fixture.partition] }
    #expect(committed == [198, 199, 197])
  }
}
