import MillBase

/// Takes the results of one evaluation into the rule's instances. Pure: no clock, no I/O.
struct RuleTransition {
  struct Change: Sendable {
    var instance: AlertInstance
    var from: AlertInstance.State
    var to: AlertInstance.State
  }
  let rule: AlertRule
  let now: Int64

  func apply(_ results: [RuleEvaluation.Result], failure: String?, to instances: inout [String: AlertInstance]) {
    if let failure {
      applyToAll(rule.failure, own: .error, reason: "Error", error: failure, &instances)
    } else if results.isEmpty {
      applyToAll(rule.noData, own: .noData, reason: "NoData", error: nil, &instances)
    } else {
      var seen: Set<String> = []
      for result in results {
        let key = AlertState.key(result.labels)
        seen.insert(key)
        var outcome = AlertInstance.Outcome.normal
        var reason = ""
        switch result.verdict {
        case .normal: break
        case .alerting: outcome = .alerting
        case .noData:
          outcome = self.outcome(rule.noData, own: .noData)
          reason = "NoData"
        }
        update(
          &instances[key, default: AlertInstance(series: result.labels, since: now)], outcome, reason, result.values)
      }
      endMissing(&instances, seen: seen)
    }
    instances = instances.filter { $0.value.state != .normal || $0.value.missing == 0 }
  }

  /// No data, or a failure: it is about the rule as a whole.
  private func applyToAll(
    _ fallback: AlertRule.Fallback, own: AlertInstance.Outcome, reason: String, error: String?,
    _ instances: inout [String: AlertInstance]
  ) {
    let ownLabels: Labels = ["datasource_uid": dataSource.uid, "ref_id": dataSource.refId]
    let ownKey = AlertState.key(ownLabels)
    guard fallback != .own else {
      update(&instances[ownKey, default: AlertInstance(series: ownLabels, since: now)], own, reason, [:], error)
      endMissing(&instances, seen: [ownKey])
      return
    }
    // All known series share the fate; a rule that never had one gets the one without labels.
    if instances.isEmpty { instances[AlertState.key([:])] = AlertInstance(series: [:], since: now) }
    for key in instances.keys {
      update(&instances[key]!, outcome(fallback, own: own), reason, instances[key]!.values, error)
    }
  }

  private func outcome(_ fallback: AlertRule.Fallback, own: AlertInstance.Outcome) -> AlertInstance.Outcome {
    switch fallback {
    case .own: own
    case .alerting: .alerting
    case .ok: .normal
    case .keepLast: .keepLast
    }
  }

  private func endMissing(_ instances: inout [String: AlertInstance], seen: Set<String>) {
    for key in instances.keys where !seen.contains(key) {
      instances[key]!.missing += 1
      guard instances[key]!.missing >= rule.missingEvaluations || !instances[key]!.state.isFiring else { continue }
      instances[key]!.apply(.normal, pendingMs: 0, keepFiringMs: 0, now: now)
      instances[key]!.reason = "MissingSeries"
    }
  }

  private func update(
    _ instance: inout AlertInstance, _ outcome: AlertInstance.Outcome, _ reason: String, _ values: [String: Double?],
    _ error: String? = nil
  ) {
    instance.missing = 0
    instance.values = values
    instance.apply(outcome, pendingMs: rule.pendingMs, keepFiringMs: rule.keepFiringMs, now: now)
    instance.reason = reason
    instance.labels = labels(of: instance, values)
    instance.annotations = Labels(
      rule.annotations.map { ($0.key, AlertTemplate.expand($0.value, labels: instance.labels, values: values)) }
    ) { first, _ in first }
    if !reason.isEmpty { instance.annotations["grafana_state_reason"] = reason }
    if let error { instance.annotations["Error"] = Secrets.redact(error) }
  }

  private func labels(of instance: AlertInstance, _ values: [String: Double?]) -> Labels {
    var labels = instance.series
    for (key, value) in rule.labels {
      labels[key] = AlertTemplate.expand(value, labels: instance.series, values: values)
    }
    labels["alertname"] = rule.title
    labels["grafana_folder"] = rule.folder
    // Grafana gives the alerts about missing data and failures names of their own.
    if instance.state == .noData || instance.state == .error {
      labels["alertname"] = instance.state == .noData ? "DatasourceNoData" : "DatasourceError"
      labels["rulename"] = rule.title
    }
    return labels
  }

  private var dataSource: (uid: String, refId: String) {
    for step in rule.steps {
      if case .query(let target, _, _, _) = step.kind { return (target.datasource?.name ?? "", step.refId) }
    }
    return ("", rule.condition)
  }

  static func changes(from before: [String: AlertInstance], to after: [String: AlertInstance]) -> [Change] {
    var changes: [Change] = []
    for (key, instance) in after.sorted(by: { $0.key < $1.key }) {
      let old = before[key]?.state ?? .normal
      if old != instance.state { changes.append(Change(instance: instance, from: old, to: instance.state)) }
    }
    for (key, instance) in before.sorted(by: { $0.key < $1.key }) where after[key] == nil && instance.state != .normal {
      var ended = instance
      ended.reason = "MissingSeries"
      changes.append(Change(instance: ended, from: instance.state, to: .normal))
    }
    return changes
  }
}
