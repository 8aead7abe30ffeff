import MillBase
import MillLog

/// One kind of request: its number and the versions that are served.
public struct API: Sendable, Equatable {
  public let key: Int16
  public let name: String
  public let versions: ClosedRange<Int16>
  /// The first version with compact lengths and tagged fields; nil = none.
  public let flexibleFrom: Int16?

  public func isFlexible(_ version: Int16) -> Bool { flexibleFrom.map { version >= $0 } ?? false }

  /// Responses carry tagged fields in their header when flexible; ApiVersions never does, since the client does not
  /// know yet what the server speaks.
  public func hasFlexibleResponseHeader(_ version: Int16) -> Bool { self != .apiVersions && isFlexible(version) }

  private init(_ key: Int16, _ name: String, _ versions: ClosedRange<Int16>, flexible: Int16?) {
    self.key = key
    self.name = name
    self.versions = versions
    flexibleFrom = flexible
  }

  // Produce 0–2 carry record formats that are refused; they are listed because librdkafka stops compressing without.
  public static let produce = API(0, "Produce", 0...13, flexible: 9)
  public static let fetch = API(1, "Fetch", 4...18, flexible: 12)
  public static let listOffsets = API(2, "ListOffsets", 1...11, flexible: 6)
  public static let metadata = API(3, "Metadata", 0...13, flexible: 9)
  public static let offsetCommit = API(8, "OffsetCommit", 1...9, flexible: 8)
  public static let offsetFetch = API(9, "OffsetFetch", 1...9, flexible: 6)
  public static let findCoordinator = API(10, "FindCoordinator", 0...6, flexible: 3)
  public static let joinGroup = API(11, "JoinGroup", 0...9, flexible: 6)
  public static let heartbeat = API(12, "Heartbeat", 0...4, flexible: 4)
  public static let leaveGroup = API(13, "LeaveGroup", 0...5, flexible: 4)
  public static let syncGroup = API(14, "SyncGroup", 0...5, flexible: 4)
  public static let describeGroups = API(15, "DescribeGroups", 0...6, flexible: 5)
  public static let listGroups = API(16, "ListGroups", 0...5, flexible: 3)
  // Version 0 of the handshake is followed by bytes without headers; it is listed because old librdkafka looks for it.
  public static let saslHandshake = API(17, "SaslHandshake", 0...1, flexible: nil)
  public static let apiVersions = API(18, "ApiVersions", 0...4, flexible: 3)
  public static let createTopics = API(19, "CreateTopics", 0...7, flexible: 5)
  public static let deleteTopics = API(20, "DeleteTopics", 0...6, flexible: 4)
  public static let initProducerID = API(22, "InitProducerId", 0...5, flexible: 2)
  public static let deleteRecords = API(21, "DeleteRecords", 0...2, flexible: 2)
  public static let offsetForLeaderEpoch = API(23, "OffsetForLeaderEpoch", 0...4, flexible: 4)
  // AddPartitionsToTxn 4 and newer are for brokers among themselves; EndTxn 5 and TxnOffsetCommit 5 for clients that the
  // feature transaction.version=2 was announced to, which it is not.
  public static let addPartitionsToTxn = API(24, "AddPartitionsToTxn", 0...3, flexible: 3)
  public static let addOffsetsToTxn = API(25, "AddOffsetsToTxn", 0...4, flexible: 3)
  public static let endTxn = API(26, "EndTxn", 0...4, flexible: 3)
  public static let txnOffsetCommit = API(28, "TxnOffsetCommit", 0...4, flexible: 3)
  public static let describeConfigs = API(32, "DescribeConfigs", 0...4, flexible: 4)
  public static let alterConfigs = API(33, "AlterConfigs", 0...2, flexible: 2)
  public static let saslAuthenticate = API(36, "SaslAuthenticate", 0...2, flexible: 2)
  public static let createPartitions = API(37, "CreatePartitions", 0...3, flexible: 2)
  public static let deleteGroups = API(42, "DeleteGroups", 0...2, flexible: 2)
  public static let incrementalAlterConfigs = API(44, "IncrementalAlterConfigs", 0...1, flexible: 1)
  public static let offsetDelete = API(47, "OffsetDelete", 0...0, flexible: nil)
  public static let describeCluster = API(60, "DescribeCluster", 0...2, flexible: 0)

