import MillBase
import MillLog
import Testing

@testable import MillKafka

/// Fills a message's fields with values drawn from a seed, as far as the version has them.
struct RandomFiller: FieldVisitor {
  let version: Int16
  var state: UInt64
  private static let depthMax = 3
  private var depth = 0

  init(version: Int16, seed: UInt64) {
    self.version = version
    state = seed &* 2 + 1
  }

  /// xorshift: the same on every run.
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  private mutating func text() -> String {
    let choices = ["", "pop", "a longer text with ä and 山", String(repeating: "x", count: 200)]
    return choices[Int(next() % 4)]
  }

  private mutating func list<Element>(_ make: (inout RandomFiller) throws -> Element) rethrows -> [Element] {
    guard depth < Self.depthMax else { return [] }
    depth += 1
    defer { depth -= 1 }
    return try (0..<Int(next() % 4)).map { _ in try make(&self) }
  }

  private mutating func isNull(_ null: Versions) -> Bool { null.contains(version) && next() % 3 == 0 }

  mutating func bool(_: StaticString, _ value: inout Bool, _ v: Versions) {
    if v.contains(version) { value = next() % 2 == 0 }
  }
  mutating func int8(_: StaticString, _ value: inout Int8, _ v: Versions) {
    if v.contains(version) { value = Int8(truncatingIfNeeded: next()) }
  }
  mutating func int16(_: StaticString, _ value: inout Int16, _ v: Versions) {
    if v.contains(version) { value = Int16(truncatingIfNeeded: next()) }
  }
  mutating func int32(_: StaticString, _ value: inout Int32, _ v: Versions) {
    if v.contains(version) { value = Int32(truncatingIfNeeded: next()) }
  }
  mutating func int64(_: StaticString, _ value: inout Int64, _ v: Versions) {
    if v.contains(version) { value = Int64(truncatingIfNeeded: next()) }
  }
  mutating func uuid(_: StaticString, _ value: inout TopicID, _ v: Versions) {
    if v.contains(version) { value = TopicID(high: next(), low: next()) }
  }
  mutating func string(_: StaticString, _ value: inout String, _ v: Versions) {
    if v.contains(version) { value = text() }
  }
  mutating func nullableString(_: StaticString, _ value: inout String?, _ v: Versions, null: Versions) {
    if v.contains(version) { value = isNull(null) ? nil : text() }
  }
  mutating func bytes(_: StaticString, _ value: inout [UInt8], _ v: Versions) {
    if v.contains(version) { value = list { UInt8(truncatingIfNeeded: $0.next()) } }
  }
  mutating func records(_: StaticString, _ value: inout ArraySlice<UInt8>?, _ v: Versions) {
    if v.contains(version) { value = next() % 3 == 0 ? nil : Array(text().utf8)[...] }
  }
  mutating func int32s(_: StaticString, _ value: inout [Int32], _ v: Versions) {
    if v.contains(version) { value = list { Int32(truncatingIfNeeded: $0.next()) } }
  }
  mutating func strings(_: StaticString, _ value: inout [String], _ v: Versions) {
    if v.contains(version) { value = list { $0.text() } }
  }
  mutating func nullableStrings(_: StaticString, _ value: inout [String]?, _ v: Versions, null: Versions) {
    if v.contains(version) { value = isNull(null) ? nil : list { $0.text() } }
  }
  mutating func array<Element: ProtocolStruct>(_: StaticString, _ value: inout [Element], _ v: Versions) throws {
    if v.contains(version) { value = try elements() }
  }
  mutating func nullableArray<Element: ProtocolStruct>(
    _: StaticString, _ value: inout [Element]?, _ v: Versions, null: Versions
  ) throws {
    if v.contains(version) { value = isNull(null) ? nil : try elements() }
  }
  mutating func structure<Struct: ProtocolStruct>(_ value: inout Struct) throws { try value.fields(&self) }
  mutating func tagged<Value>(
    _: UInt32, _: StaticString, _ value: inout Value?, _ v: Versions, _ initial: Value,
    _ body: (inout Self, inout Value) throws -> Void
  ) throws {
    guard v.contains(version), next() % 2 == 0 else { return }
    var filled = initial
    try body(&self, &filled)
    value = filled
  }
  private mutating func elements<Element: ProtocolStruct>() throws -> [Element] {
    try list { filler in
      var element = Element()
      try element.fields(&filler)
      return element
    }
  }
}

