/// A record of `__consumer_offsets` (Kafka's OffsetCommitKey and -Value, GroupMetadataKey and -Value).
enum OffsetRecord: Equatable {
  /// nil = forgotten.
  case offset(group: String, TopicPartition, CommittedOffset?)
  case presence(group: String, GroupPresence?)

  private static let offsetKeys: ClosedRange<Int16> = 0...1
  private static let presenceKey: Int16 = 2
  /// Of an offset's value: with a time to go at, and with a leader epoch.
  private static let expiringValue: Int16 = 1
  private static let offsetValue: Int16 = 3
  private static let presenceValue: Int16 = 3
  /// A group that has members has no such time.
  private static let noTime: Int64 = -1

  // MARK: Writing

  static func encode(_ group: String, _ partition: TopicPartition, _ offset: CommittedOffset?) -> Record {
    var key = ByteWriter(capacity: 64)
    key.append(offsetKeys.upperBound)
    append(group, to: &key)
    append(partition.topic, to: &key)
    key.append(partition.partition)
    guard let offset else { return Record(key: key.bytes, value: nil) }
    var value = ByteWriter(capacity: 32)
    value.append(offset.expires == nil ? offsetValue : expiringValue)
    value.append(offset.offset)
    if offset.expires == nil { value.append(offset.leaderEpoch) }
    append(offset.metadata, to: &value)
    value.append(offset.timestamp)
    if let expires = offset.expires { value.append(expires) }
    return Record(key: key.bytes, value: value.bytes)
  }

  /// Members don't outlive the process, so none is written down.
  static func encode(_ group: String, _ presence: GroupPresence?) -> Record {
    var key = ByteWriter(capacity: 32)
    key.append(presenceKey)
    append(group, to: &key)
    guard let presence else { return Record(key: key.bytes, value: nil) }
    var value = ByteWriter(capacity: 32)
    value.append(presenceValue)
    append(presence.protocolType, to: &value)
    value.append(presence.generation)
    value.append(Int16(-1))  // protocol
    value.append(Int16(-1))  // leader
    value.append(presence.emptySince ?? noTime)
    value.append(Int32(0))  // members
    return Record(key: key.bytes, value: value.bytes)
  }

  private static func append(_ text: String, to out: inout ByteWriter) {
    out.append(Int16(truncatingIfNeeded: text.utf8.count))
    out.append(contentsOf: text.utf8)
  }

  // MARK: Reading

  /// nil: of another kind or version, a newer Kafka's.
  static func parse(_ record: Record) -> OffsetRecord? {
    record.key?.withUnsafeBytes { raw -> OffsetRecord? in
      var reader = ByteReader(raw)
      guard let version = reader.integer(Int16.self), let group = text(&reader, raw) else { return nil }
      if version == presenceKey {
        guard let value = record.value else { return .presence(group: group, nil) }
        return presence(value).map { .presence(group: group, $0) }
      }
      guard offsetKeys.contains(version), let topic = text(&reader, raw), let partition = reader.integer(Int32.self)
      else { return nil }
      return .offset(group: group, TopicPartition(topic, partition), record.value.flatMap(offset))
    }
  }

  private static func offset(_ bytes: [UInt8]) -> CommittedOffset? {
    bytes.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      guard let version = reader.integer(Int16.self), (0...offsetValue).contains(version),
        let offset = reader.integer(Int64.self)
      else { return nil }
      var epoch: Int32? = -1
      if version == offsetValue { epoch = reader.integer(Int32.self) }
      guard let epoch, let metadata = text(&reader, raw), let timestamp = reader.integer(Int64.self) else { return nil }
      var committed = CommittedOffset(offset: offset, leaderEpoch: epoch, metadata: metadata, timestamp: timestamp)
      if version == expiringValue {
        guard let expires = reader.integer(Int64.self) else { return nil }
        if expires != noTime { committed.expires = expires }
      }
      return committed
    }
  }

  private static func presence(_ bytes: [UInt8]) -> GroupPresence? {
    bytes.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      guard let version = reader.integer(Int16.self), (0...presenceValue).contains(version),
        let protocolType = text(&reader, raw), let generation = reader.integer(Int32.self),
        skipText(&reader), skipText(&reader)
      else { return nil }
      var presence = GroupPresence(protocolType: protocolType, generation: generation, emptySince: nil)
      if version >= 2 {
        guard let time = reader.integer(Int64.self) else { return nil }
        // A group with members has the time of its last change there.
        if time != noTime, reader.integer(Int32.self) == 0 { presence.emptySince = time }
      }
      return presence
    }
  }

  private static func text(_ reader: inout ByteReader, _ raw: UnsafeRawBufferPointer) -> String? {
    guard let length = reader.integer(Int16.self) else { return nil }
    let start = reader.position
    return reader.skip(Int(length)) ? String(decoding: raw[start..<reader.position], as: UTF8.self) : nil
  }

  private static func skipText(_ reader: inout ByteReader) -> Bool {
    guard let length = reader.integer(Int16.self) else { return false }
    return reader.skip(max(0, Int(length)))
  }
}
