import MillBase
import Testing

@testable import MillAgent

@Suite struct AgentCommandTests {
  private func parse(_ line: String) throws -> AgentCommand {
    try #require(try AgentCommand.parse(line.split(separator: " ").map(String.init)))
  }

  @Test func flumesCommandLinesAreUnderstood() throws {
    let seed = try parse("--conf conf --conf-file /c/logkafka.conf --name a1 -Dflume.root.logger=DEBUG,console")
    #expect(seed.configurationFile == "/c/logkafka.conf" && seed.name == "a1" && seed.logLevel == .debug)
    #expect(seed.notices.count == 1)
    let short = try parse("-n a2 -f x.conf -c conf -Xmx200m -Dk=v=w -Dflag --no-reload-conf -d")
    #expect(short.name == "a2" && short.properties == ["k": "v=w", "flag": "true"] && short.isDryRun)
    let watched = try parse("--name=a --conf-file=f -Dflume.monitoring.type=HTTP -Dflume.monitoring.port=1234")
    #expect(watched.monitoringPort == 1234)
    #expect(try parse("-n a -f f -Dflume.monitoring.type=http").monitoringPort == 41414)
    #expect(try AgentCommand.parse(["--help"]) == nil)
  }

  @Test func whatIsWrongIsNamed() {
    for (line, words) in [
      ("-f x", "--name is missing"), ("-n a", "--conf-file is missing"), ("-n a -f", "-f needs a value"),
      ("-n a -f x -z host", "-z is not supported"), ("-n a -f x --conf-fle y", "did you mean '--conf-file'?"),
      ("-n a -f x -Dflume.root.logger=LOUD", "LOUD"), ("-n a -f x -f y", "twice"),
      ("-n a -f x -Dflume.monitoring.type=ganglia", "ganglia"),
    ] {
      do {
        _ = try parse(line)
        Issue.record("accepted: \(line)")
      } catch { #expect("\(error)".contains(words), "\(error)") }
    }
  }

  @Test func countersAreServedAsFlumeDoes() throws {
    let log = RecordLogDouble()
    let bench = try Bench(log: log)
    try bench.put("a.txt", "1\n2\n")
    let agent = try bench.agent(spoolToTopic())
    let monitor = try AgentMonitor(port: 0, runners: [agent])
    defer { monitor.stop() }
    agent.start()
    #expect(eventually { log.values("pop").count == 2 })
    agent.stop()
    let answer = try HTTPClient().send(HTTPRequest("GET", "http://\(monitor.address)/metrics"))
    let json = try JSONValue(parsing: answer.body)
    #expect(json["SOURCE.r1"]?["EventAcceptedCount"] == "2" && json["SOURCE.r1"]?["Type"] == "SOURCE")
    #expect(json["CHANNEL.c1"]?["ChannelCapacity"] == "1000" && json["CHANNEL.c1"]?["ChannelSize"] == "0")
    #expect(json["SINK.k1"]?["EventDrainSuccessCount"] == "2")
    #expect(
      bench.metrics.prometheusText().contains(
        "millrace_agent_event_drain_success_total{agent=\"a1\",component=\"k1\"} 2"))
  }
}
