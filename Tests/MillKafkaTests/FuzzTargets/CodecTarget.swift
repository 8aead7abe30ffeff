import MillBase
import MillLog

@testable import MillKafka

/// Two bytes choose a message and its version, the rest is read as that. What can be read is written and read again:
/// the same message, from no more bytes.
public final class CodecTarget: FuzzTarget {
  public static let name = "codec"

  public init() {}

  public func run(_ input: [UInt8]) throws {
    var input = FuzzInput(input)
    let (api, request, response) = ServedMessages.all[input.choose(ServedMessages.all.count)]
    let choice = input.choose(2 * api.versions.count)
    let message = choice % 2 == 0 ? request : response
    try roundTrip(message, api, api.versions.lowerBound + Int16(choice / 2), input.rest)
  }

  private func roundTrip<Message: ProtocolStruct>(
    _: Message.Type, _ api: API, _ version: Int16, _ bytes: ArraySlice<UInt8>
  ) throws {
    let isFlexible = api.isFlexible(version)
    var reader = MessageReader(bytes, version: version, isFlexible: isFlexible)
    let message: Message
    do { message = try reader.read(Message.self) } catch is MillError { return }
    var writer = MessageWriter(version: version, isFlexible: isFlexible)
    try writer.write(message)
    var second = MessageReader(writer.out.bytes[...], version: version, isFlexible: isFlexible)
    let again = try second.read(Message.self)
    try FuzzFinding.require(
      again == message && second.remaining == 0,
      "\(Message.self), version \(version): \(message) became \(again), with \(second.remaining) bytes left")
  }

  public static func seeds() throws -> [[UInt8]] {
    try ServedMessages.all.enumerated().flatMap { index, served in
      try served.api.versions.enumerated().flatMap { step, version in
        try [served.request, served.response].enumerated().map { side, message in
          let seed = UInt64(1000 * index + 10 * step + side)
          return [UInt8(index), UInt8(2 * step + side)] + (try encode(message, served.api, version, seed: seed))
        }
      }
    }
  }

  private static func encode<Message: ProtocolStruct>(
    _: Message.Type, _ api: API, _ version: Int16, seed: UInt64
  ) throws -> [UInt8] {
    var message = Message()
    var filler = RandomFiller(version: version, seed: seed)
    try message.fields(&filler)
    var writer = MessageWriter(version: version, isFlexible: api.isFlexible(version))
    try writer.write(message)
    return writer.out.bytes
  }
}
