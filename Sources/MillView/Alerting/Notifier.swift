import MillBase

/// An alert as it is sent: firing, or ended when `endsAt` is there.
struct ActiveAlert: Sendable, Equatable {
  var labels: Labels
  var annotations: Labels
  var values: [String: Double?]
  var startsAt: Int64
  var endsAt: Int64?
  var ruleUid: String
  var dashboardUid: String
  var panelId: Int64?

  /// 16 hexadecimal digits that stand for the labels (FNV-1a over the sorted pairs).
  var fingerprint: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
      for byte in key.utf8 + [0xFF] + value.utf8 + [0xFF] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// What is to be sent to a contact point now.
struct Notification: Sendable {
  var receiver: String
  var groupKey: String
  var groupLabels: Labels
  /// Firing ones first, then those that ended.
  var alerts: [ActiveAlert]

  var isFiring: Bool { alerts.contains { $0.endsAt == nil } }
}

/// Groups alerts and decides when a group is sent, as Grafana's Alertmanager does: the first time after `group_wait`,
/// changes after `group_interval`, unchanged again after `repeat_interval`. A value without I/O.
struct Notifier: Sendable {
  struct Group: Sendable {
    var receiver: String
    var labels: Labels
    /// By fingerprint: firing ones, and ended ones that were sent as firing and not yet as ended.
    var alerts: [String: ActiveAlert] = [:]
    /// Fingerprints of the last notification's firing alerts.
    var notified: Set<String> = []
    var lastSent: Int64?
    var nextFlush: Int64
  }
  var groups: [String: Group] = [:]

  /// Groups at a time; more alerts wait until a group ends.
  static let groupsMax = 10_000

  /// - Parameter route: the policies for an alert.
  mutating func step(_ active: [ActiveAlert], now: Int64, route: (ActiveAlert) -> [NotificationPolicy])
    -> [Notification]
  {
    var policies: [String: NotificationPolicy] = [:]
    var present: [String: [String: ActiveAlert]] = [:]
    for alert in active {
      for policy in route(alert) {
        let labels =
          policy.groupBy == ["..."]
          ? alert.labels : alert.labels.filter { policy.groupBy.contains($0.key) }
        let key = policy.path + ":" + JSONValue.labels(labels).text()
        if groups[key] == nil {
          guard groups.count < Self.groupsMax else { continue }
          groups[key] = Group(receiver: policy.receiver, labels: labels, nextFlush: now + policy.groupWaitMs)
        }
        groups[key]!.receiver = policy.receiver
        policies[key] = policy
        present[key, default: [:]][alert.fingerprint] = alert
      }
    }
    var notifications: [Notification] = []
    for key in groups.keys.sorted() {
      let firing = present[key] ?? [:]
      if let sent = Self.flush(&groups[key]!, key: key, firing: firing, policy: policies[key], now: now) {
        notifications.append(sent)
      }
      if groups[key]!.alerts.isEmpty { groups[key] = nil }
    }
    return notifications
  }

  private static func flush(
    _ group: inout Group, key: String, firing: [String: ActiveAlert], policy: NotificationPolicy?, now: Int64
  ) -> Notification? {
    for (fingerprint, alert) in group.alerts where firing[fingerprint] == nil {
      if group.notified.contains(fingerprint) {
        if alert.endsAt == nil { group.alerts[fingerprint]!.endsAt = now }
      } else {
        // Ended before anyone heard of it.
        group.alerts[fingerprint] = nil
      }
    }
    for (fingerprint, alert) in firing { group.alerts[fingerprint] = alert }
    guard now >= group.nextFlush else { return nil }
    let ended = group.alerts.filter { $0.value.endsAt != nil }
    let isDue = policy.map { now - (group.lastSent ?? now) >= $0.repeatIntervalMs } ?? false
    let isNew = !Set(firing.keys).isSubset(of: group.notified)
    group.nextFlush = now + (policy?.groupIntervalMs ?? 300_000)
    guard isNew || !ended.isEmpty || (isDue && !firing.isEmpty) else { return nil }
    func sorted(_ alerts: some Sequence<ActiveAlert>) -> [ActiveAlert] {
      alerts.sorted { ($0.startsAt, $0.fingerprint) < ($1.startsAt, $1.fingerprint) }
    }
    let notification = Notification(
      receiver: group.receiver, groupKey: key, groupLabels: group.labels,
      alerts: sorted(firing.values) + sorted(ended.values))
    group.notified = Set(firing.keys)
    group.lastSent = now
    for fingerprint in ended.keys { group.alerts[fingerprint] = nil }
    return notification
  }
}

extension Notifier {
  var json: JSONValue {
    .object(
      .init(
        groups.sorted { $0.key < $1.key }.map { key, group in
          (
            key,
            [
              "receiver": .string(group.receiver), "labels": .labels(group.labels),
              "alerts": .array(group.alerts.sorted { $0.key < $1.key }.map(\.value.json)),
              "notified": .array(group.notified.sorted().map { .string($0) }),
              "lastSent": group.lastSent.map { .integer($0) } ?? .null, "nextFlush": .integer(group.nextFlush),
            ]
          )
        }))
  }

  init(_ json: JSONValue) {
    for (key, value) in json.object ?? [:] {
      guard let receiver = value["receiver"]?.string, let nextFlush = value["nextFlush"]?.integer else { continue }
      var group = Group(receiver: receiver, labels: value["labels"]?.labels ?? [:], nextFlush: nextFlush)
      for alert in (value["alerts"]?.array ?? []).compactMap(ActiveAlert.init) {
        group.alerts[alert.fingerprint] = alert
      }
      group.notified = Set((value["notified"]?.array ?? []).compactMap(\.string))
      group.lastSent = value["lastSent"]?.integer
      groups[key] = group
    }
  }
}

extension ActiveAlert {
  var json: JSONValue {
    [
      "labels": .labels(labels), "annotations": .labels(annotations), "values": .numbers(values),
      "startsAt": .integer(startsAt), "endsAt": endsAt.map { .integer($0) } ?? .null, "ruleUid": .string(ruleUid),
      "dashboardUid": .string(dashboardUid), "panelId": panelId.map { .integer($0) } ?? .null,
    ]
  }

  init?(_ json: JSONValue) {
    guard let labels = json["labels"]?.labels, let startsAt = json["startsAt"]?.integer else { return nil }
    self.init(
      labels: labels, annotations: json["annotations"]?.labels ?? [:], values: json["values"]?.numbers ?? [:],
      startsAt: startsAt, endsAt: json["endsAt"]?.integer, ruleUid: json["ruleUid"]?.string ?? "",
      dashboardUid: json["dashboardUid"]?.string ?? "", panelId: json["panelId"]?.integer)
  }
}
