import CRdKafka
import MillBase
import MillLog

/// A consumer group as the server describes it.
struct GroupDescription {
  struct Member {
    var id: String
    var client: String
    var host: String
    var partitions: [TopicPartition]
  }
  var name: String
  /// Stable, Empty, Dead, PreparingRebalance, CompletingRebalance.
  var state: String
  /// Of the assignment; empty without members.
  var strategy: String
  var coordinator: String
  var members: [Member]
}

extension KafkaLog {
  /// - Parameter name: nil = all groups.
  func groups(_ name: String? = nil) throws -> [GroupDescription] {
    var result: UnsafePointer<rd_kafka_group_list>?
    let handle = try handle()
    let error = rd_kafka_list_groups(handle.pointer, name, &result, requestTimeout.timeoutMilliseconds)
    defer { if let result { rd_kafka_group_list_destroy(result) } }
    // A part of the groups would look like all of them.
    try handle.check(error, "list groups", at: name)
    guard let list = result else { return [] }
    return try UnsafeBufferPointer(start: list.pointee.groups, count: Int(list.pointee.group_cnt)).map { group in
      let name = String(cString: group.group)
      try KafkaError.check(group.err, "describe group", at: name)
      let members = UnsafeBufferPointer(start: group.members, count: Int(group.member_cnt)).map { member in
        GroupDescription.Member(
          id: String(cString: member.member_id), client: String(cString: member.client_id),
          host: String(cString: member.client_host),
          partitions: Self.assignment(
            UnsafeRawBufferPointer(start: member.member_assignment, count: Int(member.member_assignment_size))))
      }
      return GroupDescription(
        name: name, state: String(cString: group.state), strategy: String(cString: group.protocol),
        coordinator: "\(String(cString: group.broker.host)):\(group.broker.port) (\(group.broker.id))",
        members: members)
    }.sorted { $0.name < $1.name }
  }

  /// ConsumerProtocolAssignment: version, topics with their partitions. What is no such thing has no partitions.
  private static func assignment(_ bytes: UnsafeRawBufferPointer) -> [TopicPartition] {
    var position = 2
    func number(_ size: Int) -> Int? {
      guard position + size <= bytes.count else { return nil }
      defer { position += size }
      return bytes[position..<(position + size)].reduce(0) { $0 << 8 | Int($1) }
    }
    var found: [TopicPartition] = []
    for _ in 0..<(number(4) ?? 0) {
      guard let length = number(2), position + length <= bytes.count else { return found }
      let topic = String(decoding: bytes[position..<(position + length)], as: UTF8.self)
      position += length
      for _ in 0..<(number(4) ?? 0) {
        guard let partition = number(4) else { return found }
        found.append(TopicPartition(topic, Int32(truncatingIfNeeded: partition)))
      }
    }
    return found.sorted()
  }

  /// Removes the group with its offsets.
  ///
  /// - Throws: the server's reason (it has members, there is no such group).
  func deleteGroup(_ name: String) throws {
    try admin().deleteGroup(name)
  }

  /// Takes back what the group has committed for the partitions.
  ///
  /// - Returns: the partitions that this failed for, with the reason.
  /// - Throws: the server's reason why it can't be done at all (no such group).
  func deleteOffsets(of group: String, _ partitions: [TopicPartition]) throws -> [TopicPartition: MillError] {
    try admin().deleteOffsets(of: group, partitions)
  }
}
