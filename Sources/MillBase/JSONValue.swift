/// A JSON document in memory, for configuration, dashboards, API answers: not for the hot path.
///
/// Objects keep the order of their keys; when a key comes twice the last one wins (as in Spark and in browsers). Objects
/// are equal when their keys also come in the same order; ``canonicalBytes()`` compares content without regard to it.
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits 64 bits.
  case integer(Int64)
  case double(Double)
  /// A whole number that does not fit 64 bits, digit for digit.
  case bigInteger(String)
  case string(String)
  case array([JSONValue])
  case object(Object)

  /// Keys in the order of the text.
  public struct Object: Sendable, Hashable, ExpressibleByDictionaryLiteral, Sequence {
    public private(set) var keys: [String] = []
    private var values: [ByteKey: JSONValue] = [:]

    /// Swift takes "é" and "e" with a combining accent for equal; in JSON they are two keys.
    private struct ByteKey: Hashable, Sendable {
      let text: String
      init(_ text: String) { self.text = text }
      static func == (a: ByteKey, b: ByteKey) -> Bool { a.text == b.text && a.text.utf8.elementsEqual(b.text.utf8) }
      func hash(into hasher: inout Hasher) { hasher.combine(text) }
    }

    public init() {}
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
      for (key, value) in elements { self[key] = value }
    }
    public init(_ pairs: some Sequence<(String, JSONValue)>) {
      for (key, value) in pairs { self[key] = value }
    }

    public var count: Int { keys.count }

    public subscript(key: String) -> JSONValue? {
      get { values[ByteKey(key)] }
      set {
        if let newValue {
          if values.updateValue(newValue, forKey: ByteKey(key)) == nil { keys.append(key) }
        } else if values.removeValue(forKey: ByteKey(key)) != nil {
          keys.removeAll { ByteKey($0) == ByteKey(key) }
        }
      }
    }

    public func makeIterator() -> AnyIterator<(key: String, value: JSONValue)> {
      var index = 0
      return AnyIterator {
        guard index < keys.count else { return nil }
        defer { index += 1 }
        return (keys[index], values[ByteKey(keys[index])]!)
      }
    }
  }

  // MARK: Looking inside

  public subscript(key: String) -> JSONValue? {
    if case .object(let object) = self { object[key] } else { nil }
  }
  public subscript(index: Int) -> JSONValue? {
    if case .array(let array) = self, array.indices.contains(index) { array[index] } else { nil }
  }
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var integer: Int64? {
    switch self {
    case .integer(let value): value
    case .double(let value): Int64(exactly: value)
    default: nil
    }
  }
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .double(let value): value
    case .bigInteger(let digits): Double(digits)
    default: nil
    }
  }
  public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  public var object: Object? { if case .object(let value) = self { value } else { nil } }
  public var isNull: Bool { self == .null }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByFloatLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(nilLiteral: ()) { self = .null }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(Object(elements)) }
}

// MARK: - Writing

extension JSONValue {
  /// Compact text, keys in their order. Non-ASCII text stays as it is (UTF-8).
  public func text() -> String { String(decoding: bytes(), as: UTF8.self) }

  public func bytes() -> [UInt8] {
    var out: [UInt8] = []
    write(to: &out, sorted: false)
    return out
  }

  /// Text for comparing content: keys sorted by bytes, no white space.
  public func canonicalBytes() -> [UInt8] {
    var out: [UInt8] = []
    write(to: &out, sorted: true)
    return out
  }

  private func write(to out: inout [UInt8], sorted: Bool) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .integer(let value): out += String(value).utf8
    case .double(let value): out += (value.isFinite ? Self.shortest(value) : "null").utf8
    case .bigInteger(let digits): out += digits.utf8
    case .string(let value): Self.write(value, to: &out)
    case .array(let items):
      out.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        item.write(to: &out, sorted: sorted)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let object):
      out.append(UInt8(ascii: "{"))
      let keys = sorted ? object.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } : object.keys
      for (index, key) in keys.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        Self.write(key, to: &out)
        out.append(UInt8(ascii: ":"))
        object[key]!.write(to: &out, sorted: sorted)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  private static func shortest(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return value.description
  }

  /// Appends the text as a JSON string, with quotes.
  public static func write(_ text: String, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { bytes in
      var runStart = 0
      for index in bytes.indices {
        let byte = bytes[index]
        guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
        out += bytes[runStart..<index]
        runStart = index + 1
        writeEscape(byte, to: &out)
      }
      out += bytes[runStart...]
    }
    out.append(UInt8(ascii: "\""))
  }

  private static func writeEscape(_ byte: UInt8, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\\"))
    switch byte {
    case 0x0A: out.append(UInt8(ascii: "n"))
    case 0x0D: out.append(UInt8(ascii: "r"))
    case 0x09: out.append(UInt8(ascii: "t"))
    case 0..<0x20:
      let low = byte & 15
      out += "u00".utf8
      out.append(UInt8(ascii: "0") + byte >> 4)
      out.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
    default: out.append(byte)
    }
  }
}
