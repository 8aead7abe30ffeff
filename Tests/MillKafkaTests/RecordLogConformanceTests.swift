import CRdKafka
import Glibc
import MillBase
import MillLog
import Testing

@testable import MillKafka

/// Both implementations of the seam, the second one with two servers.
enum Side: CaseIterable {
  /// The built-in log in process.
  case local
  /// librdkafka → TCP → the Kafka server → the built-in log.
  case overTheWire
  /// librdkafka → TCP → librdkafka's mock cluster, which is not ours.
  case mockCluster

  /// What a server can be asked for.
  enum Offer: String {
    case topicAdministration = "making and deleting topics, and their settings"
    case offsetsByTime = "offsets by time"
    case sizeLimits = "limits of size"
    case storedBatches = "a look at the stored batches"
  }

  /// False, with a line in the output, for what the mock cluster does not have.
  func offers(_ offer: Offer, _ test: String = #function) -> Bool {
    if self != .mockCluster { return true }
    print("not offered by librdkafka's mock cluster, so not tested against it: \(offer.rawValue) (\(test))")
    return false
  }
}

/// A log of either side in a directory of its own.
final class Harness {
  let directory: String
  let local: LocalLog
  let server: KafkaServer?
  let mock: MockCluster?
  let log: any RecordLog

  /// Where tools find the server.
  var address: String { mock?.bootstrapServers ?? server!.address.description }

  init(_ side: Side, options: ServerOptions = ServerOptions()) throws {
    directory = try Files.makeTemporaryDirectory("mill-kafka")
    local = try LocalLog(directory: directory)
    switch side {
    case .local:
      (server, mock) = (nil, nil)
      log = local
    case .mockCluster:
      let cluster = try MockCluster(brokers: 3)
      (server, mock) = (nil, cluster)
      log = try KafkaLog(bootstrapServers: cluster.bootstrapServers)
    case .overTheWire:
      mock = nil
      let server = try KafkaServer(log: local, listen: Address("127.0.0.1:0"), options: options)
      self.server = server
      log = try KafkaLog(bootstrapServers: server.address.description)
    }
  }

  /// Leaves nothing behind; what fails here has failed in the test before.
  func close() {
    try? log.close()
    server?.stop()
    try? local.close()
    try? Files.removeTree(directory)
  }

  /// In the server's own way where it can't be asked to; it has no settings then.
  func createTopic(_ name: String, partitions: Int = 1, _ configuration: [String: String] = [:]) throws {
    if let mock { return mock.createTopic(name, partitions: partitions) }
    try log.createTopic(name, partitions: partitions, configuration: configuration)
  }

  /// Everything of the partition from the offset on.
  func all(_ topicPartition: TopicPartition, from start: Int64 = 0, maxBytes: Int = 1 << 20) throws -> [(
    offset: Int64, record: Record
  )] {
    var records: [(Int64, Record)] = []
    var offset = start
    let end = try log.offsets(topicPartition).end
    while offset < end {
      let batch = try log.read(topicPartition, from: offset, maxBytes: maxBytes, wait: .seconds(10))
      guard batch.nextOffset > offset else { throw MillError(.corrupt, "no record at \(offset) of \(end)") }
      for index in 0..<batch.count { records.append((batch.slots[index].offset, batch.record(index))) }
      offset = batch.nextOffset
    }
    return records
  }
}

func code(_ body: () throws -> Void) -> MillError.Code? {
  do { try body() } catch { return (error as? MillError)?.code }
  return nil
}

/// What every ``RecordLog`` has to do, whoever implements it.
@Suite struct RecordLogConformanceTests {
  static let pop = TopicPartition("pop", 0)

  static func record(_ number: Int) -> Record {
    Record(
      key: Array("k\(number)".utf8), value: Array("value \(number)".utf8), timestamp: 1_700_000_000_000 + Int64(number))
  }