@Suite struct ProtocolTests {
  static let messages: [(api: API, request: any ProtocolStruct.Type, response: any ProtocolStruct.Type)] = [
    (.produce, ProduceRequest.self, ProduceResponse.self), (.fetch, FetchRequest.self, FetchResponse.self),
    (.listOffsets, ListOffsetsRequest.self, ListOffsetsResponse.self),
    (.metadata, MetadataRequest.self, MetadataResponse.self),
    (.offsetCommit, OffsetCommitRequest.self, OffsetCommitResponse.self),
    (.offsetFetch, OffsetFetchRequest.self, OffsetFetchResponse.self),
    (.findCoordinator, FindCoordinatorRequest.self, FindCoordinatorResponse.self),
    (.joinGroup, JoinGroupRequest.self, JoinGroupResponse.self),
    (.heartbeat, HeartbeatRequest.self, HeartbeatResponse.self),
    (.leaveGroup, LeaveGroupRequest.self, LeaveGroupResponse.self),
    (.syncGroup, SyncGroupRequest.self, SyncGroupResponse.self),
    (.describeGroups, DescribeGroupsRequest.self, DescribeGroupsResponse.self),
    (.listGroups, ListGroupsRequest.self, ListGroupsResponse.self),
    (.saslHandshake, SASLHandshakeRequest.self, SASLHandshakeResponse.self),
    (.saslAuthenticate, SASLAuthenticateRequest.self, SASLAuthenticateResponse.self),
    (.apiVersions, ApiVersionsRequest.self, ApiVersionsResponse.self),
    (.createTopics, CreateTopicsRequest.self, CreateTopicsResponse.self),
    (.deleteTopics, DeleteTopicsRequest.self, DeleteTopicsResponse.self),
    (.initProducerID, InitProducerIDRequest.self, InitProducerIDResponse.self),
    (.addPartitionsToTxn, AddPartitionsToTxnRequest.self, AddPartitionsToTxnResponse.self),
    (.addOffsetsToTxn, AddOffsetsToTxnRequest.self, TransactionResponse.self),
    (.endTxn, EndTxnRequest.self, TransactionResponse.self),
    (.txnOffsetCommit, TxnOffsetCommitRequest.self, TxnOffsetCommitResponse.self),
    (.describeConfigs, DescribeConfigsRequest.self, DescribeConfigsResponse.self),
    (.createPartitions, CreatePartitionsRequest.self, CreatePartitionsResponse.self),
    (.deleteGroups, DeleteGroupsRequest.self, DeleteGroupsResponse.self),
    (.deleteRecords, DeleteRecordsRequest.self, DeleteRecordsResponse.self),
    (.offsetForLeaderEpoch, OffsetForLeaderEpochRequest.self, OffsetForLeaderEpochResponse.self),
    (.alterConfigs, AlterConfigsRequest.self, AlterConfigsResponse.self),
    (.incrementalAlterConfigs, IncrementalAlterConfigsRequest.self, AlterConfigsResponse.self),
    (.offsetDelete, OffsetDeleteRequest.self, OffsetDeleteResponse.self),
    (.describeCluster, DescribeClusterRequest.self, DescribeClusterResponse.self),
  ]

