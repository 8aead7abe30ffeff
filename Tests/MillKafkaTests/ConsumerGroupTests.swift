import MillBase
import MillLog
import Testing

@testable import MillKafka

/// The group as a value: events in, answers out, the time given.
@Suite struct ConsumerGroupTests {
  private static let second: UInt64 = 1_000_000_000

  private struct Script {
    var group = ConsumerGroup()
    var now: UInt64 = 0
    /// Last answers, by member.
    var joined: [String: JoinGroupResponse] = [:]
    var synced: [String: SyncGroupResponse] = [:]

    mutating func note(_ answers: [ConsumerGroup.Answer]) {
      for answer in answers {
        switch answer {
        case .join(let member, let response): joined[member] = response
        case .sync(let member, let response): synced[member] = response
        }
      }
      group.checkInvariants()
    }

    static func request(
      _ member: String, protocols: [String] = ["range"], instance: String? = nil, session: Int32 = 10_000
    ) -> JoinGroupRequest {
      var request = JoinGroupRequest()
      request.groupID = "g"
      request.memberID = member
      request.groupInstanceID = instance
      request.sessionTimeout = session
      request.rebalanceTimeout = 30_000
      request.protocolType = "consumer"
      request.protocols = protocols.map {
        var one = JoinGroupRequest.GroupProtocol()
        one.name = $0
        one.metadata = Array("\(member):\($0)".utf8)
        return one
      }
      return request
    }

    mutating func join(
      _ member: String, protocols: [String] = ["range"], instance: String? = nil, knowsSkipping: Bool = true
    ) {
      let request = Self.request(member, protocols: protocols, instance: instance)
      note(group.join(member, request, clientID: "c", knowsSkipping: knowsSkipping, now: now))
    }

    mutating func sync(_ member: String, plan: [String: String] = [:]) {
      var request = SyncGroupRequest()
      request.memberID = member
      request.generationID = group.generation
      request.assignments = plan.sorted { $0.key < $1.key }.map {
        var one = SyncGroupRequest.Assignment()
        one.memberID = $0.key
        one.assignment = Array($0.value.utf8)
        return one
      }
      note(group.sync(request, now: now))
    }

    mutating func heartbeat(_ member: String) -> ErrorCode {
      var request = HeartbeatRequest()
      request.memberID = member
      request.generationID = group.generation
      return group.heartbeat(request, now: now)
    }

    /// Two members with their assignments.
    static func stable() -> Script {
      var script = Script()
      script.join("a")
      script.join("b")
      script.join("a")
      script.sync("b")
      script.sync("a", plan: ["a": "0", "b": "1"])
      return script
    }
  }

  @Test func theFirstMemberLeadsAndGetsItsPlan() {
    var script = Script()
    script.join("a")
    #expect(script.joined["a"]?.leader == "a")
    #expect(script.joined["a"]?.generationID == 1)
    #expect(script.joined["a"]?.members.map(\.metadata) == [Array("a:range".utf8)])
    script.sync("a", plan: ["a": "all"])
    #expect(script.synced["a"]?.assignment == Array("all".utf8))
    #expect(script.group.phase == .stable)
  }

  @Test func aSecondMemberBringsTheFirstBack() {
    var script = Script()
    script.join("a")
    script.sync("a", plan: ["a": "all"])
    script.join("b")
    #expect(script.joined["b"] == nil)
    #expect(script.heartbeat("a") == .rebalanceInProgress)
    script.join("a")
    #expect(script.joined["a"]?.members.map(\.memberID) == ["a", "b"])
    #expect(script.joined["b"]?.leader == "a")
    #expect(script.joined["b"]?.members.isEmpty == true)
    script.sync("b")
    #expect(script.synced["b"] == nil)
    script.sync("a", plan: ["a": "0", "b": "1"])
    #expect(script.synced["b"]?.assignment == Array("1".utf8))
    #expect(script.heartbeat("b") == ErrorCode.none)
  }

