/// Pieces of JSON text.
public enum JSONText {
  /// Appends a row as an object.
  ///
  /// - Parameter keepsNulls: false leaves null columns out, also of structs inside.
  public static func append(
    _ schema: Schema, _ columns: [Column], _ row: Int, keepsNulls: Bool, to json: inout [UInt8]
  ) {
    json.append(UInt8(ascii: "{"))
    var isFirst = true
    for (name, column) in zip(schema.columns, columns) where keepsNulls || !column.isNull(row) {
      if !isFirst { json.append(UInt8(ascii: ",")) }
      isFirst = false
      var text = name.name
      text.withUTF8 { append(string: UnsafeRawBufferPointer($0), to: &json) }
      json.append(UInt8(ascii: ":"))
      column.appendJSON(row, keepsNulls: keepsNulls, to: &json)
    }
    json.append(UInt8(ascii: "}"))
  }

  /// In quotes, with Jackson's escapes; what is not UTF-8 becomes U+FFFD.
  public static func append(string bytes: UnsafeRawBufferPointer, to json: inout [UInt8]) {
    json.append(UInt8(ascii: "\""))
    for byte in String(decoding: bytes, as: UTF8.self).utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): json += [UInt8(ascii: "\\"), byte]
      case 8: json += Array("\\b".utf8)
      case 9: json += Array("\\t".utf8)
      case 10: json += Array("\\n".utf8)
      case 12: json += Array("\\f".utf8)
      case 13: json += Array("\\r".utf8)
      case 0..<32: json += Array("\\u00".utf8) + [hex(byte >> 4), hex(byte & 15)]
      default: json.append(byte)
      }
    }
    json.append(UInt8(ascii: "\""))
  }

  /// The compact text as Jackson writes it for people: a line for each member, two spaces for each object around it.
  public static func appendPretty(_ compact: [UInt8], to json: inout [UInt8]) {
    var (depth, isText) = (0, false)
    // Is the innermost value that is open an object?
    var objects: [Bool] = []
    func newLine() {
      json.append(UInt8(ascii: "\n"))
      json += repeatElement(UInt8(ascii: " "), count: 2 * depth)
    }
    var index = 0
    while index < compact.count {
      let byte = compact[index]
      let next = index + 1 < compact.count ? compact[index + 1] : 0
      index += 1
      if isText {
        json.append(byte)
        if byte == UInt8(ascii: "\\") {
          json.append(next)
          index += 1
        }
        isText = byte != UInt8(ascii: "\"")
        continue
      }
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        json.append(byte)
        // `{ }` and `[ ]`
        if next == byte + 2 {
          json += [UInt8(ascii: " "), next]
          index += 1
          break
        }
        objects.append(byte == UInt8(ascii: "{"))
        if objects.last! {
          depth += 1
          newLine()
        } else {
          json.append(UInt8(ascii: " "))
        }
      case UInt8(ascii: "}"):
        depth -= 1
        objects.removeLast()
        newLine()
        json.append(byte)
      case UInt8(ascii: "]"):
        objects.removeLast()
        json += [UInt8(ascii: " "), byte]
      case UInt8(ascii: ","):
        json.append(byte)
        if objects.last ?? false { newLine() } else { json.append(UInt8(ascii: " ")) }
      case UInt8(ascii: ":"): json += [UInt8(ascii: " "), byte, UInt8(ascii: " ")]
      default:
        isText = byte == UInt8(ascii: "\"")
        json.append(byte)
      }
    }
  }

  // MARK: Surrogates

  /// `\uD83D`
  public static func escape(_ unit: UInt16) -> [UInt8] {
    Array("\\u".utf8) + [12, 8, 4, 0].map { hex(UInt8(unit >> $0 & 15)) }
  }

  /// JSON text with two escapes for each character that takes a pair of surrogates in UTF-16, as Jackson writes them
  /// into UTF-8.
  public static func escapedPairs(_ json: [UInt8]) -> [UInt8] {
    guard json.contains(where: { $0 >= 0xF0 }) else { return json }
    return String(decoding: json, as: UTF8.self).unicodeScalars.flatMap { scalar -> [UInt8] in
      scalar.value < 0x10000 ? Array(String(scalar).utf8) : scalar.utf16.flatMap { escape($0) }
    }
  }

  /// Changes what lies between surrogates that are three bytes each (`ED A0 80` to `ED BF BF`), and them.
  ///
  /// - Parameter areKept: false = there are none.
  public static func betweenSurrogates(
    _ bytes: [UInt8], _ areKept: Bool, _ change: ([UInt8]) -> [UInt8],
    surrogate: (UInt16) -> [UInt8] = { [0xED, UInt8(0x80 | $0 >> 6 & 0x3F), UInt8(0x80 | $0 & 0x3F)] }
  ) -> [UInt8] {
    guard areKept else { return change(bytes) }
    var (result, start, at): ([UInt8], Int, Int) = ([], 0, 0)
    while at + 2 < bytes.count {
      guard bytes[at] == 0xED, bytes[at + 1] >= 0xA0, bytes[at + 1] < 0xC0, bytes[at + 2] & 0xC0 == 0x80 else {
        at += 1
        continue
      }
      result += change(Array(bytes[start..<at]))
      result += surrogate(0xD000 | UInt16(bytes[at + 1] & 0x3F) << 6 | UInt16(bytes[at + 2] & 0x3F))
      at += 3
      start = at
    }
    return result + change(Array(bytes[start...]))
  }

  private static func hex(_ digit: UInt8) -> UInt8 { digit < 10 ? digit + 48 : digit + 55 }
}
