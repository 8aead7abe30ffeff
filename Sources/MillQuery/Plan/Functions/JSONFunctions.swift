import MillBase
import MillColumns

extension FunctionLibrary {
  static let jsonFunctions: [FunctionDefinition] = [
    FunctionDefinition("get_json_object", arity: 2) { call in
      try call.castAllToText()
      return call.result(.string) { vectors, evaluation in
        let (documents, paths) = (vectors[0].bytes, vectors[1].strings)
        var last: (text: String, path: JSONPath?)?
        return try evaluation.mapBytes(vectors) { row, out in
          if last?.text != paths[row] { last = (paths[row], JSONPath(paths[row])) }
          guard let path = last!.path, let document = json(documents[row]), let found = path.text(in: document) else {
            return false
          }
          out += found.utf8
          return true
        }
      }
    },
    FunctionDefinition("json_array_length", arity: 1) { call in
      try call.castAllToText()
      return call.result(.integer) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].bytes, to: .integer) { (text) -> Int32? in
          json(text)?.array.map { Int32($0.count) }
        }
      }
    },
    FunctionDefinition("json_object_keys", arity: 1) { call in
      try call.castAllToText()
      return call.values(.array(.string)) { arguments in
        let text = arguments[0].text
        guard (try? JSONValue(parsing: text))?.object != nil else { return .null }
        return .array(memberNames(text).map { .string($0) })
      }
    },
    FunctionDefinition("schema_of_json", arity: 1) { call in
      guard case .string(let text)? = call.arguments[0].constantValue else {
        throw call.mismatch(0, wants: "a text in quotes")
      }
      let document: JSONValue
      do { document = try JSONValue(parsing: text) } catch let error as MillError {
        throw call.error("schema_of_json: \(error.message)")
      }
      return .constant(.string(nullsAsText(inferred(document)).sql), .string, call.position)
    },
  ]

  /// The names of an object's members as they come, twice when they come twice. The text is whole.
  private static func memberNames(_ text: String) -> [String] {
    var (names, depth, isName, start): ([String], Int, Bool, Int?) = ([], 0, false, nil)
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\\") where start != nil: index += 1
      case UInt8(ascii: "\""):
        guard let from = start else {
          start = index
          break
        }
        if depth == 1, isName { names.append((try? JSONValue(parsing: Array(bytes[from...index])))?.string ?? "") }
        (isName, start) = (false, nil)
      case _ where start != nil: break
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        isName = depth == 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: ","): isName = depth == 1
      default: break
      }
      index += 1
    }
    return names
  }

  private static func json(_ bytes: Bytes) -> JSONValue? { try? JSONValue(parsing: Array(bytes)) }

  static func toJSON(
    _ call: FunctionCall, _ options: JSONOptions, _ written: [String: String]
  ) throws -> Expression {
    switch call.type(0) {
    case .struct, .array, .map: break
    default: throw call.mismatch(0, wants: "a struct, an array or a map")
    }
    let keepsNulls = written.contains { $0.key.lowercased() == "ignorenullfields" && $0.value.lowercased() == "false" }
    let isPretty = written.contains { $0.key.lowercased() == "pretty" && $0.value.lowercased() == "true" }
    let formats = try TimeFormats(dates: options.dateFormat, timestamps: options.timestampFormat)
    let zone = try options.timeZone.map { try ZoneCache.rules($0) }
    let type = call.type(0)
    return call.result(.string) { vectors, evaluation in
      let (plain, mask) = vectors[0].compact
      let time = zone.map { LocalTime(zone: $0) } ?? evaluation.lane.time
      let column = formats.change(type, time) ? formats.written(plain, time) : plain
      return try evaluation.mapBytes(vectors) { row, out in
        let start = out.count
        column.appendJSON(row & mask, keepsNulls: keepsNulls, to: &out)
        if isPretty {
          let compact = Array(out[start...])
          out.removeSubrange(start...)
          JSONText.appendPretty(compact, to: &out)
        }
        return true
      }
    }
  }

  /// The members of a document by name, as a struct of texts.
  static func jsonFields(_ call: FunctionCall, _ schema: Schema) -> Expression {
    call.values(.struct(schema), takesNull: Set(call.arguments.indices)) { arguments in
      let document = arguments[0] == .null ? nil : (try? JSONValue(parsing: arguments[0].text))
      return .struct(
        arguments.dropFirst().map { name in
          guard let found = document?.object?[name.text], !found.isNull else { return .null }
          return .string(found.string ?? found.text())
        })
    }
  }

  // MARK: Schema inference

  private static func inferred(_ value: JSONValue) -> DataType {
    switch value {
    case .null: .null
    case .bool: .boolean
    case .integer: .long
    case .double: .double
    case .bigInteger(let digits):
      digits.utf8.count { $0 != 45 } <= 38 ? .decimal(precision: digits.utf8.count { $0 != 45 }, scale: 0) : .double
    case .string: .string
    case .array(let elements): .array(elements.reduce(.null) { merged($0, inferred($1)) })
    case .object(let object):
      .struct(
        Schema(
          object.map { .init($0.key, inferred($0.value)) }.sorted {
            $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
          }))
    }
  }

  /// What holds both; text when nothing else does.
  private static func merged(_ a: DataType, _ b: DataType) -> DataType {
    if a == b || b == .null { return a }
    if a == .null { return b }
    switch (a, b) {
    case (.array(let x), .array(let y)): return .array(merged(x, y))
    case (.struct(let x), .struct(let y)):
      var columns = x.columns
      for column in y.columns {
        if let index = x.index(of: column.name) {
          columns[index].type = merged(columns[index].type, column.type)
        } else {
          columns.append(column)
        }
      }
      return .struct(Schema(columns.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }))
    default: return TypeCoercion(ansi: false).numeric(a, b) ?? .string
    }
  }

  private static func nullsAsText(_ type: DataType) -> DataType {
    switch type {
    case .null: .string
    case .array(let element): .array(nullsAsText(element))
    case .struct(let schema): .struct(Schema(schema.columns.map { .init($0.name, nullsAsText($0.type)) }))
    default: type
    }
  }
}
