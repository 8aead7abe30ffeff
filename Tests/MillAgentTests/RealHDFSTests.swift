import Glibc
import MillArchive
import MillBase
import MillLog
import Testing

@testable import MillAgent

/// The hdfs sink on a real HDFS (scripts/hdfs/up.sh prints the address).
@Suite struct RealHDFSTests {
  static let webHDFS = getenv("MILLRACE_WEBHDFS").map { String(cString: $0) }

  private let log = RecordLogDouble()
  private let root = "/agent/\(Clock.nowNanoseconds())"

  /// Numbered records, odd and even ones in a partition each.
  private func feed(_ numbers: Range<Int>) throws {
    if try log.topic("pop") == nil { try log.createTopic("pop", partitions: 2, configuration: [:]) }
    for number in numbers {
      _ = try log.append(
        [Record(value: Array("\(number)".utf8), timestamp: 1_700_000_000_000 + Int64(number) * 1000)],
        to: TopicPartition("pop", Int32(number % 2)), codec: .none)
    }
  }

  private func agent(_ bench: Bench, at address: String = webHDFS!, _ more: String) throws -> AgentRunner {
    var environment = bench.environment()
    let systems = try FileSystems(root: "/nowhere", webHDFS: [address], user: "hdfs")
    environment.fileSystem = { try systems.resolve($0) }
    let file = "\(bench.directory)/agent.conf"
    let text = topicToArchive(more).replacing("= archive/case_pop", with: "= hdfs://cluster\(root)/%H%M")
    try Files.writeAtomically(text, to: file)
    return try AgentRunner(configurationFile: file, agentName: "a1", environment: environment)
  }

  /// The lines of all files; none may be open.
  private func archived(at address: String = webHDFS!) throws -> [String] {
    let system = try WebHDFS(nameNodes: [address], user: "hdfs")
    return try system.list(root).flatMap { directory in
      try system.list("\(root)/\(directory.name)").flatMap { file in
        #expect(!file.name.hasSuffix(".tmp"), "\(file.name)")
        let bytes = try system.read("\(root)/\(directory.name)/\(file.name)", from: 0, count: 1 << 20)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
      }
    }
  }

  @Test(.enabled(if: webHDFS != nil, "skipped: MILLRACE_WEBHDFS names no HDFS (scripts/hdfs/up.sh)"))
  func recordsArriveOnceThoughTheAgentIsAbandonedMidway() throws {
    let bench = try Bench(log: log)
    for round in 0..<4 {
      try feed(round * 100..<(round + 1) * 100)
      let agent = try agent(bench, "a1.sinks.k2.hdfs.rollCount = 20")
      agent.start()
      #expect(eventually { agent.status.component("k2")?.counter("EventDrainSuccessCount") ?? 0 > 50 })
      // Without a drain open files stay as they are, as after a kill; the last round ends in order.
      agent.stop(drain: round < 3 ? .zero : AgentRunner.drainDefault)
    }
    #expect(try archived().sorted() == (0..<400).map(String.init).sorted())
  }

  @Test(.enabled(if: webHDFS != nil, "skipped: MILLRACE_WEBHDFS names no HDFS (scripts/hdfs/up.sh)"))
  func anOutageOfHDFSLosesNothing() throws {
    let bench = try Bench(log: log)
    // One of its own, since others work with the given one.
    let address = try run("up.sh", bench)
    defer { _ = try? run("down.sh", bench) }
    let agent = try agent(bench, at: address, "a1.sinks.k2.hdfs.rollCount = 150")
    agent.start()
    func drained() -> Int { agent.status.component("k2")?.counter("EventDrainSuccessCount") ?? 0 }
    for round in 0..<2 {
      try feed(round * 200..<round * 200 + 100)
      #expect(eventually { drained() >= round * 200 + 100 })
      _ = try run("down.sh", bench)
      let failures = agent.status.component("k2")?.counter("ConnectionFailedCount") ?? 0
      try feed(round * 200 + 100..<(round + 1) * 200)
      #expect(eventually { agent.status.component("k2")?.counter("ConnectionFailedCount") ?? 0 > failures })
      _ = try run("up.sh", bench)
      #expect(eventually(every: 100_000) { drained() >= (round + 1) * 200 })
    }
    agent.stop()
    #expect(try archived(at: address).sorted() == (0..<400).map(String.init).sorted())
  }

  /// Runs a script of scripts/hdfs on a directory of the bench; gives what it prints.
  private func run(_ script: String, _ bench: Bench) throws -> String {
    let scripts = Files.split(#filePath).directory + "/../../scripts/hdfs"
    let port = 20_000 + Int(getpid()) % 10_000
    let pipe = try #require(popen("HDFS_PORT=\(port) \(scripts)/\(script) '\(bench.directory)/hdfs' 2>&1", "r"))
    var byte = fgetc(pipe)
    var output: [UInt8] = []
    while byte != EOF {
      output.append(UInt8(truncatingIfNeeded: byte))
      byte = fgetc(pipe)
    }
    let text = trim(String(decoding: output, as: UTF8.self))
    try #require(pclose(pipe) == 0, "\(text)")
    return text
  }
}
