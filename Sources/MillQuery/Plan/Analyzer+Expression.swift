import MillBase
import MillColumns

extension Analyzer {
  mutating func expression(
    _ syntax: Syntax, _ scope: Scope, _ aliases: LateralAliases = LateralAliases()
  ) throws -> Expression {
    let position = syntax.position
    func call(_ name: String, _ arguments: [Expression]) -> FunctionCall {
      FunctionCall(name: name, arguments: arguments, position: position, ansi: ansi, file: file)
    }
    switch syntax.kind {
    case .literal(let literal): return constant(literal, position)
    case .name(let parts): return try column(parts, scope, aliases, at: position)
    case .star: throw error("* is not possible here", at: position)
    case .field(let base, let name):
      return try field(name, of: try expression(base, scope, aliases), at: position)
    case .index(let base, let index):
      var call = call(
        "[]", [try expression(base, scope, aliases), try expression(index, scope, aliases)])
      return try FunctionLibrary.subscripted(&call)
    case .window(let call, let spec): return try window(call, spec, scope, aliases, at: position)
    case .lambda: throw error("a lambda can only be an argument of a function like transform", at: position)
    case .named(let inner, _): return try expression(inner, scope, aliases)
    case .aggregate(let name, let arguments, let modifiers):
      return try aggregate(name, arguments, modifiers, scope, at: position)
    case .call(let name, let arguments)
    where AggregateLibrary.names.contains(name.lowercased()) && !LambdaLibrary.takes(arguments):
      return try aggregate(name, arguments, AggregateModifiers(), scope, at: position)
    case .call(let name, let arguments): return try function(name, arguments, scope, aliases, at: position)
    case .cast(let inner, let type, let isTry):
      let base = try expression(inner, scope, aliases)
      let mode: CastMode = isTry ? .attempt : ansi ? .ansi : .legacy
      guard CastRules.isPossible(from: base.type, to: type, mode: mode) else {
        throw error(
          "\(base.type.sql) can't be cast to \(type.sql)", at: position)
      }
      return base.type == type ? base : Expression(.cast(base, mode), type, position)
    case .not(let inner):
      if case .inQuery(let value, let query, let negated) = inner.kind {
        return try inQuery(value, query, negated: !negated, scope, aliases, at: position)
      }
      let base = try boolean(inner, "NOT", scope, aliases)
      return FunctionLibrary.not(base, position)
    case .negative(let inner):
      var call = call("negative", [try expression(inner, scope, aliases)])
      return try FunctionLibrary.all["negative"]!.build(&call)
    case .binary(let sign, let left, let right): return try binary(sign, left, right, scope, aliases, at: position)
    case .isNull(let inner, let negated):
      let base = try expression(inner, scope, aliases)
      return negated ? FunctionLibrary.notNull(base, position) : FunctionLibrary.isNull(base, position)
    case .isBoolean(let inner, let wanted, let negated):
      let base = try boolean(inner, "IS", scope, aliases)
      let constant = Expression.constant(.boolean(wanted), .boolean, position)
      let same = try FunctionLibrary.comparison("<=>", base, constant, call("IS", []))
      return negated ? FunctionLibrary.not(same, position) : same
    case .between(let inner, let low, let high, let negated):
      let value = try expression(inner, scope, aliases)
      let above = try FunctionLibrary.comparison(
        ">=", value, try expression(low, scope, aliases), call("BETWEEN", []))
      let below = try FunctionLibrary.comparison(
        "<=", value, try expression(high, scope, aliases), call("BETWEEN", []))
      let both = Expression(.and(above, below), .boolean, position)
      return negated ? FunctionLibrary.not(both, position) : both
    case .oneOf(let inner, let choices, let negated):
      var list = call("IN", [try expression(inner, scope, aliases)])
      for choice in choices { list.arguments.append(try expression(choice, scope, aliases)) }
      // IN compares: text beside numbers follows the rules of = when there are two, of UNION when there are more.
      let first = list.type(0)
      if !list.arguments.allSatisfy({ first.hasShape(of: $0.type) }) { _ = try list.castToCommon() }
      var any: Expression?
      for choice in list.arguments.dropFirst() {
        let same = try FunctionLibrary.comparison("=", list.arguments[0], choice, list)
        any = any.map { Expression(.or($0, same), .boolean, position) } ?? same
      }
      return negated ? FunctionLibrary.not(any!, position) : any!
    case .like(let inner, let pattern, let escape, let ignoresCase, let negated):
      var call = call("LIKE", [try expression(inner, scope, aliases), try expression(pattern, scope, aliases)])
      let result = try FunctionLibrary.like(&call, escape: escape, ignoresCase: ignoresCase)
      return negated ? FunctionLibrary.not(result, position) : result
    case .rlike(let inner, let pattern, let negated):
      var call = call("RLIKE", [try expression(inner, scope, aliases), try expression(pattern, scope, aliases)])
      let result = try FunctionLibrary.rlike(&call)
      return negated ? FunctionLibrary.not(result, position) : result
    case .starExcept: throw error("* is not possible here", at: position)
    case .scalarQuery(let query): return try scalarQuery(query, scope, at: position)
    case .existsQuery(let query): return try existsQuery(query, scope, at: position)
    case .inQuery(let value, let query, let negated):
      return try inQuery(value, query, negated: negated, scope, aliases, at: position)
    case .branches(let operand, let cases, let otherwise):
      return try branches(operand, cases, otherwise, scope, aliases, at: position)
    }
  }

