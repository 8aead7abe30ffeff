import MillBase
import MillColumns

/// The paths of get_json_object: `$`, `.name`, `['name']`, `[3]`, `[*]`.
struct JSONPath {
  private enum Step {
    case name(String)
    case index(Int)
    case anyElement
  }
  private var steps: [Step] = []

  /// nil when it is no path.
  init?(_ text: String) {
    var rest = Substring(text)
    guard rest.popFirst() == "$" else { return nil }
    while let mark = rest.popFirst() {
      if mark == "." {
        let name = rest.prefix { $0 != "." && $0 != "[" }
        if name.isEmpty { return nil }
        steps.append(.name(String(name)))
        rest = rest.dropFirst(name.count)
      } else if mark == "[", let close = rest.firstIndex(of: "]") {
        let inner = rest[..<close]
        rest = rest[rest.index(after: close)...]
        if inner == "*" {
          steps.append(.anyElement)
        } else if inner.count >= 2, inner.first == "'", inner.last == "'" {
          steps.append(.name(String(inner.dropFirst().dropLast())))
        } else if let index = Int(inner), index >= 0 {
          steps.append(.index(index))
        } else {
          return nil
        }
      } else {
        return nil
      }
    }
  }

  /// The part of the document, as text; nil when there is none.
  func text(in document: JSONValue) -> String? {
    guard let found = Self.find(steps[...], in: document, isInArray: false) else { return nil }
    if case .string(let text) = found.value, !found.isQuoted { return text }
    if found.isQuoted { return found.value.text() }
    return String(decoding: JSONText.escapedPairs(Array(found.value.text().utf8)), as: UTF8.self)
  }

  /// Several matches of `[*]` become an array; one stays alone, in quotes when it is a text. Arrays within are whole.
  private static func find(
    _ steps: ArraySlice<Step>, in value: JSONValue, isInArray: Bool
  ) -> (value: JSONValue, isQuoted: Bool)? {
    guard let step = steps.first else { return (value, isInArray) }
    let rest = steps.dropFirst()
    switch step {
    case .name(let name):
      guard let next = value[name], !next.isNull else { return nil }
      return find(rest, in: next, isInArray: isInArray)
    case .index(let index): return value[index].flatMap { find(rest, in: $0, isInArray: isInArray) }
    case .anyElement:
      guard let elements = value.array else { return nil }
      let found = elements.compactMap { find(rest, in: $0, isInArray: true)?.value }
      if isInArray { return (.array(found), true) }
      return found.count > 1 ? (.array(found), true) : found.first.map { ($0, true) }
    }
  }
}
