import MillLog
import Synchronization

/// Topics' names by their ids, as requests give them, without a search through all topics each time.
final class TopicNames: Sendable {
  private let names = Mutex<[TopicID: String]>([:])

  /// nil when there is no such topic.
  func name(_ id: TopicID, in log: LocalLog) -> String? {
    if let name = names.withLock({ $0[id] }), log.topicID(name) == id { return name }
    let name = log.topicName(id)
    names.withLock { names in
      // Those of topics that were deleted pile up.
      if names.count >= LocalLog.partitionsMax { names = [:] }
      names[id] = name
    }
    return name
  }
}
