import MillBase

/// What a batch from outside has to be before it may be stored.
enum BatchCheck {
  /// - Returns: the header, and the unpacked records when the batch is compressed.
  /// - Throws: `.corrupt` (header, CRC, records), `.badInput` (a batch that only the log itself may write).
  static func check(_ bytes: [UInt8]) throws -> (BatchHeader, unpacked: [UInt8]) {
    try bytes.withUnsafeBytes { raw in
      guard let header = BatchHeader(raw) else {
        throw MillError(.corrupt, "\(raw.count) bytes are too few for a record batch")
      }
      if header.magic != 2 { throw MillError(.badInput, "record format \(header.magic) is too old; 2 is needed") }
      if let flaw = header.flaw { throw MillError(.corrupt, "not a record batch: \(flaw)") }
      guard header.size == raw.count else {
        throw MillError(
          .badInput, "a request holds one record batch; \(raw.count) bytes, the batch says \(header.size)")
      }
      guard CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[BatchHeader.crcStart...])) == header.crc else {
        throw MillError(.corrupt, "wrong CRC")
      }
      guard header.recordsCount >= 1, header.lastOffsetDelta == header.recordsCount - 1 else {
        throw MillError(
          .badInput, "\(header.recordsCount) records with a last offset delta of \(header.lastOffsetDelta)")
      }
      if header.isControl { throw MillError(.badInput, "control batches are the log's own") }
      return (header, try unpack(raw, header))
    }
  }

  private static func unpack(_ raw: UnsafeRawBufferPointer, _ header: BatchHeader) throws -> [UInt8] {
    var none: [RecordBatch.Slot] = []
    var unpacked: [UInt8] = []
    if header.codec == Codec.none {
      try BatchDecoder.index(
        raw, from: BatchHeader.size, to: raw.count, header: header, offset: .max, into: &none)
    } else {
      let packed = UnsafeRawBufferPointer(rebasing: raw[BatchHeader.size...])
      try Compression.decompress(packed, header.codec!, into: &unpacked)
      try unpacked.withUnsafeBytes {
        try BatchDecoder.index($0, from: 0, to: $0.count, header: header, offset: .max, into: &none)
      }
    }
    return unpacked
  }

  /// The batch with another codec.
  static func repack(_ batch: [UInt8], _ unpacked: [UInt8], _ codec: Codec) throws -> [UInt8] {
    let body = unpacked.isEmpty ? Array(batch[BatchHeader.size...]) : unpacked
    let packed = try body.withUnsafeBytes { try Compression.compress($0, codec) }
    var out = ByteWriter(capacity: BatchHeader.size + packed.count)
    out.append(contentsOf: batch[..<BatchHeader.size])
    out.append(contentsOf: packed)
    out.put(Int32(out.bytes.count - BatchHeader.lengthOverhead), at: 8)
    out.bytes[22] = out.bytes[22] & ~7 | codec.rawValue
    BatchEncoder.seal(&out.bytes)
    return out.bytes
  }

  /// Gives all records of the batch the log's time.
  static func stamp(_ batch: inout [UInt8], _ time: Int64) {
    batch[22] |= 8
    withUnsafeBytes(of: time.bigEndian) { raw in for (step, byte) in raw.enumerated() { batch[35 + step] = byte } }
    BatchEncoder.seal(&batch)
  }
}
