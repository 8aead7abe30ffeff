import MillColumns

/// The name of a select list's entry that has no alias, as Spark makes it.
struct SyntaxName {
  let scope: Scope

  static func of(_ syntax: Syntax, _ scope: Scope) -> String { SyntaxName(scope: scope).of(syntax) }

  private func of(_ syntax: Syntax) -> String {
    switch syntax.kind {
    case .name(let parts): return parts.last!
    case .call(let name, _) where name.lowercased() == "window": return "window"
    case .field(let base, let name):
      if case .name = base.kind { return name }
      return text(syntax)
    case .cast(let inner, _, _):
      // A cast column keeps its name, a field of a struct does not.
      if case .name(let parts) = inner.kind, parts.count == 1 || isQualified(parts) { return parts.last! }
      return text(syntax)
    default: return text(syntax)
    }
  }

  private func window(_ spec: WindowSpec, _ call: Syntax) -> String {
    guard spec.base == nil else { return spec.base! }
    var parts: [String] = []
    if !spec.partition.isEmpty { parts.append("PARTITION BY \(list(spec.partition))") }
    if !spec.order.isEmpty {
      let keys = spec.order.map { item in
        "\(text(item.expression)) \(item.isDescending ? "DESC" : "ASC") NULLS \(item.nullsFirst ? "FIRST" : "LAST")"
      }
      parts.append("ORDER BY \(keys.joined(separator: ", "))")
    }
    func bound(_ bound: WindowSpec.Bound, _ side: String) -> String {
      switch bound {
      case .unbounded: "UNBOUNDED \(side)"
      case .current: "CURRENT ROW"
      case .preceding(let distance) where isCast(distance, in: spec): "(- \(text(distance))) FOLLOWING"
      case .preceding(let distance): "\(text(distance)) PRECEDING"
      case .following(let distance): "\(text(distance)) FOLLOWING"
      }
    }
    if let frame = spec.frame {
      parts.append(
        "\(frame.isRows ? "ROWS" : "RANGE") BETWEEN \(bound(frame.start, "PRECEDING")) AND "
          + bound(frame.end, "FOLLOWING"))
    } else if spec.order.isEmpty {
      parts.append("ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING")
    } else {
      parts.append(Self.frame(call))
    }
    return parts.joined(separator: " ")
  }

  /// Is a distance of RANGE cast to the type of the order's key? Spark then shows it as the negative one that it is.
  private func isCast(_ distance: Syntax, in spec: WindowSpec) -> Bool {
    guard spec.frame?.isRows == false, let key = spec.order.first.flatMap({ type(of: $0.expression) }) else {
      return false
    }
    return key.isNumeric && type(of: distance).map { $0 != key } ?? false
  }

  /// Is the first part a view's name?
  private func isQualified(_ parts: [String]) -> Bool {
    parts.count > 1 && !scope.indices(of: parts[1], qualifier: parts[0]).isEmpty
  }

  func list(_ items: [Syntax]) -> String { items.map(text).joined(separator: ", ") }

