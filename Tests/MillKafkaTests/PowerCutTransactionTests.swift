import MillBase
import MillDiskSupport
import Testing

@testable import MillKafka
@testable import MillLog

/// The power goes while transactions are written and ended. With partitions that are flushed with each append
/// (flush.messages=1), a commit that was answered is there with its offsets, any other is there whole or not at all, and
/// an aborted one is not read. Whatever the flushing: none stays open for ever.
@Suite struct PowerCutTransactionTests {
  private static let solid = [TopicPartition("solid", 0), TopicPartition("solid", 1)]
  private static let loose = TopicPartition("loose", 0)

  private struct Transaction {
    var producer: Int
    var partitions: [TopicPartition]
    var commitsOffset: Bool
    /// So many records were acknowledged.
    var records = 0
    /// What was asked for; nil = still open.
    var isCommit: Bool?
    /// On the disk for sure.
    var isPromised = false

    var isDurable: Bool { partitions != [PowerCutTransactionTests.loose] }
  }

  private struct Handle {
    var producer: TransactionCoordinator.Producer
    var sequences: [TopicPartition: Int32] = [:]
    var open: Int?
  }

  private final class Work {
    let power: PowerCut
    var random: SeededRandom
    /// By their numbers, which their records carry.
    var transactions: [Transaction] = []
    var handles: [Int: Handle] = [:]
    var log: LocalLog?
    var coordinator: TransactionCoordinator?

    init(seed: UInt64) throws {
      power = try PowerCut("transactions", seed: seed)
      random = SeededRandom(seed)
    }

    func open() throws {
      let options = LogOptions(
        flushInterval: .seconds(3600), checkpointSize: 1000, topicDefaults: ["segment.bytes": "1500"],
        offsetsCompactionSize: 2000)
      let log = try LocalLog(directory: "\(power.directory)/data", options: options)
      if try log.topic("solid") == nil {
        try log.createTopic("solid", partitions: 2, configuration: ["flush.messages": "1"])
      }
      if try log.topic("loose") == nil { try log.createTopic("loose", partitions: 1, configuration: [:]) }
      self.log = log
      coordinator = TransactionCoordinator(log: log)
    }

    /// As a kill does.
    func drop() {
      coordinator?.stop()
      (coordinator, log) = (nil, nil)
    }
  }

  @Test(arguments: 0..<4) func aTransactionIsWholeOrNotThere(group: Int) throws {
    for seed in 0..<15 {
      let work = try Work(seed: UInt64(group * 1000 + seed))
      for life in 0..<3 {
        var promises: [(changes: Int, numbers: Set<Int>)] = []
        let (_, moment) = try work.power.cut { recorder in
          func promise() {
            promises.append(
              (recorder.count, Set(work.transactions.indices.filter { work.transactions[$0].isPromised })))
          }
          promise()
          try run(work, promise)
          work.drop()
        }
        let kept = promises.last { $0.changes <= moment }!.numbers
        for number in work.transactions.indices { work.transactions[number].isPromised = kept.contains(number) }
        work.handles = [:]
        guard try check(work, "seed \(group * 1000 + seed), life \(life)") else { return }
      }
    }
  }

  private func run(_ work: Work, _ promise: () -> Void) throws {
    try work.open()
    for _ in 0..<Int.random(in: 10...60, using: &work.random) {
      let number = Int.random(in: 0..<3, using: &work.random)
      switch Int.random(in: 0..<100, using: &work.random) {
      case 0..<5: try work.log!.flush()
      case 5..<10:
        work.drop()
        try work.open()
      case 10..<13:
        work.coordinator!.stop()
        try work.log!.close()
        work.drop()
        try work.open()
      case 13..<18: work.handles[number] = nil
      default: try step(work, number, promise)
      }
    }
  }