  private func constant(_ literal: Literal, _ position: SourcePosition) -> Expression {
    switch literal {
    case .null: .constant(.null, .null, position)
    case .boolean(let value): .constant(.boolean(value), .boolean, position)
    case .byte(let value): .constant(.integer(Int64(value)), .byte, position)
    case .short(let value): .constant(.integer(Int64(value)), .short, position)
    case .integer(let value): .constant(.integer(Int64(value)), .integer, position)
    case .long(let value): .constant(.integer(value), .long, position)
    case .float(let value): .constant(.float(value), .float, position)
    case .double(let value): .constant(.double(value), .double, position)
    case .decimal(let unscaled, let precision, let scale):
      .constant(.decimal(unscaled: unscaled, scale: scale), .decimal(precision: precision, scale: scale), position)
    case .string(let text): .constant(.string(text), .string, position)
    case .binary(let bytes): .constant(.binary(bytes), .binary, position)
    case .date(let days): .constant(.date(days), .date, position)
    case .timestamp(let value): .constant(.timestamp(value), .timestamp, position)
    case .localTimestamp(let value):
      .constant(.timestamp(LocalTime(zone: zone).instant(value)), .timestamp, position)
    case .interval(let value, let type): .constant(.integer(value), type, position)
    }
  }

  private mutating func boolean(
    _ syntax: Syntax, _ what: String, _ scope: Scope, _ aliases: LateralAliases
  ) throws -> Expression {
    let expression = try expression(syntax, scope, aliases)
    if expression.type == .boolean { return expression }
    guard expression.type == .string || expression.type == .null else {
      throw error("\(what) wants BOOLEAN, not \(expression.type.sql)", at: expression.position)
    }
    return Expression(.cast(expression, ansi ? .ansi : .legacy), .boolean, expression.position)
  }

  private mutating func binary(
    _ sign: String, _ left: Syntax, _ right: Syntax, _ scope: Scope, _ aliases: LateralAliases,
    at position: SourcePosition
  ) throws -> Expression {
    if sign == "AND" || sign == "OR" {
      let (a, b) = (try boolean(left, sign, scope, aliases), try boolean(right, sign, scope, aliases))
      return Expression(sign == "AND" ? .and(a, b) : .or(a, b), .boolean, position)
    }
    let (a, b) = (try expression(left, scope, aliases), try expression(right, scope, aliases))
    var call = FunctionCall(name: sign, arguments: [a, b], position: position, ansi: ansi, file: file)
    switch sign {
    case "=", "<=>", "<>", "<", "<=", ">", ">=": return try FunctionLibrary.comparison(sign, a, b, call)
    case "||": return try FunctionLibrary.all["concat"]!.build(&call)
    case "+", "-":
      return try TimeArithmetic.expression(call) ?? Arithmetic(rawValue: sign)!.expression(call)
    case "&", "|", "^": return try FunctionLibrary.all[sign]!.build(&call)
    case "<<": return try FunctionLibrary.all["shiftleft"]!.build(&call)
    case ">>": return try FunctionLibrary.all["shiftright"]!.build(&call)
    case ">>>": return try FunctionLibrary.all["shiftrightunsigned"]!.build(&call)
    case "*", "/":
      return try TimeArithmetic.expression(call) ?? Arithmetic(rawValue: sign)!.expression(call)
    case "%", "DIV": return try Arithmetic(rawValue: sign.lowercased())!.expression(call)
    default: throw error("the operator \(sign) is not supported yet", at: position)
    }
  }

