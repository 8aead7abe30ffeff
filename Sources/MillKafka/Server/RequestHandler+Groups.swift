import MillBase
import MillLog

/// Groups: those with members from the coordinator, those with nothing but offsets from the log.
extension RequestHandler {
  private static let protocolType = "consumer"
  private static let deadState = "Dead"

  // MARK: Membership

  func joinGroup(_ request: Request, later: @escaping @Sendable ([UInt8]) -> Void) throws -> Answer {
    let join = try request.read(JoinGroupRequest.self)
    groups.join(
      join, clientID: request.header.clientID ?? "", needsPromise: request.version >= 4,
      knowsSkipping: request.version >= 9
    ) { response in
      later(request.encode(response))
    }
    return .later
  }

  func syncGroup(_ request: Request, later: @escaping @Sendable ([UInt8]) -> Void) throws -> Answer {
    groups.sync(try request.read(SyncGroupRequest.self)) { response in later(request.encode(response)) }
    return .later
  }

  func heartbeat(_ request: HeartbeatRequest) -> HeartbeatResponse {
    var response = HeartbeatResponse()
    response.errorCode = groups.heartbeat(request).rawValue
    return response
  }

  func leaveGroup(_ request: LeaveGroupRequest, version: Int16) -> LeaveGroupResponse {
    var response = LeaveGroupResponse()
    guard version >= 3 else {
      response.errorCode = groups.leave(request.groupID, member: request.memberID, instanceID: nil).rawValue
      return response
    }
    response.members = request.members.map { member in
      var answer = LeaveGroupResponse.Member()
      answer.memberID = member.memberID
      answer.groupInstanceID = member.groupInstanceID
      answer.errorCode =
        groups.leave(request.groupID, member: member.memberID, instanceID: member.groupInstanceID).rawValue
      return answer
    }
    return response
  }

  // MARK: Looking at groups

  func listGroups(_ request: ListGroupsRequest) -> ListGroupsResponse {
    let live = groups.groups()
    var response = ListGroupsResponse()
    response.groups = Set(log.groups()).union(live.keys).sorted().map { name in
      var group = ListGroupsResponse.Group()
      group.groupID = name
      group.protocolType = live[name]?.protocolType ?? Self.protocolType
      group.state = (live[name]?.phase ?? .empty).rawValue
      group.type = "classic"
      return group
    }.filter { request.statesFilter.isEmpty || request.statesFilter.contains($0.state) }
    return response
  }

  func describeGroups(_ request: DescribeGroupsRequest, version: Int16) -> DescribeGroupsResponse {
    let known = Set(log.groups())
    let live = groups.groups()
    var response = DescribeGroupsResponse()
    response.groups = request.groups.map { name in
      var answer = DescribeGroupsResponse.Group()
      answer.groupID = name
      if let group = live[name] {
        answer.state = group.phase.rawValue
        answer.protocolType = group.protocolType
        answer.protocolData = group.phase == .stable ? group.protocolName ?? "" : ""
        answer.members = group.members.map { member in
          var described = DescribeGroupsResponse.Member()
          described.memberID = member.id
          described.groupInstanceID = member.instanceID
          described.clientID = member.clientID
          described.clientHost = "/127.0.0.1"
          described.metadata = group.metadata(of: member)
          described.assignment = member.assignment
          return described
        }
      } else {
        answer.state = known.contains(name) ? ConsumerGroup.Phase.empty.rawValue : Self.deadState
        answer.protocolType = known.contains(name) ? Self.protocolType : ""
        // Older clients take a dead group for an answer (KIP-1043).
        if version >= 6, !known.contains(name) {
          answer.errorCode = ErrorCode.groupIDNotFound.rawValue
          answer.errorMessage = "Group \(name) not found."
        }
      }
      return answer
    }
    return response
  }

  func deleteGroups(_ request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let known = Set(log.groups())
    let live = groups.groups()
    var response = DeleteGroupsResponse()
    response.results = request.groups.map { name in
      var result = DeleteGroupsResponse.Result()
      result.groupID = name
      if live[name] != nil {
        result.errorCode = ErrorCode.nonEmptyGroup.rawValue
      } else if !known.contains(name) {
        result.errorCode = ErrorCode.groupIDNotFound.rawValue
      } else {
        do { try log.deleteGroup(name) } catch {
          Log.error("kafka", "group \(name): \(error)")
          result.errorCode = ErrorCode.coordinatorNotAvailable.rawValue
        }
      }
      return result
    }
    return response
  }
}
