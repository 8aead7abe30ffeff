import MillBase

/// Records → record batches v2, bytes as Kafka's own producers write them.
public enum BatchEncoder {
  /// One batch with base offset 0, which the log replaces (it lies outside the CRC).
  ///
  /// - Parameter now: milliseconds since 1970, for records without a timestamp.
  public static func encode(
    _ records: some Collection<Record>, codec: Codec, now: Int64, logAppendTime: Bool = false
  ) throws -> [UInt8] {
    precondition(!records.isEmpty, "a batch has at least one record")
    let times = records.lazy.map { logAppendTime ? now : $0.timestamp ?? now }
    let baseTimestamp = times.first!
    let bodySize = records.reduce(0) { $0 + sizeMax($1) }
    var body = ByteWriter(capacity: codec == .none ? BatchHeader.size + bodySize : bodySize)
    if codec == .none { appendHeader(&body) }
    var maxTimestamp = baseTimestamp
    for (delta, record) in records.enumerated() {
      let time = logAppendTime ? now : record.timestamp ?? now
      maxTimestamp = max(maxTimestamp, time)
      append(record, timestampDelta: time &- baseTimestamp, offsetDelta: Int64(delta), to: &body)
    }
    var batch = body
    if codec != .none {
      let packed = try body.bytes.withUnsafeBytes { try Compression.compress($0, codec) }
      batch = ByteWriter(capacity: BatchHeader.size + packed.count)
      appendHeader(&batch)
      batch.append(contentsOf: packed)
    }
    batch.put(Int32(batch.bytes.count - BatchHeader.lengthOverhead), at: 8)
    batch.put(Int16(codec.rawValue) | (logAppendTime ? 8 : 0), at: 21)
    batch.put(Int32(records.count - 1), at: 23)
    batch.put(baseTimestamp, at: 27)
    batch.put(maxTimestamp, at: 35)
    batch.put(Int32(records.count), at: 57)
    seal(&batch.bytes)
    return batch.bytes
  }

  /// Computes the CRC anew, after something that it covers has changed.
  static func seal(_ batch: inout [UInt8]) {
    let crc = batch.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[BatchHeader.crcStart...])) }
    withUnsafeBytes(of: crc.bigEndian) { raw in for (step, byte) in raw.enumerated() { batch[17 + step] = byte } }
  }

  /// What the record takes at most, uncompressed, within a batch.
  static func sizeMax(_ record: Record) -> Int {
    // Seven varints of at most ten bytes and the attributes.
    record.headers.reduce(71 + (record.key?.count ?? 0) + (record.value?.count ?? 0)) {
      $0 + 10 + $1.key.utf8.count + ($1.value?.count ?? 0)
    }
  }

  private static func appendHeader(_ out: inout ByteWriter) {
    out.append(Int64(0))  // base offset
    out.append(Int32(0))  // length, put later
    out.append(Int32(0))  // leader epoch
    out.append(UInt8(2))  // magic
    out.append(UInt32(0))  // CRC, put later
    out.append(Int16(0))  // attributes, put later
    out.append(Int32(0))  // last offset delta, put later
    out.append(Int64(0))  // base timestamp, put later
    out.append(Int64(0))  // max timestamp, put later
    out.append(Int64(-1))  // no producer id
    out.append(Int16(-1))  // no producer epoch
    out.append(Int32(-1))  // no sequence
    out.append(Int32(0))  // count, put later
  }

  private static func append(
    _ record: Record, timestampDelta: Int64, offsetDelta: Int64, to out: inout ByteWriter
  ) {
    var size = 1 + varintSize(timestampDelta) + varintSize(offsetDelta) + varintSize(Int64(record.headers.count))
    func sized(_ part: [UInt8]?) -> Int { part.map { varintSize(Int64($0.count)) + $0.count } ?? 1 }
    size += sized(record.key) + sized(record.value)
    for header in record.headers {
      size += varintSize(Int64(header.key.utf8.count)) + header.key.utf8.count + sized(header.value)
    }
    out.appendVarint(Int64(size))
    out.append(UInt8(0))
    out.appendVarint(timestampDelta)
    out.appendVarint(offsetDelta)
    append(record.key, to: &out)
    append(record.value, to: &out)
    appendHeaders(record.headers, to: &out)
  }

  private static func append(_ part: [UInt8]?, to out: inout ByteWriter) {
    guard let part else { return out.appendVarint(-1) }
    out.appendVarint(Int64(part.count))
    out.append(contentsOf: part)
  }

  /// Count, then key and value of each: the form that ``RecordBatch/Slot/headersStart`` points to.
  public static func appendHeaders(_ headers: [Record.Header], to out: inout ByteWriter) {
    out.appendVarint(Int64(headers.count))
    for header in headers {
      out.appendVarint(Int64(header.key.utf8.count))
      out.append(contentsOf: header.key.utf8)
      append(header.value, to: &out)
    }
  }
}
