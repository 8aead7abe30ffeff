import MillBase
import MillLog

/// Turns requests into answers. Does no network I/O, so tests call it directly.
final class RequestHandler: Sendable {
  enum Answer {
    /// Bytes to send, with their length in front.
    case now([UInt8])
    /// The client expects no answer (acks = 0).
    case nothing
    /// The answer comes through the `later` closure.
    case later
    /// A fetch that waits for records.
    case wait(FetchWait)
  }

  /// The one broker's id.
  static let nodeID: Int32 = 1

  let log: LocalLog
  let advertised: Address
  let options: ServerOptions
  let groups: GroupCoordinator
  let transactions: TransactionCoordinator
  let sessions: FetchSessions
  let topicNames: TopicNames

  init(log: LocalLog, advertised: Address, options: ServerOptions) {
    self.log = log
    self.advertised = advertised
    self.options = options
    groups = GroupCoordinator { [log] group, presence in
      do { try log.note(group: group, presence) } catch { Log.error("kafka", "group \(group): \(error)") }
    }
    transactions = TransactionCoordinator(log: log)
    sessions = FetchSessions(slots: options.fetchSessionsMax)
    topicNames = TopicNames()
  }

  /// The same server for clients that are told another address.
  init(_ other: RequestHandler, advertised: Address) {
    log = other.log
    self.advertised = advertised
    options = other.options
    groups = other.groups
    transactions = other.transactions
    sessions = other.sessions
    topicNames = other.topicNames
  }

  /// One request's body with what the answer's frame needs.
  struct Request: Sendable {
    let api: API
    let header: RequestHeader
    let body: ArraySlice<UInt8>
    var version: Int16 { header.version }

    func read<Message: ProtocolStruct>(_: Message.Type) throws -> Message {
      var reader = MessageReader(body, version: version, isFlexible: api.isFlexible(version))
      do { return try reader.read(Message.self) } catch let error as MillError {
        throw MillError(error.code, "\(api.name) request, version \(version): \(error.message)")
      }
    }

    func reply(_ message: some ProtocolStruct) throws -> [UInt8] {
      try RequestHandler.frame(message, api: api, version: version, correlationID: header.correlationID)
    }

    /// The same where nobody is there to catch.
    func encode(_ message: some ProtocolStruct) -> [UInt8] {
      do { return try reply(message) } catch { preconditionFailure("writing to memory can't fail: \(error)") }
    }
  }

  static func frame(
    _ message: some ProtocolStruct, api: API, version: Int16, correlationID: Int32
  ) throws -> [UInt8] {
    var out = ByteWriter(capacity: 256)
    out.append(Int32(0))
    out.append(correlationID)
    if api.hasFlexibleResponseHeader(version) { out.append(UInt8(0)) }
    var writer = MessageWriter(out, version: version, isFlexible: api.isFlexible(version))
    try writer.write(message)
    var frame = writer.out
    frame.put(Int32(frame.bytes.count - 4), at: 0)
    return frame.bytes
  }

  /// - Throws: what makes the connection not worth keeping: bytes that are no request, or one that is not served.
  func answer(_ frame: ArraySlice<UInt8>, later: @escaping @Sendable ([UInt8]) -> Void) throws -> Answer {
    let (header, body) = try RequestHeader.parse(frame)
    guard let api = API.find(header.apiKey) else {
      throw MillError(.badInput, "request of kind \(header.apiKey) is not served (client \(header.clientID ?? "?"))")
    }
    let request = Request(api: api, header: header, body: body)
    guard api.versions.contains(header.version) else {
      guard api == .apiVersions else {
        throw MillError(
          .badInput,
          "\(api.name) version \(header.version) is not served, \(api.versions) are "
            + "(client \(header.clientID ?? "?"))")
      }
      // The client can't know this server's versions yet: it gets them in the oldest form and steps down.
      let refusal = apiVersions(error: .unsupportedVersion)
      return .now(try Self.frame(refusal, api: api, version: 0, correlationID: header.correlationID))
    }
    switch api {
    case .produce: return try produce(request)
    case .fetch: return try fetch(request)
    case .joinGroup: return try joinGroup(request, later: later)
    case .syncGroup: return try syncGroup(request, later: later)
    case .apiVersions:
      _ = try request.read(ApiVersionsRequest.self)
      return .now(try request.reply(apiVersions(error: .none)))
    default: return .now(try simple(request))
    }
  }

