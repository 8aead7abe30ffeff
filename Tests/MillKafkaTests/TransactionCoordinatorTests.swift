import MillBase
import Testing

@testable import MillKafka
@testable import MillLog

/// Who may do what when, without a network.
@Suite struct TransactionCoordinatorTests {
  private static let pop = TopicPartition("pop", 0)

  private func withLog(_ body: (LocalLog, TransactionCoordinator) throws -> Void) throws {
    let directory = try Files.makeTemporaryDirectory("mill-transactions")
    defer { try? Files.removeTree(directory) }
    let log = try LocalLog(directory: directory)
    try log.createTopic("pop", partitions: 1, configuration: [:])
    let coordinator = TransactionCoordinator(log: log)
    try body(log, coordinator)
    coordinator.stop()
    try log.close()
  }

  private func begin(_ coordinator: TransactionCoordinator) throws -> TransactionCoordinator.Producer {
    let (code, id, epoch) = try coordinator.begin("t", timeout: 60_000, known: nil)
    #expect(code == .none)
    return TransactionCoordinator.Producer(transactionalID: "t", id: id, epoch: epoch)
  }

  @Test func aNewProducerFencesTheOldOne() throws {
    try withLog { _, coordinator in
      let old = try begin(coordinator)
      #expect(try coordinator.add([Self.pop], old) == .none)
      let new = try begin(coordinator)
      #expect(new.id == old.id && new.epoch > old.epoch)
      #expect(try coordinator.add([Self.pop], old) == .producerFenced)
      #expect(try coordinator.end(old, isCommit: true) == .producerFenced)
      #expect(try coordinator.append(old, to: Self.pop) {} == .invalidProducerEpoch)
      #expect(try coordinator.append(new, to: Self.pop) {} == .invalidTransactionState)
      #expect(try coordinator.begin("t", timeout: 60_000, known: (old.id, old.epoch)).0 == .producerFenced)
      #expect(try coordinator.begin("t", timeout: 900_001, known: nil).0 == .invalidTransactionTimeout)
    }
  }

  /// KIP-360: the producer asks for a new epoch with what it has, and asks once more when it hears nothing.
  @Test(arguments: [false, true]) func anEpochAskedForTwiceIsGivenOnce(withRestart: Bool) throws {
    try withLog { log, first in
      var coordinator = first
      let old = try begin(coordinator)
      #expect(try coordinator.add([Self.pop], old) == .none)
      let (_, id, epoch) = try coordinator.begin("t", timeout: 60_000, known: (old.id, old.epoch))
      #expect(id == old.id && epoch == old.epoch + 1)
      if withRestart { coordinator = TransactionCoordinator(log: log) }
      defer { if withRestart { coordinator.stop() } }
      let again = try coordinator.begin("t", timeout: 60_000, known: (old.id, old.epoch))
      #expect(again == (.none, id, epoch))
      // One that goes on with it has heard the answer: whoever comes with the old epoch is another.
      let new = TransactionCoordinator.Producer(transactionalID: "t", id: id, epoch: epoch)
      #expect(try coordinator.add([Self.pop], new) == .none)
      #expect(try coordinator.begin("t", timeout: 60_000, known: (old.id, old.epoch)).0 == .producerFenced)
      #expect(try coordinator.end(new, isCommit: true) == .none)
      // A producer that begins anew fences all of them.
      _ = try begin(coordinator)
      for known in [(old.id, old.epoch), (id, epoch)] {
        #expect(try coordinator.begin("t", timeout: 60_000, known: known).0 == .producerFenced)
      }
    }
  }

  @Test func anEndIsAnsweredTwiceTheSame() throws {
    try withLog { _, coordinator in
      let producer = try begin(coordinator)
      #expect(try coordinator.end(producer, isCommit: true) == .invalidTransactionState)
      #expect(try coordinator.add([Self.pop], producer) == .none)
      #expect(try coordinator.append(producer, to: Self.pop) {} == .none)
      #expect(try coordinator.end(producer, isCommit: true) == .none)
      #expect(try coordinator.end(producer, isCommit: true) == .none)
      #expect(try coordinator.end(producer, isCommit: false) == .invalidTransactionState)
    }
  }

  @Test func offsetsAreCommittedWithTheTransaction() throws {
    try withLog { log, coordinator in
      let producer = try begin(coordinator)
      let offsets = [Self.pop: CommittedOffset(offset: 4, timestamp: 0)]
      #expect(try coordinator.add(offsets, ofGroup: "g", producer) == .invalidTransactionState)
      #expect(try coordinator.add(group: "g", producer) == .none)
      #expect(try coordinator.add(offsets, ofGroup: "g", producer) == .none)
      #expect(coordinator.pendingOffsets(ofGroup: "g") == [Self.pop])
      #expect(try coordinator.end(producer, isCommit: false) == .none)
      #expect(log.committedOffsets(group: "g").isEmpty && coordinator.pendingOffsets(ofGroup: "g").isEmpty)
      #expect(try coordinator.add(group: "g", producer) == .none)
      #expect(try coordinator.add(offsets, ofGroup: "g", producer) == .none)
      #expect(try coordinator.end(producer, isCommit: true) == .none)
      #expect(log.committedOffsets(group: "g")[Self.pop]?.offset == 4)
    }
  }

