import MillBase
import MillLog
import Testing

@testable import MillKafka

/// Requests that no client at hand sends.
@Suite struct AdminRequestTests {
  private static let pop = TopicPartition("pop", 0)

  private func check(_ body: (RequestHandler, LocalLog) throws -> Void) throws {
    let harness = try Harness(.local)
    defer { harness.close() }
    try harness.local.createTopic("pop", partitions: 2, configuration: [:])
    let handler = try RequestHandler(log: harness.local, advertised: Address("127.0.0.1:1"), options: ServerOptions())
    try body(handler, harness.local)
  }

  private func offsetDelete(_ group: String, _ partitions: [Int32]) -> OffsetDeleteRequest {
    var request = OffsetDeleteRequest()
    request.groupID = group
    var topic = OffsetDeleteRequest.Topic()
    topic.name = "pop"
    topic.partitions = partitions
    request.topics = [topic]
    return request
  }

  @Test func aGroupsOffsetsAreDeletedOneByOne() throws {
    try check { handler, log in
      try log.commit(group: "g", [Self.pop: 0, TopicPartition("pop", 1): 0])
      let response = handler.offsetDelete(offsetDelete("g", [0, 7]))
      #expect(response.errorCode == 0)
      #expect(response.topics[0].partitions.map(\.errorCode) == [0, ErrorCode.unknownTopicOrPartition.rawValue])
      #expect(log.committedOffsets(group: "g").keys.map(\.partition) == [1])
      #expect(handler.offsetDelete(offsetDelete("other", [0])).errorCode == ErrorCode.groupIDNotFound.rawValue)
      #expect(handler.offsetDelete(offsetDelete("", [0])).errorCode == ErrorCode.invalidGroupID.rawValue)
    }
  }

  @Test(arguments: [(Int32(0), Int32(0), Int16(0), Int64(1)), (-1, 0, 0, 1), (0, 3, 0, -1), (2, 0, 75, -1)])
  func theOneEpochEndsWhereTheLogDoes(current: Int32, asked: Int32, error: Int16, end: Int64) throws {
    try check { handler, log in
      _ = try log.append([Record(value: [1])], to: Self.pop, codec: .none)
      var request = OffsetForLeaderEpochRequest()
      var topic = OffsetForLeaderEpochRequest.Topic()
      topic.name = "pop"
      var partition = OffsetForLeaderEpochRequest.Partition()
      partition.currentLeaderEpoch = current
      partition.leaderEpoch = asked
      topic.partitions = [partition]
      request.topics = [topic]
      let answer = handler.offsetForLeaderEpoch(request).topics[0].partitions[0]
      #expect(answer.errorCode == error && answer.endOffset == end)
    }
  }

  @Test(arguments: [
    (Int8(2), "pop", "retention.ms", Int8(2), ErrorCode.invalidConfig), (2, "pop", "retention.ms", 9, .invalidRequest),
    (2, "none", "retention.ms", 0, .unknownTopicOrPartition), (4, "1", "num.partitions", 0, .invalidRequest),
    (2, "pop", "cleanup.policy", 3, .invalidConfig), (2, "pop", "cleanup.policy", 2, .none),
  ])
  func whatCantBeChangedIsRefused(
    type: Int8, name: String, key: String, operation: Int8, expected: ErrorCode
  ) throws {
    try check { handler, _ in
      var request = IncrementalAlterConfigsRequest()
      var resource = IncrementalAlterConfigsRequest.Resource()
      (resource.type, resource.name) = (type, name)
      var config = IncrementalAlterConfigsRequest.Config()
      (config.name, config.operation, config.value) = (key, operation, key == "cleanup.policy" ? "delete" : "1000")
      resource.configs = [config]
      request.resources = [resource]
      #expect(handler.incrementalAlterConfigs(request).responses[0].errorCode == expected.rawValue)
      // Twice the same key is no request.
      resource.configs = [config, config]
      request.resources = [resource]
      #expect(handler.incrementalAlterConfigs(request).responses[0].errorCode == ErrorCode.invalidRequest.rawValue)
    }
  }
}
