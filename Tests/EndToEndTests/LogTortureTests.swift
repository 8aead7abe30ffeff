import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// Clients of librdkafka (idempotent, transactional, consume-transform-produce, groups whose members come and go)
  /// against a broker that is killed, stopped, cut off and has its disk torn, as a seed decides.
  ///
  /// MILLRACE_TORTURE_SEED is another seed. MILLRACE_TORTURE (10m, or `seeds` for that) goes on so long with the seeds
  /// after it, until the first flaw. A line names each seed first: `make torture FOR=10m SEED=1`.
  @Suite struct LogTortureTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let firstSeed = environment["MILLRACE_TORTURE_SEED"].flatMap { UInt64($0) } ?? 1
    private static let faultSeconds = 12

    @Test(.enabled(if: Python.isInstalled, "skipped: no .venv (scripts/setup.sh test)"))
    func whatIsAcknowledgedStaysAndWhatIsCommittedIsReadOnce() throws {
      let end = ContinuousClock.now + .seconds(Self.environment["MILLRACE_TORTURE"].map(Self.seconds) ?? 0)
      var seed = Self.firstSeed
      while try torture(seed: seed), ContinuousClock.now < end { seed += 1 }
    }

    /// 90s, 10m, 2h; ten minutes for other words.
    private static func seconds(_ text: String) -> Int {
      let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
      guard let number = Int(text.dropLast()), let unit = text.last.flatMap({ units[$0] }) else { return 600 }
      return number * unit
    }

    /// false when something is wrong, which has been said.
    private func torture(seed: UInt64) throws -> Bool {
      print("torture: MILLRACE_TORTURE_SEED=\(seed)")
      // In memory, where syncs cost nothing but what the torture adds.
      let directory =
        Files.exists("/dev/shm")
        ? "/dev/shm/millrace-torture.\(getpid()).\(seed)" : try Files.makeTemporaryDirectory("millrace-torture")
      try Files.makeDirectory(directory)
      // Beyond its own limits, a client stands still in its library.
      let script = "\(Places.root)/Tests/EndToEndTests/Scripts/log_torture.py"
      let (output, status) = try Executable.run(
        "timeout",
        ["-s", "KILL", "240", Python.path, script, Places.millrace, directory, "\(seed)", "\(Self.faultSeconds)"])
      #expect(status == 0, "seed \(seed), \(directory): \(output)")
      if status != 0 { return false }
      var history = LogHistory(parsing: try Files.readText("\(directory)/history.tsv"))
      let data = "\(directory)/data"
      for place in Set(history.stored.map(\.place)) {
        let (dump, status) = try Executable.run(
          Places.millrace, ["dump", data, "--topic", place.topic, "--partition", String(place.partition)])
        #expect(status == 0, "seed \(seed): \(dump.suffix(1000))")
        history.addMarkers(place, dump: dump)
      }
      // Files beside the segments that were torn and not needed since are as they were.
      let (checked, _) = try Executable.run(Places.millrace, ["fsck", data])
      let damage = checked.split(separator: "\n").filter {
        $0.contains("wrong:") && ($0.contains(".log") || $0.contains("are missing"))
      }
      #expect(damage.isEmpty, "seed \(seed), \(directory): \(checked)")
      let flaws = LogHistoryCheck(history, derived: ["out": "plain"]).flaws
      print(
        "torture: \(history.stored.count) records, \(history.outcomes.count) transactions, "
          + "\(history.faults.count) faults, \(flaws.count) flaws")
      #expect(
        flaws.isEmpty, "seed \(seed), \(directory):\n\((history.faults + flaws.prefix(20)).joined(separator: "\n"))")
      guard damage.isEmpty, flaws.isEmpty else { return false }
      try Files.removeTree(directory)
      return true
    }
  }
}
