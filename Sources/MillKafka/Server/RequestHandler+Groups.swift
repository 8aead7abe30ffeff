import MillBase
import MillLog

/// Groups as far as the log knows them: by their offsets. None has members.
extension RequestHandler {
  private static let protocolType = "consumer"
  private static let emptyState = "Empty"
  private static let deadState = "Dead"

  func listGroups(_ request: ListGroupsRequest) -> ListGroupsResponse {
    var response = ListGroupsResponse()
    let isWanted = request.statesFilter.isEmpty || request.statesFilter.contains(Self.emptyState)
    response.groups = (isWanted ? log.groups() : []).map { name in
      var group = ListGroupsResponse.Group()
      group.groupID = name
      group.protocolType = Self.protocolType
      group.state = Self.emptyState
      group.type = "classic"
      return group
    }
    return response
  }

  func describeGroups(_ request: DescribeGroupsRequest) -> DescribeGroupsResponse {
    let known = Set(log.groups())
    var response = DescribeGroupsResponse()
    response.groups = request.groups.map { name in
      var group = DescribeGroupsResponse.Group()
      group.groupID = name
      group.state = known.contains(name) ? Self.emptyState : Self.deadState
      group.protocolType = known.contains(name) ? Self.protocolType : ""
      return group
    }
    return response
  }

  func deleteGroups(_ request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let known = Set(log.groups())
    var response = DeleteGroupsResponse()
    response.results = request.groups.map { name in
      var result = DeleteGroupsResponse.Result()
      result.groupID = name
      if !known.contains(name) {
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
