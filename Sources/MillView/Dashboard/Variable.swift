import MillBase

/// A template variable of a dashboard (`templating.list`).
public struct Variable: Sendable {
  public var name: String
  public var label: String
  /// `query`, `custom`, `interval`, `constant`, `textbox`, `datasource`; others keep their stored value.
  public var type: String
  /// A query's text, or a custom variable's `a,b : B,c`.
  public var query: String
  public var regex: String
  public var isMulti: Bool
  public var includesAll: Bool
  /// What "All" stands for; empty = all values, joined.
  public var allValue: String
  /// 0 not shown, 1 label hidden; 2 the variable is not shown at all.
  public var hide: Int
  public var datasource: DataSourceReference?
  /// The stored selection.
  public var current: [String]
  /// The stored options, without "All".
  public var options: [Option]
  /// 0 as they come, 1/2 alphabetical, 3/4 numerical, 5/6 alphabetical without case; even = descending.
  public var sort: Int

  public struct Option: Sendable, Equatable {
    public var text: String
    public var value: String
  }

  /// Grafana's word for "all values".
  public static let all = "$__all"

  init(_ json: JSONCursor) {
    name = json.string("name") ?? ""
    if name.isEmpty { json.report("a variable has no name") }
    label = json.string("label") ?? ""
    type = json.string("type") ?? "custom"
    let queryValue = json["query"]?.value
    query = queryValue?.string ?? queryValue?["query"]?.string ?? json.string("definition") ?? ""
    regex = json.string("regex") ?? ""
    isMulti = json.bool("multi") ?? false
    includesAll = json.bool("includeAll") ?? false
    allValue = json.string("allValue") ?? ""
    hide = json["hide"]?.value.integer.map(Int.init) ?? 0
    sort = json["sort"]?.value.integer.map(Int.init) ?? 0
    datasource = json["datasource"].flatMap { DataSourceReference($0.value) }
    let currentValue = json["current"]?.value["value"]
    current = currentValue?.array?.compactMap(\.scalarText) ?? currentValue?.scalarText.map { [$0] } ?? []
    options = json.objects("options").compactMap { option in
      guard let value = option.value["value"]?.scalarText, value != Self.all else { return nil }
      return Option(text: option.value["text"]?.scalarText ?? value, value: value)
    }
    if type == "custom" || type == "interval", !query.isEmpty { options = Self.options(fromList: query) }
    if type == "constant" || type == "textbox", !query.isEmpty {
      options = [Option(text: query, value: query)]
      if type == "constant" || current.isEmpty { current = [query] }
    }
    if current.isEmpty {
      current = includesAll ? [Self.all] : options.first.map { [$0.value] } ?? []
    }
  }

  /// `a, b, Text : value`; a comma inside a value is written `\,`.
  static func options(fromList list: String) -> [Option] {
    var items: [String] = [""]
    var escaped = false
    for character in list {
      if character == ",", !escaped {
        items.append("")
      } else {
        if escaped, character != "," { items[items.count - 1].append("\\") }
        if character != "\\" || escaped { items[items.count - 1].append(character) }
      }
      escaped = character == "\\" && !escaped
    }
    return items.map { $0.trimmingSpaces() }.filter { !$0.isEmpty }.map { item in
      if let colon = item.firstRange(of: " : ") {
        return Option(
          text: String(item[..<colon.lowerBound]).trimmingSpaces(),
          value: String(item[colon.upperBound...]).trimmingSpaces())
      }
      return Option(text: item, value: item)
    }
  }

  /// Query results as options: narrowed by the regex (its first group is the value), without twins, sorted.
  func options(fromValues values: [String]) -> [Option] {
    var seen: Set<String> = []
    var found: [Option] = []
    let pattern = regex.isEmpty ? nil : try? Regex(Self.bareRegex(regex))
    for value in values {
      var option = Option(text: value, value: value)
      if let pattern {
        guard let match = try? pattern.firstMatch(in: value) else { continue }
        if match.output.count > 1, let group = match.output[1].substring {
          option = Option(text: String(group), value: String(group))
        }
      }
      if seen.insert(option.value).inserted { found.append(option) }
    }
    if sort > 0 {
      found.sort { a, b in
        switch sort {
        case 3, 4: Double(a.text) ?? .infinity < Double(b.text) ?? .infinity
        case 5, 6: a.text.lowercased() < b.text.lowercased()
        default: a.text < b.text
        }
      }
      if sort % 2 == 0 { found.reverse() }
    }
    return found
  }

  /// `/x/` or `/x/i` → `x`, with the flag inside.
  static func bareRegex(_ text: String) -> String {
    guard text.hasPrefix("/"), let end = text.lastIndex(of: "/"), end > text.startIndex else { return text }
    let flags = text[text.index(after: end)...]
    return (flags.contains("i") ? "(?i)" : "") + text[text.index(after: text.startIndex)..<end]
  }
}

extension StringProtocol {
  func trimmingSpaces() -> String {
    var text = Substring(self)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
