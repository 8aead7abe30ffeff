/// Compiled regular expressions of one lane.
struct PatternCache {
  /// More patterns than this (they come from a column then) empty the cache.
  static let countMax = 256

  private var compiled: [String: RegexProgram] = [:]

  mutating func regex(_ pattern: String) throws(Failure) -> RegexProgram {
    if let regex = compiled[pattern] { return regex }
    do {
      let regex = try RegexProgram(pattern)
      if compiled.count >= Self.countMax { compiled.removeAll() }
      compiled[pattern] = regex
      return regex
    } catch {
      throw Failure(
        "[INVALID_PARAMETER_VALUE.PATTERN] The value of parameter(s) `regexp` is invalid: '\(pattern)' "
          + "(\(error.text)). SQLSTATE: 22023")
    }
  }
}

/// SQL's LIKE: % any characters, _ one character, an escape character before either.
struct LikePattern {
  private enum Part: Equatable {
    case any
    case one
    case scalar(Unicode.Scalar)
  }
  private var parts: [Part] = []

  init(_ pattern: String, escape: Unicode.Scalar) throws(Failure) {
    var escaped = false
    for scalar in pattern.unicodeScalars {
      if escaped {
        guard scalar == "%" || scalar == "_" || scalar == escape else {
          throw Failure(
            "[INVALID_FORMAT.ESC_IN_THE_MIDDLE] The format is invalid: '\(pattern)'. The escape character is not "
              + "allowed to precede '\(scalar)'. SQLSTATE: 42601")
        }
        parts.append(.scalar(scalar))
        escaped = false
      } else if scalar == escape {
        escaped = true
      } else if scalar == "%" {
        if parts.last != .any { parts.append(.any) }
      } else {
        parts.append(scalar == "_" ? .one : .scalar(scalar))
      }
    }
    if escaped {
      throw Failure(
        "[INVALID_FORMAT.ESC_AT_THE_END] The format is invalid: '\(pattern)'. The escape character is not allowed to "
          + "end with. SQLSTATE: 42601")
    }
  }

  func matches(_ text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)
    var (at, part) = (0, 0)
    var retry: (at: Int, part: Int)?
    while at < scalars.count {
      if part < parts.count, parts[part] == .any {
        part += 1
        retry = (at, part)
      } else if part < parts.count, parts[part] == .one || parts[part] == .scalar(scalars[at]) {
        at += 1
        part += 1
      } else if let from = retry {
        at = from.at + 1
        part = from.part
        retry = (at, part)
      } else {
        return false
      }
    }
    return parts[part...].allSatisfy { $0 == .any }
  }
}
