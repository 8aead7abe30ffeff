import MillLog

/// What flows through an agent: headers and a body of bytes, as in Flume.
public struct Event: Sendable {
  public var headers: [String: String]
  public var body: [UInt8]
  /// Where a source read it: what makes appending it twice visible. nil for sources that can't be replayed.
  var origin: Origin?
  /// Who hears that the event has arrived.
  var delivery: Delivery?

  public init(headers: [String: String] = [:], body: [UInt8]) {
    self.headers = headers
    self.body = body
  }

  /// Bytes that it counts for in a channel.
  var size: Int { headers.reduce(body.count) { $0 + $1.key.utf8.count + $1.value.utf8.count } }
}

/// The place in a source that an event came from; the same after every restart.
struct Origin: Sendable, Hashable {
  enum Place: Sendable, Hashable {
    /// A spool file, told apart from others of the same name by its time and size, and the event's number in it.
    case file(FileIdentity, number: Int)
    /// The timestamp is the record's, in milliseconds since 1970.
    case log(TopicPartition, offset: Int64, timestamp: Int64)
  }
  /// The source's name.
  var source: String
  var place: Place

  /// Where in the log the event was read, for sources that read one.
  var logPosition: (topicPartition: TopicPartition, offset: Int64, timestamp: Int64)? {
    if case .log(let topicPartition, let offset, let timestamp) = place {
      (topicPartition, offset, timestamp)
    } else {
      nil
    }
  }

  /// As it stands in the header `millrace.origin`, after agent and channel.
  var text: String {
    switch place {
    case .file(let identity, let number): "\(source)/\(identity)#\(number)"
    case .log(let topicPartition, let offset, _): "\(source)/\(topicPartition)#\(offset)"
    }
  }
}

/// One file under one name: a file replaced by another has another identity.
struct FileIdentity: Sendable, Hashable, CustomStringConvertible {
  /// Relative to the spool directory.
  var path: String
  var size: Int64
  /// Nanoseconds since 1970.
  var modified: Int64

  var description: String { "\(path)@\(modified)-\(size)" }
}
