import MillBase
import MillLog
import Testing

@testable import MillKafka

/// Fetches through the handler: sessions (KIP-227) and topics by id (KIP-516).
@Suite struct FetchTests {
  private func check(
    partitions: Int = 3, _ options: ServerOptions = ServerOptions(), _ body: (RequestHandler, LocalLog) throws -> Void
  ) throws {
    let harness = try Harness(.local)
    defer { harness.close() }
    try harness.local.createTopic("pop", partitions: partitions, configuration: [:])
    let handler = try RequestHandler(log: harness.local, advertised: Address("127.0.0.1:1"), options: options)
    try body(handler, harness.local)
  }

  private func append(_ log: LocalLog, _ partition: Int32, size: Int = 10) throws {
    let record = Record(value: [UInt8](repeating: 1, count: size))
    _ = try log.append([record], to: TopicPartition("pop", partition), codec: .none)
  }

  private func request(
    session: Int32 = 0, epoch: Int32, _ offsets: [Int32: Int64] = [:], forget: [Int32] = [], id: TopicID = .zero
  ) -> FetchRequest {
    var fetch = FetchRequest()
    (fetch.sessionID, fetch.sessionEpoch) = (session, epoch)
    var topic = FetchRequest.Topic()
    (topic.name, topic.id) = ("pop", id)
    topic.partitions = offsets.sorted { $0.key < $1.key }.map { index, offset in
      var partition = FetchRequest.Partition()
      (partition.index, partition.fetchOffset, partition.maxBytes) = (index, offset, 1000)
      return partition
    }
    if !offsets.isEmpty { fetch.topics = [topic] }
    var forgotten = FetchRequest.Forgotten()
    (forgotten.topic, forgotten.id, forgotten.partitions) = ("pop", id, forget)
    if !forget.isEmpty { fetch.forgotten = [forgotten] }
    return fetch
  }

  private func send(_ handler: RequestHandler, _ fetch: FetchRequest, version: Int16 = 11) throws -> FetchResponse {
    let isFlexible = API.fetch.isFlexible(version)
    var body = MessageWriter(version: version, isFlexible: isFlexible)
    try body.write(fetch)
    let header = RequestHeader(apiKey: 1, version: version, correlationID: 7, clientID: nil)
    let request = RequestHandler.Request(api: .fetch, header: header, body: body.out.bytes[...])
    guard case .now(let bytes) = try handler.fetch(request) else { throw MillError(.badInput, "it waits") }
    var reader = MessageReader(bytes[(isFlexible ? 9 : 8)...], version: version, isFlexible: isFlexible)
    return try reader.read(FetchResponse.self)
  }

  private func indexes(_ response: FetchResponse) -> [Int32] { response.topics.flatMap { $0.partitions.map(\.index) } }

  // MARK: Sessions

  @Test func onlyNewsIsTold() throws {
    try check { handler, log in
      let first = try send(handler, request(epoch: 0, [0: 0, 1: 0, 2: 0]))
      #expect(first.sessionID != 0 && indexes(first) == [0, 1, 2])
      #expect(indexes(try send(handler, request(session: first.sessionID, epoch: 1))) == [])
      try append(log, 1)
      let news = try send(handler, request(session: first.sessionID, epoch: 2))
      #expect(indexes(news) == [1] && news.sessionID == first.sessionID)
      #expect(news.topics[0].partitions[0].records?.isEmpty == false)
      // The next offset is all that is asked for; its high watermark is known.
      #expect(indexes(try send(handler, request(session: first.sessionID, epoch: 3, [1: 1]))) == [])
      // The start of the log moves.
      _ = try log.deleteRecords(TopicPartition("pop", 1), before: 1)
      let moved = try send(handler, request(session: first.sessionID, epoch: 4))
      #expect(indexes(moved) == [1] && moved.topics[0].partitions[0].logStartOffset == 1)
    }
  }

  @Test func partitionsComeAndGo() throws {
    try check { handler, log in
      for partition in Int32(0)...2 { try append(log, partition) }
      let session = try send(handler, request(epoch: 0, [0: 1, 1: 1])).sessionID
      #expect(indexes(try send(handler, request(session: session, epoch: 1, [2: 0]))) == [2])
      let left = try send(handler, request(session: session, epoch: 2, forget: [2]))
      #expect(indexes(left) == [])
      try append(log, 2)
      #expect(indexes(try send(handler, request(session: session, epoch: 3))) == [])
      // Nothing left: the session ends.
      #expect(try send(handler, request(session: session, epoch: 4, forget: [0, 1])).sessionID == 0)
      #expect(handler.sessions.count == 0)
    }
  }