  /// One more step of a producer: begins, writes or ends.
  private func step(_ work: Work, _ number: Int, _ promise: () -> Void) throws {
    let coordinator = work.coordinator!
    if work.handles[number] == nil {
      let given = try coordinator.begin("t\(number)", timeout: 60_000, known: nil)
      #expect(given.0 == .none)
      work.handles[number] = Handle(
        producer: .init(transactionalID: "t\(number)", id: given.id, epoch: given.epoch))
    }
    let producer = work.handles[number]!.producer
    guard let open = work.handles[number]!.open else {
      let all = Self.solid + [Self.loose]
      let partitions = all.shuffled(using: &work.random).prefix(Int.random(in: 1...3, using: &work.random))
      work.handles[number]!.open = work.transactions.count
      var made = Transaction(producer: number, partitions: Array(partitions), commitsOffset: false)
      made.commitsOffset = made.isDurable && work.random.chance(60)
      work.transactions.append(made)
      #expect(try coordinator.add(Set(partitions).sorted(), producer) == .none)
      for partition in partitions { try write(work, number, to: partition) }
      if made.commitsOffset {
        let offset = CommittedOffset(offset: Int64(work.transactions.count - 1), timestamp: Clock.nowMilliseconds())
        #expect(try coordinator.add(group: "g\(number)", producer) == .none)
        #expect(try coordinator.add([Self.solid[0]: offset], ofGroup: "g\(number)", producer) == .none)
      }
      return
    }
    if work.random.chance(50) {
      return try write(work, number, to: work.transactions[open].partitions.randomElement(using: &work.random)!)
    }
    let isCommit = work.random.chance(70)
    work.transactions[open].isCommit = isCommit
    #expect(try coordinator.end(producer, isCommit: isCommit) == .none)
    work.handles[number]!.open = nil
    work.transactions[open].isPromised = isCommit && work.transactions[open].isDurable
    promise()
  }

  private func write(_ work: Work, _ number: Int, to partition: TopicPartition) throws {
    let handle = work.handles[number]!
    let text = "\(handle.open!)" + String(repeating: ".", count: Int.random(in: 0..<200, using: &work.random))
    var batch = ByteWriter()
    batch.append(contentsOf: try BatchEncoder.encode([Record(value: Array(text.utf8))], codec: .none, now: 0))
    batch.put(Int16(16), at: 21)
    batch.put(handle.producer.id, at: 43)
    batch.put(handle.producer.epoch, at: 51)
    batch.put(handle.sequences[partition] ?? 0, at: 53)
    BatchEncoder.seal(&batch.bytes)
    let bytes = batch.bytes
    let code = try work.coordinator!.append(handle.producer, to: partition) {
      _ = try work.log!.appendStored(bytes, to: partition)
    }
    #expect(code == .none)
    work.handles[number]!.sequences[partition, default: 0] += 1
    work.transactions[handle.open!].records += 1
  }

  /// false when something is wrong, which has been said.
  private func check(_ work: Work, _ origin: Comment) throws -> Bool {
    var good = true
    func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
      if !condition { good = false }
      #expect(condition, "\(origin): \(what())")
    }
    for _ in 0..<2 {
      try work.open()
      let log = work.log!
      // Long after every time-out.
      work.coordinator!.expire(now: .max / 2)
      var seen: [Int: Int] = [:]
      for partition in Self.solid + [Self.loose] {
        let (start, end) = try log.offsets(partition)
        let all = try log.highWatermark(partition)
        expect(end == all, "\(partition) is held up at \(end) of \(all)")
        var offset = start
        while offset < end {
          let batch = try log.read(partition, from: offset, maxBytes: 4096, wait: .zero)
          for index in 0..<batch.count {
            let text = String(decoding: batch.record(index).value!, as: UTF8.self)
            seen[Int(text.prefix { $0 != "." })!, default: 0] += 1
          }
          offset = batch.nextOffset
        }
      }
      var last: [Int: Int] = [:]
      for (number, transaction) in work.transactions.enumerated() where transaction.isDurable {
        let count = seen[number] ?? 0
        let isWhole = count == transaction.records
        expect(isWhole || count == 0, "transaction \(number) has \(count) of \(transaction.records) records")
        if transaction.isPromised { expect(isWhole, "transaction \(number) was committed, and has \(count) records") }
        if transaction.isCommit != true { expect(count == 0, "transaction \(number) was not committed, and is read") }
        if isWhole, transaction.commitsOffset { last[transaction.producer] = number }
        work.transactions[number].isCommit = isWhole
        work.transactions[number].isPromised = isWhole
      }
      for producer in 0..<3 {
        let offset = try log.committed(group: "g\(producer)", [Self.solid[0]])[Self.solid[0]]
        expect(
          offset == last[producer].map(Int64.init),
          "g\(producer) has offset \(String(describing: offset)), not \(String(describing: last[producer]))")
      }
      try log.checkInvariants()
      work.drop()
    }
    return good
  }
}
