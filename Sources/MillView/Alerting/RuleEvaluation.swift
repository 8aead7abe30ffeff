import MillBase

/// One evaluation of one rule: its queries and expressions, up to a verdict for each series.
struct RuleEvaluation {
  /// Runs a query for a rule; the real one asks a data source.
  typealias Ask = @Sendable (_ target: Target, _ range: TimeRange, _ maxDataPoints: Int) throws -> [DataFrame]

  enum Verdict: Sendable, Equatable {
    case normal, alerting, noData
  }
  struct Result: Sendable {
    var labels: Labels
    var verdict: Verdict
    /// The number of each refId for these labels.
    var values: [String: Double?]
  }

  private enum Value {
    case series([(labels: Labels, points: [Double?])])
    case numbers([(labels: Labels, value: Double?)])
    var isEmpty: Bool {
      switch self {
      case .series(let list): list.isEmpty
      case .numbers(let list): list.isEmpty
      }
    }
  }

  /// - Returns: one result per series of the condition; empty when the queries had no data.
  /// - Throws: what a data source said, or `MillError.badInput` when the condition is not a number per series.
  static func run(_ rule: AlertRule, now: Int64, ask: Ask) throws -> [Result] {
    var values: [String: Value] = [:]
    func value(of refId: String) throws -> Value {
      if let known = values[refId] { return known }
      guard let step = rule.steps.first(where: { $0.refId == refId }) else {
        throw MillError(.badInput, "there is no '\(refId)' in the rule")
      }
      let found: Value
      switch step.kind {
      case .query(let target, let from, let to, let maxDataPoints):
        found = try read(ask(target, TimeRange(from: now - from * 1000, to: now - to * 1000), maxDataPoints), refId)
      case .expression(let expression): found = try compute(expression, value)
      }
      values[refId] = found
      return found
    }
    guard case .numbers(let numbers) = try value(of: rule.condition) else {
      throw MillError(
        .badInput, "the condition \(rule.condition) is a time series, not a number", wayOut: "reduce it, then compare")
    }
    return numbers.map { labels, number in
      var own: [String: Double?] = [:]
      for (refId, value) in values {
        if case .numbers(let list) = value, let match = best(list, for: labels) { own[refId] = .some(match.value) }
      }
      let verdict: Verdict = number.map { $0.isNaN ? .noData : $0 == 0 ? .normal : .alerting } ?? .noData
      return Result(labels: labels, verdict: verdict, values: own)
    }
  }

  /// Frames as series; a frame without time whose numbers stand alone, and a table by its text columns.
  private static func read(_ frames: [DataFrame], _ refId: String) throws -> Value {
    var series: [(labels: Labels, points: [Double?])] = []
    var numbers: [(labels: Labels, value: Double?)] = []
    for frame in frames where (frame.fields.first?.count ?? 0) > 0 {
      let hasTime = frame.fields.contains { if case .times = $0.values { true } else { false } }
      let texts = frame.fields.compactMap { field -> (String, [String?])? in
        if case .strings(let list) = field.values, field.name != "Value" { (field.name, list) } else { nil }
      }
      for field in frame.fields {
        let points: [Double?]
        switch field.values {
        case .numbers(let list): points = list
        case .booleans(let list): points = list.map { $0.map { $0 ? 1 : 0 } }
        case .strings where field.name == "Value":
          throw MillError(
            .badInput, "\(refId) returns text, an alert needs numbers", wayOut: "count it, or choose a number field")
        case .strings, .times: continue
        }
        let labels = Labels(field.labels.map { ($0.key, $0.value) }) { first, _ in first }
        if texts.isEmpty {
          if hasTime { series.append((labels, points)) } else { numbers.append((labels, points.last ?? nil)) }
          continue
        }
        var rows: [Labels: [Double?]] = [:]
        for (row, point) in points.enumerated() {
          var rowLabels = labels
          for (name, list) in texts { rowLabels[name] = list[row] }
          rows[rowLabels, default: []].append(point)
        }
        series += rows.map { ($0.key, $0.value) }
      }
    }
    return numbers.isEmpty ? .series(series) : .numbers(numbers)
  }

  private static func compute(_ expression: AlertExpression, _ value: (String) throws -> Value) throws -> Value {
    switch expression {
    case .reduce(let input, let reducer, let mode):
      switch try value(input) {
      case .series(let list): return .numbers(list.map { ($0.labels, reducer.reduce($0.points, mode)) })
      case .numbers(let list): return .numbers(list)
      }
    case .threshold(let input, let test):
      return .numbers(try numbers(input, value).map { ($0.labels, test.passes($0.value).map { $0 ? 1 : 0 }) })
    case .math(let math):
      let inputs = try math.inputs.map { ($0, try numbers($0, value)) }
      if inputs.isEmpty { return .numbers([([:], math.evaluate { _ in nil })]) }
      if inputs.contains(where: { $0.1.isEmpty }) { return .numbers([]) }
      // The input with the most labels leads; the others join where their labels agree.
      let leader = inputs.max { ($0.1.map(\.labels.count).max() ?? 0) < ($1.1.map(\.labels.count).max() ?? 0) }!
      return .numbers(
        leader.1.compactMap { labels, _ in
          var own: [String: Double?] = [:]
          for (name, list) in inputs {
            guard let match = best(list, for: labels) else { return nil }
            own[name] = .some(match.value)
          }
          return (labels, math.evaluate { own[$0] ?? nil })
        })
    case .classic(let conditions): return try classic(conditions, value)
    }
  }

  private static func numbers(
    _ input: String, _ value: (String) throws -> Value
  ) throws -> [(labels: Labels, value: Double?)] {
    switch try value(input) {
    case .numbers(let list): return list
    case .series(let list) where list.isEmpty: return []
    case .series:
      throw MillError(.badInput, "\(input) is a time series, not a number", wayOut: "reduce it first")
    }
  }

  /// Equal labels, or else labels that say nothing different.
  private static func best(
    _ list: [(labels: Labels, value: Double?)], for labels: Labels
  ) -> (labels: Labels, value: Double?)? {
    list.first { $0.labels == labels } ?? list.first { one in one.labels.allSatisfy { labels[$0.key] == $0.value } }
  }

  /// One verdict for all series: a condition holds when it holds for any of them.
  private static func classic(_ conditions: [ClassicCondition], _ value: (String) throws -> Value) throws -> Value {
    var verdict: Bool?
    var hasData = false
    for condition in conditions {
      let list: [Double?]
      switch try value(condition.input) {
      case .series(let series): list = series.map { condition.reducer.reduce($0.points, .drop) }
      case .numbers(let numbers): list = numbers.map(\.value)
      }
      let tested = list.isEmpty ? [condition.test.passes(nil)] : list.map { condition.test.passes($0) }
      hasData = hasData || tested.contains { $0 != nil }
      let holds = tested.contains(true)
      verdict = verdict.map { condition.isOr ? $0 || holds : $0 && holds } ?? holds
    }
    return .numbers([([:], hasData ? (verdict == true ? 1 : 0) : nil)])
  }
}
