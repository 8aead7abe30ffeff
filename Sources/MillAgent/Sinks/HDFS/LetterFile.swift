import MillBase

/// Events that can be written nowhere, with the reason: a JSON object a line.
struct LetterFile {
  let path: String

  init(path: String) { self.path = path }

  /// On the disk when this returns.
  mutating func put(_ event: Event, _ reason: MillError) throws {
    let text = String(validating: event.body, as: UTF8.self)
    let letter = JSONValue.object([
      "time": .string(Clock.iso8601(milliseconds: Clock.nowMilliseconds())), "reason": .string("\(reason)"),
      "origin": .string(event.origin?.text ?? ""),
      "headers": .object(
        JSONValue.Object(event.headers.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
      text == nil ? "bodyHex" : "body": .string(text ?? Self.hex(event.body)),
    ])
    try Files.makeDirectory(Files.split(path).directory)
    let file = try File(path, .readWrite, permissions: 0o600)
    try file.write(letter.bytes() + [0x0A], at: try file.size())
    try file.sync()
    Log.error("agent", "an event can't be written and is kept in \(path): \(reason)")
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
