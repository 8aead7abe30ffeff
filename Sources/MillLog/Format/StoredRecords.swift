import MillBase

/// Goes through a stored batch record by record, and takes records out of it.
enum StoredRecords {
  /// One record where it lies.
  struct View {
    let offset: Int64
    let timestamp: Int64
    /// nil = no key.
    let key: UnsafeRawBufferPointer?
    /// No value: the key is deleted.
    let isTombstone: Bool
    /// All bytes of the record, with its length.
    let bytes: UnsafeRawBufferPointer
  }

  /// - Parameter visit: returns false to stop.
  /// - Throws: `.corrupt` when a record is malformed.
  static func walk(_ batch: [UInt8], _ header: BatchHeader, _ visit: (View) throws -> Bool) throws {
    if header.codec == Codec.none {
      return try batch.withUnsafeBytes { try walk($0, from: BatchHeader.size, header, visit) }
    }
    var unpacked: [UInt8] = []
    try batch.withUnsafeBytes {
      let packed = UnsafeRawBufferPointer(rebasing: $0[BatchHeader.size...])
      try Compression.decompress(packed, header.codec!, into: &unpacked)
    }
    try unpacked.withUnsafeBytes { try walk($0, from: 0, header, visit) }
  }

  private static func walk(
    _ raw: UnsafeRawBufferPointer, from start: Int, _ header: BatchHeader, _ visit: (View) throws -> Bool
  ) throws {
    var reader = ByteReader(raw, from: start)
    for number in 0..<Int(header.recordsCount) {
      guard let view = view(&reader, raw, header) else {
        throw MillError(.corrupt, "record \(number) of the batch at offset \(header.baseOffset) is malformed")
      }
      if try !visit(view) { return }
    }
  }

  private static func view(
    _ reader: inout ByteReader, _ raw: UnsafeRawBufferPointer, _ header: BatchHeader
  ) -> View? {
    let start = reader.position
    guard let length = reader.varint(), length >= 0, length <= Int64(reader.remaining) else { return nil }
    let end = reader.position + Int(length)
    guard reader.skip(1), let timestampDelta = reader.varint(), let delta = reader.varint(),
      let keyLength = reader.varint()
    else { return nil }
    let keyStart = reader.position
    guard keyLength < 0 || reader.skip(Int(clamping: keyLength)), let valueLength = reader.varint(),
      reader.position <= end
    else { return nil }
    let key =
      keyLength < 0 ? nil : UnsafeRawBufferPointer(rebasing: raw[keyStart..<keyStart + Int(keyLength)])
    guard reader.skip(end - reader.position) else { return nil }
    return View(
      offset: header.baseOffset + delta,
      timestamp: header.isLogAppendTime ? header.maxTimestamp : header.baseTimestamp &+ timestampDelta, key: key,
      isTombstone: valueLength < 0, bytes: UnsafeRawBufferPointer(rebasing: raw[start..<end]))
  }

  /// The batch with those of its records that stay, at their offsets and with the producer's numbers as they were.
  ///
  /// - Returns: nil when none stays; the same bytes when all do.
  static func filter(_ batch: [UInt8], _ header: BatchHeader, _ stays: (View) -> Bool) throws -> [UInt8]? {
    var body: [UInt8] = []
    var count = 0
    var maxTimestamp = Int64.min
    try walk(batch, header) { record in
      if stays(record) {
        body.append(contentsOf: record.bytes)
        maxTimestamp = max(maxTimestamp, record.timestamp)
        count += 1
      }
      return true
    }
    if count == 0 { return nil }
    if count == Int(header.recordsCount) { return batch }
    if let codec = header.codec, codec != .none {
      body = try body.withUnsafeBytes { try Compression.compress($0, codec) }
    }
    var out = ByteWriter(capacity: BatchHeader.size + body.count)
    out.append(contentsOf: batch[..<BatchHeader.size])
    out.append(contentsOf: body)
    out.put(Int32(out.bytes.count - BatchHeader.lengthOverhead), at: 8)
    out.put(header.isLogAppendTime ? header.maxTimestamp : maxTimestamp, at: 35)
    out.put(Int32(count), at: 57)
    BatchEncoder.seal(&out.bytes)
    return out.bytes
  }

  /// As Kafka refuses it: compaction would not know what to do with a record that has no key.
  ///
  /// - Throws: `.badInput`.
  static func requireKeys(_ batch: [UInt8], _ header: BatchHeader, _ at: TopicPartition) throws {
    try walk(batch, header) { record in
      guard record.key != nil else { throw noKey(at) }
      return true
    }
  }

  static func noKey(_ at: TopicPartition) -> MillError {
    MillError(
      .badInput, "Compacted topic cannot accept message without key in topic partition \(at).",
      at: .init(key: at.description), wayOut: "give each record a key, or set cleanup.policy=delete")
  }
}
