@testable import MillKafka

/// Every message of the protocol that is served.
enum ServedMessages {
  static let all: [(api: API, request: any ProtocolStruct.Type, response: any ProtocolStruct.Type)] = [
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
}
