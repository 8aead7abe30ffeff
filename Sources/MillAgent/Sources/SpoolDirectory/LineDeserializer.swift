import MillBase

/// One event a line (Flume's LINE deserializer).
///
/// Lines end at `\n` only; a `\r` stays in the body. A line is cut after `lengthMax` characters (UTF-16 units, its
/// `\n` counted) and what remains becomes the next event: that is what Flume does, and why JSON documents in one
/// line are better read with the blob deserializer.
final class LineDeserializer: EventDeserializer {
  private let file: File
  private let name: String
  private let lengthMax: Int
  private let charset: Charset
  private let errorPolicy: DeserializerSettings.ErrorPolicy
  private var buffer: [UInt8] = []
  /// Where `buffer` begins in the file.
  private var bufferPosition: Int64
  private var index = 0
  private var atEnd = false
  private var hasWarned = false

  static let chunkSize = 64 << 10

  init(
    file: File, name: String, position: Int64, lengthMax: Int, charset: Charset,
    errorPolicy: DeserializerSettings.ErrorPolicy
  ) throws {
    self.file = file
    self.name = name
    self.lengthMax = lengthMax
    self.errorPolicy = errorPolicy
    var start = position
    var charset = charset
    if charset == .utf16 {
      // A byte order mark says which; without one Java takes big endian.
      let mark = try file.read(count: 2, at: 0)
      charset = mark == [0xFF, 0xFE] ? .utf16LittleEndian : .utf16BigEndian
      if position == 0, mark == [0xFF, 0xFE] || mark == [0xFE, 0xFF] { start = 2 }
    }
    self.charset = charset
    bufferPosition = start
  }

  var position: Int64 { bufferPosition + Int64(index) }

  func next() throws -> [UInt8]? {
    var body: [UInt8] = []
    var length = 0
    while try fill() {
      let (scalar, count) = charset.decode(buffer, index)
      let units = (scalar ?? 0) > 0xFFFF ? 2 : 1
      // A pair of surrogates is not torn apart: the cut comes before it.
      if units == 2, length > 0, length + units > lengthMax { return cut(body) }
      guard let scalar else {
        switch errorPolicy {
        case .fail:
          throw MillError(
            .badInput, "the bytes at position \(position) are no \(charset.rawValue)", at: .init(file: name),
            wayOut: "set inputCharset to the file's encoding, or decodeErrorPolicy to REPLACE or IGNORE")
        case .replace:
          Charset.append(0xFFFD, to: &body)
          length += 1
        case .ignore: break
        }
        index += count
        if length >= lengthMax { return cut(body) }
        continue
      }
      index += count
      length += units
      if scalar == 0x0A { return body }
      Charset.append(scalar, to: &body)
      if length >= lengthMax { return cut(body) }
    }
    return length > 0 ? body : nil
  }

  private func cut(_ body: [UInt8]) -> [UInt8] {
    if !hasWarned {
      hasWarned = true
      Log.warning(
        "agent",
        "\(name): a line is longer than \(lengthMax) characters and is cut there; the rest becomes the next event. "
          + "Raise deserializer.maxLineLength, or use the blob deserializer to keep the file in one event")
    }
    return body
  }

  /// Makes sure that a whole character lies at `index`; false at the end of the file.
  private func fill() throws -> Bool {
    if buffer.count - index >= Charset.characterSizeMax || atEnd { return index < buffer.count }
    bufferPosition += Int64(index)
    buffer.removeFirst(index)
    index = 0
    let chunk = try file.read(count: Self.chunkSize, at: bufferPosition + Int64(buffer.count))
    if chunk.count < Self.chunkSize { atEnd = true }
    buffer += chunk
    return !buffer.isEmpty
  }
}
