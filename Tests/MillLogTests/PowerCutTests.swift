import MillBase
import MillDiskSupport
import Testing

@testable import MillLog

/// The power goes at any moment: what was flushed is there as it was, nothing is invented, appending goes on.
@Suite struct PowerCutTests {
  /// What must and what may be there after the cut.
  private struct Promise {
    /// So many changes had been made when this was promised.
    var changes: Int
    /// Offset after the last flushed record.
    var flushed: [TopicPartition: Int64]
    /// Records before have been deleted.
    var starts: [TopicPartition: Int64]
    var commits: [String: Int64]
    var topics: Set<String>
    var deletedTopics: Set<String>
  }

  /// One log through several lives.
  private final class Life {
    let partitions = [TopicPartition("pop", 0), TopicPartition("pop", 1)]
    let power: PowerCut
    var random: SeededRandom
    /// Every record that was ever appended and may still be there.
    var appended: [TopicPartition: [Int64: Record]] = [:]
    var flushed: [TopicPartition: Int64] = [:]
    /// Where a partition begins at least, and where at most.
    var starts: [TopicPartition: Int64] = [:]
    var startsMade: [TopicPartition: Int64] = [:]
    /// The last durable commit, and others that may have made it.
    var committed: [String: Int64] = [:]
    var commitsMade: [String: Set<Int64>] = [:]
    /// That are there for sure, that are gone for sure, and any that ever were.
    var topics: Set<String> = []
    var deletedTopics: Set<String> = []
    var topicsMade: Set<String> = []
    /// Which topic of its name a record of these was written to.
    var lives: [[UInt8]: Int] = [:]
    var topicLives: [String: Int] = [:]
    var newestTopic = 0
    var number = 0

    init(seed: UInt64) throws {
      power = try PowerCut("log", seed: seed)
      random = SeededRandom(seed)
    }

    var options: LogOptions {
      LogOptions(
        flushInterval: .seconds(3600), topicDefaults: ["segment.bytes": "1500", "index.interval.bytes": "300"],
        offsetsCompactionSize: 1500)
    }

    func open() throws -> LocalLog { try LocalLog(directory: "\(power.directory)/data", options: options) }
  }

  @Test(arguments: 0..<8) func flushedRecordsSurvive(group: Int) throws {
    for seed in 0..<15 {
      let life = try Life(seed: UInt64(group * 1000 + seed))
      for generation in 0..<3 {
        let (promises, moment) = try life.power.cut { try work(life, $0) }
        let kept = promises.last { $0.changes <= moment }!
        life.flushed = kept.flushed
        life.starts = kept.starts
        life.committed = kept.commits
        life.topics = kept.topics
        life.deletedTopics = kept.deletedTopics
        guard try check(life, "seed \(group * 1000 + seed), life \(generation)") else { return }
      }
    }
  }

  /// Appends, flushes, deletes, commits, closes and dies; says what was promised when.
  private func work(_ life: Life, _ recorder: DiskRecorder) throws -> [Promise] {
    var promises: [Promise] = []
    func promise() {
      promises.append(
        Promise(
          changes: recorder.count, flushed: life.flushed, starts: life.starts, commits: life.committed,
          topics: life.topics, deletedTopics: life.deletedTopics))
    }
    promise()
    var log = try life.open()
    if try log.topic("pop") == nil {
      try log.createTopic("pop", partitions: 2, configuration: [:])
      life.topics.insert("pop")
      promise()
    }
    func noteFlushed() throws {
      for partition in life.partitions { life.flushed[partition] = try log.offsets(partition).end }
    }
    for _ in 0..<Int.random(in: 5...40, using: &life.random) {
      switch Int.random(in: 0..<100, using: &life.random) {
      case 0..<50: try append(life, log)
      case 50..<65:
        try log.flush()
        try noteFlushed()
        promise()
      case 65..<75:
        let group = "g\(Int.random(in: 0..<3, using: &life.random))"
        life.number += 1
        life.commitsMade[group, default: []].insert(Int64(life.number))
        try log.commit(group: group, [life.partitions[0]: Int64(life.number)])
        life.committed[group] = Int64(life.number)
        promise()
      case 75..<80:
        let partition = life.partitions.randomElement(using: &life.random)!
        let (start, end) = try log.offsets(partition)
        let wanted = Int64.random(in: start...end, using: &life.random)
        life.startsMade[partition] = max(wanted, life.startsMade[partition] ?? 0)
        _ = try log.deleteRecords(partition, before: wanted)
        life.starts[partition] = wanted
        promise()
      case 80..<88: try changeTopics(life, log, promise)
      case 88..<93:
        try noteFlushed()
        try log.close()
        promise()
        log = try life.open()
      default:
        // Dies and starts again: the system's cache is still there.
        log = try reopened(life, &log)
      }
    }
    return promises
  }

