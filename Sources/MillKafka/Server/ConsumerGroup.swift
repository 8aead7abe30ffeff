import MillLog

/// One consumer group with members (Kafka's classic protocol): who is in, which generation, who waits for what.
///
/// A value without I/O or clock: events go in with the time (steady clock, nanoseconds), answers come out. Assigning
/// partitions is the clients' business; the group only passes the leader's plan on.
struct ConsumerGroup {
  enum Phase: String {
    case empty = "Empty"
    /// Members are asked to join again; the round ends when all have, or its time is up.
    case preparing = "PreparingRebalance"
    /// All have joined; the leader's assignment is due.
    case completing = "CompletingRebalance"
    case stable = "Stable"
  }

  struct Member {
    let id: String
    var instanceID: String?
    var clientID: String
    /// Nanoseconds.
    var sessionTimeout: UInt64
    var rebalanceTimeout: UInt64
    var protocols: [JoinGroupRequest.GroupProtocol]
    var assignment: [UInt8] = []
    /// Without a heartbeat until then the member is out.
    var deadline: UInt64
    var isJoining = false
    var isSyncing = false
  }

  /// An answer that a member gets now.
  enum Answer {
    case join(member: String, JoinGroupResponse)
    case sync(member: String, SyncGroupResponse)
  }

  /// Kafka's `group.max.size`: more are refused.
  static let membersMax = 1_000

  private(set) var phase = Phase.empty
  private(set) var generation: Int32 = 0
  private(set) var protocolType = ""
  private(set) var protocolName: String?
  private(set) var leader: String?
  /// In the order of joining.
  private(set) var members: [Member] = []
  /// Ids given to members that have yet to come back with them, and until when they hold.
  private(set) var promised: [String: UInt64] = [:]
  private var rebalanceDeadline: UInt64 = 0

  private func index(_ id: String) -> Int? { members.firstIndex { $0.id == id } }

  // MARK: Joining

  /// Gives out an id without adding the member yet (KIP-394).
  mutating func promise(_ id: String, until deadline: UInt64) { promised[id] = deadline }

  /// Why the request can't be taken, or nil.
  func refusal(_ request: JoinGroupRequest) -> ErrorCode? {
    if request.protocols.isEmpty || request.protocolType.isEmpty { return .inconsistentGroupProtocol }
    let others = members.filter {
      $0.id != request.memberID && ($0.instanceID == nil || $0.instanceID != request.groupInstanceID)
    }
    if !others.isEmpty {
      guard request.protocolType == protocolType,
        request.protocols.contains(where: { candidate in others.allSatisfy { Self.supports($0, candidate.name) } })
      else { return .inconsistentGroupProtocol }
    }
    if let instance = request.groupInstanceID, !request.memberID.isEmpty,
      let known = members.first(where: { $0.instanceID == instance }), known.id != request.memberID
    {
      return .fencedInstanceID
    }
    if !request.memberID.isEmpty, index(request.memberID) == nil, promised[request.memberID] == nil {
      return .unknownMemberID
    }
    return index(request.memberID) == nil && members.count >= Self.membersMax ? .groupMaxSizeReached : nil
  }

  private static func supports(_ member: Member, _ name: String) -> Bool {
    member.protocols.contains { $0.name == name }
  }

  /// A member joins, or joins again.
  ///
  /// - Parameters:
  ///   - id: the request's, or a new one.
  ///   - knowsSkipping: a leader can be told that the assignment is made already (version 9 and newer).
  mutating func join(
    _ id: String, _ request: JoinGroupRequest, clientID: String, knowsSkipping: Bool = true, now: UInt64
  ) -> [Answer] {
    promised[id] = nil
    protocolType = request.protocolType
    let session = UInt64(max(0, request.sessionTimeout)) * 1_000_000
    let rebalance = request.rebalanceTimeout < 0 ? session : UInt64(request.rebalanceTimeout) * 1_000_000
    var fenced: [Answer] = []
    if let index = index(id) {
      let isUnchanged = members[index].protocols == request.protocols
      members[index].protocols = request.protocols
      members[index].sessionTimeout = session
      members[index].rebalanceTimeout = rebalance
      members[index].deadline = now + session
      // Nothing new from a member whose answer was lost, or who only makes sure.
      if isUnchanged, phase == .completing || phase == .stable && id != leader {
        return [.join(member: id, joined(members[index]))]
      }
      members[index].isJoining = true
    } else {
      var member = Member(
        id: id, instanceID: request.groupInstanceID, clientID: clientID, sessionTimeout: session,
        rebalanceTimeout: rebalance, protocols: request.protocols, deadline: now + session)
      // A static member that comes back under a new id takes its old place; the old one is told.
      if let instance = request.groupInstanceID,
        let place = members.firstIndex(where: { $0.instanceID == instance })
      {
        let old = members[place]
        member.assignment = old.assignment
        members[place] = member
        let oldLeader = leader
        if leader == old.id { leader = id }
        fenced = answers(to: old, .fencedInstanceID)
        if phase == .stable, vote() == protocolName {
          return fenced + [.join(member: id, cameBack(member, leader: oldLeader, knowsSkipping: knowsSkipping))]
        }
        members[place].isJoining = true
      } else {
        member.isJoining = true
        members.append(member)
      }
    }
    fenced += prepare(now: now)
    return fenced + completeJoin(now: now, isDue: false)
  }

