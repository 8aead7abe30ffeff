import MillBase

/// Grafana's server-side expressions, as far as alert rules use them ("Write expression queries").
enum AlertExpression: Sendable {
  enum NullMode: Sendable, Equatable {
    /// A null makes the result NaN (not for last and count).
    case strict
    case drop
    case replace(Double)
  }
  case reduce(input: String, AlertReducer, NullMode)
  case math(MathExpression)
  case threshold(input: String, ThresholdTest)
  case classic([ClassicCondition])

  var inputs: [String] {
    switch self {
    case .reduce(let input, _, _), .threshold(let input, _): [input]
    case .math(let expression): expression.inputs
    case .classic(let conditions): conditions.map(\.input)
    }
  }
}

struct ClassicCondition: Sendable {
  var input: String
  var reducer: AlertReducer
  var test: ThresholdTest
  /// Joined to those before it with OR instead of AND.
  var isOr: Bool
}

enum AlertReducer: String, Sendable, CaseIterable {
  case last, mean, avg, min, max, sum, count, median, diff

  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

  /// nil when there is nothing to reduce.
  func reduce(_ values: [Double?], _ mode: AlertExpression.NullMode) -> Double? {
    var values = values
    switch mode {
    case .strict: break
    case .drop: values = values.filter { $0.map { !$0.isNaN } ?? false }
    case .replace(let number): values = values.map { $0.flatMap { $0.isNaN ? nil : $0 } ?? number }
    }
    if self == .count { return Double(values.count) }
    guard !values.isEmpty else { return nil }
    if self == .last { return values.last! }
    let numbers = values.compactMap { $0 }
    guard numbers.count == values.count else { return .nan }
    switch self {
    case .mean, .avg: return numbers.reduce(0, +) / Double(numbers.count)
    case .sum: return numbers.reduce(0, +)
    case .min: return numbers.min()
    case .max: return numbers.max()
    case .diff: return numbers.last! - numbers.first!
    case .median:
      let sorted = numbers.sorted()
      let middle = sorted.count / 2
      return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    case .last, .count: return nil
    }
  }
}

/// The evaluator of a threshold: is the number past it?
enum ThresholdTest: Sendable, Equatable {
  case above(Double)
  case below(Double)
  case atLeast(Double)
  case atMost(Double)
  case equal(Double)
  case notEqual(Double)
  /// The ends are outside.
  case within(Double, Double)
  case outside(Double, Double)
  case noValue

  init?(type: String, parameters: [Double]) {
    switch (type, parameters.count) {
    case ("gt", 1...): self = .above(parameters[0])
    case ("lt", 1...): self = .below(parameters[0])
    case ("gte", 1...): self = .atLeast(parameters[0])
    case ("lte", 1...): self = .atMost(parameters[0])
    case ("eq", 1...): self = .equal(parameters[0])
    case ("ne", 1...): self = .notEqual(parameters[0])
    case ("within_range", 2...): self = .within(parameters[0], parameters[1])
    case ("outside_range", 2...): self = .outside(parameters[0], parameters[1])
    case ("no_value", _): self = .noValue
    default: return nil
    }
  }

  /// nil: there is no number to judge.
  func passes(_ value: Double?) -> Bool? {
    guard let value, !value.isNaN else { return self == .noValue ? true : nil }
    switch self {
    case .above(let limit): return value > limit
    case .below(let limit): return value < limit
    case .atLeast(let limit): return value >= limit
    case .atMost(let limit): return value <= limit
    case .equal(let limit): return value == limit
    case .notEqual(let limit): return value != limit
    case .within(let a, let b): return value > min(a, b) && value < max(a, b)
    case .outside(let a, let b): return value < min(a, b) || value > max(a, b)
    case .noValue: return false
    }
  }
}
