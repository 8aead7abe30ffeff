import MillBase

/// The counters of one component, by the names of Flume's monitoring, also served as Prometheus metrics.
final class Counters: Sendable {
  let kind: ComponentKind
  let name: String
  private let counters: [String: Metrics.Counter]
  let startTime = Clock.nowMilliseconds()

  static let sourceNames = [
    "EventReceivedCount", "EventAcceptedCount", "AppendBatchReceivedCount", "AppendBatchAcceptedCount",
    "ChannelWriteFail", "EventReadFail", "FilesCompletedCount", "FilesSetAsideCount",
  ]
  static let channelNames = [
    "EventPutAttemptCount", "EventPutSuccessCount", "EventTakeAttemptCount", "EventTakeSuccessCount",
  ]
  static let sinkNames = [
    "EventDrainAttemptCount", "EventDrainSuccessCount", "BatchCompleteCount", "BatchUnderflowCount",
    "ConnectionCreatedCount", "ConnectionClosedCount", "ConnectionFailedCount", "EventWriteFail", "EventsSkippedCount",
    "DeadLetterCount", "RollbackCount",
  ]

  init(_ kind: ComponentKind, name: String, agent: String, metrics: Metrics) {
    self.kind = kind
    self.name = name
    let names =
      switch kind {
      case .source: Self.sourceNames
      case .channel: Self.channelNames
      default: Self.sinkNames
      }
    counters = Dictionary(
      uniqueKeysWithValues: names.map { flume in
        let metric = "millrace_agent_\(Self.snakeCase(flume))_total"
        return (flume, metrics.counter(metric, ["agent": agent, "component": name], help: "Flume's \(flume)"))
      })
  }

  subscript(name: String) -> Metrics.Counter {
    guard let counter = counters[name] else { preconditionFailure("no counter \(name) for \(kind)") }
    return counter
  }

  var values: [(name: String, value: Int)] { counters.map { ($0.key, $0.value.value) }.sorted { $0.name < $1.name } }

  /// `EventReceivedCount` → `event_received`
  private static func snakeCase(_ name: String) -> String {
    var out = ""
    for letter in name.hasSuffix("Count") ? name.dropLast(5) : name[...] {
      if letter.isUppercase, !out.isEmpty { out += "_" }
      out += letter.lowercased()
    }
    return out
  }
}
