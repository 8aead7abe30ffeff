import MillBase

/// A whole file is one event, up to a size (Flume's BlobDeserializer).
final class BlobDeserializer: EventDeserializer {
  private let file: File
  private let name: String
  private let lengthMax: Int
  private(set) var position: Int64

  init(file: File, name: String, position: Int64, lengthMax: Int) {
    self.file = file
    self.name = name
    self.position = position
    self.lengthMax = lengthMax
  }

  func next() throws -> [UInt8]? {
    let left = try file.size() - position
    guard left > 0 else { return nil }
    if left > lengthMax {
      Log.warning(
        "agent", "\(name): \(left) bytes are more than deserializer.maxBlobLength \(lengthMax); the event is cut there")
    }
    let body = try file.read(count: Int(min(left, Int64(lengthMax))), at: position)
    position += Int64(body.count)
    return body.isEmpty ? nil : body
  }
}
