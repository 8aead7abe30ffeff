import MillBase
import Testing

@testable import MillAgent

@Suite struct InterceptorTests {
  /// What an interceptor makes of an event: its headers and body, or nil when it is dropped.
  private func pass(_ keys: String, headers: [String: String] = ["a": "1"], body: String = "user=ann id=7") throws
    -> String?
  {
    let lines = keys.split(separator: ";").map { "a1.sources.r1.interceptors.i1.\(trim($0))" }
    let text = spoolToTopic("a1.sources.r1.interceptors = i1\n" + lines.joined(separator: "\n"))
    let plan = try AgentPlan(parsing: text, file: "f", agent: "a1")
    let interceptor = try #require(plan.sources.first?.interceptors.first, "\(plan.problems)")
    var event = Event(headers: headers, body: Array(body.utf8))
    guard interceptor.intercept(&event) else { return nil }
    let sorted = event.headers.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return sorted.joined(separator: ",") + " " + String(decoding: event.body, as: UTF8.self)
  }

  @Test func asInFlume() throws {
    #expect(try pass("type = static; key = b; value = 2") == "a=1,b=2 user=ann id=7")
    #expect(try pass("type = static; key = a; value = 2") == "a=1 user=ann id=7")
    #expect(try pass("type = static; key = a; value = 2; preserveExisting = false") == "a=2 user=ann id=7")
    #expect(try pass("type = remove_header; withName = a") == " user=ann id=7")
    #expect(try pass("type = remove_header; fromList = x , a") == " user=ann id=7")
    #expect(try pass("type = remove_header; matching = [b-z]") == "a=1 user=ann id=7")
    #expect(
      try pass(#"type = search_replace; searchPattern = (\\w+)=(\\w+); replaceString = $2:$1"#) == "a=1 ann:user 7:id")
    #expect(try pass("type = regex_filter; regex = id=7") != nil)
    #expect(try pass("type = regex_filter; regex = id=8") == nil)
    #expect(try pass("type = regex_filter; regex = id=7; excludeEvents = true") == nil)
    #expect(
      try pass(
        #"type = regex_extractor; regex = user=(\\w+) id=(\\d); serializers = s t; serializers.s.name = u; serializers.t.name = i"#
      )
        == "a=1,i=7,u=ann user=ann id=7")
    #expect(
      try pass("type = org.apache.flume.interceptor.TimestampInterceptor$Builder", body: "")!.hasPrefix(
        "a=1,timestamp=1"))
    #expect(
      try pass("type = timestamp; preserveExisting = true", headers: ["timestamp": "5"], body: "") == "timestamp=5 ")
    #expect(try pass("type = host; useIP = false; hostHeader = h", body: "")!.contains(",h="))
  }

  @Test func selectorsSendEventsByHeader() throws {
    let text = spoolToTopic(
      """
      a1.channels = c1 c2
      a1.channels.c2.type = memory
      a1.sinks = k1 k2
      a1.sinks.k2.type = null
      a1.sinks.k2.channel = c2
      a1.sources.r1.channels = c1 c2
      a1.sources.r1.selector.type = multiplexing
      a1.sources.r1.selector.header = kind
      a1.sources.r1.selector.mapping.x = c2
      a1.sources.r1.selector.mapping.y = c1 c2
      a1.sources.r1.selector.default = c1
      """)
    let selector = try #require(try AgentPlan(parsing: text, file: "f", agent: "a1").sources.first?.selector)
    func channels(_ kind: String?) -> [Int] {
      selector.channels(for: Event(headers: kind.map { ["kind": $0] } ?? [:], body: []), of: 2)
    }
    #expect(channels("x") == [1] && channels("y") == [0, 1] && channels("z") == [0] && channels(nil) == [0])
  }

  @Test func droppedEventsCountAsDelivered() throws {
    let log = RecordLogDouble()
    let bench = try Bench(log: log)
    try bench.put("a.txt", "keep\ndrop\nkeep too\n")
    try bench.put("b.txt", "drop\n")
    let agent = try bench.agent(
      spoolToTopic(
        """
        a1.sources.r1.interceptors = i1
        a1.sources.r1.interceptors.i1.type = regex_filter
        a1.sources.r1.interceptors.i1.regex = keep
        """))
    agent.start()
    #expect(try eventually { try bench.spooled() == ["a.txt.COMPLETED", "b.txt.COMPLETED"] })
    agent.stop()
    #expect(log.values("pop") == ["keep", "keep too"])
  }

  @Test func theAvroEnvelopeIsFlumes() throws {
    // {"a": "b"} and "xy": one entry, its strings, the end of the map, the body; counts are zigzag.
    let bytes: [UInt8] = [2, 2, 0x61, 2, 0x62, 0, 4, 0x78, 0x79]
    #expect(AvroEvent.encode(Event(headers: ["a": "b"], body: Array("xy".utf8))) == bytes)
    let event = try AvroEvent.decode(bytes)
    #expect(event.headers == ["a": "b"] && event.body == Array("xy".utf8))
    // A block with its size, as other writers make it.
    #expect(try AvroEvent.decode([1, 8, 2, 0x61, 2, 0x62, 0, 0]).headers == ["a": "b"])
    for bad: [UInt8] in [[], [2, 2], [0, 9, 1], [0xFF]] {
      #expect(throws: MillError.self) { try AvroEvent.decode(bad) }
    }
  }
}
