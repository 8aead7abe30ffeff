import Glibc
import MillBase
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
    var commits: [String: Int64]
    var topics: Set<String>
  }

  /// One log through several lives, each ended by a power cut.
  private final class Life {
    let partitions = [TopicPartition("pop", 0), TopicPartition("pop", 1)]
    let home: String
    var directory = ""
    var random: SeededRandom
    /// Every record that was ever appended and may still be there.
    var appended: [TopicPartition: [Int64: Record]] = [:]
    var flushed: [TopicPartition: Int64] = [:]
    /// The last durable commit, and others that may have made it.
    var committed: [String: Int64] = [:]
    var commitsMade: [String: Set<Int64>] = [:]
    var topics: Set<String> = []
    var topicsMade: Set<String> = []
    var sequence: [TopicPartition: Int32] = [:]
    var number = 0

    init(seed: UInt64) throws {
      // In memory, where syncs cost nothing: the disk is simulated.
      home =
        Files.exists("/dev/shm")
        ? "/dev/shm/mill-cut.\(getpid()).\(seed)" : try Files.makeTemporaryDirectory("mill-cut")
      try Files.makeDirectory(home)
      random = SeededRandom(seed)
      directory = "\(home)/0"
      try Files.makeDirectory(directory)
    }

    deinit { try? Files.removeTree(home) }

    var options: LogOptions {
      LogOptions(
        flushInterval: .seconds(3600), topicDefaults: ["segment.bytes": "1500", "index.interval.bytes": "300"],
        offsetsCompactionSize: 1500)
    }

    func open() throws -> LocalLog { try LocalLog(directory: "\(directory)/data", options: options) }

    func snapshot() throws -> SimulatedDisk {
      var directories: [String] = []
      var files: [String: [UInt8]] = [:]
      func walk(_ path: String) throws {
        for name in try Files.list(path) {
          let inner = "\(path)/\(name)"
          if try Files.status(inner)!.isDirectory {
            directories.append(inner)
            try walk(inner)
          } else {
            files[inner] = try Files.read(inner)
          }
        }
      }
      try walk(directory)
      return SimulatedDisk(directories: directories, files: files)
    }
  }

  @Test(arguments: 0..<8) func flushedRecordsSurvive(group: Int) throws {
    for seed in 0..<25 {
      let life = try Life(seed: UInt64(group * 1000 + seed))
      for generation in 0..<3 {
        let origin: Comment = "seed \(group * 1000 + seed), life \(generation)"
        let disk = try life.snapshot()
        let recorder = DiskRecorder(life.directory)
        var promises: [Promise] = []
        do {
          defer { recorder.stop() }
          promises = try work(life, recorder)
        }
        try cut(life, disk, recorder.changes, promises, next: "\(life.home)/\(generation + 1)")
        guard try check(life, origin) else { return }
      }
    }
  }

  /// Appends, flushes, commits, closes and dies; says what was promised when.
  private func work(_ life: Life, _ recorder: DiskRecorder) throws -> [Promise] {
    var promises: [Promise] = []
    func promise() {
      promises.append(
        Promise(changes: recorder.count, flushed: life.flushed, commits: life.committed, topics: life.topics))
    }
    promise()
    var log = try life.open()
    if try log.topic("pop") == nil {
      try log.createTopic("pop", partitions: 2, configuration: [:])
      life.topics.insert("pop")
      promise()
    }
    for _ in 0..<Int.random(in: 5...40, using: &life.random) {
      switch Int.random(in: 0..<100, using: &life.random) {
      case 0..<55: try append(life, log)
      case 55..<75:
        try log.flush()
        for partition in life.partitions { life.flushed[partition] = try log.offsets(partition).end }
        promise()
      case 75..<85:
        let group = "g\(Int.random(in: 0..<3, using: &life.random))"
        life.number += 1
        life.commitsMade[group, default: []].insert(Int64(life.number))
        try log.commit(group: group, [life.partitions[0]: Int64(life.number)])
        life.committed[group] = Int64(life.number)
        promise()
      case 85..<90:
        let name = "extra\(life.topicsMade.count)"
        life.topicsMade.insert(name)
        try log.createTopic(name, partitions: 1, configuration: ["retention.ms": "\(life.number + 1)"])
        life.topics.insert(name)
        promise()
      case 90..<95:
        for partition in life.partitions { life.flushed[partition] = try log.offsets(partition).end }
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

  /// Lets the power go at a random moment and moves to what is left.
  private func cut(
    _ life: Life, _ start: SimulatedDisk, _ changes: [FileChange], _ promises: [Promise], next: String
  ) throws {
    var disk = start
    let moment = Int.random(in: 0...changes.count, using: &life.random)
    for change in changes[..<moment] { disk.apply(change) }
    try disk.cutPower(life.directory, into: next, &life.random)
    let kept = promises.last { $0.changes <= moment }!
    life.flushed = kept.flushed
    life.committed = kept.commits
    life.topics = kept.topics
    life.directory = next
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
        expect(
          offsets.prefix { $0 < flushed } == appended.filter { $0 < flushed }.sorted()[...],
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
    try log.flush()
    for partition in life.topics.contains("pop") ? life.partitions : [] {
      life.flushed[partition] = try log.offsets(partition).end
    }
    return good
  }
}
