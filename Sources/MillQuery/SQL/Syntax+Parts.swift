extension Syntax {
  /// The same with every part of it changed by the body.
  func mapParts(_ body: (Syntax) -> Syntax) -> Syntax {
    let kind: Kind =
      switch kind {
      case .literal, .name, .star, .starExcept, .scalarQuery, .existsQuery: kind
      case .inQuery(let inner, let query, let negated): .inQuery(body(inner), query, negated: negated)
      case .field(let base, let name): .field(body(base), name)
      case .index(let base, let index): .index(body(base), body(index))
      case .call(let name, let arguments): .call(name, arguments.map(body))
      case .aggregate(let name, let arguments, var modifiers):
        {
          modifiers.filter = modifiers.filter.map(body)
          return .aggregate(name, arguments.map(body), modifiers)
        }()
      case .window(let call, let spec): .window(call.mapParts(body), spec)
      case .lambda(let names, let inner): .lambda(names, body(inner))
      case .named(let inner, let name): .named(body(inner), name)
      case .cast(let inner, let type, let isTry): .cast(body(inner), type, isTry: isTry)
      case .not(let inner): .not(body(inner))
      case .negative(let inner): .negative(body(inner))
      case .binary(let sign, let a, let b): .binary(sign, body(a), body(b))
      case .isNull(let inner, let negated): .isNull(body(inner), negated: negated)
      case .isBoolean(let inner, let value, let negated): .isBoolean(body(inner), value, negated: negated)
      case .between(let inner, let low, let high, let negated):
        .between(body(inner), body(low), body(high), negated: negated)
      case .oneOf(let inner, let choices, let negated): .oneOf(body(inner), choices.map(body), negated: negated)
      case .like(let inner, let pattern, let escape, let ignoresCase, let negated):
        .like(body(inner), body(pattern), escape: escape, ignoresCase: ignoresCase, negated: negated)
      case .rlike(let inner, let pattern, let negated): .rlike(body(inner), body(pattern), negated: negated)
      case .branches(let operand, let cases, let otherwise):
        .branches(
          operand: operand.map(body), cases.map { (when: body($0.when), then: body($0.then)) },
          otherwise: otherwise.map(body))
      }
    return Syntax(kind: kind, position: position)
  }

  /// The names of lambda variables as Spark shows them.
  func replacing(names: Set<String>) -> Syntax {
    if case .name(let parts) = kind, names.contains(parts[0].lowercased()) {
      let variable = Syntax(kind: .call("namedlambdavariable", []), position: position)
      return parts.dropFirst().reduce(variable) { Syntax(kind: .field($0, $1), position: position) }
    }
    return mapParts { $0.replacing(names: names) }
  }
}
