import Glibc
import MillArchive
import MillBase
import MillLog
import Testing

@testable import MillAgent

/// The two configuration files of the document that Millrace was made from, unchanged but for the directory.
@Suite struct SeedFilesTests {
  static let shared =
    getenv("MILLRACE_SHARED").map { String(cString: $0) } ?? Files.split(#filePath).directory + "/../../../shared"
  static let isThere = Files.exists("\(shared)/SEED.md")

  /// The blocks of the document marked as properties.
  private func blocks() throws -> [String] {
    try Files.readText("\(Self.shared)/SEED.md").split(separator: "```properties\n").dropFirst()
      .map { String($0[..<($0.firstRange(of: "```")?.lowerBound ?? $0.endIndex)]) }
  }

  @Test(.enabled(if: isThere, "skipped: no SEED.md beside the checkout"))
  func theyRunAndEveryKeyIsHonouredOrReported() throws {
    let bench = try Bench()
    let files = try blocks().map { $0.replacing("/home/bigdata/Desktop/pop", with: bench.spool) }
    try #require(files.count == 2)
    var environment = bench.environment()
    let systems = try FileSystems(root: "\(bench.directory)/hdfs")
    environment.fileSystem = { try systems.resolve($0) }
    for (name, text) in zip(["a1", "a2"], files) {
      try Files.writeAtomically(text, to: "\(bench.directory)/\(name).conf")
    }
    let agents = try ["a1", "a2"].map { name in
      try AgentRunner(configurationFile: "\(bench.directory)/\(name).conf", agentName: name, environment: environment)
    }
    func isReported(_ agent: Int, _ words: String...) -> Bool {
      agents[agent].problems.contains { problem in words.allSatisfy("\(problem)".contains) }
    }
    #expect(agents.flatMap(\.problems).allSatisfy { $0.code == .configurationWarning }, "\(agents.flatMap(\.problems))")
    #expect(isReported(0, "a1.conf:1", "s#", "no comment"))
    #expect(isReported(0, "a1.conf:22", "kafka.flumeBatchSize", "read by nothing"))
    #expect(isReported(1, "a2.conf:24", "hdfs.round", "no effect"))
    #expect(isReported(1, "begins at the end"))
    #expect(agents[0].problems.count == 2 && agents[1].problems.count == 2, "\(agents.flatMap(\.problems))")

    agents.forEach { $0.start() }
    try bench.put("response_20240101_000000.json", "{\"data\": []}")
    #expect(try eventually { try bench.spooled() == ["response_20240101_000000.json.COMPLETED"] })
    #expect(eventually { agents[1].status.component("k2")?.counter("EventDrainSuccessCount") == 1 })
    agents.forEach { $0.stop() }
    let archived = try Files.list("\(bench.directory)/hdfs/case_pop")
    #expect(archived == ["events-.pop-0-0-0"])
    let bytes = try Files.read("\(bench.directory)/hdfs/case_pop/\(archived[0])")
    #expect(String(decoding: bytes, as: UTF8.self).contains("{\"data\": []}") && bytes.starts(with: Array("SEQ".utf8)))
  }
}
