import MillBase
import MillDiskSupport
import Testing

@testable import MillLog

/// The power goes while one producer writes, segments roll and checkpoints are written: what is left is the beginning
/// of what was written, without a gap, with all that was flushed; and the producer goes on where the log ends.
@Suite struct RecoveryPowerCutTests {
  private static let options = LogOptions(
    flushInterval: .seconds(3600), checkpointSize: 500,
    topicDefaults: ["segment.bytes": "2500", "index.interval.bytes": "300"])

  private func open(_ directory: String) throws -> LocalLog {
    try LocalLog(directory: "\(directory)/data", options: Self.options)
  }

  private func send(_ log: LocalLog, _ sequence: Int) throws -> Int {
    let batch = try ProducerTests.batch(producer: 7, epoch: 0, sequence: Int32(sequence))
    return Int(try log.appendStored(batch, to: Fixture.partition).baseOffset)
  }

  private func end(_ log: LocalLog) throws -> Int { Int(try log.offsets(Fixture.partition).end) }

  @Test(arguments: 0..<8) func whatIsLeftHasNoGap(group: Int) throws {
    for seed in 0..<15 {
      let power = try PowerCut("recovery", seed: UInt64(group * 1000 + seed))
      try withExtendedLifetime(try open(power.directory)) { log in
        try log.createTopic("pop", partitions: 1, configuration: [:])
      }
      var flushed = 0
      for life in 1...3 {
        let origin: Comment = "seed \(group * 1000 + seed), life \(life)"
        var promises = [(changes: 0, flushed: flushed)]
        let (most, moment) = try power.cut { recorder in
          try work(power.directory, recorder, &promises, &power.random)
        }
        flushed = promises.last { $0.changes <= moment }!.flushed
        let log = try open(power.directory)
        let left = try end(log)
        #expect(left >= flushed && left <= most, "\(origin): \(flushed) flushed, \(most) written, \(left) left")
        #expect(try Fixture.all(log).map(\.0) == (0..<left).map(Int64.init), origin)
        // What was sent and is there is known, what is not there is taken.
        if left > 0 { #expect(try send(log, left - 1) == left - 1, origin) }
        #expect(try send(log, left) == left, origin)
        try log.checkInvariants()
        try log.flush()
        flushed = left + 1
        #expect(try LogInspector(directory: log.directory).inspect(Fixture.partition).isClean, origin)
      }
    }
  }

  /// - Returns: how many records were written at most.
  private func work(
    _ directory: String, _ recorder: DiskRecorder, _ promises: inout [(changes: Int, flushed: Int)],
    _ random: inout SeededRandom
  ) throws -> Int {
    var log: LocalLog? = try open(directory)
    for _ in 0..<Int.random(in: 5...60, using: &random) {
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<70: _ = try send(log!, end(log!))
      case 70..<90:
        try log!.flush()
        promises.append((recorder.count, try end(log!)))
      case 90..<95:
        try log!.close()
        log = try open(directory)
        promises.append((recorder.count, try end(log!)))
      default:
        // Killed: the system's cache is still there.
        log = nil
        log = try open(directory)
      }
    }
    return try end(log!)
  }
}
