import MillBase

/// The records within a batch: where each part lies, checked so that nothing later can read outside.
enum BatchDecoder {
  /// Indexes the (uncompressed) records between `start` and `end` of `bytes`.
  ///
  /// - Parameter offset: records before it are passed over.
  /// - Throws: `.corrupt` when a record does not fit, or the count or the offset deltas are wrong.
  static func index(
    _ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int, header: BatchHeader, offset: Int64,
    into slots: inout [RecordBatch.Slot]
  ) throws {
    var reader = ByteReader(bytes, from: start, to: end)
    var previousDelta: Int64 = -1
    for number in 0..<Int(header.recordsCount) {
      guard let delta = record(&reader, header, offset, &slots), delta > previousDelta else {
        throw MillError(.corrupt, "record \(number) of the batch at offset \(header.baseOffset) is malformed")
      }
      previousDelta = delta
    }
    guard reader.remaining == 0 else {
      throw MillError(.corrupt, "\(reader.remaining) bytes too many in the batch at offset \(header.baseOffset)")
    }
  }

  /// Returns the record's offset delta; nil when it is malformed.
  @inline(__always)
  private static func record(
    _ reader: inout ByteReader, _ header: BatchHeader, _ offset: Int64, _ slots: inout [RecordBatch.Slot]
  ) -> Int64? {
    guard let length = reader.varint(), length >= 0, length <= Int64(reader.remaining) else { return nil }
    let recordEnd = reader.position + Int(length)
    guard reader.skip(1), let timestampDelta = reader.varint(), let delta = reader.varint(),
      delta >= 0, delta <= Int64(header.lastOffsetDelta), let keyLength = reader.varint()
    else { return nil }
    let keyStart = keyLength < 0 ? -1 : reader.position
    guard keyLength < 0 || reader.skip(Int(clamping: keyLength)), let valueLength = reader.varint() else { return nil }
    let valueStart = valueLength < 0 ? -1 : reader.position
    guard valueLength < 0 || reader.skip(Int(clamping: valueLength)) else { return nil }
    let headersStart = reader.position
    guard skipHeaders(&reader), reader.position == recordEnd else { return nil }
    let recordOffset = header.baseOffset + delta
    if recordOffset >= offset {
      slots.append(
        RecordBatch.Slot(
          offset: recordOffset,
          timestamp: header.isLogAppendTime ? header.maxTimestamp : header.baseTimestamp &+ timestampDelta,
          keyStart: Int32(keyStart), keyCount: Int32(max(0, keyLength)), valueStart: Int32(valueStart),
          valueCount: Int32(max(0, valueLength)), headersStart: Int32(headersStart)))
    }
    return delta
  }

  @inline(__always)
  private static func skipHeaders(_ reader: inout ByteReader) -> Bool {
    guard let count = reader.varint(), count >= 0 else { return false }
    if count == 0 { return true }
    for _ in 0..<count {
      guard let keyLength = reader.varint(), keyLength >= 0, reader.skip(Int(clamping: keyLength)),
        let valueLength = reader.varint(), valueLength < 0 || reader.skip(Int(clamping: valueLength))
      else { return false }
    }
    return true
  }
}

extension RecordBatch {
  /// The headers of the record.
  public func headers(_ index: Int) -> [Record.Header] {
    bytes.withUnsafeBytes { raw in
      var reader = ByteReader(raw, from: Int(slots[index].headersStart))
      // Slots are made after the headers were walked once, so these can't fail.
      guard let count = reader.varint() else { return [] }
      var headers: [Record.Header] = []
      func part(_ length: Int64) -> ArraySlice<UInt8> {
        let start = reader.position
        return reader.skip(Int(clamping: length)) ? bytes[start..<reader.position] : []
      }
      for _ in 0..<max(0, count) {
        guard let keyLength = reader.varint() else { break }
        let key = String(decoding: part(keyLength), as: UTF8.self)
        guard let valueLength = reader.varint() else { break }
        headers.append(.init(key, valueLength < 0 ? nil : Array(part(valueLength))))
      }
      return headers
    }
  }

  /// A copy of the record, for the few places that handle one at a time.
  public func record(_ index: Int) -> Record {
    Record(
      key: key(index).map(Array.init), value: value(index).map(Array.init), headers: headers(index),
      timestamp: slots[index].timestamp)
  }
}
