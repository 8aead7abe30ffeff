import MillBase
import MillLog
import Synchronization

/// Incremental fetches (KIP-227): a client names its partitions once, then only what changes, and is only told what is
/// new.
final class FetchSessions: Sendable {
  /// Partitions of one session, more than the log can have: a client that names more gets no session.
  static let partitionsMax = LocalLog.partitionsMax
  /// Kafka's `min.incremental.fetch.session.eviction.ms`: a session that was used since is not taken away for another.
  static let evictionAge: UInt64 = 120_000_000_000
  /// When nothing can be taken away, how long until it is looked for again.
  private static let retryInterval: UInt64 = 1_000_000_000
  private static let opening: Int32 = 0
  private static let final: Int32 = -1

  /// What a fetch has to do with a session.
  enum Role: Equatable {
    case none
    /// A full fetch that begins one.
    case begins(usesIDs: Bool)
    /// The next fetch of one.
    case continues(id: Int32, epoch: Int32)

    var isIncremental: Bool { if case .continues = self { true } else { false } }
  }

  enum Start {
    case accepted(Role, [FetchTarget])
    case refused(ErrorCode)
  }

  /// How reading a partition went.
  struct Outcome {
    /// What the client knows then; nil after an error.
    let told: FetchTarget.Told?
    let hasRecords: Bool
  }

  private struct Session {
    let usesIDs: Bool
    let created: UInt64
    /// Of the next fetch.
    var epoch: Int32 = 1
    var lastUsed: UInt64
    var targets: [FetchTarget]
  }

  private struct State {
    var sessions: [Int32: Session] = [:]
    var nextEviction: UInt64 = 0
  }

  private let slots: Int
  private let state = Mutex(State())

  /// - Parameter slots: sessions at the same time.
  init(slots: Int) { self.slots = slots }

  var count: Int { state.withLock { $0.sessions.count } }

  // MARK: A fetch comes

  /// - Parameters:
  ///   - targets: the partitions of the request.
  ///   - now: steady clock, nanoseconds.
  /// - Returns: with the session's other partitions.
  func begin(_ fetch: FetchRequest, _ targets: [FetchTarget], usesIDs: Bool, now: UInt64) -> Start {
    if fetch.sessionEpoch == Self.opening || fetch.sessionEpoch == Self.final {
      if fetch.sessionID != 0 { state.withLock { $0.sessions[fetch.sessionID] = nil } }
      return .accepted(fetch.sessionEpoch == Self.opening ? .begins(usesIDs: usesIDs) : .none, targets)
    }
    return state.withLock { state in
      guard var session = state.sessions[fetch.sessionID] else { return .refused(.fetchSessionIDNotFound) }
      guard session.epoch == fetch.sessionEpoch else { return .refused(.invalidFetchSessionEpoch) }
      guard session.usesIDs == usesIDs else { return .refused(.fetchSessionTopicIDError) }
      if !targets.isEmpty || !fetch.forgotten.isEmpty {
        session.targets = Self.update(session.targets, with: targets, forgetting: fetch.forgotten)
      }
      guard !session.targets.isEmpty, session.targets.count <= Self.partitionsMax else {
        state.sessions[fetch.sessionID] = nil
        return session.targets.isEmpty ? .accepted(.none, []) : .refused(.fetchSessionIDNotFound)
      }
      session.epoch = session.epoch == .max ? 1 : session.epoch + 1
      session.lastUsed = now
      state.sessions[fetch.sessionID] = session
      return .accepted(.continues(id: fetch.sessionID, epoch: session.epoch), session.targets)
    }
  }

  private struct Key: Hashable {
    let topic: String
    let id: TopicID
    let partition: Int32

    /// Of topics by id, the name does not matter: it may be known later.
    init(_ name: String, _ id: TopicID, _ partition: Int32) {
      topic = id == .zero ? name : ""
      self.id = id
      self.partition = partition
    }
  }

  private static func update(
    _ old: [FetchTarget], with news: [FetchTarget], forgetting forgotten: [FetchRequest.Forgotten]
  ) -> [FetchTarget] {
    func key(_ target: FetchTarget) -> Key { Key(target.partition.topic, target.id, target.request.index) }
    let gone = Set(forgotten.flatMap { topic in topic.partitions.map { Key(topic.topic, topic.id, $0) } })
    var changed = Dictionary(news.map { (key($0), $0) }, uniquingKeysWith: { $1 })
    var targets: [FetchTarget] = []
    for var target in old {
      let key = key(target)
      if let new = changed.removeValue(forKey: key) { target.request = new.request }
      if !gone.contains(key) { targets.append(target) }
    }
    // As Kafka: what a request both names and forgets is not in.
    for target in news {
      if let new = changed.removeValue(forKey: key(target)), !gone.contains(key(new)) { targets.append(new) }
    }
    return targets
  }

  // MARK: It is answered

  /// Notes what the client is told.
  ///
  /// - Parameters:
  ///   - outcomes: one for each target.
  ///   - now: steady clock, nanoseconds.
  /// - Returns: the session's id; 0 when there is no room for one.
  func finish(_ role: Role, _ targets: [FetchTarget], _ outcomes: [Outcome], now: UInt64) -> Int32 {
    switch role {
    case .none: return 0
    case .begins(let usesIDs):
      guard targets.count <= Self.partitionsMax else { return 0 }
      return state.withLock { state in
        guard state.sessions.count < slots || makeRoom(for: targets.count, now, &state) else { return 0 }
        var id = Int32.random(in: 1 ... .max)
        while state.sessions[id] != nil { id = Int32.random(in: 1 ... .max) }
        state.sessions[id] = Session(
          usesIDs: usesIDs, created: now, lastUsed: now, targets: Self.noting(outcomes, in: targets))
        return id
      }
    case .continues(let id, let epoch):
      let isNews = zip(targets, outcomes).contains { $0.told != $1.told || $1.hasRecords }
      if isNews {
        let noted = Self.noting(outcomes, in: targets)
        state.withLock { state in
          // A client that did not wait for the answer has gone on without it.
          if state.sessions[id]?.epoch == epoch { state.sessions[id]!.targets = noted }
        }
      }
      return id
    }
  }

  /// Partitions that had records go to the end: when an answer has no room for all, each gets its turn.
  private static func noting(_ outcomes: [Outcome], in targets: [FetchTarget]) -> [FetchTarget] {
    let noted = zip(targets, outcomes).map { target, outcome in
      var target = target
      target.told = outcome.told
      return (target: target, hasRecords: outcome.hasRecords)
    }
    return noted.filter { !$0.hasRecords }.map(\.target) + noted.filter(\.hasRecords).map(\.target)
  }

  /// Takes a session away that has not been used for long, or one that has been there long and is smaller than the new
  /// one.
  private func makeRoom(for size: Int, _ now: UInt64, _ state: inout State) -> Bool {
    guard slots > 0, now >= state.nextEviction else { return false }
    let stalest = state.sessions.min { $0.value.lastUsed < $1.value.lastUsed }!
    let smallest = state.sessions.filter { now - $0.value.created > Self.evictionAge }.min {
      $0.value.targets.count < $1.value.targets.count
    }
    if now - stalest.value.lastUsed > Self.evictionAge {
      state.sessions[stalest.key] = nil
    } else if let smallest, smallest.value.targets.count < size {
      state.sessions[smallest.key] = nil
    } else {
      state.nextEviction = now + Self.retryInterval
      return false
    }
    return true
  }
}
