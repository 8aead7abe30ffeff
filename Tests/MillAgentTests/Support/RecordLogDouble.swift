import MillBase
import MillLog

/// A double of the log, in memory: for failures that the real one does not make on request.
final class RecordLogDouble: RecordLog {
  struct State {
    var topics: [String: [[Record]]] = [:]
    var committed: [String: [TopicPartition: Int64]] = [:]
    /// Thrown by the next appends, first come first served; with `true` the records are kept all the same.
    var failures: [(error: MillError, keeps: Bool)] = []
    var recordSizeMax = 1 << 20
  }
  let state = Monitor(State())

  func records(_ topic: String) -> [Record] { state.withLock { $0.topics[topic]?.flatMap { $0 } ?? [] } }
  func values(_ topic: String) -> [String] {
    records(topic).map { String(decoding: $0.value ?? [], as: UTF8.self) }
  }
  func fail(_ error: MillError, keeping: Bool = false) { state.withLock { $0.failures.append((error, keeping)) } }

  func topics() throws -> [TopicDescription] {
    state.withLock { $0.topics.map { TopicDescription(name: $0.key, partitions: $0.value.count) } }
      .sorted { $0.name < $1.name }
  }
  func topic(_ name: String) throws -> TopicDescription? { try topics().first { $0.name == name } }

  func createTopic(_ name: String, partitions: Int, configuration: [String: String]) throws {
    guard !name.isEmpty, !name.contains(" ") else { throw MillError(.configuration, "'\(name)' is no topic name") }
    try state.withLock { state in
      guard state.topics[name] == nil else { throw MillError(.configuration, "the topic exists") }
      state.topics[name] = Array(repeating: [], count: partitions)
    }
  }

  func deleteTopic(_ name: String) throws { state.withLock { _ = $0.topics.removeValue(forKey: name) } }

  func append(_ records: [Record], to target: TopicPartition, codec: Codec) throws -> Int64 {
    try state.withLock { state in
      guard let partitions = state.topics[target.topic], target.partition < partitions.count else {
        throw MillError(.notFound, "no \(target)")
      }
      if records.contains(where: { $0.value?.count ?? 0 > state.recordSizeMax }) {
        throw MillError(.limit, "the record is larger than \(state.recordSizeMax) bytes")
      }
      let failure = state.failures.isEmpty ? nil : state.failures.removeFirst()
      if let failure, !failure.keeps { throw failure.error }
      let base = partitions[Int(target.partition)].count
      state.topics[target.topic]![Int(target.partition)] += records.map { record in
        var record = record
        record.timestamp = record.timestamp ?? Clock.nowMilliseconds()
        return record
      }
      if let failure { throw failure.error }
      return Int64(base)
    }
  }

  func read(_ source: TopicPartition, from offset: Int64, maxBytes: Int, wait: Duration) throws -> RecordBatch {
    let found = try state.wait(atMost: wait) { state throws -> [Record]? in
      guard let all = state.topics[source.topic]?[Int(source.partition)] else {
        throw MillError(.notFound, "no \(source)")
      }
      guard offset >= 0, offset <= all.count else {
        throw MillError(.offsetOutOfRange, "offset \(offset) of \(all.count)")
      }
      return offset < all.count ? Array(all[Int(offset)...].prefix(500)) : nil
    }
    var batch = RecordBatch(topicPartition: source, nextOffset: offset + Int64(found?.count ?? 0))
    for (index, record) in (found ?? []).enumerated() { batch.add(record, offset: offset + Int64(index)) }
    return batch
  }

  func offsets(_ target: TopicPartition) throws -> (start: Int64, end: Int64) {
    try state.withLock { state in
      guard let partitions = state.topics[target.topic] else { throw MillError(.notFound, "no \(target)") }
      return (0, Int64(partitions[Int(target.partition)].count))
    }
  }

  func offset(_ target: TopicPartition, atOrAfter timestamp: Int64) throws -> Int64? { nil }
  func commit(group: String, _ offsets: [TopicPartition: Int64]) throws {
    state.withLock { $0.committed[group, default: [:]].merge(offsets) { _, new in new } }
  }
  func committed(group: String, _ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
    state.withLock { $0.committed[group] ?? [:] }.filter { partitions.contains($0.key) }
  }
  func close() throws {}
}

extension RecordBatch {
  fileprivate mutating func add(_ record: Record, offset: Int64) {
    func put(_ data: [UInt8]?) -> (start: Int32, count: Int32) {
      guard let data else { return (-1, 0) }
      defer { bytes += data }
      return (Int32(bytes.count), Int32(data.count))
    }
    let key = put(record.key)
    let value = put(record.value)
    let headers = Int32(bytes.count)
    varint(record.headers.count)
    for header in record.headers {
      varint(header.key.utf8.count)
      bytes += header.key.utf8
      varint(header.value?.count ?? -1)
      bytes += header.value ?? []
    }
    slots.append(
      Slot(
        offset: offset, timestamp: record.timestamp ?? 0, keyStart: key.start, keyCount: key.count,
        valueStart: value.start, valueCount: value.count, headersStart: headers))
  }

  private mutating func varint(_ value: Int) {
    var rest = UInt64(bitPattern: Int64(value << 1 ^ value >> 63))
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