  private mutating func branches(
    _ operand: Syntax?, _ cases: [(when: Syntax, then: Syntax)], _ otherwise: Syntax?, _ scope: Scope,
    _ aliases: LateralAliases, at position: SourcePosition
  ) throws -> Expression {
    let compared = try operand.map { try expression($0, scope, aliases) }
    var conditions: [Expression] = []
    var results: [Expression] = []
    for (when, then) in cases {
      if let compared {
        let value = try expression(when, scope, aliases)
        let call = FunctionCall(name: "CASE", arguments: [], position: position, ansi: ansi, file: file)
        conditions.append(try FunctionLibrary.comparison("=", compared, value, call))
      } else {
        let condition = try expression(when, scope, aliases)
        guard condition.type == .boolean else {
          throw error("WHEN wants BOOLEAN, not \(condition.type.sql)", at: condition.position)
        }
        conditions.append(condition)
      }
      results.append(try expression(then, scope, aliases))
    }
    if let otherwise { results.append(try expression(otherwise, scope, aliases)) }
    var call = FunctionCall(name: "CASE", arguments: results, position: position, ansi: ansi, file: file)
    let type = try call.castToCommon()
    let pairs = zip(conditions, call.arguments).map { (when: $0, then: $1) }
    return Expression(.branches(pairs, otherwise: otherwise == nil ? nil : call.arguments.last!), type, position)
  }

  // MARK: Names

  private func column(
    _ parts: [String], _ scope: Scope, _ aliases: LateralAliases, at position: SourcePosition
  ) throws -> Expression {
    if let (number, type) = scope.variables[parts[0].lowercased()] {
      var expression = Expression(.variable(number), type, position)
      for part in parts.dropFirst() { expression = try field(part, of: expression, at: position) }
      return expression
    }
    if aliases.comeFirst, var expression = aliases.expression(parts[0]) {
      for part in parts.dropFirst() { expression = try field(part, of: expression, at: position) }
      return expression
    }
    if parts.count >= 2 {
      let qualified = scope.indices(of: parts[1], qualifier: parts[0])
      if !qualified.isEmpty { return try fields(parts[2...], qualified, parts, scope, at: position) }
    }
    let plain = scope.indices(of: parts[0])
    if !plain.isEmpty { return try fields(parts[1...], plain, parts, scope, at: position) }
    if var expression = aliases.expression(parts[0]) {
      for part in parts.dropFirst() { expression = try field(part, of: expression, at: position) }
      return expression
    }
    if let outerScope, let found = try outerColumn(parts, outerScope, at: position) { return found }
    let name = parts.joined(separator: ".")
    let nearest = Nearest.name(to: parts.last!, among: scope.names) ?? Nearest.name(to: parts[0], among: scope.names)
    throw error(
      "the column \(name) can't be found", at: position,
      wayOut: nearest.map { "did you mean \(DataType.quoted($0))?" }
        ?? (scope.names.isEmpty
          ? "there is no FROM" : "there are: \(scope.names.map(DataType.quoted).joined(separator: ", "))"))
  }

  /// A column of the query around; nil when it has none of that name.
  private func outerColumn(
    _ parts: [String], _ outer: Scope, at position: SourcePosition
  ) throws -> Expression? {
    let qualified = parts.count >= 2 ? outer.indices(of: parts[1], qualifier: parts[0]) : []
    let plain = outer.indices(of: parts[0])
    guard !qualified.isEmpty || !plain.isEmpty else { return nil }
    let found = try fields(
      parts[(qualified.isEmpty ? 1 : 2)...], qualified.isEmpty ? plain : qualified, parts, outer, at: position)
    return found.rewritten { part in
      guard case .column(let index) = part.node else { return nil }
      return Expression(.outer(index), part.type, part.position)
    }
  }

