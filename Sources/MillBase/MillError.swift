/// An error a person can act on: what is wrong, where, and the way out.
///
/// Every error that leaves a room is a `MillError`. Its description never holds a secret, as long as secrets are
/// registered with ``Secrets``.
public struct MillError: Error, Sendable, CustomStringConvertible {
  /// What kind of thing went wrong. Open: rooms add their own with `MillError.Code("…")`.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public init(_ name: String) { self.name = name }
    public var description: String { name }

    /// A configuration file, flag or variable says something that can't be done. Exit code 78.
    public static let configuration = Code("configuration")
    /// Input data (a record, a document, a request) is not what it has to be.
    public static let badInput = Code("bad-input")
    /// The operating system refused: file, disk, socket.
    public static let system = Code("system")
    /// A peer could not be reached, or broke off.
    public static let unreachable = Code("unreachable")
    /// A peer answered with an error.
    public static let refused = Code("refused")
    /// A named limit was reached.
    public static let limit = Code("limit")
    /// Stored data is damaged.
    public static let corrupt = Code("corrupt")
    /// The thing asked for does not exist.
    public static let notFound = Code("not-found")
    /// The work was stopped from outside.
    public static let stopped = Code("stopped")
  }

  /// Where it went wrong, as far as known.
  public struct Place: Sendable, Hashable, CustomStringConvertible {
    public var file: String?
    /// Counted from 1.
    public var line: Int?
    /// Counted from 1.
    public var column: Int?
    /// The key, option, topic-partition@offset or the like.
    public var key: String?

    public init(file: String? = nil, line: Int? = nil, column: Int? = nil, key: String? = nil) {
      self.file = file
      self.line = line
      self.column = column
      self.key = key
    }

    public var description: String {
      var text = file ?? ""
      if let line { text += text.isEmpty ? "line \(line)" : ":\(line)" }
      if let column { text += ":\(column)" }
      if let key { text += text.isEmpty ? key : ": \(key)" }
      return text
    }
  }

  public var code: Code
  /// One sentence, lower case, without a full stop.
  public var message: String
  public var place: Place?
  /// What the reader can do about it.
  public var wayOut: String?
  /// Would the same call succeed later, without anyone changing anything?
  public var isRetriable: Bool

  public init(
    _ code: Code, _ message: String, at place: Place? = nil, wayOut: String? = nil, isRetriable: Bool = false
  ) {
    self.code = code
    self.message = message
    self.place = place
    self.wayOut = wayOut
    self.isRetriable = isRetriable
  }

  public var description: String {
    var text = ""
    if let place, !place.description.isEmpty { text += "\(place): " }
    text += message
    if let wayOut { text += "; \(wayOut)" }
    return Secrets.redact(text)
  }
}
