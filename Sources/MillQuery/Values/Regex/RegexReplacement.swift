/// Java's replacement text (Matcher.appendReplacement): $1 or ${name} is a group, a backslash takes the next character as
/// it is.
struct RegexReplacement {
  private enum Part {
    case text(String)
    case group(Int)
  }
  private var parts: [Part] = []

  /// nil for a text that is none, and for groups that the expression does not have.
  init?(_ template: String, _ regex: RegexProgram) {
    var scalars = template.unicodeScalars[...]
    var text = String.UnicodeScalarView()
    func group() -> Int? {
      guard scalars.first != "{" else {
        guard let end = scalars.firstIndex(of: "}") else { return nil }
        defer { scalars = scalars[end...].dropFirst() }
        return regex.names[String(scalars[..<end].dropFirst())]
      }
      // As many digits as there are groups for.
      var number: Int?
      while let digit = scalars.first, ("0"..."9").contains(digit) {
        let next = (number ?? 0) * 10 + Int(digit.value) - 48
        if number != nil, next > regex.captureCount { break }
        number = next
        scalars.removeFirst()
      }
      return number.flatMap { $0 <= regex.captureCount ? $0 : nil }
    }
    while let scalar = scalars.popFirst() {
      if scalar == "\\" {
        guard let next = scalars.popFirst() else { return nil }
        text.append(next)
      } else if scalar == "$" {
        guard let number = group() else { return nil }
        parts.append(.text(String(text)))
        parts.append(.group(number))
        text.removeAll()
      } else {
        text.append(scalar)
      }
    }
    parts.append(.text(String(text)))
  }

  func fill(_ match: RegexMatch, _ text: RegexText) -> String {
    var filled = ""
    for part in parts {
      switch part {
      case .text(let text): filled += text
      case .group(let index): filled += match.captures[index].map { text[$0] } ?? ""
      }
    }
    return filled
  }
}