  private func roundTrip<Message: ProtocolStruct>(
    _: Message.Type, _ version: Int16, isFlexible: Bool, seed: UInt64
  ) throws {
    var message = Message()
    var filler = RandomFiller(version: version, seed: seed)
    try message.fields(&filler)
    var writer = MessageWriter(version: version, isFlexible: isFlexible)
    try writer.write(message)
    let bytes = writer.out.bytes
    var reader = MessageReader(bytes[...], version: version, isFlexible: isFlexible)
    #expect(try reader.read(Message.self) == message, "\(Message.self) version \(version)")
    #expect(reader.remaining == 0)
    // Cut anywhere it is an error, changed anywhere it is at most another message.
    for cut in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 25)) {
      var short = MessageReader(bytes[..<cut], version: version, isFlexible: isFlexible)
      #expect(throws: MillError.self) { try short.read(Message.self) }
      var changed = bytes
      changed[cut] ^= 1 << UInt8(filler.next() % 8)
      var other = MessageReader(changed[...], version: version, isFlexible: isFlexible)
      _ = try? other.read(Message.self)
    }
  }

  @Test func everyMessageRoundTripsInEveryVersion() throws {
    #expect(Set(Self.messages.map(\.api.key)) == Set(API.all.map(\.key)))
    for (api, request, response) in Self.messages {
      for version in api.versions {
        for seed in UInt64(1)...2 {
          try roundTrip(request, version, isFlexible: api.isFlexible(version), seed: seed)
          try roundTrip(response, version, isFlexible: api.isFlexible(version), seed: seed + 100)
        }
      }
    }
  }

  /// KIP-482: how many, then tag, size and content of each.
  @Test func taggedFieldsAreWrittenAndRead() throws {
    var partition = FetchResponse.Partition()
    partition.index = 1
    partition.records = []
    partition.currentLeader = LeaderAndEpoch()
    partition.currentLeader?.leaderID = 3
    partition.currentLeader?.leaderEpoch = 5
    var writer = MessageWriter(version: 12, isFlexible: true)
    try writer.write(partition)
    #expect(writer.out.bytes.suffix(12) == [1, 1, 9, 0, 0, 0, 3, 0, 0, 0, 5, 0])
    // One before it, and one after it that nobody knows.
    let before: [UInt8] = [3, 0, 13, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0]
    let more = Array(writer.out.bytes.dropLast(12)) + before + writer.out.bytes.suffix(11) + [9, 2, 7, 7]
    var reader = MessageReader(more[...], version: 12, isFlexible: true)
    let read = try reader.read(FetchResponse.Partition.self)
    #expect(read.divergingEpoch?.endOffset == 2)
    #expect(read.currentLeader == partition.currentLeader && reader.remaining == 0)
    // Without flexible versions there are none.
    var old = MessageWriter(version: 11, isFlexible: false)
    try old.write(partition)
    var oldReader = MessageReader(old.out.bytes[...], version: 11, isFlexible: false)
    #expect(try oldReader.read(FetchResponse.Partition.self).currentLeader == nil && oldReader.remaining == 0)
  }

  /// A length that lies must not make the reader take memory for it.
  @Test func hugeCountsAreRefused() {
    for bytes: [UInt8] in [[0x7F, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0], [0, 0, 0, 5, 0, 3]] {
      var reader = MessageReader(bytes[...], version: 0, isFlexible: false)
      #expect(throws: MillError.self) { try reader.read(MetadataRequest.self) }
    }
  }

  /// What librdkafka and kafka-python ask for (facts on Kafka clients, "smallest set").
  @Test func whatClientsNeedIsServed() {
    let needed: [(API, ClosedRange<Int16>)] = [
      (.produce, 0...7), (.fetch, 4...10), (.listOffsets, 1...1), (.metadata, 0...4), (.offsetCommit, 2...2),
      (.offsetFetch, 1...1), (.findCoordinator, 0...0), (.joinGroup, 0...2), (.heartbeat, 0...1), (.leaveGroup, 0...1),
      (.syncGroup, 0...1), (.describeGroups, 0...0), (.listGroups, 0...0),
      (.apiVersions, 0...3), (.createTopics, 0...0), (.deleteTopics, 0...0), (.initProducerID, 0...0),
      (.describeConfigs, 0...1), (.createPartitions, 0...0),
    ]
    for (api, versions) in needed { #expect(api.versions.clamped(to: versions) == versions, "\(api.name)") }
  }
}
