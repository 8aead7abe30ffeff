import MillBase
import MillLog

/// How far a Kafka source has come: the next offset of every partition. As text `{"pop":{"0":123,"1":45}}`.
struct KafkaOffsets: Sendable, Equatable {
  var next: [TopicPartition: Int64] = [:]

  init(_ next: [TopicPartition: Int64] = [:]) { self.next = next }

  init(json: JSONValue) throws {
    guard let topics = json.object else { throw Self.unreadable(json) }
    for (topic, partitions) in topics {
      guard let partitions = partitions.object else { throw Self.unreadable(json) }
      for (partition, offset) in partitions {
        guard let number = Int32(partition), let offset = offset.integer else { throw Self.unreadable(json) }
        next[TopicPartition(topic, number)] = offset
      }
    }
  }

  private static func unreadable(_ json: JSONValue) -> MillError {
    MillError(.corrupt, "\(json.text()) are no Kafka offsets")
  }

  var json: JSONValue {
    var topics = JSONValue.Object()
    for topicPartition in next.keys.sorted() {
      var partitions = topics[topicPartition.topic]?.object ?? JSONValue.Object()
      partitions["\(topicPartition.partition)"] = .integer(next[topicPartition]!)
      topics[topicPartition.topic] = .object(partitions)
    }
    return .object(topics)
  }

  var topics: Set<String> { Set(next.keys.map(\.topic)) }

  /// At most `limit` records past `self`, shared over the partitions in proportion to what waits there, small
  /// partitions not starved (KafkaMicroBatchStream.rateLimit).
  func limited(to limit: Int64?, until end: KafkaOffsets) -> KafkaOffsets {
    guard let limit else { return end }
    let total = Double(count(until: end))
    guard total > Double(limit) else { return end }
    var result = end
    for (partition, last) in end.next {
      guard let start = next[partition], last > start else { continue }
      // In this order, as rounding depends on it.
      let share: Double = Double(limit) * (Double(last - start) / total)
      result.next[partition] = Swift.min(last, start + Int64(share < 1 ? share.rounded(.up) : share.rounded(.down)))
    }
    return result
  }

  /// Records between the two.
  func count(until end: KafkaOffsets) -> Int64 {
    end.next.reduce(0) { $0 + Swift.max(0, $1.value - (next[$1.key] ?? $1.value)) }
  }
}
