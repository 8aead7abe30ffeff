/// Wildcards and regular expressions of a SELECT list become the fields and tags that they stand for, and every column
/// gets its name (influxdata/influxql, RewriteFields and ColumnNames).
struct FieldExpansion {
  /// All fields of all measurements of the statement.
  let types: [String: FieldType]
  let tagKeys: Set<String>
  /// GROUP BY has a wildcard or a regular expression: then tags are not among the fields of `*`.
  let hasDimensionWildcard: Bool
  /// Tags in GROUP BY.
  let dimensions: [String]

  func expand(_ fields: [SelectStatement.Field]) -> [SelectStatement.Field] {
    fields.flatMap { field -> [SelectStatement.Field] in
      switch field.expression {
      case .wildcard(let kind): return references(kind, nil)
      case .regex(let pattern): return references(nil, pattern)
      case .call(let name, let arguments):
        guard let (kind, pattern) = Self.wildcard(in: arguments) else { return [field] }
        guard let function = Function(rawValue: name) else { return [field] }
        return expand(function, name, arguments, kind, pattern, field)
      default: return [field]
      }
    }
  }

  private func references(_ kind: String?, _ pattern: Pattern?) -> [SelectStatement.Field] {
    var names = kind == "tag" ? [] : Array(types.keys)
    if kind != "field", !hasDimensionWildcard {
      names += tagKeys.filter { types[$0] == nil && !dimensions.contains($0) }
    }
    return names.filter { pattern?.matches($0) ?? true }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      .map { .init(expression: .reference($0), alias: nil) }
  }

  /// The wildcard within a call, or within the call in it.
  private static func wildcard(in arguments: [Expression]) -> (String?, Pattern?)? {
    switch arguments.first {
    case .wildcard(let kind)?: (kind, nil)
    case .regex(let pattern)?: (nil, pattern)
    case .call(_, let inner)?: wildcard(in: inner)
    default: nil
    }
  }

  private func expand(
    _ function: Function, _ name: String, _ arguments: [Expression], _ kind: String?, _ pattern: Pattern?,
    _ field: SelectStatement.Field
  ) -> [SelectStatement.Field] {
    var innermost = function
    if case .call(let inner, _)? = arguments.first, let found = Function(rawValue: inner) { innermost = found }
    let names = types.filter { innermost.expands($0.value) && function.expands($0.value) }.keys
    return names.filter { pattern?.matches($0) ?? true }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map {
      reference in
      SelectStatement.Field(
        expression: .call(name, Self.replacing(arguments, with: reference)),
        alias: "\(field.alias ?? name)_\(reference)")
    }
  }

  private static func replacing(_ arguments: [Expression], with reference: String) -> [Expression] {
    var result = arguments
    if case .call(let name, let inner)? = arguments.first {
      result[0] = .call(name, replacing(inner, with: reference))
    } else {
      result[0] = .reference(reference)
    }
    return result
  }

  // MARK: Names

  static func columnNames(_ fields: [SelectStatement.Field], time: String) -> [String] {
    // top() and bottom() show the tags and fields that they name as columns of their own.
    var all: [(name: String, alias: String?)] = []
    for field in fields {
      all.append((name(field.expression), field.alias))
      if case .call("top", let arguments) = field.expression { all += extra(arguments) }
      if case .call("bottom", let arguments) = field.expression { all += extra(arguments) }
    }
    var counts: [String: Int] = [:]
    for (_, alias) in all { if let alias { counts[alias] = 1 } }
    return [time]
      + all.map { name, alias in
        if let alias { return alias }
        var unique = name
        if var count = counts[name] {
          while counts["\(name)_\(count)"] != nil { count += 1 }
          unique = "\(name)_\(count)"
          counts[name] = count + 1
        }
        counts[unique, default: 0] += 1
        return unique
      }
  }

  private static func extra(_ arguments: [Expression]) -> [(name: String, alias: String?)] {
    arguments.dropFirst().dropLast().flatMap(\.references).map { ($0, nil) }
  }

  private static func name(_ expression: Expression) -> String {
    switch expression {
    case .reference(let name, _): name
    case .call(let name, _): name
    case .distinct: "distinct"
    case .parenthesis(let inner): name(inner)
    case .binary: binaryNames(expression).joined(separator: "_")
    default: ""
    }
  }

  private static func binaryNames(_ expression: Expression) -> [String] {
    switch expression {
    case .reference(let name, _), .call(let name, _): [name]
    case .binary(_, let left, let right): binaryNames(left) + binaryNames(right)
    case .parenthesis(let inner): binaryNames(inner)
    default: []
    }
  }
}
