import CRdKafka
import MillBase
import MillLog

extension KafkaLog {
  /// A partition and the brokers that hold it.
  public struct PartitionLayout: Sendable, Equatable {
    public var index: Int32
    /// −1 = none.
    public var leader: Int32
    public var replicas: [Int32]
    public var inSyncReplicas: [Int32]
  }

  /// - Throws: `.notFound`.
  public func layout(_ topic: String) throws -> [PartitionLayout] {
    try handle().withMetadata("describe topic", timeout: requestTimeout) { metadata in
      let topics = UnsafeBufferPointer(start: metadata.topics, count: Int(metadata.topic_cnt))
      guard let found = topics.first(where: { String(cString: $0.topic) == topic }) else {
        throw MillError(.notFound, "topic '\(topic)' does not exist", at: .init(key: topic))
      }
      let partitions = UnsafeBufferPointer(start: found.partitions, count: Int(found.partition_cnt))
      return partitions.map { partition in
        PartitionLayout(
          index: partition.id, leader: partition.leader,
          replicas: Array(UnsafeBufferPointer(start: partition.replicas, count: Int(partition.replica_cnt))),
          inSyncReplicas: Array(UnsafeBufferPointer(start: partition.isrs, count: Int(partition.isr_cnt))))
      }.sorted { $0.index < $1.index }
    }
  }

  /// Adds partitions at the end.
  ///
  /// - Throws: `.notFound`, `.invalidPartitions`.
  public func createPartitions(_ topic: String, count: Int) throws {
    try admin().createPartitions(topic, count: count)
  }
}
