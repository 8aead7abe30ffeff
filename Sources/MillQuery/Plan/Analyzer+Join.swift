import MillBase
import MillColumns

/// Joins of two relations.
extension Analyzer {
  mutating func join(
    _ kind: JoinKind, _ left: (plan: Plan, scope: Scope), _ right: (plan: Plan, scope: Scope),
    _ condition: JoinCondition, at position: SourcePosition
  ) throws -> (Plan, Scope) {
    var both = left.scope
    both.entries += right.scope.entries
    let leftCount = left.scope.entries.count
    var join = Join(kind: kind, keys: [], condition: nil)
    var names: [String] = []
    switch condition {
    case .none: break
    case .on(let syntax):
      let condition = try isolated { try $0.condition(syntax, "ON", both) }
      join.add(condition, leftCount, position)
    case .using(let list): names = list
    case .natural:
      names = left.scope.visible.map { left.scope.entries[$0].name }.filter { !right.scope.indices(of: $0).isEmpty }
    }
    var shared: [(left: Int, right: Int)] = []
    for name in names {
      let l = try sharedColumn(name, left.scope, "left", at: position)
      let r = leftCount + (try sharedColumn(name, right.scope, "right", at: position))
      let call = FunctionCall(name: "USING", arguments: [], position: position, ansi: ansi, file: file)
      let same = try FunctionLibrary.comparison(
        "=", Expression(.column(l), both.entries[l].type, position),
        Expression(.column(r), both.entries[r].type, position), call)
      join.keys.append(same.joinKey(leftCount)!)
      shared.append((l, r))
    }
    let plan = plan(join, left.plan, right.plan, at: position)
    if kind == .semi || kind == .anti { return (plan, left.scope) }
    return names.isEmpty ? (plan, both) : try using(shared, kind, plan, both, at: position)
  }

  private func sharedColumn(
    _ name: String, _ side: Scope, _ which: String, at position: SourcePosition
  ) throws -> Int {
    let found = side.indices(of: name)
    if found.count == 1 { return found[0] }
    let nearest = Nearest.name(to: name, among: side.names)
    throw error(
      "USING: the column \(name) \(found.isEmpty ? "can't be found" : "is ambiguous") on the \(which) side",
      at: position, wayOut: found.isEmpty ? nearest.map { "did you mean \(DataType.quoted($0))?" } : nil)
  }

  /// The left side's columns, then the right side's. RIGHT is a LEFT join the other way round; FULL is that, and the
  /// right rows that have no partner.
  private func plan(_ join: Join, _ left: Plan, _ right: Plan, at position: SourcePosition) -> Plan {
    let (leftCount, rightCount) = (left.schema.count, right.schema.count)
    func column(_ index: Int, _ type: DataType) -> Expression { Expression(.column(index), type, position) }
    let columns = left.schema.columns + right.schema.columns
    switch join.kind {
    case .right:
      var flipped = join.flipped(leftCount, rightCount)
      flipped.kind = .left
      let picks = columns.enumerated().map { index, item in
        column(index < leftCount ? rightCount + index : index - leftCount, item.type)
      }
      return .project(picks, Schema(columns), .join(flipped, position, right, left))
    case .full:
      var (outer, rest) = (join, join.flipped(leftCount, rightCount))
      (outer.kind, rest.kind) = (.left, .anti)
      let picks = columns.enumerated().map { index, item in
        index < leftCount
          ? Expression.constant(.null, item.type, position) : column(index - leftCount, item.type)
      }
      return .unionAll([
        .join(outer, position, left, right),
        .project(picks, Schema(columns), .join(rest, position, right, left)),
      ])
    default: return .join(join, position, left, right)
    }
  }