  @Test func anOpenTransactionIsAbortedAtItsTimeOut() throws {
    try withLog { _, coordinator in
      let producer = try begin(coordinator)
      #expect(try coordinator.add([Self.pop], producer) == .none)
      coordinator.expire(now: Clock.nowMilliseconds() + 30_000)
      #expect(try coordinator.append(producer, to: Self.pop) {} == .none)
      coordinator.expire(now: Clock.nowMilliseconds() + 61_000)
      #expect(try coordinator.end(producer, isCommit: true) == .producerFenced)
    }
  }

  /// Read uncommitted looks past an open transaction and into an aborted one.
  @Test(arguments: [(Int64(-1), Int64(2), Int64(4)), (-3, -1, 3), (1000, 0, 0), (1500, 1, 1), (2500, -1, 2)])
  func offsetsByTimeDependOnTheIsolation(time: Int64, committed: Int64, all: Int64) throws {
    try withLog { log, coordinator in
      func write(_ time: Int64, _ producer: TransactionCoordinator.Producer?) throws {
        var batch = ByteWriter()
        batch.bytes = try BatchEncoder.encode([Record(value: [1], timestamp: time)], codec: .none, now: time)
        if let producer {
          batch.put(Int16(16), at: 21)
          batch.put(producer.id, at: 43)
          batch.put(producer.epoch, at: 51)
          batch.put(Int32(time), at: 53)
          BatchEncoder.seal(&batch.bytes)
        }
        _ = try log.appendStored(batch.bytes, to: Self.pop)
      }
      try write(1000, nil)
      try write(2000, nil)
      let producer = try begin(coordinator)
      #expect(try coordinator.add([Self.pop], producer) == .none)
      try write(3000, producer)
      try write(4000, nil)
      let handler = try RequestHandler(log: log, advertised: Address("127.0.0.1:1"), options: ServerOptions())
      for isolation in Int8(0)...1 {
        var request = ListOffsetsRequest()
        request.isolationLevel = isolation
        var topic = ListOffsetsRequest.Topic()
        topic.name = "pop"
        var partition = ListOffsetsRequest.Partition()
        partition.timestamp = time
        topic.partitions = [partition]
        request.topics = [topic]
        let answer = handler.listOffsets(request).topics[0].partitions[0]
        #expect(answer.offset == (isolation == 1 ? committed : all), "\(answer)")
      }
      handler.transactions.stop()
    }
  }

  @Test func aDecidedCommitIsFinishedAfterARestart() throws {
    try withLog { log, coordinator in
      let producer = try begin(coordinator)
      #expect(try coordinator.add(group: "g", producer) == .none)
      #expect(
        try coordinator.add([Self.pop: CommittedOffset(offset: 4, timestamp: 0)], ofGroup: "g", producer) == .none)
      var state = try #require(log.transactions["t"])
      state.phase = .prepareCommit
      try log.saveTransaction("t", state)
      let restarted = TransactionCoordinator(log: log)
      restarted.expire(now: Clock.nowMilliseconds())
      #expect(log.committedOffsets(group: "g")[Self.pop]?.offset == 4)
      #expect(log.transactions["t"]?.phase == .completeCommit)
      restarted.stop()
    }
  }

  /// A power cut may take what the coordinator knew of a transaction and leave its records: a commit of it must not be
  /// answered as the one before.
  @Test func aProducerWhoseTransactionWasLostIsFenced() throws {
    try withLog { log, coordinator in
      let producer = try begin(coordinator)
      #expect(try coordinator.add([Self.pop], producer) == .none)
      #expect(try coordinator.end(producer, isCommit: true) == .none)
      let before = log.transactions["t"]
      #expect(try coordinator.add([Self.pop], producer) == .none)
      var batch = ByteWriter()
      batch.bytes = try BatchEncoder.encode([Record(value: [1])], codec: .none, now: 0)
      batch.put(Int16(16), at: 21)
      batch.put(producer.id, at: 43)
      batch.put(producer.epoch, at: 51)
      batch.put(Int32(0), at: 53)
      BatchEncoder.seal(&batch.bytes)
      let bytes = batch.bytes
      #expect(try coordinator.append(producer, to: Self.pop) { _ = try log.appendStored(bytes, to: Self.pop) } == .none)
      try log.saveTransaction("t", before)
      let restarted = TransactionCoordinator(log: log)
      defer { restarted.stop() }
      #expect(log.openTransactions().isEmpty)
      #expect(try restarted.end(producer, isCommit: true) == .producerFenced)
      #expect(try begin(restarted).id == producer.id)
    }
  }
}
