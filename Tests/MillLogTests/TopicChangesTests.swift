import MillBase
import Testing

@testable import MillLog

@Suite struct TopicChangesTests {
  /// A deletion that a kill broke off leaves a folder without a topic: a new topic of that name has none of its records.
  @Test func aNewTopicHasNoRecordsOfADeletedOne() throws {
    let fixture = try Fixture()
    var log = try fixture.open()
    try log.createTopic("pop", partitions: 2, configuration: [:])
    for partition in [Fixture.partition, TopicPartition("pop", 1)] {
      _ = try log.append([Fixture.record(1)], to: partition, codec: .none)
    }
    try log.close()
    try TopicCatalog.write([], fixture.directory)
    log = try fixture.open()
    try log.createTopic("pop", partitions: 1, configuration: [:])
    #expect(try Fixture.all(log).isEmpty)
    try log.createPartitions("pop", count: 2)
    #expect(try Fixture.all(log, TopicPartition("pop", 1)).isEmpty)
    let strays = try Files.list(fixture.directory).filter { $0.hasSuffix(LocalLog.straySuffix) }
    #expect(strays.count == 2)
    try log.close()
    #expect(try Fixture.all(try fixture.open()).isEmpty)
  }

  private func filled(_ fixture: Fixture, _ count: Int) throws -> LocalLog {
    let log = try fixture.open()
    try log.createTopic("pop", partitions: 2, configuration: ["segment.bytes": "1000"])
    for number in 0..<count { _ = try log.append([Fixture.record(number)], to: Fixture.partition, codec: .none) }
    return log
  }

  @Test func newSettingsHoldAtOnceAndAfterwards() throws {
    let fixture = try Fixture()
    let log = try filled(fixture, 1)
    try log.alterTopic("pop") { overrides in
      #expect(overrides == ["segment.bytes": "1000"])
      return ["max.message.bytes": "100"]
    }
    #expect(throws: MillError.self) {
      try log.append([Fixture.record(1, size: 200)], to: Fixture.partition, codec: .none)
    }
    try log.alterTopic("pop", validateOnly: true) { _ in [:] }
    #expect(throws: MillError.self) { try log.alterTopic("pop") { _ in ["max.message.bytes": "big"] } }
    #expect(throws: MillError.self) { try log.alterTopic("other") { $0 } }
    #expect(try log.topic("pop")?.configuration == ["max.message.bytes": "100"])
    try log.close()
    #expect(try fixture.open().topic("pop")?.configuration == ["max.message.bytes": "100"])
  }

  @Test(arguments: [0, 1, 17, 40]) func deletedRecordsStayDeleted(start: Int64) throws {
    let fixture = try Fixture()
    do {
      let log = try filled(fixture, 40)
      #expect(try log.deleteRecords(Fixture.partition, before: start) == start)
      // Never back.
      #expect(try log.deleteRecords(Fixture.partition, before: 0) == start)
      #expect(try Fixture.all(log).map(\.0) == Array(start..<40))
      try log.checkInvariants()
      // Not closed: as after a kill.
    }
    let log = try fixture.open()
    #expect(try log.offsets(Fixture.partition) == (start, 40))
    #expect(try Fixture.all(log).map(\.0) == Array(start..<40))
    #expect(throws: MillError.self) { try log.deleteRecords(Fixture.partition, before: 41) }
    #expect(try log.deleteRecords(Fixture.partition, before: nil) == 40)
    #expect(try log.append([Fixture.record(1)], to: Fixture.partition, codec: .none) == 40)
  }

  @Test func aNewTopicOfTheNameBeginsAtItsOwnStart() throws {
    let fixture = try Fixture()
    do {
      let log = try filled(fixture, 10)
      _ = try log.deleteRecords(Fixture.partition, before: 5)
      // As a kill leaves it between the topic's removal and that of its start.
      let left = try Files.read("\(fixture.directory)/\(OffsetsFile.starts.name)")
      try log.deleteTopic("pop")
      try Files.writeAtomically(left, to: "\(fixture.directory)/\(OffsetsFile.starts.name)")
      try log.close()
    }
    do {
      let log = try fixture.open()
      try log.createTopic("pop", partitions: 1, configuration: [:])
      for number in 0..<10 { _ = try log.append([Fixture.record(number)], to: Fixture.partition, codec: .none) }
      try log.close()
    }
    #expect(try Fixture.all(fixture.open()).count == 10)
  }

  @Test(arguments: ["", "1\n0\n", "0\n2\npop 0 1\n", "0\n1\npop 0\n", "0\n1\npop 0 -1\n"])
  func startsThatCantBeReadAreNamed(text: String) throws {
    let fixture = try Fixture()
    try Files.writeAtomically(text, to: "\(fixture.directory)/\(OffsetsFile.starts.name)")
    #expect(throws: MillError.self) { try fixture.open() }
  }
}
