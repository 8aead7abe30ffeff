import Foundation
import MillBase
import MillLog
import MillStore
import Synchronization

/// A pipeline topic → query → store with a finite input, run by the real executable: undisturbed, or killed at a step and
/// started again.
final class OnceBench: Sendable {
  struct Run: Sendable {
    /// What it was killed before.
    var step = ""
    var stepCount = 0
    /// How often the undisturbed run took a step of each kind.
    var kinds: [String: Int] = [:]
    /// Points of the store without their times, sorted.
    var points: [String]
    /// Names of the checkpoint's files.
    var checkpoint: Set<String>
  }

  /// Processes at a time: they mostly wait for the disk.
  private static let lanes = 4

  private let scenario: EndToEnd.ExactlyOnceTests.Scenario
  private let directory: String
  private let killer: StepKiller

  init(_ scenario: EndToEnd.ExactlyOnceTests.Scenario) throws {
    self.scenario = scenario
    directory = try Files.makeTemporaryDirectory("millrace-once")
    killer = try StepKiller(in: directory)
    try append(scenario.rows.prefix(scenario.rowsBefore), isNew: true)
    if scenario.rowsBefore > 0 {
      let lane = try makeLane("before")
      try expectEnd(run(lane, data: base))
    }
    try append(scenario.rows.dropFirst(scenario.rowsBefore), isNew: false)
  }

  deinit { try? Files.removeTree(directory) }

  /// The data directory that every run begins with a copy of.
  private var base: String { "\(directory)/base" }

  private func append(_ rows: ArraySlice<String>, isNew: Bool) throws {
    let log = try LocalLog(directory: base + "/log")
    if isNew { try log.createTopic("events", partitions: scenario.partitions, configuration: [:]) }
    for (number, row) in rows.enumerated() {
      let parts = row.split(separator: " ")
      let json = "{\"k\": \"\(parts[0])\", \"ts\": \"2024-01-01T00:\(parts[1])Z\", \"n\": \(parts[2])}"
      let partition = TopicPartition("events", Int32(number % scenario.partitions))
      _ = try log.append([Record(value: Array(json.utf8))], to: partition, codec: .none)
    }
    try log.close()
  }

  /// A directory with the pipeline on ports of its own.
  private func makeLane(_ name: String) throws -> String {
    let (lane, kafka) = ("\(directory)/lane-\(name)", try Places.freePort())
    try Files.makeDirectory(lane)
    let pipeline = """
      name: once
      log: { listen: "127.0.0.1:\(kafka)" }
      queries:
        q:
          file: q.sql
          measurement: m
          tags: [\(scenario.tags.joined(separator: ", "))]
          time: at
          outputMode: \(scenario.outputMode)
          trigger: AvailableNow
      store: { listen: "127.0.0.1:\(try Places.freePort())", database: d }
      """
    try Files.writeAtomically(pipeline, to: lane + "/pipeline.yaml")
    let select = scenario.select.contains(" FROM ") ? scenario.select : scenario.select + " FROM events"
    let script = """
      CREATE TEMPORARY VIEW raw USING kafka OPTIONS (kafka.bootstrap.servers '127.0.0.1:\(kafka)', subscribe 'events',
        startingOffsets 'earliest', maxOffsetsPerTrigger '\(scenario.rowsOfBatch)');
      CREATE TEMPORARY VIEW events AS SELECT j.* FROM (
        SELECT from_json(CAST(value AS STRING), 'k STRING, ts TIMESTAMP, n INT') AS j FROM raw);
      SELECT \(select.replacing(", at", with: ", current_timestamp() AS at"))
      """
    try Files.writeAtomically(script, to: lane + "/q.sql")
    return lane
  }

  /// Starts the chain, which takes all that is there and ends.
  private func run(
    _ lane: String, data: String, dieAt step: Int? = nil
  ) throws -> (output: String, status: Int32) {
    let environment = step.map {
      killer.environment(below: ["\(data)/checkpoints", "\(data)/store"], dieAt: $0, record: data + ".steps")
    }
    return try Executable.run(
      Places.millrace, ["run", lane, "--data", data, "--for", "1ms", "--quiet"], environment: environment ?? [:])
  }

