import Foundation
import MillBase
import MillLog
import Synchronization
import Testing

extension EndToEnd {
  /// kill -9 at every step of the micro-batch protocol: what the process does to a file of the checkpoint or of the
  /// store is a step, and the real process dies at each, once. The next start brings what an undisturbed run brings.
  @Suite struct ExactlyOnceTests {
    struct Scenario: Sendable, CustomTestStringConvertible {
      var testDescription: String
      var select: String
      var outputMode = "append"
      /// Columns that are different for any two rows that a right run hands on: a row that comes twice, with the time of
      /// another micro-batch, is two points.
      var tags: [String]
      /// `key minute:second number`
      var rows: [String]
      /// Of the rows, those that have gone through before the process is killed.
      var rowsBefore = 0
      var rowsOfBatch = 3
      var partitions = 1
      /// A small subset of the steps is this far apart. Has no factor in common with the steps of a file (6) or of the
      /// state's four parts.
      var stride = 13
      /// What must be among the steps, or the enumeration has missed the protocol.
      var steps: [String] = []

      /// Is it a file of a micro-batch that a hundred have followed?
      func isOld(_ path: String) -> Bool {
        let number = path.split(separator: "/").last?.split(separator: ".").first.flatMap { Int($0) }
        return number.map { $0 <= rows.count / rowsOfBatch - 100 } ?? false
      }

      static let events = [
        "x 00:10 1", "x 00:10 1", "y 00:31 3", "y 01:00 4", "x 00:12 5", "z 01:05 7", "z 01:05 7", "x 02:00 8",
        "y 05:00 9", "x 05:10 10", "z 06:00 11",
      ]
      static func file(_ name: String) -> [String] {
        let path = "checkpoints/q/\(name)"
        return ["create", "write", "write-half"].map { "\($0) \(path).tmp" } + ["rename \(path)"]
      }
      static let protocolSteps =
        ["offsets/#", "commits/#", "sources/#/#", "metadata"].flatMap(file)
        + ["sync checkpoints/q/offsets/#", "sync checkpoints/q/sources/#", "write store/d.points-wal"]
      static let stateSteps =
        file("state/#/#/#.delta") + file("state/#/_metadata/schema") + ["sync checkpoints/q/state/#/#/#.delta"]

      static let all: [Scenario] = [
        Scenario(
          testDescription: "rows as they are, of two partitions", select: "k, CAST(n AS STRING) AS n, 1 AS one, at",
          tags: ["k", "n"], rows: (0..<10).map { "k\($0 % 3) 00:10 \($0)" }, partitions: 2, stride: 7,
          steps: protocolSteps),
        Scenario(
          testDescription: "rows that are the same in any micro-batch",
          select: "k, CAST(n AS STRING) AS n, 1 AS one, ts AS at", tags: ["k", "n"],
          rows: (0..<10).map { "k\($0 % 3) 00:10 \($0)" }, steps: protocolSteps),
        Scenario(
          testDescription: "groups, update",
          select: "k, CAST(count(*) AS STRING) AS c, sum(n) AS total, at FROM events GROUP BY k", outputMode: "update",
          tags: ["k", "c"], rows: events, steps: protocolSteps + stateSteps),
        Scenario(
          testDescription: "windows, append",
          select: "k, CAST(window.start AS STRING) AS start, count(*) AS c, sum(n) AS total, at "
            + "FROM events WATERMARK ts DELAY OF INTERVAL 10 SECONDS GROUP BY window(ts, '30 seconds'), k",
          tags: ["k", "start"], rows: events, steps: protocolSteps + stateSteps),
        Scenario(
          testDescription: "without duplicates",
          select: "k, CAST(n AS STRING) AS n, 1 AS one, at "
            + "FROM events WATERMARK ts DELAY OF INTERVAL 10 SECONDS DEDUPLICATE BY (k, n, ts)",
          tags: ["k", "n"], rows: events, steps: protocolSteps + stateSteps),
        Scenario(
          testDescription: "snapshots and what is removed after a hundred micro-batches",
          select: "k, CAST(count(*) AS STRING) AS c, sum(n) AS total, at FROM events GROUP BY k", outputMode: "update",
          tags: ["k", "c"], rows: (0..<114).map { "k\($0 * $0 % 7) 00:10 \($0)" }, rowsBefore: 108, rowsOfBatch: 1,
          steps: ["offsets/#", "commits/#"].map { "unlink checkpoints/q/\($0)" }
            + file("state/#/#/#.snapshot") + ["sync checkpoints/q/state/#/#"]
            // Old ones that new ones are written over.
            + ["rename checkpoints/q/state/#/#/#.delta.tmp"]),
      ]
    }

    @Test(.enabled(if: StepKiller.compiler != nil, "no C compiler is installed"), arguments: Scenario.all)
    func aKillAtAnyStepChangesNothing(_ scenario: Scenario) throws {
      let bench = try OnceBench(scenario)
      let whole = try bench.undisturbed()
      let missing = scenario.steps.filter { whole.kinds[$0] == nil }
      #expect(missing == [])
      // A sync costs a row more time than all else: one before the sink, none after it but those of the state.
      let batches = whole.kinds["rename checkpoints/q/offsets/#"]
      #expect(whole.kinds["sync checkpoints/q/offsets/#"] == batches)
      let syncsElsewhere = whole.kinds.keys.filter { $0.hasPrefix("sync checkpoints/q/commits") }
      #expect(syncsElsewhere == [] && whole.kinds["sync checkpoints/q/offsets"] == nil)
      #expect(whole.points.count > scenario.rows.count / 3, "\(whole.points)")
      #expect(Set(whole.points).count == whole.points.count)

      let every = ProcessInfo.processInfo.environment["MILLRACE_REAL"] == nil ? scenario.stride : 1
      let runs = try bench.killAtSteps(every: every, from: 1)
      for run in runs {
        #expect(run.points == whole.points, "killed before \(run.step)")
        // Snapshots may come, and what is old may go, some micro-batches sooner or later; what is half written must be
        // gone.
        let missing = whole.checkpoint.subtracting(run.checkpoint).filter {
          !$0.hasSuffix(".snapshot") && !scenario.isOld($0)
        }
        #expect(missing == [], "killed before \(run.step)")
        #expect(run.checkpoint.filter { $0.hasSuffix(".tmp") } == [], "killed before \(run.step)")
      }
      // All were killed, up to the number of steps that the undisturbed run took, about.
      #expect(runs.count * every > whole.stepCount * 9 / 10, "\(runs.count) of \(whole.stepCount)")
      print("\(scenario.testDescription): killed at \(runs.count) of \(whole.stepCount) steps")
    }

    /// What goes on after a kill is killed too, again and again.
    @Test(.enabled(if: StepKiller.compiler != nil, "no C compiler is installed"), arguments: Scenario.all[2...4])
    func aChainThatIsKilledInEveryRunEnds(_ scenario: Scenario) throws {
      let bench = try OnceBench(scenario)
      let whole = try bench.undisturbed()
      // A first run takes most of its steps before its first micro-batch; 90 are enough for one after that.
      let steps = [37, 5, 61, 23, 90, 48, 71, 14, 83]
      let (run, kills) = try bench.killInEveryRun { $0 == 0 ? 160 : steps[$0 % steps.count] }
      #expect(run.points == whole.points)
      #expect(run.checkpoint == whole.checkpoint)
      #expect(kills > 4)
    }
  }
}
