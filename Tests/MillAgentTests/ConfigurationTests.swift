import MillArchive
import MillBase
import Testing

@testable import MillAgent

@Suite struct ConfigurationTests {
  private func problems(_ text: String, agent: String = "a1", environment: [String: String] = [:]) throws -> [String] {
    let variables = Variables(system: ["dir": "/given"]) { environment[$0] }
    return try AgentPlan(parsing: text, file: "f.conf", agent: agent, variables: variables).problems.map { "\($0)" }
  }

  private func plan(_ text: String, environment: [String: String] = [:]) throws -> AgentPlan {
    try AgentPlan(
      parsing: text, file: "f.conf", agent: "a1",
      variables: Variables(system: ["dir": "/given"]) { environment[$0] })
  }

  private let base = spoolToTopic()

  private func expectProblem(_ line: String, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    let found = try problems(base + "\n" + line)
    #expect(
      found.contains { problem in words.allSatisfy(problem.contains) && problem.hasPrefix("f.conf:") },
      "\(found)", sourceLocation: sourceLocation)
  }

  @Test func theBaseIsRight() throws { #expect(try problems(base) == []) }

  @Test func whatHasNoEffectIsReported() throws {
    try expectProblem("s# Name the components", "f.conf:16", "no comment")
    try expectProblem("a1.sinks.k1.kafka.flumeBatchSize = 20", "f.conf:16", "Flume reads 'flumeBatchSize'", "100")
    try expectProblem("a1.sources.r1.filSuffix = .x", "did you mean 'fileSuffix'?")
    try expectProblem("a1.sources.r2.type = spooldir", "r2 is not in 'a1.sources'")
    try expectProblem("a1.sink.k1.x = 1", "none of sources", "did you mean 'a1.sinks'?")
    try expectProblem("a1.sources.r1.fileSuffix =", "no value")
    try expectProblem("a1.sinks.k1.brokerList = h:1", "deprecated", "kafka.bootstrap.servers")
    try expectProblem("a1.sources.r1.fileHeader = yes", "'yes' is read as false")
    try expectProblem("a1.channels.c1.capacity = 2000", "f.conf:9", "set again in line 16")
  }

  @Test func whatCanNotRunIsAnError() throws {
    try expectProblem("a1.sources.r1.batchSize = 500", "above transactionCapacity 100")
    try expectProblem("a1.channels.c1.transactionCapacity = 2000", "above capacity 1000")
    try expectProblem("a1.channels.c1.capacity = many", "f.conf:16", "'many' is not a whole number")
    try expectProblem("a1.channels.c1.type = file", "Flume's channel 'file' can't be run here", "memory")
    try expectProblem("a1.sinks.k1.type = kafkaa", "is no sink of Flume")
    try expectProblem("a1.sinks.k1.channel = c9", "the channel c9 is not there", "c1")
    try expectProblem("a1.sources.r1.deserializer = AVRO", "not supported", "LINE")
    try expectProblem("a1.sources.r1.includePattern = (x", "not a regular expression")
    try expectProblem("a1.sinks.k1.kafka.topic = ${env:NOPE}", "NOPE is not set")
    try expectProblem("a1.sources.r1.interceptors = i1", "interceptors.i1.type", "has no type")
    try expectProblem("a1.sinkgroups.g1.sinks = k1", "sink groups are not supported")
    #expect(throws: MillError.self) { try problems(base, agent: "a9") }
  }

  @Test func checkAsksWhetherPathsCanBeServed() throws {
    let bench = try Bench()
    let file = "\(bench.directory)/agent.conf"
    try Files.writeAtomically(topicToArchive("a1.sinks.k2.hdfs.path = s3a://bucket/%Y"), to: file)
    let systems = try FileSystems(root: "/archive")
    let found = AgentRunner.check(file, name: nil, fileSystem: systems.resolve)
    let error = try #require(found.first { $0.code == .configuration })
    #expect(error.place?.line == 21 && "\(error)".contains("the scheme 's3a' is not supported"), "\(found)")
    #expect(AgentRunner.check("\(bench.directory)/none.conf", name: nil).count == 1)
    #expect("\(AgentRunner.check(file, name: "b"))".contains("it configures: a1"))
  }

  @Test func aBadComponentIsLeftOutAndTheRestRuns() throws {
    let plan = try plan(base + "\na1.sinks = k1 k2\na1.sinks.k2.type = hbase\na1.sinks.k2.channel = c1")
    #expect(plan.sinks.map(\.name) == ["k1"])
    #expect(plan.isRunnable)
  }

  @Test func valuesAreTrimmedAndFilledIn() throws {
    let plan = try plan(
      base + "\na1.sinks.k1.kafka.topic = pop-${env:WHERE}-${env:NONE:-x}-${sys:dir} ",
      environment: ["WHERE": "here"])
    guard case .kafka(let settings) = plan.sinks[0].settings else { throw MillError(.badInput, "no Kafka sink") }
    #expect(settings.topic.source == "pop-here-x-/given")
  }

  @Test func typesAreFoundByAliasAndClassName() throws {
    for type in ["spooldir", "SPOOLDIR", "org.apache.flume.source.SpoolDirectorySource"] {
      #expect(try plan(base.replacing("= spooldir", with: "= \(type)")).sources.count == 1, "\(type)")
    }
  }

  @Test func secretsFromTheEnvironmentAreNotShown() throws {
    let found = try problems(
      base + "\na1.sinks.k1.sasl.password = ${env:KAFKA_PASSWORD}", environment: ["KAFKA_PASSWORD": "hunter2hunter2"])
    #expect(found.contains { $0.contains("no such key") && !$0.contains("hunter2") }, "\(found)")
  }
}
