import Testing

@testable import MillBase

@Suite struct WorkerTests {
  @Test func stopsAndJoins() {
    let worker = Worker("test") { stop in stop.wait() }
    #expect(!worker.isFinished)
    worker.stop()
    worker.join()
    #expect(worker.isFinished)
  }

  @Test(arguments: [Duration.zero, .milliseconds(-5), .seconds(-3), .nanoseconds(-1), .milliseconds(1)])
  func waitEndsWithoutTheFlag(duration: Duration) { #expect(!Signal().wait(duration)) }

  @Test(arguments: [Duration.seconds(Int64.max), .seconds(1 << 40), .milliseconds(999)])
  func waitEndsWithTheFlag(duration: Duration) {
    let signal = Signal()
    let worker = Worker("setter") { _ in signal.set() }
    #expect(signal.wait(duration))
    worker.join()
  }

  @Test func waitersSeeEveryChange() {
    let turn = Monitor(0)
    onThreads(8) { index in
      for round in 0..<100 {
        turn.wait { $0 == round * 8 + index ? () : nil }
        turn.withLock { $0 += 1 }
      }
    }
    #expect(turn.withLock { $0 } == 800)
  }

  @Test func theLockIsOpenAfterAnError() {
    let monitor = Monitor(0)
    #expect(throws: MillError.self) {
      try monitor.withLock { _ in throw MillError(.limit, "x") }
    }
    #expect(throws: MillError.self) {
      _ = try monitor.wait(atMost: .seconds(1)) { _ -> Int? in throw MillError(.limit, "x") }
    }
    #expect(monitor.withLock { $0 } == 0)
  }
}
