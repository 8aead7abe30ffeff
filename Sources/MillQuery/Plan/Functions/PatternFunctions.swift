import MillColumns

extension FunctionLibrary {
  static let patternFunctions: [FunctionDefinition] = [
    FunctionDefinition("rlike", "regexp", "regexp_like", arity: 2) { call in try rlike(&call) },
    FunctionDefinition("like", arity: 2) { call in try like(&call, escape: "\\", ignoresCase: false) },
    FunctionDefinition("ilike", arity: 2) { call in try like(&call, escape: "\\", ignoresCase: true) },
    FunctionDefinition("regexp_replace", arity: 3...4) { call in
      if call.count == 3 { call.arguments.append(.constant(.integer(1), .integer, call.position)) }
      try call.castToText(0..<3)
      try call.cast(3, to: .integer)
      if let from = call.arguments[3].constantValue, from != .null, from.whole < 1 {
        throw call.error("regexp_replace begins at a position above 0, not \(from.whole)")
      }
      return call.result(.string) { vectors, evaluation in
        let (readers, positions) = (vectors[..<3].map(\.strings), vectors[3].fixed(Int32.self))
        return try evaluation.mapBytes(vectors) { row, out in
          let (whole, pattern, template) = (readers[0][row], readers[1][row], readers[2][row])
          let regex = try evaluation.lane.patterns.regex(pattern)
          let skipped = Int(positions[row]) - 1
          let all = whole.unicodeScalars
          // What comes before the position is no text for the expression.
          guard skipped == 0 || skipped < all.count else {
            out += whole.utf8
            return true
          }
          let text = RegexText(String(all.dropFirst(skipped)))
          out += String(all.prefix(skipped)).utf8
          var from = 0
          for match in try matches(regex, text) {
            guard let replacement = RegexReplacement(template, regex) else {
              throw Failure(
                "[INVALID_REGEXP_REPLACE] Could not perform regexp_replace for source = \"\(whole)\", pattern = "
                  + "\"\(pattern)\", replacement = \"\(template)\" and position = \(skipped + 1). SQLSTATE: 22023")
            }
            out += text[from..<match.range.lowerBound].utf8
            out += replacement.fill(match, text).utf8
            from = match.range.upperBound
          }
          out += text[from..<text.count].utf8
          return true
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
          let text = RegexText(texts[row])
          guard let match = try firstMatch(regex, text) else { return true }
          let group = Int(groups[row])
          guard match.captures.indices.contains(group) else {
            throw badGroup(group, regex.captureCount, "regexp_extract")
          }
          if let range = match.captures[group] { out += text[range].utf8 }
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
          let (group, text) = (Int(groups[row]), RegexText(texts[row]))
          let regex = try evaluation.lane.patterns.regex(patterns[row])
          let found = try matches(regex, text)
          guard found.isEmpty || (0...regex.captureCount).contains(group) else {
            throw badGroup(group, regex.captureCount, "regexp_extract_all")
          }
          for match in found { out.children[0].builder.append(match.captures[group].map { text[$0] } ?? "") }
          out.closeRow()
        }
      }
    },
    FunctionDefinition("regexp_substr", arity: 2) { call in
      try call.castAllToText()
      return call.text { arguments, lane in
        // Spark: nullif(regexp_extract(…, 0), '')
        let text = RegexText(arguments[0])
        let match = try firstMatch(lane.patterns.regex(arguments[1]), text)
        return match.flatMap { $0.range.isEmpty ? nil : text[$0.range] }
      }
    },
    number("regexp_count") { regex, text in try matches(regex, text).count },
    number("regexp_instr") { regex, text in try firstMatch(regex, text).map { $0.range.lowerBound + 1 } ?? 0 },
    FunctionDefinition("split", arity: 2...3) { call in
      if call.count == 2 { call.arguments.append(.constant(.integer(-1), .integer, call.position)) }
      try call.castToText([0, 1])
      try call.cast(2, to: .integer)
      return call.result(.array(.string)) { vectors, evaluation in
        let (texts, patterns, limits) = (vectors[0].strings, vectors[1].strings, vectors[2].fixed(Int32.self))
        return try evaluation.build(vectors, to: .array(.string)) { row, out in
          if texts.isNull(row) || patterns.isNull(row) || limits.isNull(row) { return out.appendNull() }
          let regex = try evaluation.lane.patterns.regex(patterns[row])
          let parts = try split(texts[row], regex, limit: Int(limits[row]), isEmpty: patterns[row].isEmpty)
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

  private static func firstMatch(_ regex: RegexProgram, _ text: RegexText) throws(Failure) -> RegexMatch? {
    var matcher = RegexMatcher(regex, text)
    return try matcher.first()
  }

  private static func matches(_ regex: RegexProgram, _ text: RegexText) throws(Failure) -> [RegexMatch] {
    var matcher = RegexMatcher(regex, text)
    return try matcher.all()
  }

  private static func number(
    _ name: String, _ body: @escaping @Sendable (RegexProgram, RegexText) throws -> Int
  ) -> FunctionDefinition {
    FunctionDefinition(name, arity: 2) { call in
      try call.castAllToText()
      return call.result(.integer) { vectors, evaluation in
        try evaluation.map(vectors, vectors[0].strings, vectors[1].strings, to: .integer) { text, pattern in
          Int32(try body(evaluation.lane.patterns.regex(pattern), RegexText(text)))
        }
      }
    }
  }

  static func rlike(_ call: inout FunctionCall) throws -> Expression {
    try call.castAllToText()
    return call.result(.boolean) { vectors, evaluation in
      try evaluation.map(vectors, vectors[0].strings, vectors[1].strings, to: .boolean) { text, pattern in
        UInt8(try firstMatch(evaluation.lane.patterns.regex(pattern), RegexText(text)) == nil ? 0 : 1)
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

  /// Java's String.split: at every match, at most `limit` parts when it is above 0, no empty part in front for a match of
  /// nothing at the start.
  /// - Parameter isEmpty: of the pattern itself, which alone matches nothing at the end (SPARK-40194).
  static func split(
    _ whole: String, _ regex: RegexProgram, limit: Int, isEmpty: Bool = false
  ) throws(Failure) -> [String] {
    let text = RegexText(whole)
    var parts: [String] = []
    var from = 0
    for match in try matches(regex, text) {
      if limit > 0, parts.count == limit - 1 { break }
      let range = match.range
      if range.isEmpty, range.lowerBound == 0 || (isEmpty && range.lowerBound == text.count) { continue }
      parts.append(text[from..<range.lowerBound])
      from = range.upperBound
    }
    parts.append(text[from..<text.count])
    return parts
  }
}