  /// Requests that are answered at once.
  private func simple(_ request: Request) throws -> [UInt8] {
    switch request.api {
    case .metadata: try request.reply(metadata(request.read(MetadataRequest.self), version: request.version))
    case .listOffsets: try request.reply(listOffsets(request.read(ListOffsetsRequest.self)))
    case .offsetCommit: try request.reply(offsetCommit(request.read(OffsetCommitRequest.self)))
    case .offsetFetch: try request.reply(offsetFetch(request.read(OffsetFetchRequest.self), version: request.version))
    case .findCoordinator:
      try request.reply(findCoordinator(request.read(FindCoordinatorRequest.self), version: request.version))
    case .heartbeat: try request.reply(heartbeat(request.read(HeartbeatRequest.self)))
    case .leaveGroup: try request.reply(leaveGroup(request.read(LeaveGroupRequest.self), version: request.version))
    case .describeGroups:
      try request.reply(describeGroups(request.read(DescribeGroupsRequest.self), version: request.version))
    case .listGroups: try request.reply(listGroups(request.read(ListGroupsRequest.self)))
    case .deleteGroups: try request.reply(deleteGroups(request.read(DeleteGroupsRequest.self)))
    case .createTopics: try request.reply(createTopics(request.read(CreateTopicsRequest.self)))
    case .deleteTopics: try request.reply(deleteTopics(request.read(DeleteTopicsRequest.self)))
    case .createPartitions: try request.reply(createPartitions(request.read(CreatePartitionsRequest.self)))
    case .describeConfigs: try request.reply(describeConfigs(request.read(DescribeConfigsRequest.self)))
    case .alterConfigs: try request.reply(alterConfigs(request.read(AlterConfigsRequest.self)))
    case .incrementalAlterConfigs:
      try request.reply(incrementalAlterConfigs(request.read(IncrementalAlterConfigsRequest.self)))
    case .deleteRecords: try request.reply(deleteRecords(request.read(DeleteRecordsRequest.self)))
    case .offsetForLeaderEpoch:
      try request.reply(offsetForLeaderEpoch(request.read(OffsetForLeaderEpochRequest.self)))
    case .offsetDelete: try request.reply(offsetDelete(request.read(OffsetDeleteRequest.self)))
    case .initProducerID:
      try request.reply(initProducerID(request.read(InitProducerIDRequest.self), version: request.version))
    case .addPartitionsToTxn:
      try request.reply(addPartitions(request.read(AddPartitionsToTxnRequest.self), version: request.version))
    case .addOffsetsToTxn:
      try request.reply(addOffsets(request.read(AddOffsetsToTxnRequest.self), version: request.version))
    case .endTxn: try request.reply(endTransaction(request.read(EndTxnRequest.self), version: request.version))
    case .txnOffsetCommit: try request.reply(commitOffsets(request.read(TxnOffsetCommitRequest.self)))
    case .describeCluster: try request.reply(describeCluster(request.read(DescribeClusterRequest.self)))
    default: preconditionFailure("\(request.api.name) is listed as served and is not")
    }
  }

  private func apiVersions(error: ErrorCode) -> ApiVersionsResponse {
    var response = ApiVersionsResponse()
    response.errorCode = error.rawValue
    response.apiKeys = API.all.map { api in
      var range = ApiVersionsResponse.Range()
      range.apiKey = api.key
      range.minVersion = api.versions.lowerBound
      range.maxVersion = api.versions.upperBound
      return range
    }
    return response
  }

  /// Kafka's code for what the log says.
  static func code(_ error: any Error) -> ErrorCode {
    guard let error = error as? MillError else { return .unknownServerError }
    return switch error.code {
    case .notFound: .unknownTopicOrPartition
    case .offsetOutOfRange: .offsetOutOfRange
    case .corrupt: .corruptMessage
    case .badInput: .invalidRecord
    case .limit: .messageTooLarge
    case .system: .storageError
    case .topicExists: .topicAlreadyExists
    case .invalidPartitions: .invalidPartitions
    case .outOfOrderSequence: .outOfOrderSequence
    case .invalidProducerEpoch: .invalidProducerEpoch
    default: .unknownServerError
    }
  }
}
