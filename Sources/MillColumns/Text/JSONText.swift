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

  private static func hex(_ digit: UInt8) -> UInt8 { digit < 10 ? digit + 48 : digit + 55 }
}