  @Test func anErrorIsToldEachTimeAndItsEndToo() throws {
    try check { handler, log in
      let session = try send(handler, request(epoch: 0, [0: 5, 1: 0])).sessionID
      for epoch in Int32(1)...2 {
        let failed = try send(handler, request(session: session, epoch: epoch))
        #expect(indexes(failed) == [0] && failed.topics[0].partitions[0].errorCode == 1)
      }
      let well = try send(handler, request(session: session, epoch: 3, [0: 0]))
      #expect(indexes(well) == [0] && well.topics[0].partitions[0].errorCode == 0)
    }
  }

  @Test(arguments: [
    (Int32(0), Int32(1), ErrorCode.fetchSessionIDNotFound), (1, 2, .invalidFetchSessionEpoch),
    (1, 0, .none), (1, -1, .none), (1, 1, .none),
  ]) func anEpochHasToBeTheNext(isSame: Int32, epoch: Int32, code: ErrorCode) throws {
    try check { handler, _ in
      let session = try send(handler, request(epoch: 0, [0: 0])).sessionID
      let id = isSame == 1 ? session : session &+ 1
      let answer = try send(handler, request(session: id, epoch: epoch, epoch <= 0 ? [0: 0] : [:]))
      #expect(answer.errorCode == code.rawValue)
      // A full fetch begins another session, the last one ends it.
      if epoch == 0 { #expect(answer.sessionID != 0 && answer.sessionID != session) }
      if epoch == -1 { #expect(answer.sessionID == 0 && handler.sessions.count == 0) }
    }
  }

  @Test func inASessionEveryPartitionGetsItsTurn() throws {
    try check { handler, log in
      for partition in Int32(0)...2 { try append(log, partition, size: 500) }
      var first = request(epoch: 0, [0: 0, 1: 0, 2: 0])
      first.maxBytes = 500
      var answer = try send(handler, first)
      var found: [Int32] = []
      for epoch in Int32(1)...3 {
        let full = answer.topics.flatMap(\.partitions).filter { !($0.records?.isEmpty ?? true) }
        found += full.map(\.index)
        // What came stays unread: without turns it would come again.
        var next = request(session: answer.sessionID, epoch: epoch)
        next.maxBytes = 500
        answer = try send(handler, next)
      }
      #expect(found.sorted() == [0, 1, 2])
    }
  }

  @Test func beyondTheSlotsThereIsNoSession() throws {
    var options = ServerOptions()
    options.fetchSessionsMax = 2
    try check(options) { handler, _ in
      for number in 0..<4 {
        let answer = try send(handler, request(epoch: 0, [0: 0]))
        #expect((answer.sessionID != 0) == (number < 2) && answer.errorCode == 0 && indexes(answer) == [0])
      }
    }
  }

  @Test func oldSessionsMakeRoom() throws {
    let sessions = FetchSessions(slots: 2)
    func begin(_ count: Int32, at now: UInt64) -> Int32 {
      let targets = (0..<count).map {
        FetchTarget(partition: TopicPartition("pop", $0), id: .zero, request: FetchRequest.Partition())
      }
      let outcomes = targets.map { _ in FetchSessions.Outcome(told: nil, hasRecords: false) }
      return sessions.finish(.begins(usesIDs: false), targets, outcomes, now: now)
    }
    func isThere(_ id: Int32, at now: UInt64) -> Bool {
      if case .accepted = sessions.begin(request(session: id, epoch: 1), [], usesIDs: false, now: now) { return true }
      return false
    }
    let age = FetchSessions.evictionAge
    let small = begin(1, at: 1)
    let large = begin(3, at: 1)
    #expect(begin(5, at: age) == 0)
    // Both are in use: only a larger one takes the smaller one's place.
    #expect(isThere(small, at: 2 * age) && isThere(large, at: 2 * age))
    #expect(begin(1, at: 2 * age) == 0)
    #expect(begin(2, at: 3 * age) != 0)
    #expect(!isThere(small, at: 3 * age))
    // One that is not used any more goes for any.
    #expect(begin(1, at: 4 * age) != 0 && sessions.count == 2)
    #expect(!isThere(large, at: 4 * age))
  }

  // MARK: Topics by id

  @Test(arguments: Array(API.fetch.versions).filter { $0 >= 13 }) func topicsAreFoundByID(version: Int16) throws {
    try check { handler, log in
      try append(log, 1)
      let id = try #require(log.topicID("pop"))
      let answer = try send(handler, request(epoch: -1, [1: 0], id: id), version: version)
      #expect(answer.topics.map(\.id) == [id] && answer.topics[0].partitions[0].records?.isEmpty == false)
      let unknown = try send(handler, request(epoch: -1, [1: 0], id: .random()), version: version)
      #expect(unknown.topics[0].partitions[0].errorCode == ErrorCode.unknownTopicID.rawValue)
      let none = try send(handler, request(epoch: -1, [1: 0]), version: version)
      #expect(none.topics[0].partitions[0].errorCode == ErrorCode.unknownTopicID.rawValue)
    }
  }

  @Test func aTopicMadeAnewIsAnother() throws {
    try check { handler, log in
      let id = try #require(log.topicID("pop"))
      let session = try send(handler, request(epoch: 0, [0: 0], id: id), version: 13).sessionID
      try log.deleteTopic("pop")
      let gone = try send(handler, request(session: session, epoch: 1), version: 13)
      #expect(gone.topics[0].partitions[0].errorCode == ErrorCode.unknownTopicID.rawValue)
      try log.createTopic("pop", partitions: 3, configuration: [:])
      let other = try send(handler, request(session: session, epoch: 2), version: 13)
      #expect(other.topics[0].partitions[0].errorCode == ErrorCode.inconsistentTopicID.rawValue)
      #expect(other.topics[0].id == id)
      // A session by id can't go on by name.
      let byName = try send(handler, request(session: session, epoch: 3))
      #expect(byName.errorCode == ErrorCode.fetchSessionTopicIDError.rawValue)
    }
  }

  @Test func idsAreKeptOverARestart() throws {
    let directory = try Files.makeTemporaryDirectory("mill-ids")
    defer { try? Files.removeTree(directory) }
    var log = try LocalLog(directory: directory)
    try log.createTopic("pop", partitions: 1, configuration: [:])
    let id = log.topicID("pop")
    try log.close()
    log = try LocalLog(directory: directory)
    #expect(log.topicID("pop") == id)
    let handler = try RequestHandler(log: log, advertised: Address("127.0.0.1:1"), options: ServerOptions())
    var request = MetadataRequest()
    var topic = MetadataRequest.Topic()
    (topic.id, topic.name) = (try #require(id), nil)
    request.topics = [topic]
    let answer = try handler.metadata(request, version: 12)
    #expect(answer.topics[0].name == "pop" && answer.topics[0].id == id)
    try log.close()
  }

  @Test(arguments: [Int16(12), 13]) func recordsAreProducedByNameAndByID(version: Int16) throws {
    try check { handler, log in
      let id = try #require(log.topicID("pop"))
      for (given, code) in [(id, ErrorCode.none), (.random(), .unknownTopicID)] where version > 12 || given == id {
        var produce = ProduceRequest()
        var topic = ProduceRequest.Topic()
        (topic.name, topic.id) = ("pop", given)
        var partition = ProduceRequest.Partition()
        partition.records = try BatchEncoder.encode([Record(value: [1])], codec: .none, now: 1)[...]
        topic.partitions = [partition]
        produce.topics = [topic]
        var body = MessageWriter(version: version, isFlexible: true)
        try body.write(produce)
        let header = RequestHeader(apiKey: 0, version: version, correlationID: 7, clientID: nil)
        let request = RequestHandler.Request(api: .produce, header: header, body: body.out.bytes[...])
        guard case .now(let bytes) = try handler.produce(request) else { throw MillError(.badInput, "no answer") }
        var reader = MessageReader(bytes[9...], version: version, isFlexible: true)
        let answer = try reader.read(ProduceResponse.self)
        #expect(answer.topics[0].partitions[0].errorCode == code.rawValue)
        if version > 12 { #expect(answer.topics[0].id == given) }
      }
      #expect(try log.offsets(TopicPartition("pop", 0)).end == 1)
    }
  }
}