  func text(_ syntax: Syntax) -> String {
    switch syntax.kind {
    case .literal(let literal): return text(literal)
    case .name(let parts):
      // A view's name before a column does not show; a struct's name before its field does.
      return parts.dropFirst(isQualified(parts) ? 1 : 0).joined(separator: ".")
    case .star(let parts): return (parts + ["*"]).joined(separator: ".")
    case .starExcept(let parts, _): return (parts + ["*"]).joined(separator: ".")
    case .scalarQuery: return "scalarsubquery()"
    case .existsQuery: return "exists()"
    case .inQuery(let inner, _, let negated):
      let any = "(\(text(inner)) IN (listquery()))"
      return negated ? "(NOT \(any))" : any
    case .field(let base, let name): return "\(text(base)).\(name)"
    case .index(let base, let index):
      if case .literal(.string(let name)) = index.kind, case .struct? = type(of: base) {
        return "\(text(base)).\(name)"
      }
      return "\(text(base))[\(text(index))]"
    case .call(let name, let arguments): return call(name, arguments)
    case .aggregate(let name, let arguments, let modifiers):
      let plain = Syntax(kind: .call(name, arguments), position: syntax.position)
      var text = text(plain)
      if modifiers.ignoresNulls, let short = ["first_value": "first", "last_value": "last"][name.lowercased()] {
        text = "\(short)(\(list(arguments)))"
      }
      if modifiers.ignoresNulls, name.lowercased() == "nth_value" { text += " ignore nulls" }
      if modifiers.isDistinct, let open = text.firstIndex(of: "(") {
        text.insert(contentsOf: "DISTINCT ", at: text.index(after: open))
      }
      if let order = modifiers.within {
        if name.lowercased() == "string_agg" { text = "listagg\(text.dropFirst(10))" }
        let nulls = order.nullsFirst ? "FIRST" : "LAST"
        var direction = order.isDescending ? " DESC" : " ASC"
        if name.lowercased().hasPrefix("percentile_") {
          if !order.isDescending { direction = "" }
        } else {
          direction += " NULLS \(nulls)"
        }
        text += " WITHIN GROUP (ORDER BY \(self.text(order.expression))\(direction))"
      }
      if let filter = modifiers.filter { text += " FILTER (WHERE \(self.text(filter)))" }
      return text
    case .window(let call, let spec): return "\(windowFunction(call)) OVER (\(window(spec, call)))"
    case .lambda(let names, let body):
      let bare = body.replacing(names: Set(names.map { $0.lowercased() }))
      let variables = names.map { _ in "namedlambdavariable()" }
      return "lambdafunction(\(([text(bare)] + variables).joined(separator: ", ")))"
    case .named(let inner, let name): return "\(text(inner)) AS \(name)"
    case .cast(let inner, let type, let isTry):
      // Casts to arrays, maps and structs do not show.
      if !type.isAtomic { return text(inner) }
      return "\(isTry ? "TRY_CAST" : "CAST")(\(text(inner)) AS \(type.sql))"
    case .not(let inner): return "(NOT \(text(inner)))"
    case .negative(let inner): return "(- \(text(inner)))"
    case .binary("||", let a, let b): return "concat(\(text(a)), \(text(b)))"
    case .binary("<>", let a, let b): return "(NOT (\(text(a)) = \(text(b))))"
    case .binary(let sign, let a, let b) where sign == "+" || sign == "-":
      return moved(a, sign, b) ?? "(\(text(a)) \(sign) \(text(b)))"
    case .binary(let sign, let a, let b):
      return "(\(text(a)) \(sign == "DIV" ? "div" : sign) \(text(b)))"
    case .isNull(let inner, let negated): return "(\(text(inner)) IS \(negated ? "NOT " : "")NULL)"
    case .isBoolean(let inner, let value, let negated):
      let same = "(\(text(inner)) <=> \(value))"
      return negated ? "(NOT \(same))" : same
    case .between(let inner, let low, let high, let negated):
      let both = "between(\(text(inner)), \(text(low)), \(text(high)))"
      return negated ? "(NOT \(both))" : both
    case .oneOf(let inner, let choices, let negated):
      let any = "(\(text(inner)) IN (\(list(choices))))"
      return negated ? "(NOT \(any))" : any
    case .like(let inner, let pattern, _, let ignoresCase, let negated):
      let like =
        ignoresCase ? "ilike(\(text(inner)), \(text(pattern)))" : "\(text(inner)) LIKE \(text(pattern))"
      return negated ? "(NOT \(like))" : like
    case .rlike(let inner, let pattern, let negated):
      let rlike = "RLIKE(\(text(inner)), \(text(pattern)))"
      return negated ? "(NOT \(rlike))" : rlike
    case .branches(let operand, let cases, let otherwise):
      let whens = cases.map { when, then in
        let condition = operand.map { "(\(text($0)) = \(text(when)))" } ?? text(when)
        return " WHEN \(condition) THEN \(text(then))"
      }
      return "CASE\(whens.joined())\(otherwise.map { " ELSE " + text($0) } ?? "") END"
    }
  }

  private func text(_ literal: Literal) -> String {
    switch literal {
    case .null: "NULL"
    case .boolean(let value): String(value)
    case .byte(let value): String(value)
    case .short(let value): String(value)
    case .integer(let value): String(value)
    case .long(let value): String(value)
    case .float(let value): Column(.float, [.float(value)]).text(0)!
    case .double(let value): Column(.double, [.double(value)]).text(0)!
    case .decimal(let unscaled, _, let scale): DecimalText.scientific(unscaled, scale: scale)
    case .string(let text): text
    case .binary(let bytes): "X'" + bytes.withUnsafeBufferPointer { Hexadecimal.text($0) } + "'"
    case .date(let days): "DATE '\(Column(.date, [.date(days)]).text(0)!)'"
    case .timestamp(let value), .localTimestamp(let value):
      "TIMESTAMP '\(Column(.timestamp, [.timestamp(value)]).text(0)!)'"
    case .interval(let value, let type): Column(type, [.integer(value)]).text(0)!
    }
  }
}