  private func expectEnd(_ result: (output: String, status: Int32)) throws {
    guard result.status == 0, !result.output.contains(" ERROR ") else {
      throw MillError(.system, "millrace run ended with \(result.status): \(result.output)")
    }
  }

  func undisturbed() throws -> Run {
    let data = "\(directory)/whole"
    try FileManager.default.copyItem(atPath: base, toPath: data)
    try expectEnd(run(makeLane("whole"), data: data, dieAt: 0))
    let record = try Files.readText(data + ".steps")
    var run = try look(data)
    let kinds = StepKiller.kinds(record, below: data)
    (run.kinds, run.stepCount) = (Dictionary(kinds.map { ($0, 1) }, uniquingKeysWith: +), kinds.count)
    return run
  }

  /// Kills a run at step `first`, `first + stride`, … until one ends before it is killed; starts each again.
  func killAtSteps(every stride: Int, from first: Int) throws -> [Run] {
    let next = Atomic<Int>(first)
    let found = Mutex<(runs: [(Int, Run)], error: (any Error)?, isDone: Bool)>(([], nil, false))
    let workers = (0..<Self.lanes).map { number in
      Worker("once-\(number)") { [self] _ in
        do {
          let lane = try makeLane("\(number)")
          while !found.withLock({ $0.isDone || $0.error != nil }) {
            let step = next.add(stride, ordering: .relaxed).oldValue
            guard let run = try killAndGoOn(lane, step) else { return found.withLock { $0.isDone = true } }
            found.withLock { $0.runs.append((step, run)) }
          }
        } catch { found.withLock { $0.error = error } }
      }
    }
    for worker in workers { worker.join() }
    return try found.withLock { found in
      if let error = found.error { throw error }
      return found.runs.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  /// nil when the run ended before the step.
  private func killAndGoOn(_ lane: String, _ step: Int) throws -> Run? {
    let data = "\(directory)/cut\(step)"
    defer {
      try? Files.removeTree(data)
      try? Files.removeTree(data + ".steps")
    }
    try FileManager.default.copyItem(atPath: base, toPath: data)
    let killed = try run(lane, data: data, dieAt: step)
    guard killed.status == 128 + SIGKILL else {
      try expectEnd(killed)
      return nil
    }
    let last = String(try Files.readText(data + ".steps").split(separator: "\n").last ?? "")
    do {
      try expectEnd(run(lane, data: data))
      var run = try look(data)
      run.step = last.replacing(data + "/", with: "")
      return run
    } catch { throw MillError(.system, "after a kill before step \(last): \(error)") }
  }

  /// One run after the other over the same data, killed at the steps that `next` says for the number of the run, until
  /// one ends before it is killed.
  func killInEveryRun(_ next: (Int) -> Int) throws -> (Run, kills: Int) {
    let (lane, data) = (try makeLane("again"), "\(directory)/again")
    try FileManager.default.copyItem(atPath: base, toPath: data)
    for number in 0..<500 {
      let result = try run(lane, data: data, dieAt: next(number))
      if result.status == 128 + SIGKILL { continue }
      try expectEnd(result)
      return (try look(data), number)
    }
    throw MillError(.limit, "the chain does not get on")
  }

  private func look(_ data: String) throws -> Run {
    Log.setThreshold(.warning)
    let engine = try StoreEngine(directory: data + "/store")
    defer { try? engine.close() }
    let server = try StoreServer(engine: engine, listen: Address(host: "127.0.0.1", port: 0))
    defer { server.stop() }
    let url = "http://\(server.address)/query?db=d&q=SELECT%20*%20FROM%20m"
    let json = try JSONValue(parsing: HTTPClient().send(HTTPRequest("GET", url)).body)
    let series = json["results"]?[0]?["series"]?[0]
    let columns = series?["columns"]?.array?.compactMap(\.string) ?? []
    let points = (series?["values"]?.array ?? []).map { row in
      zip(columns, row.array ?? []).filter { $0.0 != "time" }.map { "\($0)=\($1.text())" }.joined(separator: " ")
    }
    let checkpoint = try FileManager.default.subpathsOfDirectory(atPath: data + "/checkpoints")
    return Run(points: points.sorted(), checkpoint: Set(checkpoint))
  }
}
