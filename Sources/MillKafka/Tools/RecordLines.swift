import MillBase
import MillLog

/// Lines of text → records, with kafka-console-producer's `--property` names.
struct RecordLines {
  /// A longer line is refused.
  static let lineBytesMax = 64 << 20

  private var parsesKey = false
  private var parsesHeaders = false
  private var keySeparator = Array("\t".utf8)
  private var headersDelimiter = Array("\t".utf8)
  private var headersSeparator = Array(",".utf8)
  private var headersKeySeparator = Array(":".utf8)
  private var nullMarker: [UInt8]?
  private var ignoresErrors = false

  private var rest: [UInt8] = []
  private var number = 0

  /// - Throws: `.configuration` for an unknown name.
  init(_ properties: [String: String]) throws {
    for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
      switch name {
      case "parse.key": parsesKey = try Self.flag(name, value)
      case "parse.headers": parsesHeaders = try Self.flag(name, value)
      case "ignore.error": ignoresErrors = try Self.flag(name, value)
      case "key.separator": keySeparator = try Self.separator(name, value)
      case "headers.delimiter": headersDelimiter = try Self.separator(name, value)
      case "headers.separator": headersSeparator = try Self.separator(name, value)
      case "headers.key.separator": headersKeySeparator = try Self.separator(name, value)
      case "null.marker": nullMarker = Array(value.utf8)
      default:
        let known = [
          "parse.key", "parse.headers", "ignore.error", "key.separator", "headers.delimiter", "headers.separator",
          "headers.key.separator", "null.marker",
        ]
        throw MillError(
          .configuration, "--property has no '\(name)'", wayOut: Nearest.advice(for: name, among: known))
      }
    }
  }

  static func flag(_ name: String, _ value: String) throws -> Bool {
    switch value.lowercased() {
    case "true": true
    case "false": false
    default: throw MillError(.configuration, "--property \(name)=\(value) is neither true nor false")
    }
  }

  private static func separator(_ name: String, _ value: String) throws -> [UInt8] {
    if value.isEmpty { throw MillError(.configuration, "--property \(name) is empty") }
    return Array(value.utf8)
  }

  /// The records of all lines that end in the chunk; an empty chunk is the end of the input.
  ///
  /// - Throws: `.configuration` with the line's number for a line without the separator, `.limit` for one that is too
  ///   long; `records` has those before it.
  mutating func take(_ chunk: [UInt8], into records: inout [Record]) throws {
    if chunk.isEmpty {
      if !rest.isEmpty { records.append(try record(rest[...])) }
      rest = []
      return
    }
    var start = 0
    while let end = chunk[start...].firstIndex(of: 10) {
      var line = rest + chunk[start..<end]
      rest = []
      start = end + 1
      if line.last == 13 { line.removeLast() }
      records.append(try record(line[...]))
    }
    rest += chunk[start...]
    guard rest.count <= Self.lineBytesMax else {
      throw MillError(.limit, "a line is longer than \(Self.lineBytesMax) bytes", at: .init(line: number + 1))
    }
  }

  private mutating func record(_ line: ArraySlice<UInt8>) throws -> Record {
    number += 1
    var rest = line
    var record = Record(value: nil)
    if parsesHeaders, let text = try part(&rest, headersDelimiter, "headers"), text != nullMarker {
      record.headers = try text[...].parts(headersSeparator).map(header)
    }
    if parsesKey, let key = try part(&rest, keySeparator, "key") { record.key = key == nullMarker ? nil : key }
    record.value = Array(rest) == nullMarker ? nil : Array(rest)
    return record
  }

  /// What stands before the separator. nil when there is none and errors are to be ignored.
  private func part(_ rest: inout ArraySlice<UInt8>, _ separator: [UInt8], _ what: String) throws -> [UInt8]? {
    if let range = rest.range(separator) {
      defer { rest = rest[range.upperBound...] }
      return Array(rest[..<range.lowerBound])
    }
    if ignoresErrors { return nil }
    throw MillError(
      .configuration, "No \(what) separator found on line number \(number): '\(text(rest.prefix(200)))'",
      at: .init(line: number),
      wayOut: "separate with '\(text(separator[...]))', or give --property ignore.error=true")
  }

  private func header(_ bytes: ArraySlice<UInt8>) throws -> Record.Header {
    guard let range = bytes.range(headersKeySeparator) else {
      throw MillError(
        .configuration, "No header key separator found in pair '\(text(bytes))' on line number \(number)",
        at: .init(line: number), wayOut: "write NAME\(text(headersKeySeparator[...]))VALUE")
    }
    let value = Array(bytes[range.upperBound...])
    return .init(text(bytes[..<range.lowerBound]), value == nullMarker ? nil : value)
  }

  private func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension ArraySlice<UInt8> {
  fileprivate func range(_ separator: [UInt8]) -> Range<Int>? { firstRange(of: separator) }

  fileprivate func parts(_ separator: [UInt8]) -> [ArraySlice<UInt8>] {
    var parts: [ArraySlice<UInt8>] = []
    var rest = self
    while let range = rest.range(separator) {
      parts.append(rest[..<range.lowerBound])
      rest = rest[range.upperBound...]
    }
    return parts + [rest]
  }
}