  @Test func aSilentMemberIsOutAfterItsSession() {
    var script = Script.stable()
    script.now = 9 * Self.second
    #expect(script.heartbeat("a") == ErrorCode.none)
    script.note(script.group.expire(now: script.now))
    #expect(script.group.members.count == 2)
    script.now = 11 * Self.second
    script.note(script.group.expire(now: script.now))
    #expect(script.group.members.map(\.id) == ["a"])
    #expect(script.heartbeat("a") == .rebalanceInProgress)
    #expect(script.heartbeat("b") == .unknownMemberID)
  }

  @Test func aRoundEndsWithoutThoseThatDoNotComeBack() {
    var script = Script.stable()
    script.join("c")
    #expect(script.joined["c"] == nil)
    for step in 1...31 {
      script.now = UInt64(step) * Self.second
      _ = script.heartbeat("a")
      _ = script.heartbeat("b")
      script.note(script.group.expire(now: script.now))
    }
    #expect(script.group.members.map(\.id) == ["c"])
    #expect(script.joined["c"]?.leader == "c")
  }

  @Test func whoLeavesMakesRoom() {
    var script = Script.stable()
    let (code, answers) = script.group.leave("b", instanceID: nil, now: 0)
    script.note(answers)
    #expect(code == .none)
    script.join("a")
    #expect(script.joined["a"]?.members.map(\.memberID) == ["a"])
    #expect(script.group.leave("b", instanceID: nil, now: 0).0 == .unknownMemberID)
    script.note(script.group.leave("a", instanceID: nil, now: 0).1)
    #expect(script.group.phase == .empty)
  }

  @Test func oldGenerationsAndStrangersAreRefused() {
    let script = Script.stable()
    #expect(script.group.refusal(member: "a", instanceID: nil, generation: 1) == .illegalGeneration)
    #expect(script.group.refusal(member: "x", instanceID: nil, generation: 2) == .unknownMemberID)
    #expect(script.group.refusal(member: "a", instanceID: nil, generation: 2) == nil)
    #expect(script.group.refusal(Script.request("x")) == .unknownMemberID)
    #expect(script.group.refusal(Script.request("", protocols: ["sticky"])) == .inconsistentGroupProtocol)
    #expect(script.group.refusal(Script.request("", protocols: ["sticky", "range"])) == nil)
  }

  /// What the member that made the assignments is told: that they stand, or, before version 9, that it is not the one
  /// to make them.
  @Test(arguments: [true, false]) func aStaticMemberThatComesBackKeepsWhatItHad(knowsSkipping: Bool) {
    var script = Script()
    script.join("old", protocols: ["range", "sticky"], instance: "i1")
    script.join("b", instance: "i2")
    script.join("old", protocols: ["range", "sticky"], instance: "i1")
    script.sync("b")
    script.sync("old", plan: ["old": "0", "b": "1"])
    script.join("new", protocols: ["range"], instance: "i1", knowsSkipping: knowsSkipping)
    #expect(script.group.members.map(\.id) == ["new", "b"] && script.group.generation == 2)
    let answer = script.joined["new"]
    #expect(answer?.generationID == 2 && answer?.leader == (knowsSkipping ? "new" : "old"))
    #expect(answer?.skipAssignment == knowsSkipping && answer?.members.count == (knowsSkipping ? 2 : 0))
    script.sync("new")
    #expect(script.synced["new"]?.assignment == Array("0".utf8))
    #expect(script.heartbeat("b") == .none)
    #expect(script.group.refusal(member: "old", instanceID: "i1", generation: 2) == .fencedInstanceID)
    // Not the leader: nothing to skip.
    script.join("b2", instance: "i2", knowsSkipping: knowsSkipping)
    #expect(script.joined["b2"]?.leader == "new" && script.joined["b2"]?.skipAssignment == false)
  }

  @Test func aStaticMemberThatComesBackWithAnotherAssignorBringsARebalance() {
    var script = Script()
    script.join("old", protocols: ["range", "sticky"], instance: "i1")
    script.sync("old", plan: ["old": "all"])
    script.join("new", protocols: ["sticky"], instance: "i1")
    #expect(script.group.members.map(\.id) == ["new"] && script.group.generation == 2)
    #expect(script.joined["new"]?.leader == "new" && script.joined["new"]?.skipAssignment == false)
  }
}