  private func fields(
    _ rest: ArraySlice<String>, _ found: [Int], _ parts: [String], _ scope: Scope, at position: SourcePosition
  ) throws -> Expression {
    guard found.count == 1 else {
      let list = found.map { index in
        (scope.entries[index].qualifier.map { $0 + "." } ?? "") + scope.entries[index].name
      }
      throw error(
        "the name \(parts.joined(separator: ".")) is ambiguous: it could be \(list.joined(separator: ", "))",
        at: position, wayOut: "name the view before it")
    }
    var expression = Expression(.column(found[0]), scope.entries[found[0]].type, position)
    for part in rest { expression = try field(part, of: expression, at: position) }
    return expression
  }

  func field(_ name: String, of base: Expression, at position: SourcePosition) throws -> Expression {
    if case .map = base.type {
      var call = FunctionCall(
        name: "[]", arguments: [base, .constant(.string(name), .string, position)], position: position, ansi: ansi,
        file: file)
      return try FunctionLibrary.subscripted(&call)
    }
    guard let schema = base.type.fields else {
      throw error("\(base.type.sql) has no field \(name)", at: position)
    }
    let found = schema.columns.indices.filter { schema.columns[$0].name.lowercased() == name.lowercased() }
    guard let index = found.first else {
      let names = schema.columns.map(\.name)
      let nearest = Nearest.name(to: name, among: names)
      throw error(
        "the field \(name) can't be found in \(base.type.sql)", at: position,
        wayOut: nearest.map { "did you mean \(DataType.quoted($0))?" }
          ?? "there are: \(names.map(DataType.quoted).joined(separator: ", "))")
    }
    guard found.count == 1 else {
      throw error("the field \(name) is ambiguous: \(found.count) fields are called so", at: position)
    }
    let type = schema.columns[index].type
    if case .array = base.type { return Expression(.elementFields(base, index), .array(type), position) }
    return Expression(.field(base, index), type, position)
  }

  // MARK: Functions

  private mutating func function(
    _ name: String, _ arguments: [Syntax], _ scope: Scope, _ aliases: LateralAliases, at position: SourcePosition
  ) throws -> Expression {
    let lower = name.lowercased()
    if lower == "window" { return try windowColumn(arguments, scope, at: position) }
    if lower == "from_json" { return try fromJSON(arguments, scope, aliases, at: position) }
    if ["to_json", "from_csv", "to_csv", "schema_of_csv"].contains(lower) {
      return try withOptions(lower, arguments, scope, aliases, at: position)
    }
    if FunctionLibrary.generators.contains(lower) {
      throw error(
        "\(name) can't stand inside of another expression", at: position,
        wayOut: "make it a column of its own, or use LATERAL VIEW")
    }
    if let call = try higherOrder(name, arguments, scope, aliases, at: position) { return call }
    var call = FunctionCall(name: lower, arguments: [], position: position, ansi: ansi, file: file)
    if lower == "grouping" || lower == "grouping_id" {
      for argument in arguments { call.arguments.append(try expression(argument, scope, aliases)) }
      return try groupingCall(lower, call.arguments, at: position)
    }
    guard lower == "struct" || FunctionLibrary.all[lower] != nil else {
      if WindowCall.names.contains(lower) {
        throw error("\(name) wants a window", at: position, wayOut: "write \(name)(…) OVER (ORDER BY …)")
      }
      if FunctionLibrary.later.contains(lower) {
        throw error("the function \(name) is not supported yet", at: position)
      }
      let known =
        Array(FunctionLibrary.all.keys) + AggregateLibrary.names + [
          "struct", "from_json", "to_json", "from_csv", "to_csv", "schema_of_csv",
        ] + FunctionLibrary.generators
        + LambdaLibrary.all.keys
      let nearest = Nearest.name(to: lower, among: known.sorted())
      throw error("there is no function \(name)", at: position, wayOut: nearest.map { "did you mean \($0)?" })
    }
    for argument in arguments {
      if case .star(let parts) = argument.kind, lower == "struct" || lower == "array" || lower.hasPrefix("concat") {
        for (expression, _) in try starArguments(parts, scope, at: argument.position) {
          call.arguments.append(expression)
        }
      } else {
        call.arguments.append(try expression(argument, scope, aliases))
      }
    }
    if lower == "struct" {
      guard !call.arguments.isEmpty else { throw error("struct wants at least one value", at: position) }
      var names: [String] = []
      for argument in arguments {
        switch argument.kind {
        case .named(_, let name): names.append(name)
        case .name(let parts): names.append(parts.last!)
        case .field(_, let name): names.append(name)
        case .star(let parts): names += try starArguments(parts, scope, at: argument.position).map(\.1)
        default: names.append("col\(names.count + 1)")
        }
      }
      return FunctionLibrary.structure(names, call)
    }
    if lower == "arrays_zip" {
      call.names = arguments.enumerated().map { index, argument in
        switch argument.kind {
        case .name(let parts): parts.last!
        case .field(_, let name): name
        default: "\(index)"
        }
      }
    }
    let definition = FunctionLibrary.all[lower]!
    guard definition.arity.contains(call.count) else {
      let wanted =
        definition.arity.lowerBound == definition.arity.upperBound
        ? "\(definition.arity.lowerBound)"
        : definition.arity.upperBound >= 255
          ? "at least \(definition.arity.lowerBound)"
          : "\(definition.arity.lowerBound) to \(definition.arity.upperBound)"
      throw error("\(name) takes \(wanted) argument\(wanted == "1" ? "" : "s"), not \(call.count)", at: position)
    }
    return try definition.build(&call)
  }