  /// The shared columns first, once, as in Spark; both sides' own ones only by their qualifier.
  private func using(
    _ shared: [(left: Int, right: Int)], _ kind: JoinKind, _ plan: Plan, _ both: Scope, at position: SourcePosition
  ) throws -> (Plan, Scope) {
    let columns = plan.schema.columns
    func pick(_ index: Int) -> Expression { Expression(.column(index), columns[index].type, position) }
    var scope = both
    scope.entries = []
    var picks: [Expression] = []
    var hidden: [Int] = []
    for (left, right) in shared {
      switch kind {
      case .right:
        picks.append(pick(right))
        scope.entries.append(both.entries[right])
        hidden.append(left)
      case .full:
        var call = FunctionCall(
          name: "coalesce", arguments: [pick(left), pick(right)], position: position, ansi: ansi, file: file)
        picks.append(try FunctionLibrary.all["coalesce"]!.build(&call))
        scope.entries.append(.init(qualifier: nil, name: both.entries[left].name, type: picks.last!.type))
        hidden += [left, right]
      default:
        picks.append(pick(left))
        scope.entries.append(both.entries[left])
        hidden.append(right)
      }
    }
    let used = Set(shared.flatMap { [$0.left, $0.right] })
    for index in columns.indices where !used.contains(index) {
      picks.append(pick(index))
      scope.entries.append(both.entries[index])
    }
    for index in hidden.sorted() {
      picks.append(pick(index))
      var entry = both.entries[index]
      entry.isHidden = true
      scope.entries.append(entry)
    }
    let names = zip(scope.entries, picks).map { Schema.Column($0.name, $1.type) }
    return (.project(picks, Schema(names), plan), scope)
  }

  /// A condition of WHERE, HAVING or ON.
  mutating func condition(
    _ syntax: Syntax, _ clause: String, _ scope: Scope, _ aliases: LateralAliases = LateralAliases()
  ) throws -> Expression {
    let condition = try expression(syntax, scope, aliases)
    if condition.type == .boolean { return condition }
    guard condition.type == .string || condition.type == .null else {
      throw error("\(clause) wants BOOLEAN, not \(condition.type.sql)", at: condition.position)
    }
    return Expression(.cast(condition, ansi ? .ansi : .legacy), .boolean, condition.position)
  }
}

extension Join {
  /// Equalities with one side over each input become keys, the rest stays a condition.
  mutating func add(_ condition: Expression, _ leftCount: Int, _ position: SourcePosition) {
    for part in condition.conjuncts {
      if let key = part.joinKey(leftCount) {
        keys.append(key)
      } else {
        self.condition = self.condition.map { Expression(.and($0, part), .boolean, position) } ?? part
      }
    }
  }

  /// The same join with its sides changed over.
  fileprivate func flipped(_ leftCount: Int, _ rightCount: Int) -> Join {
    var copy = self
    copy.keys = keys.map { Key(left: $0.right, right: $0.left, isNullSafe: $0.isNullSafe) }
    copy.condition = condition?.renumbered { $0 < leftCount ? $0 + rightCount : $0 - leftCount }
    return copy
  }
}

extension Expression {
  /// The parts that AND joins.
  var conjuncts: [Expression] {
    if case .and(let a, let b) = node { a.conjuncts + b.conjuncts } else { [self] }
  }

  /// An equality with one side over each input.
  func joinKey(_ leftCount: Int) -> Join.Key? {
    guard case .call(let kernel, let sides) = node, kernel.name == "=" || kernel.name == "<=>" else { return nil }
    let used = sides.map(\.used.columns)
    guard used.allSatisfy({ !$0.isEmpty }) else { return nil }
    func isLeft(_ index: Int) -> Bool { index < leftCount }
    let isNullSafe = kernel.name == "<=>"
    func right(_ side: Expression) -> Expression { side.renumbered { $0 - leftCount } }
    if used[0].allSatisfy(isLeft), !used[1].contains(where: isLeft) {
      return .init(left: sides[0], right: right(sides[1]), isNullSafe: isNullSafe)
    }
    if used[1].allSatisfy(isLeft), !used[0].contains(where: isLeft) {
      return .init(left: sides[1], right: right(sides[0]), isNullSafe: isNullSafe)
    }
    return nil
  }
}