  /// Asks all members to join again.
  private mutating func prepare(now: UInt64) -> [Answer] {
    if phase == .preparing { return [] }
    phase = .preparing
    rebalanceDeadline = now + (members.map(\.rebalanceTimeout).max() ?? 0)
    return failSyncs()
  }

  private mutating func failSyncs() -> [Answer] {
    var answers: [Answer] = []
    for index in members.indices where members[index].isSyncing {
      members[index].isSyncing = false
      var response = SyncGroupResponse()
      response.errorCode = ErrorCode.rebalanceInProgress.rawValue
      answers.append(.sync(member: members[index].id, response))
    }
    return answers
  }

  /// Begins the next generation when all have joined, or when it is due with those that have.
  private mutating func completeJoin(now: UInt64, isDue: Bool) -> [Answer] {
    guard phase == .preparing, isDue || members.allSatisfy(\.isJoining) else { return [] }
    members.removeAll { !$0.isJoining && $0.instanceID == nil }
    generation += 1
    guard !members.isEmpty else {
      phase = .empty
      leader = nil
      protocolName = nil
      return []
    }
    protocolName = vote()
    if leader == nil || index(leader!) == nil { leader = members.first(where: \.isJoining)?.id ?? members[0].id }
    phase = .completing
    rebalanceDeadline = now + (members.map(\.rebalanceTimeout).max() ?? 0)
    var answers: [Answer] = []
    for index in members.indices {
      let wasJoining = members[index].isJoining
      members[index].isJoining = false
      members[index].deadline = now + members[index].sessionTimeout
      if wasJoining { answers.append(.join(member: members[index].id, joined(members[index]))) }
    }
    return answers
  }

  /// Of the protocols that all support, the one that most members like best.
  private func vote() -> String {
    let common = members[0].protocols.map(\.name).filter { name in members.allSatisfy { Self.supports($0, name) } }
    var votes: [String: Int] = [:]
    for member in members {
      if let choice = member.protocols.first(where: { common.contains($0.name) }) {
        votes[choice.name, default: 0] += 1
      }
    }
    return common.max { votes[$0, default: 0] < votes[$1, default: 0] } ?? ""
  }

  private func joined(_ member: Member) -> JoinGroupResponse {
    var response = JoinGroupResponse()
    response.generationID = generation
    response.protocolType = protocolType
    response.protocolName = protocolName
    response.leader = leader ?? ""
    response.memberID = member.id
    guard member.id == leader else { return response }
    response.members = members.map { other in
      var described = JoinGroupResponse.Member()
      described.memberID = other.id
      described.groupInstanceID = other.instanceID
      described.metadata = metadata(of: other)
      return described
    }
    return response
  }

  /// The answer to a static member that is back in a stable group: the generation stays, and so do all assignments
  /// (KIP-345). A leader must not make them again: it is told so (KIP-814), or, when it knows no such field, that the
  /// leader is who it was itself, under its old id.
  private func cameBack(_ member: Member, leader oldLeader: String?, knowsSkipping: Bool) -> JoinGroupResponse {
    var response = joined(member)
    guard member.id == leader else { return response }
    response.skipAssignment = knowsSkipping
    if !knowsSkipping {
      response.leader = oldLeader ?? ""
      response.members = []
    }
    return response
  }

  func metadata(of member: Member) -> [UInt8] { member.protocols.first { $0.name == protocolName }?.metadata ?? [] }

  /// What all members together read; nil when one is no consumer, or says it in a way that can't be read.
  var subscribedTopics: Set<String>? {
    guard protocolType == "consumer" else { return nil }
    var topics: Set<String> = []
    for metadata in members.flatMap({ $0.protocols.map(\.metadata) }) {
      var reader = MessageReader(metadata[...], version: 0, isFlexible: false)
      guard let subscription = try? reader.read(ConsumerSubscription.self) else { return nil }
      topics.formUnion(subscription.topics)
    }
    return topics
  }

  // MARK: Syncing, heartbeats, leaving

