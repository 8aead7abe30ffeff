import MillBase

/// The JSON that Grafana's webhook contact point POSTs ("Configure webhook notifications", grafana.com).
struct WebhookBody {
  var notification: Notification
  /// The page's address, with which links begin.
  var externalURL: String
  var alertsMax = 0

  var title: String {
    let firing = notification.alerts.filter { $0.endsAt == nil }.count
    let ended = notification.alerts.count - firing
    let status = firing > 0 ? "FIRING:\(firing)\(ended > 0 ? ", RESOLVED:\(ended)" : "")" : "RESOLVED"
    func values(_ labels: Labels) -> String { labels.sorted { $0.key < $1.key }.map(\.value).joined(separator: " ") }
    let rest = commonLabels.filter { notification.groupLabels[$0.key] == nil }
    return "[\(status)] \(values(notification.groupLabels))" + (rest.isEmpty ? "" : " (\(values(rest)))")
  }

  var json: JSONValue {
    let alerts = alertsMax > 0 ? Array(notification.alerts.prefix(alertsMax)) : notification.alerts
    return [
      "receiver": .string(notification.receiver), "status": notification.isFiring ? "firing" : "resolved", "orgId": 1,
      "alerts": .array(alerts.map(json)), "groupLabels": .labels(notification.groupLabels),
      "commonLabels": .labels(commonLabels), "commonAnnotations": .labels(common(\.annotations)),
      "externalURL": .string(externalURL), "version": "1", "groupKey": .string(notification.groupKey),
      "truncatedAlerts": .integer(Int64(notification.alerts.count - alerts.count)), "title": .string(title),
      "state": notification.isFiring ? "alerting" : "ok", "message": .string(message),
    ]
  }

  private var commonLabels: Labels { common(\.labels) }

  private func common(_ labels: (ActiveAlert) -> Labels) -> Labels {
    guard let first = notification.alerts.first.map(labels) else { return [:] }
    return first.filter { key, value in notification.alerts.allSatisfy { labels($0)[key] == value } }
  }

  private func json(_ alert: ActiveAlert) -> JSONValue {
    let base = externalURL.hasSuffix("/") ? externalURL : externalURL + "/"
    let dashboard = alert.dashboardUid.isEmpty ? "" : "\(base)d/\(alert.dashboardUid)"
    return [
      "status": alert.endsAt == nil ? "firing" : "resolved", "labels": .labels(alert.labels),
      "annotations": .labels(alert.annotations), "startsAt": .string(Clock.iso8601(milliseconds: alert.startsAt)),
      // Go's zero time: has not ended.
      "endsAt": .string(alert.endsAt.map { Clock.iso8601(milliseconds: $0) } ?? "0001-01-01T00:00:00Z"),
      "generatorURL": .string("\(base)alerting/\(alert.ruleUid)"), "fingerprint": .string(alert.fingerprint),
      "silenceURL": "", "dashboardURL": .string(dashboard),
      "panelURL": .string(dashboard.isEmpty ? "" : alert.panelId.map { "\(dashboard)?viewPanel=\($0)" } ?? ""),
      "values": .numbers(alert.values),
    ]
  }

  private var message: String {
    func list(_ alerts: [ActiveAlert], _ title: String) -> String {
      if alerts.isEmpty { return "" }
      return "**\(title)**\n\n"
        + alerts.map { alert in
          let values = alert.values.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value.map(AlertTemplate.shown) ?? "no value")" }.joined(separator: ", ")
          let labels = alert.labels.sorted { $0.key < $1.key }.map { " - \($0.key) = \($0.value)\n" }.joined()
          let annotations = alert.annotations.sorted { $0.key < $1.key }.map { " - \($0.key) = \($0.value)\n" }.joined()
          return "Value: \(values.isEmpty ? "[no value]" : values)\nLabels:\n\(labels)Annotations:\n\(annotations)"
        }.joined(separator: "\n")
    }
    return list(notification.alerts.filter { $0.endsAt == nil }, "Firing")
      + list(notification.alerts.filter { $0.endsAt != nil }, "Resolved")
  }
}