  @Test(arguments: Side.allCases) func topicsAreMadeListedAndDeleted(side: Side) throws {
    let harness = try Harness(side)
    defer { harness.close() }
    let log = harness.log
    guard side.offers(.topicAdministration) else { return }
    #expect(try log.topics().isEmpty)
    #expect(try log.topic("pop") == nil)
    try log.createTopic("users", partitions: 3, configuration: [:])
    try log.createTopic("pop", partitions: 1, configuration: ["retention.ms": "1000"])
    let pop = TopicDescription(name: "pop", partitions: 1, configuration: ["retention.ms": "1000"])
    #expect(try log.topics() == [pop, TopicDescription(name: "users", partitions: 3)])
    #expect(try log.topic("pop") == pop)
    #expect(code { try log.createTopic("pop", partitions: 1, configuration: [:]) } == .topicExists)
    #expect(code { try log.createTopic("a b", partitions: 1, configuration: [:]) } == .configuration)
    #expect(code { try log.createTopic("x", partitions: 1, configuration: ["no.such": "1"]) } == .configuration)
    #expect(code { try log.createTopic("x", partitions: 1, configuration: ["retention.ms": "soon"]) } == .configuration)
    #expect(code { try log.createTopic("x", partitions: 0, configuration: [:]) } == .invalidPartitions)
    try log.deleteTopic("users")
    #expect(try log.topics() == [pop])
    #expect(code { try log.deleteTopic("users") } == .notFound)
  }

  @Test(arguments: Side.allCases, Codec.allCases) func recordsComeBackAsTheyWere(side: Side, codec: Codec) throws {
    let harness = try Harness(side)
    defer { harness.close() }
    let log = harness.log
    try harness.createTopic("pop", partitions: 2)
    let odd = [
      Record(key: nil, value: nil, timestamp: 1), Record(key: [], value: [], timestamp: 2),
      Record(
        key: [0, 255], value: Array("Åsa Ñandú 山田".utf8),
        headers: [.init("source", "api"), .init("null", nil), .init("empty", []), .init("source", "again")],
        timestamp: 3),
    ]
    let many = (0..<500).map(Self.record)
    #expect(try log.append(odd, to: Self.pop, codec: codec) == 0)
    #expect(try log.append(many, to: Self.pop, codec: codec) == 3)
    let read = try harness.all(Self.pop)
    #expect(read.map(\.record) == odd + many)
    #expect(read.map(\.offset) == (0..<503).map(Int64.init))
    #expect(try harness.all(Self.pop, from: 250, maxBytes: 200).map(\.record) == Array(many[247...]))
    #expect(try log.offsets(Self.pop) == (0, 503))
    #expect(try log.offsets(TopicPartition("pop", 1)) == (0, 0))
    guard side.offers(.storedBatches) else { return }
    let stored = try harness.local.readStored(Self.pop, from: 3, maxBytes: 1)
    #expect(stored.bytes.withUnsafeBytes { BatchHeader($0)!.codec } == codec)
  }

  @Test(arguments: Side.allCases) func whatIsNotThereIsSaid(side: Side) throws {
    let harness = try Harness(side)
    defer { harness.close() }
    let log = harness.log
    try harness.createTopic("pop")
    let missing = TopicPartition("nosuch", 0)
    let beyond = TopicPartition("pop", 7)
    for place in [missing, beyond] {
      #expect(code { _ = try log.append([Self.record(1)], to: place, codec: .none) } == .notFound)
      #expect(code { _ = try log.read(place, from: 0, maxBytes: 100, wait: .zero) } == .notFound)
      #expect(code { _ = try log.offsets(place) } == .notFound)
      #expect(code { _ = try log.offset(place, atOrAfter: 0) } == .notFound)
      #expect(code { try log.commit(group: "g", [place: 1]) } == .notFound)
    }
    #expect(try log.topics().map(\.name) == ["pop"])
  }

  @Test(arguments: Side.allCases) func readingOutsideIsRefused(side: Side) throws {
    let harness = try Harness(side)
    defer { harness.close() }
    let log = harness.log
    try harness.createTopic("pop")
    _ = try log.append((0..<3).map(Self.record), to: Self.pop, codec: .none)
    #expect(code { _ = try log.read(Self.pop, from: 4, maxBytes: 100, wait: .zero) } == .offsetOutOfRange)
    #expect(code { _ = try log.read(Self.pop, from: -1, maxBytes: 100, wait: .zero) } == .offsetOutOfRange)
    let atEnd = try log.read(Self.pop, from: 3, maxBytes: 100, wait: .milliseconds(20))
    #expect(atEnd.isEmpty && atEnd.nextOffset == 3)
  }

  @Test(arguments: Side.allCases) func aWaitingReaderWakesUp(side: Side) throws {
    let harness = try Harness(side)
    defer { harness.close() }
    let log = harness.log
    try harness.createTopic("pop")
    let appended = Signal()
    let writer = Worker("late-writer") { _ in
      usleep(50_000)
      // A failure shows as the reader's empty batch.
      _ = try? log.append([Self.record(1)], to: Self.pop, codec: .none)
      appended.set()
    }
    let batch = try log.read(Self.pop, from: 0, maxBytes: 100, wait: .seconds(20))
    #expect(batch.count == 1)
    appended.wait()
    writer.join()
  }

