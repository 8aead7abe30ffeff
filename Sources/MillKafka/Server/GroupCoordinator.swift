import MillBase
import MillLog
import Synchronization

/// All consumer groups with members: brings requests, groups, the clock and the waiting clients together.
final class GroupCoordinator: Sendable {
  /// Kafka's `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.
  static let sessionTimeouts: ClosedRange<Int32> = 6_000...1_800_000
  /// Kafka has no limit; memory has.
  static let groupsMax = 10_000
  private static let tick = Duration.milliseconds(100)

  private struct State {
    var groups: [String: ConsumerGroup] = [:]
    /// Who waits for which answer, by group and member.
    var joins: [String: @Sendable (JoinGroupResponse) -> Void] = [:]
    var syncs: [String: @Sendable (SyncGroupResponse) -> Void] = [:]
    var nextMember = 0
    var isStopping = false
  }
  private let state = Monitor(State())
  private let clock = Mutex<Worker?>(nil)
  private let onPresence: @Sendable (String, GroupPresence) -> Void

  /// - Parameter onPresence: called when a group gets its first member or loses its last one; must return at once.
  init(onPresence: @escaping @Sendable (String, GroupPresence) -> Void = { _, _ in }) { self.onPresence = onPresence }

  func stop() {
    state.withLock { $0.isStopping = true }
    let worker = clock.withLock { worker in
      defer { worker = nil }
      return worker
    }
    worker?.stop()
    worker?.join()
  }

  /// Started with the first member: a server without groups has no such thread.
  private func startClock() {
    clock.withLock { worker in
      guard worker == nil else { return }
      worker = Worker("kafka-groups") { [self] stop in
        while !stop.wait(Self.tick) {
          expire()
          // Without groups there is no time to keep.
          state.wait { $0.groups.isEmpty && !$0.isStopping ? nil : () }
        }
      }
    }
  }

  private func expire() {
    let now = Clock.steadyNanoseconds()
    state.withLock { state in
      for name in Array(state.groups.keys) {
        change(name, &state) { $0.expire(now: now) }
        if state.groups[name]!.isForgettable { state.groups[name] = nil }
      }
    }
  }

  private static func key(_ group: String, _ member: String) -> String { "\(group)\u{0}\(member)" }

  /// Changes a group that is there and delivers what its members get for it.
  private func change(
    _ name: String, _ state: inout State, _ body: (inout ConsumerGroup) -> [ConsumerGroup.Answer]
  ) {
    let wasEmpty = state.groups[name]!.members.isEmpty
    let answers = body(&state.groups[name]!)
    let group = state.groups[name]!
    if group.members.isEmpty != wasEmpty {
      let emptySince = group.members.isEmpty ? Clock.nowMilliseconds() : nil
      onPresence(
        name,
        GroupPresence(protocolType: group.protocolType, generation: group.generation, emptySince: emptySince))
    }
    Self.deliver(answers, name, &state)
  }

  private static func deliver(_ answers: [ConsumerGroup.Answer], _ group: String, _ state: inout State) {
    for answer in answers {
      switch answer {
      case .join(let member, let response): state.joins.removeValue(forKey: key(group, member))?(response)
      case .sync(let member, let response): state.syncs.removeValue(forKey: key(group, member))?(response)
      }
    }
  }

  // MARK: Requests

  /// - Parameters:
  ///   - needsPromise: the client knows MEMBER_ID_REQUIRED (version 4 and newer).
  ///   - knowsSkipping: a leader can be told that the assignment is made already (version 9 and newer).
  func join(
    _ request: JoinGroupRequest, clientID: String, needsPromise: Bool, knowsSkipping: Bool = true,
    reply: @escaping @Sendable (JoinGroupResponse) -> Void
  ) {
    func fail(_ code: ErrorCode, member: String? = nil) {
      var response = JoinGroupResponse()
      response.errorCode = code.rawValue
      response.memberID = member ?? request.memberID
      reply(response)
    }
    if request.groupID.isEmpty { return fail(.invalidGroupID) }
    guard Self.sessionTimeouts.contains(request.sessionTimeout) else { return fail(.invalidSessionTimeout) }
    startClock()
    let now = Clock.steadyNanoseconds()
    state.withLock { state in
      guard state.groups[request.groupID] != nil || state.groups.count < Self.groupsMax else {
        return fail(.groupMaxSizeReached)
      }
      var group = state.groups[request.groupID] ?? ConsumerGroup()
      if let code = group.refusal(request) { return fail(code) }
      var id = request.memberID
      if id.isEmpty {
        state.nextMember += 1
        id = "\(clientID.isEmpty ? "member" : clientID)-\(TopicID.random())-\(state.nextMember)"
        if needsPromise, request.groupInstanceID == nil {
          group.promise(id, until: now + UInt64(request.sessionTimeout) * 1_000_000)
          state.groups[request.groupID] = group
          return fail(.memberIDRequired, member: id)
        }
      }
      state.joins[Self.key(request.groupID, id)] = reply
      state.groups[request.groupID] = group
      change(request.groupID, &state) {
        $0.join(id, request, clientID: clientID, knowsSkipping: knowsSkipping, now: now)
      }
    }
  }

  func sync(_ request: SyncGroupRequest, reply: @escaping @Sendable (SyncGroupResponse) -> Void) {
    state.withLock { state in
      guard state.groups[request.groupID] != nil else {
        var response = SyncGroupResponse()
        response.errorCode = ErrorCode.unknownMemberID.rawValue
        return reply(response)
      }
      state.syncs[Self.key(request.groupID, request.memberID)] = reply
      change(request.groupID, &state) { $0.sync(request, now: Clock.steadyNanoseconds()) }
    }
  }

  func heartbeat(_ request: HeartbeatRequest) -> ErrorCode {
    state.withLock { state in
      state.groups[request.groupID]?.heartbeat(request, now: Clock.steadyNanoseconds()) ?? .unknownMemberID
    }
  }

  func leave(_ group: String, member: String, instanceID: String?) -> ErrorCode {
    state.withLock { state in
      guard state.groups[group] != nil else { return .unknownMemberID }
      var code = ErrorCode.none
      change(group, &state) { group in
        let (left, answers) = group.leave(member, instanceID: instanceID, now: Clock.steadyNanoseconds())
        code = left
        return answers
      }
      return code
    }
  }

  /// May this commit be taken? Consumers without a group's membership have no generation.
  func refusal(_ commit: OffsetCommitRequest) -> ErrorCode? {
    state.withLock { state in
      guard let group = state.groups[commit.groupID], group.phase != .empty else {
        return commit.generationID < 0 ? nil : .illegalGeneration
      }
      if let code = group.refusal(
        member: commit.memberID, instanceID: commit.groupInstanceID, generation: commit.generationID)
      {
        return code
      }
      return group.phase == .completing ? .rebalanceInProgress : nil
    }
  }

  /// Which of a group's offsets are its members'.
  enum Use {
    case nothing
    case everything
    /// Of these topics: all have said what they read.
    case topics(Set<String>)
  }

  /// Runs the body while nobody can join or leave.
  func withUse(ofGroup name: String, _ body: (Use) throws -> Void) rethrows {
    try state.withLock { state in
      guard let group = state.groups[name], !group.members.isEmpty else { return try body(.nothing) }
      // As Kafka: before all have joined, nobody knows.
      guard group.phase == .stable, let topics = group.subscribedTopics else { return try body(.everything) }
      try body(.topics(topics))
    }
  }

  /// Groups that have members now.
  func groups() -> [String: ConsumerGroup] { state.withLock { $0.groups.filter { !$0.value.members.isEmpty } } }
}
