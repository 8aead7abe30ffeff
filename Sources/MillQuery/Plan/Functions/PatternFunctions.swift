import MillColumns

extension FunctionLibrary {
  static let patternFunctions: [FunctionDefinition] = [
    FunctionDefinition("rlike", "regexp", "regexp_like", arity: 2) { call in try rlike(&call) },
    FunctionDefinition("like", arity: 2) { call in try like(&call, escape: "\\", ignoresCase: false) },
    FunctionDefinition("ilike", arity: 2) { call in try like(&call, escape: "\\", ignoresCase: true) },
    FunctionDefinition("regexp_replace", arity: 3) { call in
      try call.castAllToText()
      return call.text { arguments, lane in
        let regex = try lane.patterns.regex(arguments[1])
        let template = try Replacement(arguments[2])
        return try arguments[0].replacing(regex) { match in
          guard let text = template.fill(match) else {
            throw Failure(
              "[INVALID_REGEXP_REPLACE] Could not perform regexp_replace for source = \"\(arguments[0])\", pattern = "
                + "\"\(arguments[1])\", replacement = \"\(arguments[2])\" and position = 1. SQLSTATE: 22023")
          }
          return text
        }
      }
    },
    FunctionDefinition("regexp_extract", arity: 2...3) { call in
      if call.count == 2 { call.arguments.append(.constant(.integer(1), .integer, call.position)) }
      try call.castToText([0, 1])
      try call.cast(2, to: .integer)
      return call.result(.string) { vectors, evaluation in
        let (texts, patterns, groups) = (vectors[0].strings, vectors[1].strings, vectors[2].fixed(Int32.self))
        return try evaluation.mapBytes(vectors) { row, out in
          let regex = try evaluation.lane.patterns.regex(patterns[row])
          guard let match = texts[row].firstMatch(of: regex) else { return true }
          let group = Int(groups[row])
          guard match.output.indices.contains(group) else {
            throw badGroup(group, match.output.count - 1, "regexp_extract")
          }
          out += (match.output[group].substring ?? "").utf8
          return true
        }
      }
    },
    FunctionDefinition("regexp_extract_all", arity: 2...3) { call in
      if call.count == 2 { call.arguments.append(.constant(.integer(1), .integer, call.position)) }
      try call.castToText([0, 1])
      try call.cast(2, to: .integer)
      return call.result(.array(.string)) { vectors, evaluation in
        let (texts, patterns, groups) = (vectors[0].strings, vectors[1].strings, vectors[2].fixed(Int32.self))
        return try evaluation.build(vectors, to: .array(.string)) { row, out in
          if texts.isNull(row) || patterns.isNull(row) || groups.isNull(row) { return out.appendNull() }
          let group = Int(groups[row])
          let matches = texts[row].matches(of: try evaluation.lane.patterns.regex(patterns[row]))
          if let match = matches.first, !match.output.indices.contains(group) {
            throw badGroup(group, match.output.count - 1, "regexp_extract_all")
          }
          for match in matches { out.children[0].builder.append(String(match.output[group].substring ?? "")) }
          out.closeRow()
        }
      }
    },
    FunctionDefinition("regexp_substr", arity: 2) { call in
      try call.castAllToText()
      return call.text { arguments, lane in
        // Spark: nullif(regexp_extract(…, 0), '')
        let match = arguments[0].firstMatch(of: try lane.patterns.regex(arguments[1]))
        return match.flatMap { $0.range.isEmpty ? nil : String(arguments[0][$0.range]) }
      }
    },
    matches("regexp_count") { text, regex in text.matches(of: regex).count },
    matches("regexp_instr") { text, regex in
      guard let match = text.firstMatch(of: regex) else { return 0 }
      return text.unicodeScalars.distance(from: text.startIndex, to: match.range.lowerBound) + 1
    },
    FunctionDefinition("split", arity: 2...3) { call in
      if call.count == 2 { call.arguments.append(.constant(.integer(-1), .integer, call.position)) }
      try call.castToText([0, 1])
      try call.cast(2, to: .integer)
      return call.result(.array(.string)) { vectors, evaluation in
        let (texts, patterns, limits) = (vectors[0].strings, vectors[1].strings, vectors[2].fixed(Int32.self))
        return try evaluation.build(vectors, to: .array(.string)) { row, out in
          if texts.isNull(row) || patterns.isNull(row) || limits.isNull(row) { return out.appendNull() }
          let regex = try evaluation.lane.patterns.regex(patterns[row])
          let parts = split(texts[row], regex, limit: Int(limits[row]), isEmpty: patterns[row].isEmpty)
          for part in parts { out.children[0].builder.append(part) }
          out.closeRow()
        }
      }
    },
  ]

