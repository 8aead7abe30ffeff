import MillLog

@testable import MillKafka

/// A request's bytes, without their length in front.
enum RequestFrame {
  static func make<Message: ProtocolStruct>(
    _: Message.Type, _ api: API, _ version: Int16, correlationID: Int32,
    from filler: inout MessageFiller<some ValueSource>
  ) throws -> [UInt8] {
    var message = Message()
    try message.fields(&filler)
    return try make(message, api, version, correlationID)
  }

  static func make<Message: ProtocolStruct>(
    _ api: API, _ version: Int16, _ set: (inout Message) -> Void
  ) throws -> [UInt8] {
    var message = Message()
    set(&message)
    return try make(message, api, version, 7)
  }

  private static func make(
    _ message: some ProtocolStruct, _ api: API, _ version: Int16, _ correlationID: Int32
  ) throws -> [UInt8] {
    var out = ByteWriter(capacity: 256)
    out.append(api.key)
    out.append(version)
    out.append(correlationID)
    out.append(Int16(-1))
    if api.isFlexible(version) { out.append(UInt8(0)) }
    var writer = MessageWriter(out, version: version, isFlexible: api.isFlexible(version))
    try writer.write(message)
    return writer.out.bytes
  }

  static func withLength(_ frame: [UInt8]) -> [UInt8] {
    var out = ByteWriter(capacity: frame.count + 4)
    out.append(Int32(frame.count))
    return out.bytes + frame
  }
}