  /// What is wrong with a member's claim to be in this generation, or nil.
  func refusal(member: String, instanceID: String?, generation claimed: Int32) -> ErrorCode? {
    if let instanceID, let known = members.first(where: { $0.instanceID == instanceID }), known.id != member {
      return .fencedInstanceID
    }
    if index(member) == nil { return .unknownMemberID }
    return claimed == generation ? nil : .illegalGeneration
  }

  mutating func sync(_ request: SyncGroupRequest, now: UInt64) -> [Answer] {
    var response = SyncGroupResponse()
    func fail(_ code: ErrorCode) -> [Answer] {
      response.errorCode = code.rawValue
      return [.sync(member: request.memberID, response)]
    }
    if let code = refusal(
      member: request.memberID, instanceID: request.groupInstanceID, generation: request.generationID)
    {
      return fail(code)
    }
    let index = index(request.memberID)!
    members[index].deadline = now + members[index].sessionTimeout
    switch phase {
    case .empty: return fail(.unknownMemberID)
    case .preparing: return fail(.rebalanceInProgress)
    case .stable: return [.sync(member: request.memberID, synced(members[index]))]
    case .completing:
      members[index].isSyncing = true
      guard request.memberID == leader else { return [] }
      let plan = Dictionary(request.assignments.map { ($0.memberID, $0.assignment) }, uniquingKeysWith: { $1 })
      phase = .stable
      var answers: [Answer] = []
      for index in members.indices {
        members[index].assignment = plan[members[index].id] ?? []
        guard members[index].isSyncing else { continue }
        members[index].isSyncing = false
        answers.append(.sync(member: members[index].id, synced(members[index])))
      }
      return answers
    }
  }

  private func synced(_ member: Member) -> SyncGroupResponse {
    var response = SyncGroupResponse()
    response.protocolType = protocolType
    response.protocolName = protocolName
    response.assignment = member.assignment
    return response
  }

  mutating func heartbeat(_ request: HeartbeatRequest, now: UInt64) -> ErrorCode {
    if let code = refusal(
      member: request.memberID, instanceID: request.groupInstanceID, generation: request.generationID)
    {
      return code
    }
    let index = index(request.memberID)!
    members[index].deadline = now + members[index].sessionTimeout
    return phase == .preparing ? .rebalanceInProgress : .none
  }

  /// By member id, or for static members by instance id.
  mutating func leave(_ id: String, instanceID: String?, now: UInt64) -> (ErrorCode, [Answer]) {
    if promised.removeValue(forKey: id) != nil { return (.none, []) }
    let found = members.firstIndex { member in
      instanceID != nil ? member.instanceID == instanceID && (id.isEmpty || id == member.id) : member.id == id
    }
    guard let found else { return (.unknownMemberID, []) }
    return (.none, remove(at: found, now: now))
  }

  private mutating func remove(at index: Int, now: UInt64) -> [Answer] {
    var answers = answers(to: members.remove(at: index), .unknownMemberID)
    answers += prepare(now: now)
    return answers + completeJoin(now: now, isDue: false)
  }

  /// What a member that is out still waits for.
  private func answers(to gone: Member, _ code: ErrorCode) -> [Answer] {
    var answers: [Answer] = []
    if gone.isJoining {
      var response = JoinGroupResponse()
      response.errorCode = code.rawValue
      answers.append(.join(member: gone.id, response))
    }
    if gone.isSyncing {
      var response = SyncGroupResponse()
      response.errorCode = code.rawValue
      answers.append(.sync(member: gone.id, response))
    }
    return answers
  }

  // MARK: Time

  /// Members whose session is over go; a round that is due ends.
  mutating func expire(now: UInt64) -> [Answer] {
    promised = promised.filter { $0.value > now }
    var answers: [Answer] = []
    while let index = members.firstIndex(where: { !$0.isJoining && !$0.isSyncing && $0.deadline <= now }) {
      answers += remove(at: index, now: now)
    }
    if phase == .preparing, rebalanceDeadline <= now { answers += completeJoin(now: now, isDue: true) }
    // A leader that has joined and never brings the assignment must not hold up the others for ever.
    if phase == .completing, rebalanceDeadline <= now {
      let silent = members.filter { !$0.isSyncing }.map(\.id)
      for id in silent { if let index = index(id) { answers += remove(at: index, now: now) } }
    }
    return answers
  }

  var isForgettable: Bool { members.isEmpty && promised.isEmpty }

  /// For tests: what must hold after each event.
  func checkInvariants() {
    precondition((phase == .empty) == members.isEmpty || phase == .preparing, "\(phase) with \(members.count) members")
    precondition(Set(members.map(\.id)).count == members.count, "a member twice")
    precondition(phase == .preparing || members.allSatisfy { !$0.isJoining }, "someone joins outside a round")
    precondition(phase == .completing || members.allSatisfy { !$0.isSyncing }, "someone syncs outside a round")
    precondition(phase != .stable || leader != nil, "stable without a leader")
  }
}
