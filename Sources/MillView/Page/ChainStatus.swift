import MillBase

/// Tells how the chain is doing, whenever the page `/chain` asks. Called on the server's threads.
public protocol ChainStatusSource: Sendable {
  func chainStatus() -> ChainStatus
  /// What `/readyz` answers: nil when ready, else what it still waits for. Default: nil.
  var notReadyReason: String? { get }
}

extension ChainStatusSource {
  public var notReadyReason: String? { nil }
}

/// How the chain is doing, at one moment.
public struct ChainStatus: Sendable {
  public enum State: String, Sendable, CaseIterable {
    case ok, warning, error
    /// Not part of this pipeline.
    case off
  }

  public enum Unit: String, Sendable {
    /// Grafana's unit names: the page formats them as it formats a panel.
    case none, short, bytes, percent
    case milliseconds = "ms"
    case seconds = "s"
    /// Per second, of records and of bytes.
    case recordsPerSecond = "count:rec/s"
    case bytesPerSecond = "Bps"
    /// The value is a time in milliseconds since 1970, shown as "3 seconds ago".
    case timeAgo = "dateTimeFromNow"
  }

  /// One figure of a room.
  public struct Item: Sendable {
    public var label: String
    /// nil when not known yet; `text` counts more when both are there.
    public var value: Double?
    public var text: String?
    public var unit: Unit
    /// Coloured when it is not ok.
    public var state: State

    public init(_ label: String, _ value: Double?, unit: Unit = .short, state: State = .ok) {
      self.label = label
      self.value = value
      self.unit = unit
      self.state = state
    }
    public init(_ label: String, text: String, state: State = .ok) {
      self.label = label
      self.text = text
      self.unit = .none
      self.state = state
    }
  }

  /// A room of the chain: Collect, Agent, Log, Archive, Query, Store, View.
  public struct Room: Sendable {
    public var name: String
    /// One line: what it does here, and with what ("topic pop → HDFS /case_pop").
    public var summary: String
    public var state: State
    /// Records per second now; nil when it has none.
    public var recordsPerSecond: Double?
    /// Bytes per second now.
    public var bytesPerSecond: Double?
    public var items: [Item]
    /// The latest error, with its time in milliseconds since 1970.
    public var lastError: (message: String, at: Int64)?
    /// Names of the rooms that it hands its records to.
    public var next: [String]

    public init(
      _ name: String, summary: String = "", state: State = .ok, recordsPerSecond: Double? = nil,
      bytesPerSecond: Double? = nil, items: [Item] = [], lastError: (message: String, at: Int64)? = nil,
      next: [String] = []
    ) {
      self.name = name
      self.summary = summary
      self.state = state
      self.recordsPerSecond = recordsPerSecond
      self.bytesPerSecond = bytesPerSecond
      self.items = items
      self.lastError = lastError
      self.next = next
    }
  }

  /// A record that could not be processed.
  public struct DeadLetter: Sendable {
    /// Milliseconds since 1970.
    public var at: Int64
    public var room: String
    public var reason: String
    /// Where it came from: file and line, or topic-partition@offset.
    public var origin: String

    public init(at: Int64, room: String, reason: String, origin: String = "") {
      self.at = at
      self.room = room
      self.reason = reason
      self.origin = origin
    }
  }

  public var name: String
  /// Milliseconds since 1970.
  public var startedAt: Int64
  /// In the order of the flow.
  public var rooms: [Room]
  public var deadLetterCount: Int
  /// The latest ones, newest first; the page shows at most 50.
  public var deadLetters: [DeadLetter]

  public init(
    name: String, startedAt: Int64, rooms: [Room], deadLetterCount: Int = 0, deadLetters: [DeadLetter] = []
  ) {
    self.name = name
    self.startedAt = startedAt
    self.rooms = rooms
    self.deadLetterCount = deadLetterCount
    self.deadLetters = deadLetters
  }
}

extension ChainStatus {
  static let deadLettersMax = 50

  /// Everything that people wrote or servers said is redacted once more on its way out.
  func json(now: Int64) -> JSONValue {
    [
      "name": .string(name), "now": .integer(now), "startedAt": .integer(startedAt),
      "rooms": .array(rooms.map(\.json)), "deadLetterCount": .integer(Int64(deadLetterCount)),
      "deadLetters": .array(
        deadLetters.prefix(Self.deadLettersMax).map { letter in
          [
            "at": .integer(letter.at), "room": .string(letter.room), "reason": .string(Secrets.redact(letter.reason)),
            "origin": .string(Secrets.redact(letter.origin)),
          ]
        }),
    ]
  }
}

extension ChainStatus.Room {
  fileprivate var json: JSONValue {
    let error: JSONValue? = lastError.map { ["message": .string(Secrets.redact($0.message)), "at": .integer($0.at)] }
    return [
      "name": .string(name), "summary": .string(Secrets.redact(summary)), "state": .string(state.rawValue),
      "recordsPerSecond": recordsPerSecond.map { .double($0) } ?? .null,
      "bytesPerSecond": bytesPerSecond.map { .double($0) } ?? .null,
      "items": .array(
        items.map { item in
          [
            "label": .string(item.label), "value": item.value.map { .double($0) } ?? .null,
            "text": item.text.map { .string(Secrets.redact($0)) } ?? .null, "unit": .string(item.unit.rawValue),
            "state": .string(item.state.rawValue),
          ]
        }),
      "lastError": error ?? .null, "next": .array(next.map { .string($0) }),
    ]
  }
}
