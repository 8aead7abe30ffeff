import MillBase
import MillLog
import Testing

@testable import MillKafka

@Suite struct ProtocolTests {
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
    #expect(Set(ServedMessages.all.map(\.api.key)) == Set(API.all.map(\.key)))
    for (api, request, response) in ServedMessages.all {
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

  /// Nor a list that is as long as it says, of elements that take more memory than bytes.
  @Test func tooManyElementsAreRefused() throws {
    func read(_ count: Int) throws -> Int {
      var out = ByteWriter()
      out.appendUnsignedVarint(UInt64(count + 1))
      // Names without bytes, "include authorized operations", no tags.
      let bytes = out.bytes + [UInt8](repeating: 1, count: count) + [0, 0]
      var reader = MessageReader(bytes[...], version: 5, isFlexible: true)
      return try reader.read(DescribeGroupsRequest.self).groups.count
    }
    #expect(try read(MessageReader.elementsMax) == MessageReader.elementsMax)
    #expect(code { _ = try read(MessageReader.elementsMax + 1) } == .limit)
  }

  @Test func stringsBeyondKafkasLengthAreRefused() throws {
    func read(_ count: Int) throws -> Int {
      var out = ByteWriter()
      out.appendUnsignedVarint(UInt64(count + 1))
      let bytes = out.bytes + [UInt8](repeating: 0x61, count: count) + [1, 0]
      var reader = MessageReader(bytes[...], version: 3, isFlexible: true)
      return try reader.read(ApiVersionsRequest.self).clientSoftwareName.utf8.count
    }
    #expect(try read(32_767) == 32_767)
    #expect(code { _ = try read(32_768) } == .badInput)
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
