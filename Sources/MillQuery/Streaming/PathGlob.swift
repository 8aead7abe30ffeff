import MillBase

/// A pattern of paths as Hadoop has them: `*`, `?`, `[abc]`, `[a-z]`, `[^a]`, `{a,b}`, `\` before a sign that means
/// itself.
struct PathGlob: Sendable {
  private enum Part: Equatable {
    case any, one
    case scalar(Unicode.Scalar)
    case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
  }
  /// One for every way through the braces, split at the slashes.
  private let choices: [[[Part]]]
  /// The same as texts.
  let paths: [[String]]

  static func isPattern(_ text: some StringProtocol) -> Bool { text.contains { "*?[{".contains($0) } }

  /// - Throws: `.configuration` for a bracket or brace that is not closed.
  init(_ pattern: String) throws {
    paths = try Self.alternatives(Array(pattern.unicodeScalars), pattern).map { choice in
      choice.split(separator: "/").map { part in
        var text = String.UnicodeScalarView()
        text.append(contentsOf: part)
        return String(text)
      }
    }
    choices = try paths.map { try $0.map { try Self.parts(Array($0.unicodeScalars), pattern) } }
  }

  private static func unclosed(_ sign: String, _ pattern: String) -> MillError {
    MillError(.configuration, "\(sign) is not closed in the pattern \(pattern)", wayOut: "write \\\(sign) for the sign")
  }

  /// `a{b,c}d` → `abd`, `acd`
  private static func alternatives(
    _ text: [Unicode.Scalar], _ pattern: String
  ) throws -> [[Unicode.Scalar]] {
    var depth = 0
    var open: Int?
    var commas: [Int] = []
    var at = 0
    while at < text.count {
      switch text[at] {
      case "\\": at += 1
      case "{":
        if depth == 0 { open = at }
        depth += 1
      case "," where depth == 1: commas.append(at)
      case "}" where depth > 0:
        depth -= 1
        guard depth == 0, let open else { break }
        let tails = try alternatives(Array(text[(at + 1)...]), pattern)
        let bounds = [open] + commas + [at]
        return try zip(bounds, bounds.dropFirst()).flatMap { from, to in
          try alternatives(Array(text[(from + 1)..<to]), pattern).flatMap { middle in
            tails.map { text[..<open] + middle + $0 }
          }
        }
      default: break
      }
      at += 1
    }
    if depth > 0 { throw unclosed("{", pattern) }
    return [text]
  }

  private static func parts(_ text: [Unicode.Scalar], _ pattern: String) throws -> [Part] {
    var parts: [Part] = []
    var at = 0
    while at < text.count {
      switch text[at] {
      case "*": if parts.last != .any { parts.append(.any) }
      case "?": parts.append(.one)
      case "\\" where at + 1 < text.count:
        at += 1
        parts.append(.scalar(text[at]))
      case "[":
        guard let end = text[(at + 1)...].firstIndex(of: "]") else { throw unclosed("[", pattern) }
        var inside = text[(at + 1)..<end]
        let isNegated = inside.first == "^" || inside.first == "!"
        if isNegated { inside = inside.dropFirst() }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while let first = inside.popFirst() {
          if inside.count >= 2, inside.first == "-", let last = inside.dropFirst().first, last >= first {
            ranges.append(first...last)
            inside = inside.dropFirst(2)
          } else {
            ranges.append(first...first)
          }
        }
        parts.append(.set(ranges, isNegated: isNegated))
        at = end
      default: parts.append(.scalar(text[at]))
      }
      at += 1
    }
    return parts
  }

  /// Does a name, without slashes, match the pattern's `depth`-th part of a choice?
  func matches(_ name: String, choice: Int = 0, depth: Int = 0) -> Bool {
    Self.matches(Array(name.unicodeScalars)[...], choices[choice][depth][...])
  }

  /// Does the name match any of the choices, each of one part?
  func matches(name: String) -> Bool {
    choices.indices.contains { choices[$0].count == 1 && matches(name, choice: $0) }
  }

  private static func matches(_ name: ArraySlice<Unicode.Scalar>, _ parts: ArraySlice<Part>) -> Bool {
    var (name, parts) = (name, parts)
    // Where to go on when what follows the last `*` does not fit.
    var retry: (name: ArraySlice<Unicode.Scalar>, parts: ArraySlice<Part>)?
    while true {
      if case .any? = parts.first {
        parts = parts.dropFirst()
        retry = (name, parts)
        continue
      }
      if let part = parts.first, let scalar = name.first, fits(scalar, part) {
        name = name.dropFirst()
        parts = parts.dropFirst()
        continue
      }
      if parts.isEmpty, name.isEmpty { return true }
      guard let last = retry, !last.name.isEmpty else { return false }
      retry = (last.name.dropFirst(), last.parts)
      (name, parts) = retry!
    }
  }

  private static func fits(_ scalar: Unicode.Scalar, _ part: Part) -> Bool {
    switch part {
    case .any: false
    case .one: true
    case .scalar(let wanted): scalar == wanted
    case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
    }
  }
}
