import MillBase

/// Makes InfluxQL of what Grafana's query builder stored, word for word as Grafana's backend does
/// (pkg/tsdb/influxdb/models), so that a query cache, a log or a colleague sees the same text.
enum InfluxQLBuilder {
  private static let functions: Set<String> = [
    "spread", "count", "distinct", "integral", "mean", "median", "sum", "mode", "cumulative_sum",
    "non_negative_difference", "holt_winters", "holt_winters_with_fit", "derivative", "non_negative_derivative",
    "difference", "moving_average", "stddev", "time", "fill", "elapsed", "bottom", "first", "last", "max", "min",
    "percentile", "top", "exponential_moving_average", "double_exponential_moving_average",
    "triple_exponential_moving_average", "kaufmans_efficiency_ratio", "kaufmans_adaptive_moving_average",
    "relative_strength_index", "chande_momentum_oscillator", "triple_exponential_derivative", "sample", "ceil", "floor",
    "round", "abs", "acos", "asin", "atan", "atan2", "cos", "sin", "tan", "exp", "ln", "log", "log2", "log10", "pow",
    "sqrt",
  ]

  static func knows(_ part: String) -> Bool {
    functions.contains(part) || ["field", "tag", "math", "alias"].contains(part)
  }

  /// The query with all macros and variables replaced.
  static func query(_ target: Target, _ scope: QueryScope) -> String {
    scope.expand(target.rawQuery ?? template(target))
  }

  /// The builder's query, still with `$timeFilter` and `$__interval`.
  static func template(_ target: Target) -> String {
    var text = "SELECT " + target.select.map(selector).joined(separator: ", ")
    text += " FROM "
    if !target.policy.isEmpty, target.policy != "default" { text += "\"\(target.policy)\"." }
    text += isRegex(target.measurement) ? target.measurement : "\"\(target.measurement)\""
    text += " WHERE "
    let conditions = target.tags.enumerated().map { index, tag in condition(tag, isFirst: index == 0) }
    if conditions.count > 1 {
      text += "(\(conditions.joined(separator: " "))) AND "
    } else if let only = conditions.first {
      text += "\(only) AND "
    }
    text += "$timeFilter"
    for (index, group) in target.groupBy.enumerated() {
      text += index == 0 ? " GROUP BY " : group.type == "fill" ? " " : ", "
      text += render(group, inner: "")
    }
    if !target.orderByTime.isEmpty { text += " ORDER BY time \(target.orderByTime)" }
    if !target.limit.isEmpty { text += " limit \(target.limit)" }
    if !target.seriesLimit.isEmpty { text += " slimit \(target.seriesLimit)" }
    if !target.timezone.isEmpty { text += " tz('\(target.timezone)')" }
    return text
  }

  private static func selector(_ parts: [Target.Part]) -> String {
    parts.reduce("") { inner, part in render(part, inner: inner) }
  }

  private static func render(_ part: Target.Part, inner: String) -> String {
    let first = part.parameters.first ?? ""
    switch part.type {
    case "field", "tag": return first == "*" ? "*" : identifier(first)
    case "math": return "\(inner) \(first)"
    case "alias": return "\(inner) AS \"\(first)\""
    default:
      var arguments = inner.isEmpty ? [] : [inner]
      arguments += part.parameters.map { part.type == "time" && $0 == "auto" ? "$__interval" : $0 }
      return "\(part.type)(\(arguments.joined(separator: ", ")))"
    }
  }

  private static func identifier(_ name: String) -> String {
    for suffix in ["::tag", "::field"] where name.hasSuffix(suffix) {
      return "\"\(name.dropLast(suffix.count))\"\(suffix)"
    }
    return "\"\(name)\""
  }

  private static func isRegex(_ text: String) -> Bool { text.count >= 2 && text.hasPrefix("/") && text.hasSuffix("/") }

  private static func condition(_ tag: Target.Tag, isFirst: Bool) -> String {
    var comparison = tag.comparison
    if comparison.isEmpty { comparison = isRegex(tag.value) ? "=~" : "=" }
    let value: String
    switch comparison {
    case "=~", "!~": value = tag.value
    case "<", ">", "<=", ">=": value = unwrapped(tag.value, quote: "'")
    case "Is", "Is Not":
      value = typed(tag)
      comparison = comparison == "Is" ? "=" : "!="
    default: value = quoted(unwrapped(tag.value, quote: ""))
    }
    let joint = isFirst ? "" : (tag.condition.isEmpty ? "AND" : tag.condition) + " "
    return "\(joint)\(identifier(tag.key)) \(comparison) \(value)"
  }

  private static func quoted(_ value: String) -> String { "'\(value.replacing("\\", with: "\\\\"))'" }

  /// `Is` compares numbers and booleans as such, except for tags, which are always text.
  private static func typed(_ tag: Target.Tag) -> String {
    if tag.key.hasSuffix("::tag") { return quoted(tag.value) }
    let lower = tag.value.lowercased()
    if lower == "true" || lower == "false" { return lower }
    if tag.value.wholeMatch(of: /-?\d+(\.\d+)?/) != nil { return tag.value }
    return unwrapped(quoted(tag.value), quote: "'")
  }

  /// The builder stores a chosen variable as `/^$name$/`; comparisons want the bare value.
  private static func unwrapped(_ value: String, quote: String) -> String {
    guard value.count >= 4, value.hasPrefix("/^"), value.hasSuffix("$/") else { return value }
    return quote + value.dropFirst(2).dropLast(2) + quote
  }
}