  /// Makes a topic, deletes it, or makes it again, and writes to it.
  private func changeTopics(_ life: Life, _ log: LocalLog, _ promise: () -> Void) throws {
    let name = "extra\(Int.random(in: 0..<3, using: &life.random))"
    let partition = TopicPartition(name, 0)
    if try log.topic(name) == nil {
      life.deletedTopics.remove(name)
      life.topicsMade.insert(name)
      promise()
      try log.createTopic(name, partitions: 1, configuration: ["retention.ms": "\(life.number + 1)"])
      life.newestTopic += 1
      life.topicLives[name] = life.newestTopic
      life.topics.insert(name)
      promise()
      // Nobody has read of this one yet.
      #expect(log.committedOffsets(group: "g").keys.allSatisfy { $0 != partition })
    } else if life.random.chance(40) {
      life.topics.remove(name)
      promise()
      try log.deleteTopic(name)
      life.deletedTopics.insert(name)
      promise()
      return
    }
    for _ in 0..<Int.random(in: 0..<4, using: &life.random) {
      life.number += 1
      let record = Fixture.record(life.number, size: 300)
      life.lives[record.value!] = life.topicLives[name]
      _ = try log.append([record], to: partition, codec: .none)
    }
    if life.random.chance(30) { try log.commit(group: "g", [partition: 1]) }
  }

  private func reopened(_ life: Life, _ log: inout LocalLog) throws -> LocalLog {
    log = try LocalLog(directory: try Files.makeTemporaryDirectory("mill-none"))
    try Files.removeTree(log.directory)
    return try life.open()
  }

  private func append(_ life: Life, _ log: LocalLog) throws {
    let partition = life.partitions.randomElement(using: &life.random)!
    let count = Int.random(in: 1...3, using: &life.random)
    let records = (0..<count).map {
      Fixture.record(life.number + $0, size: Int.random(in: 0..<400, using: &life.random))
    }
    life.number += count
    let codec = Codec.allCases.randomElement(using: &life.random)!
    let base = try log.append(records, to: partition, codec: codec)
    for (step, record) in records.enumerated() { life.appended[partition, default: [:]][base + Int64(step)] = record }
  }

  /// false when something is wrong, which has been said.
  private func check(_ life: Life, _ origin: Comment) throws -> Bool {
    var good = true
    func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
      if !condition { good = false }
      #expect(condition, "\(origin): \(what())")
    }
    var log = try life.open()
    for second in [false, true] {
      let topics = Set(try log.topics().map(\.name))
      expect(life.topics.isSubset(of: topics), "topics lost: \(life.topics.subtracting(topics))")
      expect(topics.isSubset(of: life.topicsMade.union(["pop"])), "topics invented: \(topics)")
      expect(topics.isDisjoint(with: life.deletedTopics), "deleted, and there: \(topics)")
      for name in topics where name != "pop" {
        let records = try Fixture.all(log, TopicPartition(name, 0))
        let lives = Set(records.map { life.lives[$0.1.value!]! })
        expect(lives.count <= 1, "\(name) has records of the topic before it: \(lives)")
        life.newestTopic += 1
        life.topicLives[name] = lives.max() ?? life.newestTopic
      }
      expect(
        log.committedOffsets(group: "g").keys.allSatisfy { topics.contains($0.topic) }, "offsets of a deleted topic")
      for partition in topics.contains("pop") ? life.partitions : [] {
        let records = try Fixture.all(log, partition)
        for (offset, record) in records {
          expect(record == life.appended[partition]?[offset], "\(partition)@\(offset) is another record")
        }
        let offsets = records.map(\.0)
        // Where an earlier cut took unflushed records from among others, there is a gap.
        let appended = life.appended[partition, default: [:]].keys
        expect(zip(offsets, offsets.dropFirst()).allSatisfy(<), "\(partition): offsets out of order")
        let flushed = life.flushed[partition] ?? 0
        let start = try log.offsets(partition).start
        expect(
          start >= life.starts[partition] ?? 0 && start <= life.startsMade[partition] ?? 0,
          "\(partition) begins at \(start), not at \(life.starts[partition] ?? 0)")
        life.starts[partition] = start
        expect(
          offsets.prefix { $0 < flushed } == appended.filter { $0 >= start && $0 < flushed }.sorted()[...],
          "\(partition): \(flushed) records were flushed, there are \(offsets)")
        let end = try log.offsets(partition).end
        expect(end >= flushed && end >= (offsets.last ?? -1) + 1, "\(partition) ends at \(end)")
        if second { continue }
        life.appended[partition] = Dictionary(uniqueKeysWithValues: records)
        let base = try log.append([Fixture.record(-1)], to: partition, codec: .none)
        expect(base == end, "\(partition) goes on at \(base), not \(end)")
        life.appended[partition]![base] = Fixture.record(-1)
      }
      for group in Set(life.commitsMade.keys) {
        let offset = try log.committed(group: group, [life.partitions[0]])[life.partitions[0]]
        if let durable = life.committed[group] {
          expect(
            offset.map { $0 >= durable && life.commitsMade[group]!.contains($0) } == true,
            "\(group) had committed \(durable), has \(String(describing: offset))")
        } else {
          expect(offset.map { life.commitsMade[group]!.contains($0) } != false, "\(group): commit \(offset!) invented")
        }
        // What made it is there from now on.
        life.committed[group] = offset
      }
      try log.checkInvariants()
      if !second { log = try reopened(life, &log) }
    }
    life.topics = Set(try log.topics().map(\.name))
    life.deletedTopics = life.topicsMade.subtracting(life.topics)
    try log.flush()
    for partition in life.topics.contains("pop") ? life.partitions : [] {
      life.flushed[partition] = try log.offsets(partition).end
    }
    return good
  }
}
