import MillBase

/// What a server says about a write that it did not take, or not wholly.
struct ServerMessage {
  var text: String
  /// InfluxDB 3 lists the lines.
  private var listed: [(line: String, reason: String)] = []

  init(_ response: HTTPResponse) {
    let json = try? JSONValue(parsing: response.body)
    text =
      json?["error"]?.string ?? json?["message"]?.string ?? String(decoding: response.body.prefix(4096), as: UTF8.self)
    for item in json?["data"]?.array ?? [] {
      if let line = item["original_line"]?.string, let reason = item["error_message"]?.string {
        listed.append((line, reason))
      }
    }
  }

  /// Is it the lines' fault? A 400 for another reason (wrong parameters, a gzip body that was not understood) must not
  /// send good lines to the dead letters.
  var isAboutLines: Bool {
    [
      "unable to parse", "partial write", "field type", "retention policy", "max key length", "line protocol",
      "failure writing points",
    ].contains { text.contains($0) }
  }

  private static let prefix = "unable to parse '"

  /// The lines that the message names, by where they start, with the reason.
  func namedLines(_ bytes: [UInt8], _ ranges: ArraySlice<Range<Int>>) -> [Int: String] {
    var reasons: [String: String] = [:]
    for (line, reason) in listed { reasons[line] = reason }
    // `unable to parse '<line>': <reason>`, one after another, a newline between them; a line may hold anything.
    for part in text.split(separator: Self.prefix).dropFirst(text.hasPrefix(Self.prefix) ? 0 : 1) {
      guard let end = part.ranges(of: "': ").last else { continue }
      var reason = String(part[end.upperBound...])
      if reason.hasSuffix("\n") { reason.removeLast() }
      if let dropped = reason.ranges(of: " dropped=").last { reason = String(reason[..<dropped.lowerBound]) }
      let line = String(part[..<end.lowerBound])
      reasons[line] = "\(Self.prefix)\(line)': \(reason)"
    }
    if reasons.isEmpty { return [:] }
    var found: [Int: String] = [:]
    for range in ranges {
      let line = bytes[range].drop { $0 == 0x20 || $0 == 0x09 || $0 == 0 }
      if let reason = reasons[String(decoding: line, as: UTF8.self)] { found[range.lowerBound] = reason }
    }
    return found
  }

  /// True when the message is the reason for each of these lines: all were dropped, and what it says is true of all.
  func meansAll(_ bytes: [UInt8], _ ranges: ArraySlice<Range<Int>>) -> Bool {
    guard let dropped = text.ranges(of: "dropped=").last,
      let count = Int(text[dropped.upperBound...].prefix { $0.isNumber }), count == ranges.count
    else { return false }
    guard let conflict = text.firstMatch(of: /input field "(.*)" on measurement "(.*)" is type (\w+),/) else {
      return text.contains("beyond retention policy")
    }
    let parsed = LineParser.parse(LineRanges.body(bytes, ranges), now: 0)
    return parsed.rejected.isEmpty
      && parsed.points.allSatisfy { point in
        let key = parsed.bytes[point.keyStart..<(point.keyStart + point.measurementCount)]
        return LineParser.unescapeMeasurement(key) == conflict.2
          && parsed.fields[point.fieldsStart..<(point.fieldsStart + point.fieldsCount)].contains { field in
            field.type.name == conflict.3
              && LineParser.unescapeTag(parsed.bytes[field.keyStart..<(field.keyStart + field.keyCount)]) == conflict.1
          }
      }
  }
}
