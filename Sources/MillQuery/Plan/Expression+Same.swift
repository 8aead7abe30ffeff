import MillColumns

extension Expression {
  /// Do both compute the same? Literals, columns and functions are compared, not places.
  func isSame(as other: Expression) -> Bool {
    guard type == other.type else { return false }
    switch (node, other.node) {
    case (.constant(let a), .constant(let b)): return a.value(0) == b.value(0)
    case (.column(let a), .column(let b)), (.aggregate(let a), .aggregate(let b)),
      (.variable(let a), .variable(let b)), (.outer(let a), .outer(let b)),
      (.window(let a), .window(let b)):
      return a == b
    case (.field(let a, let i), .field(let b, let j)), (.elementFields(let a, let i), .elementFields(let b, let j)):
      return i == j && a.isSame(as: b)
    case (.cast(let a, let m), .cast(let b, let n)): return m == n && a.isSame(as: b)
    case (.fromJSON(let a, let x), .fromJSON(let b, let y)):
      return x.schema == y.schema && x.options == y.options && a.isSame(as: b)
    case (.call(let a, _), .call(let b, _)): if a.name != b.name { return false }
    case (.higherOrder(let a, _, _), .higherOrder(let b, _, _)):
      if a.name != b.name || a.variables != b.variables { return false }
    case (.branches(_, let a), .branches(_, let b)): if (a == nil) != (b == nil) { return false }
    case (.and, .and), (.or, .or), (.coalesce, .coalesce): break
    default: return false
    }
    let (mine, others) = (children, other.children)
    return mine.count == others.count && zip(mine, others).allSatisfy { $0.isSame(as: $1) }
  }

  /// The same with the children replaced, from the top; nil from the body = look below.
  func rewritten(_ body: (Expression) throws -> Expression?) rethrows -> Expression {
    if let new = try body(self) { return new }
    var copy = self
    switch node {
    case .constant, .column, .aggregate, .variable, .outer, .window: break
    case .field(let base, let index): copy.node = .field(try base.rewritten(body), index)
    case .elementFields(let base, let index): copy.node = .elementFields(try base.rewritten(body), index)
    case .cast(let base, let mode): copy.node = .cast(try base.rewritten(body), mode)
    case .and(let a, let b): copy.node = .and(try a.rewritten(body), try b.rewritten(body))
    case .or(let a, let b): copy.node = .or(try a.rewritten(body), try b.rewritten(body))
    case .branches(let cases, let otherwise):
      copy.node = .branches(
        try cases.map { (try $0.when.rewritten(body), try $0.then.rewritten(body)) },
        otherwise: try otherwise?.rewritten(body))
    case .coalesce(let choices): copy.node = .coalesce(try choices.map { try $0.rewritten(body) })
    case .call(let kernel, let arguments): copy.node = .call(kernel, try arguments.map { try $0.rewritten(body) })
    case .higherOrder(let function, let arguments, let bodies):
      copy.node = .higherOrder(
        function, try arguments.map { try $0.rewritten(body) }, bodies: try bodies.map { try $0.rewritten(body) })
    case .fromJSON(let base, let json): copy.node = .fromJSON(try base.rewritten(body), json)
    }
    return copy
  }
}
