import MillBase

extension AlertEvaluator {
  /// The longest pause between two attempts.
  static let retryPauseMax: Int64 = 60_000
  /// A notification that no one took for so long is given up; the log has it.
  static let deliveryAgeMax: Int64 = 3_600_000

  /// Groups what fires, and puts what is to be sent into the queue. True when there was something.
  func notify(now: Int64) -> Bool {
    let (notifications, groupsChanged) = state.withLock { state in
      var active: [ActiveAlert] = []
      for rule in rules.rules {
        for (_, instance) in (state.instances[rule.uid] ?? [:]).sorted(by: { $0.key < $1.key })
        where instance.state.isFiring {
          active.append(
            ActiveAlert(
              labels: instance.labels, annotations: instance.annotations, values: instance.values,
              startsAt: instance.startsAt, ruleUid: rule.uid, dashboardUid: rule.dashboardUid, panelId: rule.panelId))
        }
      }
      let before = state.notifier.groups.mapValues(\.alerts.count)
      let notifications = state.notifier.step(active, now: now) { alert in
        if let own = rules.rules.first(where: { $0.uid == alert.ruleUid })?.route { return [own] }
        return rules.root?.matching(alert.labels) ?? []
      }
      for notification in notifications { enqueue(notification, now: now, in: &state) }
      return (notifications, before != state.notifier.groups.mapValues(\.alerts.count))
    }
    for notification in notifications {
      let body = WebhookBody(notification: notification, externalURL: externalURL)
      let isHeard = rules.contactPoints.first { $0.name == notification.receiver }?.receivers.isEmpty == false
      Log.info(
        "alerts", "to '\(notification.receiver)'\(isHeard ? "" : " (no receiver that can be used)"): \(body.title)")
    }
    return groupsChanged || !notifications.isEmpty
  }

  private func enqueue(_ notification: Notification, now: Int64, in state: inout AlertState) {
    guard let point = rules.contactPoints.first(where: { $0.name == notification.receiver }) else { return }
    for receiver in point.receivers where notification.isFiring || !receiver.skipsResolved {
      guard case .webhook(let webhook) = receiver.kind else { continue }
      let body = WebhookBody(notification: notification, externalURL: externalURL, alertsMax: webhook.alertsMax)
      state.deliveries.append(
        .init(
          contactPoint: point.name, receiverUid: receiver.uid, title: body.title, isFiring: notification.isFiring,
          body: body.json.text(), createdAt: now, nextAttempt: now))
    }
    while state.deliveries.count > AlertState.deliveriesMax {
      let dropped = state.deliveries.removeFirst()
      end(dropped, "given up: more than \(AlertState.deliveriesMax) wait", isSuccess: false, now: now, in: &state)
    }
  }

  /// Sends what is due, in the order it came for each receiver. For one thread at a time.
  func deliver(now: Int64) {
    var blocked: Set<String> = []
    for delivery in state.withLock({ $0.deliveries }) {
      let receiver = "\(delivery.contactPoint)/\(delivery.receiverUid)"
      // An older one that waits goes first: "resolved" must not overtake "firing".
      guard delivery.nextAttempt <= now, !blocked.contains(receiver) else {
        blocked.insert(receiver)
        continue
      }
      if !attempt(delivery, now: now) { blocked.insert(receiver) }
      save()
    }
  }

  /// True when the delivery has ended, well or not.
  private func attempt(_ delivery: AlertState.Delivery, now: Int64) -> Bool {
    guard let webhook = webhook(of: delivery) else {
      finish(delivery, "the contact point is gone", isSuccess: false, now: now)
      return true
    }
    var problem: String
    var pause: Int64?
    var isFinal = false
    do {
      let response = try send(webhook, Array(delivery.body.utf8))
      if (200..<300).contains(response.status) {
        delivered.add()
        finish(
          delivery, delivery.attempts == 0 ? "delivered" : "delivered at attempt \(delivery.attempts + 1)",
          isSuccess: true, now: now)
        return true
      }
      problem = "the webhook answered \(response.status)"
      pause = response.headers["Retry-After"].flatMap { Int64($0) }.map { $0 * 1000 }
      isFinal = (400..<500).contains(response.status) && response.status != 408 && response.status != 429
    } catch {
      problem = Secrets.redact("\(error)")
    }
    undelivered.add()
    if isFinal || now - delivery.createdAt >= Self.deliveryAgeMax {
      finish(delivery, "given up: \(problem)", isSuccess: false, now: now)
      return true
    }
    let doubled = Int64(1000) << Int64(min(delivery.attempts, 6))
    // A little chance keeps many senders from coming back at the same moment.
    let next = now + (pause ?? min(doubled, Self.retryPauseMax)) + Int64.random(in: 0...250)
    Log.warning("alerts", "notification to '\(delivery.contactPoint)' failed, it is tried again: \(problem)")
    state.withLock { state in
      guard let index = Self.index(of: delivery, in: state) else { return }
      state.deliveries[index].attempts += 1
      state.deliveries[index].nextAttempt = next
    }
    return false
  }

  private func webhook(of delivery: AlertState.Delivery) -> ContactPoint.Webhook? {
    for point in rules.contactPoints where point.name == delivery.contactPoint {
      for receiver in point.receivers where receiver.uid == delivery.receiverUid {
        if case .webhook(let webhook) = receiver.kind { return webhook }
      }
    }
    return nil
  }

  private static func index(of delivery: AlertState.Delivery, in state: AlertState) -> Int? {
    state.deliveries.firstIndex {
      $0.createdAt == delivery.createdAt && $0.receiverUid == delivery.receiverUid && $0.body == delivery.body
    }
  }

  private func finish(_ delivery: AlertState.Delivery, _ outcome: String, isSuccess: Bool, now: Int64) {
    if !isSuccess { Log.error("alerts", "notification to '\(delivery.contactPoint)' \(outcome): \(delivery.title)") }
    state.withLock { state in
      if let index = Self.index(of: delivery, in: state) { state.deliveries.remove(at: index) }
      end(delivery, outcome, isSuccess: isSuccess, now: now, in: &state)
    }
  }

  private func end(
    _ delivery: AlertState.Delivery, _ outcome: String, isSuccess: Bool, now: Int64, in state: inout AlertState
  ) {
    if isSuccess {
      state.sentCount[delivery.contactPoint, default: 0] += 1
    } else {
      state.failedCount[delivery.contactPoint, default: 0] += 1
    }
    state.sent.insert(.init(at: now, title: delivery.title, isFiring: delivery.isFiring, outcome: outcome), at: 0)
    if state.sent.count > AlertState.sentMax { state.sent.removeLast() }
  }
}
