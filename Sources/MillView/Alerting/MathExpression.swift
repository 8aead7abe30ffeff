import Glibc
import MillBase

/// `$A > 10 && ${B} / 2 < abs($C)`: Grafana's math expressions over numbers.
///
/// Comparisons give 1 or 0; `&&`, `||` and `!` take everything but 0 as true.
struct MathExpression: Sendable {
  indirect enum Node: Sendable {
    case number(Double)
    case input(String)
    case unary(String, Node)
    case binary(String, Node, Node)
    case call(String, Node)
  }
  let root: Node
  /// The refIds it reads, each once.
  let inputs: [String]

  /// - Throws: `MillError.badInput` saying what was expected where.
  init(_ text: String) throws {
    var parser = MathParser(text)
    root = try parser.whole()
    inputs = parser.inputs
  }

  /// - Parameter value: the number of an input; nil when it has none, which makes the result nil.
  func evaluate(_ value: (String) -> Double?) -> Double? { Self.evaluate(root, value) }

  private static func evaluate(_ node: Node, _ value: (String) -> Double?) -> Double? {
    switch node {
    case .number(let number): return number
    case .input(let name): return value(name)
    case .unary(let name, let inner):
      guard let number = evaluate(inner, value) else { return nil }
      return name == "!" ? (number == 0 ? 1 : 0) : -number
    case .call(let name, let inner):
      guard let argument = evaluate(inner, value) else {
        return name == "is_null" ? 1 : nil
      }
      return call(name, argument)
    case .binary(let name, let left, let right):
      guard let a = evaluate(left, value), let b = evaluate(right, value) else { return nil }
      return binary(name, a, b)
    }
  }

  static let functions: Set<String> = [
    "abs", "log", "round", "ceil", "floor", "is_nan", "is_null", "is_inf", "is_number",
  ]

  private static func call(_ name: String, _ x: Double) -> Double {
    switch name {
    case "abs": abs(x)
    case "log": Glibc.log(x)
    case "round": x.rounded(.toNearestOrAwayFromZero)
    case "ceil": x.rounded(.up)
    case "floor": x.rounded(.down)
    case "is_nan": x.isNaN ? 1 : 0
    case "is_inf": x.isInfinite ? 1 : 0
    case "is_number": x.isFinite ? 1 : 0
    default: 0
    }
  }

  private static func binary(_ name: String, _ a: Double, _ b: Double) -> Double {
    // As in Grafana: these two may be decided without the other side.
    if name == "||", a != 0, !a.isNaN { return 1 }
    if name == "&&", a == 0 { return 0 }
    if a.isNaN || b.isNaN { return .nan }
    return switch name {
    case "+": a + b
    case "-": a - b
    case "*": a * b
    case "/": a / b
    case "%": a.truncatingRemainder(dividingBy: b)
    case "**": pow(a, b)
    case ">": a > b ? 1 : 0
    case "<": a < b ? 1 : 0
    case ">=": a >= b ? 1 : 0
    case "<=": a <= b ? 1 : 0
    case "==": a == b ? 1 : 0
    case "!=": a != b ? 1 : 0
    case "&&": b != 0 ? 1 : 0
    default: b != 0 ? 1 : 0
    }
  }
}

private struct MathParser {
  /// Nesting of parentheses.
  static let depthMax = 100

  private var rest: Substring
  private(set) var inputs: [String] = []
  private var depth = 0

  init(_ text: String) { rest = text[...] }

  mutating func whole() throws -> MathExpression.Node {
    let node = try binary(level: 0)
    skipSpace()
    guard rest.isEmpty else { throw error("an operator") }
    return node
  }

  private func error(_ expected: String) -> MillError {
    let found = rest.isEmpty ? "the end" : "'\(rest.prefix(20))'"
    return MillError(
      .badInput, "not a math expression: expected \(expected), found \(found)", wayOut: "write it like $A > 10")
  }

  private mutating func skipSpace() { rest = rest.drop { $0.isWhitespace } }

  /// Loosest first.
  private static let levels = [["||"], ["&&"], ["==", "!=", ">=", "<=", ">", "<"], ["+", "-"], ["*", "/", "%"]]

  private mutating func binary(level: Int) throws -> MathExpression.Node {
    guard level < Self.levels.count else { return try power() }
    var node = try binary(level: level + 1)
    while let name = take(Self.levels[level]) { node = .binary(name, node, try binary(level: level + 1)) }
    return node
  }

  private mutating func take(_ names: [String]) -> String? {
    skipSpace()
    guard let name = names.first(where: { rest.hasPrefix($0) }), !(name == "*" && rest.hasPrefix("**")) else {
      return nil
    }
    rest.removeFirst(name.count)
    return name
  }

  private mutating func power() throws -> MathExpression.Node {
    let base = try unary()
    return take(["**"]) == nil ? base : .binary("**", base, try power())
  }

  private mutating func unary() throws -> MathExpression.Node {
    if let name = take(["!", "-"]) { return .unary(name, try unary()) }
    return try primary()
  }

  private mutating func primary() throws -> MathExpression.Node {
    skipSpace()
    if rest.hasPrefix("(") {
      depth += 1
      guard depth <= Self.depthMax else {
        throw MillError(.badInput, "parentheses nested deeper than \(Self.depthMax)")
      }
      defer { depth -= 1 }
      rest.removeFirst()
      let node = try binary(level: 0)
      skipSpace()
      guard rest.popFirst() == ")" else { throw error("')'") }
      return node
    }
    if rest.hasPrefix("$") {
      rest.removeFirst()
      let isBraced = rest.hasPrefix("{")
      if isBraced { rest.removeFirst() }
      let name = String(rest.prefix { isBraced ? $0 != "}" : $0.isLetter || $0.isNumber || $0 == "_" })
      rest.removeFirst(name.count)
      guard !name.isEmpty, !isBraced || rest.popFirst() == "}" else { throw error("a refId after $") }
      if !inputs.contains(name) { inputs.append(name) }
      return .input(name)
    }
    let word = String(rest.prefix { $0.isLetter || $0 == "_" })
    if !word.isEmpty {
      guard MathExpression.functions.contains(word) else { throw error("$A, a number or a function") }
      rest.removeFirst(word.count)
      skipSpace()
      guard rest.first == "(" else { throw error("'(' after \(word)") }
      return .call(word, try primary())
    }
    let digits = String(rest.prefix { $0.isNumber || $0 == "." })
    guard let number = Double(digits) else { throw error("$A, a number or a function") }
    rest.removeFirst(digits.count)
    return .number(number)
  }
}
