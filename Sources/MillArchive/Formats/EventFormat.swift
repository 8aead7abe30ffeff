/// What is written of an event.
public struct ArchiveEvent: Sendable {
  /// Milliseconds since 1970.
  public var timestamp: Int64
  public var headers: [String: String]
  public var body: [UInt8]

  public init(timestamp: Int64, headers: [String: String] = [:], body: [UInt8]) {
    self.timestamp = timestamp
    self.headers = headers
    self.body = body
  }
}

/// How events become the bytes of a file. One format object for each file.
public protocol EventFormat: AnyObject {
  /// The bytes before the first event.
  func start() -> [UInt8]
  func encode(_ event: ArchiveEvent, into out: inout [UInt8])
  /// The bytes at the end of a batch, so that a reader gets all events up to here.
  func mark() -> [UInt8]
  /// The bytes after the last event.
  func finish() -> [UInt8]
}
