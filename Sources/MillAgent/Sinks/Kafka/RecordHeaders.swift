import MillLog

extension RecordBatch {
  /// The value of the first header of that name, read from the record's bytes as Kafka writes them; nil when the
  /// record has none, or its value is null.
  func header(_ name: String, of index: Int) -> ArraySlice<UInt8>? {
    var position = Int(slots[index].headersStart)
    guard position >= 0, let count = varint(&position) else { return nil }
    for _ in 0..<max(0, count) {
      guard let keyCount = varint(&position), let key = take(keyCount, &position), let valueCount = varint(&position)
      else { return nil }
      let value = valueCount < 0 ? nil : take(valueCount, &position)
      if key.elementsEqual(name.utf8) { return value }
    }
    return nil
  }

  private func take(_ count: Int, _ position: inout Int) -> ArraySlice<UInt8>? {
    guard count >= 0, position + count <= bytes.count else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// A zigzag varint.
  private func varint(_ position: inout Int) -> Int? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.count, shift < 64 {
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return Int(truncatingIfNeeded: Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)) }
      shift += 7
    }
    return nil
  }
}
