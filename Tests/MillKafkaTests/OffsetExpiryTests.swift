import MillBase
import MillLog
import Testing

@testable import MillKafka

/// Offsets that nobody has used for offsets.retention.minutes. Days pass by giving another `now`.
@Suite struct OffsetExpiryTests {
  private static let day: Int64 = 86_400_000
  private static let pop = TopicPartition("pop", 0)
  private static let other = TopicPartition("other", 0)

  private func check(_ body: (RequestHandler, LocalLog) throws -> Void) throws {
    let harness = try Harness(.local)
    defer { harness.close() }
    for topic in ["pop", "other"] { try harness.local.createTopic(topic, partitions: 1, configuration: [:]) }
    try body(try handler(harness.local), harness.local)
  }

  private func handler(_ log: LocalLog) throws -> RequestHandler {
    try RequestHandler(log: log, advertised: Address("127.0.0.1:1"), options: ServerOptions())
  }

  private func commit(
    _ handler: RequestHandler, _ group: String, member: String = "", generation: Int32 = -1, retention: Int64 = -1
  ) {
    var request = OffsetCommitRequest()
    (request.groupID, request.memberID, request.generationID) = (group, member, generation)
    request.retentionTime = retention
    request.topics = ["pop", "other"].map { name in
      var topic = OffsetCommitRequest.Topic()
      topic.name = name
      topic.partitions = [OffsetCommitRequest.Partition()]
      return topic
    }
    let answer = handler.offsetCommit(request)
    #expect(answer.topics.allSatisfy { $0.partitions[0].errorCode == 0 })
  }

  /// A group with one member, in its first generation.
  private func join(_ handler: RequestHandler, _ group: String, topics: [String]) throws -> String {
    var subscription = ConsumerSubscription()
    subscription.topics = topics
    var metadata = MessageWriter(version: 0, isFlexible: false)
    try metadata.write(subscription)
    var join = JoinGroupRequest()
    (join.groupID, join.sessionTimeout, join.protocolType) = (group, 10_000, "consumer")
    var choice = JoinGroupRequest.GroupProtocol()
    (choice.name, choice.metadata) = ("range", metadata.out.bytes)
    join.protocols = [choice]
    let member = Monitor("")
    handler.groups.join(join, clientID: "c", needsPromise: false) { answer in
      member.withLock { $0 = answer.memberID }
    }
    var sync = SyncGroupRequest()
    (sync.groupID, sync.memberID, sync.generationID) = (group, member.withLock { $0 }, 1)
    handler.groups.sync(sync) { _ in }
    return sync.memberID
  }

  private func left(_ log: LocalLog, _ group: String = "g") -> [String] {
    log.committedOffsets(group: group).keys.map(\.topic).sorted()
  }

  @Test func aSimpleConsumersOffsetsGoAWeekAfterTheirCommit() throws {
    try check { handler, log in
      let now = Clock.nowMilliseconds()
      commit(handler, "g")
      handler.expireOffsets(now: now + 7 * Self.day - 1)
      #expect(left(log) == ["other", "pop"])
      handler.expireOffsets(now: now + 7 * Self.day + 60_000)
      #expect(left(log) == [] && log.rememberedGroups() == [])
    }
  }

  @Test func theTimeThatACommitAskedForCounts() throws {
    try check { handler, log in
      commit(handler, "short", retention: 1000)
      commit(handler, "long", retention: .max)
      handler.expireOffsets(now: Clock.nowMilliseconds() + 60_000)
      #expect(left(log, "short") == [])
      handler.expireOffsets(now: Clock.nowMilliseconds() + 3000 * Self.day)
      #expect(left(log, "long") == ["other", "pop"])
    }
  }

  @Test func membersKeepTheOffsetsOfTheirTopics() throws {
    try check { handler, log in
      let member = try join(handler, "g", topics: ["pop"])
      commit(handler, "g", member: member, generation: 1)
      handler.expireOffsets(now: Clock.nowMilliseconds() + 30 * Self.day)
      // Kafka: the group no longer reads the other topic.
      #expect(left(log) == ["pop"])
      handler.groups.stop()
    }
  }

  @Test func whoseTopicsAreNotKnownKeepsAll() throws {
    try check { handler, log in
      let member = try join(handler, "g", topics: ["pop"])
      commit(handler, "g", member: member, generation: 1)
      var again = JoinGroupRequest()
      (again.groupID, again.sessionTimeout, again.protocolType) = ("g", 10_000, "consumer")
      var choice = JoinGroupRequest.GroupProtocol()
      choice.name = "range"
      again.protocols = [choice]
      // A second member is coming in: the first has not joined again yet.
      handler.groups.join(again, clientID: "c", needsPromise: false) { _ in }
      handler.expireOffsets(now: Clock.nowMilliseconds() + 30 * Self.day)
      #expect(left(log) == ["other", "pop"])
      handler.groups.stop()
    }
  }