  private func starArguments(
    _ parts: [String], _ scope: Scope, at position: SourcePosition
  ) throws -> [(Expression, String)] {
    let indices = parts.isEmpty ? scope.visible : scope.indices(qualifier: parts[0])
    guard !indices.isEmpty else { throw error("\(parts.joined(separator: ".")).* names no columns here", at: position) }
    return indices.map { (Expression(.column($0), scope.entries[$0].type, position), scope.entries[$0].name) }
  }

  /// `from_json(text, 'schema' [, map('option', 'value')])`
  private mutating func fromJSON(
    _ arguments: [Syntax], _ scope: Scope, _ aliases: LateralAliases, at position: SourcePosition
  ) throws -> Expression {
    guard (2...3).contains(arguments.count) else {
      throw error("from_json takes 2 to 3 arguments, not \(arguments.count)", at: position)
    }
    let input = try expression(arguments[0], scope, aliases)
    guard input.type == .string || input.type == .null else {
      throw error(
        "from_json reads STRING, not \(input.type.sql)", at: input.position,
        wayOut: input.type == .binary ? "write CAST(… AS STRING)" : nil)
    }
    let schema = try schemaText(arguments[1], of: "from_json")
    let options = try arguments.count == 3 ? optionMap(arguments[2], of: "from_json") : [:]
    do {
      let json = fromJSON(schema, try JSONOptions(options))
      // The reader knows best which schemas it takes.
      _ = try JSONReader(schema, options: json.options)
      let text = input.type == .null ? Expression(.cast(input, .legacy), .string, position) : input
      return Expression(.fromJSON(text, json), schema, position)
    } catch let problem as MillError where problem.place?.line == nil {
      throw error(problem.message, at: position, wayOut: problem.wayOut)
    }
  }

  /// A schema written as a text in quotes.
  func schemaText(_ syntax: Syntax, of name: String) throws -> DataType {
    guard case .literal(.string(let text)) = syntax.kind else {
      throw error("the schema of \(name) must be a text in quotes", at: syntax.position)
    }
    do { return try Parser.schema(of: text) } catch let problem as MillError {
      let at = problem.place.map { " (line \($0.line ?? 1), column \($0.column ?? 1) of the schema)" } ?? ""
      throw error(problem.message + at, at: syntax.position, wayOut: problem.wayOut)
    }
  }

  /// `map('option', 'value')`
  func optionMap(_ syntax: Syntax, of name: String) throws -> [String: String] {
    guard case .call(let function, let pairs) = syntax.kind, function.lowercased() == "map", pairs.count % 2 == 0 else {
      throw error("the options of \(name) must be map('name', 'value', …)", at: syntax.position)
    }
    var options: [String: String] = [:]
    for index in stride(from: 0, to: pairs.count, by: 2) {
      guard case .literal(.string(let key)) = pairs[index].kind,
        case .literal(.string(let value)) = pairs[index + 1].kind
      else { throw error("the options of \(name) must be texts in quotes", at: pairs[index].position) }
      options[key] = value
    }
    return options
  }
}
