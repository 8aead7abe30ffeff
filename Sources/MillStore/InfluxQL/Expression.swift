/// An expression of InfluxQL.
indirect enum Expression {
  /// A field or tag; the cast is what stands after `::`.
  case reference(String, cast: String? = nil)
  case call(String, [Expression])
  case binary(Operator, Expression, Expression)
  case parenthesis(Expression)
  case number(Double)
  case integer(Int64)
  case string(String)
  case boolean(Bool)
  /// Nanoseconds.
  case duration(Int64)
  case regex(Pattern)
  /// `*`, `*::field`, `*::tag`.
  case wildcard(kind: String? = nil)
  /// `SELECT DISTINCT f`.
  case distinct(String)

  enum Operator: String {
    case or = "OR", and = "AND"
    case equal = "=", notEqual = "!=", matches = "=~", notMatches = "!~"
    case less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
    case add = "+", subtract = "-", bitOr = "|", bitXor = "^"
    case multiply = "*", divide = "/", modulo = "%", bitAnd = "&"

    var precedence: Int {
      switch self {
      case .or: 1
      case .and: 2
      case .equal, .notEqual, .matches, .notMatches, .less, .lessOrEqual, .greater, .greaterOrEqual: 3
      case .add, .subtract, .bitOr, .bitXor: 4
      case .multiply, .divide, .modulo, .bitAnd: 5
      }
    }
    var isComparison: Bool { precedence == 3 }
    var isArithmetic: Bool { precedence >= 4 }
  }

  var isLiteral: Bool {
    switch self {
    case .number, .integer, .string, .boolean, .duration: true
    default: false
    }
  }

  /// Without parentheses around it.
  var bare: Expression { if case .parenthesis(let inner) = self { inner.bare } else { self } }

  /// Every reference in it, in the order of the text.
  var references: [String] {
    switch self {
    case .reference(let name, _), .distinct(let name): [name]
    case .call(_, let arguments): arguments.flatMap(\.references)
    case .binary(_, let left, let right): left.references + right.references
    case .parenthesis(let inner): inner.references
    default: []
    }
  }

  /// The outermost calls in it.
  var calls: [Expression] {
    switch self {
    case .call: [self]
    case .distinct(let name): [.call("distinct", [.reference(name)])]
    case .binary(_, let left, let right): left.calls + right.calls
    case .parenthesis(let inner): inner.calls
    default: []
    }
  }
}

/// A regular expression that remembers its answers: the same tag values are asked again and again.
final class Pattern {
  let text: String
  private let regex: Regex<AnyRegexOutput>
  private var answers: [String: Bool] = [:]
  /// Answers beyond this many are not remembered.
  static let answersMax = 10_000

  init(_ text: String) throws {
    self.text = text
    do {
      regex = try Regex(text).matchingSemantics(.unicodeScalar)
    } catch {
      throw InfluxQLError("error parsing regexp: `\(text)`")
    }
  }

  /// True when the pattern is found anywhere in the value.
  func matches(_ value: String) -> Bool {
    if let known = answers[value] { return known }
    let answer = value.firstMatch(of: regex) != nil
    if answers.count < Self.answersMax { answers[value] = answer }
    return answer
  }
}
