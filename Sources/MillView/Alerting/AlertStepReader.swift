import MillBase

/// Reads the elements of a rule's `data`.
struct AlertStepReader {
  let reader: AlertFileReader

  func step(_ node: YAMLNode) throws -> AlertRule.Step {
    let refId = try reader.required(node, "refId", of: "an element of data")
    guard let model = node["model"] else { throw node.error("\(refId) has no model") }
    let uid = reader.text(node, "datasourceUid") ?? model["datasource"]?["uid"]?.string ?? ""
    if uid == "__expr__" || uid == "-100" {
      return .init(refId: refId, kind: .expression(try expression(model, refId: refId)))
    }
    let cursor = JSONCursor(model.json, file: node.file)
    var target = Target(cursor)
    if let problem = cursor.problems.errors.first {
      throw model.error(
        "\(refId): \(problem.place?.key.map { "\($0): " } ?? "")\(problem.message)", wayOut: problem.wayOut)
    }
    guard !target.isEmpty else {
      throw model.error("\(refId) asks nothing", wayOut: "write query: SELECT … and rawQuery: true")
    }
    target.refId = refId
    target.datasource = DataSourceReference(name: uid)
    let range = node["relativeTimeRange"]
    let from = range?["from"]?.integer ?? 600
    let to = range?["to"]?.integer ?? 0
    guard from > to, to >= 0 else {
      throw (range ?? node).error("relativeTimeRange goes from more seconds back to fewer")
    }
    return .init(
      refId: refId,
      kind: .query(target, from: Int64(from), to: Int64(to), maxDataPoints: model["maxDataPoints"]?.integer ?? 43_200))
  }

  private func expression(_ model: YAMLNode, refId: String) throws -> AlertExpression {
    let type = model["type"]?.string ?? ""
    let text = model["expression"]?.string ?? ""
    func input() throws -> String {
      let name = text.hasPrefix("$") ? String(text.dropFirst()) : text
      guard !name.isEmpty else { throw model.error("\(refId) (\(type)) names no input", wayOut: "write expression: A") }
      return name
    }
    switch type {
    case "reduce":
      let node = model["reducer"] ?? model
      guard let reducer = AlertReducer(rawValue: node.string ?? "last") else {
        throw node.error("reducer '\(node.string ?? "")' is not known", wayOut: "use \(AlertReducer.names)")
      }
      let settings = model["settings"]
      let mode: AlertExpression.NullMode
      switch settings?["mode"]?.string ?? "" {
      case "": mode = .strict
      case "dropNN": mode = .drop
      case "replaceNN": mode = .replace(settings?["replaceWithValue"]?.double ?? 0)
      default: throw settings!["mode"]!.error("mode is empty, dropNN or replaceNN")
      }
      return .reduce(input: try input(), reducer, mode)
    case "math":
      do {
        return .math(try MathExpression(text))
      } catch let error as MillError {
        throw (model["expression"] ?? model).error("\(refId): \(error.message)", wayOut: error.wayOut)
      }
    case "threshold":
      let conditions = model["conditions"]?.items ?? []
      guard let first = conditions.first else { throw model.error("\(refId) (threshold) has no conditions") }
      let recovery = first["unloadEvaluator"]
      if let recovery, !recovery.isNull { throw recovery.error("a recovery threshold is not evaluated here") }
      return .threshold(input: try input(), try test(first))
    case "classic_conditions":
      let conditions = try (model["conditions"]?.items ?? []).map { node in
        guard let input = node["query"]?["params"]?.items?.first?.string else {
          throw node.error("a condition names no query", wayOut: "write query: {params: [A]}")
        }
        let reducerNode = node["reducer"]?["type"] ?? node
        guard let reducer = AlertReducer(rawValue: reducerNode.string ?? "last") else {
          throw reducerNode.error(
            "reducer '\(reducerNode.string ?? "")' is not known", wayOut: "use \(AlertReducer.names)")
        }
        return ClassicCondition(
          input: input, reducer: reducer, test: try test(node), isOr: node["operator"]?["type"]?.string == "or")
      }
      guard !conditions.isEmpty else { throw model.error("\(refId) (classic_conditions) has no conditions") }
      return .classic(conditions)
    default:
      throw (model["type"] ?? model).error(
        "\(refId): expression type '\(type)' is not evaluated here",
        wayOut: "use reduce, math, threshold or classic_conditions")
    }
  }

  private func test(_ node: YAMLNode) throws -> ThresholdTest {
    guard let evaluator = node["evaluator"] else { throw node.error("a condition has no evaluator") }
    let type = evaluator["type"]?.string ?? ""
    let parameters = evaluator["params"]?.items?.compactMap(\.double) ?? []
    guard let test = ThresholdTest(type: type, parameters: parameters) else {
      throw evaluator.error(
        "evaluator '\(type)' with \(parameters.count) numbers is not known",
        wayOut: "use gt, lt, gte, lte, eq, ne with one number, within_range or outside_range with two, or no_value")
    }
    return test
  }

  /// Every input exists, the condition too, and nothing depends on itself.
  static func checkReferences(in rule: AlertRule, at node: YAMLNode) throws {
    let steps = Dictionary(rule.steps.map { ($0.refId, $0) }) { first, _ in first }
    guard steps.count == rule.steps.count else { throw node.error("rule '\(rule.title)' has a refId twice") }
    func visit(_ refId: String, from: [String]) throws {
      guard let step = steps[refId] else {
        throw node.error(
          "rule '\(rule.title)': \(from.last.map { "\($0) asks for" } ?? "the condition is") '\(refId)', which is not in data"
        )
      }
      guard !from.contains(refId) else { throw node.error("rule '\(rule.title)': \(refId) depends on itself") }
      if case .expression(let expression) = step.kind {
        for input in expression.inputs { try visit(input, from: from + [refId]) }
      }
    }
    try visit(rule.condition, from: [])
  }
}
