/// The type of a field's values. Raw values are what the built-in store keeps on disk.
public enum FieldType: UInt8, Sendable {
  case float = 1
  case integer = 2
  case string = 3
  case boolean = 4
  case unsigned = 5

  /// As SHOW FIELD KEYS and error messages name it.
  public var name: String {
    switch self {
    case .float: "float"
    case .integer: "integer"
    case .string: "string"
    case .boolean: "boolean"
    case .unsigned: "unsigned"
    }
  }
}

/// A line that was not taken, and why.
public struct RejectedLine: Sendable, Equatable {
  /// Without its line end.
  public var line: [UInt8]
  /// As InfluxDB words it.
  public var reason: String

  public init(line: [UInt8], reason: String) {
    self.line = line
    self.reason = reason
  }

  /// InfluxDB's message for a line that is not line protocol.
  var parseMessage: String { "unable to parse '\(String(decoding: line, as: UTF8.self))': \(reason)" }
}

/// The points of one body of line protocol: one buffer, and where each part lies in it.
///
/// Nothing is allocated for a single point. Keys stay as they were written (with escapes), tags sorted by key.
public struct ParsedPoints: Sendable {
  public struct Point: Sendable {
    /// The series key, measurement and tags: start and count in `bytes`.
    public var keyStart: Int
    public var keyCount: Int
    /// How much of the key is the measurement.
    public var measurementCount: Int
    /// First field in `fields`, and how many.
    public var fieldsStart: Int
    public var fieldsCount: Int
    /// Nanoseconds since 1970.
    public var time: Int64
    /// The whole line: start and count in `bytes`.
    public var lineStart: Int
    public var lineCount: Int
  }

  public struct Field: Sendable {
    public var keyStart: Int
    public var keyCount: Int
    public var type: FieldType
    /// Strings only: a `\` stands before `"` or `\` somewhere.
    public var hasEscapes: Bool
    /// A float's bit pattern, an integer, 0 or 1; a string's start in the upper half and count in the lower half.
    public var bits: UInt64

    public var stringStart: Int { Int(bits >> 32) }
    public var stringCount: Int { Int(bits & 0xFFFF_FFFF) }
  }

  public var bytes: [UInt8]
  public var points: [Point] = []
  public var fields: [Field] = []
  /// Lines that are not line protocol, in their order.
  public var rejected: [RejectedLine] = []

  init(bytes: [UInt8]) { self.bytes = bytes }
}
