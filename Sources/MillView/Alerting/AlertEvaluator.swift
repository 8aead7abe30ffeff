import MillBase

public final class AlertEvaluator: Sendable {
  func statusJSON(now: Int64) -> JSONValue { ["rules": [], "contactPoints": []] }
  func prometheusJSON() -> JSONValue { [:] }
}
