/// A URL in its parts, by the names that parse_url takes; read as Java's `URI` reads RFC 2396.
struct URLParts {
  private var parts: [String: String] = [:]
  private let text: [Unicode.Scalar]

  subscript(name: String) -> String? { parts[name] }

  /// nil for what is no URI.
  init?(_ url: String) {
    text = Array(url.unicodeScalars)
    var at = 0
    let colon = text.firstIndex { ":/?#".unicodeScalars.contains($0) }
    if let colon, text[colon] == ":" {
      guard colon > 0, text[0].isASCIILetter, holds(0..<colon, "+-.") else { return nil }
      parts["PROTOCOL"] = slice(0..<colon)
      at = colon + 1
      guard let first = at < text.count ? text[at] : nil, first != "#" else { return nil }
      if first != "/" {
        // Opaque, like a mail address: neither path nor query.
        let end = index(of: "#", from: at)
        guard holds(at..<end, Self.reserved), readFragment(end) else { return nil }
        return
      }
    }
    if at + 1 < text.count, text[at] == "/", text[at + 1] == "/" {
      let end = index(of: "/?#", from: at + 2)
      guard end < text.count || end > at + 2, end == at + 2 || readAuthority(at + 2..<end) else { return nil }
      at = end
    }
    let pathEnd = index(of: "?#", from: at)
    guard holds(at..<pathEnd, "/;:@&=+$,") else { return nil }
    var file = slice(at..<pathEnd)
    parts["PATH"] = file
    at = pathEnd
    if at < text.count, text[at] == "?" {
      let end = index(of: "#", from: at)
      guard holds(at + 1..<end, Self.reserved) else { return nil }
      parts["QUERY"] = slice(at + 1..<end)
      file += slice(at..<end)
      at = end
    }
    parts["FILE"] = file
    guard readFragment(at) else { return nil }
  }

  private static let reserved = ";/?:@&=+$,[]"

  private mutating func readFragment(_ at: Int) -> Bool {
    if at == text.count { return true }
    parts["REF"] = slice(at + 1..<text.count)
    return holds(at + 1..<text.count, Self.reserved)
  }

  /// user@host:port; what can't be read like that is still an authority, without a host.
  private mutating func readAuthority(_ range: Range<Int>) -> Bool {
    let isServer = holds(range, ";:&=+$,@[]") && readServer(range)
    parts["AUTHORITY"] = slice(range)
    return isServer || holds(range, "$,;:@&=+")
  }

  private mutating func readServer(_ range: Range<Int>) -> Bool {
    var start = range.lowerBound
    var user: String?
    if let sign = text[range].firstIndex(of: "@") {
      guard holds(start..<sign, ";:&=+$,") else { return false }
      user = slice(start..<sign)
      start = sign + 1
    }
    var end = start
    if start < range.upperBound, text[start] == "[" {
      guard let close = text[start..<range.upperBound].firstIndex(of: "]"), close > start + 2,
        text[start + 1..<close].allSatisfy({ $0.properties.isASCIIHexDigit || ":.%".unicodeScalars.contains($0) })
      else { return false }
      end = close + 1
    } else {
      end = text[start..<range.upperBound].firstIndex(of: ":") ?? range.upperBound
      guard Self.isHost(text[start..<end]) else { return false }
    }
    if end < range.upperBound {
      let port = text[end + 1..<range.upperBound]
      guard text[end] == ":", port.allSatisfy({ ("0"..."9").contains($0) }),
        port.isEmpty || Int32(slice(end + 1..<range.upperBound)) != nil
      else { return false }
    }
    parts["USERINFO"] = user
    parts["HOST"] = slice(start..<end)
    return true
  }

  /// Four numbers, or labels of letters, digits and inner dashes of which the last begins with a letter.
  private static func isHost(_ host: ArraySlice<Unicode.Scalar>) -> Bool {
    let isDotted = host.last == "."
    let labels = (isDotted ? host.dropLast() : host).split(separator: ".", omittingEmptySubsequences: false)
    if !isDotted, labels.count == 4, labels.allSatisfy({ UInt8(String(String.UnicodeScalarView($0))) != nil }) {
      return true
    }
    let isEachFine = labels.allSatisfy { label in
      guard let first = label.first, let last = label.last, first != "-", last != "-" else { return false }
      return label.allSatisfy { $0.isASCIILetter || ("0"..."9").contains($0) || $0 == "-" }
    }
    return isEachFine && (labels.count == 1 || labels.last!.first!.isASCIILetter)
  }

  private func index(of stops: String, from start: Int) -> Int {
    text[start...].firstIndex { stops.unicodeScalars.contains($0) } ?? text.count
  }

  private func slice(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(text[range])) }

  /// Only letters, digits, marks, other scripts' characters, escapes like `%20`, and these?
  private func holds(_ range: Range<Int>, _ others: String) -> Bool {
    let isScheme = others == "+-."
    var at = range.lowerBound
    while at < range.upperBound {
      let scalar = text[at]
      at += 1
      if scalar.isASCIILetter || ("0"..."9").contains(scalar) || others.unicodeScalars.contains(scalar) { continue }
      if isScheme { return false }
      if "-_.!~*'()".unicodeScalars.contains(scalar) { continue }
      if scalar == "%" {
        guard at + 1 < range.upperBound, text[at].properties.isASCIIHexDigit, text[at + 1].properties.isASCIIHexDigit
        else { return false }
        at += 2
        continue
      }
      switch scalar.properties.generalCategory {
      case .spaceSeparator, .lineSeparator, .paragraphSeparator, .control: return false
      default: if scalar.value <= 128 { return false }
      }
    }
    return true
  }
}

extension Unicode.Scalar {
  fileprivate var isASCIILetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
}