  @Test func anEmptyGroupsTimeBeginsWhenTheLastMemberLeaves() throws {
    try check { handler, log in
      let long = Clock.nowMilliseconds() - 30 * Self.day
      let member = try join(handler, "g", topics: ["pop", "other"])
      try log.commit(group: "g", [Self.pop: CommittedOffset(offset: 0, timestamp: long)], durable: false)
      #expect(handler.groups.leave("g", member: member, instanceID: nil) == .none)
      handler.expireOffsets(now: Clock.nowMilliseconds() + 6 * Self.day)
      #expect(left(log) == ["pop"])
      handler.expireOffsets(now: Clock.nowMilliseconds() + 8 * Self.day)
      #expect(left(log) == [] && log.rememberedGroups() == [])
      handler.groups.stop()
    }
  }

  @Test(arguments: [true, false]) func theTimeIsKeptOverARestart(hadMembers: Bool) throws {
    let directory = try Files.makeTemporaryDirectory("mill-expiry")
    defer { try? Files.removeTree(directory) }
    let long = Clock.nowMilliseconds() - 30 * Self.day
    var log = try LocalLog(directory: directory)
    try log.createTopic("pop", partitions: 1, configuration: [:])
    try log.commit(group: "g", [Self.pop: CommittedOffset(offset: 0, timestamp: long)], durable: false)
    let emptySince = hadMembers ? nil : long
    try log.note(group: "g", GroupPresence(protocolType: "consumer", generation: 3, emptySince: emptySince))
    try log.close()
    log = try LocalLog(directory: directory)
    try handler(log).expireOffsets(now: Clock.nowMilliseconds() + Self.day)
    // Members that were there when the process ended get the time anew.
    #expect(left(log) == (hadMembers ? ["pop"] : []))
    try log.close()
    // What has expired does not come back.
    log = try LocalLog(directory: directory)
    #expect(left(log) == (hadMembers ? ["pop"] : []))
    #expect(log.rememberedGroups() == (hadMembers ? ["g"] : []))
    try log.close()
  }

  @Test func offsetsOfAnOpenTransactionStay() throws {
    try check { handler, log in
      commit(handler, "g")
      let (_, id, epoch) = try handler.transactions.begin("t", timeout: 60_000, known: nil)
      let producer = TransactionCoordinator.Producer(transactionalID: "t", id: id, epoch: epoch)
      #expect(try handler.transactions.add(group: "g", producer) == .none)
      let offset = CommittedOffset(offset: 0, timestamp: 0)
      #expect(try handler.transactions.add([Self.pop: offset], ofGroup: "g", producer) == .none)
      handler.expireOffsets(now: Clock.nowMilliseconds() + 8 * Self.day)
      #expect(left(log) == ["pop"])
      handler.transactions.stop()
    }
  }

  @Test func groupsThatReadInsideTheProcessKeepTheirs() throws {
    try check { handler, log in
      try log.commit(group: "g", [Self.pop: 0])
      handler.expireOffsets(now: Clock.nowMilliseconds() + 30 * Self.day)
      #expect(left(log) == ["pop"])
    }
  }

  @Test func aDeletedTopicsOffsetsGoWithIt() throws {
    try check { handler, log in
      commit(handler, "g")
      let (_, id, epoch) = try handler.transactions.begin("t", timeout: 60_000, known: nil)
      let producer = TransactionCoordinator.Producer(transactionalID: "t", id: id, epoch: epoch)
      #expect(try handler.transactions.add(group: "h", producer) == .none)
      let offsets = [Self.pop, Self.other].map { ($0, CommittedOffset(offset: 0, timestamp: 0)) }
      let both = Dictionary(uniqueKeysWithValues: offsets)
      #expect(try handler.transactions.add(both, ofGroup: "h", producer) == .none)
      var request = DeleteTopicsRequest()
      request.names = ["pop"]
      #expect(handler.deleteTopics(request).responses[0].errorCode == 0)
      #expect(left(log) == ["other"])
      #expect(try handler.transactions.end(producer, isCommit: true) == .none)
      #expect(left(log, "h") == ["other"])
      handler.transactions.stop()
    }
  }
}
