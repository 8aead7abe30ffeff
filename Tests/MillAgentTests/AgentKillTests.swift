import Glibc
import MillArchive
import MillBase
import MillLog
import Testing

@testable import MillAgent

/// kill -9 of an agent's process, many times over: what it was given is there once.
@Suite(.serialized) struct AgentKillTests {
  static let kills = 8
  /// Put into the spool before each start, and lines of each.
  static let files = 30
  static let lines = 40

  /// Runs in the process that is killed: the agents of a directory over a log of their own.
  @Test(.enabled(if: getenv("MILLRACE_TEST_AGENT") != nil, "runs in processes that the other tests start"))
  func agentThatIsKilled() throws {
    let directory = String(cString: getenv("MILLRACE_TEST_AGENT"))
    let log = try LocalLog(directory: "\(directory)/log")
    let environment = AgentEnvironment(
      baseDirectory: directory, stateDirectory: "\(directory)/state", openLog: { _, _ in log },
      fileSystem: { path in (LocalFileSystem(), Files.resolve(path, in: directory)) })
    for name in ["spool.conf", "archive.conf"] where Files.exists("\(directory)/\(name)") {
      let runner = try AgentRunner(
        configurationFile: "\(directory)/\(name)", agentName: "a1", environment: environment)
      runner.start()
    }
    Signal().wait(.seconds(60))
  }

  /// Starts this test executable again, with nothing but the test above.
  private func startAgent(in directory: String) throws -> pid_t {
    let arguments = ["/proc/self/exe", "--testing-library", "swift-testing", "--filter", "agentThatIsKilled"]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, "\(directory)/output", O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    setenv("MILLRACE_TEST_AGENT", directory, 1)
    defer { unsetenv("MILLRACE_TEST_AGENT") }
    var argv = arguments.map { strdup($0) } + [nil]
    defer { argv.forEach { free($0) } }
    var pid: pid_t = 0
    let path = try #require(realpath("/proc/self/exe", nil))
    defer { free(path) }
    try #require(posix_spawn(&pid, path, &actions, nil, &argv, environ) == 0)
    return pid
  }

  private func kill(_ pid: pid_t) {
    Glibc.kill(pid, SIGKILL)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
  }

  @Test func everythingIsThereOnce() throws {
    let bench = try Bench()
    let more = """
      a1.sources.r1.batchSize = 7
      a1.sinks.k1.flumeBatchSize = 5
      """
    try Files.writeAtomically(
      spoolToTopic(more).replacing("DIR", with: bench.directory), to: "\(bench.directory)/spool.conf")
    try Files.writeAtomically(
      topicToArchive("a1.sinks.k2.hdfs.rollCount = 9\na1.sinks.k2.hdfs.rollInterval = 1"),
      to: "\(bench.directory)/archive.conf")
    var expected: [String] = []
    func feed(_ round: Int) throws {
      for file in 0..<Self.files {
        let lines = (0..<Self.lines).map { "\(round)/\(file)/\($0)" }
        expected += lines
        try bench.put("\(round)-\(file).txt", lines.map { $0 + "\n" }.joined())
      }
    }
    var midways = 0
    for round in 0..<Self.kills {
      try feed(round)
      let pid = try startAgent(in: bench.directory)
      // Somewhere between the first file of the round and the last.
      let target = try finished(bench) + Int.random(in: 1..<Self.files)
      _ = try eventually(every: 500) { try finished(bench) >= target }
      usleep(UInt32.random(in: 0...20_000))
      kill(pid)
      if try finished(bench) < expected.count / Self.lines { midways += 1 }
    }
    // The kills came while there was work, or they prove nothing.
    #expect(midways >= Self.kills / 3, "\(midways)")
    let pid = try startAgent(in: bench.directory)
    let done = try eventually {
      try bench.spooled().allSatisfy { $0.hasSuffix(".COMPLETED") } && archived(bench).count >= expected.count
    }
    kill(pid)
    let output = try Files.readText("\(bench.directory)/output").suffix(3000)
    #expect(done, "\(output)")

    let log = try LocalLog(directory: "\(bench.directory)/log")
    var records: [String] = []
    let end = try log.offsets(TopicPartition("pop", 0)).end
    var offset: Int64 = 0
    while offset < end {
      let batch = try log.read(TopicPartition("pop", 0), from: offset, maxBytes: 1 << 20, wait: .zero)
      records += (0..<batch.count).map { String(decoding: batch.value($0) ?? [], as: UTF8.self) }
      offset = batch.nextOffset
    }
    try log.close()
    #expect(records.sorted() == expected.sorted())
    #expect(try archived(bench).sorted() == expected.sorted())
  }

  private func finished(_ bench: Bench) throws -> Int { try bench.spooled().count { $0.hasSuffix(".COMPLETED") } }

  /// The lines of all complete files.
  private func archived(_ bench: Bench) throws -> [String] {
    let directory = "\(bench.archive)/case_pop"
    return try LocalFileSystem().list(directory).filter { !$0.name.hasSuffix(".tmp") }.flatMap { file in
      try Files.readText("\(directory)/\(file.name)").split(separator: "\n").map(String.init)
    }
  }
}
