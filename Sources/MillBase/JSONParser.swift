extension JSONValue {
  /// Nesting deeper than this is refused.
  public static let depthMax = 512

  /// Parses one document (RFC 8259), nothing but white space around it.
  ///
  /// - Parameter file: named in errors.
  /// - Throws: `MillError.badInput` with line and column.
  public init(parsing bytes: [UInt8], file: String? = nil) throws {
    self = try bytes.withUnsafeBufferPointer { buffer in
      var parser = JSONParser(bytes: buffer, file: file)
      return try parser.document()
    }
  }

  public init(parsing text: String, file: String? = nil) throws { try self.init(parsing: Array(text.utf8), file: file) }
}

private struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  let file: String?
  var position = 0

  init(bytes: UnsafeBufferPointer<UInt8>, file: String?) {
    self.bytes = bytes
    self.file = file
  }

  mutating func document() throws -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw error("text after the end of the document") }
    return value
  }

  func error(_ message: String) -> MillError {
    var line = 1
    var lineStart = 0
    for index in 0..<min(position, bytes.count) where bytes[index] == 0x0A {
      line += 1
      lineStart = index + 1
    }
    let what = position >= bytes.count ? "the JSON text ends too early: \(message)" : "not JSON: \(message)"
    return MillError(.badInput, what, at: .init(file: file, line: line, column: position - lineStart + 1))
  }

  mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  mutating func expect(_ literal: StaticString, _ value: JSONValue) throws -> JSONValue {
    let end = position + literal.utf8CodeUnitCount
    guard end <= bytes.count,
      UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        .elementsEqual(bytes[position..<end])
    else { throw error("expected \(literal)") }
    position = end
    return value
  }

  mutating func value(depth: Int) throws -> JSONValue {
    guard depth < JSONValue.depthMax else { throw error("nested deeper than \(JSONValue.depthMax)") }
    skipSpace()
    guard position < bytes.count else { throw error("a value is missing") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try expect("true", .bool(true))
    case UInt8(ascii: "f"): return try expect("false", .bool(false))
    case UInt8(ascii: "n"): return try expect("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("unexpected character")
    }
  }

  mutating func object(depth: Int) throws -> JSONValue {
    position += 1
    var object = JSONValue.Object()
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
      position += 1
      return .object(object)
    }
    while true {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw error("expected a key in quotes")
      }
      let key = try string()
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else { throw error("expected ':'") }
      position += 1
      object[key] = try value(depth: depth + 1)
      if try closed(by: UInt8(ascii: "}")) { return .object(object) }
    }
  }

  mutating func array(depth: Int) throws -> JSONValue {
    position += 1
    var items: [JSONValue] = []
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
      position += 1
      return .array(items)
    }
    while true {
      items.append(try value(depth: depth + 1))
      if try closed(by: UInt8(ascii: "]")) { return .array(items) }
    }
  }

  /// After an element: true at the closing bracket, false after a comma.
  mutating func closed(by bracket: UInt8) throws -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == bracket || bytes[position] == UInt8(ascii: ",") else {
      throw error("expected ',' or '\(Character(UnicodeScalar(bracket)))'")
    }
    position += 1
    return bytes[position - 1] == bracket
  }

  mutating func string() throws -> String {
    position += 1
    var out: [UInt8] = []
    var runStart = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        let run = UnsafeBufferPointer(rebasing: bytes[runStart..<position])
        position += 1
        // Most strings have no escape: they are one run of the text.
        let text = out.isEmpty ? String(validating: run, as: UTF8.self) : String(validating: out + run, as: UTF8.self)
        guard let text else { throw error("a string is not UTF-8") }
        return text
      }
      if byte < 0x20 { throw error("a control character in a string") }
      position += 1
      if byte == UInt8(ascii: "\\") {
        out += bytes[runStart..<position - 1]
        try escape(into: &out)
        runStart = position
      }
    }
    throw error("a string is not closed")
  }

  mutating func escape(into out: inout [UInt8]) throws {
    guard position < bytes.count else { throw error("a string is not closed") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
    case UInt8(ascii: "b"): out.append(8)
    case UInt8(ascii: "f"): out.append(12)
    case UInt8(ascii: "n"): out.append(10)
    case UInt8(ascii: "r"): out.append(13)
    case UInt8(ascii: "t"): out.append(9)
    case UInt8(ascii: "u"):
      var scalar = UInt32(try hex4())
      if 0xD800..<0xDC00 ~= scalar, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
        bytes[position + 1] == UInt8(ascii: "u")
      {
        let mark = position
        position += 2
        let low = UInt32(try hex4())
        if 0xDC00..<0xE000 ~= low {
          scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
        } else {
          position = mark
        }
      }
      out += String(Character(UnicodeScalar(scalar) ?? "\u{FFFD}")).utf8
    default: throw error("an unknown escape")
    }
  }

  mutating func hex4() throws -> UInt16 {
    guard position + 4 <= bytes.count, let text = String(validating: bytes[position..<position + 4], as: UTF8.self),
      text.allSatisfy(\.isHexDigit), let value = UInt16(text, radix: 16)
    else { throw error("\\u needs four hexadecimal digits") }
    position += 4
    return value
  }

  mutating func number() throws -> JSONValue {
    let start = position
    func isDigit(_ index: Int) -> Bool { index < bytes.count && (0x30...0x39).contains(bytes[index]) }
    if bytes[position] == UInt8(ascii: "-") { position += 1 }
    guard isDigit(position) else { throw error("a digit is missing") }
    if bytes[position] == 0x30, isDigit(position + 1) { throw error("a number begins with 0") }
    while isDigit(position) { position += 1 }
    var isWhole = true
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isWhole = false
      position += 1
      guard isDigit(position) else { throw error("a digit is missing after '.'") }
      while isDigit(position) { position += 1 }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      position += 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
        position += 1
      }
      guard isDigit(position) else { throw error("a digit is missing in the exponent") }
      while isDigit(position) { position += 1 }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole { return Int64(text).map { .integer($0) } ?? .bigInteger(text) }
    return .double(Double(text) ?? .infinity)
  }
}