  @Test(arguments: Side.allCases) func offsetsAreFoundByTime(side: Side) throws {
    let harness = try Harness(side)
    defer { harness.close() }
    let log = harness.log
    guard side.offers(.offsetsByTime) else { return }
    try harness.createTopic("pop", ["index.interval.bytes": "0"])
    for step in 0..<20 {
      _ = try log.append(
        (0..<5).map { Self.record(step * 50 + $0 * 10) }, to: Self.pop, codec: step % 2 == 0 ? .none : .zstd)
    }
    let base: Int64 = 1_700_000_000_000
    for (time, offset) in [(0, 0), (base, 0), (base + 1, 1), (base + 500, 50), (base + 985, 99), (base + 990, 99)] {
      #expect(try log.offset(Self.pop, atOrAfter: time) == Int64(offset))
    }
    #expect(try log.offset(Self.pop, atOrAfter: base + 991) == nil)
  }

  @Test(arguments: Side.allCases) func groupsKeepTheirOffsets(side: Side) throws {
    let harness = try Harness(side)
    defer { harness.close() }
    let log = harness.log
    try harness.createTopic("pop", partitions: 2)
    _ = try log.append((0..<9).map(Self.record), to: Self.pop, codec: .none)
    let other = TopicPartition("pop", 1)
    #expect(try log.committed(group: "hdfs", [Self.pop, other]) == [:])
    try log.commit(group: "hdfs", [Self.pop: 4])
    try log.commit(group: "spark", [Self.pop: 9, other: 0])
    try log.commit(group: "hdfs", [Self.pop: 5])
    #expect(try log.committed(group: "hdfs", [Self.pop, other]) == [Self.pop: 5])
    #expect(try log.committed(group: "spark", [Self.pop, other]) == [Self.pop: 9, other: 0])
  }

  @Test(arguments: Side.allCases) func aRecordThatIsTooLargeIsRefusedAndNothingKept(side: Side) throws {
    let harness = try Harness(side)
    defer { harness.close() }
    let log = harness.log
    try harness.createTopic("pop", ["max.message.bytes": "2000"])
    if !side.offers(.sizeLimits) {
      // So it is told what to answer.
      harness.mock?.fail(RequestKey.produce, with: RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    }
    let large = Record(value: [UInt8](repeating: 1, count: 3000))
    #expect(code { _ = try log.append([large], to: Self.pop, codec: .none) } == .limit)
    #expect(try log.offsets(Self.pop).end == 0)
    #expect(try log.append([Record(value: [UInt8](repeating: 1, count: 1500))], to: Self.pop, codec: .none) == 0)
  }

  @Test(arguments: Side.allCases) func writersAndReadersTogetherLoseNothing(side: Side) throws {
    let harness = try Harness(side)
    defer { harness.close() }
    let log = harness.log
    try harness.createTopic("pop", ["segment.bytes": "20000"])
    let writers = (0..<4).map { writer in
      Worker("writer-\(writer)") { _ in
        for round in 0..<25 {
          let records = (0..<10).map { Record(key: Array("\(writer)".utf8), value: Array("\(round * 10 + $0)".utf8)) }
          // A failure shows as missing records.
          _ = try? log.append(records, to: Self.pop, codec: .lz4)
        }
      }
    }
    let readers = (0..<3).map { reader in
      Worker("reader-\(reader)") { _ in
        var offset: Int64 = 0
        while offset < 1000 {
          guard let batch = try? log.read(Self.pop, from: offset, maxBytes: 3000, wait: .seconds(5)) else { break }
          let offsets = batch.slots.map(\.offset)
          #expect(offsets == Array(offset..<(offset + Int64(offsets.count))))
          if batch.isEmpty { break }
          offset = batch.nextOffset
        }
        #expect(offset == 1000)
      }
    }
    for worker in writers + readers { worker.join() }
    let byWriter = Dictionary(grouping: try harness.all(Self.pop), by: { $0.record.key })
    #expect(byWriter.count == 4)
    for (_, records) in byWriter { #expect(records.map { $0.record.value } == (0..<250).map { Array("\($0)".utf8) }) }
    try harness.local.checkInvariants()
  }
}
