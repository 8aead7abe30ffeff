import MillBase
import MillColumns

/// Calls with lambdas: `transform(a, x -> x + 1)`.
extension Analyzer {
  /// nil when the call takes no lambda: then it is a plain function.
  mutating func higherOrder(
    _ name: String, _ arguments: [Syntax], _ scope: Scope, _ aliases: LateralAliases, at position: SourcePosition
  ) throws -> Expression? {
    let lower = name.lowercased()
    let hasLambda = LambdaLibrary.takes(arguments)
    guard let rule = LambdaLibrary.all[lower], hasLambda || FunctionLibrary.all[lower] == nil else {
      guard hasLambda, FunctionLibrary.all[lower] != nil else { return nil }
      throw error("\(name) takes no lambda", at: position)
    }
    guard rule.arity.contains(arguments.count) else {
      throw error("\(name) is written \(rule.form)", at: position)
    }
    var call = FunctionCall(name: lower, arguments: [], position: position, ansi: ansi, file: file)
    for (index, argument) in arguments.prefix(rule.valueCount).enumerated() {
      if case .lambda = argument.kind {
        throw error("argument \(index + 1) of \(name) can't be a lambda", at: argument.position, wayOut: rule.form)
      }
      call.arguments.append(try expression(argument, scope, aliases))
    }
    try rule.prepare(&call)
    var bodies: [Expression] = []
    var variables: [[Int]] = []
    for (index, argument) in arguments.dropFirst(rule.valueCount).enumerated() {
      let types = rule.variables(call, index)
      // What is no lambda is one without variables.
      guard case .lambda(let names, let body) = argument.kind else {
        bodies.append(try expression(argument, scope, aliases))
        variables.append([])
        continue
      }
      guard rule.variableCounts(index).contains(names.count) else {
        throw error(
          "the lambda of \(name) has \(names.count) variable\(names.count == 1 ? "" : "s")", at: argument.position,
          wayOut: "write \(rule.form)")
      }
      var inner = scope
      var numbers: [Int] = []
      for (place, variable) in names.enumerated() {
        // The same number at the same depth: equal calls stay equal.
        let number = lambdaDepth * 8 + place
        inner.variables[variable.lowercased()] = (number, types[place])
        numbers.append(number)
      }
      lambdaDepth += 1
      defer { lambdaDepth -= 1 }
      bodies.append(try expression(body, inner, aliases))
      variables.append(numbers)
    }
    let (type, evaluate) = try rule.build(&call, &bodies)
    let function = HigherOrder(name: lower, variables: variables, evaluate: evaluate)
    return Expression(.higherOrder(function, call.arguments, bodies: bodies), type, position)
  }
}

/// A function with lambdas: how it is written, what its variables are, what it gives.
struct LambdaRule: Sendable {
  /// Values before the lambdas.
  var valueCount = 1
  var arity: ClosedRange<Int> = 2...2
  var form: String
  /// Casts the values; throws when they have the wrong types.
  var prepare: @Sendable (inout FunctionCall) throws -> Void
  /// The types of a lambda's variables.
  var variables: @Sendable (FunctionCall, _ lambda: Int) -> [DataType]
  /// How many variables a lambda may name.
  var variableCounts: @Sendable (_ lambda: Int) -> ClosedRange<Int>
  var build:
    @Sendable (inout FunctionCall, inout [Expression]) throws -> (
      DataType, @Sendable ([Vector], Lambdas) throws -> Vector
    )
}