  private static func badGroup(_ group: Int, _ last: Int, _ name: String) -> Failure {
    Failure(
      "[INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX] The value of parameter(s) `idx` in `\(name)` is invalid: Expects "
        + "group index between 0 and \(last), but got \(group). SQLSTATE: 22023")
  }

  private static func matches(
    _ name: String, _ body: @escaping @Sendable (String, Regex<AnyRegexOutput>) -> Int
  ) -> FunctionDefinition {
    FunctionDefinition(name, arity: 2) { call in
      try call.castAllToText()
      return call.result(.integer) { vectors, evaluation in
        try evaluation.map(vectors, vectors[0].strings, vectors[1].strings, to: .integer) { text, pattern in
          Int32(body(text, try evaluation.lane.patterns.regex(pattern)))
        }
      }
    }
  }

  static func rlike(_ call: inout FunctionCall) throws -> Expression {
    try call.castAllToText()
    return call.result(.boolean) { vectors, evaluation in
      try evaluation.map(vectors, vectors[0].strings, vectors[1].strings, to: .boolean) { text, pattern in
        UInt8(text.firstMatch(of: try evaluation.lane.patterns.regex(pattern)) == nil ? 0 : 1)
      }
    }
  }

  static func like(_ call: inout FunctionCall, escape: Character, ignoresCase: Bool) throws -> Expression {
    try call.castAllToText()
    let escape = escape.unicodeScalars.first!
    return call.result(.boolean) { vectors, evaluation in
      var last: (text: String, pattern: LikePattern)?
      return try evaluation.map(vectors, vectors[0].strings, vectors[1].strings, to: .boolean) { text, pattern in
        let pattern = ignoresCase ? pattern.lowercased() : pattern
        if last?.text != pattern { last = (pattern, try LikePattern(pattern, escape: escape)) }
        return UInt8(last!.pattern.matches(ignoresCase ? text.lowercased() : text) ? 1 : 0)
      }
    }
  }

  /// Java's String.split: at every match, at most `limit` parts when it is above 0, empty parts at the end are kept
  /// for a limit of −1 (Spark's default), no empty part in front for a match of nothing at the start.
  /// - Parameter isEmpty: of the pattern itself, which alone matches nothing at the end (SPARK-40194).
  static func split(_ text: String, _ regex: Regex<AnyRegexOutput>, limit: Int, isEmpty: Bool = false) -> [String] {
    var parts: [String] = []
    var from = text.startIndex
    for match in text.matches(of: regex) {
      if limit > 0, parts.count == limit - 1 { break }
      if match.range.isEmpty,
        match.range.lowerBound == text.startIndex || (isEmpty && match.range.lowerBound == text.endIndex)
      {
        continue
      }
      parts.append(String(text[from..<match.range.lowerBound]))
      from = match.range.upperBound
    }
    parts.append(String(text[from...]))
    if limit == 0 { while parts.count > 1, parts.last == "" { parts.removeLast() } }
    return parts
  }

  /// Java's replacement text: $1 is a group, a backslash takes the next character as it is.
  private struct Replacement {
    private enum Part {
      case text(String)
      case group(Int)
    }
    private var parts: [Part] = []

    init(_ template: String) throws(Failure) {
      var scalars = template.unicodeScalars[...]
      var text = String.UnicodeScalarView()
      func flush(_ parts: inout [Part]) {
        if !text.isEmpty { parts.append(.text(String(text))) }
        text.removeAll()
      }
      while let scalar = scalars.popFirst() {
        if scalar == "\\", let next = scalars.popFirst() {
          text.append(next)
        } else if scalar == "$" {
          guard let digit = scalars.popFirst(), ("0"..."9").contains(digit) else {
            throw Failure("Illegal group reference in the replacement '\(template)'")
          }
          flush(&parts)
          parts.append(.group(Int(digit.value) - 48))
        } else {
          text.append(scalar)
        }
      }
      flush(&parts)
    }

    /// nil when the pattern has no such group.
    func fill(_ match: Regex<AnyRegexOutput>.Match) -> String? {
      var filled = ""
      for part in parts {
        switch part {
        case .text(let text): filled += text
        case .group(let index):
          guard match.output.indices.contains(index) else { return nil }
          filled += match.output[index].substring ?? ""
        }
      }
      return filled
    }
  }
}
