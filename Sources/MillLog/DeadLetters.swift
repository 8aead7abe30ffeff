import MillBase

/// The topic where records go that can't be processed: the record as it was, and why.
///
/// Key and value are the record's own. Headers added: `deadletter.room`, `deadletter.reason`,
/// `deadletter.origin` (topic-partition@offset, file:line, …), then the record's own.
public final class DeadLetters: Sendable {
  /// Default topic name.
  public static let topicDefault = "dead-letters"

  /// Larger letters can't be kept: a record that is too large for its own topic has to fit here.
  public static let letterSizeMax = 64 << 20

  public let topic: String
  private let log: any RecordLog

  /// Makes the topic when it does not exist.
  public init(log: any RecordLog, topic: String = DeadLetters.topicDefault) throws {
    self.log = log
    self.topic = topic
    guard try log.topic(topic) == nil else { return }
    do {
      try log.createTopic(topic, partitions: 1, configuration: ["max.message.bytes": String(Self.letterSizeMax)])
    } catch let error as MillError where error.code == .topicExists {
      // Another room was faster.
    }
  }

  /// Keeps the record. Counted in `millrace_dead_letters_total{room}`.
  public func put(_ record: Record, room: String, reason: String, origin: String) throws {
    var letter = record
    letter.headers.insert(
      contentsOf: [
        .init("deadletter.room", room), .init("deadletter.reason", Secrets.redact(reason)),
        .init("deadletter.origin", origin),
      ], at: 0)
    _ = try log.append([letter], to: TopicPartition(topic, 0), codec: .none)
    Metrics.shared.counter(
      "millrace_dead_letters_total", ["room": room], help: "Records that could not be processed"
    ).add()
    Log.warning(room, "dead letter from \(origin): \(reason)")
  }
}
