import MillBase

extension AlertEvaluator {
  /// What `/alerts` shows.
  func statusJSON(now: Int64) -> JSONValue {
    let state = self.state.withLock { $0 }
    return [
      "now": .integer(now), "rules": .array(rules.rules.map { json($0, state) }),
      "contactPoints": .array(rules.contactPoints.flatMap { json($0, state) }),
      "notifications": .array(
        state.sent.map { sent in
          [
            "at": .integer(sent.at), "title": .string(Secrets.redact(sent.title)),
            "status": sent.isFiring ? "firing" : "resolved", "outcome": .string(Secrets.redact(sent.outcome)),
          ]
        }),
    ]
  }

  private func json(_ rule: AlertRule, _ state: AlertState) -> JSONValue {
    let instances = (state.instances[rule.uid] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
    let summary =
      instances.first { $0.state != .normal }?.annotations["summary"]
      ?? rule.annotations.first { $0.key == "description" }?.value ?? ""
    return [
      "uid": .string(rule.uid), "title": .string(rule.title), "folder": .string(rule.folder),
      "group": .string(rule.group), "intervalMs": .integer(rule.intervalMs), "forMs": .integer(rule.pendingMs),
      "isPaused": .bool(rule.isPaused), "state": .string(Self.ruleState(instances)),
      "summary": .string(Secrets.redact(summary)),
      "lastEvaluation": state.lastEvaluation[rule.uid].map { .integer($0) } ?? .null,
      "lastError": state.lastError[rule.uid].map { .string(Secrets.redact($0)) } ?? .null,
      "instances": .array(
        instances.map { instance in
          [
            "labels": .labels(instance.labels), "state": .string(instance.state.rawValue),
            "reason": .string(instance.reason), "since": .integer(instance.since),
            "values": .numbers(instance.values), "annotations": .labels(instance.annotations.mapValues(Secrets.redact)),
          ]
        }),
    ]
  }

  /// Prometheus' words for a rule: the worst of its instances.
  private static func ruleState(_ instances: [AlertInstance]) -> String {
    if instances.contains(where: { $0.state.isFiring }) { return "firing" }
    return instances.contains { $0.state == .pending } ? "pending" : "inactive"
  }

  /// Where a webhook goes, without its path, user and query: those may be secrets.
  private func json(_ point: ContactPoint, _ state: AlertState) -> [JSONValue] {
    let counts: [(String, JSONValue)] = [
      ("sent", .integer(Int64(state.sentCount[point.name] ?? 0))),
      ("failed", .integer(Int64(state.failedCount[point.name] ?? 0))),
    ]
    func row(_ type: String, _ text: String) -> JSONValue {
      .object(.init([("name", .string(point.name)), ("type", .string(type)), ("state", .string(text))] + counts))
    }
    if point.receivers.isEmpty { return [row("none", "off: no receiver of this contact point can be used")] }
    return point.receivers.map { receiver in
      guard case .webhook(let webhook) = receiver.kind else { return row("log", "on") }
      let authority = webhook.url.split(separator: "/").dropFirst().first ?? ""
      let waiting = state.deliveries.filter { $0.contactPoint == point.name && $0.receiverUid == receiver.uid }.count
      return row(
        "webhook", "to \(authority.split(separator: "@").last ?? "")" + (waiting > 0 ? ", \(waiting) waiting" : ""))
    }
  }

  /// The shape of `GET /api/prometheus/grafana/api/v1/rules`.
  func prometheusJSON() -> JSONValue {
    let state = self.state.withLock { $0 }
    var groups: [(file: String, name: String, rules: [AlertRule])] = []
    for rule in rules.rules {
      if let index = groups.firstIndex(where: { $0.file == rule.folder && $0.name == rule.group }) {
        groups[index].rules.append(rule)
      } else {
        groups.append((rule.folder, rule.group, [rule]))
      }
    }
    return [
      "status": "success",
      "data": [
        "groups": .array(
          groups.map { group in
            [
              "name": .string(group.name), "file": .string(group.file),
              "interval": .integer(group.rules[0].intervalMs / 1000),
              "rules": .array(group.rules.map { prometheusJSON($0, state) }),
            ]
          })
      ],
    ]
  }

  private func prometheusJSON(_ rule: AlertRule, _ state: AlertState) -> JSONValue {
    let instances = (state.instances[rule.uid] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
    return [
      "name": .string(rule.title), "type": "alerting", "state": .string(Self.ruleState(instances)),
      "health": state.lastError[rule.uid] == nil ? "ok" : "error", "duration": .integer(rule.pendingMs / 1000),
      "lastError": .string(Secrets.redact(state.lastError[rule.uid] ?? "")),
      "lastEvaluation": .string(Clock.iso8601(milliseconds: state.lastEvaluation[rule.uid] ?? 0)),
      "labels": .labels(Labels(rule.labels.map { ($0.key, $0.value) }) { first, _ in first }),
      "annotations": .labels(Labels(rule.annotations.map { ($0.key, $0.value) }) { first, _ in first }),
      "alerts": .array(
        instances.filter { $0.state != .normal }.map { instance in
          [
            "labels": .labels(instance.labels), "annotations": .labels(instance.annotations.mapValues(Secrets.redact)),
            "state": .string(instance.state.rawValue),
            "activeAt": .string(Clock.iso8601(milliseconds: instance.since)),
            "value": .string(instance.values.values.compactMap { $0 }.first.map(AlertTemplate.shown) ?? ""),
          ]
        }),
    ]
  }
}