  /// Everything that is served.
  public static let all: [API] = [
    produce, fetch, listOffsets, metadata, offsetCommit, offsetFetch, findCoordinator, joinGroup, heartbeat,
    leaveGroup, syncGroup, describeGroups, listGroups, apiVersions, createTopics, deleteTopics, initProducerID,
    describeConfigs, createPartitions, deleteGroups, describeCluster, deleteRecords, offsetForLeaderEpoch,
    alterConfigs, incrementalAlterConfigs, offsetDelete, saslHandshake, saslAuthenticate, addPartitionsToTxn,
    addOffsetsToTxn, endTxn, txnOffsetCommit,
  ]

  public static func find(_ key: Int16) -> API? { all.first { $0.key == key } }
}

/// What stands before every request.
public struct RequestHeader: Sendable, Equatable {
  public var apiKey: Int16
  public var version: Int16
  public var correlationID: Int32
  public var clientID: String?

  /// Parses the header; the reader goes on with the body.
  ///
  /// - Throws: `.badInput` when the bytes break off.
  public static func parse(_ frame: ArraySlice<UInt8>) throws -> (header: RequestHeader, body: ArraySlice<UInt8>) {
    var reader = MessageReader(frame, version: 0, isFlexible: false)
    var header = RequestHeader(apiKey: 0, version: 0, correlationID: 0, clientID: nil)
    try reader.int16("ApiKey", &header.apiKey)
    try reader.int16("ApiVersion", &header.version)
    try reader.int32("CorrelationId", &header.correlationID)
    // The client id keeps its 16-bit length even in flexible requests.
    try reader.nullableString("ClientId", &header.clientID)
    guard let api = API.find(header.apiKey), api.versions.contains(header.version), api.isFlexible(header.version)
    else { return (header, reader.rest) }
    var tagged = MessageReader(reader.rest, version: 0, isFlexible: true)
    try tagged.skipTags()
    return (header, tagged.rest)
  }
}

/// Kafka's error codes, those that are used here.
public enum ErrorCode: Int16, Sendable {
  case unknownServerError = -1
  case none = 0
  case offsetOutOfRange = 1
  case corruptMessage = 2
  case unknownTopicOrPartition = 3
  case requestTimedOut = 7
  case messageTooLarge = 10
  case offsetMetadataTooLarge = 12
  case coordinatorNotAvailable = 15
  case invalidTopic = 17
  case invalidRequiredAcks = 21
  case illegalGeneration = 22
  case inconsistentGroupProtocol = 23
  case invalidGroupID = 24
  case unknownMemberID = 25
  case invalidSessionTimeout = 26
  case rebalanceInProgress = 27
  case unsupportedSASLMechanism = 33
  case illegalSASLState = 34
  case unsupportedVersion = 35
  case topicAlreadyExists = 36
  case invalidPartitions = 37
  case invalidReplicationFactor = 38
  case invalidReplicaAssignment = 39
  case invalidConfig = 40
  case invalidRequest = 42
  case unsupportedForMessageFormat = 43
  case policyViolation = 44
  case outOfOrderSequence = 45
  case invalidProducerEpoch = 47
  case invalidTransactionState = 48
  case invalidProducerIDMapping = 49
  case invalidTransactionTimeout = 50
  case concurrentTransactions = 51
  case operationNotAttempted = 55
  case storageError = 56
  case saslAuthenticationFailed = 58
  case nonEmptyGroup = 68
  case groupIDNotFound = 69
  case fetchSessionIDNotFound = 70
  case invalidFetchSessionEpoch = 71
  case unknownLeaderEpoch = 75
  case memberIDRequired = 79
  case groupMaxSizeReached = 81
  case fencedInstanceID = 82
  case groupSubscribedToTopic = 86
  case invalidRecord = 87
  case unstableOffsetCommit = 88
  case producerFenced = 90
  case unknownTopicID = 100
  case inconsistentTopicID = 103
  case fetchSessionTopicIDError = 106
}
