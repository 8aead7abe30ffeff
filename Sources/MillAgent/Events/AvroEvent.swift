import MillBase

/// Flume's Avro envelope, `AvroFlumeEvent {headers: map<string>, body: bytes}`, in Avro's binary encoding.
enum AvroEvent {
  static func encode(_ event: Event) -> [UInt8] {
    var out: [UInt8] = []
    if !event.headers.isEmpty {
      write(event.headers.count, to: &out)
      for (key, value) in event.headers.sorted(by: { $0.key < $1.key }) {
        write(Array(key.utf8), to: &out)
        write(Array(value.utf8), to: &out)
      }
    }
    write(0, to: &out)
    write(event.body, to: &out)
    return out
  }

  /// - Throws: `.badInput` when the bytes are no such envelope.
  static func decode(_ bytes: [UInt8]) throws -> Event {
    var position = 0
    var headers: [String: String] = [:]
    while true {
      var count = try number(bytes, &position)
      if count == 0 { break }
      // A negative count is followed by the block's size in bytes.
      if count < 0 {
        count = -count
        _ = try number(bytes, &position)
      }
      for _ in 0..<count {
        let key = String(decoding: try data(bytes, &position), as: UTF8.self)
        headers[key] = String(decoding: try data(bytes, &position), as: UTF8.self)
      }
    }
    return Event(headers: headers, body: Array(try data(bytes, &position)))
  }

  private static func write(_ value: Int, to out: inout [UInt8]) {
    var zigzag = UInt64(bitPattern: Int64(value << 1 ^ value >> 63))
    while zigzag >= 0x80 {
      out.append(UInt8(truncatingIfNeeded: zigzag) | 0x80)
      zigzag >>= 7
    }
    out.append(UInt8(zigzag))
  }

  private static func write(_ bytes: [UInt8], to out: inout [UInt8]) {
    write(bytes.count, to: &out)
    out += bytes
  }

  private static let broken = MillError(
    .badInput, "the record is no Flume event in Avro",
    wayOut: "set useFlumeEventFormat = false to take records as they are")

  private static func number(_ bytes: [UInt8], _ position: inout Int) throws -> Int {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 64 {
      guard position < bytes.count else { throw broken }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return Int(truncatingIfNeeded: Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)) }
      shift += 7
    }
    throw broken
  }

  private static func data(_ bytes: [UInt8], _ position: inout Int) throws -> ArraySlice<UInt8> {
    let count = try number(bytes, &position)
    guard count >= 0, count <= bytes.count - position else { throw broken }
    defer { position += count }
    return bytes[position..<position + count]
  }
}
